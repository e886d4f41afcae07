//! A matching thread: lines of any source, in any order; what is no line goes through.

use std::collections::HashMap;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};
use tripline_engine::matcher::MatchScratch;

use super::passing::{Fed, What};
use super::sets::PackSets;
use crate::check::MonotonicClock;

/// What is kept to be used again, of so many sets; with more, all begin anew.
const SCRATCHES: usize = 256;

pub(super) fn run(sets: &PackSets, fed: &Receiver<Fed>, to_collector: &Sender<Fed>) {
    let mut scratches: HashMap<usize, MatchScratch> = HashMap::new();
    for Fed { number, joined, tenant, what } in fed {
        let what = match what {
            What::Block { source, block, turn } => {
                // A tenant's lines meet its own packs' patterns, and no other's.
                let set = sets.of(&tenant);
                if scratches.len() >= SCRATCHES && !scratches.contains_key(&set.number()) {
                    scratches.clear();
                }
                let scratch = scratches.entry(set.number()).or_default();
                let began = Instant::now();
                let matched = set.matcher().block(&block, false, &MonotonicClock, scratch);
                What::Matched { source, block, matched, took: began.elapsed(), turn }
            }
            what => what,
        };
        if to_collector.send(Fed { number, joined, tenant, what }).is_err() {
            return;
        }
    }
}
