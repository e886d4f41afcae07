//! What each pack's patterns have cost, and when they have cost too much.
//!
//! Strangers' patterns run natively, so their time is metered like the pack's own. Threads add to shared counters
//! once for each block; over the budget the pack's patterns are suspended, for every thread, for good.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How much time a pack's patterns may take in all: `base` and `per_event` for each event they were tried on.
#[derive(Clone, Copy, Debug)]
pub struct MatchBudget {
    /// For a start; also covers first-use costs like building a lazy automaton. 2 s.
    pub base: Duration,
    /// For each event tried. 50 µs: a hundred times what an ordinary pattern takes.
    pub per_event: Duration,
}

impl Default for MatchBudget {
    fn default() -> Self {
        MatchBudget { base: Duration::from_secs(2), per_event: Duration::from_micros(50) }
    }
}

#[derive(Default)]
pub(super) struct Meter {
    nanos: AtomicU64,
    tried: AtomicU64,
    suspended: AtomicBool,
}

/// What matching has cost one pack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchCost {
    /// Time in its patterns.
    pub time: Duration,
    /// Events they were tried on.
    pub tried: u64,
    /// Whether it was over its budget, and its patterns are tried no more.
    pub suspended: bool,
}

impl AddAssign for MatchCost {
    fn add_assign(&mut self, other: MatchCost) {
        self.time += other.time;
        self.tried += other.tried;
        self.suspended |= other.suspended;
    }
}

impl Meter {
    pub(super) fn charge(&self, time: Duration, tried: u64, budget: &MatchBudget) {
        let spent = self.nanos.fetch_add(time.as_nanos() as u64, Relaxed) + time.as_nanos() as u64;
        let tried = self.tried.fetch_add(tried, Relaxed) + tried;
        let allowed = budget.base.as_nanos() + budget.per_event.as_nanos() * u128::from(tried);
        if u128::from(spent) > allowed {
            self.suspended.store(true, Relaxed);
        }
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.suspended.load(Relaxed)
    }

    pub(super) fn cost(&self) -> MatchCost {
        MatchCost {
            time: Duration::from_nanos(self.nanos.load(Relaxed)),
            tried: self.tried.load(Relaxed),
            suspended: self.is_suspended(),
        }
    }
}
