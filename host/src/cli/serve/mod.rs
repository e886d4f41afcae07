//! The server as a command: what the configuration and the arguments say, until it is stopped.

mod allocator;
mod descriptors;
mod first_token;
mod journal;
mod listening;
mod reloading;
mod said;
mod sources;

use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;
use tripline_engine::sandbox::Sandbox;

use self::journal::{Flushed, Journal, Level, Line, Traced};
use self::reloading::Reloading;
use super::arguments::ServeArguments;
use super::exit::Exit;
use super::kept::{self, Kept};
use super::packs::Strangers;
use super::{Failure, Screen, packs, sandbox, signals};
use crate::configuration::Configuration;
use crate::crew;
use crate::http::{HttpServer, HttpSources};
use crate::packs::{Compiler, PackRefused, Shelf, Tools};
use crate::security_log::Deed;
use crate::serve::{
    self, Control, Expected, Health, Intake, IntakeLimits, Quotas, Scans, ServeError, ServeOptions,
};
use crate::syslog::SyslogSource;

/// There is a barrier so often, if something came: how far what is on disk is behind.
const BARRIER: Duration = Duration::from_millis(250);

/// Whether anything can ever come: by HTTP, syslog, from a file or a scan.
fn has_work(arguments: &ServeArguments, configuration: &Configuration) -> bool {
    listening::address(arguments, configuration).is_some()
        || !configuration.syslog.is_empty()
        || !configuration.scan.schedules.is_empty()
        || !sources::follow(arguments, configuration).is_empty()
}

/// Why the packs that there are cannot judge.
fn unshelved(kept: &Kept, error: PackRefused) -> Failure {
    match error {
        PackRefused::Store(error) => kept.failed(&error),
        error => Failure::new(error),
    }
}

