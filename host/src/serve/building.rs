//! The threads that build what tenants' lines are matched by, where that was not built yet: a server that begins again knows
//! packs that were pushed long ago, and makes nothing of them before a line comes.
//!
//! ```text
//!   matcher ── set of packs, lane held ──► builder ── built, or given up ──► the lane goes on
//!                                             ▲ the same set for another tenant: its lane waits along
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Receiver;
use tripline_engine::clock::Clock;

use super::Quotas;
use super::lanes::Held;
use super::sets::PackSet;
use crate::check::MonotonicClock;

/// Threads: a set that takes long leaves the others one.
pub(super) const BUILDERS: usize = 2;

/// A set that a tenant's lines wait for.
pub(super) struct Build {
    pub(super) set: Arc<PackSet>,
    /// The tenant's lane, which goes on when this is dropped.
    pub(super) held: Held,
}

/// Sets that are being built, each with the lanes that wait for it besides the one that it is built for.
#[derive(Default)]
pub(super) struct Underway(Mutex<HashMap<u64, Vec<Held>>>);

impl Underway {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Vec<Held>>> {
        // Every change is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with this set; `None`: somebody has, and this lane waits for that.
    fn begin(&self, set: &PackSet, held: Held) -> Option<Begun<'_>> {
        let mut all = self.lock();
        match all.get_mut(&set.number()) {
            Some(waiting) => {
                waiting.push(held);
                None
            }
            None => {
                all.insert(set.number(), Vec::new());
                Some(Begun { underway: self, number: set.number(), held })
            }
        }
    }
}

/// A set that is being built; dropped, all lanes go on that wait for it, also if building panics.
struct Begun<'u> {
    underway: &'u Underway,
    number: u64,
    held: Held,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let waiting = self.underway.lock().remove(&self.number);
        drop(waiting);
    }
}

/// Builds until nobody asks for it any more. What it takes costs the tenant whose lines wait for it first.
pub(super) fn run(builds: &Receiver<Build>, underway: &Underway, quotas: Option<&Quotas>) {
    for Build { set, held } in builds {
        if held.is_over() {
            continue;
        }
        let Some(begun) = underway.begin(&set, held) else { continue };
        let begins = MonotonicClock.now();
        set.matcher();
        let took = MonotonicClock.now().saturating_sub(begins);
        begun.held.charge(took);
        if let Some(quotas) = quotas {
            quotas.spend_cpu(begun.held.tenant(), took);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use crossbeam_channel::unbounded;

    use super::super::lanes::lanes;
    use super::super::matching::tests::{pack, put};
    use super::super::sets::PackSets;
    use super::super::turns::Turns;
    use super::*;
    use crate::commit::Tenant;
    use crate::follow::Waker;

    /// Two tenants with equal packs keep one builder, whatever these take.
    #[test]
    fn a_set_is_built_once_for_all_that_wait_for_it() {
        let [a, b] = ["a", "b"].map(|name| Tenant::new(name).unwrap());
        let own = BTreeMap::from([(a.clone(), vec![pack("door")]), (b.clone(), vec![pack("door")])]);
        let sets = PackSets::shared(vec![pack("all")]).unwrap();
        let sets = sets.changed(vec![pack("all")], own, false, |_| false).unwrap();
        let (turns, underway) = (Turns::new(1, Waker::new().0), Underway::default());
        let (putter, taker) = lanes();
        let (to_builders, builds) = unbounded();
        let mut held = ["a", "b"].map(|name| {
            put(&putter, &turns, name, 0);
            Some(taker.hold(taker.take().unwrap()).unwrap())
        });
        let begun = underway.begin(&sets.of(&a), held[0].take().unwrap()).unwrap();
        assert!(underway.begin(&sets.of(&b), held[1].take().unwrap()).is_none(), "it is being built");
        begun.held.charge(Duration::from_secs(1));
        drop(begun);
        // Both go on, and first whom it was not built for.
        let [first, second] = [taker.take().unwrap(), taker.take().unwrap()].map(|fed| fed.tenant);
        assert_eq!([&first, &second], [&b, &a]);
        taker.charge(&a, Duration::ZERO);
        // What nobody takes any more is not built.
        put(&putter, &turns, "a", 1);
        let held = taker.hold(taker.take().unwrap()).unwrap();
        drop(taker.ender());
        to_builders.send(Build { set: sets.of(&a), held }).unwrap();
        drop(to_builders);
        run(&builds, &underway, None);
        assert!(!sets.of(&a).is_built());
    }
}
