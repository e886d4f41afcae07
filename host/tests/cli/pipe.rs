//! Whoever reads only the first line (`| head -1`) has seen enough: no word of complaint, and the same exit code.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::fixture::Fixture;

#[track_caller]
fn check(arguments: &[&str], code: i32) {
    let fixture = Fixture::new();
    let many = std::fs::read_to_string(fixture.path().join("attack.log")).unwrap().repeat(3000);
    fixture.write("many.log", many);
    let mut program = fixture.tripline(arguments);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!first.is_empty());
    assert_eq!(said, "");
    assert_eq!(child.wait().unwrap().code(), Some(code));
}

#[test]
fn of_a_report() {
    check(&["check", "many.log"], 1);
}

#[test]
fn of_matches() {
    check(&["check", "--matches", "--format", "ndjson", "many.log"], 1);
}

#[test]
fn of_a_document() {
    check(&["check", "--matches", "--format", "json", "--fail-on", "critical", "many.log"], 0);
}

#[test]
fn of_completions() {
    check(&["completions", "bash"], 0);
}
