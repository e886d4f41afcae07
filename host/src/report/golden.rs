//! Reports of hand-made outcomes, compared with the files of `tests/golden`; `UPDATE=1` rewrites them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anstream::adapter::strip_bytes;
use jiff::tz::{TimeZone, offset};
use tripline_abi::manifest::{Rule, Status};
use tripline_abi::{LogLevel, Severity};
use tripline_engine::decision::{Evidence, Origin};
use tripline_engine::fold::Incident;
use tripline_engine::judge::JudgeCost;
use tripline_engine::matcher::MatchCost;
use tripline_engine::sandbox::{LogLine, Trap};
use tripline_engine::{Fault, PackFault, PackReport, Position, Report};

use super::Printer;
use super::human::{Human, Look};
use super::json::Json;
use super::ndjson::Ndjson;
use crate::check::{Files, InputError, InputProblem, MatchSeen, Outcome};

const SECOND: i64 = 1_000_000_000;
/// 2024-12-10 06:55:46 UTC.
const START: i64 = 1_733_813_746 * SECOND;
/// What nobody wants on a terminal: clear the screen, a line of its own, text that runs backwards, no UTF-8.
const HOSTILE: &[u8] = b"\x1b[2J\x1b]0;title\x07\nHIGH  forged\r\xe2\x80\xaetxt.exe\xe2\x80\x8b \xff\xfe\xc2\x9b31m\x7f\0 <b>&\"\\";

#[test]
fn nothing_found() {
    check("quiet", &quiet(), &[]);
}

#[test]
fn everything_found() {
    let captures: Vec<(&str, &[u8])> = vec![("user", b"root"), ("ip", b"192.0.2.7")];
    check("busy", &busy(), &[seen(captures), seen(Vec::new())]);
}

#[test]
fn hostile_texts() {
    let one = MatchSeen { text: HOSTILE, ..seen(vec![("user", HOSTILE)]) };
    let other = MatchSeen { file: "a\u{1b}[31mb.log", text: HOSTILE, ..seen(Vec::new()) };
    check("hostile", &hostile(), &[one, other]);
    for format in ["80.txt", "120.txt", "colour.ansi", "ndjson", "json"] {
        let shown = fs::read_to_string(file("hostile", format)).unwrap();
        let colour = |text: &str| {
            let code = text.split_once('m').map(|(code, _)| code);
            code.is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'))
        };
        assert!(shown.split("\x1b[").skip(1).all(colour), "{format}: an escape sequence that is no colour");
        assert_eq!(shown.matches('\x1b').count(), shown.matches("\x1b[").count(), "{format}: a bare escape");
        let hidden = ['\u{202e}', '\u{200b}', '\u{9b}', '\u{7f}', '\u{7}', '\r', '\0'];
        assert!(!shown.contains(hidden), "{format}: a control character");
        // Matches, which stand above the first empty line, are as long as they are.
        let page = shown.lines().skip_while(|line| !line.is_empty());
        let widest = page.map(|line| line.chars().count()).max();
        assert!(format != "80.txt" || widest <= Some(80), "{format}: {widest:?} columns");
    }
}

#[test]
fn a_line_of_100_kib_is_shortened_for_people_only() {
    let text = [&vec![0x1b; 50 * 1024][..], b" capture ", &vec![b'B'; 50 * 1024]].concat();
    let at = 50 * 1024 + 1;
    let mut outcome = busy();
    outcome.report.incidents.truncate(1);
    outcome.report.incidents[0].evidence = vec![evidence(0, 1, &text, &[(at, at + 7)])];
    let look = Look { width: 80, zone: TimeZone::UTC, logs: false, figures: true };
    let mut page = Vec::new();
    print(Human::new(&mut page, look), &outcome, &[]);
    let page = String::from_utf8(strip_bytes(&page).into_vec()).unwrap();
    let line = page.lines().find(|line| line.contains("capture")).unwrap();
    assert!(line.chars().count() <= 80, "{line}");
    let mut lines = Vec::new();
    print(Ndjson::new(&mut lines, false), &outcome, &[MatchSeen { text: &text, ..seen(Vec::new()) }]);
    let lines = String::from_utf8(lines).unwrap();
    let mut objects = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert_eq!(objects.next().unwrap()["text"].as_str().unwrap().as_bytes(), text);
    assert_eq!(objects.next().unwrap()["evidence"][0]["text"].as_str().unwrap().as_bytes(), text);
}

