//! The collecting thread: blocks back in the order of their arrival, runs to the judges, barriers to the store.

use std::collections::{BTreeMap, HashMap};
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tripline_engine::judge::JudgeCost;
use tripline_engine::line::{Block, Mark};
use tripline_engine::matcher::{Matched, Matcher};
use tripline_engine::merge::{Run, Scanned};
use tripline_engine::{Configured, PackReport, suspensions};

use super::Event;
use super::intake::Intake;
use super::passing::{Ack, Fed, Part, What, Work};
use super::shared::Shared;
use crate::commit::{Commit, Committed, FilePosition, Store, Tenant};
use crate::crash::point;

/// Decisions that wait in memory for a barrier, at most about so many.
const DECISIONS: u64 = 4096;
/// Whoever waits for a batch's commit does not wait for the barrier's time, but for this.
const SOON: Duration = Duration::from_millis(20);
/// How far time is told to pass behind the clock, nanoseconds: what is late by less is not late.
const BEHIND: i64 = 5_000_000_000;

/// What the collector works with.
pub(super) struct Collecting<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) matcher: &'a Matcher,
    pub(super) intake: &'a Intake,
    pub(super) packs: &'a [Configured],
    pub(super) judges: Vec<Sender<Work>>,
    pub(super) decided: &'a AtomicU64,
    pub(super) crowded: &'a AtomicBool,
    /// Sent to after each barrier.
    pub(super) committed: Sender<()>,
    /// What each tenant's packs have cost.
    pub(super) costs: HashMap<(Tenant, usize), JudgeCost>,
}

/// What has come since the last barrier.
#[derive(Default)]
pub(super) struct Since {
    commits: HashMap<Tenant, Pending>,
    acks: Vec<(Tenant, Ack)>,
    decided: u64,
    ticked: bool,
}

/// Of one tenant.
#[derive(Default)]
struct Pending {
    commit: Commit,
    /// Where each file can be read on.
    positions: HashMap<u32, FilePosition>,
}

