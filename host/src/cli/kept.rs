//! What a command that keeps incidents works with: the database, security.log, and the way to the mailboxes.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use jiff::tz::TimeZone;
use tripline_notice::Templates;

use super::arguments::{KeepArguments, Relay};
use super::{Failure, Screen};
use crate::check::{Keeping, Outcome};
use crate::commit::{Store, StoreError, Tenant};
use crate::configuration::{Configuration, MailSettings};
use crate::incidents::{Actor, Incident, Policy};
use crate::notices::{Deliverer, End, Outbox, Route, Sender, Smtp, SmtpSettings, Tls, Transport};
use crate::report::stored::{StoredAs, folded};
use crate::security_log::SecurityLog;
use crate::store::{Database, DatabaseOptions};
use crate::wall_clock::{SystemClock, WallClock};

/// How long a command delivers, or waits for a relay, before it leaves the rest to the next.
const PATIENCE: i64 = 30_000_000_000;
/// Notices that are named when they stay.
const NAMED: u32 = 10;
/// Incidents of a check that are shown, the worst; the rest is in the database.
const SHOWN: usize = 10_000;
/// What to do without a relay.
const RELAY: &str = "name it with --relay smtp://HOST, or in tripline.toml: [mail] relay = \"HOST\"";
const TIMEOUT: Duration = Duration::from_secs(15);

/// An open database, and whom to tell.
pub(super) struct Kept {
    pub(super) database: Arc<Database>,
    pub(super) tenant: Tenant,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) zone: TimeZone,
    /// Addresses by the configuration's names.
    pub(super) recipients: BTreeMap<String, String>,
    security_log: Option<PathBuf>,
    mail: Option<Mailing>,
}

struct Mailing {
    /// Without what is secret …
    smtp: SmtpSettings,
    /// … which is read from where this says when something is sent: lists need no password.
    secrets: Option<MailSettings>,
    sender: Sender,
}

/// Whether flags or the configuration name a database.
pub(super) fn is_wanted(arguments: &KeepArguments, configuration: &Configuration) -> bool {
    arguments.db.is_some() || configuration.database.is_some()
}

impl Kept {
    /// Opens a database that is there to look at it: nothing becomes due by that. Whoever looks need not know how its
    /// incidents are kept and told.
    pub(super) fn look(arguments: &KeepArguments, configuration: &Configuration) -> Result<Kept, Failure> {
        must_be_there(path(arguments, configuration)?)?;
        Kept::opened(arguments, configuration)
    }

    /// Opens a database that is there, and does what is due.
    pub(super) fn open(arguments: &KeepArguments, configuration: &Configuration) -> Result<Kept, Failure> {
        must_be_there(path(arguments, configuration)?)?;
        Kept::make(arguments, configuration)
    }

    /// Opens the database, makes it if it is not there, and does what is due.
    pub(super) fn make(arguments: &KeepArguments, configuration: &Configuration) -> Result<Kept, Failure> {
        let kept = Kept::opened(arguments, configuration)?;
        kept.database.due().map_err(|error| kept.failed(&error))?;
        Ok(kept)
    }

    fn opened(arguments: &KeepArguments, configuration: &Configuration) -> Result<Kept, Failure> {
        let path = path(arguments, configuration)?;
        let policy = policy(arguments, configuration, path);
        let zone = configuration.timezone.clone().unwrap_or_else(TimeZone::system);
        let mail = mailing(arguments, configuration, &zone)?;
        let clock: Arc<dyn WallClock> = Arc::new(SystemClock);
        let options = DatabaseOptions { max_bytes: configuration.max_bytes, ..DatabaseOptions::default() };
        let opened = Database::open(path, policy, Arc::clone(&clock), options);
        let database = opened.map_err(|error| at(path, &error))?;
        let security_log = arguments.security_log.clone().or_else(|| configuration.security_log.clone());
        let tenant = arguments.tenant.clone();
        let (database, recipients) = (Arc::new(database), configuration.recipients.clone());
        Ok(Kept { database, tenant, clock, zone, recipients, security_log, mail })
    }

