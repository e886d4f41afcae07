use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;
use tripline_engine::Configured;
use tripline_engine::decode::Format as InputFormat;
use tripline_engine::sandbox::Sandbox;

use super::lines::{self, Lines};
use super::telling::Telling;
use crate::check::{self, CheckOptions, HeldLines, Outcome, Source, Stop};
use crate::cli::arguments::{Format, JudgeArguments, KeepArguments};
use crate::cli::check::told;
use crate::cli::exit::Exit;
use crate::cli::kept::{self, Kept};
use crate::cli::packs::Strangers;
use crate::cli::watch::Watch;
use crate::cli::{Failure, Screen, packs, sandbox};
use crate::commit::{Store, StoreError, Tenant};
use crate::configuration::Configuration;
use crate::crew;
use crate::incidents::Actor;
use crate::quota::OverQuota;
use crate::report::scans;
use crate::scans::{
    Broken, Cancel, Host, ImportError, Order, Overdue, Progress, ScanLock, ScanName, ScanStore, Scanned,
    Scanner, ScannerKind, Scanning, ScheduleStore, Standing, Watch as ScanWatch,
};
use crate::store::Database;
use crate::wall_clock::{SystemClock, WallClock};

/// What to do beside another program.
const BESIDE: &str =
    "a server scans, too, and makes what is due: ask it with --server URL; or wait until the other has ended";
/// How often it is looked whether somebody wants a scan broken off.
const LOOK: Duration = Duration::from_millis(500);

/// A schedule's scan that should have been made by now.
pub(super) struct Late {
    pub(super) name: ScanName,
    pub(super) overdue: Overdue,
    /// When that was seen.
    pub(super) at: i64,
}

/// Who judges what scans find, and where that is kept.
pub(super) struct Judging<'a> {
    arguments: JudgeArguments,
    tenant: Tenant,
    configuration: &'a Configuration,
    screen: &'a Screen,
    packs: Vec<Configured>,
    sandbox: Arc<dyn Sandbox>,
    kept: Option<Kept>,
    /// Held as long as it scans.
    _alone: Option<ScanLock>,
    zone: TimeZone,
    actor: Actor,
}

