use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tripline_abi::Severity;
use tripline_engine::decode::Format as InputFormat;
use tripline_engine::sandbox::Sandbox;

use super::arguments::{CheckArguments, CheckFormat};
use super::exit::Exit;
use super::kept::{self, Kept};
use super::packs::Strangers;
use super::watch::Watch;
use super::{Failure, Screen, interrupt, packs, sandbox};
use crate::check::{self, CheckOptions, InputError, Inputs, Outcome};
use crate::configuration::Configuration;
use crate::crew;
use crate::report::Printer;
use crate::report::human::{Human, Look};
use crate::report::json::Json;
use crate::report::ndjson::Ndjson;
use crate::report::progress::Progress;
use crate::report::sarif::Sarif;
use crate::report::spent;

/// Checks logs and reports incidents.
pub(super) fn run(
    mut arguments: CheckArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let findings = std::mem::take(&mut arguments.findings);
    let files = match std::mem::take(&mut arguments.files) {
        none if none.is_empty() && !findings.is_empty() => none,
        named => files(named)?,
    };
    kept::apart(&arguments.keep, configuration, files.iter().chain(&findings))?;
    let threads = arguments.threads.map_or_else(crew::cores, usize::from);
    let packs = packs::configured(&arguments.packs, configuration, &Strangers::Told(screen), threads)?;
    let sandbox: Arc<dyn Sandbox> = sandbox::open(screen, arguments.verbose)?;
    packs::tried(&packs, &*sandbox)?;
    let stop = interrupt::flag()?;
    let kept = kept::wanted(&arguments.keep, configuration)?;
    // How a report shows times says nothing of how a log writes them: only the flag is about both.
    let zone = arguments.timezone.clone().unwrap_or_else(TimeZone::system);
    let shown = arguments.timezone.clone().or_else(|| configuration.timezone.clone());
    let shown = shown.unwrap_or_else(TimeZone::system);
    let Inputs { sources, errors } = inputs(&files, &findings);
    errors.iter().for_each(|error| unread(error, screen));
    let unreadable = errors.len();

    let known = sources.iter().all(|source| !source.is_stdin());
    let total = known.then(|| sources.iter().map(|source| source.bytes()).sum());
    // Matches on a terminal would run through the bar.
    let quiet = arguments.matches && io::stdout().is_terminal();
    let progress = (screen.shows_progress() && !quiet).then(|| Progress::new(total));
    let mut watch = Watch::new(printer(&arguments, shown, screen), progress);
    let options = CheckOptions {
        packs,
        sources,
        threads,
        year: arguments.year,
        timezone: zone,
        format: arguments.input_format,
        matches: arguments.matches,
        stats: arguments.stats,
        store: kept.as_ref().map(Kept::keeping),
    };
    let mut outcome = check::run(options, sandbox, &mut watch, &stop).map_err(Failure::new)?;
    if let (true, Some(error), Some(kept)) = (outcome.refused, &outcome.store_error, &kept) {
        // Nothing was checked: there is no report.
        return Err(kept.failed(error));
    }
    outcome.errors.splice(0..0, errors);
    told(outcome, unreadable, kept.as_ref(), watch, screen, arguments.fail_on)
}

/// Tells what came of a check, does what is due for its incidents, and answers how it ended. So many of its first errors
/// were told already.
pub(super) fn told(
    mut outcome: Outcome,
    unreadable: usize,
    kept: Option<&Kept>,
    watch: Watch,
    screen: &Screen,
    fail_on: Severity,
) -> Result<Exit, Failure> {
    if let Some(Err(failure)) = kept.map(|kept| kept.note(&outcome.report)) {
        screen.fail(&failure);
    }
    let stored = kept.map(|kept| kept.touched(&mut outcome)).transpose()?.unwrap_or_default();
    watch.finish(&outcome, &stored)?;
    if let Some(spent) = &outcome.spent {
        screen.figures(|err, width| spent::write(err, &outcome, spent, width));
    }
    outcome.errors[unreadable..].iter().for_each(|error| unread(error, screen));
    outcome.notes.iter().for_each(|note| screen.warning(&note.to_string()));
    if let (Some(error), Some(kept)) = (&outcome.store_error, kept) {
        // Its hint says how to go on: what was committed stays, the same command does the rest.
        screen.fail(&kept.failed(error));
    }
    let delivered = kept.map(|kept| kept.settle_patiently(screen)).transpose()?.unwrap_or(true);
    Ok(Exit::of(&outcome, fail_on, delivered))
}

/// Says why an input could not be read.
fn unread(error: &InputError, screen: &Screen) {
    screen.error(&error.to_string());
    error.hint().iter().for_each(|hint| screen.hint(hint));
}

/// What was named; a file that was named as findings, too, is findings.
fn inputs(files: &[PathBuf], findings: &[PathBuf]) -> Inputs {
    let (mut inputs, found) = (check::expand(files), check::expand(findings));
    inputs.sources.retain(|source| found.sources.iter().all(|other| other.stem() != source.stem()));
    let found_sources = found.sources.into_iter().map(|source| source.with_format(InputFormat::Finding));
    inputs.sources.extend(found_sources);
    inputs.errors.extend(found.errors);
    inputs
}

/// What to check: what was named, else what comes through a pipe.
fn files(named: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    if !named.is_empty() {
        return Ok(named);
    }
    if !io::stdin().is_terminal() {
        return Ok(vec!["-".into()]);
    }
    let hint = "`tripline check /var/log/auth.log` checks a file, `… | tripline check` what a program prints";
    Err(Failure::new("expected a file, a folder, a glob or - for standard input, found none")
        .hint(Some(hint)))
}

fn printer(arguments: &CheckArguments, zone: TimeZone, screen: &Screen) -> Box<dyn Printer> {
    let CheckArguments { matches, verbose: logs, .. } = *arguments;
    match arguments.format {
        CheckFormat::Human => {
            let look = Look { width: screen.width(), zone, logs, figures: true };
            Box::new(Human::new(screen.coloured(), look))
        }
        CheckFormat::Ndjson => Box::new(Ndjson::new(screen.plain(), logs)),
        CheckFormat::Json => Box::new(Json::new(screen.plain(), matches, logs)),
        CheckFormat::Sarif => Box::new(Sarif::new(screen.plain())),
    }
}