    /// The user whose command this is.
    pub(super) fn actor(&self) -> Actor {
        let name = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        let uid = rustix::process::getuid().as_raw();
        Actor::user(uid, &name.unwrap_or_else(|_| format!("uid {uid}")))
    }

    /// Where a check commits to.
    pub(super) fn keeping(&self) -> Keeping {
        Keeping::new(Arc::clone(&self.database) as Arc<dyn Store>, self.tenant.clone())
    }

    /// Puts the incidents that a check has changed into its report, the worst first; answers what the database adds.
    pub(super) fn touched(&self, outcome: &mut Outcome) -> Result<Vec<StoredAs>, Failure> {
        let failed = |error| self.failed(&error);
        let Some(committed) = &outcome.committed else { return Ok(Vec::new()) };
        let mut incidents = Vec::new();
        let worst = |one: &Incident| (Reverse(one.severity), one.first, one.id);
        for id in committed.opened.iter().chain(&committed.grown) {
            incidents.extend(self.database.incident(&self.tenant, *id).map_err(failed)?);
            if incidents.len() >= 2 * SHOWN {
                keep_first(&mut incidents, SHOWN, worst);
            }
        }
        keep_first(&mut incidents, SHOWN, worst);
        for one in &incidents {
            let evidence = self.database.evidence(&self.tenant, one.id).map_err(failed)?;
            outcome.report.incidents.push(folded(one, &evidence, &mut outcome.files));
        }
        Ok(incidents.iter().map(StoredAs::of).collect())
    }

    /// A failure of the database.
    pub(super) fn failed(&self, error: &StoreError) -> Failure {
        at(self.database.path(), error)
    }

    /// Writes security.log and delivers what can go now; says what stays and what was given up. `false`: something was.
    ///
    /// Somebody waits for the command: a relay that is down must not hold up an acknowledgement.
    pub(super) fn settle(&self, screen: &Screen) -> Result<bool, Failure> {
        self.settle_within(0, screen)
    }

    /// As [`Kept::settle`], and tries what the relay does not take for half a minute.
    pub(super) fn settle_patiently(&self, screen: &Screen) -> Result<bool, Failure> {
        self.settle_within(PATIENCE, screen)
    }

    fn settle_within(&self, patience: i64, screen: &Screen) -> Result<bool, Failure> {
        let mut whole = true;
        if let Some(path) = &self.security_log {
            let written = SecurityLog::open(path).and_then(|mut log| log.write_due(&*self.database));
            if let Err(error) = written {
                screen.error(&format!("{error}; its records wait in the database"));
                whole = false;
            }
        }
        if let Some(mailing) = &self.mail {
            whole &= self.deliver(mailing, patience, screen)?;
        }
        let waiting = self.database.waiting(&self.tenant, NAMED).map_err(|error| self.failed(&error))?;
        if waiting.is_empty() {
            return Ok(whole);
        }
        let waits = self.database.waits(&self.tenant).map_err(|error| self.failed(&error))?;
        let count = match waits {
            1 => "1 notice waits".into(),
            count => format!("{count} notices wait"),
        };
        if self.mail.is_none() {
            screen.warning(&format!("{count} in the database: there is no relay to send mail by"));
            screen.hint(RELAY);
            return Ok(false);
        }
        screen.warning(&format!("{count} in the database; `tripline notify status` tells more"));
        let more = waits.saturating_sub(waiting.len() as u64);
        for told in waiting {
            let what = told.incident.map_or_else(|| "a digest".into(), |id| format!("incident {id}"));
            let words = if told.words.is_empty() { "not tried yet".into() } else { told.words };
            screen.say(&format!("  {what} to {}: {words}", told.recipient));
        }
        if more > 0 {
            screen.say(&format!("  and {more} more"));
        }
        Ok(false)
    }

