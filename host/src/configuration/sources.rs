//! `[[follow]]`, `[[syslog]]` and `[[http]]`: where a server's lines come from, and whose they are.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use tripline_engine::decode::{Format, GivenLogSource};

use super::document::Document;
use super::table::{Given, Keys, Table};
use super::{ConfigurationError, Problem, zone};
use crate::commit::Tenant;
use crate::files::Member;
use crate::follow::From;

type Wrong = ConfigurationError;

/// Files that are followed.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowedSource {
    /// Files, folders and globs, whether or not they are there yet. A file that several name belongs to the first.
    pub paths: Vec<PathBuf>,
    /// Whose lines they are.
    pub tenant: Tenant,
    /// The time zone of stamps that say none; `None`: as the server's.
    pub timezone: Option<TimeZone>,
    /// The format; `None`: it is found from the first lines.
    pub format: Option<Format>,
    /// What log they are from; it goes before what decoding finds.
    pub log_source: GivenLogSource,
    /// Where a file begins that was never followed; `None`: as the server's.
    pub from: Option<From>,
    /// Nanoseconds without a line after which it is an incident; `None`: never.
    pub silent_after: Option<i64>,
}

/// An address at which syslog is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct SyslogListener {
    /// The address; port 0: any.
    pub listen: SocketAddr,
    /// What it listens for.
    pub transport: Transport,
    /// Whose lines they are: syslog has no credentials.
    pub tenant: Tenant,
    /// The time zone of stamps that say none; `None`: as the server's.
    pub timezone: Option<TimeZone>,
    /// The format; `None`: it is found from the first lines.
    pub format: Option<Format>,
    /// What log they are from; it goes before what decoding finds.
    pub log_source: GivenLogSource,
    /// Nanoseconds without a line after which it is an incident; `None`: never.
    pub silent_after: Option<i64>,
}

/// What is said of a source whose lines come over HTTP. Whoever sends them names it.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpSource {
    /// What its sender calls it: `?source=NAME`.
    pub source: String,
    /// Whose lines they are: that of the sender's token.
    pub tenant: Tenant,
    /// The time zone of stamps that say none, where a request says none either; `None`: as the server's.
    pub timezone: Option<TimeZone>,
    /// The format, where a request says none; `None`: it is found from the first lines.
    pub format: Option<Format>,
    /// What log they are from; it goes before what decoding finds.
    pub log_source: GivenLogSource,
    /// Nanoseconds without a line after which it is an incident, also if it never sent one; `None`: never.
    pub silent_after: Option<i64>,
}

/// How syslog comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A message a datagram; what is lost, nobody knows.
    Udp,
    /// A stream of messages.
    Tcp,
}

impl Transport {
    /// Its name in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        }
    }

    fn parse(name: &str) -> Option<Transport> {
        [Transport::Udp, Transport::Tcp].into_iter().find(|transport| transport.as_str() == name)
    }
}

/// The keys of `[[follow]]`.
pub(super) const FOLLOW: Keys =
    &["paths", "tenant", "timezone", "format", "log_source", "from", "silent_after"];
/// The keys of `[[syslog]]`.
pub(super) const SYSLOG: Keys =
    &["listen", "transport", "tenant", "timezone", "format", "log_source", "silent_after"];
/// The keys of `[[http]]`.
pub(super) const HTTP: Keys = &["source", "tenant", "timezone", "format", "log_source", "silent_after"];

/// What may be said of any source.
struct Whose {
    tenant: Tenant,
    timezone: Option<TimeZone>,
    format: Option<Format>,
    log_source: GivenLogSource,
    silent_after: Option<i64>,
}

impl Whose {
    fn read(table: &Table<'_>, formats: &Formats) -> Result<Whose, Wrong> {
        let tenant = table.parsed("tenant", TENANT, Tenant::new)?;
        let timezone = table.parsed("timezone", zone::EXPECTED, zone::parse)?;
        let format = table.parsed("format", formats.expected, |name| {
            name.parse().ok().filter(|format: &Format| (formats.takes)(*format))
        })?;
        Ok(Whose {
            tenant: tenant.map(|tenant| tenant.value).unwrap_or_default(),
            timezone: timezone.map(|zone| zone.value),
            format: format.map(|format| format.value),
            log_source: log_source(table)?,
            silent_after: table.duration_or_off("silent_after")?.flatten(),
        })
    }
}

