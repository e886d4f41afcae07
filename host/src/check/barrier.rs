//! Barriers: all packs have judged the same prefix of all sources, and that is committed as one.
//!
//! ```text
//!   collector    run  run  run  ■ barrier ──────────────► positions ─┐
//!   judges       run  run  run  ■ flush, snapshot ──────► states ────┼─► one commit, by the committing thread
//!                                                └──────► decisions ─┘
//! ```
//!
//! Judging goes on while one is on its way to the disk; there is no third before that is there.
//!
//! At the end of the input there are two: one behind all that has settled, and one behind the tails, that is, events
//! that more bytes may still change, and the last ticks. The second keeps decisions only, so that the next run judges
//! the tails again, with whatever they have grown to; what it decides again has the same id, and is known by it for as
//! long as the tail is not settled.

use std::mem::take;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};
use tripline_engine::merge::{Merge, Released};

use super::keeping::Keeping;
use super::passing::{Keeps, Part, Work};
use crate::commit::{Commit, Committed, FilePosition, StoreError};
use crate::files::Present;

/// Of each source, of each of its files.
type EachFile<T> = [Vec<Option<T>>];

/// What came of a commit.
type Answer = Result<Committed, StoreError>;

/// Where commits go, and what comes back for each.
pub(super) struct Disk {
    commits: Sender<Commit>,
    answers: Receiver<Answer>,
}

/// Brings commits to the store, one after the other.
pub(super) struct Committing<'a> {
    keeping: &'a Keeping,
    commits: Receiver<Commit>,
    answers: Sender<Answer>,
}

impl<'a> Committing<'a> {
    pub(super) fn new(keeping: &'a Keeping) -> (Committing<'a>, Disk) {
        let ((commits, to_store), (answers, answered)) = (bounded(1), bounded(1));
        (Committing { keeping, commits: to_store, answers }, Disk { commits, answers: answered })
    }

    /// Commits until there are no more.
    pub(super) fn run(self) {
        for commit in self.commits {
            if self.answers.send(self.keeping.store.commit(&self.keeping.tenant, commit)).is_err() {
                return;
            }
        }
    }
}

/// Makes barriers.
pub(super) struct Barriers<'a> {
    keeping: &'a Keeping,
    disk: Disk,
    /// A commit's answer has not come yet.
    underway: bool,
    /// Names of those that judge.
    packs: Vec<String>,
    /// For each source and file the number under which its position is kept, if it is.
    kept: &'a EachFile<u32>,
    /// For each of them what it is known by.
    looked: &'a EachFile<Present>,
    /// Decisions so far.
    decided: &'a AtomicU64,
    at_last: u64,
    last: Instant,
    committed: Committed,
    error: Option<StoreError>,
}

impl<'a> Barriers<'a> {
    pub(super) fn new(
        keeping: &'a Keeping,
        disk: Disk,
        packs: Vec<String>,
        (kept, looked): (&'a EachFile<u32>, &'a EachFile<Present>),
        decided: &'a AtomicU64,
    ) -> Barriers<'a> {
        Barriers {
            keeping,
            disk,
            underway: false,
            packs,
            kept,
            looked,
            decided,
            at_last: 0,
            last: Instant::now(),
            committed: Committed::default(),
            error: None,
        }
    }

    /// Whether it is time for one.
    pub(super) fn is_due(&self) -> bool {
        let decided = self.decided.load(Relaxed) - self.at_last;
        self.error.is_none()
            && (decided >= self.keeping.decisions || self.last.elapsed() >= self.keeping.every)
    }

    /// After a failure nothing is committed any more: positions would go over decisions that are lost.
    pub(super) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// Waits until all judges have judged what they were handed and the one before is on disk, and has it committed.
    pub(super) fn commit(&mut self, merge: &mut Merge, judges: &[Sender<Work>], keeps: Keeps) {
        if self.error.is_some() {
            return;
        }
        let collected = self.collect(merge, judges, keeps);
        self.settle();
        match collected {
            Ok(commit) if commit.is_empty() || self.error.is_some() => {}
            Ok(commit) => self.underway = self.disk.commits.send(commit).is_ok(),
            Err(error) => self.error = Some(error),
        }
        self.at_last = self.decided.load(Relaxed);
        self.last = Instant::now();
    }

    /// Waits for what is on its way to the disk.
    fn settle(&mut self) {
        if !take(&mut self.underway) {
            return;
        }
        match self.disk.answers.recv() {
            Ok(Ok(committed)) => self.committed.add(committed),
            Ok(Err(error)) => self.error = Some(error),
            // Whoever commits has panicked: joining it tells.
            Err(_) => self.error = Some(StoreError::Closed),
        }
    }

    fn collect(
        &self,
        merge: &mut Merge,
        judges: &[Sender<Work>],
        keeps: Keeps,
    ) -> Result<Commit, StoreError> {
        let (reply, parts) = bounded(judges.len());
        for judge in judges {
            let _ = judge.send(Work::Barrier { keeps, reply: reply.clone() });
        }
        drop(reply);
        let mut commit = Commit { packs: self.packs.clone(), ..Commit::default() };
        for _ in judges {
            // A judge that is gone has panicked; without its part it is no prefix.
            let Part { decisions, states } = parts.recv().map_err(|_| StoreError::Closed)?;
            commit.decisions.extend(decisions);
            commit.states.extend(states);
        }
        if keeps == Keeps::All {
            for (source, (files, looked)) in (0..).zip(self.kept.iter().zip(self.looked)) {
                let released = merge.released(source).into_iter();
                commit.positions.extend(released.filter_map(|released| position(released, files, looked)));
            }
        } else {
            commit.tails = Some(self.kept.iter().flatten().copied().flatten().collect());
        }
        Ok(commit)
    }

    pub(super) fn finish(mut self) -> (Committed, Option<StoreError>) {
        self.settle();
        (self.committed, self.error)
    }
}

fn position(
    Released { mark, latest }: Released,
    files: &[Option<u32>],
    looked: &[Option<Present>],
) -> Option<FilePosition> {
    let at = mark.file as usize;
    let file = (*files.get(at)?)?;
    let foot = looked.get(at)?.as_ref().and_then(|looked| looked.foot(mark.offset));
    let (offset, line, judged) = (mark.offset, mark.line, mark.judged);
    Some(FilePosition { file, offset, line, judged, format: mark.format, year: mark.year, latest, foot })
}
