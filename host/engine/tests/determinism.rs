//! The same lines give the same decisions, whatever the pushes, blocks and batches.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::sync::Arc;

use proptest::prelude::*;
use support::{MANIFEST, Witness};
use tripline_abi::LogLevel;
use tripline_engine::clock::NoClock;
use tripline_engine::decision::Decision;
use tripline_engine::decode::Format;
use tripline_engine::judge::{BatchLimits, JudgeLimits, LifeLimits};
use tripline_engine::line::{Block, LineSettings, Lines};
use tripline_engine::matcher::{MatchLimits, MatchScratch, Matcher};
use tripline_engine::pattern::Rarity;
use tripline_engine::sandbox::{Enforced, Instance, LoadError, LogLine, Module, Sandbox, Trap, Usage};
use tripline_engine::{Check, Configured, Native, Pack, Report};

struct Cuts {
    push: usize,
    block: usize,
    entries: u32,
    batch: usize,
    save_after: usize,
}

const WHOLE: Cuts =
    Cuts { push: usize::MAX, block: 1 << 20, entries: u32::MAX, batch: 1 << 16, save_after: 1 << 19 };

fn judge(sources: &[Vec<u8>], cuts: &Cuts) -> Report {
    judge_held(sources, cuts, false)
}

/// With the matcher held by somebody, too, a check learns nothing of its lines.
fn judge_held(sources: &[Vec<u8>], cuts: &Cuts, held: bool) -> Report {
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    let configured = Configured::new(pack, &serde_json::Map::new()).unwrap();
    let lines = LineSettings { block_bytes: cuts.block, year: Some(2024), ..LineSettings::default() };
    let judging = JudgeLimits {
        batch: BatchLimits { bytes: cuts.batch, entries: cuts.entries, turn: None },
        life: LifeLimits { save_after: cuts.save_after, ..LifeLimits::default() },
        ..JudgeLimits::default()
    };
    let sandbox = Arc::new(Native::<Witness>::default());
    let check =
        Check::with(sandbox, &[configured], sources.len(), lines, MatchLimits::default(), judging).unwrap();
    let mut check = check.keep_decisions();
    let _held = held.then(|| Arc::clone(check.matcher()));
    let mut rest: Vec<&[u8]> = sources.iter().map(|bytes| &bytes[..]).collect();
    // Sources take turns, so that their blocks interleave.
    while rest.iter().any(|bytes| !bytes.is_empty()) {
        for (source, bytes) in rest.iter_mut().enumerate() {
            let (now, later) = bytes.split_at(bytes.len().min(cuts.push));
            check.feed_source(source as u32, now);
            *bytes = later;
        }
    }
    check.finish()
}

fn line() -> impl Strategy<Value = String> {
    let message = prop_oneof![
        3 => "(failed|Failed) (root|guest|x)",
        // No `o`: a chance `boom` would be poison.
        2 => "Accepted [a-np-z]{0,9}",
        1 => Just("\tat continued failed line".to_string()),
        1 => Just(String::new()),
    ];
    // More programs than log sources of a block are told apart at once.
    let program = prop_oneof!["sshd", "[a-c][a-d]?[a-c]{0,12}"];
    (0u32..4, 0u32..60, message, 0..4, program).prop_map(|(hour, minute, message, shape, program)| match shape {
        0 => message,
        1 => format!(
            "{{\"time\":\"2024-03-01T{hour:02}:{minute:02}:00Z\",\"user\":\"root\",\"msg\":\"{message}\"}}"
        ),
        _ => format!("Mar  1 {hour:02}:{minute:02}:00 host {program}[1]: {message}"),
    })
}

fn log() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(line(), 0..60).prop_map(|lines| lines.join("\n").into_bytes())
}

fn same(left: &[Decision], right: &[Decision]) -> Result<(), TestCaseError> {
    prop_assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        prop_assert_eq!(left, right);
    }
    Ok(())
}

/// Times at the ends of what nanoseconds of 64 bits can say, and beyond.
fn extreme() -> impl Strategy<Value = String> {
    let years = prop::sample::select(&[1i32, 1677, 1678, 1969, 1970, 2024, 2200, 2261, 2262, 2263, 9999][..]);
    let day = prop::sample::select(&["01-01", "04-11", "09-21", "12-31"][..]);
    let time = prop::sample::select(&["00:00:00", "00:12:44", "23:47:16", "23:59:59"][..]);
    (years, day, time).prop_map(|(year, day, time)| format!("{year:04}-{day}T{time}Z failed x"))
}

