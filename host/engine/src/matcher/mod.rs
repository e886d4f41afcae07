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
mod profile;
mod scratch;
mod verify;
mod watch;

use std::sync::Arc;
use std::time::Duration;

pub use self::budget::{MatchBudget, MatchCost};
pub use self::explain::{Explained, PackExplained, PatternExplained};
pub use self::matched::{Matched, MatchedEvent, Seen};
pub use self::profile::{PatternCost, Stages};
pub use self::scratch::MatchScratch;

use self::budget::Meter;
use self::verify::Decoded;
use self::watch::Watch;
use crate::clock::Clock;
use crate::decode::resolve;
use crate::line::Block;
use crate::pattern::{Compiled, Hit, Index, PatternError, Rarity};
use crate::{Configured, Pack};

/// All patterns of a set of packs, with their settings.
pub struct Matcher {
    set: Arc<Set>,
    meters: Vec<Meter>,
    limits: MatchLimits,
}

/// What matchers of the same packs share.
struct Set {
    watches: Vec<Watch>,
    patterns: Vec<Compiled>,
    /// Index of the pack, for each pattern.
    pack_of: Vec<u32>,
    index: Index,
    /// How much of it each pack has brought.
    sizes: Vec<PatternSizes>,
    /// Packs that look at every line: `every_event`, or a pattern without literals.
    always: Vec<u32>,
    /// Names of fields that a pack looks at or wants, each once, sorted.
    wanted: Vec<String>,
    /// Of those the ones that may stand within objects.
    dotted: Vec<String>,
}

/// How much a pack has put into a matcher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatternSizes {
    /// Patterns.
    pub patterns: usize,
    /// Literals that they are found by; one that two patterns have counts twice.
    pub literals: usize,
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

/// Names of fields that a pack looks at or wants, each once, sorted.
fn wanted(packs: &[Configured]) -> Vec<String> {
    let names = packs.iter().flat_map(|configured| configured.pack.manifest().field_names());
    let mut names: Vec<String> = names.map(String::from).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Matcher {
    /// Compiles the patterns of these packs and makes one index of them all. `rarity` changes speed only.
    pub fn new(packs: &[Configured], limits: MatchLimits, rarity: &Rarity) -> Result<Matcher, MatcherError> {
        let failed = |pack: &Pack, problem| MatcherError { pack: pack.name().into(), problem };
        let mut patterns: Vec<Compiled> = Vec::new();
        let mut pack_of = Vec::new();
        let mut watches = Vec::new();
        let mut necessary = Vec::new();
        let mut sizes = Vec::new();
        for (number, Configured { pack, settings }) in packs.iter().enumerate() {
            let first = patterns.len() as u32;
            for pattern in &pack.manifest().patterns {
                let compiled =
                    Compiled::new(pattern, settings, rarity).map_err(|error| failed(pack, error.into()))?;
                necessary.push(compiled.necessary());
                patterns.push(compiled);
                pack_of.push(number as u32);
            }
            let own = &necessary[first as usize..];
            let literals = own.iter().flatten().map(Vec::len).sum();
            sizes.push(PatternSizes { patterns: own.len(), literals });
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
        let wanted = wanted(packs);
        let dotted = wanted.iter().filter(|name| name.contains('.')).cloned().collect();
        let set = Arc::new(Set { watches, patterns, pack_of, index, sizes, always, wanted, dotted });
        Ok(Matcher { set, meters, limits })
    }

    /// The same patterns in the same index, for lines of somebody else: what they cost is counted from nothing.
    #[must_use]
    pub fn for_another(&self) -> Matcher {
        Matcher {
            set: Arc::clone(&self.set),
            meters: self.set.watches.iter().map(|_| Meter::default()).collect(),
            limits: self.limits,
        }
    }

    /// Tries every regex of a pack on values that keep it busy; a stranger's pack is tried before it meets a line.
    pub fn try_cost(&self, number: usize, pack: &Pack, clock: &dyn Clock) -> Result<(), MatcherError> {
        let first = self.set.watches.get(number).map_or(0, |watch| watch.first as usize);
        let MatchLimits { value_bytes: bytes, regex: limit, .. } = self.limits;
        for (pattern, compiled) in pack.manifest().patterns.iter().zip(&self.set.patterns[first..]) {
            let found = crate::pattern::cost::worst(pattern, compiled, bytes, clock, limit);
            if found > limit {
                let pattern = pattern.name.clone();
                let problem = MatcherProblem::Slow { pattern, found, limit, bytes };
                return Err(MatcherError { pack: pack.name().into(), problem });
            }
        }
        Ok(())
    }

    /// How much each pack has put into it, in the order of the packs.
    pub fn sizes(&self) -> &[PatternSizes] {
        &self.set.sizes
    }

    /// Bytes of the index of them all.
    pub fn index_bytes(&self) -> usize {
        self.set.index.bytes()
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
        let set = &*self.set;
        let MatchScratch { hits, event, work } = scratch;
        let mut matched = Matched::like(&work.before, block.bytes.len());
        work.prepare(set.patterns.len(), set.watches.len());
        let started = work.started();
        set.index.scan(&block.bytes, |i| block.lines.get(i).map(|line| line.end as usize), hits);
        if let (Some(profile), Some(started)) = (&mut work.profile, started) {
            profile.prefiltered(started);
        }
        let hits = hits.all();
        let (mut hit, mut latest) = (0, i64::MIN);
        let may_change = block.decoder.may_change_any(&block.bytes);
        let all_lines = merged || may_change || !set.always.is_empty();
        let mut number = 0;
        while number < block.lines.len() {
            if !all_lines {
                match hits.get(hit) {
                    Some(hit) => number = hit.text as usize,
                    None => break,
                }
            }
            let Some(line) = block.lines.get(number) else { break };
            let text = &block.bytes[line.start as usize..line.end as usize];
            if merged && let Some(time) = block.bounded(block.decoder.time(text, line.year)) {
                latest = latest.max(time);
            }
            work.begin(&set.always);
            while let Some(Hit { literal, start, .. }) =
                hits.get(hit).filter(|hit| hit.text as usize == number)
            {
                set.hit(*literal, start.saturating_sub(line.start), work);
                hit += 1;
            }
            let changes = may_change && block.decoder.may_change(text);
            if changes || !work.touched.is_empty() {
                let started = work.started();
                block.decoder.decode(text, line.year, event);
                resolve(text, &set.dotted, event);
                event.time = block.bounded(event.time);
                if let (Some(profile), Some(started)) = (&mut work.profile, started) {
                    profile.decoded(started);
                }
                let decoded = Decoded { number: number as u32, latest, text, event, changed: changes };
                self.decoded(&decoded, clock, work, &mut matched);
            }
            number += 1;
        }
        matched.latest = (latest > i64::MIN).then_some(latest);
        if let Some(last) = block.lines.last() {
            let text = &block.bytes[last.start as usize..last.end as usize];
            matched.last_time = block.bounded(block.decoder.time(text, last.year));
        }
        self.charge(work);
        work.before = matched.sizes(block.bytes.len());
        matched
    }
}
