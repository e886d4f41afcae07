//! A matching thread: lines of any source, in turns of their tenants; what is no line goes through.

use std::collections::HashMap;

use crossbeam_channel::Sender;
use tripline_engine::clock::Clock;
use tripline_engine::matcher::MatchScratch;

use super::building::Build;
use super::lanes::{TURN, Taker};
use super::passing::{Fed, What};
use super::sets::PackSets;
use crate::check::MonotonicClock;

/// What is kept to be used again, of so many sets; with more, all begin anew.
const SCRATCHES: usize = 256;

pub(super) fn run(sets: &PackSets, fed: &Taker, to_builders: &Sender<Build>, to_collector: &Sender<Fed>) {
    let mut scratches: HashMap<u64, MatchScratch> = HashMap::new();
    // Nobody builds any more: what has to be built is built here, that it goes on.
    let mut builds = false;
    while let Some(Fed { number, joined, tenant, what }) = fed.take() {
        let what = match what {
            What::Block { source, block, begun, took: before, turn } => {
                // A tenant's lines meet its own packs' patterns, and no other's.
                let set = sets.of(&tenant);
                if !set.is_built() && !builds {
                    let what = What::Block { source, block, begun, took: before, turn };
                    if let Some(held) = fed.hold(Fed { number, joined, tenant, what }) {
                        // What could not be handed over is dropped, and the lane with it goes on.
                        builds = to_builders.send(Build { set, held }).is_err();
                    }
                    continue;
                }
                let begins = MonotonicClock.now();
                if scratches.len() >= SCRATCHES && !scratches.contains_key(&set.number()) {
                    scratches.clear();
                }
                let scratch = scratches.entry(set.number()).or_default();
                let some = set.matcher().some(&block, begun, begins + TURN, &MonotonicClock, scratch);
                // What the patterns take that a tenant brings is its own time, and nobody else's.
                let took = MonotonicClock.now().saturating_sub(begins);
                match some {
                    Ok(matched) => {
                        fed.charge(&tenant, took);
                        What::Matched { source, block, matched, took: before + took, turn }
                    }
                    Err(begun) => {
                        let what = What::Block { source, block, begun, took: before + took, turn };
                        fed.put_back(Fed { number, joined, tenant, what }, took);
                        continue;
                    }
                }
            }
            what => what,
        };
        if to_collector.send(Fed { number, joined, tenant, what }).is_err() {
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    use crossbeam_channel::{Receiver, bounded, unbounded};
    use serde_json::Map;
    use tripline_engine::line::{LineSettings, Lines};
    use tripline_engine::matcher::Begun;
    use tripline_engine::{Configured, Pack};

    use super::super::lanes::{Putter, lanes};
    use super::super::turns::Turns;
    use super::*;
    use crate::commit::Tenant;
    use crate::follow::Waker;

    const PATIENCE: Duration = Duration::from_secs(60);

    pub(in super::super) fn pack(name: &str) -> Configured {
        let manifest = format!(
            r#"{{ "abi": 1, "pack": {{ "name": "{name}", "version": "1.0.0" }},
                "patterns": [{{ "name": "n", "contains": ["n="] }}], "wakes_on": ["n"],
                "rules": [{{ "id": "each", "title": "each", "severity": "low" }}] }}"#
        );
        let pack = Pack::from_manifest(manifest.as_bytes()).unwrap();
        Configured::new(Arc::new(pack), &Map::new()).unwrap()
    }

    /// As after a restart: what `new` has of its own was never built.
    fn sets() -> PackSets {
        let new = Tenant::new("new").unwrap();
        let own = BTreeMap::from([(new, vec![pack("door")])]);
        let sets = PackSets::shared(vec![pack("all")]).unwrap();
        sets.changed(vec![pack("all")], own, false, |_| false).unwrap()
    }

    pub(in super::super) fn put(putter: &Putter, turns: &Turns, tenant: &str, number: u64) {
        let tenant = Tenant::new(tenant).unwrap();
        let mut lines = Lines::new(LineSettings { live: true, ..LineSettings::default() });
        lines.push(b"n=1\n");
        lines.end_of_batch();
        let (block, turn) = (lines.next_block().unwrap(), turns.take(&tenant));
        let what = What::Block { source: 1, block, begun: Begun::default(), took: Duration::ZERO, turn };
        putter.put(Fed { number, joined: false, tenant, what }).unwrap_or_else(|_| panic!());
    }

    /// Whose block was matched next, and how many packs it has woken.
    fn matched(collected: &Receiver<Fed>) -> (String, u64) {
        let Fed { tenant, what, number, .. } = collected.recv_timeout(PATIENCE).unwrap();
        let What::Matched { matched, .. } = what else { panic!("no block") };
        assert_eq!(matched.len(), 1);
        (tenant.to_string(), number)
    }

    /// One matcher, what is put for it, what it asks builders for, and what it hands on.
    fn with_one(then: impl FnOnce(Putter, &Turns, Receiver<Build>, Receiver<Fed>)) {
        let (sets, turns) = (sets(), Turns::new(1, Waker::new().0));
        let (putter, taker) = lanes();
        let (to_builders, builds) = unbounded();
        let (to_collector, collected) = bounded(1);
        std::thread::scope(|scope| {
            let sets = &sets;
            scope.spawn(move || run(sets, &taker, &to_builders, &to_collector));
            then(putter, &turns, builds, collected);
        });
    }

    #[test]
    fn what_is_built_for_one_tenant_keeps_its_lines_waiting_and_nobody_elses() {
        with_one(|putter, turns, builds, collected| {
            put(&putter, turns, "new", 0);
            let Build { set, held } = builds.recv_timeout(PATIENCE).unwrap();
            put(&putter, turns, "new", 1);
            (0..3).for_each(|number| put(&putter, turns, "other", number));
            for number in 0..3 {
                assert_eq!(matched(&collected), ("other".into(), number), "it is being built");
            }
            assert!(!set.is_built());
            set.matcher();
            drop(held);
            for number in 0..2 {
                assert_eq!(matched(&collected), ("new".into(), number));
            }
            drop(putter);
            assert!(collected.recv_timeout(PATIENCE).is_err(), "it ends");
            assert!(builds.try_recv().is_err(), "it was asked for once");
        });
    }

    /// A builder that panics takes nobody's lane along.
    #[test]
    fn without_a_builder_lines_go_on() {
        with_one(|putter, turns, builds, collected| {
            put(&putter, turns, "new", 0);
            let given_up = builds.recv_timeout(PATIENCE).unwrap();
            drop(builds);
            drop(given_up);
            assert_eq!(matched(&collected), ("new".into(), 0));
            drop(putter);
        });
    }
}
