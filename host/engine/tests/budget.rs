//! What patterns cost is metered by a clock that is handed in, and a pack over its budget is out.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use support::{MANIFEST, Witness};
use tripline_engine::clock::{Clock, NoClock};
use tripline_engine::judge::JudgeLimits;
use tripline_engine::line::{Block, LineSettings, Lines};
use tripline_engine::matcher::{
    Begun, MatchLimits, MatchScratch, Matched, Matcher, MatcherProblem, PackPatterns,
};
use tripline_engine::pattern::Rarity;
use tripline_engine::{Check, Configured, Fault, Native, Pack};

/// Moves on by so much whenever it is asked.
struct Stepping(Duration, AtomicU64);

impl Clock for Stepping {
    fn now(&self) -> Duration {
        self.0 * u32::try_from(self.1.fetch_add(1, Relaxed)).unwrap()
    }
}

fn configured() -> Configured {
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    Configured::new(pack, &serde_json::Map::new()).unwrap()
}

fn run(step: Duration) -> tripline_engine::Report {
    let sandbox = Arc::new(Native::<Witness>::default());
    // Small blocks: costs are added up block by block.
    let lines = LineSettings { block_bytes: 16 * 1024, ..LineSettings::default() };
    let limits = (MatchLimits::default(), JudgeLimits::default());
    let check = Check::with(sandbox, &[configured()], 1, lines, limits.0, limits.1).unwrap();
    let mut check = check.clock(Box::new(Stepping(step, AtomicU64::new(0))));
    for _ in 0..20 {
        check.feed("Mar  1 00:00:00 host sshd[1]: failed x\n".repeat(3_000).as_bytes());
    }
    check.finish()
}

#[test]
fn a_pack_over_its_match_budget_is_suspended_and_says_so_once() {
    let report = run(Duration::from_millis(1));
    assert_eq!(report.faults.len(), 1);
    assert!(matches!(report.faults[0].fault, Fault::Matching { .. }), "{:?}", report.faults);
    assert!(report.faults[0].quarantined && report.packs[0].matching.suspended);
    assert!(report.packs[0].matching.tried < 60_000, "it was tried on: {}", report.packs[0].matching.tried);
    assert!(report.incidents.iter().any(|incident| incident.origin.rule.id == "pack-quarantined"));
}

#[test]
fn a_pack_within_its_match_budget_is_charged_and_goes_on() {
    let report = run(Duration::from_nanos(500));
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert_eq!(report.packs[0].matching.tried, 60_000);
    assert_eq!(report.packs[0].matching.time, Duration::from_nanos(500) * 60_000);
}

fn block(text: &str) -> Block {
    let mut lines = Lines::new(LineSettings::default());
    lines.push(text.as_bytes());
    lines.finish();
    lines.next_block().unwrap()
}

/// Each turn has so much time; how many there were.
fn in_turns(matcher: &Matcher, block: &Block, time: Duration, clock: &dyn Clock) -> (Matched, usize) {
    let (mut scratch, mut begun, mut turns) = (MatchScratch::default(), Begun::default(), 0);
    loop {
        turns += 1;
        match matcher.some(block, begun, clock.now() + time, clock, &mut scratch) {
            Ok(matched) => return (matched, turns),
            Err(left) => begun = left,
        }
    }
}

/// Whoever waits for a matcher waits for the line it is in, not for the block.
#[test]
fn a_turn_ends_behind_the_line_in_which_it_is_over_and_goes_on_there() {
    let configured = configured();
    let matcher =
        Matcher::new(std::slice::from_ref(&configured), MatchLimits::default(), &Rarity::default()).unwrap();
    let clock = Stepping(Duration::from_millis(1), AtomicU64::new(0));
    let lines = block(&"Mar  1 00:00:00 host sshd[1]: failed x\n".repeat(20));
    // The clock is looked at before and behind each line's patterns: of the third one it is over.
    let (matched, turns) = in_turns(&matcher, &lines, Duration::from_millis(5), &clock);
    let cost = matcher.costs()[0];
    assert_eq!((matched.len(), cost.tried, turns), (20, 20, 7));
    assert_eq!(cost.time, Duration::from_millis(20), "each line is charged once");
    // Many pieces, and turns that end anywhere in them.
    let line = |number: usize| match number % 7 {
        0 => format!("Mar  1 00:00:00 host sshd[1]: failed {number}\n"),
        _ => format!("Mar  1 00:00:00 host sshd[1]: passed {number}\n"),
    };
    let lines = block(&(0..5_000).map(line).collect::<String>());
    let (matched, turns) = in_turns(&matcher, &lines, Duration::ZERO, &NoClock);
    assert!(turns > 5_000 / 7, "{turns}");
    let whole = matcher.block(&lines, false, &NoClock, &mut MatchScratch::default());
    let seen = |matched: &Matched| (0..matched.len()).map(|i| matched.event(i).line()).collect::<Vec<_>>();
    assert_eq!((seen(&matched), matched.last_time), (seen(&whole), whole.last_time));
    assert_eq!(seen(&whole).len(), 5_000_usize.div_ceil(7));
}

#[test]
fn a_regex_that_takes_too_long_for_one_value_is_refused_by_name() {
    let configured = configured();
    let matcher =
        Matcher::new(std::slice::from_ref(&configured), MatchLimits::default(), &Rarity::default()).unwrap();
    let slow = Stepping(Duration::from_millis(11), AtomicU64::new(0));
    let error = matcher.try_cost(0, &configured.pack, &slow).unwrap_err();
    let tried = |clock: &dyn Clock| {
        PackPatterns::tried(&configured, &Rarity::default(), &MatchLimits::default(), clock).unwrap().1
    };
    let said = error.to_string();
    assert_eq!(error.pack, "witness");
    let MatcherProblem::Slow { pattern, found, limit, .. } = error.problem else { panic!("expected Slow") };
    assert_eq!(
        (&pattern[..], found, limit),
        ("failed", Duration::from_millis(11), Duration::from_millis(10))
    );
    assert_eq!(tried(&slow).unwrap_err().to_string(), said, "tried as it is compiled");
    let quick = Stepping(Duration::from_millis(1), AtomicU64::new(0));
    matcher.try_cost(0, &configured.pack, &quick).unwrap();
    tried(&quick).unwrap();
}
