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

/// A manifest of texts that hide, names that every object of JavaScript has, and a word without an end.
const HIDDEN: &str = r#"{"abi": 1, "pack": {"name": "hidden", "version": "1.0.0",
"description": "@long", "authors": ["a\u202eb"]}, "every_event": true,
"settings": {"type": "object", "properties": {
"constructor": {"type": "string", "default": "the default", "title": "t\u200bt"},
"few": {"type": "integer", "default": 3, "minimum": 1, "maximum": 9}}},
"rules": [{"id": "loud", "title": "exe\u202egnp \u2066@long", "severity": "low", "description": "\u00adx",
"tags": ["t\ufeff"], "references": ["r\u2028"]}]}"#;

/// Each call takes a while, on a machine that is fast or slow; no deadline of one call is passed.
const SLOW: &str = r#"(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (local $n i32) (local $x i64)
    (local.set $n (i32.const @rounds))
    (loop $more
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.store (i32.const 0) (local.get $x))
    (i64.const 0))
)"#;

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
        "memory-polite",
        "table-bomb",
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
    let hidden = HIDDEN.replace('\n', " ").replace("@long", &"long".repeat(70));
    for (name, manifest) in [("markup", markup), ("hidden", hidden)] {
        let decides = decides.replace("@with manifest ", &format!("@manifest {manifest}\n  ;; @with "));
        assert!(decides.contains("@manifest"), "{decides}");
        fs::write(with.path().join(name).with_extension("wat"), decides).unwrap();
        fs::write(to.join(format!("{name}.wasm")), load::module(with.path(), name)).unwrap();
    }
    for millions in [25, 35, 50, 70, 100, 140, 200, 280, 400, 560] {
        let (name, rounds) = (format!("slow-{millions}"), format!("{millions}000000"));
        fs::write(with.path().join(&name).with_extension("wat"), SLOW.replace("@rounds", &rounds)).unwrap();
        fs::write(to.join(&name).with_extension("wasm"), load::module(with.path(), &name)).unwrap();
    }
    // What the command line shows of each character that it does not show as it is.
    let shown = (0..=u32::from(char::MAX)).filter_map(char::from_u32).filter_map(|character| {
        let shown = tripline::report::visible(&character.to_string());
        (shown != character.to_string()).then_some((u32::from(character), shown))
    });
    let shown: Vec<(u32, String)> = shown.collect();
    fs::write(folder.join("visible.json"), serde_json::to_vec(&shown).unwrap()).unwrap();
}

/// What hostile packs decide in wasmtime on lines of which one trips them.
fn hostile_cases(folder: &Path) {
    let modules = load::folder(env!("CARGO_MANIFEST_DIR"));
    let lines: Vec<String> = (0..1500)
        .map(|n| {
            format!(
                "Mar 14 08:{:02}:{:02} web1 shop[1]: {}",
                n / 60,
                n % 60,
                if n % 500 == 20 { "boom" } else { "x" }
            )
        })
        .collect();
    let case = format!("Hostile.\n--- lines year=2026\n{}\n--- decisions\n", lines.join("\n"));
    fs::write(folder.join("hostile.case"), &case).unwrap();
    let case = Case::parse(case.as_bytes()).unwrap();
    let mut expected = Vec::new();
    for name in
        ["trips-on-line", "decides-on-all", "panic", "reply-garbage", "lying-evidence", "traps-always"]
    {
        let wasm = load::module(&modules, name);
        fs::write(folder.join(format!("{name}.wasm")), &wasm).unwrap();
        let pack = std::sync::Arc::new(tripline::Pack::read(wasm).unwrap());
        let decided = case.decide(&sandbox(), &pack, u32::MAX).unwrap();
        expected.push(serde_json::json!({ "name": name, "decided": decided }));
    }
    fs::write(folder.join("hostile.json"), serde_json::to_vec(&expected).unwrap()).unwrap();
}

#[test]
fn decisions_are_the_same_natively_in_wasmtime_and_in_chromium() {
    let folder = tempfile::tempdir().unwrap();
    // The first two are compared without any browser.
    parity::lay_down(folder.path());
    hostile_cases(folder.path());
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
    for pack in ["app-errors", "exposure", "sshd"] {
        let to = folder.path().join("cases-of").join(pack);
        fs::create_dir_all(&to).unwrap();
        for case in parity::own_cases(pack) {
            fs::copy(&case, to.join(case.file_name().unwrap())).unwrap();
        }
    }
    let served = Served::start(&[]);
    node("page.test.mjs", folder.path(), Some(served.url()));
    node("lines.test.mjs", folder.path(), Some(served.url()));
    node("cases.test.mjs", folder.path(), Some(served.url()));
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
    hostile(folder.path());
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

/// A desktop's program is asked to open the page, if somebody sits there; `script` is that somebody's terminal.
#[test]
#[cfg(target_os = "linux")]
fn the_page_is_opened_for_whoever_sits_at_a_terminal() {
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().unwrap();
    let (opened, opener) = (folder.path().join("opened"), folder.path().join("xdg-open"));
    fs::write(&opener, format!("#!/bin/sh\necho \"$1\" >{}\n", opened.display())).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let tripline = program().get_program().to_owned();
    let run = |arguments: &str| {
        let _ = fs::remove_file(&opened);
        let line = format!("exec {} playground {arguments}", tripline.to_str().unwrap());
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).env("PATH", &path);
        script.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = script.spawn().unwrap();
        let mut url = String::new();
        let said = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(said), &mut url).unwrap();
        let began = Instant::now();
        let mut found = None;
        while found.is_none()
            && began.elapsed() < Duration::from_secs(if arguments.is_empty() { 20 } else { 1 })
        {
            found = fs::read_to_string(&opened).ok().filter(|url| url.ends_with('\n'));
            std::thread::sleep(Duration::from_millis(20));
        }
        // Its terminal is gone, and so is the program.
        child.kill().unwrap();
        child.wait().unwrap();
        (url.trim().to_string(), found.map(|url| url.trim().to_string()))
    };
    let (said, found) = run("");
    assert!(said.starts_with("http://127.0.0.1:"), "{said}");
    assert_eq!(found, Some(said));
    assert_eq!(run("--no-open").1, None);
}
