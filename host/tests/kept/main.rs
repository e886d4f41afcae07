//! A check with a store goes on where it stopped: on real files that grow, are rotated, packed, cut and made anew.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod logs;
mod memory;

use std::collections::BTreeSet;
use std::fs::{self, File};

use logs::Logs;
use tripline::check::Change;
use tripline::commit::StoreError;

fn lines(from: u32, to: u32) -> String {
    let line =
        |n: u32| format!("Mar  1 {:02}:{:02}:{:02} host app[1]: n={n}\n", n / 3600, n / 60 % 60, n % 60);
    (from..to).map(line).collect()
}

fn json(from: u32, to: u32) -> String {
    let line = |n: u32| {
        let time = format!("2024-03-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60);
        format!("{{\"time\":\"{time}\",\"msg\":\"n={n}\"}}\n")
    };
    (from..to).map(line).collect()
}

/// What one check of this text decides.
fn whole(text: &str) -> BTreeSet<Vec<u8>> {
    let logs = Logs::new();
    logs.append("x.log", text);
    logs.new_ones();
    logs.store.fingerprints()
}

#[test]
fn the_same_file_again_gives_nothing_new() {
    let logs = Logs::new();
    logs.append("x.log", &lines(0, 500));
    assert_eq!(logs.new_ones(), 500);
    assert!(logs.store.commits() > 3, "barriers between blocks");
    let again = logs.check();
    assert_eq!(
        again.committed.as_ref().map(|committed| (committed.occurrences, committed.known)),
        Some((0, 1))
    );
    assert!(again.bytes < 100, "read on at the last event, not from the start: {}", again.bytes);
}

#[test]
fn a_grown_file_gives_what_is_new_wherever_it_was_cut() {
    let text = lines(0, 30);
    let all = whole(&text);
    for cut in (0..text.len()).step_by(7) {
        let logs = Logs::new();
        logs.append("x.log", &text[..cut]);
        logs.new_ones();
        logs.append("x.log", &text[cut..]);
        logs.new_ones();
        assert!(logs.store.fingerprints().is_superset(&all), "cut at {cut}");
        assert_eq!(logs.new_ones(), 0, "cut at {cut}");
    }
}

#[test]
fn a_family_goes_on_through_renaming_and_packing() {
    let logs = Logs::new();
    logs.append("x.log", &lines(0, 100));
    assert_eq!(logs.new_ones(), 100);
    logs.append("x.log", &lines(100, 150));
    logs.rename("x.log", "x.log.1");
    logs.append("x.log", &lines(150, 200));
    assert_eq!(logs.new_ones(), 100, "renamed, and new lines in both");
    logs.rename("x.log.1", "x.log.2");
    logs.pack("x.log.2", "x.log.2.gz");
    logs.append("x.log", &lines(200, 220));
    logs.rename("x.log", "x.log.1");
    logs.append("x.log", &lines(220, 230));
    assert_eq!(logs.new_ones(), 30);
    logs.pack("x.log.1", "x.log.3.gz");
    logs.rename("x.log.2.gz", "x.log.4.gz");
    let last = logs.check();
    assert_eq!(last.committed.unwrap().occurrences, 0);
    assert!(last.notes.is_empty(), "{:?}", last.notes);
    assert_eq!(logs.store.fingerprints(), whole(&lines(0, 230)));
    assert_eq!(logs.store.decisions(), 230, "no decision twice");
}

#[test]
fn a_file_that_is_packed_unread_loses_nothing() {
    let logs = Logs::new();
    logs.append("x.log", &lines(0, 100));
    logs.new_ones();
    logs.append("x.log", &lines(100, 150));
    logs.pack("x.log", "x.log.1.gz");
    logs.append("x.log", &lines(150, 160));
    assert_eq!(logs.new_ones(), 60);
    assert_eq!(logs.store.fingerprints(), whole(&lines(0, 160)));
}

#[test]
fn a_copy_takes_over_from_a_file_that_was_cut() {
    let logs = Logs::new();
    logs.append("x.log", &lines(0, 100));
    logs.new_ones();
    logs.append("x.log", &lines(100, 150));
    fs::copy(logs.at("x.log"), logs.at("x.log.1")).unwrap();
    File::create(logs.at("x.log")).unwrap();
    logs.append("x.log", &lines(150, 160));
    let outcome = logs.check();
    assert!(outcome.notes.is_empty(), "{:?}", outcome.notes);
    assert_eq!(outcome.committed.unwrap().occurrences, 60);
    assert_eq!(logs.store.fingerprints(), whole(&lines(0, 160)));
}

#[test]
fn a_file_that_was_cut_or_replaced_is_read_from_its_start_and_told() {
    for (text, change) in
        [(lines(150, 160), Change::Replaced), (lines(0, 3), Change::Cut), (String::new(), Change::Cut)]
    {
        let logs = Logs::new();
        logs.append("x.log", &lines(0, 20));
        logs.new_ones();
        // Under the same inode.
        File::create(logs.at("x.log")).unwrap();
        logs.append("x.log", &text);
        let outcome = logs.check();
        let notes: Vec<_> = outcome.notes.iter().map(|note| note.change).collect();
        // The known head is of all twenty lines, which three of them do not begin with.
        let change = if text.is_empty() { change } else { Change::Replaced };
        assert_eq!(notes, [change], "{text}");
        assert_eq!(outcome.committed.unwrap().occurrences, text.lines().count() as u64);
        logs.append("x.log", &lines(160, 170));
        assert!(logs.check().notes.is_empty());
    }
}

#[test]
fn logs_that_begin_alike_are_told_apart() {
    let logs = Logs::new();
    logs.append("x.log.1", "Mar  1 00:00:00 host app[1]: started\n");
    logs.append("x.log", "Mar  1 00:00:00 host app[1]: started\n");
    logs.new_ones();
    logs.append("x.log.1", &lines(0, 10));
    logs.append("x.log", &lines(10, 15));
    assert_eq!(logs.new_ones(), 15, "and a head that has grown is the same head");
    logs.rename("x.log.1", "x.log.2");
    logs.rename("x.log", "x.log.1");
    logs.append("x.log", "Mar  1 00:00:00 host app[1]: started\n");
    logs.append("x.log", &lines(15, 20));
    assert_eq!(logs.new_ones(), 5);
}

#[test]
fn sources_that_grow_in_turn_are_one_sequence() {
    let logs = Logs::new();
    let files = ["a.log", "b.log"];
    let mut text = String::new();
    files.iter().for_each(|file| logs.append(file, ""));
    for turn in 0..12 {
        logs.append(files[turn as usize % 2], &json(turn * 50, turn * 50 + 50));
        text += &json(turn * 50, turn * 50 + 50);
        assert_eq!(logs.new_ones(), 50);
    }
    assert_eq!(logs.store.fingerprints(), whole(&text));
}

#[test]
fn what_a_refused_commit_loses_is_judged_again() {
    let mut logs = Logs::new();
    for (at, file) in (0..).zip(["a.log", "b.log", "c.log"]) {
        // Interleaved in time, with lines that have none.
        let every = |n: u32| {
            json(n * 3 + at, n * 3 + at + 1)
                + if n.is_multiple_of(4) { "{\"msg\":\"n=timeless\"}\n" } else { "" }
        };
        logs.append(file, &(0..400).map(every).collect::<String>());
    }
    let total = logs.new_ones();
    let all = logs.store.fingerprints();
    let mut times = 0;
    for refused in 1..=logs.store.commits() {
        logs.forget();
        logs.store.refuse(refused);
        let outcome = logs.check();
        if outcome.store_error.is_none() {
            // Barriers lie where time has it: there were fewer this time.
            continue;
        }
        times += 1;
        assert!(matches!(outcome.store_error, Some(StoreError::Full)) && outcome.stopped);
        let before = outcome.committed.unwrap().occurrences;
        assert_eq!(logs.new_ones(), total - before, "refused {refused}");
        assert_eq!(logs.store.fingerprints(), all, "refused {refused}");
        assert_eq!(logs.new_ones(), 0);
    }
    assert!(times > 0, "no commit was refused");
}

#[test]
fn a_check_that_was_stopped_goes_on() {
    let mut logs = Logs::new();
    logs.append("x.log", &lines(0, 2000));
    let mut stopped = 0;
    for stops in 1..20 {
        logs.forget();
        let outcome = logs.check_until(stops);
        stopped += u32::from(outcome.stopped && logs.store.decisions() < 2000);
        logs.new_ones();
        assert_eq!(logs.store.decisions(), 2000, "stopped at {stops}: each line once");
        assert_eq!(logs.store.fingerprints(), whole(&lines(0, 2000)));
    }
    assert!(stopped > 0, "too late, every time");
}

#[test]
fn a_store_that_cannot_be_read_is_an_outcome() {
    let logs = Logs::new();
    logs.append("x.log", &lines(0, 5));
    logs.store.refuse(0);
    let outcome = logs.check();
    assert!(outcome.store_error.is_some() && outcome.stopped);
    assert_eq!(outcome.report.lines, 0);
}
