//! A matching thread: lines of any source, in any order; what is no line goes through.

use crossbeam_channel::{Receiver, Sender};
use tripline_engine::matcher::{MatchScratch, Matcher};

use super::passing::{Fed, What};
use crate::check::MonotonicClock;

pub(super) fn run(matcher: &Matcher, fed: &Receiver<Fed>, to_collector: &Sender<Fed>) {
    let mut scratch = MatchScratch::default();
    for Fed { number, joined, tenant, what } in fed {
        let what = match what {
            What::Block { source, block, turn } => {
                let matched = matcher.block(&block, false, &MonotonicClock, &mut scratch);
                What::Matched { source, block, matched, turn }
            }
            what => what,
        };
        if to_collector.send(Fed { number, joined, tenant, what }).is_err() {
            return;
        }
    }
}
