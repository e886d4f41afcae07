//! All patterns of all packs against a block of lines: which events wake which pack, with what matches.
//!
//! ```text
//!   block ─► Index.scan ─► lines with a literal ─► decode ─► verify ─► woken? ─► Matched
//!              raw bytes      the others are           once     exact, with   by wakes_on
//!                             never decoded            a line   captures
//! ```
//!
//! The result is exactly what trying each pattern of each pack alone on each event would give. It is stateless: any
//! number of threads match blocks side by side, each with a [`MatchScratch`] of its own.

mod budget;
mod explain;
mod matched;
mod watch;

use std::time::Duration;

use tripline_abi::FieldType;

pub use self::budget::{MatchBudget, MatchCost};
pub use self::explain::{Explained, PackExplained, PatternExplained};
pub use self::matched::{Matched, MatchedEvent, Seen};

use self::budget::Meter;
use self::matched::Waked;
use self::watch::Watch;
use crate::clock::Clock;
use crate::event::Event;
use crate::line::Block;
use crate::pattern::{Captured, Compiled, Found, Hits, Index, PatternError, Rarity, Scratch};
use crate::{Configured, Pack};

/// All patterns of a set of packs, with their settings.
pub struct Matcher {
    watches: Vec<Watch>,
    patterns: Vec<Compiled>,
    /// Index of the pack, for each pattern.
    pack_of: Vec<u32>,
    index: Index,
    /// Packs that look at every line: `every_event`, or a pattern without literals.
    always: Vec<u32>,
    meters: Vec<Meter>,
    limits: MatchLimits,
}

/// What bounds matching.
#[derive(Clone, Copy, Debug)]
pub struct MatchLimits {
    /// Bytes of a value that a regex or `contains` searches. 8 KiB: a value that is longer is rare and hostile.
    pub value_bytes: usize,
    /// Time of each pack's patterns.
    pub budget: MatchBudget,
    /// Time that one regex may take for one value, when it is tried at load. 10 ms for 8 KiB: an ordinary one takes
    /// a hundredth of that.
    pub regex: Duration,
}

impl Default for MatchLimits {
    fn default() -> Self {
        MatchLimits {
            value_bytes: 8 * 1024,
            budget: MatchBudget::default(),
            regex: Duration::from_millis(10),
        }
    }
}

/// Why there is no matcher of these packs.
#[derive(Debug, thiserror::Error)]
#[error("pack `{pack}`: {problem}")]
pub struct MatcherError {
    /// The pack.
    pub pack: String,
    /// What is wrong with it.
    #[source]
    pub problem: MatcherProblem,
}

/// What is wrong with a pack's patterns.
#[derive(Debug, thiserror::Error)]
pub enum MatcherProblem {
    /// A pattern does not compile.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A regex that takes too long for one value.
    #[error("pattern `{pattern}` takes {found:?} for one value of {bytes} bytes, it may take {limit:?}")]
    Slow {
        /// Its name.
        pattern: String,
        /// What it took.
        found: Duration,
        /// What it may take.
        limit: Duration,
        /// Bytes of the value.
        bytes: usize,
    },
    /// The literals of all packs together make no index.
    #[error("{0}")]
    Index(String),
}

/// Memory that one thread uses again for every block.
#[derive(Default)]
pub struct MatchScratch {
    search: Scratch,
    hits: Hits,
    event: Event,
    /// The current line's mark; what carries it is true for this line.
    mark: u32,
    /// For each pattern: mark of the line in which it was hit.
    hit: Vec<u32>,
    /// Patterns that may match the line, rising.
    candidates: Vec<u32>,
    own: Vec<u32>,
    tried: Vec<Tried>,
    captures: Vec<Captured>,
    touched: Vec<u32>,
    time: Vec<(Duration, u64)>,
}

/// What is known of a pattern on the current line.
#[derive(Clone, Copy, Default)]
struct Tried {
    mark: u32,
    found: Option<(Found, u32, u32)>,
}

impl Matcher {
    /// Compiles the patterns of these packs and makes one index of them all. `rarity` changes speed only.
    pub fn new(packs: &[Configured], limits: MatchLimits, rarity: &Rarity) -> Result<Matcher, MatcherError> {
        let failed = |pack: &Pack, problem| MatcherError { pack: pack.name().into(), problem };
        let mut patterns: Vec<Compiled> = Vec::new();
        let mut pack_of = Vec::new();
        let mut watches = Vec::new();
        let mut necessary = Vec::new();
        for (number, Configured { pack, settings }) in packs.iter().enumerate() {
            let first = patterns.len() as u32;
            for pattern in &pack.manifest().patterns {
                let compiled =
                    Compiled::new(pattern, settings, rarity).map_err(|error| failed(pack, error.into()))?;
                necessary.push(compiled.necessary());
                patterns.push(compiled);
                pack_of.push(number as u32);
            }
            let unfiltered =
                (first..patterns.len() as u32).filter(|&p| necessary[p as usize].is_none()).collect();
            watches.push(Watch::new(pack.manifest(), first, unfiltered));
        }
        let index = Index::new(necessary, rarity).map_err(|error| MatcherError {
            pack: packs.last().map(|last| last.pack.name().into()).unwrap_or_default(),
            problem: MatcherProblem::Index(error.to_string()),
        })?;
        let always = (0..watches.len() as u32).filter(|&pack| watches[pack as usize].always).collect();
        let meters = watches.iter().map(|_| Meter::default()).collect();
        Ok(Matcher { watches, patterns, pack_of, index, always, meters, limits })
    }