/// Serves until it is stopped.
pub(super) fn run(
    mut arguments: ServeArguments,
    configuration: Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    allocator::give_back();
    let most = descriptors::raise();
    let threads = arguments.threads.map_or_else(crew::cores, usize::from);
    let packs = packs::configured(&arguments.packs, &configuration, &Strangers::Refused, threads)?;
    let sandbox: Arc<dyn Sandbox> = sandbox::open(screen, false)?;
    packs::tried(&packs, &*sandbox)?;
    if !kept::is_wanted(&arguments.keep, &configuration) {
        arguments.keep.db = Some(kept::DATABASE.into());
    }
    if !has_work(&arguments, &configuration) {
        let hint = "name files to follow, or leave HTTP on: --listen ADDR";
        return Err(Failure::new("expected lines to take or scans to run, found neither").hint(Some(hint)));
    }
    let named = configuration.follow.iter().flat_map(|source| &source.paths).chain(&arguments.files);
    kept::apart(&arguments.keep, &configuration, named)?;
    let kept = Kept::make(&arguments.keep, &configuration)?;
    let policy = kept::policy_of_server(&arguments.keep, &configuration, kept.database.path());
    kept.database.set_policy(policy);
    let deed = Deed::settings_loaded(configuration.digest.as_ref(), &packs).by(kept.actor());
    kept.database.note(vec![deed]).map_err(|error| kept.failed(&error))?;
    let journal = Arc::new(Journal::new(screen.clone(), arguments.log_format, arguments.verbose));
    let _flushed = Flushed(Arc::clone(&journal));
    // A second server in one program would trace into the first one's journal.
    let _ = tracing::subscriber::set_global_default(Traced(Arc::clone(&journal)));
    let control = Arc::new(Control::default());
    let woken = Arc::clone(&control);
    let intake = Intake::new(IntakeLimits::default(), move || woken.wake());
    intake.keep_to(Quotas::new(Arc::clone(&kept.clock)));
    let health = Arc::new(Health::new());
    let tools = Tools {
        database: Arc::clone(&kept.database),
        control: Arc::clone(&control),
        sandbox: Arc::clone(&sandbox),
        compiler: Compiler::new(sandbox::cache_folder()),
        health: Arc::clone(&health),
        intake: intake.clone(),
    };
    let (shelf, left_out) =
        Shelf::open(tools, packs, configuration.demands.clone()).map_err(|error| unshelved(&kept, error))?;
    let shelf = Arc::new(shelf);
    said::left_out(&left_out).into_iter().for_each(|line| journal.write(line));
    let (hung_up, hang_ups) = bounded(1);
    reloading::quotas(&configuration, &kept.database, &intake).map_err(|error| kept.failed(&error))?;
    let say = |event, message: String| journal.write(Line::new(Level::Info, event, message));
    say("keeps", format!("incidents are kept in {}", kept.database.path().display()));
    if let Some((words, hint)) = kept.unwritten().map_err(|error| kept.failed(&error))? {
        journal.write(Line::new(Level::Warning, "security-log", words));
        journal.hint(hint);
    }
    if configuration.path.is_none()
        && let Some(path) = first_token::write(&kept)?
    {
        say("first-token", format!("an operator's token is in {}", path.display()));
    }
    let lines = sources::lines(&arguments);
    let scans = Scans::new(reloading::plan(&configuration));
    let http_sources = HttpSources::new(listening::streams(&lines), &configuration.http);
    let http =
        listening::http(&arguments, &configuration, &kept, &intake, &scans, &shelf, &health, &http_sources)?;
    if let Some(http) = &http {
        let scheme = if configuration.server.tls.is_some() { "https" } else { "http" };
        say("listens", format!("listens at {scheme}://{}", http.address()));
        if !kept.database.has_tokens().map_err(|error| kept.failed(&error))? {
            let line = Line::new(Level::Warning, "no-token", "no token opens it yet");
            journal.write(line);
            journal.hint("`tripline token add --name NAME --scope operator` makes one");
        }
    }
    let sources = listening::syslog_sources(&configuration, &lines);
    let listeners: Vec<Expected> = sources.iter().map(SyslogSource::expected).collect();
    let syslog = listening::syslog(sources, &kept, &intake, &health, &journal)?;
    for (source, address) in configuration.syslog.iter().zip(syslog.addresses()) {
        say("listens", format!("takes syslog at {}/{address}", source.transport.as_str()));
    }
    // What syslog has taken is brought before the server takes no more.
    signals::obey(&control, hung_up, move || syslog.stop())?;
    let options = ServeOptions {
        packs: shelf.sets(),
        follow: sources::follow(&arguments, &configuration),
        intake: intake.clone(),
        scans: scans.clone(),
        expected: [listeners.clone(), http_sources.expected()].concat(),
        own: sources::own(kept.security_log().as_deref(), first_token::path(&kept.database)),
        lines,
        threads,
        instances: configuration.server.instances,
        most_files: descriptors::for_files(most),
        database: Arc::clone(&kept.database),
        security_log: kept.security_log(),
        deliverer: kept.delivering()?,
        health,
        clock: Arc::clone(&kept.clock),
        pause: Duration::from_millis(100),
        every: BARRIER,
    };
    let reloading = Reloading {
        sandbox: Arc::clone(&sandbox),
        shelf,
        arguments: Arc::new(arguments),
        configuration,
        http_sources,
        listeners,
        database: Arc::clone(&kept.database),
        intake: intake.clone(),
        scans,
        certificate: http.as_ref().and_then(HttpServer::certificate),
        journal: Arc::clone(&journal),
    };
    // It ends with the program: nothing of it has to be finished.
    thread::spawn(move || reloading.run(&hang_ups));
    let tell = |event| said::lines(&event).into_iter().for_each(|line| journal.write(line));
    let served = serve::run(options, &sandbox, &tell, &control);
    if let Some(http) = http {
        http.stop(listening::GRACE);
    }
    if !journal.flush() && served.is_err() {
        // Nobody reads what is said: saying why would wait for ever.
        process::exit(Exit::Wrong as i32);
    }
    served.map_err(|ServeError::Store(error)| kept.failed(&error))?;
    Ok(Exit::Clean)
}
