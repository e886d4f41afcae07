//! `tripline.toml`: what an operator writes once. Unknown keys are refused, relative paths are relative to the file.
//!
//! | Key | What it is | Default |
//! |---|---|---|
//! | `database.path` | the database | |
//! | `database.max_size` | bytes that it may have, like `10 GiB` | as the disk allows |
//! | `security_log.path` | security.log | none is written |
//! | `mail.from` | whom mail is from | |
//! | `mail.envelope` | whom the relay tells what did not arrive | `from` |
//! | `mail.relay` | the relay's host | |
//! | `mail.port` | its port | 587, 465 or 25, by `tls` |
//! | `mail.tls` | `starttls`, `implicit` or `plaintext` | `starttls` |
//! | `mail.ca_file` | certificates of a private authority | the system's |
//! | `mail.user` | who signs in | nobody |
//! | `mail.password` | `{ env = "NAME" }` or `{ file = "PATH" }`, never the password | |
//! | `mail.password.env` | the variable | |
//! | `mail.password.file` | the file | |
//! | `mail.hello` | what the relay is told that this machine is called | its name, if that has a dot, else its address |
//! | `mail.timeout` | for one answer of the relay | `15s` |
//! | `recipients` | names for addresses; only they are written to; or for `{ address = …, tenant = … }` | nobody |
//! | `recipients.address` | the address | |
//! | `recipients.tenant` | whose incidents alone are told there | `default` |
//! | `routes.name` | what a route is called | |
//! | `routes.tenant` | whose incidents it tells, to whose recipients | `default` |
//! | `routes.severity` | at least this | `informational` |
//! | `routes.rules` | any of these `PACK/RULE` with `*` | all |
//! | `routes.tags` | any of these | all |
//! | `routes.sources` | any of these names of files | all |
//! | `routes.to` | names of recipients | |
//! | `routes.repeat` | how often an open incident is told again | `off` |
//! | `routes.quiet_hours.from` | when only critical ones are told: from this time of day | never |
//! | `routes.quiet_hours.to` | to this one; before `from`: the next day's | |
//! | `routes.quiet_hours.zone` | in this time zone | |
//! | `routes.resolved` | whether it is told that an incident is resolved | `false` |
//! | `throttle.per_hour` | mails for a recipient within an hour | 12 |
//! | `incidents.acknowledge_for` | how long an acknowledgement holds | `24h` |
//! | `incidents.resolve_after` | quiet after which an incident resolves itself, whatever its rule says; `off`: never | as its rule says |
//! | `incidents.retention` | how long resolved incidents are kept | `90 days` |
//! | `incidents.evidence` | evidence kept of the first and of the last occurrences | 16 |
//! | `redact.patterns` | what is blotted out before it is stored; the group `secret` alone, if there is one | nothing |
//! | `report.timezone` | the time zone of reports | the system's |
//! | `server.listen` | where HTTP is taken, or `off` | `127.0.0.1:8480` |
//! | `server.tls` | needed unless it listens on loopback | no TLS |
//! | `server.tls.certificate` | the certificate's file, PEM | |
//! | `server.tls.key` | its key's file, PEM | |
//! | `server.plaintext` | no TLS elsewhere either: behind a proxy that has it | `false` |
//! | `server.proxies` | addresses and networks whose `X-Forwarded-For` is believed | nobody's |
//! | `server.instances` | instances of packs that are alive at the same time | 4096 |
//! | `server.guesses` | wrong tokens that one address may try in a minute | 20 |
//! | `follow.paths` | files, folders and globs to follow; a file that several name belongs to the first | |
//! | `follow.tenant` | whose their lines are | `default` |
//! | `follow.timezone` | the time zone of stamps that say none | the server's |
//! | `follow.format` | `rfc3164`, `rfc5424`, `iso`, `access`, `w3c`, `audit`, `cef`, `json`, `records`, `journal`, `logfmt`, `plain` or `finding` | found from the first lines |
//! | `follow.log_source` | what log it is, in Sigma's words; goes before what is found in the lines | what is found |
//! | `follow.log_source.product` | like `linux` | |
//! | `follow.log_source.service` | like `sshd` | |
//! | `follow.log_source.category` | like `webserver` | |
//! | `follow.from` | where a file begins that was never followed: `end` or `start` | the server's |
//! | `follow.silent_after` | without a line for so long, it is an incident | `off` |
//! | `syslog.listen` | where syslog is taken | |
//! | `syslog.transport` | `udp` or `tcp` | |
//! | `syslog.tenant` | as of `follow` | |
//! | `syslog.timezone` | | |
//! | `syslog.format` | | |
//! | `syslog.log_source` | | |
//! | `syslog.log_source.product` | | |
//! | `syslog.log_source.service` | | |
//! | `syslog.log_source.category` | | |
//! | `syslog.silent_after` | | |
//! | `http.source` | what its sender calls it | |
//! | `http.tenant` | as of `follow`: that of the sender's token | |
//! | `http.timezone` | where a request says none | |
//! | `http.format` | where a request says none | |
//! | `http.log_source` | as of `follow` | |
//! | `http.log_source.product` | | |
//! | `http.log_source.service` | | |
//! | `http.log_source.category` | | |
//! | `http.silent_after` | as of `follow`, also if nothing ever came | |
//! | `scan.allow.tenant` | whose scans | `default` |
//! | `scan.allow.networks` | what may be scanned; loopback, link-local and multicast by a network of their own | nothing |
//! | `scan.nmap` | where nmap is | on the `PATH` |
//! | `scan.privileged` | whether nmap may send what only root may | `false` |
//! | `scan.addresses` | addresses of one scan | 65536 |
//! | `scan.closed_after` | scans in a row without what was there, after which it counts as closed or gone | 2 |
//! | `scan.host_timeout` | for one host | `15m` |
//! | `scan.timeout` | for a scan | `4h` |
//! | `scan.scripts` | scripts of nmap that may be asked for | some that ask what any client asks |
//! | `scan.retention` | how long scans are kept | `90 days` |
//! | `scan.at_once` | scans that a server makes at the same time | 2 |
//! | `scan.at_once_of_tenant` | of them, of one tenant | 1 |
//! | `scan.schedule.name` | what a scan that is made again and again is called | |
//! | `scan.schedule.tenant` | whose it is | `default` |
//! | `scan.schedule.targets` | addresses, networks and names of hosts | |
//! | `scan.schedule.ports` | which ports, by TCP | |
//! | `scan.schedule.service` | whether services are asked what they are | `false` |
//! | `scan.schedule.scripts` | scripts of nmap to run | none |
//! | `scan.schedule.every_address` | whether each address is taken for a host | `false` |
//! | `scan.schedule.cron` | when: minute, hour, day, month, weekday; or `every` | |
//! | `scan.schedule.timezone` | whose clock cron goes by | that of reports |
//! | `scan.schedule.every` | again after so long, from now on | |
//! | `scan.schedule.jitter` | each begins later by up to so much, at most the time between two, so that many do not begin at once | none |
//! | `scan.schedule.missed` | what becomes of times at which nobody was there: `skip`, or `once` for all of them | `once` |
//! | `tenant.name` | a tenant that has quotas | |
//! | `tenant.quota` | what it may use | |
//! | `tenant.signed_by` | public keys, of which one has to have signed each pack that the tenant pushes | as for everybody |
//! | `tenant.quota.lines` | lines a second; what is more waits, is refused, or is lost over UDP | no quota |
//! | `tenant.quota.cpu_percent` | percent of one core that judging its lines takes on average; over it, lines wait as above | no quota |
//! | `tenant.quota.stored` | bytes that are stored of it, like `2 GiB`; over it, no more evidence is kept, and incidents are counted on | no quota |
//! | `tenant.quota.packs` | packs of its own | 64 |
//! | `tenant.quota.module` | bytes of one module of its own | 4 MiB |
//! | `tenant.quota.patterns` | patterns of its own packs | no quota |
//! | `tenant.quota.literals` | literals that these are found by | no quota |
//! | `tenant.quota.index` | bytes of the index that its packs have, those of everybody included | no quota |
//! | `tenant.quota.state` | bytes that its own packs remember | no quota |
//! | `tenant.quota.memory` | bytes of one instance of a pack of its own | 64 MiB |
//! | `tenant.quota.mails_per_day` | mails a day (UTC); what is over it goes the next day, as one where it can | no quota |
//! | `tenant.quota.scans_per_day` | scans a day (UTC) that are begun; what is over it is skipped, or refused | no quota |
//! | `packs` | `[packs.NAME]`: a pack's settings | the pack's |
//! | `packs.signed_by` | public keys, of which one has to have signed each pack that is given by `--pack` | nothing is demanded |
//! | `packs.pushed_signed_by` | the same of packs that tenants push, unless more is said of a tenant | nothing is demanded |

