//! One run of a scan, from its beginning on record to its findings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::difference::{Comparing, compare};
use super::finding::{Finding, FindingKind, Origin};
use super::host::{Host, Protocol, ScriptResult};
use super::known::{Baseline, Known};
use super::order::{Order, ScanName};
use super::record::{NewRun, RunEnd, RunState, ScanStore};
use super::scanner::{Broken, Cancel, Ended, Progress, Reason, Scanner, ScannerKind, Watch};
use super::seen::{Presence, Seen};
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// What it saw, by each protocol.
    pub seen: BTreeMap<Protocol, Seen>,
    /// What is new, and what is as before.
    pub findings: Vec<Finding>,
}

/// What of a run is compared.
pub(super) struct Compared {
    pub(super) seen: BTreeMap<Protocol, Seen>,
    pub(super) baselines: Vec<Baseline>,
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
        let mut gathering = Gathering { asked: Some(order), seen: BTreeMap::new(), watch, findings: 0 };
        let ended = scanner.scan(order, &mut gathering, cancel);
        let ended = gathering.bounded(ended);
        let mut seen = gathering.seen.remove(&Protocol::Tcp).unwrap_or_default();
        seen.addresses = Some(order.addresses.clone());
        seen.ports = Some(order.ports.clone());
        seen.scripts = order.scripts.iter().map(|script| script.to_string()).collect();
        let baseline = Baseline {
            name: order.name.clone(),
            scanner: scanner.kind(),
            technique: scanner.technique(order).into(),
            protocol: Protocol::Tcp,
            privileged: order.privileged,
        };
        let compared = Compared { seen: [(Protocol::Tcp, seen)].into(), baselines: vec![baseline] };
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
        let number = self.store.map(|store| store.begin(tenant, run)).transpose()?;
        let origin = Origin { scan: name.clone(), run: number, scanner };
        let ended = Ended { broken: Some(broken), ..Ended::default() };
        let nothing = Compared { seen: BTreeMap::new(), baselines: Vec::new() };
        self.finish(tenant, origin, at, at, nothing, ended)
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
        for seen in seen.values_mut() {
            (seen.ended, seen.whole) = (at, ended.told_all);
        }
        let first = seen.values().next();
        let count = |presence| first.map_or(0, |seen| seen.count(presence));
        let (up, unknown) = (count(Presence::Up), count(Presence::Unknown));
        let state = state(ended.broken.as_ref(), up + unknown);
        let (mut findings, mut known) = (Vec::new(), Vec::new());
        // One that is broken and has seen nothing says nothing of what was there.
        let compares = ended.broken.is_none() || up + unknown > 0;
        for (at, baseline) in baselines.into_iter().enumerate().filter(|_| compares) {
            let Some(seen) = seen.get(&baseline.protocol) else { continue };
            let before = self.store.map(|store| self.patiently(|| store.known(tenant, &baseline)));
            let before = before.transpose()?.flatten();
            let before = before.map_or_else(Known::default, |(known, _)| known);
            let closed_after = self.closed_after.max(1);
            // Whoever scans now and then asks for something else each time, and knows that.
            let coverage = baseline.name != ScanName::default();
            let how = Comparing { protocol: baseline.protocol, closed_after, hosts: at == 0, coverage };
            let (found, now) = compare(before, seen, how);
            findings.extend(found);
            known.push((baseline, now));
        }
        if let Some(broken) = &ended.broken {
            let kind = if compares { FindingKind::ScanPartial } else { FindingKind::ScanFailed };
            let (broken, hosts, unknown_hosts) = (Some(broken.clone()), Some(up), Some(unknown));
            findings.push(Finding { broken, hosts, unknown_hosts, ..Finding::new(kind, at) });
        }
        if let Some((store, run)) = self.store.zip(origin.run) {
            let lines = findings.iter().map(|finding| finding.line(&origin)).collect();
            let open = seen.values().map(Seen::open).sum();
            let broken = ended.broken.clone();
            // It may be large: there is one of it, however often it is tried.
            let end = Arc::new(RunEnd { state, ended: at, broken, up, unknown, open, known, lines });
            // What took hours to find is not lost because the store is busy for a while.
            self.patiently(|| store.end(tenant, run, Arc::clone(&end)))?;
        }
        Ok(Scanned { origin, state, broken: ended.broken, began, ended: at, seen, findings })
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
            let detail = "the program that scanned ended in the middle of it";
            let broken = Broken::new(Reason::Exit, detail);
            let ended = Ended { broken: Some(broken), ..Ended::default() };
            let nothing = Compared { seen: BTreeMap::new(), baselines: Vec::new() };
            self.finish(tenant, origin, run.started, at, nothing, ended)?;
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

/// Open ports and answers of scripts in one scan: each is a finding. A tarpit has all ports open; what comes behind so
/// many is not known.
const FINDINGS: usize = 250_000;

/// Puts together what a scanner tells of hosts, as far as it was asked for them.
pub(super) struct Gathering<'a> {
    pub(super) asked: Option<&'a Order>,
    pub(super) seen: BTreeMap<Protocol, Seen>,
    pub(super) watch: &'a mut dyn Watch,
    /// Ports that are or may be open so far, and answers of scripts.
    pub(super) findings: usize,
}

impl Gathering<'_> {
    /// How it ended: not well, if more was found than is kept.
    pub(super) fn bounded(&self, ended: Ended) -> Ended {
        if self.findings <= FINDINGS {
            return ended;
        }
        let detail = format!(
            "more than {FINDINGS} ports are open or scripts answer; of the hosts behind them nothing is known"
        );
        let broken = ended.broken.or_else(|| Some(Broken::new(Reason::Truncated, detail)));
        Ended { broken, ..ended }
    }
}

impl Watch for Gathering<'_> {
    fn host(&mut self, mut host: Host) {
        let Some(address) = host.address else { return };
        if let Some(order) = self.asked {
            if !order.addresses.contains(address) {
                return;
            }
            host.name = host.name.or_else(|| order.names.get(&address).cloned());
            // Who asks for services has nmap run scripts that nobody listed: what they say is not what was asked.
            let is_asked = |one: &ScriptResult| order.scripts.iter().any(|asked| asked.as_str() == one.id);
            host.scripts.retain(is_asked);
            host.ports.iter_mut().for_each(|port| port.scripts.retain(is_asked));
        }
        let open = host.ports.iter().filter(|port| port.state.may_be_open() == Some(true)).count();
        let scripts = host.ports.iter().map(|port| port.scripts.len()).sum::<usize>() + host.scripts.len();
        self.findings += open + scripts;
        host.timed_out |= self.findings > FINDINGS;
        // What is asked for here is TCP; a file tells only by its hosts what it is of.
        let protocols = if self.asked.is_some() { &[Protocol::Tcp][..] } else { Protocol::ALL };
        for protocol in protocols {
            self.seen.entry(*protocol).or_default().add(&host, *protocol);
        }
        self.watch.host(host);
    }

    fn progress(&mut self, progress: &Progress) {
        self.watch.progress(progress);
    }
}
