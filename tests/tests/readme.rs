//! What README says is what happens: its commands, its settings and its rule.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;

use tripline_tests::{program, root};

/// The fenced snippets of a language.
fn snippets(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_string()).collect()
}

#[test]
fn its_settings_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.toml");
    let [snippet] = &snippets("toml")[..] else { panic!("expected one toml snippet") };
    fs::write(&settings, snippet).unwrap();
    let run = |settings: Option<&std::path::Path>| {
        let mut command = program();
        command.args(["check", "tests/sample/auth.log", "--year", "2026", "--format", "ndjson"]);
        settings.map(|path| command.arg("--settings").arg(path));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().matches("\"type\":\"incident\"").count()
    };
    assert!(run(Some(&settings)) < run(None), "a higher threshold, fewer incidents");
}

#[test]
fn its_commands_are_known() {
    let mut known = 0;
    for snippet in snippets("console") {
        for line in snippet.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let command = line.split('#').next().unwrap().trim();
            if let Some(script) = command.strip_prefix("tests/") {
                assert!(root().join("tests").join(script).is_file(), "{command}");
            } else if let Some((_, arguments)) = command.split_once("target/release/tripline ") {
                let letters = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
                let mut names: Vec<&str> = arguments.split(' ').take_while(letters).collect();
                if names.is_empty() {
                    names.push("check");
                }
                let output = program().args(&names).arg("--help").output().unwrap();
                assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
                for flag in arguments.split(' ').filter(|word| word.starts_with("--")) {
                    assert!(String::from_utf8_lossy(&output.stdout).contains(flag), "{command}: {flag}");
                }
            } else {
                assert_eq!(command, "cargo build --release");
            }
            known += 1;
        }
    }
    assert!(known >= 8, "{known} commands");
}

/// Every file that README and ARCHITECTURE name in backquotes or links is there.
#[test]
fn files_that_the_documents_name_are_there() {
    let mut named = 0;
    for document in ["README.md", "ARCHITECTURE.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let paths = quoted.chain(linked).filter(|path| {
            path.contains('/')
                && !path.contains([' ', '{', '<', '*', ':'])
                && !path.starts_with("door-left-open")
        });
        for path in paths {
            assert!(root().join(path).exists(), "{document} names {path}");
            named += 1;
        }
    }
    assert!(named > 20, "{named} names");
}