    /// `false`: a relay has refused something for good. What waits, the next command tries; what was refused is told
    /// here, and then only where somebody asks.
    fn deliver(&self, mailing: &Mailing, patience: i64, screen: &Screen) -> Result<bool, Failure> {
        let failed = |error| self.failed(&error);
        let transport = match mailing.transport() {
            Ok(transport) => transport,
            // What the command did is done: its notices wait, if nobody delivers already.
            Err(failure) => {
                if self.database.deliverer().map_err(failed)?.is_some() {
                    screen.error(failure.message());
                }
                return Ok(true);
            }
        };
        // Whoever delivers already does it for us.
        let Some(mut deliverer) = self.deliverer(mailing, transport)? else { return Ok(true) };
        let begun = self.clock.now();
        // A channel that is closed ends each wait at once.
        let mut delivered =
            deliverer.deliver(begun.saturating_add(PATIENCE), &bounded(0).1).map_err(failed)?;
        let until = begun.saturating_add(patience);
        if delivered.next.is_some_and(|next| next <= until) {
            if screen.shows_progress() {
                screen.say("the relay has not taken all, trying again for half a minute");
            }
            let (_awake, woken) = bounded(0);
            let later = deliverer.deliver(until, &woken).map_err(failed)?;
            delivered.sent += later.sent;
            delivered.failed.extend(later.failed);
        }
        if delivered.sent > 0 {
            let mails = if delivered.sent == 1 { "mail" } else { "mails" };
            screen.say(&format!("{} {mails} sent by {}", delivered.sent, mailing.sender.relay));
        }
        let refused = |(to, end): &(String, End)| match end {
            End::Refused(words) => Some(format!("  to {to}: {words}")),
            _ => None,
        };
        let refused: Vec<String> = delivered.failed.iter().filter_map(refused).collect();
        if !refused.is_empty() {
            let notices = if refused.len() == 1 { "notice was" } else { "notices were" };
            screen.warning(&format!(
                "{} {notices} given up; `tripline notify retry` queues again",
                refused.len()
            ));
            refused.iter().take(NAMED as usize).for_each(|line| screen.say(line));
        }
        Ok(refused.is_empty())
    }

    /// Where security.log is written, if it is.
    pub(super) fn security_log(&self) -> Option<PathBuf> {
        self.security_log.clone()
    }

    /// What delivers as long as a server runs.
    pub(super) fn delivering(&self, screen: &Screen) -> Result<Option<Deliverer>, Failure> {
        let Some(mailing) = &self.mail else { return Ok(None) };
        let deliverer = self.deliverer(mailing, mailing.transport()?)?;
        if deliverer.is_none() {
            screen.warning("another program delivers this database's notices; this one leaves that to it");
        }
        Ok(deliverer)
    }

    /// Sends a test mail; answers the relay's words.
    pub(super) fn test(&self, recipient: &str) -> Result<String, Failure> {
        let Some(mailing) = &self.mail else { return Err(no_relay()) };
        let id = format!("test.{}.{}", self.clock.now(), std::process::id());
        let mail = mailing.sender.test(recipient, &id, self.clock.now());
        Ok(mailing.transport()?.send(&mail).map_err(Failure::new)?.words)
    }

    /// Lets what is deferred go at once.
    pub(super) fn can_deliver(&self) -> Result<(), Failure> {
        if self.mail.is_some() { Ok(()) } else { Err(no_relay()) }
    }

    /// `None`: somebody else delivers.
    fn deliverer(
        &self,
        mailing: &Mailing,
        transport: Box<dyn Transport>,
    ) -> Result<Option<Deliverer>, Failure> {
        let outbox: Arc<dyn Outbox> = Arc::clone(&self.database) as Arc<dyn Outbox>;
        let clock = Arc::clone(&self.clock);
        let deliverer = Deliverer::new(outbox, transport, clock, Templates::new(), mailing.sender.clone());
        deliverer.map_err(|error| self.failed(&error))
    }
}

impl Mailing {
    /// The way to the relay, with what is secret.
    fn transport(&self) -> Result<Box<dyn Transport>, Failure> {
        let mut smtp = self.smtp.clone();
        if let Some(mail) = &self.secrets {
            smtp.login = login(mail)?;
            smtp.extra_root = mail.ca_file.as_ref().map(read).transpose()?;
        }
        Ok(Box::new(Smtp::new(smtp).map_err(Failure::new)?))
    }
}

