//! Several sources as one sequence: by event time, ties by the sources' order.
//!
//! Within a source order is never changed. A line without a time, or with one that runs backwards, keeps its place:
//! its key is the latest time of its source up to it. So keys never fall, the merge is a function of the lines
//! alone, and which packs, blocks or threads there are does not matter.
//!
//! ```text
//!   source 0   3 5 5 ·· 9          · : no line that woke a pack yet, but all below 9 have been read
//!   source 1   4 6 ········        released: 3 4 5 5 6, then as far as both sources have been read
//! ```

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::line::{Block, Mark};
use crate::matcher::Matched;

/// A block with what was matched in it.
pub struct Scanned {
    /// Number of the source.
    pub source: u32,
    /// The lines.
    pub block: Block,
    /// The events among them that woke a pack.
    pub matched: Matched,
}

/// A run of events of one block that come next.
#[derive(Clone)]
pub struct Run {
    /// The block.
    pub scanned: Arc<Scanned>,
    /// Which of its events.
    pub events: Range<usize>,
}

/// How far a file's events have been released: with all sources read on from there, the sequence goes on as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Where to read on.
    pub mark: Mark,
    /// The latest time of the source up to there, for [`Merge::resume`].
    pub latest: Option<i64>,
}

/// Merges sources; blocks of each come in order.
pub struct Merge {
    sources: Vec<Queue>,
}

#[derive(Default)]
struct Queue {
    blocks: VecDeque<Waiting>,
    /// Key of the last line that was read.
    read: i64,
    finished: bool,
    /// The newest of each file since it was asked for.
    released: Vec<Released>,
}

struct Waiting {
    scanned: Arc<Scanned>,
    next: usize,
    /// Latest time of the source before this block.
    before: i64,
    /// What is released with its last event: itself, and blocks without events behind it.
    after: Vec<Released>,
}

impl Merge {
    /// So many sources.
    pub fn new(sources: usize) -> Merge {
        let queue = || Queue { read: i64::MIN, ..Queue::default() };
        Merge { sources: std::iter::repeat_with(queue).take(sources).collect() }
    }

    /// The next block of a source. One in which no event woke a pack is not kept: it is answered, for its memory.
    pub fn push(&mut self, scanned: Scanned) -> Option<Scanned> {
        let queue = &mut self.sources[scanned.source as usize];
        let before = queue.read;
        queue.read = before.max(scanned.matched.latest.unwrap_or(i64::MIN));
        let after = Released { mark: scanned.block.after.clone(), latest: known(queue.read) };
        if !scanned.matched.is_empty() {
            let (scanned, after) = (Arc::new(scanned), vec![after]);
            queue.blocks.push_back(Waiting { scanned, next: 0, before, after });
            return None;
        }
        if let Some(waiting) = queue.blocks.back_mut() {
            note(&mut waiting.after, after);
        } else {
            note(&mut queue.released, after);
        }
        Some(scanned)
    }

    /// A source goes on where its latest time was this; before its first block.
    pub fn resume(&mut self, source: u32, latest: Option<i64>) {
        self.sources[source as usize].read = latest.unwrap_or(i64::MIN);
    }

    /// How far each file of a source has been released; those that moved since this was last asked.
    pub fn released(&mut self, source: u32) -> Vec<Released> {
        std::mem::take(&mut self.sources[source as usize].released)
    }

    /// There will be no more of this source.
    pub fn finish(&mut self, source: u32) {
        self.sources[source as usize].finished = true;
    }

    /// How far a source has been read: read the one that is furthest behind next.
    pub fn read(&self, source: u32) -> i64 {
        self.sources[source as usize].read
    }

    /// The next run of events whose place in the sequence is settled.
    pub fn next_run(&mut self) -> Option<Run> {
        if let [only] = &mut self.sources[..] {
            let waiting = only.pop()?;
            let events = waiting.next..waiting.scanned.matched.len();
            return Some(Run { scanned: waiting.scanned, events });
        }
        let heads = self.sources.iter().enumerate().filter_map(|(i, queue)| Some((queue.head()?, i)));
        let (_, source) = heads.min()?;
        // Everything below the bound belongs before all that the other sources may still bring.
        let others = self.sources.iter().enumerate().filter(|&(i, _)| i != source);
        let bound = others.filter_map(|(i, queue)| Some((queue.bound()?, i))).min();
        let queue = &mut self.sources[source];
        let waiting = queue.blocks.front_mut()?;
        let matched = &waiting.scanned.matched;
        let first = waiting.next;
        while waiting.next < matched.len()
            && bound.is_none_or(|bound| {
                (waiting.before.max(matched.event(waiting.next).latest()), source) < bound
            })
        {
            waiting.next += 1;
        }
        let run = Run { scanned: Arc::clone(&waiting.scanned), events: first..waiting.next };
        if waiting.next == matched.len() {
            queue.pop();
        } else if first < waiting.next {
            let part = waiting.part();
            note(&mut queue.released, part);
        }
        (!run.events.is_empty()).then_some(run)
    }
}

/// Notes how far a file came.
fn note(list: &mut Vec<Released>, released: Released) {
    match list.last_mut() {
        Some(last) if last.mark.file == released.mark.file => *last = released,
        _ => list.push(released),
    }
}

fn known(latest: i64) -> Option<i64> {
    (latest > i64::MIN).then_some(latest)
}

impl Waiting {
    /// How far it has been released if some of its events are and some are not.
    fn part(&self) -> Released {
        let Scanned { block, matched, .. } = &*self.scanned;
        let last = matched.event(self.next - 1);
        let judged = block.lines[last.line()].offset + 1;
        let mark = Mark { judged: judged.max(block.from.judged), ..block.from.clone() };
        Released { mark, latest: known(self.before.max(last.latest())) }
    }
}

impl Queue {
    /// The first block, all of whose events are released.
    fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.blocks.pop_front()?;
        for after in &waiting.after {
            note(&mut self.released, after.clone());
        }
        Some(waiting)
    }

    /// Key of the next event.
    fn head(&self) -> Option<i64> {
        let waiting = self.blocks.front()?;
        Some(waiting.before.max(waiting.scanned.matched.event(waiting.next).latest()))
    }

    /// The least key that it may still bring; `None`: nothing more.
    fn bound(&self) -> Option<i64> {
        self.head().or_else(|| (!self.finished).then_some(self.read))
    }
}
