//! What packs decide natively and in wasmtime: the same, and written down for the browser to be compared with.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tripline::Pack;
use tripline_engine::Native;
use tripline_engine::cases::{Case, write};
use tripline_engine::line::LineSettings;
use tripline_engine::sandbox::Sandbox;
use tripline_pack_app_errors::AppErrors;
use tripline_pack_auditd_basics::AuditdBasics;
use tripline_pack_exposure::Exposure;
use tripline_pack_log_gap::LogGap;
use tripline_pack_sshd::Sshd;
use tripline_pack_sudo_su::SudoSu;
use tripline_pack_web_attacks::WebAttacks;
use tripline_sdk::Instance;
use tripline_tests::{Random, root, sandbox};

/// Entries of a batch, one run for each.
const BATCHES: [u32; 3] = [1, 7, u32::MAX];
/// Lines of the large log.
const LINES: u32 = 150_000;

/// A built-in pack.
pub(super) fn pack(name: &str) -> Arc<Pack> {
    tripline::builtin::packs().unwrap().into_iter().find(|pack| pack.name() == name).unwrap()
}

/// The same pack as plain Rust.
pub(super) fn native(name: &str) -> Arc<dyn Sandbox> {
    match name {
        "sshd" => Arc::new(Native::<Instance<Sshd>>::default()),
        "app-errors" => Arc::new(Native::<Instance<AppErrors>>::default()),
        "exposure" => Arc::new(Native::<Instance<Exposure>>::default()),
        "web-attacks" => Arc::new(Native::<Instance<WebAttacks>>::default()),
        "sudo-su" => Arc::new(Native::<Instance<SudoSu>>::default()),
        "auditd-basics" => Arc::new(Native::<Instance<AuditdBasics>>::default()),
        "log-gap" => Arc::new(Native::<Instance<LogGap>>::default()),
        other => panic!("a native pack {other}"),
    }
}

/// Compares native and wasmtime on every case of every pack and on the large log, and writes down what they gave.
pub(super) fn lay_down(folder: &Path) {
    let mut expected = Vec::new();
    let log = large(false);
    let findings = large(true);
    for name in tripline::builtin::NAMES {
        let pack = pack(name);
        fs::write(folder.join(format!("{name}.wasm")), pack.wasm()).unwrap();
        let mut cases = Vec::new();
        for path in own_cases(name) {
            let case = path.file_stem().unwrap().to_str().unwrap().to_string();
            cases.push(compared(folder, &pack, &case, &fs::read(&path).unwrap(), &BATCHES));
        }
        assert!(cases.len() >= 10, "{name}: {}", cases.len());
        let large = if *name == "exposure" { &findings } else { &log };
        let told = compared(folder, &pack, "the large log", large, &[1_000, u32::MAX]);
        let text = fs::read_to_string(folder.join(told["decided"]["1000"].as_str().unwrap())).unwrap();
        assert!(text.lines().count() > 1_000, "{name}: {text}");
        cases.push(told);
        expected.push(json!({ "pack": name, "wasm": format!("{name}.wasm"), "cases": cases }));
    }
    fs::write(folder.join("expected.json"), json!(expected).to_string()).unwrap();
}

pub(super) fn own_cases(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("guest/packs").join(name).join("cases")).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|end| end == "case"));
    cases.sort();
    cases
}

fn compared(folder: &Path, pack: &Arc<Pack>, name: &str, file: &[u8], batches: &[u32]) -> serde_json::Value {
    let case = Case::parse(file).unwrap_or_else(|error| panic!("{name}: {error}"));
    let stem = format!("{}-{}", pack.name(), name.replace(' ', "-"));
    fs::write(folder.join(format!("{stem}.case")), file).unwrap();
    let mut decided = BTreeMap::new();
    for &batch in batches {
        let natively = case.decide(&native(pack.name()), pack, batch).unwrap();
        let in_wasmtime = case.decide(&sandbox(), pack, batch).unwrap();
        assert!(natively == in_wasmtime, "{stem} in batches of {batch}:\n{natively}\n{in_wasmtime}");
        let text = format!("{stem}.{batch}");
        fs::write(folder.join(&text), in_wasmtime).unwrap();
        decided.insert(batch.to_string(), text);
    }
    json!({ "name": name, "file": format!("{stem}.case"), "decided": decided })
}