/// Compares one outcome in all formats.
#[track_caller]
fn check(name: &str, outcome: &Outcome, matches: &[MatchSeen<'_>]) {
    for width in [80, 120] {
        let look = Look { width, zone: TimeZone::fixed(offset(1)), logs: true, figures: true };
        let mut page = Vec::new();
        print(Human::new(&mut page, look), outcome, matches);
        compare(name, &format!("{width}.txt"), &strip_bytes(&page).into_vec());
    }
    let look = Look { width: 80, zone: TimeZone::UTC, logs: false, figures: true };
    let mut page = Vec::new();
    print(Human::new(&mut page, look), outcome, matches);
    compare(name, "colour.ansi", &page);
    let mut lines = Vec::new();
    print(Ndjson::new(&mut lines, true), outcome, matches);
    for line in String::from_utf8(lines.clone()).unwrap().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    compare(name, "ndjson", &lines);
    let mut document = Vec::new();
    print(Json::new(&mut document, !matches.is_empty(), true), outcome, matches);
    serde_json::from_slice::<serde_json::Value>(&document).unwrap();
    compare(name, "json", &document);
}

fn print(mut printer: impl Printer, outcome: &Outcome, matches: &[MatchSeen<'_>]) {
    let mut all = || -> io::Result<()> {
        matches.iter().try_for_each(|seen| printer.matched(seen))?;
        printer.outcome(outcome, &[])?;
        printer.flush()
    };
    all().unwrap();
}

#[track_caller]
fn compare(name: &str, format: &str, found: &[u8]) {
    let file = file(name, format);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, found).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let found = String::from_utf8_lossy(found);
    assert!(found == expected, "{}\n--- expected\n{expected}\n--- found\n{found}", file.display());
}

fn file(name: &str, format: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.{format}"))
}

fn quiet() -> Outcome {
    let report = Report { packs: vec![pack("sshd", 0, 0)], lines: 2000, ..Report::default() };
    Outcome {
        report,
        errors: Vec::new(),
        files: Files::from(vec![vec!["auth.log".into()]]),
        bytes: 220_480,
        elapsed: Duration::from_millis(20),
        spent: None,
        stopped: false,
        refused: false,
        notes: Vec::new(),
        committed: None,
        store_error: None,
    }
}

fn busy() -> Outcome {
    let line = b"Dec 10 06:55:48 web1 sshd[24206]: Failed password for invalid user webmaster from 192.0.2.7 port 38926 ssh2";
    let guessing = Incident {
        count: 1234,
        last: Some(START + 3 * 3600 * SECOND),
        values: values(&[("ip", "192.0.2.7"), ("user", "webmaster"), ("failures", "6170")]),
        evidence: (1..=9).map(|n| evidence(0, n * 111, line, &[(71, 80), (86, 95)])).collect(),
        evidence_dropped: 1225,
        ..incident(Severity::High, "password-guessing", "Password guessing over SSH from 192.0.2.7")
    };
    let success = Incident {
        summary:
            "A login from an address that had failed 25 times before. Whoever it was knows a password now; \
                  look at what the account did since, and change its password."
                .into(),
        evidence: vec![
            evidence(1, 7, line, &[(71, 80), (86, 95)]),
            Evidence { text: None, ..evidence(1, 8, b"", &[]) },
            Evidence { cut: true, ..evidence(2, 9, line, &[]) },
        ],
        ..incident(Severity::Critical, "success-after-failures", "Login after many failures")
    };
    let errors = Incident {
        first: None,
        last: None,
        fingerprint: None,
        evidence: Vec::new(),
        values: values(&[
            ("shape", "connection to database <name> refused after <n> attempts, giving up for <n> seconds"),
            ("word", "ERROR"),
            ("application", "shop"),
        ]),
        ..incident(Severity::Low, "error", "Errors of shop")
    };
    let overflow = Incident {
        overflow: true,
        fingerprint: None,
        ..incident(Severity::Informational, "x", "X (7 more)")
    };
    let fault = |event, fault, quarantined| PackFault {
        pack: "web".into(),
        rule: Some("probing".into()),
        event,
        fault,
        quarantined,
        state_lost: quarantined,
    };
    let panic =
        |n: u64| Fault::Check(Trap::Panic(format!("index out of bounds: the len is 3, at src/lib.rs:{n}:5")));
    let report = Report {
        incidents: vec![success, guessing, errors, overflow],
        faults: vec![
            fault(Some(position(0, 12)), panic(1), false),
            fault(Some(position(1, 13)), panic(2), false),
            fault(None, Fault::Matching { used: Duration::from_secs(3), tried: 1000 }, true),
        ],
        logs: vec![("web".into(), LogLine { level: LogLevel::Warn, text: "a path without slash".into() })],
        packs: vec![pack("sshd", 522, 1), pack("app-errors", 12, 0), out(pack("web", 1_234_567, 3))],
        lines: 1_234_567,
        matches: 98_765,
        ..Report::default()
    };
    let denied = io::Error::from(io::ErrorKind::PermissionDenied);
    Outcome {
        report,
        errors: vec![InputError {
            path: "secure.log".into(),
            problem: InputProblem::Io { doing: "open it", error: denied },
        }],
        files: Files::from(vec![
            vec!["auth.log".into()],
            vec!["/var/log/machines/web1.example.org/messages".into()],
            vec!["-".into()],
        ]),
        bytes: 123_456_789,
        elapsed: Duration::from_millis(1_500),
        spent: None,
        stopped: true,
        refused: false,
        notes: Vec::new(),
        committed: None,
        store_error: None,
    }
}

fn hostile() -> Outcome {
    let text = String::from_utf8_lossy(HOSTILE).into_owned();
    let long = [HOSTILE, &[b'A'; 1024], b"capture", &[b'B'; 100]].concat();
    let at = (HOSTILE.len() + 1024) as u32;
    let incident = Incident {
        fingerprint: Some(HOSTILE.to_vec()),
        summary: text.repeat(6),
        values: vec![
            (text.clone(), text.repeat(6)),
            ("same".into(), "1".into()),
            ("same".into(), "2".into()),
        ],
        evidence: vec![
            evidence(0, 1, HOSTILE, &[(0, HOSTILE.len() as u32)]),
            evidence(0, 2, &long, &[(at, at + 7)]),
            evidence(0, 3, &[b' ', 0xff].repeat(50), &[(3, 9), (5, u32::MAX), (u32::MAX, 0)]),
        ],
        first: Some(i64::MIN),
        last: Some(i64::MAX),
        ..incident(Severity::Medium, "rule", &text)
    };
    let fault = PackFault {
        pack: "sshd".into(),
        rule: None,
        event: Some(position(0, u64::MAX)),
        fault: Fault::Refused(text.repeat(9)),
        quarantined: false,
        state_lost: false,
    };
    let report = Report {
        incidents: vec![incident],
        faults: vec![fault],
        logs: vec![("sshd".into(), LogLine { level: LogLevel::Error, text })],
        ..quiet().report
    };
    let files = Files::from(vec![vec![format!("{}.log", String::from_utf8_lossy(HOSTILE))]]);
    Outcome { report, files, ..quiet() }
}

fn incident(severity: Severity, rule: &str, title: &str) -> Incident {
    let rule = Rule {
        id: rule.into(),
        title: "A rule".into(),
        description: String::new(),
        severity,
        tags: vec!["attack.t1110.001".into()],
        references: Vec::new(),
        false_positives: Vec::new(),
        status: Status::Stable,
        dedupe_window: None,
        resolve_after: None,
    };
    Incident {
        origin: Arc::new(Origin { pack: "sshd".into(), rule }),
        severity,
        fingerprint: Some(b"192.0.2.7".to_vec()),
        title: title.into(),
        summary: String::new(),
        values: Vec::new(),
        count: 1,
        first: Some(START),
        last: Some(START),
        evidence: Vec::new(),
        evidence_dropped: 0,
        overflow: false,
    }
}

fn evidence(source: u32, line: u64, text: &[u8], captures: &[(u32, u32)]) -> Evidence {
    let position = position(source, line);
    Evidence { position, text: Some(text.to_vec()), cut: false, captures: captures.to_vec(), digest: None }
}

fn position(source: u32, line: u64) -> Position {
    Position { source, file: 0, offset: 0, line }
}

fn values(values: &[(&str, &str)]) -> Vec<(String, String)> {
    values.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn seen<'a>(captures: Vec<(&'a str, &'a [u8])>) -> MatchSeen<'a> {
    let text = b"Dec 10 06:55:48 web1 sshd[24206]: Failed password for root from 192.0.2.7 port 38926 ssh2";
    MatchSeen { file: "auth.log", line: 3, text, pack: "sshd", pattern: "failed", captures }
}

fn pack(name: &str, events: u64, faults: u64) -> PackReport {
    PackReport {
        name: name.into(),
        version: "0.1.0".into(),
        matching: MatchCost { time: Duration::from_micros(1234), tried: events, suspended: false },
        judging: JudgeCost {
            events,
            matches: events * 2,
            batches: events.div_ceil(64),
            decisions: events / 5,
            faults,
            cpu: Duration::from_micros(events),
            memory: 1_114_112,
            starts: 1,
            ..JudgeCost::default()
        },
    }
}

fn out(mut pack: PackReport) -> PackReport {
    pack.matching.suspended = true;
    pack.judging.quarantined = true;
    pack
}
