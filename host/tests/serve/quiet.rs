//! Time passes though nothing is written: ticks come, and who should write is missed.

use tripline::commit::Tenant;
use tripline::follow::{FollowSettings, From};
use tripline::line::LineSettings;
use tripline::serve::{Expected, Follow};

use crate::remembering::configured;
use crate::running::{Running, SECOND, change, settings};

#[test]
fn ticks_come_though_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    running.commit("default");
    let ticks = |running: &Running| {
        let counts = running.counts("default");
        counts.iter().filter(|((rule, _), _)| rule == "tick").map(|(_, count)| count).sum::<u64>()
    };
    assert_eq!(ticks(&running), 0);
    // Time is told to pass five seconds behind the clock: what is late by less is not late.
    running.pass(5);
    for minute in 1..=3 {
        running.pass(60);
        running.until("a tick each minute", |running| ticks(running) >= minute);
        assert_eq!(ticks(&running), minute);
    }
}

/// A clock that was a year ahead for a moment must not cost the ticks of a year, also over a restart.
#[test]
fn ticks_come_again_when_a_clock_that_was_ahead_is_back() {
    const YEAR: i64 = 365 * 24 * 3600;
    let folder = tempfile::tempdir().unwrap();
    let ticks = |running: &Running| running.count_of("default", "tick");
    let mut running = Running::new(folder.path(), 16, Vec::new());
    running.commit("default");
    running.pass(YEAR);
    running.until("a tick of then", |running| ticks(running) > 0);
    running.commit("default");
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
    let running = Running::new(folder.path(), 16, Vec::new());
    let before = ticks(&running);
    running.commit("default");
    running.pass(1);
    running.until("it goes on", |running| {
        running.pass(10);
        ticks(running) > before
    });
    let now = ticks(&running);
    running.until("and on", |running| {
        running.pass(10);
        ticks(running) > now
    });
}

#[test]
fn a_source_that_is_silent_is_an_incident_once_and_again_when_it_has_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let source = "program/test".to_string();
    let expected = Expected { tenant: Tenant::default(), source, settings: settings(Some(300 * SECOND)) };
    let running = Running::new(folder.path(), 16, vec![expected]);
    let silences = |running: &Running| {
        let counts = running.counts("default");
        counts.iter().filter(|((rule, _), _)| rule == "source-silent").map(|(_, count)| *count).sum::<u64>()
    };
    // It never spoke, and is waited for when others are.
    running.commit("other");
    running.pass(299);
    running.commit("other");
    assert_eq!(silences(&running), 0);
    running.pass(1);
    running.until("it is missed", |running| silences(running) == 1);
    running.pass(600);
    running.commit("other");
    assert_eq!(silences(&running), 1, "it is told once");
    running.commit("default");
    running.pass(300);
    running.until("it is missed again", |running| silences(running) == 2);
}

/// A clock that is set ahead, or back, says nothing of who is silent.
#[test]
fn a_clock_that_jumps_makes_nobody_silent() {
    let folder = tempfile::tempdir().unwrap();
    let source = "program/test".to_string();
    let expected = Expected { tenant: Tenant::default(), source, settings: settings(Some(300 * SECOND)) };
    let running = Running::new(folder.path(), 16, vec![expected]);
    let silences = |running: &Running| running.count_of("default", "source-silent");
    running.commit("default");
    for jump in [86_400, -43_200] {
        running.jump(jump);
        running.commit("other");
        running.pass(60);
        running.commit("other");
        assert_eq!(silences(&running), 0);
    }
    running.pass(180);
    running.until("it is missed by the time that has passed", |running| silences(running) == 1);
}

/// A glob that names nothing is missed as a file would be.
#[test]
fn an_entry_that_names_no_file_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    let lines = LineSettings { bounded: true, ..LineSettings::default() };
    let settings = FollowSettings { lines, from: From::Start, quiet: SECOND, linger: 60 * SECOND };
    let paths = vec![folder.path().join("*.log")];
    let silent_after = Some(300 * SECOND);
    let follow = vec![Follow { paths, tenant: Tenant::default(), settings, silent_after }];
    running.control.change(change(vec![configured()], follow, Vec::new()));
    running.until("it is changed", |running| running.said("Changed"));
    let silences = |running: &Running| running.count_of("default", "source-silent");
    let waited = |seconds: i64| {
        running.pass(seconds);
        running.commit("other");
    };
    // It counts from when it was looked for first.
    (0..2).for_each(|_| waited(1));
    waited(290);
    assert_eq!(silences(&running), 0);
    waited(10);
    running.until("it is missed", |running| silences(running) == 1);
    waited(600);
    assert_eq!(silences(&running), 1, "it is told once");
    std::fs::write(folder.path().join("a.log"), "2026-11-18T10:27:00Z app: n=1\n").unwrap();
    running.until("the file is followed", |running| {
        running.pass(1);
        running.said("Follows")
    });
    running.until("and missed by itself", |running| {
        running.pass(60);
        silences(running) == 2
    });
}

/// How long a source may be silent, and which ones, changes while it runs; also of one that never spoke.
#[test]
fn who_is_expected_changes_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let expected = |source: &str, seconds: i64| Expected {
        tenant: Tenant::default(),
        source: source.into(),
        settings: settings(Some(seconds * SECOND)),
    };
    let running = Running::new(folder.path(), 16, vec![expected("program/test", 300)]);
    let change = |expected: Vec<Expected>| {
        running.control.change(change(vec![configured()], Vec::new(), expected));
        let changes = |running: &Running| {
            running.events.lock().unwrap().iter().filter(|event| event.contains("Changed")).count()
        };
        let before = changes(&running);
        running.control.wake();
        running.until("it is changed", |running| changes(running) > before);
        // And goes on: who is expected is so from now on.
        running.commit("other");
    };
    let silences = |running: &Running| running.count_of("default", "source-silent");
    change(vec![expected("http/never", 600)]);
    running.pass(301);
    running.commit("default");
    assert_eq!(silences(&running), 0, "program/test may be silent now");
    running.pass(299);
    running.until("what never spoke is missed", |running| silences(running) == 1);
    change(vec![expected("http/never", 600), expected("program/test", 60)]);
    running.pass(60);
    running.until("it is expected again", |running| silences(running) == 2);
    change(Vec::new());
    running.pass(3600);
    running.commit("other");
    assert_eq!(silences(&running), 2);
}