/// Reads `log_source`.
fn log_source(table: &Table<'_>) -> Result<GivenLogSource, Wrong> {
    let Some(table) = table.table("log_source", &["product", "service", "category"])? else {
        return Ok(GivenLogSource::default());
    };
    let name = |key| -> Result<Option<String>, Wrong> {
        let name = table.parsed(key, LOG, |name| GivenLogSource::is_name(name).then(|| name.to_string()))?;
        Ok(name.map(|name| name.value))
    };
    Ok(GivenLogSource { product: name("product")?, service: name("service")?, category: name("category")? })
}

const LOG: &str = "1 to 64 visible characters, like sshd";
pub(super) const TENANT: &str = "a tenant's name: 1 to 64 lower case letters, digits and hyphens";

/// The formats that lines of a kind of source can be given.
struct Formats {
    expected: &'static str,
    takes: fn(Format) -> bool,
}

/// What lies in a file the operator knows.
const OF_FILES: Formats = Formats { expected: Format::LISTED, takes: |_| true };
const OF_SENDERS: Formats = Formats { expected: Format::LISTED_FOR_SENDERS, takes: Format::is_for_senders };

/// Reads `[[follow]]`.
pub(super) fn follow(document: &Document, tables: Vec<Table<'_>>) -> Result<Vec<FollowedSource>, Wrong> {
    let mut sources = Vec::new();
    let mut named = Named::default();
    for table in tables {
        let given = table.texts("paths")?;
        let given = table.required("paths", given)?;
        let Whose { tenant, timezone, format, log_source, silent_after } = Whose::read(&table, &OF_FILES)?;
        let from = table.parsed("from", "end or start", |word| match word {
            "end" => Some(From::End),
            "start" => Some(From::Start),
            _ => None,
        })?;
        let mut paths = Vec::new();
        for path in &given {
            // Standard input is no file, and a server has none.
            if path.value.is_empty() || path.value == "-" {
                return Err(path.expected("a file, a folder or a glob", path.value));
            }
            let full = document.beside(path.value);
            named.add(&full, &tenant).map_err(|problem| path.wrong(problem))?;
            paths.push(full);
        }
        let from = from.map(|from| from.value);
        sources.push(FollowedSource { paths, tenant, timezone, format, log_source, from, silent_after });
    }
    Ok(sources)
}

/// Paths and whose they are. A file of two tenants would be the first one's, and nobody would see why.
#[derive(Default)]
struct Named {
    /// By family: `app.log.1` is `app.log`.
    plain: BTreeMap<PathBuf, Tenant>,
    globs: Vec<(PathBuf, glob::Pattern, Tenant)>,
}

impl Named {
    /// As far as the text shows: whether a file fits two globs, only the files tell.
    fn add(&mut self, path: &Path, tenant: &Tenant) -> Result<(), Problem> {
        let other = |found: &Path, of: &Tenant| Problem::Tenants {
            path: path.into(),
            tenant: tenant.to_string(),
            other: found.into(),
            of: of.to_string(),
        };
        let text = path.to_string_lossy();
        if text.contains(['*', '?', '[']) {
            let glob = glob::Pattern::new(&text)
                .map_err(|error| Problem::Glob { path: path.into(), error: error.to_string() })?;
            if self.globs.iter().any(|(known, ..)| known == path) {
                return Err(Problem::PathTwice(path.into()));
            }
            let theirs = self.plain.iter().find(|(plain, of)| *of != tenant && glob.matches_path(plain));
            if let Some((plain, of)) = theirs {
                return Err(other(plain, of));
            }
            self.globs.push((path.into(), glob, tenant.clone()));
            return Ok(());
        }
        let stem = Member::of(path).stem;
        if self.plain.contains_key(&stem) {
            return Err(Problem::PathTwice(path.into()));
        }
        // A path above another one can only be a folder, and has what is right in it.
        let folder = |plain: &Path| plain.parent() == Some(&stem) || stem.parent() == Some(plain);
        let theirs = self.plain.iter().find(|(plain, of)| *of != tenant && folder(plain));
        let glob = self.globs.iter().find(|(_, glob, of)| of != tenant && glob.matches_path(&stem));
        let theirs = theirs.or(glob.map(|(glob, _, of)| (glob, of)));
        if let Some((found, of)) = theirs {
            return Err(other(found, of));
        }
        self.plain.insert(stem, tenant.clone());
        Ok(())
    }
}

