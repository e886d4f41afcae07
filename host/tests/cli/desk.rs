//! What people write, and what they are shown of it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::fixture::Fixture;

fn run(mut command: Command, details: &[u8]) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // Who refuses what comes need not read it to its end.
    let _ = child.stdin.take().unwrap().write_all(details);
    child.wait_with_output().unwrap()
}

fn report(fixture: &Fixture, more: &[&str], details: &[u8]) -> Output {
    let report = [&["incident", "report", "--db", "t.db"], more].concat();
    run(fixture.tripline(&report), details)
}

fn json(fixture: &Fixture, line: &str) -> Value {
    let arguments: Vec<&str> = line.split(' ').collect();
    let output = run(fixture.tripline(&arguments), b"");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{line}: {output:?}"))
}

#[test]
fn a_report_is_refused_if_anything_of_it_is_too_much() {
    let fixture = Fixture::new();
    let long = "x".repeat(600);
    let value = format!("name={}", "x".repeat(5_000));
    let many: Vec<&str> = ["--title", "lost"].into_iter().chain(["--tag", "one"].repeat(33)).collect();
    let details = vec![b'x'; 65_537];
    for (arguments, details, expected) in [
        (&["--title", ""][..], &b""[..], "title: expected one line of 1 to 512 bytes"),
        (&["--title", "a\r\nSubject: b"], b"", "title: expected one line of 1 to 512 bytes"),
        (&["--title", &long], b"", "title: expected one line of 1 to 512 bytes"),
        (&["--title", "lost", "--fingerprint", ""], b"", "fingerprint: expected one line of 1 to 256 bytes"),
        (&["--title", "lost", "--value", &value], b"", "values: expected at most 1024 bytes without NUL"),
        (&many, b"", "tags: expected at most 32, found 33"),
        (&["--title", "lost"], &details, "details: expected at most 65536 bytes without NUL"),
        (&["--title", "lost"], b"a\0b", "details: expected at most 65536 bytes without NUL"),
    ] {
        let output = report(&fixture, arguments, details);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((said, output.status.code()), (format!("error: {expected}\n"), Some(2)));
    }
    let output = report(&fixture, &["--title", "lost"], &details[1..]);
    assert_eq!(output.stdout, b"incident 1 opened\n");
    let kept = json(&fixture, "incident show 1 --format json --db t.db");
    assert_eq!(kept["summary"].as_str().unwrap().len(), 65_536);
}

#[test]
fn a_name_is_the_machines_and_not_the_environments() {
    let fixture = Fixture::new();
    let mut command = fixture.tripline(&["incident", "report", "--title", "lost", "--db", "t.db"]);
    command.env("USER", "ceo").env("LOGNAME", "ceo");
    assert!(run(command, b"").status.success());
    let by = json(&fixture, "incident show 1 --format json --db t.db")["timeline"][0]["by"].clone();
    let id = |flags| {
        let output = Command::new("id").arg(flags).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_string())
    };
    let uid = format!("uid {}, calls itself ceo", id("-u").unwrap());
    // Somebody whom only a directory knows has a number here.
    assert!(by == uid || Some(by.as_str().unwrap()) == id("-un").as_deref(), "{by}");
}

#[test]
fn what_cannot_be_done_to_one_is_done_to_the_others() {
    let fixture = Fixture::new();
    let database = ["--db", "t.db", "--security-log", "security.log"];
    for title in ["one", "two", "three"] {
        let report = [&["incident", "report", "--title", title][..], &database].concat();
        assert!(run(fixture.tripline(&report), b"").status.success());
    }
    let output = run(fixture.tripline(&[&["incident", "ack", "3", "99", "1"][..], &database].concat()), b"");
    assert_eq!(output.stdout, b"incident 3 is acknowledged\nincident 1 is acknowledged\n");
    assert_eq!(output.stderr, b"error: there is no incident 99\n");
    assert_eq!(output.status.code(), Some(2));
    // What was done is told, too.
    let log = std::fs::read_to_string(fixture.path().join("security.log")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("incident.acknowledged")).count(), 2);
}

#[test]
fn nothing_of_an_incident_is_cut_when_it_is_shown() {
    let fixture = Fixture::new();
    let words =
        |word: &str, count: usize| (0..count).map(|n| format!("{word}{n}")).collect::<Vec<_>>().join(" ");
    let line = format!("2026-11-24T10:00:00Z ERROR {} {}\n", words("line", 200), "x".repeat(300));
    fixture.write("app.log", line.replace("line7 ", "line7  "));
    let check = ["check", "app.log", "--only", "app-errors", "--db", "t.db", "--fail-on", "critical"];
    assert!(run(fixture.tripline(&check), b"").status.success());
    let (title, value) = (words("title", 60), format!("v={}", words("value", 120)));
    let reported = report(&fixture, &["--title", &title, "--value", &value], words("detail", 900).as_bytes());
    assert!(reported.status.success(), "{reported:?}");
    let comment = words("comment", 350);
    assert!(
        run(fixture.tripline(&["incident", "comment", "2", &comment, "--db", "t.db"]), b"").status.success()
    );
    let shown = |id: &str| {
        let output = run(fixture.tripline(&["incident", "show", id, "--db", "t.db"]), b"");
        String::from_utf8(output.stdout).unwrap()
    };
    let (first, second) = (shown("1"), shown("2"));
    assert!(first.lines().chain(second.lines()).all(|line| line.chars().count() <= 100), "{first}\n{second}");
    // As it was, but for line ends and what stands before a line.
    let (_, evidence) = first.split_once("app.log\n        1  ").unwrap();
    let evidence: String =
        evidence.lines().map(|line| line.strip_prefix(&" ".repeat(11)).unwrap_or(line)).collect();
    assert!(evidence.starts_with(line.replace("line7 ", "line7  ").trim_end()), "{evidence}");
    let flat = second.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in [&title, &words("detail", 900), &words("value", 120), &comment] {
        assert!(flat.contains(text), "{text}\n{second}");
    }
}
