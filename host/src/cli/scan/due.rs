//! Scans of schedules that are due, where no server makes them.

use super::judging::{Judging, Late};
use super::running::{Shown, wanted};
use crate::cli::arguments::{DueArguments, KeepArguments};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, interrupt};
use crate::configuration::Configuration;
use crate::scans::{
    Broken, Cancel, Due, Order, Reason, Request, RunState, Scanned, ScannerKind, ScheduleStore, Scheduled,
    SystemResolver,
};

/// Makes them, one after the other, and tells of those that should have been made by now.
pub(super) fn run(
    arguments: DueArguments,
    keep: &KeepArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let own = configuration.scan.schedules.iter().filter(|one| one.tenant == keep.tenant);
    let own: Vec<&Scheduled> = own.collect();
    if own.is_empty() {
        let hint = "write it into tripline.toml: [[scan.schedule]] name, targets, ports, and cron or every";
        return Err(Failure::new("expected a schedule, found none").hint(Some(hint)));
    }
    let cancel = Cancel::by(interrupt::flag()?);
    let judging = Judging::open(arguments.judge, keep, configuration, screen)?;
    let Some(kept) = judging.kept() else {
        let hint = "name one with --db FILE, or in tripline.toml: it says what is due";
        return Err(Failure::new("expected a database, found none").hint(Some(hint)));
    };
    let failed = |error| kept.failed(&error);
    let (mut scanned, mut failures, mut late) = (Vec::new(), Vec::new(), Vec::new());
    // What is due is due as of now: who waits for the others has not missed his.
    let begun = kept.clock.now();
    for Scheduled { tenant, request, schedule } in own {
        let name = &request.name;
        let mut standing = kept.database.stands_since(tenant, name, begun).map_err(failed)?;
        let before = standing;
        match schedule.due(name.as_str(), &standing, begun) {
            Due::Now(due) if !cancel.is_cancelled() => {
                standing.settled = Some(due);
                match made(&judging, request, keep, configuration, screen, &cancel) {
                    Ok(one) => {
                        if one.state == RunState::Done {
                            standing.whole = Some(due);
                        }
                        scanned.push(one);
                    }
                    // The others are made all the same.
                    Err(failure) => failures.push(failure),
                }
            }
            Due::Missed(due) => {
                screen.warning(&format!("scan {name} was missed: the next one is made"));
                standing.settled = Some(due);
            }
            Due::Now(_) | Due::At(_) | Due::Never => {}
        }
        if standing != before {
            kept.database.set_standing(tenant, name, standing).map_err(failed)?;
        }
        let now = kept.clock.now();
        if let Some(overdue) = schedule.overdue(name.as_str(), &standing, now) {
            screen.warning(&format!("scan {name} is overdue: there should have been a whole one by now"));
            late.push(Late { name: name.clone(), overdue, at: now });
        }
    }
    if scanned.is_empty() && failures.is_empty() && late.is_empty() {
        screen.say("no scan is due");
        return Ok(Exit::Clean);
    }
    judging.finish(scanned, failures, late)
}

/// Makes one. One that may not be made, or that nothing here can make, is a run that failed: nobody waits for it who would
/// hear of it otherwise.
fn made(
    judging: &Judging<'_>,
    request: &Request,
    keep: &KeepArguments,
    configuration: &Configuration,
    screen: &Screen,
    cancel: &Cancel,
) -> Result<Scanned, Failure> {
    if let Some(over) = judging.over_quota()? {
        let why = Broken::new(Reason::Quota, over.to_string());
        return judging.refuse(&request.name, ScannerKind::Nmap, why);
    }
    let settings = &configuration.scan;
    let scanner = match wanted(None, request, settings, screen) {
        Ok(scanner) => scanner,
        Err(error) => {
            let why = Broken::new(Reason::NoScanner, error.to_string());
            return judging.refuse(&request.name, ScannerKind::Nmap, why);
        }
    };
    match Order::check(request, &keep.tenant, settings, &SystemResolver::cancelled_by(cancel)) {
        Ok(order) => judging.scan(&order, &*scanner, &mut Shown::new(screen), cancel),
        Err(error) => judging.refuse(&request.name, scanner.kind(), error.broken()),
    }
}