    /// Tries every regex of a pack on values that keep it busy; a stranger's pack is tried before it meets a line.
    pub fn try_cost(&self, number: usize, pack: &Pack, clock: &dyn Clock) -> Result<(), MatcherError> {
        let first = self.watches.get(number).map_or(0, |watch| watch.first as usize);
        let MatchLimits { value_bytes: bytes, regex: limit, .. } = self.limits;
        for (pattern, compiled) in pack.manifest().patterns.iter().zip(&self.patterns[first..]) {
            let found = crate::pattern::cost::worst(pattern, compiled, bytes, clock, limit);
            if found > limit {
                let pattern = pattern.name.clone();
                let problem = MatcherProblem::Slow { pattern, found, limit, bytes };
                return Err(MatcherError { pack: pack.name().into(), problem });
            }
        }
        Ok(())
    }

    /// What matching has cost each pack so far, in the order of the packs.
    pub fn costs(&self) -> Vec<MatchCost> {
        self.meters.iter().map(Meter::cost).collect()
    }

    /// Matches a block. With `merged`, the time of every line is read, so that sources can be merged by time.
    pub fn block(
        &self,
        block: &Block,
        merged: bool,
        clock: &dyn Clock,
        scratch: &mut MatchScratch,
    ) -> Matched {
        let mut matched = Matched::default();
        self.prepare(scratch);
        let mut hits = std::mem::take(&mut scratch.hits);
        self.index.scan(&block.bytes, |i| block.lines.get(i).map(|line| line.end as usize), &mut hits);
        let pairs = hits.pairs();
        let (mut pair, mut latest) = (0, i64::MIN);
        let may_change = block.decoder.may_change_any(&block.bytes);
        let all_lines = merged || may_change || !self.always.is_empty();
        let mut number = 0;
        while number < block.lines.len() {
            if !all_lines {
                match pairs.get(pair) {
                    Some(&(line, _)) => number = line as usize,
                    None => break,
                }
            }
            let Some(line) = block.lines.get(number) else { break };
            let text = &block.bytes[line.start as usize..line.end as usize];
            if merged && let Some(time) = block.bounded(block.decoder.time(text, line.year)) {
                latest = latest.max(time);
            }
            self.begin(scratch);
            while let Some(&(_, literal)) = pairs.get(pair).filter(|(line, _)| *line as usize == number) {
                self.hit(literal, scratch);
                pair += 1;
            }
            let changes = may_change && block.decoder.may_change(text);
            if changes || !scratch.touched.is_empty() {
                let mut event = std::mem::take(&mut scratch.event);
                block.decoder.decode(text, line.year, &mut event);
                event.time = block.bounded(event.time);
                self.decoded(number as u32, latest, text, &event, changes, clock, scratch, &mut matched);
                scratch.event = event;
            }
            number += 1;
        }
        scratch.hits = hits;
        matched.latest = (latest > i64::MIN).then_some(latest);
        if let Some(last) = block.lines.last() {
            let text = &block.bytes[last.start as usize..last.end as usize];
            matched.last_time = block.bounded(block.decoder.time(text, last.year));
        }
        self.charge(scratch);
        matched
    }

    fn prepare(&self, scratch: &mut MatchScratch) {
        scratch.hit.resize(self.patterns.len(), 0);
        scratch.tried.resize(self.patterns.len(), Tried::default());
        scratch.time.clear();
        scratch.time.resize(self.watches.len(), (Duration::ZERO, 0));
    }

    /// A new line: nothing is known of any pattern.
    fn begin(&self, scratch: &mut MatchScratch) {
        scratch.mark = scratch.mark.wrapping_add(1);
        if scratch.mark == 0 {
            // Four billion lines: old marks would come true again.
            scratch.hit.fill(0);
            scratch.tried.fill(Tried::default());
            scratch.mark = 1;
        }
        scratch.candidates.clear();
        scratch.captures.clear();
        scratch.touched.clear();
        scratch.touched.extend_from_slice(&self.always);
    }

