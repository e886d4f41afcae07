//! The collecting thread: blocks back in the order of their arrival, runs to the judges, barriers to the store.

use std::collections::{BTreeMap, HashMap};
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select};
use tripline_engine::judge::JudgeCost;
use tripline_engine::line::{Block, Mark};
use tripline_engine::matcher::{Matched, Matcher};
use tripline_engine::merge::{Run, Scanned};
use tripline_engine::{Configured, PackReport, suspensions};

use super::Event;
use super::passing::{Ack, Barrier, Fed, Part, What, Work};
use super::shared::Shared;
use crate::commit::{Commit, FilePosition, Tenant};

/// Decisions that wait in memory for a barrier, at most about so many.
const DECISIONS: u64 = 4096;
/// Whoever waits for a batch's commit does not wait for the barrier's time, but for this.
const SOON: Duration = Duration::from_millis(20);
/// Judging goes on for so long at most while a barrier is not on disk.
const LONG: Duration = Duration::from_secs(1);
/// How far time is told to pass behind the clock, nanoseconds: what is late by less is not late.
const BEHIND: i64 = 5_000_000_000;

/// What the collector works with.
pub(super) struct Collecting<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) matcher: &'a Matcher,
    pub(super) packs: &'a [Configured],
    pub(super) judges: Vec<Sender<Work>>,
    pub(super) decided: &'a AtomicU64,
    pub(super) crowded: &'a AtomicBool,
    /// Where barriers go …
    pub(super) barriers: Sender<Barrier>,
    /// … and what comes back for each that is on disk.
    pub(super) stored: Receiver<()>,
    /// One is underway.
    pub(super) underway: bool,
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

/// Whether that is so much that it has to wait for the barrier before, and inputs with it.
fn is_much(since: &Since, elapsed: Duration) -> bool {
    since.decided >= DECISIONS || elapsed >= LONG
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
            select! {
                recv(fed) -> came => match came {
                    Ok(fed) => drop(early.insert(fed.number, fed)),
                    Err(_) => break,
                },
                recv(self.stored) -> stored => match stored {
                    Ok(()) => self.underway = false,
                    // It was given up: what has come since is read again by the next run.
                    Err(_) => return,
                },
                default(self.rest(&since, barrier.elapsed())) => {}
            }
            while let Some(Fed { tenant, what, .. }) = early.remove(&next) {
                next += 1;
                self.take(tenant, what, &mut since);
            }
            self.suspend(&mut suspended);
            since.decided = self.decided.load(Relaxed) - at_barrier;
            let elapsed = barrier.elapsed();
            if self.is_due(&since, elapsed) && (self.has_stored() || is_much(&since, elapsed)) {
                if !self.commit(take(&mut since)) {
                    // Positions must not go over decisions that are lost: all of it is read again by the next run.
                    return;
                }
                (barrier, at_barrier) = (Instant::now(), self.decided.load(Relaxed));
            }
        }
        // Whoever asks for it next finds all of it in the store.
        let _ = self.commit(since) && self.is_stored();
    }

    /// How long there is nothing to do if nothing comes, and the barrier before is not on disk earlier.
    fn rest(&self, since: &Since, elapsed: Duration) -> Duration {
        let after = if since.acks.is_empty() { self.shared.every } else { SOON };
        match after.saturating_sub(elapsed) {
            Duration::ZERO => self.shared.pause,
            left => left.min(self.shared.pause),
        }
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

    /// Whether the barrier before is on disk.
    fn has_stored(&mut self) -> bool {
        self.underway &= self.stored.try_recv().is_err();
        !self.underway
    }

    /// Waits until the barrier before is on disk; `false`: it was given up.
    fn is_stored(&mut self) -> bool {
        !take(&mut self.underway) || self.stored.recv().is_ok()
    }

    /// Hands on the prefix that all judges have judged. `false`: one was given up, and nothing may be committed any more.
    fn commit(&mut self, since: Since) -> bool {
        // A seat rests when all it remembers was committed with the barrier before: that one is on disk by now.
        if !self.is_stored() {
            return false;
        }
        self.crowded.store(false, Relaxed);
        let Some(commits) = self.parts(since.commits) else { return false };
        self.shared.health.packs(self.reports());
        self.underway = self.barriers.send(Barrier { commits, acks: since.acks }).is_ok();
        self.underway
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