#[test]
fn what_a_check_learns_of_its_lines_changes_no_decision() {
    let line = |number: usize| match number % 5 {
        0 => format!("Mar  1 01:00:00 host p{}[1]: failed root {number}\n", number % 40),
        1 => format!("{{\"user\":\"root\",\"msg\":\"failed again {number}\"}}\n"),
        _ => format!("Mar  1 01:00:00 host sshd[1]: faile failec ailed root user {number}\n"),
    };
    let log: String = (0..12_000).map(line).collect();
    assert!(log.len() > 600_000);
    let cuts = Cuts { push: 100_000, block: 300_000, ..WHOLE };
    let sources = [log.into_bytes()];
    let (learned, guessed) = (judge_held(&sources, &cuts, false), judge_held(&sources, &cuts, true));
    assert!(learned.decisions.len() > 1_000);
    assert!(learned.decisions == guessed.decisions);
    assert_eq!(learned.matches, guessed.matches);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn decisions_do_not_depend_on_how_anything_is_cut(
        sources in prop::collection::vec(log(), 1..4),
        push in 1usize..200,
        block in prop_oneof![Just(1usize), 1usize..2000],
        entries in 1u32..9,
        batch in prop_oneof![Just(1usize), 200usize..3000],
        save_after in prop_oneof![Just(0usize), 0usize..5000],
    ) {
        let whole = judge(&sources, &WHOLE);
        let cut = judge(&sources, &Cuts { push, block, entries, batch, save_after });
        same(&whole.decisions, &cut.decisions)?;
        prop_assert_eq!(whole.incidents, cut.incidents);
        prop_assert_eq!(whole.lines, cut.lines);
    }

    #[test]
    fn extreme_times_neither_panic_nor_bring_ticks_without_bound(
        lines in prop::collection::vec(extreme(), 1..20),
    ) {
        let report = judge(&[lines.join("\n").into_bytes()], &WHOLE);
        prop_assert!(report.faults.is_empty());
        // Each line may end a gap of 64 ticks at most, and one more is at the end.
        prop_assert!(report.decisions.len() <= 66 * lines.len() + 66, "{}", report.decisions.len());
    }

    /// A crafted line that trips the pack costs that event and nothing else.
    #[test]
    fn a_poisonous_event_is_skipped_and_the_others_are_judged_as_if_it_were_not_there(
        // None that would join the poisonous line, and so go with it.
        lines in prop::collection::vec(line().prop_filter("no continuation", |line| !line.starts_with('\t')), 1..300),
        poison in any::<prop::sample::Index>(),
        entries in prop_oneof![Just(1u32), 2u32..50, Just(u32::MAX)],
        save_after in prop_oneof![Just(0usize), Just(1 << 19)],
    ) {
        // Time has begun before it, so that it moves none.
        let lines = [vec!["Mar  1 00:00:00 host sshd[1]: failed x".to_string()], lines].concat();
        let boom = "Mar  1 00:00:00 host sshd[1]: boom".to_string();
        let at = 1 + poison.index(lines.len() - 1);
        let with: Vec<String> = lines[..at].iter().cloned().chain([boom]).chain(lines[at..].iter().cloned()).collect();
        let without: Vec<String> =
            lines[..at].iter().cloned().chain(["Mar  1 00:00:00 host sshd[1]: calm".into()]).chain(lines[at..].iter().cloned()).collect();
        let cuts = Cuts { entries, save_after, ..WHOLE };
        let faulted = judge(&[with.join("\n").into_bytes()], &cuts);
        let calm = judge(&[without.join("\n").into_bytes()], &cuts);
        same(&faulted.decisions, &calm.decisions)?;
        prop_assert_eq!(faulted.faults.len(), 1);
        prop_assert_eq!(faulted.faults[0].fault.code(), "panic");
        prop_assert!(!faulted.faults[0].quarantined);
    }
}

#[test]
fn a_line_of_a_far_future_has_no_time_where_state_is_kept() {
    let line = |hour: u32| format!("2024-03-01T{hour:02}:00:00Z failed x");
    let log = [line(0), "2200-01-01T00:00:00Z failed y".into(), line(1), line(2), line(3)].join("\n");
    let times = |bounded: bool| -> Vec<Option<i64>> {
        let reference = Some(1_709_265_600_000_000_000);
        let lines = LineSettings { reference, bounded, ..LineSettings::default() };
        let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
        let configured = Configured::new(pack, &serde_json::Map::new()).unwrap();
        let (matching, judging) = (MatchLimits::default(), JudgeLimits::default());
        let sandbox = Arc::new(Native::<Witness>::default());
        let check = Check::with(sandbox, &[configured], 1, lines, matching, judging).unwrap();
        let mut check = check.keep_decisions();
        check.feed(log.as_bytes());
        check.finish().decisions.iter().map(|decision| decision.time).collect()
    };
    let of_2024 = |time: &Option<i64>| time.is_some_and(|time| time < 1_720_000_000_000_000_000);
    assert!(times(true).iter().all(of_2024), "{:?}", times(true));
    assert!(times(true).len() >= 4, "ticks go on");
    assert!(!times(false).iter().all(of_2024));
}