/// Reads `[[syslog]]`; the HTTP's address is taken already.
pub(super) fn syslog(tables: Vec<Table<'_>>, http: Option<SocketAddr>) -> Result<Vec<SyslogListener>, Wrong> {
    let mut listeners: Vec<SyslogListener> = Vec::new();
    for table in tables {
        let listen = address(&table)?;
        let listen = table.required("listen", listen)?;
        let transport = table.parsed("transport", "udp or tcp", Transport::parse)?;
        let transport = table.required("transport", transport)?.value;
        let Whose { tenant, timezone, format, log_source, silent_after } = Whose::read(&table, &OF_SENDERS)?;
        let same = listeners.iter().filter(|other| other.transport == transport);
        let http = http.filter(|_| transport == Transport::Tcp);
        let mut taken = same.map(|other| other.listen).chain(http);
        if let Some(other) = taken.find(|other| collide(*other, listen.value)) {
            let (address, transport) = (listen.value, transport.as_str());
            return Err(listen.wrong(Problem::ListenTwice { address, other, transport }));
        }
        let listen = listen.value;
        listeners.push(SyslogListener {
            listen,
            transport,
            tenant,
            timezone,
            format,
            log_source,
            silent_after,
        });
    }
    Ok(listeners)
}

/// Reads `[[http]]`.
pub(super) fn http(tables: Vec<Table<'_>>) -> Result<Vec<HttpSource>, Wrong> {
    let mut sources: Vec<HttpSource> = Vec::new();
    for table in tables {
        let name = table
            .parsed("source", HttpSource::NAME, |name| HttpSource::is_name(name).then(|| name.to_string()))?;
        let name = table.required("source", name)?;
        let Whose { tenant, timezone, format, log_source, silent_after } = Whose::read(&table, &OF_SENDERS)?;
        if sources.iter().any(|other| other.source == name.value && other.tenant == tenant) {
            let twice = Problem::SourceTwice { name: name.value.clone(), tenant: tenant.to_string() };
            return Err(name.wrong(twice));
        }
        let source = name.value;
        sources.push(HttpSource { source, tenant, timezone, format, log_source, silent_after });
    }
    Ok(sources)
}

impl HttpSource {
    /// What a sender may call it.
    pub(crate) const NAME: &str = "1 to 64 letters, digits, dots, underscores and hyphens";

    /// Whether a sender may call it so.
    pub(crate) fn is_name(name: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (1..=64).contains(&name.len()) && name.bytes().all(plain)
    }
}

/// `listen`, which names no host: where a name leads can change.
pub(super) fn address<'t>(table: &Table<'t>) -> Result<Option<Given<'t, SocketAddr>>, Wrong> {
    const EXPECTED: &str = "an address with a port, like 127.0.0.1:514 or [::1]:514";
    table.parsed("listen", EXPECTED, |text| text.parse().ok())
}

/// Whether two cannot be listened at by one program. `[::]` takes what comes by IPv4, too.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let all = |at: SocketAddr| at.ip() == IpAddr::from([0_u16; 8]);
    let any = |at: SocketAddr| at.ip().is_unspecified() && at.is_ipv4() == one.is_ipv4();
    let same_kind = one.is_ipv4() == other.is_ipv4();
    let overlap = all(one) || all(other) || same_kind && (one.ip() == other.ip() || any(one) || any(other));
    one.port() == other.port() && one.port() != 0 && overlap
}
