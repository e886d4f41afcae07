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

mod begun;
mod budget;
mod explain;
mod matched;
mod patterns;
mod profile;
mod scratch;
mod sources;
mod verify;
mod watch;

use std::sync::Arc;
use std::time::Duration;

pub use self::begun::Begun;
pub use self::budget::{MatchBudget, MatchCost};
pub use self::explain::{Explained, PackExplained, PatternExplained};
pub use self::matched::{Matched, MatchedEvent, Seen};
pub use self::patterns::PackPatterns;
pub use self::profile::{PatternCost, Stages};
pub use self::scratch::MatchScratch;
pub use self::sources::SourceNames;

use self::budget::Meter;
use self::watch::Watch;
use crate::clock::Clock;
use crate::pattern::{Compiled, Index, PatternError, Rarity};
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
    patterns: Vec<Arc<Compiled>>,
    /// Index of the pack, for each pattern.
    pack_of: Vec<u32>,
    /// For each pattern the pack that a match of it may wake.
    woken: Vec<Option<u32>>,
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
        let compiled = packs.iter().map(|pack| PackPatterns::new(pack, rarity).map(Some));
        let patterns: Vec<Option<PackPatterns>> = compiled.collect::<Result<_, _>>()?;
        Matcher::of(packs, &patterns, limits, rarity)
    }

    /// The same, with the patterns of each of the packs as they were compiled before, for another set. One that has none is
    /// never woken.
    pub fn of(
        packs: &[Configured],
        compiled: &[Option<PackPatterns>],
        limits: MatchLimits,
        rarity: &Rarity,
    ) -> Result<Matcher, MatcherError> {
        let mut patterns: Vec<Arc<Compiled>> = Vec::new();
        let mut pack_of = Vec::new();
        let mut woken = Vec::new();
        let mut watches = Vec::new();
        let mut necessary = Vec::new();
        let mut sizes = Vec::new();
        for (number, (Configured { pack, .. }, compiled)) in packs.iter().zip(compiled).enumerate() {
            let first = patterns.len() as u32;
            let Some(compiled) = compiled else {
                watches.push(Watch::none(first));
                sizes.push(PatternSizes::default());
                continue;
            };
            let union = compiled.union();
            for (own, compiled) in (0..).zip(compiled.all()) {
                let is_member = union.as_ref().is_some_and(|union| union.member(own).is_some());
                necessary.push(if is_member { None } else { compiled.necessary() });
                patterns.push(Arc::clone(compiled));
                pack_of.push(number as u32);
            }
            let own = &necessary[first as usize..];
            let literals = own.iter().flatten().map(Vec::len).sum();
            sizes.push(PatternSizes { patterns: own.len(), literals });
            let unfiltered =
                (first..patterns.len() as u32).filter(|&p| necessary[p as usize].is_none()).collect();
            let watch = Watch::new(pack.manifest(), first, unfiltered, union);
            let leads = |pattern| watch.leads(pattern).then_some(number as u32);
            woken.extend((first..patterns.len() as u32).map(leads));
            watches.push(watch);
        }
        let index = Index::new(necessary, rarity).map_err(|error| MatcherError {
            pack: packs.last().map(|last| last.pack.name().into()).unwrap_or_default(),
            problem: MatcherProblem::Index(error.to_string()),
        })?;
        let always = (0..watches.len() as u32).filter(|&pack| watches[pack as usize].always).collect();
        let meters = watches.iter().map(|_| Meter::default()).collect();
        let wanted = wanted(packs);
        let dotted = wanted.iter().filter(|name| name.contains('.')).cloned().collect();
        let set = Arc::new(Set { watches, patterns, pack_of, woken, index, sizes, always, wanted, dotted });
        Ok(Matcher { set, meters, limits })
    }

    /// A matcher that wakes none of so many packs.
    pub fn none(packs: usize, limits: MatchLimits) -> Matcher {
        let watches = (0..packs).map(|_| Watch::none(0)).collect();
        let meters = (0..packs).map(|_| Meter::default()).collect();
        let (patterns, pack_of, woken, always) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (wanted, dotted, index) = (Vec::new(), Vec::new(), Index::empty());
        let set = Arc::new(Set {
            watches,
            patterns,
            pack_of,
            woken,
            sizes: vec![PatternSizes::default(); packs],
            index,
            always,
            wanted,
            dotted,
        });
        Matcher { set, meters, limits }
    }

    /// Looks for the same literals by what is rare in the lines that are to come, unless another matcher does by what was
    /// before: speed only.
    pub fn learn(&mut self, rarity: &Rarity) {
        if let Some(set) = Arc::get_mut(&mut self.set) {
            set.index.learn(rarity);
        }
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
        let Some(watch) = self.set.watches.get(number) else { return Ok(()) };
        let own = &self.set.patterns[watch.first as usize..(watch.first + watch.patterns) as usize];
        patterns::try_cost(own, pack, &self.limits, clock)
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
}