/// Lines of all sorts, the same each time, with what is hostile among them.
fn large(findings: bool) -> Vec<u8> {
    let mut random = Random(7);
    let mut lines = Vec::new();
    for n in 0..LINES {
        let second = n / 4;
        let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
        let (host, user, kind) =
            (random.below(250), random.below(12), random.below(if findings { 4 } else { 15 }));
        let mut line = String::new();
        let syslog = format!("Mar 14 {hour:02}:{minute:02}:{second:02} web{} ", n % 3);
        let iso = format!("2026-03-14T{hour:02}:{minute:02}:{second:02}Z");
        let _ = match (findings, kind) {
            (true, 0) => write!(
                line,
                r#"{{"time":"{iso}","finding":"port_open","scan":"s","run":{n},"scanner":"nmap","first":true,"target":"192.0.2.{host}","port":{},"protocol":"tcp","state":"open","service":"telnet"}}"#,
                20 + user
            ),
            (true, 1) => write!(
                line,
                r#"{{"time":"{iso}","finding":"port_opened","scan":"s","run":{n},"scanner":"nmap","first":false,"target":"192.0.2.{host}","port":{},"protocol":"tcp","state":"open"}}"#,
                8000 + user
            ),
            (true, 2) => write!(
                line,
                r#"{{"time":"{iso}","finding":"host_new","scan":"s","run":{n},"scanner":"nmap","first":false,"target":"192.0.2.{host}"}}"#
            ),
            (true, _) => write!(
                line,
                r#"{{"time":"{iso}","finding":"port_closed","target":"192.0.2.{host}","port":{}}}"#,
                8000 + user
            ),
            (_, 0) => {
                write!(line, "{syslog}sshd[{n}]: Failed password for root from 192.0.2.{host} port 22 ssh2")
            }
            (_, 1) => write!(
                line,
                "{syslog}sshd[{n}]: Failed password for invalid user u{user} from 192.0.2.{} port 22 ssh2",
                host % 9
            ),
            (_, 2) => write!(
                line,
                "{syslog}sshd[{n}]: Accepted password for u{user} from 192.0.2.{} port 22 ssh2",
                host % 9
            ),
            (_, 3) => {
                write!(line, "{syslog}sshd[{n}]: Invalid user x\u{202e}{user} from 2001:db8::{host} port 22")
            }
            (_, 4) => write!(line, "{syslog}shop[1]: ERROR order {n} failed after {user} ms"),
            (_, 5) => write!(line, "{iso} ERROR [worker-{user}] cannot reach db{host}"),
            (_, 6) => write!(
                line,
                r#"{{"time":"{iso}","level":"error","message":"payment {n} \u0066ailed","user":"u{user}"}}"#
            ),
            (_, 7) => write!(
                line,
                "<34>1 {iso} host app {n} - [x a=\"\\\"{user}\"] panic: index {host} out of range"
            ),
            (_, 8) => write!(
                line,
                "Traceback (most recent call last):\n  File \"x.py\", line {user}\nValueError: {host}"
            ),
            (_, 9) => write!(
                line,
                "192.0.2.{host} - - [14/Mar/2026:{hour:02}:{minute:02}:{second:02} +0000] \"GET /a/%2e%2e/%2e%2e/etc/{user}?q={n}+x HTTP/1.1\" {} 9 \"-\" \"agent-{user}\"",
                if user < 6 { 404 } else { 200 }
            ),
            (_, 10) => write!(
                line,
                "{syslog}sudo:   u{user} : {} ; TTY=pts/0 ; PWD=/home/u{user} ; USER=root ; COMMAND=/bin/{host}",
                if host % 2 == 0 { "3 incorrect password attempts" } else { "user NOT in sudoers" }
            ),
            (_, 11) => write!(
                line,
                "type=AVC msg=audit({}.{:03}:{n}): avc:  denied  {{ read }} for  pid=42 comm=\"c{user}\" name=\"x{host}\" scontext=s{user} tcontext=t{host} tclass=file",
                1_773_446_400 + u64::from(second),
                n % 1000
            ),
            (_, 12) if n % 7 == 0 => write!(
                line,
                "Mar 13 {hour:02}:{minute:02}:{second:02} web{} CRON[{n}]: (root) CMD (false)",
                n % 3
            ),
            _ => write!(line, "{syslog}CRON[{n}]: (root) CMD (true)"),
        };
        lines.extend_from_slice(line.as_bytes());
        // One in many has bytes that are no text.
        if n % 997 == 0 {
            lines.extend_from_slice(b" \xff\xfe\0");
        }
        lines.push(b'\n');
    }
    let format = findings.then_some(tripline_engine::decode::Format::Finding);
    let read = LineSettings { year: Some(2026), format, ..LineSettings::default() };
    write("A large log.", &toml::Table::new(), &[(read, lines)], "")
}