    /// A literal stands in the line: its patterns may match, and the packs they can wake are looked at.
    fn hit(&self, literal: u32, scratch: &mut MatchScratch) {
        for &pattern in self.index.patterns_of(literal) {
            let hit = &mut scratch.hit[pattern as usize];
            if *hit == scratch.mark {
                continue;
            }
            *hit = scratch.mark;
            scratch.candidates.push(pattern);
            let pack = self.pack_of[pattern as usize];
            if self.watches[pack as usize].leads(pattern) {
                scratch.touched.push(pack);
            }
        }
    }

    /// Verifies the candidates of a decoded line, pack by pack.
    #[expect(clippy::too_many_arguments, reason = "the parts of one line, borrowed apart")]
    fn decoded(
        &self,
        number: u32,
        latest: i64,
        line: &[u8],
        event: &Event,
        changed: bool,
        clock: &dyn Clock,
        scratch: &mut MatchScratch,
        matched: &mut Matched,
    ) {
        if changed && !event.arena.is_empty() {
            // Values that decoding changed are texts of their own: the raw bytes say nothing of them.
            let mut hits = Hits::default();
            self.index.scan(&event.arena, |_| None, &mut hits);
            for &(_, literal) in hits.pairs() {
                self.hit(literal, scratch);
            }
        }
        scratch.candidates.sort_unstable();
        let mut touched = std::mem::take(&mut scratch.touched);
        touched.sort_unstable();
        touched.dedup();
        let first_wake = matched.wakes.len();
        let mut before = clock.now();
        for &pack in &touched {
            let watch = &self.watches[pack as usize];
            if self.meters[pack as usize].is_suspended() || !watch.takes(event, line) {
                continue;
            }
            self.pack(pack, watch, line, event, scratch, matched);
            let now = clock.now();
            let (time, tried) = &mut scratch.time[pack as usize];
            *time += now.saturating_sub(before);
            *tried += 1;
            before = now;
        }
        scratch.touched = touched;
        if matched.wakes.len() > first_wake {
            matched.keep(number, latest, event, first_wake);
        }
    }

    fn pack(
        &self,
        pack: u32,
        watch: &Watch,
        line: &[u8],
        event: &Event,
        scratch: &mut MatchScratch,
        matched: &mut Matched,
    ) {
        let mut own = std::mem::take(&mut scratch.own);
        own.clear();
        let range = watch.first..watch.first + watch.patterns;
        let start = scratch.candidates.partition_point(|&p| p < range.start);
        own.extend(scratch.candidates[start..].iter().take_while(|p| range.contains(p)));
        if !watch.unfiltered.is_empty() {
            own.extend_from_slice(&watch.unfiltered);
            own.sort_unstable();
        }
        if watch.wakes(&own, |pattern| self.holds(pattern, line, event, scratch)) {
            let first = matched.matches.len() as u32;
            for &pattern in &own {
                if !self.holds(pattern, line, event, scratch) {
                    continue;
                }
                let Some((found, start, end)) = scratch.tried[pattern as usize].found else { continue };
                let captures = matched.captures.len() as u32;
                matched.captures.extend_from_slice(&scratch.captures[start as usize..end as usize]);
                matched.matches.push(Seen {
                    pattern: pattern - watch.first,
                    entry: found.entry,
                    cut: found.cut,
                    captures: (captures, matched.captures.len() as u32),
                });
            }
            matched.wakes.push(Waked { pack, matches: (first, matched.matches.len() as u32) });
        }
        scratch.own = own;
    }

    /// Whether a pattern matches the current line; tried once at most.
    fn holds(&self, pattern: u32, line: &[u8], event: &Event, scratch: &mut MatchScratch) -> bool {
        let at = pattern as usize;
        let tried = scratch.tried[at];
        if tried.mark == scratch.mark {
            return tried.found.is_some();
        }
        let compiled = &self.patterns[at];
        let possible = scratch.hit[at] == scratch.mark
            || self.watches[self.pack_of[at] as usize].unfiltered.binary_search(&pattern).is_ok();
        let value = match &compiled.field {
            _ if !possible => None,
            None => event.message.map(|place| event.text(line, place)),
            Some(field) => (event.field(line, field.as_bytes()))
                .filter(|field| !matches!(field.kind, FieldType::Null | FieldType::Absent))
                .map(|field| event.text(line, field.value)),
        };
        let found = value.and_then(|value| {
            let found = compiled.find(at, value, self.limits.value_bytes, &mut scratch.search)?;
            let start = scratch.captures.len() as u32;
            scratch.captures.extend_from_slice(&scratch.search.captures);
            Some((found, start, scratch.captures.len() as u32))
        });
        scratch.tried[at] = Tried { mark: scratch.mark, found };
        found.is_some()
    }

    fn charge(&self, scratch: &mut MatchScratch) {
        for (meter, (time, tried)) in self.meters.iter().zip(&scratch.time) {
            if *tried > 0 {
                meter.charge(*time, *tried, &self.limits.budget);
            }
        }
    }
}
