//! One pack's patterns, compiled once for all sets that the pack is in.

use std::sync::Arc;
use std::time::Duration;

use tripline_abi::manifest::Pattern;

use super::{MatchLimits, MatcherError, MatcherProblem};
use crate::clock::Clock;
use crate::pattern::{Compiled, PatternError, Rarity, Trial, Union, parsed};
use crate::{Configured, Pack};

/// The patterns of a pack with its settings. Cloned, they are the same: an automaton is larger than a set's index.
#[derive(Clone)]
pub struct PackPatterns {
    all: Arc<[Arc<Compiled>]>,
    union: Option<Arc<Union>>,
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
        Ok(PackPatterns::of(compiled.map_err(|error| broken(pack, error))?))
    }

    /// Compiles them, and tries every regex as [`try_cost`](PackPatterns::try_cost) does, of which each is parsed once for both;
    /// also what came of trying.
    ///
    /// # Errors
    /// One does not compile.
    pub fn tried(
        Configured { pack, settings }: &Configured,
        rarity: &Rarity,
        limits: &MatchLimits,
        clock: &dyn Clock,
    ) -> Result<(Self, Result<(), MatcherError>), MatcherError> {
        let mut trial = Trial::new(limits.value_bytes, limits.regex, clock);
        let mut tried = Ok(());
        let mut all = Vec::with_capacity(pack.manifest().patterns.len());
        for pattern in &pack.manifest().patterns {
            let hir = parsed(pattern);
            let compiled = Compiled::parsed(pattern, hir.as_ref(), settings, rarity);
            let compiled = compiled.map_err(|error| broken(pack, error))?;
            if let (Ok(()), Some(hir)) = (&tried, &hir) {
                tried = quick(trial.worst(hir, &compiled), pattern, pack, limits);
            }
            all.push(Arc::new(compiled));
        }
        Ok((PackPatterns::of(all), tried))
    }

    fn of(all: Vec<Arc<Compiled>>) -> Self {
        let union = Union::new(&all).map(Arc::new);
        PackPatterns { all: all.into(), union }
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
    pub(super) fn union(&self) -> Option<Arc<Union>> {
        self.union.clone()
    }
}

fn broken(pack: &Pack, error: PatternError) -> MatcherError {
    MatcherError { pack: pack.name().into(), problem: MatcherProblem::Pattern(error) }
}

/// The patterns of a pack, in their order.
pub(super) fn try_cost(
    patterns: &[Arc<Compiled>],
    pack: &Pack,
    limits: &MatchLimits,
    clock: &dyn Clock,
) -> Result<(), MatcherError> {
    let mut trial = Trial::new(limits.value_bytes, limits.regex, clock);
    for (pattern, compiled) in pack.manifest().patterns.iter().zip(patterns) {
        if let Some(hir) = parsed(pattern) {
            quick(trial.worst(&hir, compiled), pattern, pack, limits)?;
        }
    }
    Ok(())
}

/// Whether so long is quick enough.
fn quick(found: Duration, pattern: &Pattern, pack: &Pack, limits: &MatchLimits) -> Result<(), MatcherError> {
    let MatchLimits { value_bytes: bytes, regex: limit, .. } = *limits;
    if found <= limit {
        return Ok(());
    }
    let problem = MatcherProblem::Slow { pattern: pattern.name.clone(), found, limit, bytes };
    Err(MatcherError { pack: pack.name().into(), problem })
}
