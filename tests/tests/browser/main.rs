//! The playground in a real Chromium: its tests are `tests/browser/*.test.mjs`, and what they need is laid down here.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod chromium;
mod parity;
mod served;

use std::fs;
use std::path::Path;

use tripline_engine::cases::{Case, Outcome};
use tripline_tests::{Server, program, root, sandbox};

use self::chromium::{at_hand, node};
use self::served::Served;

#[path = "../../hostile/load.rs"]
mod load;

/// A manifest whose texts are markup; its pack decides on every event.
const MARKUP: &str = r#"{"abi": 1, "pack": {"name": "markup", "version": "1.0.0",
"description": "<img src=x onerror=alert(1)>", "authors": ["<script>alert(2)</script>"], "homepage": "javascript:alert(3)"},
"every_event": true,
"settings": {"type": "object", "properties": {"x": {"type": "string", "default": "\"><img src=x>", "title": "<b>t</b>", "description": "<i>d</i>"}}},
"rules": [{"id": "loud", "title": "<script>alert(4)</script>", "severity": "low", "description": "</pre><img src=x onerror=alert(5)>",
"tags": ["<u>tag</u>"], "references": ["javascript:alert(6)"]}]}"#;

/// The hostile modules, as bytes.
fn hostile(folder: &Path) {
    let modules = load::folder(env!("CARGO_MANIFEST_DIR"));
    let to = folder.join("hostile");
    fs::create_dir(&to).unwrap();
    for name in [
        "loop-check",
        "loop-start",
        "loop-open",
        "loops-on-line",
        "loop-save",
        "log-flood",
        "eats-on-line",
        "memory-bomb",
        "memory-at-once",
        "trips-on-line",
        "traps-always",
        "panic",
        "recursion",
        "reply-garbage",
        "reply-outside",
        "reply-huge",
        "buffer-outside",
        "lying-evidence",
        "evidence-of-others",
        "import-clock",
        "import-wasi",
        "no-manifest",
        "manifest-unknown-key",
        "manifest-not-json",
        "proposal-threads",
        "bomb-memory",
        "bomb-functions",
        "regex-slow",
        "abi-2",
    ] {
        fs::write(to.join(format!("{name}.wasm")), load::module(&modules, name)).unwrap();
    }
    let decides = fs::read_to_string(modules.join("trips-on-line.wat")).unwrap();
    let (with, markup) = (tempfile::tempdir().unwrap(), MARKUP.replace('\n', " "));
    fs::copy(modules.join("skeleton.wat"), with.path().join("skeleton.wat")).unwrap();
    let decides = decides.replace("@with manifest ", &format!("@manifest {markup}\n  ;; @with "));
    assert!(decides.contains("onerror"), "{decides}");
    fs::write(with.path().join("markup.wat"), decides).unwrap();
    fs::write(to.join("markup.wasm"), load::module(with.path(), "markup")).unwrap();
}

#[test]
fn decisions_are_the_same_natively_in_wasmtime_and_in_chromium() {
    let folder = tempfile::tempdir().unwrap();
    // The first two are compared without any browser.
    parity::lay_down(folder.path());
    if at_hand() {
        let served = Served::start(&[]);
        node("parity.test.mjs", folder.path(), Some(served.url()));
    }
}

#[test]
fn the_page() {
    if !at_hand() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let module = tripline::builtin::modules().find(|(name, _)| *name == "sshd").unwrap().1;
    let wasm = folder.path().join("sshd.wasm");
    fs::write(&wasm, module).unwrap();
    let inspected = program().args(["pack", "inspect", "--format", "json"]).arg(&wasm).output().unwrap();
    fs::write(folder.path().join("sshd.json"), inspected.stdout).unwrap();
    let served = Served::start(&[]);
    node("page.test.mjs", folder.path(), Some(served.url()));
    // The case that the page saved holds in wasmtime …
    let file = fs::read(folder.path().join("saved.case")).unwrap();
    let case = Case::parse(&file).unwrap();
    assert_eq!(case.why(), "Four failed passwords are enough.");
    let pack = parity::pack("sshd");
    assert_eq!(case.run(&sandbox(), &pack).unwrap(), Outcome::Holds);
    assert!(case.expected.contains("password-guessing"), "{}", case.expected);
    // … natively, and as the pack's own test has it.
    assert_eq!(case.run(&parity::native("sshd"), &pack).unwrap(), Outcome::Holds);
    let cases = folder.path().join("cases");
    fs::create_dir(&cases).unwrap();
    fs::write(cases.join("saved.case"), file).unwrap();
    let tested = program().args(["pack", "test"]).arg(&wasm).output().unwrap();
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stdout));
}

#[test]
fn hostile_packs_manifests_and_lines() {
    if !at_hand() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    hostile(folder.path());
    let served = Served::start(&[]);
    node("hostile.test.mjs", folder.path(), Some(served.url()));
}

#[test]
fn how_it_looks() {
    if !at_hand() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    hostile(folder.path());
    let served = Served::start(&[]);
    node("look.test.mjs", folder.path(), Some(served.url()));
}

#[test]
fn the_module_for_others() {
    if !at_hand() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let exported =
        program().args(["playground", "--export"]).arg(folder.path().join("site")).output().unwrap();
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    node("module.test.mjs", folder.path(), None);
}

#[test]
fn a_server_has_it() {
    if !at_hand() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::new("[server]\nlisten = \"127.0.0.1:0\"\n");
    server.start(&[], None);
    let url = format!("http://{}/playground", server.http());
    node("server.test.mjs", folder.path(), Some(&url));
}

#[test]
fn a_pack_and_a_log_are_given_on_the_command_line() {
    if !at_hand() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let modules = load::folder(env!("CARGO_MANIFEST_DIR"));
    let pack = folder.path().join("mine.wasm");
    fs::write(&pack, load::module(&modules, "decides-on-all")).unwrap();
    let log = root().join("tests/sample/auth.log");
    let served = Served::start(&["--pack".as_ref(), pack.as_os_str(), log.as_os_str()]);
    node("given.test.mjs", folder.path(), Some(served.url()));
}