mod document;
mod error;
mod mail;
mod masking;
mod packs;
mod places;
mod read;
mod recipients;
mod scan;
mod schedules;
mod secret;
mod server;
mod signatures;
mod sources;
mod table;
mod tenants;
#[cfg(test)]
mod tests;
pub(crate) mod zone;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use self::document::Document;
pub use self::error::{ConfigurationError, PatternError, Place, Problem};
pub use self::mail::{MailSettings, Tls};
pub use self::packs::PackSettings;
pub use self::places::{Origin, Places};
pub use self::recipients::Recipient;
pub use self::secret::{SecretError, SecretReference};
pub use self::server::{ServerSettings, TlsFiles};
pub use self::sources::{FollowedSource, HttpSource, SyslogListener, Transport};
use crate::commit::Tenant;
use crate::incidents::Policy;
use crate::scans::{Order, OrderError, ScanName, ScanSettings, Scheduled};
use crate::signing::{Demands, PublicKey};

/// A file that has every key, with a comment for each.
pub const EXAMPLE: &str = include_str!("example.toml");

/// A configuration that was checked.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// Its file; `None`: there is none, all is as by default.
    pub path: Option<PathBuf>,
    /// SHA-256 of the file.
    pub digest: Option<[u8; 32]>,
    /// The database.
    pub database: Option<PathBuf>,
    /// Bytes that the database may have; `None`: as the disk allows.
    pub max_bytes: Option<u64>,
    /// security.log; `None`: none is written.
    pub security_log: Option<PathBuf>,
    /// How mail is sent; `None`: none is.
    pub mail: Option<MailSettings>,
    /// How incidents are kept and told.
    pub policy: Policy,
    /// The time zone of reports; `None`: the system's.
    pub timezone: Option<TimeZone>,
    /// Addresses by name: nobody else is written to.
    pub recipients: BTreeMap<String, Recipient>,
    /// How a server is reached.
    pub server: ServerSettings,
    /// Files that a server follows, in the order of the file.
    pub follow: Vec<FollowedSource>,
    /// Where a server takes syslog.
    pub syslog: Vec<SyslogListener>,
    /// What is said of sources that come over HTTP.
    pub http: Vec<HttpSource>,
    /// How scans are made, and what may be scanned.
    pub scan: ScanSettings,
    /// Settings of packs.
    pub packs: PackSettings,
    /// Who may sign the packs that everybody has and that are not built in; empty: they need no signature.
    pub signed_by: Vec<PublicKey>,
    /// Who may sign what tenants push.
    pub demands: Demands,
}