/// A forged time ahead of its arrival must not flush windows.
#[test]
fn where_lines_come_live_a_time_is_at_most_five_minutes_ahead_of_its_arrival() {
    let (minute, received) = (60 * 1_000_000_000, 1_709_265_600_000_000_000);
    let stamps =
        ["2024-03-01T03:59:00Z", "2024-03-01T04:05:00Z", "2024-03-01T04:05:01Z", "2200-01-01T00:00:00Z"];
    let log: Vec<String> = stamps.iter().map(|stamp| format!("{stamp} failed x\n")).collect();
    let mut lines = Lines::new(LineSettings { format: Some(Format::Iso), ..LineSettings::default() });
    lines.push(log.concat().as_bytes());
    lines.finish();
    let block = Block { received: Some(received), ..lines.next_block().unwrap() };
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    let configured = Configured::new(pack, &serde_json::Map::new()).unwrap();
    let matcher = Matcher::new(&[configured], MatchLimits::default(), &Rarity::default()).unwrap();
    for merged in [false, true] {
        let matched = matcher.block(&block, merged, &NoClock, &mut MatchScratch::default());
        let times: Vec<Option<i64>> = (0..matched.len()).map(|event| matched.event(event).time()).collect();
        let most = received + 5 * minute;
        assert_eq!(times, [received - minute, most, most, most].map(Some));
        assert_eq!(matched.last_time, Some(most));
        assert!(matched.latest.is_none_or(|latest| latest == most), "{:?}", matched.latest);
    }
}

#[test]
fn a_pack_that_faults_on_too_many_events_is_out_and_says_so_once() {
    let log = "Mar  1 00:00:00 host sshd[1]: boom\n".repeat(300);
    let report = judge(&[log.into_bytes()], &WHOLE);
    assert_eq!(report.faults.len(), 10);
    assert!(report.faults[..9].iter().all(|fault| !fault.quarantined && fault.event.is_some()));
    assert!(report.faults[9].quarantined);
    let out: Vec<_> = report.incidents.iter().map(|incident| &incident.origin.rule.id[..]).collect();
    assert_eq!(out, ["pack-quarantined"]);
}

#[test]
fn few_crafted_lines_among_many_are_no_off_switch() {
    let mut lines = vec!["Mar  1 00:00:00 host sshd[1]: failed x"; 3000];
    for at in 0..20 {
        lines[at * 150] = "Mar  1 00:00:00 host sshd[1]: boom";
    }
    let report = judge(&[lines.join("\n").into_bytes()], &WHOLE);
    assert_eq!(report.faults.len(), 20);
    assert!(report.faults.iter().all(|fault| !fault.quarantined));
}

#[test]
fn faults_are_kept_up_to_a_bound_and_all_are_counted() {
    let mut lines = vec!["Mar  1 00:00:00 host sshd[1]: failed x"; 150 * 120];
    for at in 1..=150 {
        lines[at * 120 - 1] = "Mar  1 00:00:00 host sshd[1]: boom";
    }
    let report = judge(&[lines.join("\n").into_bytes()], &Cuts { entries: 1, ..WHOLE });
    assert_eq!((report.faults.len(), report.packs[0].judging.faults), (100, 150));
}

/// Logs a line in each call.
struct Chatty(Native<Witness>);
struct ChattyModule(Arc<dyn Module>);
struct ChattyInstance(Box<dyn Instance>);

impl Sandbox for Chatty {
    fn load(&self, pack: &Pack) -> Result<Arc<dyn Module>, LoadError> {
        Ok(Arc::new(ChattyModule(self.0.load(pack)?)))
    }

    fn enforces(&self) -> Enforced {
        self.0.enforces()
    }
}

impl Module for ChattyModule {
    fn instantiate(&self) -> Result<Box<dyn Instance>, Trap> {
        Ok(Box::new(ChattyInstance(self.0.instantiate()?)))
    }
}

impl Instance for ChattyInstance {
    fn open(&mut self, frame: &[u8]) -> Result<Result<(), String>, Trap> {
        self.0.open(frame)
    }

    fn check(&mut self, batch: &[u8], entries: u32, reply: &mut Vec<u8>) -> Result<(), Trap> {
        self.0.check(batch, entries, reply)
    }

    fn save(&mut self, state: &mut Vec<u8>) -> Result<bool, Trap> {
        self.0.save(state)
    }

    fn drain_log(&mut self) -> (Vec<LogLine>, u64) {
        (vec![LogLine { level: LogLevel::Info, text: "checked".into() }], 1)
    }

    fn rule(&mut self) -> Option<u32> {
        self.0.rule()
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }
}

#[test]
fn log_lines_are_kept_up_to_a_bound_and_the_rest_is_counted() {
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    let configured = Configured::new(pack, &serde_json::Map::new()).unwrap();
    let batch = BatchLimits { entries: 1, ..BatchLimits::default() };
    let judging = JudgeLimits { batch, ..JudgeLimits::default() };
    let sandbox = Arc::new(Chatty(Native::default()));
    let (lines, matching) = (LineSettings::default(), MatchLimits::default());
    let mut check = Check::with(sandbox, &[configured], 1, lines, matching, judging).unwrap();
    check.feed("failed x\n".repeat(1500).as_bytes());
    let report = check.finish();
    assert_eq!(report.logs.len(), 1_000);
    let judging = report.packs[0].judging;
    assert_eq!(judging.logs_dropped, judging.batches + 500);
}