impl<'a> Judging<'a> {
    /// All that can be wrong is found before anything is scanned.
    pub(super) fn open(
        arguments: JudgeArguments,
        keep: &KeepArguments,
        configuration: &'a Configuration,
        screen: &'a Screen,
    ) -> Result<Judging<'a>, Failure> {
        let strangers = Strangers::Told(screen);
        let packs = packs::configured(&arguments.packs, configuration, &strangers, crew::cores())?;
        let sandbox: Arc<dyn Sandbox> = sandbox::open(screen, arguments.verbose)?;
        packs::tried(&packs, &*sandbox)?;
        let kept = kept::wanted(keep, configuration)?;
        let zone = configuration.timezone.clone().unwrap_or_else(TimeZone::system);
        let tenant = keep.tenant.clone();
        let actor = kept.as_ref().map_or_else(Actor::timer, Kept::actor);
        let mut judging = Judging {
            arguments,
            tenant,
            configuration,
            screen,
            packs,
            sandbox,
            kept,
            _alone: None,
            zone,
            actor,
        };
        judging._alone = judging.alone()?;
        Ok(judging)
    }

    /// Makes it the only one that scans for this database, and ends what others left.
    fn alone(&self) -> Result<Option<ScanLock>, Failure> {
        let Some(kept) = &self.kept else { return Ok(None) };
        let failed = |error| kept.failed(&error);
        let Some(lock) = kept.database.scanning().map_err(failed)? else {
            let path = kept.database.path().display();
            let message =
                format!("{path}: expected no other scan on the database, found one that is running");
            return Err(Failure::new(message).hint(Some(BESIDE)));
        };
        // Who could not judge afterwards should not scan.
        drop(kept.database.checker().map_err(|error| match error {
            StoreError::Checking => kept.failed(&error).hint(Some(BESIDE)),
            error => kept.failed(&error),
        })?);
        let tidied = self.scanning(&SystemClock).tidy().map_err(failed)?;
        if tidied > 0 {
            self.screen.warning("an earlier scan was broken off: its program has ended in the middle of it");
        }
        // Flags do not say how long scans are kept.
        let retention = self.configuration.scan.retention.filter(|_| self.configuration.path.is_some());
        if let Some(retention) = retention {
            kept.database.forget(retention).map_err(failed)?;
        }
        Ok(Some(lock))
    }

    /// What its tenant's quota says to one more scan; `None`: nothing.
    pub(super) fn over_quota(&self) -> Result<Option<OverQuota>, Failure> {
        let Some(kept) = &self.kept else { return Ok(None) };
        Ok(kept.database.may_scan(&self.tenant).map_err(|error| kept.failed(&error))?.err())
    }

    /// Where it is kept, if it is.
    pub(super) fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    fn scanning<'s>(&'s self, clock: &'s dyn WallClock) -> Scanning<'s> {
        let store = self.kept.as_ref().map(|kept| &*kept.database as &dyn ScanStore);
        Scanning {
            store,
            clock,
            actor: &self.actor,
            closed_after: self.configuration.scan.closed_after,
            patience: None,
        }
    }

    /// Scans.
    pub(super) fn scan(
        &self,
        order: &Order,
        scanner: &dyn Scanner,
        watch: &mut dyn ScanWatch,
        cancel: &Cancel,
    ) -> Result<Scanned, Failure> {
        let kept = self.kept.as_ref().map(|kept| (&*kept.database, &self.tenant));
        let (run, ends) = (AtomicU64::new(0), AtomicBool::new(false));
        let scanned = thread::scope(|scope| {
            let listening = scope.spawn(|| listen(kept, &run, cancel, &ends));
            let mut begun = Begun { watch, run: &run };
            let scanned = self.scanning(&SystemClock).run(&self.tenant, order, scanner, &mut begun, cancel);
            ends.store(true, Relaxed);
            listening.thread().unpark();
            scanned
        });
        scanned.map_err(|error| match &self.kept {
            Some(kept) => kept.failed(&error),
            None => Failure::new(error),
        })
    }

    /// Keeps that a schedule's scan was whole at this time.
    pub(super) fn whole(&self, name: &ScanName, at: i64) -> Result<(), Failure> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let standing = kept.database.stands_since(&self.tenant, name, at).and_then(|standing| {
            kept.database.set_standing(&self.tenant, name, Standing { whole: Some(at), ..standing })
        });
        standing.map_err(|error| kept.failed(&error))
    }

    /// Keeps that a scan was not made.
    pub(super) fn refuse(
        &self,
        name: &ScanName,
        scanner: ScannerKind,
        why: Broken,
    ) -> Result<Scanned, Failure> {
        let refused = self.scanning(&SystemClock).refuse(&self.tenant, name, scanner, why);
        refused.map_err(|error| match &self.kept {
            Some(kept) => kept.failed(&error),
            None => Failure::new(error),
        })
    }

    /// Takes a file.
    pub(super) fn import(
        &self,
        name: &ScanName,
        path: &Path,
        file: impl Read,
        watch: &mut dyn ScanWatch,
    ) -> Result<Scanned, Failure> {
        let imported = self.scanning(&SystemClock).import(&self.tenant, name, file, watch);
        imported.map_err(|error| match (&error, &self.kept) {
            (ImportError::Store(error), Some(kept)) => kept.failed(error),
            _ => Failure::new(format!("{}: {error}", path.display())).hint(error.hint()),
        })
    }

    /// Has rules judge what was found, tells it, and what was not taken or not made in time.
    pub(super) fn finish(
        self,
        scanned: Vec<Scanned>,
        failures: Vec<Failure>,
        late: Vec<Late>,
    ) -> Result<Exit, Failure> {
        for failure in &failures {
            self.screen.fail(failure);
        }
        for broken in scanned.iter().filter_map(|one| one.broken.as_ref()) {
            self.screen.warning(&format!("the scan did not see all: {}", broken.detail));
        }
        let whole = failures.is_empty() && scanned.iter().all(|one| one.broken.is_none());
        let found: Vec<(&Scanned, Lines)> =
            scanned.iter().map(|one| (one, Lines::of(self.lines(one)))).collect();
        if self.arguments.format == Format::Human {
            let (width, zone) = (self.screen.width(), &self.zone);
            self.screen.put(|out| {
                let page =
                    |(one, lines): &(&Scanned, Lines)| scans::page(out, one, &|| lines.all(), width, zone);
                found.iter().try_for_each(page)
            })?;
        }
        let telling = Telling::new(&self.arguments, &self.zone, self.screen);
        let exit = self.judge(&scanned, &late, telling.watch())?;
        if self.arguments.format != Format::Human {
            let mut scans = Vec::with_capacity(found.len());
            for (one, lines) in &found {
                scans.push((self.object(one)?, lines.again()));
            }
            telling.finish(scans)?;
        }
        found.iter().try_for_each(|(_, lines)| lines.whole())?;
        Ok(if whole { exit } else { Exit::Incomplete })
    }

    /// A scan without its findings, as a program reads it: what is kept of it, if it is.
    fn object(&self, scanned: &Scanned) -> Result<Value, Failure> {
        let run = match self.kept.as_ref().zip(scanned.origin.run) {
            Some((kept, run)) => kept.database.run(&self.tenant, run).map_err(|error| kept.failed(&error))?,
            None => None,
        };
        Ok(run.map_or_else(|| scans::made(scanned), |run| scans::run(&run)))
    }

    /// What a scan has found, as lines: what is kept is read where it is kept.
    fn lines(&self, scanned: &Scanned) -> Arc<dyn HeldLines> {
        match self.kept.as_ref().zip(scanned.origin.run) {
            Some((kept, run)) => self.kept_lines(kept, run),
            None => Arc::new(lines::Unkept(scanned.clone())),
        }
    }

    fn kept_lines(&self, kept: &Kept, run: u64) -> Arc<dyn HeldLines> {
        let (database, tenant) = (Arc::clone(&kept.database), self.tenant.clone());
        Arc::new(lines::Kept { database, tenant, run })
    }

    fn judge(&self, scanned: &[Scanned], late: &[Late], mut watch: Watch) -> Result<Exit, Failure> {
        let failed =
            |error: &_| self.kept.as_ref().map_or_else(|| Failure::new(error), |kept| kept.failed(error));
        let (sources, runs) = self.sources(scanned, late).map_err(|error| failed(&error))?;
        let options = CheckOptions {
            packs: self.packs.clone(),
            sources,
            threads: crew::cores(),
            year: None,
            timezone: TimeZone::UTC,
            format: None,
            matches: false,
            stats: false,
            store: self.kept.as_ref().map(Kept::keeping),
        };
        // Whoever has cancelled the scan wants to know what it found until then.
        let stop = Stop::new(false);
        let outcome =
            check::run(options, Arc::clone(&self.sandbox), &mut watch, &stop).map_err(Failure::new)?;
        if let Some(kept) = self.kept.as_ref().filter(|_| is_judged(&outcome)) {
            for run in runs {
                kept.database.judged(&self.tenant, run).map_err(|error| kept.failed(&error))?;
            }
            late.iter().try_for_each(|one| self.told(kept, one)).map_err(|error| kept.failed(&error))?;
        }
        told(outcome, 0, self.kept.as_ref(), watch, self.screen, self.arguments.fail_on)
    }

    /// Keeps that rules have heard of one that is late.
    fn told(&self, kept: &Kept, late: &Late) -> Result<(), StoreError> {
        let standing = kept.database.stands_since(&self.tenant, &late.name, late.at)?;
        let standing = Standing { told: Some(late.overdue.due), ..standing };
        kept.database.set_standing(&self.tenant, &late.name, standing)
    }

    /// What is to be judged: with a store also what an earlier scan has left, and the numbers of those runs.
    fn sources(&self, scanned: &[Scanned], late: &[Late]) -> Result<(Vec<Source>, Vec<u64>), StoreError> {
        let mut files: BTreeMap<String, Files> = BTreeMap::new();
        let mut runs = Vec::new();
        match &self.kept {
            Some(kept) => {
                for run in kept.database.unjudged(&self.tenant)? {
                    let lines = self.kept_lines(kept, run.number);
                    files.entry(run.name.source()).or_default().push((run.number, lines));
                    runs.push(run.number);
                }
            }
            None => {
                for (number, one) in (1..).zip(scanned) {
                    files.entry(one.origin.scan.source()).or_default().push((number, self.lines(one)));
                }
            }
        }
        for Late { name, overdue, at } in late {
            // No run has a number as high as a time.
            let number = overdue.due.unsigned_abs();
            let line = overdue.finding(*at).line(&Overdue::origin(name)) + "\n";
            let lines: Arc<[u8]> = line.into_bytes().into();
            files.entry(name.source()).or_default().push((number, Arc::new(lines)));
        }
        let source = |(name, files): (String, Files)| -> Result<Source, StoreError> {
            let held = Source::held(&name, files).map_err(|error| StoreError::Io(Arc::new(error)))?;
            Ok(held.with_format(InputFormat::Finding))
        };
        Ok((files.into_iter().map(source).collect::<Result<_, _>>()?, runs))
    }
}

