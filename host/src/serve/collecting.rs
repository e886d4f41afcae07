//! The collecting thread: blocks back in the order of their arrival, runs to the judges, barriers to the store.
//!
//! ```text
//!   came of a tenant   ▸ ▸ ▸ mark ▸ ▸ ▸          each judge's part, once it has judged up to the mark
//!                            └─► open ─► all parts ─► ready ─► store: one transaction for all that are ready
//! ```
//!
//! A tenant whose packs are slow is open for longer, and nobody else waits for it. Its next mark is set when what it had
//! for the last one has gone to the store: where much comes, one barrier is made ready while the one before is written.
//! One that has other packs from some place on goes over to them when the mark there is on disk: nothing of it comes until
//! then.

mod disk;
mod marking;
mod swapping;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, select, unbounded};
use tripline_engine::line::{Foot, Mark};
use tripline_engine::merge::{Run, Scanned};
use tripline_engine::suspensions;

pub(super) use self::disk::Disk;
use super::Event;
use super::coming::Coming;
use super::modules::Starved;
use super::passing::{Ack, Fed, Part, Swap, What, Work};
use super::remembered::Remembered;
use super::sets::PackSets;
use super::shared::Shared;
use super::turns::Turn;
use crate::commit::{Commit, FilePosition, Tenant};

/// Decisions that wait in memory for a barrier, at most about so many; as many may be in one that is ready, and in one that
/// is underway.
const DECISIONS: u64 = 4096;
/// Whoever waits for a batch's commit does not wait for the barrier's time, but for this, unless they have much; nor does a
/// tenant that is ready wait for longer for others that are to be committed with it.
const SOON: Duration = Duration::from_millis(20);
/// So long after a mark the next is set, though the barrier before is not on disk.
const LONG: Duration = Duration::from_secs(1);
/// How far time is told to pass behind the clock, nanoseconds: what is late by less is not late.
const BEHIND: i64 = 5_000_000_000;

/// Those who judge.
pub(super) struct Judged<'a> {
    pub(super) judges: Vec<Sender<Work>>,
    /// Decisions of all judges so far.
    pub(super) decided: &'a AtomicU64,
    /// One of them has more instances than it may.
    pub(super) crowded: &'a AtomicBool,
    /// Judges that wait for room for an instance.
    pub(super) starved: Arc<Starved>,
    /// What packs remember, on its way to barriers.
    pub(super) remembered: &'a Remembered,
}

/// What the collector works with.
pub(super) struct Collecting<'a> {
    shared: &'a Shared<'a>,
    sets: &'a PackSets,
    judged: Judged<'a>,
    disk: Disk,
    /// Tenants that there are.
    tenants: HashSet<Tenant>,
    /// Blocks come back in any order.
    coming: Coming,
    /// What has come of each tenant since its last mark.
    since: HashMap<Tenant, Pending>,
    /// Tenants not all parts of which have come.
    open: HashMap<Tenant, Open>,
    /// Tenants that are to be committed, and since when they wait.
    ready: HashMap<Tenant, Pending>,
    waits: Instant,
    parts: (Sender<Part>, Receiver<Part>),
    /// Tenants that are to have other packs.
    swaps: HashMap<Tenant, Swap>,
    /// Packs whose patterns are over their budget.
    suspended: HashSet<(Tenant, usize)>,
    /// So much has come since the last mark that no more may, of tenants for which no other can be set yet.
    is_much: bool,
}

/// What is to be committed of one tenant.
#[derive(Default)]
struct Pending {
    commit: Commit,
    /// Where each file can be read on.
    positions: HashMap<u32, (FilePosition, Option<Foot>)>,
    acks: Vec<Ack>,
    /// Bytes of lines.
    bytes: usize,
    /// Places that are given back with the next mark only: what comes behind them waits where it is read.
    turns: Vec<Arc<Turn>>,
}

/// A mark was set.
struct Open {
    pending: Pending,
    /// Judges that have not come to it.
    missing: usize,
}

/// A judge is gone: what it had is in no part, and nothing may be committed any more that lies behind it.
struct Gone;

