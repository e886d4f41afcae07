//! A matching thread: lines of any source, in turns of their tenants; what is no line goes through.

use std::collections::HashMap;

use crossbeam_channel::Sender;
use tripline_engine::clock::Clock;
use tripline_engine::matcher::MatchScratch;

use super::lanes::{TURN, Taker};
use super::passing::{Fed, What};
use super::sets::PackSets;
use crate::check::MonotonicClock;

/// What is kept to be used again, of so many sets; with more, all begin anew.
const SCRATCHES: usize = 256;

pub(super) fn run(sets: &PackSets, fed: &Taker, to_collector: &Sender<Fed>) {
    let mut scratches: HashMap<usize, MatchScratch> = HashMap::new();
    while let Some(Fed { number, joined, tenant, what }) = fed.take() {
        let what = match what {
            What::Block { source, block, begun, took: before, turn } => {
                let begins = MonotonicClock.now();
                // A tenant's lines meet its own packs' patterns, and no other's.
                let set = sets.of(&tenant);
                if scratches.len() >= SCRATCHES && !scratches.contains_key(&set.number()) {
                    scratches.clear();
                }
                let scratch = scratches.entry(set.number()).or_default();
                let some = set.matcher().some(&block, begun, begins + TURN, &MonotonicClock, scratch);
                // What the patterns take that a tenant brings is its own time, and nobody else's.
                let took = MonotonicClock.now().saturating_sub(begins);
                fed.charge(&tenant, took);
                let took = before + took;
                match some {
                    Ok(matched) => What::Matched { source, block, matched, took, turn },
                    Err(begun) => {
                        let what = What::Block { source, block, begun, took, turn };
                        fed.put_back(Fed { number, joined, tenant, what });
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
