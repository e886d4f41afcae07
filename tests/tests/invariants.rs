//! What ARCHITECTURE.md says must always hold, read off the sources and the built packs.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};

use tripline_tests::root;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Files below `folder` whose code (comments aside) holds one of `words`, but for those below `but`.
#[track_caller]
fn assert_nowhere(folder: &str, words: &[&str], but: &[&str]) {
    let (root, mut files) = (root(), Vec::new());
    sources(&root.join(folder), &mut files);
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        if but.iter().any(|but| name.starts_with(but)) {
            continue;
        }
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap();
            if let Some(word) = words.iter().find(|word| code.contains(**word)) {
                wrong.push(format!("{name}:{}: {word}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wasmtime_has_one_door() {
    assert_nowhere("host", &["wasmtime::", "use wasmtime"], &["host/sandbox"]);
    assert_nowhere("guest", &["wasmtime"], &[]);
    assert_nowhere("rules-sdk", &["wasmtime"], &[]);
}

#[test]
fn the_database_has_one_door() {
    assert_nowhere(
        "host",
        &["rusqlite"],
        &[
            "host/src/store",
            "host/tests/store",
            "host/tests/serve/ending.rs",
            "host/tests/http/api_recipients.rs",
            "host/tests/http/api_tokens.rs",
        ],
    );
}

#[test]
fn mail_has_one_door_and_tls_one_each_way() {
    assert_nowhere("host", &["lettre::", "use lettre"], &["host/src/notices"]);
    let doors = ["host/src/notices", "host/src/http", "host/tests/http", "host/src/cli/desk"];
    assert_nowhere("host", &["rustls::", "use rustls"], &doors);
}

#[test]
fn signatures_have_one_door() {
    assert_nowhere("host", &["ring::signature", "use ring"], &["host/src/signing"]);
}

#[test]
fn http_has_one_door() {
    let words = ["axum", "hyper", "tokio", "utoipa", "prometheus_client"];
    assert_nowhere("host/src", &words, &["host/src/http"]);
}

#[test]
fn the_scanner_has_one_door() {
    let doors = ["host/src/scans", "host/tests/scans"];
    assert_nowhere("host", &["quick_xml"], &doors);
    // Strangers' packs are compiled in a process of their own, as scanners run in theirs.
    let children = [&doors[..], &["host/src/packs/compiling.rs"]].concat();
    assert_nowhere("host", &["set_parent_process_death_signal"], &children);
    // The server raises its own limit of descriptors.
    let limits = [&children[..], &["host/src/cli/serve/descriptors.rs"]].concat();
    assert_nowhere("host", &["setrlimit"], &limits);
}

#[test]
fn the_engine_has_no_clock_no_disk_no_network_no_threads() {
    let words = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::process",
        "std::env",
        "SystemTime",
        "Instant::now",
        "tokio",
        "rand::",
    ];
    // The macro for authors' tests reads their cases, in their crate.
    assert_nowhere("host/engine/src", &words, &["host/engine/src/cases.rs"]);
    // What renders a notice runs in browsers, too.
    assert_nowhere("host/notice/src", &words, &[]);
}

#[test]
fn unsafe_stands_in_three_places() {
    let but = [
        "rules-sdk/src/export",
        "rules-sdk/macros/src",
        "host/sandbox/src/load.rs",
        "host/src/cli/serve/allocator.rs",
    ];
    for folder in ["host", "guest", "rules-sdk"] {
        assert_nowhere(folder, &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"], &but);
    }
}

#[test]
fn built_in_packs_import_nothing_but_the_log() {
    let packs = tripline::builtin::packs().unwrap();
    let names: Vec<_> = packs.iter().map(|pack| pack.name().to_string()).collect();
    for name in tripline::builtin::NAMES {
        assert!(names.iter().any(|known| known == name), "expected a built-in pack {name}, found {names:?}");
    }
    assert_eq!(names.len(), tripline::builtin::NAMES.len());
    for pack in packs {
        assert!(
            pack.imports().iter().all(|import| import == "tripline.log"),
            "{}: {:?}",
            pack.name(),
            pack.imports()
        );
        assert!(pack.saves(), "{} keeps its state over a restart", pack.name());
        assert!(pack.size() < 150 * 1024, "{} has {} bytes", pack.name(), pack.size());
    }
}
