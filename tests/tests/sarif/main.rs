//! `check --format sarif`: valid by the schema of SARIF 2.1.0, and read by a library for it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod schema;

use std::fs;

use serde_json::{Value, json};
use serde_sarif::sarif::{ResultLevel, Sarif};
use tripline_tests::{program, root};

fn errors(document: &Value) -> Vec<String> {
    let schema = fs::read(root().join("tests/golden/sarif-schema-2.1.0.json")).unwrap();
    schema::errors(&serde_json::from_slice(&schema).unwrap(), document)
}

#[track_caller]
fn is_valid(name: &str, document: &Value) {
    let errors = errors(document);
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

#[test]
fn what_a_log_says_is_text_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a b%[1]{2}\u{fc}.log");
    let texts = [
        "ERROR see [this](https://evil.example) and {0} \u{202e}gnp.exe \u{1b}[2J",
        "FATAL {{{1}}} \\[x\\](y) \0 \u{200b}",
    ];
    let lines = texts.map(|text| format!("2026-03-04T05:06:07Z {text}\n")).concat();
    fs::write(&log, [lines.as_bytes(), b"2026-03-04T05:06:08Z ERROR \xff\xfe\n"].concat()).unwrap();
    let output = program().args(["check", "--format", "sarif", "missing.log"]).arg(&log).output().unwrap();
    // One input was not there.
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert!(!text.contains(['\u{202e}', '\u{1b}', '\0', '\u{200b}']), "{text}");
    let document: Value = serde_json::from_str(text).unwrap();
    is_valid("a hostile log", &document);
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3, "{results:#?}");
    for result in results {
        let message = result["message"]["text"].as_str().unwrap();
        assert!(!message.contains("[this]("), "{message}");
        let plain = message.replace("{{", "").replace("}}", "");
        assert!(!plain.contains(['{', '}']), "{message}");
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.starts_with("file:///") && uri.ends_with("/a%20b%25%5B1%5D%7B2%7D%C3%BC.log"), "{uri}");
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 1);
}

#[test]
fn the_schema_says_what_is_wrong() {
    let wrong = json!({ "runs": [{
        "tool": { "driver": { "name": "x", "informationUri": "no address" } },
        "results": [{ "message": {}, "level": "bad", "ruleIndex": -2, "more": 1 }],
    }] });
    let errors = errors(&wrong);
    for place in [
        ": expected required",
        "/informationUri: expected format",
        "/level: expected enum",
        "/ruleIndex: expected minimum",
        "`more` is not known",
        "/message: expected anyOf",
    ] {
        assert!(errors.iter().any(|error| error.contains(place)), "{place}: {errors:#?}");
    }
}

#[test]
fn a_library_reads_what_the_program_writes() {
    let output = program()
        .args(["check", "tests/sample/auth.log", "--year", "2026", "--format", "sarif"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    is_valid("the sample", &document);
    let sarif: Sarif = serde_json::from_value(document).unwrap();
    let run = &sarif.runs[0];
    let rules = run.tool.driver.rules.as_ref().unwrap();
    let results = run.results.as_ref().unwrap();
    assert!(results.iter().any(|result| result.level == Some(ResultLevel::Error)), "{results:#?}");
    for result in results {
        let rule = &rules[usize::try_from(result.rule_index.unwrap()).unwrap()];
        assert_eq!(Some(&rule.id), result.rule_id.as_ref());
        let place = result.locations.as_ref().unwrap()[0].physical_location.as_ref().unwrap();
        let (file, region) = (place.artifact_location.as_ref().unwrap(), place.region.as_ref().unwrap());
        assert_eq!(file.uri.as_deref(), Some("tests/sample/auth.log"));
        let log = fs::read_to_string(root().join("tests/sample/auth.log")).unwrap();
        let line = log.lines().nth(usize::try_from(region.start_line.unwrap()).unwrap() - 1).unwrap();
        let shown = region.snippet.as_ref().and_then(|snippet| snippet.text.as_deref());
        assert_eq!(shown, Some(line));
    }
    assert!(run.invocations.as_ref().unwrap()[0].execution_successful);
}
