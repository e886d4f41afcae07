//! One run of a scan, from its beginning on record to its findings.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::addresses::Addresses;
use super::difference::Comparing;
use super::finding::{Finding, FindingKind, Origin};
use super::found::{Findings, Found};
use super::gathering::Gathering;
use super::host::Protocol;
use super::known::Baseline;
use super::order::{Order, ScanName};
use super::ports::Ports;
use super::record::{NewRun, RunEnd, RunState, ScanStore};
use super::scanner::{Broken, Cancel, Ended, Reason, Scanner, ScannerKind, Watch};
use super::seen::{Counts, Seen};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::wall_clock::WallClock;

/// Who scans, and where that is kept.
#[derive(Clone, Copy)]
pub struct Scanning<'a> {
    /// The store; `None`: nothing is known, and nothing is kept.
    pub store: Option<&'a dyn ScanStore>,
    /// The time.
    pub clock: &'a dyn WallClock,
    /// Who asks for it.
    pub actor: &'a Actor,
    /// Scans in a row that do not find what was there, after which it counts as closed or gone.
    pub closed_after: u32,
    /// Who waits for a store that does not take what came of a run now; `None`: nobody.
    pub patience: Option<&'a dyn Patience>,
}

/// Waits for a store.
pub trait Patience: Sync {
    /// Whether it is tried again after this; it may wait until then.
    fn again(&self, error: &StoreError) -> bool;
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// Which it is.
    pub origin: Origin,
    /// How it ended.
    pub state: RunState,
    /// Why it is not whole.
    pub broken: Option<Broken>,
    /// When it began and ended, nanoseconds since 1970.
    pub began: i64,
    /// When it ended.
    pub ended: i64,
    /// Which addresses it was asked for, if that is known, …
    pub addresses: Option<Addresses>,
    /// … and which ports.
    pub ports: Option<Ports>,
    /// It in figures.
    pub counts: Counts,
    /// How many of its findings are changes.
    pub changes: u64,
    /// What it found, where nothing is kept.
    found: Option<Arc<Found>>,
}

impl Scanned {
    /// What it found, where nothing is kept; else the store has it, and there is none here.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + Send + 'static {
        self.found.as_ref().map(Findings::of).into_iter().flatten()
    }
}

/// What of a run is compared: baselines, and which ports were asked for each.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) seen: Seen,
    pub(super) baselines: Vec<(Baseline, Option<Ports>)>,
}

