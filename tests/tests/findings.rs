//! What scans found, from a file, through the whole program: one rule over both kinds of events, and the pack `exposure`.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use serde_json::Value;
use tripline::Pack;
use tripline::cases::{Case, Outcome};
use tripline_tests::{program, root, sample_pack, sandbox};

/// The sample pack of `tests/packs/opened-then-used`, built as a third party builds one.
static MODULE: LazyLock<PathBuf> =
    LazyLock::new(|| sample_pack("opened-then-used", Path::new(env!("CARGO_TARGET_TMPDIR"))));

/// A folder with files, in which the program runs.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Its exit code, its incidents and faults, and what it says beside.
    fn check(&self, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
        let mut command = program();
        command.current_dir(&self.0).args(["check", "--format", "ndjson"]).args(arguments);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let objects = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told = objects.filter(|object| object["type"] == "incident" || object["type"] == "fault");
        (output.status.code(), told.collect(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn opened(time: &str, target: &str, port: u16) -> String {
    format!(
        r#"{{"time":"2026-11-24T{time}Z","finding":"port_opened","scan":"nightly","run":2,"scanner":"nmap","first":false,"target":"{target}","name":"gate.example","port":{port},"protocol":"tcp","state":"open"}}"#
    ) + "\n"
}

fn login(time: &str) -> String {
    format!("Nov 24 {time} gate sshd[4711]: Accepted publickey for alice from 198.51.100.8 port 40000 ssh2\n")
}

#[test]
fn a_pack_over_both_kinds_passes_its_cases() {
    let pack = Arc::new(Pack::read(fs::read(&*MODULE).unwrap()).unwrap());
    let mut run = 0;
    for entry in fs::read_dir(root().join("tests/packs/opened-then-used/cases")).unwrap() {
        let path = entry.unwrap().path();
        let case = Case::parse(&fs::read(&path).unwrap()).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, case.updated(&case.decide(&sandbox(), &pack, u32::MAX).unwrap())).unwrap();
            continue;
        }
        let outcome = case.run(&sandbox(), &pack).unwrap();
        assert_eq!(outcome, Outcome::Holds, "{}: {}", path.display(), case.why());
        run += 1;
    }
    assert!(run >= 5 || std::env::var_os("UPDATE").is_some(), "{run} cases");
}

#[test]
fn a_port_opened_and_then_a_login_on_that_host_within_the_hour() {
    let module = MODULE.to_str().unwrap();
    let pack = ["--pack", module, "--only", "opened-then-used", "--year", "2026", "--timezone", "UTC"];
    for (login_at, found) in
        [("10:30:00", true), ("11:00:00", true), ("11:00:01", false), ("09:59:59", false)]
    {
        let folder =
            Folder::new(&[("scan", &opened("10:00:00", "192.0.2.7", 2222)), ("auth.log", &login(login_at))]);
        for inputs in [["auth.log", "--findings", "scan"], ["--findings", "scan", "auth.log"]] {
            let (code, told, stderr) = folder.check(&[&pack[..], &inputs].concat());
            assert_eq!(code, Some(i32::from(found)), "{login_at} {inputs:?}\n{stderr}{told:?}");
            assert_eq!(told.len(), usize::from(found), "{login_at}");
            let Some(incident) = told.first() else { continue };
            assert_eq!(incident["title"], "Login on gate after a port was opened there");
            let evidence = incident["evidence"].as_array().unwrap();
            let files: Vec<&str> = evidence.iter().filter_map(|one| one["file"].as_str()).collect();
            assert_eq!(files, ["scan", "auth.log"], "{incident}");
        }
    }
    // One file that is told to be findings is the log's no more, and JSON alone is none.
    let folder =
        Folder::new(&[("scan", &opened("10:00:00", "192.0.2.7", 2222)), ("auth.log", &login("10:30:00"))]);
    let (code, told, _) = folder.check(&[&pack[..], &["scan", "auth.log"]].concat());
    assert_eq!((code, told.len()), (Some(0), 0), "findings are never guessed");
}

#[test]
fn findings_are_judged_by_the_policy_and_each_counts_once() {
    let scan = opened("10:00:00", "192.0.2.7", 22) + &opened("10:00:00", "192.0.2.7", 8080);
    let settings = "[packs.exposure]\nallowed = [\"192.0.2.0/24: 22\"]\n";
    let folder = Folder::new(&[("scan", &scan), ("settings.toml", settings)]);
    let check = ["--settings", "settings.toml", "--db", "t.db"];
    let (code, told, stderr) = folder.check(&[&check[..], &["--findings", "scan"]].concat());
    assert_eq!((code, told.len()), (Some(1), 1), "{stderr}");
    assert_eq!(told[0]["rule"], "port-not-allowed");
    assert_eq!(told[0]["title"], "192.0.2.7 port 8080/tcp is open, and no policy allows it");
    // Read again, also by the other option, it changes nothing.
    for again in [["--findings", "scan"], ["--input-format=finding", "scan"]] {
        let (_, told, stderr) = folder.check(&[&check[..], &again].concat());
        assert_eq!(told.len(), 0, "{stderr}{told:?}");
    }
    folder.write("scan", &(scan + &opened("11:00:00", "192.0.2.7", 8080)));
    let (_, told, stderr) = folder.check(&[&check[..], &["--findings", "scan"]].concat());
    assert_eq!(told.len(), 1, "{stderr}{told:?}");
    assert_eq!(told[0]["count"], 2, "one port of one host is one incident: {}", told[0]);
}

#[test]
fn a_policy_that_cannot_be_read_is_told_by_its_entry() {
    let settings = "[packs.exposure]\nallowed = [\"192.0.2.0/24: 22\", \"192.0.2.1/24: 22\"]\n";
    let folder = Folder::new(&[("scan", &opened("10:00:00", "192.0.2.7", 22)), ("settings.toml", settings)]);
    let (code, told, stderr) = folder.check(&["--settings", "settings.toml", "--findings", "scan"]);
    assert_eq!((code, told.len()), (Some(2), 0), "{stderr}");
    for words in ["pack `exposure`", "allowed[1]", "192.0.2.1/24", "192.168.0.0/16"] {
        assert!(stderr.contains(words), "expected {words} in {stderr}");
    }
}

#[test]
fn a_thousand_hosts_with_one_port_are_one_readable_overflow() {
    let mut scan = String::new();
    for host in 0..1_100 {
        write!(scan, "{}", opened("10:00:00", &format!("10.0.{}.{}", host / 250, host % 250), 8080)).unwrap();
    }
    let folder = Folder::new(&[("scan", &scan)]);
    let (code, told, stderr) = folder.check(&["--findings", "scan"]);
    assert_eq!((code, told.len()), (Some(1), 1_001), "{stderr}");
    let over: Vec<&Value> = told.iter().filter(|incident| incident["overflow"] == true).collect();
    assert_eq!(over.len(), 1);
    assert_eq!(over[0]["title"], "Open port that no policy allows (100 more)");
    assert_eq!(over[0]["count"], 100);
}

/// What a person reads before trusting the pack: rules, patterns, settings with their defaults.
#[test]
fn the_pack_says_of_itself_what_the_golden_file_has() {
    let wasm = tripline::builtin::modules().find(|(name, _)| *name == "exposure").unwrap().1;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("exposure.wasm"), wasm).unwrap();
    let mut command = program();
    command.current_dir(&folder).args(["pack", "inspect", "exposure.wasm"]);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    // Bytes and digest are the compiler's.
    let is_kept = |line: &&str| !["module ", "SHA-256 "].iter().any(|key| line.trim_start().starts_with(key));
    let found: String = said.lines().filter(is_kept).map(|line| format!("{line}\n")).collect();
    let path = root().join("tests/golden/exposure.inspect.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(&path).unwrap(), "UPDATE=1 if this is right");
}
