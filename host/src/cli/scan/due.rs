//! Scans of schedules that are due, where no server makes them.

use super::judging::Judging;
use super::running::{Shown, order, wanted};
use crate::cli::arguments::{DueArguments, KeepArguments};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, interrupt};
use crate::configuration::Configuration;
use crate::scans::{Cancel, Due, RunState, ScheduleStore, Scheduled, Standing};

/// Makes them, one after the other.
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
    let (mut scanned, mut failures) = (Vec::new(), Vec::new());
    for Scheduled { tenant, request, schedule } in own {
        let (name, now) = (&request.name, kept.clock.now());
        let standing = kept.database.stands_since(tenant, name, now).map_err(failed)?;
        let due = match schedule.due(name.as_str(), &standing, now) {
            Due::Now(due) if !cancel.is_cancelled() => due,
            Due::Missed(due) => {
                screen.warning(&format!("scan {name} was missed: the next one is made"));
                let standing = Standing { settled: Some(due), ..standing };
                kept.database.set_standing(tenant, name, standing).map_err(failed)?;
                continue;
            }
            Due::Now(_) | Due::At(_) | Due::Never => continue,
        };
        let made = order(request, keep, &configuration.scan).and_then(|order| {
            let scanner = wanted(None, request, &configuration.scan, screen)?;
            judging.scan(&order, &*scanner, &mut Shown::new(screen), &cancel)
        });
        let mut standing = Standing { settled: Some(due), ..standing };
        match made {
            Ok(one) => {
                if one.state == RunState::Done {
                    standing.whole = Some(due);
                }
                scanned.push(one);
            }
            // The others are made all the same.
            Err(failure) => failures.push(failure),
        }
        kept.database.set_standing(tenant, name, standing).map_err(failed)?;
    }
    if scanned.is_empty() && failures.is_empty() {
        screen.say("no scan is due");
        return Ok(Exit::Clean);
    }
    judging.finish(scanned, failures)
}
