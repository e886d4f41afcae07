//! HTTP and syslog, as the arguments and the configuration want them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tripline_engine::line::LineSettings;

use super::super::Failure;
use super::super::arguments::{Listen, ServeArguments};
use super::super::kept::Kept;
use super::journal::Journal;
use super::said;
use crate::configuration::Configuration;
use crate::http::{self, HttpLimits, HttpOptions, HttpServer, HttpSources};
use crate::packs::Shelf;
use crate::serve::{Health, Intake, Scans, StreamSettings};
use crate::syslog::{self, Syslog, SyslogLimits, SyslogNote, SyslogOptions, SyslogSource};

/// How long requests that are underway may take once the server ends.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// How brought bytes become lines.
pub(super) fn streams(lines: &LineSettings) -> StreamSettings {
    StreamSettings {
        format: lines.format,
        timezone: lines.timezone.clone(),
        log_source: lines.log_source.clone(),
        join: lines.join,
        silent_after: None,
    }
}

/// Where HTTP is taken, if anybody wants it.
pub(super) fn address(arguments: &ServeArguments, configuration: &Configuration) -> Option<SocketAddr> {
    arguments.listen.map_or(configuration.server.listen, |Listen(at)| at)
}

/// Begins to take HTTP; `None`: nobody wants it.
#[expect(clippy::too_many_arguments, reason = "the parts of a server, borrowed apart")]
pub(super) fn http(
    arguments: &ServeArguments,
    configuration: &Configuration,
    kept: &Kept,
    intake: &Intake,
    scans: &Scans,
    packs: &Arc<Shelf>,
    health: &Arc<Health>,
    sources: &HttpSources,
) -> Result<Option<HttpServer>, Failure> {
    let server = &configuration.server;
    let Some(listen) = address(arguments, configuration) else { return Ok(None) };
    if arguments.listen.is_some()
        && !listen.ip().to_canonical().is_loopback()
        && server.tls.is_none()
        && !server.plaintext
    {
        let found = format!("--listen {listen}: expected loopback or TLS, found neither");
        let hint = "give a certificate in tripline.toml: [server] tls = { certificate = …, key = … }";
        return Err(Failure::new(found).hint(Some(hint)));
    }
    let options = HttpOptions {
        listen,
        tls: server.tls.clone(),
        database: Arc::clone(&kept.database),
        intake: intake.clone(),
        scans: scans.clone(),
        packs: Arc::clone(packs),
        health: Arc::clone(health),
        clock: Arc::clone(&kept.clock),
        limits: HttpLimits { guesses: server.guesses, ..HttpLimits::default() },
        streams: sources.clone(),
        proxies: server.proxies.clone(),
    };
    http::start(options).map(Some).map_err(|error| Failure::new(&error).hint(error.hint()))
}

/// The configuration's syslog listeners.
pub(super) fn syslog_sources(configuration: &Configuration, lines: &LineSettings) -> Vec<SyslogSource> {
    configuration.syslog.iter().map(|listener| SyslogSource::new(listener, &lines.timezone)).collect()
}

/// Begins to take syslog.
pub(super) fn syslog(
    sources: Vec<SyslogSource>,
    kept: &Kept,
    intake: &Intake,
    health: &Arc<Health>,
    journal: &Arc<Journal>,
) -> Result<Syslog, Failure> {
    let (health, journal) = (Arc::clone(health), Arc::clone(journal));
    let tell = move |note: SyslogNote| {
        health.lost(&note.tenant, &note.source, note.lost());
        journal.write(said::syslog(&note));
    };
    let options = SyslogOptions { sources, limits: SyslogLimits::default() };
    let tell: syslog::Tell = Arc::new(tell);
    let started = syslog::start(options, intake, &kept.clock, &tell);
    started.map_err(|error| Failure::new(&error).hint(error.hint()))
}