/// What works but is hardly meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// A secret's file that everybody on the machine can read.
    #[error("{}: every user of this machine can read the secret in it", .0.display())]
    PublicSecret(PathBuf),
    /// A password without encryption.
    #[error("[mail]: the password is sent in plaintext")]
    PlaintextPassword,
    /// Nobody sends what the routes ask for.
    #[error("there are routes but no [mail]: nobody is told anything")]
    NoMail,
    /// Tokens and lines go over a network as they are.
    #[error(
        "[server]: HTTP on {0} is plaintext: only a proxy on this machine or a network of its own may reach it"
    )]
    PlaintextHttp(SocketAddr),
    /// A tenant's schedules can only fail.
    #[error(
        "[[scan.schedule]] of tenant `{0}` without networks in [[scan.allow]]: none of its scans may be made"
    )]
    NothingAllowed(Tenant),
    /// A schedule can only fail.
    #[error("[[scan.schedule]] `{name}` of tenant `{tenant}` can only fail: {why}")]
    CannotBe {
        /// Whose it is.
        tenant: Tenant,
        /// What it is called.
        name: ScanName,
        /// Why.
        why: String,
    },
}

impl Configuration {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Configuration, ConfigurationError> {
        read::file(&Document::read(path)?)
    }

    /// SHA-256 of a file, whatever it says; `None`: it cannot be read.
    pub fn digest_of(path: &Path) -> Option<[u8; 32]> {
        Document::read(path).ok().map(|document| document.digest())
    }

