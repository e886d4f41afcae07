//! The program as a person runs it: exit codes, errors, pipes, interruptions.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tripline_tests::{program, root};

const SAMPLE: &str = "tests/sample/auth.log";

fn tripline(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

#[track_caller]
fn fails(arguments: &[&str], code: i32, says: &[&str]) {
    let output = tripline(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{stderr}");
    for words in says {
        assert!(stderr.contains(words), "{arguments:?}: expected {words:?} in\n{stderr}");
    }
}

fn objects(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn incidents_are_exit_code_1_and_fail_on_decides() {
    assert_eq!(tripline(&["check", SAMPLE, "--year", "2026"]).status.code(), Some(1));
    assert_eq!(
        tripline(&["check", SAMPLE, "--only", "app-errors", "--fail-on", "critical"]).status.code(),
        Some(0)
    );
    assert_eq!(tripline(&["check", "Cargo.toml"]).status.code(), Some(0));
}

#[test]
fn ndjson_ends_with_a_summary_that_adds_up() {
    let output = tripline(&["check", SAMPLE, "--year", "2026", "--format", "ndjson", "--matches"]);
    let objects = objects(&output);
    let count = |kind: &str| objects.iter().filter(|object| object["type"] == kind).count() as u64;
    let summary = objects.last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["incidents"], count("incident"));
    assert_eq!(summary["matches"], count("match"));
    assert_eq!(summary["faults"], 0);
    assert_eq!(summary["bytes"], fs::metadata(root().join(SAMPLE)).unwrap().len());
    let matched = objects
        .iter()
        .find(|object| object["type"] == "match" && object["captures"]["ip"].is_string())
        .unwrap();
    assert_eq!(matched["file"], SAMPLE);
    let line = matched["line"].as_u64().unwrap() as usize;
    let text = fs::read_to_string(root().join(SAMPLE)).unwrap();
    assert!(text.lines().nth(line - 1).unwrap().contains(matched["captures"]["ip"].as_str().unwrap()));
    let incident = objects.iter().find(|object| object["type"] == "incident").unwrap();
    for key in
        ["pack", "rule", "severity", "fingerprint", "title", "count", "first", "last", "values", "evidence"]
    {
        assert!(!incident[key].is_null(), "{key} in {incident}");
    }
}

#[test]
fn json_is_one_document_of_the_same_objects() {
    let lines = objects(&tripline(&["check", SAMPLE, "--year", "2026", "--format", "ndjson"]));
    let output = tripline(&["check", SAMPLE, "--year", "2026", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let incidents: Vec<&Value> = lines.iter().filter(|object| object["type"] == "incident").collect();
    assert_eq!(document["incidents"].as_array().unwrap().iter().collect::<Vec<_>>(), incidents);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.log");
    let output = program().args(["check", SAMPLE, "--format", "ndjson"]).arg(&missing).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing.log"));
    assert!(objects(&output).iter().any(|object| object["type"] == "incident"));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    fails(&["check", empty.to_str().unwrap()], 3, &["empty"]);
    // Truncated gzip: what could be read is checked, and its end is an error.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&fs::read(root().join(SAMPLE)).unwrap().repeat(50)).unwrap();
    let packed = packed.finish().unwrap();
    let cut = folder.path().join("cut.log.gz");
    fs::write(&cut, &packed[..packed.len() - 20]).unwrap();
    let output = program().args(["check", "--format", "ndjson"]).arg(&cut).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(objects(&output).iter().any(|object| object["type"] == "incident"));
}

#[test]
fn stats_stand_beside_what_is_reported() {
    let check = |more: &[&str]| {
        let output = tripline(&[&["check", SAMPLE, "--year", "2026", "--format", "ndjson"], more].concat());
        let incidents: Vec<Value> =
            objects(&output).into_iter().filter(|object| object["type"] == "incident").collect();
        (incidents, String::from_utf8(output.stderr).unwrap())
    };
    let ((with, told), (without, silent)) = (check(&["--stats"]), check(&[]));
    assert_eq!(with, without);
    assert_eq!(silent, "");
    let parts: Vec<Vec<&str>> = told.split("\n\n").map(|part| part.lines().collect()).collect();
    let names = |part: &[&str]| -> Vec<String> {
        part.iter().map(|line| line.split_whitespace().next().unwrap_or_default().into()).collect()
    };
    assert_eq!(names(&parts[0]), ["stage", "read", "prefilter", "decode", "verify", "judge"], "{told}");
    assert!(names(&parts[1]).contains(&"sshd".into()), "{told}");
    assert!(parts[2][0].starts_with("slowest patterns") && parts[2].len() <= 11, "{told}");
    assert!(names(&parts[2]).contains(&"sshd/failed".into()), "{told}");
}

#[test]
fn wrong_use_is_exit_code_2_and_says_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    fails(&["check", SAMPLE, "--format", "xml"], 2, &["xml"]);
    fails(&["check", SAMPLE, "--only", "nothing"], 2, &["nothing", "sshd"]);
    fails(&["check", SAMPLE, "--timezone", "Mars/Olympus"], 2, &["Mars/Olympus"]);
    fails(&["check", SAMPLE, "--pack", &file("no.wasm", "not a module")], 2, &["no.wasm"]);
    fails(&["check", SAMPLE, "--pack", folder.path().join("nowhere").to_str().unwrap()], 2, &["nowhere"]);
    fails(
        &["check", SAMPLE, "--settings", &file("a.toml", "[packs.sshd]\nthreshhold = 3\n")],
        2,
        &["threshhold", "threshold"],
    );
    fails(
        &["check", SAMPLE, "--settings", &file("b.toml", "[packs.sshd]\nthreshold = \"many\"\n")],
        2,
        &["threshold", "many"],
    );
    fails(&["check", SAMPLE, "--settings", &file("c.toml", "[packs.sshdd]\n")], 2, &["sshdd"]);
    fails(&["check", SAMPLE, "--settings", &file("d.toml", "packs = [\n")], 2, &["d.toml"]);
    fails(&["nonsense"], 2, &["nonsense"]);
}

#[test]
fn a_bad_manifest_is_refused_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = r#"{\"abi\": 1, \"pack\": {\"name\": \"x\", \"version\": \"one\"}, \"every_event\": true, \"rules\": []}"#;
    let module = format!(
        "(module (@custom \"tripline.manifest\" \"{manifest}\") (memory (export \"memory\") 1)
          (global (export \"tripline_abi_1\") i32 (i32.const 0))
          (func (export \"tripline_buffer\") (param i32) (result i32) (i32.const 0))
          (func (export \"tripline_open\") (param i32 i32) (result i64) (i64.const 0))
          (func (export \"tripline_check\") (param i32 i32) (result i64) (i64.const 0)))"
    );
    let path = folder.path().join("x.wasm");
    fs::write(&path, wat::parse_str(module).unwrap()).unwrap();
    fails(&["check", SAMPLE, "--pack", path.to_str().unwrap()], 2, &["x.wasm", "pack.version"]);
}

#[test]
fn standard_input_is_a_source() {
    let mut child = program()
        .args(["check", "-", "--year", "2026", "--format", "ndjson"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(root().join(SAMPLE)).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let objects = objects(&output);
    assert!(objects.iter().any(|object| object["evidence"][0]["file"] == "-"));
}

#[test]
fn output_for_people_has_no_colour_where_nobody_looks() {
    let output = tripline(&["check", SAMPLE, "--year", "2026"]);
    assert!(!output.stdout.contains(&0x1b));
    let coloured =
        program().env_remove("NO_COLOR").args(["check", SAMPLE, "--color", "always"]).output().unwrap();
    assert!(coloured.stdout.contains(&0x1b));
}

#[test]
fn help_has_examples_and_completions_are_there() {
    let help = tripline(&["check", "--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).contains("tripline check /var/log"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(!tripline(&["completions", shell]).stdout.is_empty(), "{shell}");
    }
}

#[test]
fn lines_of_a_stranger_never_reach_the_terminal_raw() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let line = "Mar 14 07:00:00 h shop[1]: ERROR \x1b[2J\u{202e}evil\x07\n";
    fs::write(&path, line.repeat(8)).unwrap();
    let output = program().arg("check").arg(Path::new(&path)).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("evil"), "{text}");
    assert!(!text.contains(['\x1b', '\u{202e}', '\x07']), "{text:?}");
}