/// Findings of a source's runs, by their numbers.
type Files = Vec<(u64, Arc<dyn HeldLines>)>;

fn is_judged(outcome: &Outcome) -> bool {
    // Findings that could not be read are brought again.
    outcome.store_error.is_none() && !outcome.stopped && outcome.errors.is_empty()
}

/// Waits for whoever wants the run broken off from elsewhere.
fn listen(kept: Option<(&Database, &Tenant)>, run: &AtomicU64, cancel: &Cancel, ends: &AtomicBool) {
    let Some((database, tenant)) = kept else { return };
    while !ends.load(Relaxed) {
        // A database that is busy is asked again.
        let number = run.load(Relaxed);
        if number > 0 && database.is_cancelled(tenant, number).unwrap_or(false) {
            cancel.cancel();
        }
        thread::park_timeout(LOOK);
    }
}

/// Learns which run it is.
struct Begun<'w> {
    watch: &'w mut dyn ScanWatch,
    run: &'w AtomicU64,
}

impl ScanWatch for Begun<'_> {
    fn begun(&mut self, run: Option<u64>) {
        self.run.store(run.unwrap_or(0), Relaxed);
        self.watch.begun(run);
    }

    fn host(&mut self, host: Host) {
        self.watch.host(host);
    }

    fn progress(&mut self, progress: &Progress) {
        self.watch.progress(progress);
    }
}
