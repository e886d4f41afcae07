//! Each hostile module beside the built-in packs: it gets exactly its fault, and they decide as if it were not there.
//!
//! The modules are text in `tests/hostile`; what the sandbox alone makes of each is in `host/sandbox/tests`.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::sync::OnceLock;

use tripline::Pack;
use tripline::check::Outcome;
use tripline::fold::Incident;
use tripline_tests::{builtin, check, configured, root};

#[path = "../hostile/load.rs"]
mod load;

/// The sample log a few times over, with lines on which some of the modules trip.
///
/// Several times four, so that a few crafted lines are below one in a hundred; often, so that states are saved.
fn log(often: bool) -> Vec<std::path::PathBuf> {
    static LOGS: [OnceLock<(tempfile::TempDir, std::path::PathBuf)>; 2] = [const { OnceLock::new() }; 2];
    let (_, path) = LOGS[usize::from(often)].get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let sample = fs::read_to_string(root().join("tests/sample/auth.log")).unwrap();
        let lines: Vec<&str> = sample.lines().collect();
        let mut text = lines.join("\n").repeat(if often { 24 } else { 4 });
        for at in ["first boom", "second boom"] {
            text.push_str(&format!("\nMar 14 23:00:00 web1 shop[1]: {at}\n"));
            text.push_str(&lines[..60].join("\n"));
        }
        let path = folder.path().join("auth.log");
        fs::write(&path, text).unwrap();
        (folder, path)
    });
    vec![path.clone()]
}

fn of_others(outcome: &Outcome) -> Vec<Incident> {
    let incidents = outcome.report.incidents.iter();
    incidents.filter(|i| ["sshd", "app-errors"].contains(&&i.origin.pack[..])).cloned().collect()
}

/// What became of the hostile pack: its faults, by what they were and whether they were skipped or it was put out.
fn run(name: &str, often: bool) -> (String, Outcome) {
    static ALONE: [OnceLock<Vec<Incident>>; 2] = [const { OnceLock::new() }; 2];
    let alone = ALONE[usize::from(often)].get_or_init(|| of_others(&check(builtin(), &log(often), 2)));
    assert!(alone.len() > 5, "{}", alone.len());
    let wasm = load::module(&load::folder(env!("CARGO_MANIFEST_DIR")), name);
    let pack = Pack::read(wasm).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut packs = builtin();
    packs.push(configured(pack));
    let outcome = check(packs, &log(often), 2);
    assert_eq!(&of_others(&outcome), alone, "{name} changes what others decide");
    let mut shown: Vec<String> = Vec::new();
    for fault in &outcome.report.faults {
        assert_eq!(fault.pack, "hostile");
        let became = match (fault.quarantined, fault.event) {
            (true, None) => "out without an event",
            (true, Some(_)) => "out",
            (false, Some(_)) => "skipped",
            (false, None) => "nothing",
        };
        shown.push(format!("{}: {became}", fault.fault.code()));
    }
    let out = outcome.report.incidents.iter().filter(|i| i.origin.rule.id == "pack-quarantined").count();
    assert_eq!(
        out,
        usize::from(shown.iter().any(|fault| fault.contains("out"))),
        "{name}: an incident of its own"
    );
    let mut counted: Vec<String> = Vec::new();
    for one in shown.chunk_by(|a, b| a == b) {
        counted.push(if one.len() == 1 { one[0].clone() } else { format!("{} ×{}", one[0], one.len()) });
    }
    (counted.join(", "), outcome)
}

macro_rules! hostile {
    (often: $often:literal; $($test:ident $name:literal $expected:literal;)*) => {$(
        #[test]
        fn $test() {
            assert_eq!(run($name, $often).0, $expected, $name);
        }
    )*};
}

