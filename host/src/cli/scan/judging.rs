use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tripline_engine::Configured;
use tripline_engine::decode::Format as InputFormat;
use tripline_engine::sandbox::Sandbox;

use crate::check::{self, CheckOptions, Outcome, Source, Stop};
use crate::cli::arguments::{Format, JudgeArguments, KeepArguments};
use crate::cli::check::{cores, told};
use crate::cli::exit::Exit;
use crate::cli::kept::{self, Kept};
use crate::cli::watch::Watch;
use crate::cli::{Failure, Screen, packs, sandbox};
use crate::commit::{Store, StoreError, Tenant};
use crate::configuration::Configuration;
use crate::incidents::Actor;
use crate::report::human::{Human, Look};
use crate::report::json::Json;
use crate::report::ndjson::Ndjson;
use crate::report::{Printer, scans, strict_json};
use crate::scans::{
    Broken, Cancel, Host, ImportError, Order, Overdue, Progress, ScanLock, ScanName, ScanStore, Scanned,
    Scanner, ScannerKind, Scanning, ScheduleStore, Standing, Watch as ScanWatch,
};
use crate::store::Database;
use crate::wall_clock::{SystemClock, WallClock};

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
        let packs = packs::configured(&arguments.packs, configuration)?;
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
            let hint = "run it again when the other has ended";
            let message =
                format!("{path}: expected no other scan on the database, found one that is running");
            return Err(Failure::new(message).hint(Some(hint)));
        };
        // Who could not judge afterwards should not scan.
        drop(kept.database.checker().map_err(failed)?);
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
        file: File,
        watch: &mut dyn ScanWatch,
    ) -> Result<Scanned, Failure> {
        let imported = self.scanning(&SystemClock).import(&self.tenant, name, file, watch);
        imported.map_err(|error| match (&error, &self.kept) {
            (ImportError::Store(error), Some(kept)) => kept.failed(error),
            _ => Failure::new(format!("{}: {error}", path.display())),
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
        if self.arguments.format == Format::Human {
            let (width, zone) = (self.screen.width(), &self.zone);
            self.screen.put(|out| scanned.iter().try_for_each(|one| scans::page(out, one, width, zone)))?;
        }
        let told = Buffer::default();
        if self.arguments.format == Format::Ndjson {
            self.screen.put(|out| {
                scanned.iter().flat_map(scans::objects).try_for_each(|object| {
                    strict_json::write(out, &object)?;
                    out.write_all(b"\n")
                })
            })?;
        }
        let exit = self.judge(&scanned, &late, told.clone())?;
        if self.arguments.format == Format::Json {
            let check: Value = serde_json::from_slice(&told.taken()).unwrap_or_default();
            let scans: Vec<Value> = scanned.iter().map(scans::document).collect();
            self.screen.put(|out| {
                strict_json::write_pretty(out, &json!({ "scans": scans, "check": check }))?;
                out.write_all(b"\n")
            })?;
        }
        Ok(if whole { exit } else { Exit::Incomplete })
    }

    fn judge(&self, scanned: &[Scanned], late: &[Late], document: Buffer) -> Result<Exit, Failure> {
        let failed =
            |error: &_| self.kept.as_ref().map_or_else(|| Failure::new(error), |kept| kept.failed(error));
        let (sources, runs) = self.sources(scanned, late).map_err(|error| failed(&error))?;
        let mut watch = Watch::new(self.printer(document), None);
        let options = CheckOptions {
            packs: self.packs.clone(),
            sources,
            threads: cores(),
            year: None,
            timezone: TimeZone::UTC,
            format: None,
            matches: false,
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
                    let lines = kept.database.findings(&self.tenant, run.number, 0, u32::MAX)?;
                    files
                        .entry(run.name.source())
                        .or_default()
                        .push((run.number, text(lines.into_iter().map(|(_, line)| line))));
                    runs.push(run.number);
                }
            }
            None => {
                for (number, one) in (1..).zip(scanned) {
                    let lines = one.findings.iter().map(|finding| finding.line(&one.origin));
                    files.entry(one.origin.scan.source()).or_default().push((number, text(lines)));
                }
            }
        }
        for Late { name, overdue, at } in late {
            // No run has a number as high as a time.
            let number = overdue.due.unsigned_abs();
            let line = overdue.finding(*at).line(&Overdue::origin(name));
            files.entry(name.source()).or_default().push((number, text([line])));
        }
        let source =
            |(name, files): (String, Files)| Source::held(&name, files).with_format(InputFormat::Finding);
        Ok((files.into_iter().map(source).collect(), runs))
    }

    fn printer(&self, document: Buffer) -> Box<dyn Printer> {
        let logs = self.arguments.verbose;
        match self.arguments.format {
            Format::Human => {
                let look = Look { width: self.screen.width(), zone: self.zone.clone(), logs };
                Box::new(Human::new(self.screen.coloured(), look))
            }
            Format::Ndjson => Box::new(Ndjson::new(self.screen.plain(), logs)),
            Format::Json => Box::new(Json::new(document, false, logs)),
        }
    }
}

/// Findings of a source's runs, by their numbers.
type Files = Vec<(u64, Vec<u8>)>;

/// Lines, each with its end.
fn text(lines: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

fn is_judged(outcome: &Outcome) -> bool {
    outcome.store_error.is_none() && !outcome.stopped
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

/// What a printer has put out, to become a part of something.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn taken(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