    /// Checks what a file says; no file is touched.
    pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<Configuration, ConfigurationError> {
        read::file(&Document::new(path, bytes)?)
    }

    /// Whether anything in it is of this tenant; the default one is everybody's who says nothing.
    pub fn names(&self, tenant: &Tenant) -> bool {
        *tenant == Tenant::default() || self.tenants().any(|one| one == tenant)
    }

    /// Whose something in it is, some more than once.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        let sources = self.follow.iter().map(|one| &one.tenant);
        let sources = sources.chain(self.syslog.iter().map(|one| &one.tenant));
        let sources = sources.chain(self.http.iter().map(|one| &one.tenant));
        let told = self.recipients.values().map(|one| &one.tenant);
        let told = told.chain(self.policy.routes.0.iter().map(|one| &one.tenant));
        let scanned = self.scan.schedules.iter().map(|one| &one.tenant);
        sources.chain(told).chain(scanned).chain(self.policy.quotas.each().map(|(tenant, _)| tenant))
    }

    /// What works but is hardly meant.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(mail) = &self.mail {
            if let Some(secret @ SecretReference::File(path)) = &mail.password
                && secret.is_public()
            {
                warnings.push(Warning::PublicSecret(path.clone()));
            }
            if mail.tls == Tls::Plaintext && mail.password.is_some() {
                warnings.push(Warning::PlaintextPassword);
            }
        } else if !self.policy.routes.0.is_empty() {
            warnings.push(Warning::NoMail);
        }
        let key = self.server.tls.as_ref().map(|tls| SecretReference::File(tls.key.clone()));
        if let Some(secret @ SecretReference::File(path)) = &key
            && secret.is_public()
        {
            warnings.push(Warning::PublicSecret(path.clone()));
        }
        let elsewhere = |at: &SocketAddr| !at.ip().to_canonical().is_loopback();
        let plaintext = self.server.listen.filter(|at| self.server.plaintext && elsewhere(at));
        warnings.extend(plaintext.map(Warning::PlaintextHttp));
        let tenants = self.scan.schedules.iter().map(|one| &one.tenant).collect::<BTreeSet<_>>();
        let nothing = tenants.into_iter().filter(|tenant| self.scan.allowed(tenant).is_empty());
        warnings.extend(nothing.cloned().map(Warning::NothingAllowed));
        for Scheduled { tenant, request, .. } in &self.scan.schedules {
            match Order::precheck(request, tenant, &self.scan) {
                Ok(()) | Err(OrderError::NothingAllowed(_)) => {}
                Err(why) => {
                    let (tenant, name) = (tenant.clone(), request.name.clone());
                    warnings.push(Warning::CannotBe { tenant, name, why: why.to_string() });
                }
            }
        }
        warnings
    }
}