hostile! {
    often: false;
    good "good" "";
    loop_in_check "loop-check" "cpu: skipped ×9, cpu: out";
    loop_in_open "loop-open" "cpu: out without an event";
    loop_in_start "loop-start" "cpu: out without an event";
    loop_in_buffer "loop-buffer" "cpu: out without an event";
    loop_without_branches "loop-without-branches" "cpu: skipped ×9, cpu: out";
    loop_on_a_line "loops-on-line" "cpu: skipped ×2";
    memory_bomb "memory-bomb" "memory: skipped ×9, memory: out";
    memory_at_once "memory-at-once" "memory: skipped ×9, memory: out";
    memory_refused_politely "memory-polite" "";
    memory_on_a_line "eats-on-line" "memory: skipped ×2";
    table_bomb "table-bomb" "table: skipped ×9, table: out";
    deep_recursion "recursion" "stack: skipped ×9, stack: out";
    buffer_outside "buffer-outside" "pointer: out without an event";
    buffer_negative "buffer-negative" "pointer: out without an event";
    buffer_overflow "buffer-overflow" "pointer: out without an event";
    reply_outside "reply-outside" "pointer: skipped ×9, pointer: out";
    reply_negative "reply-negative" "pointer: skipped ×9, pointer: out";
    reply_overflow "reply-overflow" "pointer: skipped ×9, pointer: out";
    reply_huge "reply-huge" "answer: skipped ×9, answer: out";
    reply_garbage "reply-garbage" "reply: skipped ×9, reply: out";
    error_outside "error-outside" "pointer: out without an event";
    lying_count "lying-count" "reply: skipped ×9, reply: out";
    lying_evidence "lying-evidence" "reply: skipped ×9, reply: out";
    lying_rule "lying-rule" "reply: skipped ×9, reply: out";
    lying_stride "lying-stride" "reply: skipped ×9, reply: out";
    evidence_of_others "evidence-of-others" "foreign: skipped ×9, foreign: out";
    trigger_of_others "trigger-of-others" "foreign: skipped ×9, foreign: out";
    log_flood "log-flood" "cpu: skipped ×9, cpu: out";
    panic "panic" "panic: skipped ×9, panic: out";
    trap_then_called_again "trap-twice" "trap: skipped ×9, trap: out";
    traps_on_every_event "traps-always" "trap: skipped ×9, trap: out";
    a_crafted_line "trips-on-line" "trap: skipped ×2";
    too_many_decisions "too-many-decisions" "";
    a_pattern_that_matches_everything "decides-on-all" "";
}

// What happens when states are saved.
hostile! {
    often: true;
    loop_in_save "loop-save" "cpu: out without an event";
    state_outside "state-outside" "pointer: out without an event";
    state_huge "state-huge" "answer: out without an event";
    state_never_saved "state-none" "";
}

/// Too many decisions are no fault: what is over the limit is counted, or tripping a rule would switch it off.
#[test]
fn decisions_over_the_limit_are_folded_into_one() {
    let (_, outcome) = run("too-many-decisions", false);
    let overflow = outcome.report.incidents.iter().find(|i| i.origin.rule.id == "decision-overflow").unwrap();
    let batches = outcome.report.packs.iter().find(|pack| pack.name == "hostile").unwrap().judging.batches;
    let taken = u64::from(tripline::judge::DECISIONS_PER_ENTRY);
    assert_eq!(overflow.count, batches * (10_000 - taken));
}

/// A crafted line costs its event; all others are judged.
#[test]
fn a_crafted_line_is_no_off_switch() {
    let (_, outcome) = run("trips-on-line", false);
    let pack = outcome.report.packs.iter().find(|pack| pack.name == "hostile").unwrap();
    assert_eq!((pack.judging.events, pack.judging.faults), (outcome.report.lines, 2));
    assert_eq!(pack.judging.decisions, outcome.report.lines - 2);
}

/// A regex that is linear and dear all the same is refused at load, or suspended while it runs.
#[test]
fn a_slow_regex_is_refused_or_suspended() {
    let folder = load::folder(env!("CARGO_MANIFEST_DIR"));
    assert!(matches!(Pack::read(load::module(&folder, "regex-slow")), Err(tripline::PackError::Manifest(_))));
    let mut packs = builtin();
    packs.push(configured(Pack::read(load::module(&folder, "regex-slow-small")).unwrap()));
    let inputs = tripline::check::expand(&log(false));
    let options = tripline::check::CheckOptions {
        packs,
        sources: inputs.sources,
        threads: 2,
        year: None,
        timezone: jiff::tz::TimeZone::UTC,
        format: None,
        matches: false,
        stats: false,
        store: None,
    };
    match tripline_tests::try_check(options) {
        Err(error) => {
            assert_eq!(error.pack, "hostile");
            assert!(matches!(error.problem, tripline::matcher::MatcherProblem::Slow { .. }), "{error}");
        }
        Ok(outcome) => {
            let hostile = outcome.report.packs.iter().find(|pack| pack.name == "hostile").unwrap();
            assert!(hostile.matching.time < std::time::Duration::from_secs(10), "{hostile:?}");
        }
    }
}
