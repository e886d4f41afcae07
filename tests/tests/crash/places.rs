//! At each named place: no incident lost, no occurrence twice, no mail missing, none twice but in its window.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tripline_tests::{Sink, program};

fn check(folder: &Path, sink: &Sink, crash: Option<&str>) -> Output {
    let mut command = program();
    command.current_dir(folder).env_remove("TRIPLINE_CONFIG");
    command.args([
        "check",
        "app.log",
        "--only",
        "app-errors",
        "--db",
        "t.db",
        "--security-log",
        "security.log",
    ]);
    command.args(["--mail-to", "oncall@example.org", "--relay", &sink.relay()]);
    crash.map(|crash| command.env("TRIPLINE_CRASH", crash));
    command.output().unwrap()
}

fn append(folder: &Path, line: &str) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(folder.join("app.log")).unwrap();
    writeln!(file, "2026-11-24T10:00:00Z ERROR {line}").unwrap();
}

/// Whether the place was reached.
#[track_caller]
fn dies_at(point: &str, hit: u32) -> bool {
    let crash = format!("{point}:{hit}");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sink = Sink::start(env!("CARGO_BIN_EXE_smtp-sink"));
    ["payment failed", "disk is full", "upload refused"].iter().for_each(|line| append(folder, line));
    let died = check(folder, &sink, Some(&crash)).status.code().is_none();
    append(folder, "payment failed");
    for _ in 0..2 {
        let output = check(folder, &sink, None);
        assert!(output.status.code().is_some_and(|code| code < 2), "{crash}: {output:?}");
    }
    let mut list = program();
    list.current_dir(folder).args(["incident", "list", "--all", "--format", "ndjson", "--db", "t.db"]);
    let list = String::from_utf8(list.output().unwrap().stdout).unwrap();
    let counts: BTreeMap<String, u64> = list
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|one| (one["title"].as_str().unwrap().to_string(), one["count"].as_u64().unwrap()))
        .collect();
    let expected = [("ERROR disk is full", 1), ("ERROR payment failed", 2), ("ERROR upload refused", 1)];
    assert_eq!(counts, expected.map(|(title, count)| (title.to_string(), count)).into(), "{crash}");

    let mails = sink.mails();
    assert_eq!(mails.len(), 3, "{crash}: {mails:?}");
    // Between the relay's last word and the commit that notes it lies the one place where a mail may go twice.
    let window = ["after_250", "before_mark_sent", "before_commit"];
    let twice = usize::from(died && window.contains(&point));
    let again: usize = mails.values().flat_map(|ids| ids.values()).map(|count| count - 1).sum();
    assert!(again <= twice, "{crash}: {mails:?}");
    assert!(mails.values().all(|ids| ids.len() == 1), "{crash}: {mails:?}");

    let mut verify = program();
    verify.current_dir(folder).args(["log", "verify", "security.log", "--db", "t.db"]);
    let verified = verify.output().unwrap();
    assert!(verified.status.success(), "{crash}: {verified:?}");
    let log = fs::read_to_string(folder.join("security.log")).unwrap();
    assert_eq!(log.matches("\"event\":\"incident.opened\"").count(), 3, "{crash}");
    died
}

#[test]
fn at_every_commit() {
    for point in ["before_commit", "after_commit"] {
        let reached: Vec<bool> = (1..=10).map(|hit| dies_at(point, hit)).collect();
        assert!(reached[..6].iter().all(|reached| *reached), "{point}: {reached:?}");
    }
}

#[test]
fn at_every_step_of_a_mail() {
    for point in ["lease_taken", "after_250", "before_mark_sent"] {
        for hit in 1..=3 {
            assert!(dies_at(point, hit), "{point}:{hit} was not reached");
        }
    }
}

#[test]
fn behind_the_lines_of_security_log() {
    assert!(dies_at("after_log_append", 1));
}

#[test]
fn in_a_migration() {
    let reached = (1..).take_while(|step| dies_at(&format!("migration_{step}"), 1)).count();
    let folder = tripline_tests::root().join("host/src/store/migrations");
    assert_eq!(reached, std::fs::read_dir(folder).unwrap().count());
}
