//! The matcher of a check: each pack's patterns are compiled, and a stranger's are tried, before the first line.

use tripline_engine::Configured;
use tripline_engine::matcher::{MatchLimits, Matcher, MatcherError, PackPatterns};
use tripline_engine::pattern::Rarity;

use super::run::MonotonicClock;
use crate::{builtin, crew};

/// One for these packs, made by so many threads. However many there are, the first of the packs is told that cannot be matched.
pub(super) fn matcher(
    packs: &[Configured],
    threads: usize,
    rarity: &Rarity,
) -> Result<Matcher, MatcherError> {
    let limits = MatchLimits::default();
    let compiled = crew::each(threads, packs, |one| match builtin::is_builtin(&one.pack) {
        // Ours are tried by their own tests.
        true => PackPatterns::new(one, rarity).map(|patterns| (Some(patterns), Ok(()))),
        false => PackPatterns::tried(one, rarity, &limits, &MonotonicClock)
            .map(|(patterns, tried)| (Some(patterns), tried)),
    });
    let compiled = compiled.into_iter().collect::<Result<Vec<_>, _>>()?;
    let (patterns, tried): (Vec<_>, Vec<_>) = compiled.into_iter().unzip();
    let matcher = Matcher::of(packs, &patterns, limits, rarity)?;
    for (number, (one, tried)) in packs.iter().zip(tried).enumerate() {
        match tried {
            // Others that worked beside it may have made it slow: what it takes alone counts.
            Err(_) if threads > 1 => matcher.try_cost(number, &one.pack, &MonotonicClock)?,
            tried => tried?,
        }
    }
    Ok(matcher)
}