/// How incidents of the database at this path are kept and told.
pub(super) fn policy(arguments: &KeepArguments, configuration: &Configuration, path: &Path) -> Policy {
    let mut policy = configuration.policy.clone();
    if !is_of(configuration, path) {
        // Flags do not say how long incidents are kept, and another command's configuration may say: for ever.
        policy.limits.retention = None;
    }
    if !arguments.mail_to.is_empty() {
        let every = Route { to: arguments.mail_to.clone(), ..Route::all("") };
        policy.routes.0.push(Route { name: "--mail-to".into(), ..every });
    }
    policy
}

/// A misspelt name must not look like a day without incidents.
pub(super) fn must_be_there(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    let hint = "`tripline check --db FILE` makes one";
    Err(Failure::new(format!("{}: expected a database, found none", path.display())).hint(Some(hint)))
}

/// Whether a configuration's file speaks of this database: one that names another does not.
fn is_of(configuration: &Configuration, path: &Path) -> bool {
    let same = |own: &PathBuf| {
        own == path || own.canonicalize().is_ok_and(|own| path.canonicalize().is_ok_and(|path| own == path))
    };
    configuration.path.is_some() && configuration.database.as_ref().is_none_or(same)
}

/// Sorts the list and keeps so many.
fn keep_first<T, K: Ord>(list: &mut Vec<T>, most: usize, key: impl Fn(&T) -> K) {
    list.sort_by_key(key);
    list.truncate(most);
}

fn path<'a>(arguments: &'a KeepArguments, configuration: &'a Configuration) -> Result<&'a PathBuf, Failure> {
    let hint = "name it with --db FILE, or in tripline.toml: [database] path = \"…\"";
    let none = || Failure::new("expected a database, found none").hint(Some(hint));
    arguments.db.as_ref().or(configuration.database.as_ref()).ok_or_else(none)
}

fn no_relay() -> Failure {
    Failure::new("expected a relay to send mail by, found none").hint(Some(RELAY))
}

/// A failure of the database at this path.
pub(super) fn at(path: &Path, error: &StoreError) -> Failure {
    Failure::new(format!("{}: {error}", path.display())).hint(error.hint())
}

/// How mail is sent, if it is.
fn mailing(
    arguments: &KeepArguments,
    configuration: &Configuration,
    zone: &TimeZone,
) -> Result<Option<Mailing>, Failure> {
    let configured = configuration.mail.as_ref();
    let (host, port, tls) = match (&arguments.relay, configured) {
        (Some(Relay { tls, host, port }), _) => (host.clone(), *port, *tls),
        (None, Some(mail)) => (mail.relay.clone(), mail.port, mail.tls),
        (None, None) if arguments.mail_to.is_empty() => return Ok(None),
        (None, None) => return Err(no_relay()),
    };
    // What is configured for one relay is not told to another.
    let own = configured.filter(|_| arguments.relay.is_none());
    let smtp = SmtpSettings {
        host: host.clone(),
        port,
        tls,
        login: None,
        timeout: own.map_or(TIMEOUT, |mail| mail.timeout),
        hello: None,
        extra_root: None,
    };
    let from = arguments.mail_from.clone().or_else(|| configured.map(|mail| mail.from.clone()));
    let from = from.unwrap_or_else(|| "tripline@localhost".into());
    let envelope = match (&arguments.mail_from, configured) {
        (None, Some(mail)) => mail.envelope.clone(),
        _ => from.clone(),
    };
    let relay = match tls {
        Tls::Plaintext => format!("{host}:{port} in plaintext"),
        _ => format!("{host}:{port}"),
    };
    Ok(Some(Mailing {
        smtp,
        secrets: own.cloned(),
        sender: Sender { from, envelope, relay, zone: zone.clone() },
    }))
}

fn login(mail: &MailSettings) -> Result<Option<(String, secrecy::SecretString)>, Failure> {
    let (Some(user), Some(password)) = (&mail.user, &mail.password) else { return Ok(None) };
    Ok(Some((user.clone(), password.read().map_err(Failure::new)?)))
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::new(format!("{}: cannot read it: {error}", path.display())))
}
