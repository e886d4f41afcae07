//! One pack's patterns, compiled once for all sets that the pack is in.

use std::sync::Arc;

use super::{MatchLimits, MatcherError, MatcherProblem};
use crate::clock::Clock;
use crate::pattern::{Compiled, Lane, Rarity, cost};
use crate::{Configured, Pack};

/// The patterns of a pack with its settings. Cloned, they are the same: an automaton is larger than a set's index.
#[derive(Clone)]
pub struct PackPatterns {
    all: Arc<[Arc<Compiled>]>,
    lane: Option<Arc<Lane>>,
}

impl PackPatterns {
    /// Compiles them. `rarity` changes speed only.
    ///
    /// # Errors
    /// One does not compile.
    pub fn new(Configured { pack, settings }: &Configured, rarity: &Rarity) -> Result<Self, MatcherError> {
        let compiled = pack.manifest().patterns.iter();
        let compiled = compiled.map(|pattern| Compiled::new(pattern, settings, rarity).map(Arc::new));
        let compiled: Result<Vec<_>, _> = compiled.collect();
        let failed =
            |error| MatcherError { pack: pack.name().into(), problem: MatcherProblem::Pattern(error) };
        let all = compiled.map_err(failed)?;
        let lane = Lane::new(&all).map(Arc::new);
        Ok(PackPatterns { all: all.into(), lane })
    }

    /// Tries every regex on values that keep it busy; a stranger's pack is tried before it meets a line.
    ///
    /// # Errors
    /// One takes too long.
    pub fn try_cost(&self, pack: &Pack, limits: &MatchLimits, clock: &dyn Clock) -> Result<(), MatcherError> {
        try_cost(&self.all, pack, limits, clock)
    }

    pub(super) fn all(&self) -> &[Arc<Compiled>] {
        &self.all
    }

    /// Those that are looked for together.
    pub(super) fn lane(&self) -> Option<Arc<Lane>> {
        self.lane.clone()
    }
}

/// The patterns of a pack, in their order.
pub(super) fn try_cost(
    patterns: &[Arc<Compiled>],
    pack: &Pack,
    limits: &MatchLimits,
    clock: &dyn Clock,
) -> Result<(), MatcherError> {
    let MatchLimits { value_bytes: bytes, regex: limit, .. } = *limits;
    let runs = cost::runs(bytes);
    for (pattern, compiled) in pack.manifest().patterns.iter().zip(patterns) {
        let found = cost::worst(pattern, compiled, &runs, bytes, clock, limit);
        if found > limit {
            let pattern = pattern.name.clone();
            let problem = MatcherProblem::Slow { pattern, found, limit, bytes };
            return Err(MatcherError { pack: pack.name().into(), problem });
        }
    }
    Ok(())
}
