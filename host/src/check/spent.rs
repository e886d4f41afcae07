//! Where a check spends its time, if somebody asks.

use std::time::Duration;

use tripline_engine::Configured;
use tripline_engine::matcher::{PatternCost, Stages};

/// Time of the stages of a check. What packs cost is in the report; all of it is summed over threads.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// Reading, unpacking, cutting into lines.
    pub read: Duration,
    /// The look at the raw bytes for all patterns.
    pub prefilter: Duration,
    /// Lines that became events.
    pub decode: Duration,
    /// How many did.
    pub decoded: u64,
    /// Patterns that were verified, the slowest first.
    pub patterns: Vec<PatternSpent>,
}

/// What a pattern cost.
#[derive(Clone, Debug)]
pub struct PatternSpent {
    /// Its pack's name.
    pub pack: String,
    /// Its own.
    pub pattern: String,
    /// Time and counts.
    pub cost: PatternCost,
}

impl Spent {
    /// What was measured, with names.
    pub(super) fn of(read: Duration, stages: Stages, packs: &[Configured]) -> Spent {
        let names = packs.iter().flat_map(|configured| {
            let pack = configured.pack.name();
            configured.pack.manifest().patterns.iter().map(move |pattern| (pack, &pattern.name))
        });
        let mut patterns: Vec<PatternSpent> = names
            .zip(stages.patterns)
            .filter(|(_, cost)| cost.tried > 0)
            .map(|((pack, pattern), cost)| PatternSpent { pack: pack.into(), pattern: pattern.clone(), cost })
            .collect();
        patterns.sort_by_key(|spent| std::cmp::Reverse(spent.cost.time));
        Spent { read, prefilter: stages.prefilter, decode: stages.decode, decoded: stages.decoded, patterns }
    }
}
