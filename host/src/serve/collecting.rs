//! The collecting thread: blocks back in the order of their arrival, runs to the judges, barriers to the store.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tripline_engine::line::Mark;
use tripline_engine::matcher::Matcher;
use tripline_engine::merge::{Run, Scanned};
use tripline_engine::suspensions;

use super::Event;
use super::passing::Seen;
use crate::check::{Keeping, Keeps, Part, Work};
use crate::commit::{Commit, FilePosition};

pub(super) struct Collecting<'a> {
    matcher: &'a Matcher,
    keeping: &'a Keeping,
    /// Names of the packs.
    packs: Vec<String>,
    judges: Vec<Sender<Work>>,
    decided: &'a AtomicU64,
    tell: &'a (dyn Fn(Event) + Sync),
    /// Sent to after each barrier; gone with the collector.
    committed: Sender<()>,
    /// Where each file can be read on, since the last barrier.
    positions: HashMap<u32, FilePosition>,
    /// The latest time of each file.
    latest: HashMap<u32, i64>,
    suspended: Vec<bool>,
    barrier: Instant,
    at_barrier: u64,
}

impl<'a> Collecting<'a> {
    pub(super) fn new(
        matcher: &'a Matcher,
        keeping: &'a Keeping,
        packs: Vec<String>,
        judges: Vec<Sender<Work>>,
        decided: &'a AtomicU64,
        tell: &'a (dyn Fn(Event) + Sync),
        committed: Sender<()>,
    ) -> Collecting<'a> {
        Collecting {
            matcher,
            keeping,
            packs,
            judges,
            decided,
            tell,
            committed,
            positions: HashMap::new(),
            latest: HashMap::new(),
            suspended: vec![false; matcher.costs().len()],
            barrier: Instant::now(),
            at_barrier: 0,
        }
    }

    pub(super) fn run(mut self, scanned: Receiver<Seen>, pause: Duration, stop: &AtomicBool) {
        let mut early: BTreeMap<u64, Seen> = BTreeMap::new();
        let mut next = 0;
        loop {
            match scanned.recv_timeout(pause) {
                Ok(seen) => drop(early.insert(seen.number, seen)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Some(seen) = early.remove(&next) {
                next += 1;
                self.judge(seen);
            }
            if self.is_due() && !self.commit(pause, stop) {
                // Positions must not go over decisions that are lost: all of it is read again by the next run.
                return;
            }
        }
        self.commit(pause, stop);
    }

    fn judge(&mut self, Seen { source, block, matched, .. }: Seen) {
        let Mark { file, offset, line, judged, format, year } = block.after;
        let latest = self.latest.entry(file).or_insert(i64::MIN);
        *latest = (*latest).max(matched.latest.unwrap_or(i64::MIN));
        let latest = (*latest > i64::MIN).then_some(*latest);
        self.positions.insert(file, FilePosition { file, offset, line, judged, format, year, latest });
        let events = 0..matched.len();
        if !events.is_empty() {
            let run = Arc::new(Run { scanned: Arc::new(Scanned { source, block, matched }), events });
            for judge in &self.judges {
                // A judge that is gone has panicked: its scope tells.
                let _ = judge.send(Work::Run(Arc::clone(&run)));
            }
        }
        for (pack, fault) in suspensions(self.matcher).enumerate() {
            if let Some(fault) = fault.filter(|_| !self.suspended[pack]) {
                self.suspended[pack] = true;
                let _ = self.judges[pack % self.judges.len()].send(Work::Suspend(pack, fault));
            }
        }
    }

    fn is_due(&self) -> bool {
        let decided = self.decided.load(Relaxed) - self.at_barrier;
        let waits = decided > 0 || !self.positions.is_empty();
        waits && (decided >= self.keeping.decisions || self.barrier.elapsed() >= self.keeping.every)
    }

    /// Commits the prefix that all judges have judged; waits until the store takes it, or it is to stop. `false`: it was
    /// given up, and nothing may be committed any more.
    fn commit(&mut self, pause: Duration, stop: &AtomicBool) -> bool {
        let Some(mut commit) = self.parts() else { return false };
        (self.barrier, self.at_barrier) = (Instant::now(), self.decided.load(Relaxed));
        commit.positions.extend(self.positions.drain().map(|(_, position)| position));
        if commit.is_empty() {
            return true;
        }
        commit.packs.clone_from(&self.packs);
        let mut waits = false;
        loop {
            match self.keeping.store.commit(&self.keeping.tenant, commit.clone()) {
                Ok(committed) => {
                    if waits {
                        (self.tell)(Event::GoesOn);
                    }
                    if committed.occurrences > 0 || committed.excepted > 0 {
                        (self.tell)(Event::Committed(committed));
                    }
                    // It is awake already, or gone.
                    let _ = self.committed.try_send(());
                    return true;
                }
                Err(error) => {
                    if !waits {
                        (self.tell)(Event::Waits(error));
                    }
                    waits = true;
                    // What is not committed is read again.
                    if stop.load(Relaxed) {
                        return false;
                    }
                    std::thread::sleep(pause);
                }
            }
        }
    }

    /// What all judges have for a barrier; `None`: one of them is gone, and without its part it is no prefix.
    fn parts(&self) -> Option<Commit> {
        let (reply, parts) = bounded(self.judges.len());
        for judge in &self.judges {
            let _ = judge.send(Work::Barrier { keeps: Keeps::All, reply: reply.clone() });
        }
        drop(reply);
        let mut commit = Commit::default();
        for _ in &self.judges {
            let Part { decisions, states, faults, logs } = parts.recv().ok()?;
            commit.decisions.extend(decisions);
            commit.states.extend(states);
            faults.into_iter().for_each(|fault| (self.tell)(Event::Fault(fault)));
            logs.into_iter().for_each(|(pack, line)| (self.tell)(Event::Log(pack, line)));
        }
        Some(commit)
    }
}
