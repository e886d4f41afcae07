//! Scans that a server makes: they are told as those that are made here.

use std::time::Duration;

use super::file::in_order;
use super::pages::Pages;
use super::running::{Shown, request};
use super::telling::Telling;
use crate::check::{Files, Outcome};
use crate::cli::arguments::{Format, ImportArguments, JudgeArguments, PackArguments, RunArguments};
use crate::cli::desk::scans::{RemoteScans, ScanDesk, Wanted};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, interrupt};
use crate::report::scans;
use crate::report::stored::{StoredAs, folded};
use crate::scans::{Cancel, Run};

/// Has a server scan.
pub(super) fn run(arguments: RunArguments, server: &RemoteScans, screen: &Screen) -> Result<Exit, Failure> {
    if arguments.scanner.is_some() {
        return Err(Failure::new(
            "expected --scanner or --server, found both: a server scans with what it has",
        ));
    }
    judged_there(&arguments.judge)?;
    let cancel = Cancel::by(interrupt::flag()?);
    let mut shown = Shown::new(screen);
    let wanted = match &arguments.schedule {
        Some(name) => Wanted::Schedule(name.clone()),
        None => Wanted::Scan(request(&arguments)),
    };
    let run = server.make(&wanted, &cancel, |progress, hosts| shown.at(progress, hosts))?;
    shown.then("waiting for the server's rules");
    let (run, judged) = server.judged(run, &cancel)?;
    drop(shown);
    let whole = told(&run, judged, screen);
    tell(vec![run], whole, &arguments.judge, server, screen)
}

/// Has a server take files.
pub(super) fn import(
    arguments: ImportArguments,
    server: &RemoteScans,
    screen: &Screen,
) -> Result<Exit, Failure> {
    judged_there(&arguments.judge)?;
    let cancel = Cancel::by(interrupt::flag()?);
    let (mut runs, mut whole) = (Vec::new(), true);
    for file in in_order(&arguments.files) {
        let waiting = screen.waiting(format!("reading {}", file.path.display()));
        let taken = file.open().and_then(|input| server.import(&arguments.name, &file.path, input));
        let judged = taken.and_then(|run| {
            waiting.at("waiting for the server's rules".into(), 0, 0);
            server.judged(run, &cancel)
        });
        drop(waiting);
        match judged {
            Ok((run, judged)) => {
                whole &= told(&run, judged, screen);
                runs.push(run);
            }
            // The others are taken all the same.
            Err(failure) => {
                whole = false;
                screen.fail(&failure);
            }
        }
    }
    tell(runs, whole, &arguments.judge, server, screen)
}

/// Whoever names packs would wait for what they say.
fn judged_there(arguments: &JudgeArguments) -> Result<(), Failure> {
    let PackArguments { pack, no_builtin, only, settings } = &arguments.packs;
    if pack.is_empty() && !no_builtin && only.is_empty() && settings.is_none() {
        return Ok(());
    }
    let hint = "which packs judge, and how, stands in the server's tripline.toml";
    let message =
        "expected --server without --pack, --no-builtin, --only and --settings: its own packs judge";
    Err(Failure::new(message).hint(Some(hint)))
}

/// Says what is not as it should be; answers whether all is.
fn told(run: &Run, judged: bool, screen: &Screen) -> bool {
    if let Some(broken) = &run.broken {
        screen.warning(&format!("the scan did not see all: {}", broken.detail));
    }
    if !judged {
        screen.warning(&format!("the server's rules have not judged scan {} yet", run.number));
        screen.hint("`tripline incident list` shows what they decide");
    }
    run.broken.is_none() && judged
}

/// Tells the scans, and the incidents that their findings are evidence of.
fn tell(
    runs: Vec<Run>,
    whole: bool,
    arguments: &JudgeArguments,
    server: &RemoteScans,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let telling = Telling::new(arguments, server.zone(), screen);
    let mut outcome = Outcome {
        report: tripline_engine::Report::default(),
        errors: Vec::new(),
        files: Files::default(),
        bytes: 0,
        elapsed: Duration::ZERO,
        spent: None,
        stopped: false,
        refused: false,
        notes: Vec::new(),
        committed: None,
        store_error: None,
    };
    let mut incidents = Vec::new();
    let pages: Vec<Pages<'_>> = runs.iter().map(|run| Pages::of(server, run.number)).collect();
    for (run, pages) in runs.iter().zip(&pages) {
        if arguments.format == Format::Human {
            screen.put(|out| scans::kept_page(out, run, &|| pages.all(), screen.width(), server.zone()))?;
        }
        incidents.extend(server.incidents(run.number)?);
    }
    // One that several runs have found is one.
    incidents.sort_by_key(|(one, _)| (std::cmp::Reverse(one.severity), one.first, one.id));
    incidents.dedup_by_key(|(one, _)| one.id);
    for (one, evidence) in &incidents {
        outcome.report.incidents.push(folded(one, evidence, &mut outcome.files));
    }
    let stored: Vec<StoredAs> = incidents.iter().map(|(one, _)| StoredAs::of(one)).collect();
    telling.watch().finish(&outcome, &stored)?;
    telling.finish(runs.iter().zip(&pages).map(|(run, pages)| (scans::run(run), pages.again())).collect())?;
    pages.into_iter().try_for_each(Pages::whole)?;
    Ok(if whole { Exit::of(&outcome, arguments.fail_on, true) } else { Exit::Incomplete })
}