impl Collecting<'_> {
    pub(super) fn run(mut self, fed: Receiver<Fed>) {
        let mut early: BTreeMap<u64, Fed> = BTreeMap::new();
        let mut suspended = vec![false; self.matcher.costs().len()];
        let mut since = Since::default();
        let (mut next, mut barrier, mut at_barrier) = (0, Instant::now(), 0);
        loop {
            let wait = if since.acks.is_empty() { self.shared.pause } else { SOON };
            match fed.recv_timeout(wait) {
                Ok(fed) => drop(early.insert(fed.number, fed)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Some(Fed { tenant, what, .. }) = early.remove(&next) {
                next += 1;
                self.take(tenant, what, &mut since);
            }
            self.suspend(&mut suspended);
            since.decided = self.decided.load(Relaxed) - at_barrier;
            if self.is_due(&since, barrier.elapsed()) {
                if !self.commit(take(&mut since)) {
                    // Positions must not go over decisions that are lost: all of it is read again by the next run.
                    return;
                }
                (barrier, at_barrier) = (Instant::now(), self.decided.load(Relaxed));
            }
        }
        self.commit(since);
    }

    fn take(&self, tenant: Tenant, what: What, since: &mut Since) {
        match what {
            What::Matched { source, block, matched } => self.judge(tenant, source, block, matched, since),
            What::Batch(ack) => {
                since.commits.entry(tenant.clone()).or_default().commit.batches.extend(ack.key);
                since.acks.push((tenant, ack));
            }
            What::Passed(time) => {
                since.ticked = true;
                for judge in &self.judges {
                    let _ = judge.send(Work::Passed(tenant.clone(), time.saturating_sub(BEHIND)));
                }
            }
            What::Decision(decision) => {
                since.commits.entry(tenant).or_default().commit.decisions.push(*decision);
            }
            // Matchers let none through.
            What::Block { .. } => {}
        }
    }

    fn judge(&self, tenant: Tenant, source: u32, block: Block, matched: Matched, since: &mut Since) {
        let Mark { file, offset, line, judged, format, year } = block.after;
        let pending = since.commits.entry(tenant.clone()).or_default();
        let position = FilePosition { file, offset, line, judged, format, year, latest: None };
        pending.positions.insert(file, position);
        let events = 0..matched.len();
        if events.is_empty() {
            return;
        }
        let run = Arc::new(Run { scanned: Arc::new(Scanned { source, block, matched }), events });
        for judge in &self.judges {
            // A judge that is gone is missed at the barrier.
            let _ = judge.send(Work::Run(tenant.clone(), Arc::clone(&run)));
        }
    }

    /// Puts those out whose patterns are over their budget.
    fn suspend(&self, suspended: &mut [bool]) {
        for (pack, fault) in suspensions(self.matcher).enumerate() {
            if let Some(fault) = fault.filter(|_| !suspended[pack]) {
                suspended[pack] = true;
                for judge in &self.judges {
                    let _ = judge.send(Work::Suspend(pack, fault.clone()));
                }
            }
        }
    }

    fn is_due(&self, since: &Since, elapsed: Duration) -> bool {
        let waits = since.decided > 0 || !since.commits.is_empty() || since.ticked;
        let soon = !since.acks.is_empty() && elapsed >= SOON;
        let crowded = self.crowded.load(Relaxed);
        waits && (soon || crowded || since.decided >= DECISIONS || elapsed >= self.shared.every)
    }

    /// Commits the prefix that all judges have judged; waits until the store takes it, or it is to stop. `false`: it was
    /// given up, and nothing may be committed any more.
    fn commit(&mut self, since: Since) -> bool {
        let Since { commits, acks, .. } = since;
        self.crowded.store(false, Relaxed);
        let Some(commits) = self.parts(commits) else { return false };
        if !commits.is_empty() && !self.store(commits) {
            return false;
        }
        self.shared.health.barrier(self.shared.clock.now());
        self.shared.health.packs(self.reports());
        // A sender whose answer is lost here sends again.
        if !acks.is_empty() {
            point("before_ack");
        }
        // Told before they may come again.
        let key = |(tenant, ack): &(Tenant, Ack)| ack.key.map(|key| (tenant.clone(), key.key));
        self.intake.settled(&acks.iter().filter_map(key).collect::<Vec<_>>());
        for done in acks.into_iter().filter_map(|(_, ack)| ack.done) {
            done(Ok(()));
        }
        // It is awake already, or gone.
        let _ = self.committed.try_send(());
        true
    }

    fn store(&self, commits: Vec<(Tenant, Commit)>) -> bool {
        let mut waits = false;
        loop {
            match self.shared.database.commit_all(commits.clone()) {
                Ok(committed) => {
                    if waits {
                        self.shared.goes_on();
                    }
                    let is_new = |(_, one): &(Tenant, Committed)| one.occurrences > 0 || one.excepted > 0;
                    let tenants = commits.into_iter().map(|(tenant, _)| tenant);
                    for (tenant, committed) in tenants.zip(committed).filter(is_new) {
                        self.shared.tell(Event::Committed(tenant, committed));
                    }
                    return true;
                }
                Err(error) => {
                    if !waits {
                        self.shared.waits(error);
                    }
                    waits = true;
                    // What is not committed is read again.
                    if self.shared.control.is_stopping() {
                        return false;
                    }
                    std::thread::sleep(self.shared.pause);
                }
            }
        }
    }

    /// What the packs have cost all tenants.
    fn reports(&self) -> Vec<PackReport> {
        let mut judging = vec![JudgeCost::default(); self.packs.len()];
        for ((_, pack), cost) in &self.costs {
            judging[*pack] += *cost;
        }
        let packs = self.packs.iter().zip(judging).zip(self.matcher.costs());
        let report = |((configured, judging), matching): ((&Configured, _), _)| PackReport {
            name: configured.pack.name().into(),
            version: configured.pack.manifest().pack.version.to_string(),
            matching,
            judging,
        };
        packs.map(report).collect()
    }

    /// What all judges have for a barrier; `None`: one of them is gone, and without its part it is no prefix.
    fn parts(&mut self, mut commits: HashMap<Tenant, Pending>) -> Option<Vec<(Tenant, Commit)>> {
        let (reply, parts) = bounded(self.judges.len());
        for judge in &self.judges {
            let _ = judge.send(Work::Barrier(reply.clone()));
        }
        drop(reply);
        for _ in &self.judges {
            for Part { tenant, decisions, states, faults, logs, costs } in parts.recv().ok()? {
                faults.into_iter().for_each(|fault| self.shared.tell(Event::Fault(tenant.clone(), fault)));
                for (pack, line) in logs {
                    self.shared.tell(Event::Log(tenant.clone(), pack, line));
                }
                for (pack, cost) in costs {
                    self.costs.insert((tenant.clone(), pack), cost);
                }
                let commit = &mut commits.entry(tenant).or_default().commit;
                commit.decisions.extend(decisions);
                commit.states.extend(states);
            }
        }
        let names: Vec<String> = self.packs.iter().map(|one| one.pack.name().into()).collect();
        let all = commits.into_iter().map(|(tenant, Pending { mut commit, positions })| {
            commit.positions.extend(positions.into_values());
            commit.packs.clone_from(&names);
            (tenant, commit)
        });
        Some(all.filter(|(_, commit)| !commit.is_empty()).collect())
    }
}