impl<'a> Collecting<'a> {
    pub(super) fn new(
        shared: &'a Shared<'a>,
        sets: &'a PackSets,
        judged: Judged<'a>,
        disk: Disk,
        tenants: Vec<Tenant>,
    ) -> Collecting<'a> {
        Collecting {
            shared,
            sets,
            judged,
            disk,
            tenants: tenants.into_iter().collect(),
            coming: Coming::default(),
            since: HashMap::new(),
            open: HashMap::new(),
            ready: HashMap::new(),
            waits: Instant::now(),
            // Bounded by the marks that are open.
            parts: unbounded(),
            swaps: HashMap::new(),
            suspended: HashSet::new(),
            is_much: false,
        }
    }

    /// Collects until no more comes; then all of it is judged and on disk, or was given up: positions must not go over
    /// decisions that are lost, and all of it is read again by the next run. What is fed is taken by value: once nobody
    /// collects it, whoever feeds must not wait.
    pub(super) fn run(mut self, fed: Receiver<Fed>) {
        let (mut marked, mut at_mark) = (Instant::now(), 0);
        let (nothing, mut has_ended) = (never(), false);
        loop {
            let fed = if has_ended { &nothing } else { &fed };
            let (parts, stored) = (self.parts.1.clone(), self.disk.answers().clone());
            let mut is_idle = false;
            select! {
                recv(fed) -> came => match came {
                    Ok(fed) => {
                        let tenant = fed.tenant.clone();
                        let all = self.coming.come(fed);
                        all.into_iter().for_each(|what| self.take(tenant.clone(), what));
                    }
                    Err(_) => {
                        has_ended = true;
                        // What belongs to it will not come.
                        self.coming.end().iter().for_each(|tenant| drop(self.since.remove(tenant)));
                    }
                },
                recv(parts) -> part => part.into_iter().for_each(|part| self.part(part)),
                recv(stored) -> stored => match stored {
                    Ok(()) => self.disk.stored(),
                    // The barrier was given up.
                    Err(_) => return,
                },
                default(self.pause()) => is_idle = true,
            }
            match self.judged.starved.change() {
                Some(Some(words)) => {
                    self.shared.health.sandbox_waits(true);
                    self.shared.tell(Event::Starved(words));
                }
                Some(None) => {
                    self.shared.health.sandbox_waits(false);
                    self.shared.tell(Event::Fed);
                }
                None => {}
            }
            self.shared.health.accounts().step(self.shared.clock.steady());
            let decided = self.judged.decided.load(Relaxed) - at_mark;
            let elapsed = marked.elapsed();
            self.is_much = decided >= DECISIONS || elapsed >= LONG;
            let due = has_ended || self.is_due(decided, elapsed);
            if due && (has_ended || self.is_much || self.disk.has_stored()) {
                if self.mark().is_err() {
                    return;
                }
                (marked, at_mark) = (Instant::now(), self.judged.decided.load(Relaxed));
                self.is_much = false;
            }
            // Where nothing comes any more, no mark tells that a judge is gone.
            let is_left = is_idle && self.shared.control.is_stopping();
            if self.swap().is_err() || is_left && self.rest().is_err() {
                return;
            }
            if !self.commit() || has_ended && self.is_done() {
                return;
            }
        }
    }

    /// How long nothing has to be done.
    fn pause(&self) -> Duration {
        let waits = self.since.values().any(|pending| !pending.acks.is_empty()) || !self.ready.is_empty();
        if waits || !self.swaps.is_empty() { SOON } else { self.shared.pause }
    }

    /// Whether a mark may be set for it: none is open, nothing waits to go to the store, and what belongs together has
    /// come.
    fn is_free(&self, tenant: &Tenant) -> bool {
        !self.coming.is_joined(tenant) && !self.open.contains_key(tenant) && !self.ready.contains_key(tenant)
    }

    fn take(&mut self, tenant: Tenant, what: What) {
        if !self.tenants.contains(&tenant) {
            self.tenants.insert(tenant.clone());
        }
        match what {
            What::Matched { source, block, matched, took, turn } => {
                let (lines, bytes) = (block.lines.len() as u64, block.bytes.len() as u64);
                self.shared.health.accounts().came(&tenant, lines, bytes, took);
                self.spend(&tenant, took);
                self.judge(tenant, Scanned { source, block, matched }, turn);
            }
            What::Batch(ack) => {
                let pending = self.since.entry(tenant).or_default();
                pending.commit.batches.extend(ack.key);
                pending.acks.push(ack);
            }
            What::Passed(time) => {
                // A tick has no place that could be kept back. What is left out here, the next time says, too.
                if !self.is_much || self.is_free(&tenant) {
                    for judge in &self.judged.judges {
                        let _ = judge.send(Work::Passed(tenant.clone(), time.saturating_sub(BEHIND)));
                    }
                }
                self.since.entry(tenant).or_default();
            }
            What::Decision(decision) => {
                self.since.entry(tenant).or_default().commit.decisions.push(*decision);
            }
            What::Swap(swap) => {
                // There is a mark at this place, whatever has come before it.
                self.since.entry(tenant.clone()).or_default();
                self.swaps.insert(tenant, swap);
            }
            // Matchers let none through.
            What::Block { .. } => {}
        }
    }

    fn judge(&mut self, tenant: Tenant, scanned: Scanned, turn: Turn) {
        let Mark { file, offset, line, judged, format, year } = scanned.block.after.clone();
        let is_behind = self.is_much && !self.is_free(&tenant);
        let pending = self.since.entry(tenant.clone()).or_default();
        pending.bytes += scanned.block.bytes.len();
        let position = FilePosition { file, offset, line, judged, format, year, latest: None, foot: None };
        pending.positions.insert(file, (position, scanned.block.foot.clone()));
        let turn = Arc::new(turn);
        if is_behind {
            pending.turns.push(Arc::clone(&turn));
        }
        self.suspend(&tenant);
        let events = 0..scanned.matched.len();
        if events.is_empty() {
            return;
        }
        let run = Arc::new(Run { scanned: Arc::new(scanned), events });
        for judge in &self.judged.judges {
            // A judge that is gone is missed at the next mark.
            let _ = judge.send(Work::Run(tenant.clone(), Arc::clone(&run), Arc::clone(&turn)));
        }
    }

    /// Puts those of a tenant's packs out whose patterns are over their budget, or do not compile any more.
    fn suspend(&mut self, tenant: &Tenant) {
        let set = self.sets.of(tenant);
        let over = suspensions(set.matcher()).enumerate();
        let over = over.filter_map(|(pack, fault)| Some((pack, fault?)));
        for (pack, fault) in over.chain(set.broken()) {
            if self.suspended.insert((tenant.clone(), pack)) {
                for judge in &self.judged.judges {
                    let _ = judge.send(Work::Suspend(tenant.clone(), pack, fault.clone()));
                }
            }
        }
    }

    /// So much was spent on matching a tenant's lines, or on judging them.
    fn spend(&self, tenant: &Tenant, time: Duration) {
        if let Some(quotas) = self.shared.quotas {
            quotas.spend_cpu(tenant, time);
        }
    }
}
