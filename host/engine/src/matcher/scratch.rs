//! Memory that is used again.

use std::time::Duration;

use super::Set;
use super::matched::{Matched, Sizes};
use super::profile::{Profile, Stages};
use crate::clock::Clock;
use crate::event::Event;
use crate::pattern::{Found, Hits, Scratch, UnionScratch};

/// Memory that one thread uses again for every block of one matcher, or of those with the same patterns.
#[derive(Default)]
pub struct MatchScratch {
    pub(super) hits: Hits,
    pub(super) event: Event,
    pub(super) work: Work,
}

/// What is known of a line while it is matched, and of the block so far.
#[derive(Default)]
pub(super) struct Work {
    /// Also the captures of all patterns that match the line.
    pub(super) search: Scratch,
    /// Hits in what decoding changed of a line.
    pub(super) changed: Hits,
    /// The current line's mark; what carries it is true for this line.
    pub(super) mark: u32,
    /// For each pattern the line in which it was hit.
    pub(super) hit: Vec<HitIn>,
    /// The same for each literal that stands for many patterns.
    pub(super) literals: Vec<HitIn>,
    /// Patterns that may match the line, rising.
    pub(super) candidates: Vec<u32>,
    pub(super) own: Vec<u32>,
    pub(super) tried: Vec<Tried>,
    pub(super) touched: Vec<u32>,
    /// For each pack the time of its patterns, and the events that they were tried on.
    pub(super) time: Vec<(Duration, u64)>,
    /// For each pack what its union says of the line.
    pub(super) unions: Vec<Look>,
    pub(super) profile: Option<Profile>,
    /// What came of the block before.
    pub(super) before: Sizes,
    /// What is done with and has memory.
    pub(super) spare: Option<Matched>,
}

/// A line in which a pattern was hit, by its mark, and where in the block.
#[derive(Clone, Copy, Default)]
pub(super) struct HitIn {
    pub(super) mark: u32,
    /// The first place at which one of its literals begins.
    pub(super) first: u32,
}

/// What is known of a pattern on the current line.
#[derive(Clone, Copy, Default)]
pub(super) struct Tried {
    pub(super) mark: u32,
    pub(super) found: Option<(Found, u32, u32)>,
}

/// What a pack's union says of a line.
#[derive(Default)]
pub(super) struct Look {
    /// The line, by its mark.
    pub(super) mark: u32,
    pub(super) said: UnionScratch,
}

impl MatchScratch {
    /// One that measures where time goes, by this clock; any other does not look at one for it.
    pub fn profiled(clock: Box<dyn Clock>) -> MatchScratch {
        let work = Work { profile: Some(Profile::new(clock)), ..Work::default() };
        MatchScratch { work, ..MatchScratch::default() }
    }

    /// Gives back what came of a block and is done with, so that what comes of a next one needs no fresh memory.
    pub fn reuse(&mut self, matched: Matched) {
        self.work.spare = Some(matched);
    }

    /// What it has measured; `None`: it does not.
    pub fn stages(self) -> Option<Stages> {
        self.work.profile.map(Profile::finish)
    }
}

impl Work {
    /// When what is to be measured begins.
    pub(super) fn started(&self) -> Option<Duration> {
        self.profile.as_ref().map(Profile::now)
    }

    /// A new block, for these patterns and packs.
    pub(super) fn prepare(&mut self, set: &Set) {
        let (patterns, packs) = (set.patterns.len(), set.watches.len());
        self.literals.resize(set.index.literals(), HitIn::default());
        self.hit.resize(patterns, HitIn::default());
        self.tried.resize(patterns, Tried::default());
        self.unions.resize_with(packs, Look::default);
        self.time.clear();
        self.time.resize(packs, (Duration::ZERO, 0));
    }

    /// A new line: nothing is known of any pattern, and these packs look at it anyway.
    pub(super) fn begin(&mut self, always: &[u32]) {
        self.mark = self.mark.wrapping_add(1);
        if self.mark == 0 {
            // Four billion lines: old marks would come true again.
            self.hit.fill(HitIn::default());
            self.literals.fill(HitIn::default());
            self.tried.fill(Tried::default());
            self.unions.iter_mut().for_each(|look| look.mark = 0);
            self.mark = 1;
        }
        self.candidates.clear();
        self.search.captures.clear();
        self.touched.clear();
        if !always.is_empty() {
            self.touched.extend_from_slice(always);
        }
    }
}