impl Scanning<'_> {
    /// Scans. A run that is begun is ended, but if the program dies: then [`Scanning::tidy`] ends it.
    pub fn run(
        &self,
        tenant: &Tenant,
        order: &Order,
        scanner: &dyn Scanner,
        watch: &mut dyn Watch,
        cancel: &Cancel,
    ) -> Result<Scanned, StoreError> {
        let began = self.clock.now();
        let run = NewRun {
            name: order.name.clone(),
            scanner: scanner.kind(),
            author: self.actor.clone(),
            started: began,
            addresses: Some(order.addresses.clone()),
            ports: Some(order.ports.clone()),
        };
        let number = self.store.map(|store| store.begin(tenant, run)).transpose()?;
        watch.begun(number);
        let mut gathering = Gathering::new(Some(order), watch);
        let ended = scanner.scan(order, &mut gathering, cancel);
        let ended = gathering.bounded(ended);
        let mut seen = gathering.seen;
        seen.addresses = Some(order.addresses.clone());
        seen.scripts = order.scripts.iter().map(|script| script.to_string()).collect();
        let baseline = Baseline {
            name: order.name.clone(),
            scanner: scanner.kind(),
            technique: scanner.technique(order).into(),
            protocol: Protocol::Tcp,
            privileged: order.privileged,
        };
        let compared = Compared { seen, baselines: vec![(baseline, Some(order.ports.clone()))] };
        let origin = Origin { scan: order.name.clone(), run: number, scanner: scanner.kind() };
        self.finish(tenant, origin, began, self.clock.now(), compared, ended)
    }

    /// Keeps that a scan was not made, for one that nobody waits for: rules hear of it.
    pub fn refuse(
        &self,
        tenant: &Tenant,
        name: &ScanName,
        scanner: ScannerKind,
        broken: Broken,
    ) -> Result<Scanned, StoreError> {
        let at = self.clock.now();
        let author = self.actor.clone();
        let run = NewRun { name: name.clone(), scanner, author, started: at, addresses: None, ports: None };
        let number = self.store.map(|store| store.begin_refused(tenant, run)).transpose()?;
        let origin = Origin { scan: name.clone(), run: number, scanner };
        let ended = Ended { broken: Some(broken), ..Ended::default() };
        self.finish(tenant, origin, at, at, Compared::default(), ended)
    }

    /// Compares, and keeps what became of the run.
    pub(super) fn finish(
        &self,
        tenant: &Tenant,
        origin: Origin,
        began: i64,
        at: i64,
        compared: Compared,
        ended: Ended,
    ) -> Result<Scanned, StoreError> {
        let Compared { mut seen, baselines } = compared;
        (seen.ended, seen.whole) = (at, ended.told_all);
        let addresses = seen.addresses.clone();
        let ports = baselines.first().and_then(|(_, ports)| ports.clone());
        let protocols: BTreeSet<Protocol> = baselines.iter().map(|(baseline, _)| baseline.protocol).collect();
        let counts = seen.counts(&protocols);
        let Counts { up, unknown, open } = counts;
        let state = state(ended.broken.as_ref(), up + unknown);
        // One that is broken and has seen nothing says nothing of what was there.
        let compares = ended.broken.is_none() || up + unknown > 0;
        let how = |(at, (baseline, ports)): (usize, (Baseline, Option<Ports>))| {
            // Whoever scans now and then asks for something else each time, and knows that.
            let coverage = baseline.name != ScanName::default();
            let (protocol, closed_after) = (baseline.protocol, self.closed_after.max(1));
            (baseline, Comparing { protocol, ports, closed_after, hosts: at == 0, coverage })
        };
        let compared = baselines.into_iter().enumerate().filter(|_| compares).map(how).collect();
        let of_run = ended.broken.clone().map(|broken| {
            let kind = if compares { FindingKind::ScanPartial } else { FindingKind::ScanFailed };
            let (broken, hosts, unknown_hosts) = (Some(broken), Some(up), Some(unknown));
            Finding { broken, hosts, unknown_hosts, ..Finding::new(kind, at) }
        });
        let found = Arc::new(Found { origin: origin.clone(), seen, compared, of_run });
        let mut scanned = Scanned {
            origin,
            state,
            broken: ended.broken,
            began,
            ended: at,
            addresses,
            ports,
            counts,
            changes: 0,
            found: None,
        };
        match self.store.zip(scanned.origin.run) {
            Some((store, run)) => {
                let broken = scanned.broken.clone();
                // It may be large: there is one of it, however often it is tried.
                let by = self.actor.clone();
                let end = Arc::new(RunEnd { by, state, ended: at, broken, up, unknown, open, found });
                // What took hours to find is not lost because the store is busy for a while.
                match self.patiently(|| store.end(tenant, run, Arc::clone(&end))) {
                    // Its run has gone with its tenant.
                    Err(StoreError::Departed(_)) => {}
                    // Nothing of it is kept but that, or that somebody has broken it off.
                    Err(StoreError::Over(_, over)) if !end.is_bare() => {
                        let cancelled = scanned.broken.filter(|_| state == RunState::Cancelled);
                        let broken = cancelled.or(Some(Broken::new(Reason::Quota, over.to_string())));
                        let ended = Ended { broken, ..Ended::default() };
                        return self.finish(tenant, scanned.origin, began, at, Compared::default(), ended);
                    }
                    kept => scanned.changes = kept?,
                }
            }
            None => {
                scanned.changes = Findings::of(&found).filter(Finding::is_change).count() as u64;
                scanned.found = Some(found);
            }
        }
        Ok(scanned)
    }

    fn patiently<T>(&self, ask: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        loop {
            match ask() {
                Err(error) if self.patience.is_some_and(|patience| patience.again(&error)) => {}
                answer => return answer,
            }
        }
    }

    /// Ends runs of programs that died. Only whoever holds the lock of [`ScanStore::scanning`] can tell that they did.
    pub fn tidy(&self) -> Result<u64, StoreError> {
        let Some(store) = self.store else { return Ok(0) };
        let running = store.running()?;
        for (tenant, run) in &running {
            let at = self.clock.now();
            let origin = Origin { scan: run.name.clone(), run: Some(run.number), scanner: run.scanner };
            let ended = Ended { broken: Some(Broken::died()), ..Ended::default() };
            self.finish(tenant, origin, run.started, at, Compared::default(), ended)?;
        }
        Ok(running.len() as u64)
    }
}

fn state(broken: Option<&Broken>, hosts: u64) -> RunState {
    match broken.map(|broken| broken.reason) {
        None => RunState::Done,
        Some(Reason::Cancelled) => RunState::Cancelled,
        Some(_) if hosts == 0 => RunState::Failed,
        Some(_) => RunState::Partial,
    }
}
