//! Ctrl-C: what was found so far is printed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::Fixture;

#[test]
fn what_was_found_is_printed() {
    let fixture = Fixture::new();
    let mut program = fixture.tripline(&["check", "--format", "ndjson", "--matches"]);
    let mut child =
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let attack = std::fs::read(fixture.path().join("attack.log")).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Without an end, until nobody reads.
    let endless = std::thread::spawn(move || while stdin.write_all(&attack).is_ok() {});
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("\"type\":\"match\""));
    interrupt(&child);
    let last: Vec<String> = lines.filter(|line| !line.contains("\"type\":\"match\"")).collect();
    assert!(last[0].contains("\"type\":\"incident\""), "{last:?}");
    let summary = last.last().unwrap();
    assert!(summary.contains("\"type\":\"summary\"") && summary.contains("\"stopped\":true"), "{summary}");
    assert_eq!(child.wait().unwrap().code(), Some(3));
    endless.join().unwrap();
}

#[test]
fn the_second_one_ends_at_once() {
    let fixture = Fixture::new();
    let mut program = fixture.tripline(&["check", "-"]);
    let mut child =
        program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Nothing comes through the pipe, and it does not end.
    let silent = child.stdin.take();
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(300));
        interrupt(&child);
    }
    let ended = child.wait().unwrap();
    // 3 if the first one was enough.
    assert!(matches!(ended.code(), Some(3 | 130)), "{ended:?}");
    drop(silent);
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}
