//! One rule over both kinds of events: a port is opened on a host, which a scan finds, and then somebody logs in there,
//! which a log says.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use tripline_tests::{Server, Sink, program, sample_pack, until};

use crate::fixture::{Greets, Here, free, scanners};

static MODULE: LazyLock<PathBuf> =
    LazyLock::new(|| sample_pack("opened-then-used", Path::new(env!("CARGO_TARGET_TMPDIR"))));

/// A login on this host, as sshd tells it, a second from now: behind the scan, whatever its clock rounds to.
fn login(host: &str) -> String {
    let time = Timestamp::now() + 1.second();
    let time = time.strftime("%Y-%m-%dT%H:%M:%S+00:00");
    format!("{time} {host} sshd[4711]: Accepted publickey for alice from 198.51.100.8 port 40000 ssh2\n")
}

fn is_correlated(incident: &Value) -> bool {
    incident["rule"] == "opened-then-used" && incident["fingerprint"] == "localhost"
}

const ALLOW: &str = "[[scan.allow]]\nnetworks = [\"127.0.0.1/32\", \"::1/128\"]\n";

#[test]
fn by_commands_of_one_database() {
    for scanner in scanners() {
        let here = Here::new(ALLOW);
        let [port] = free(Ipv4Addr::LOCALHOST);
        let port_of = port.to_string();
        let judge = ["--db", "t.db", "--pack", MODULE.to_str().unwrap(), "--only", "opened-then-used"];
        let scan = ["scan", "run", "localhost", "--ports", &port_of, "--name", "lab", "--scanner", scanner];
        let scan = [&scan[..], &judge].concat();
        let none = here.json(&scan, 0);
        assert_eq!(none["scans"][0]["open"], 0, "{none}");
        let _opened = Greets::at(Ipv4Addr::LOCALHOST, port);
        let opened = here.json(&scan, 0);
        let finding = opened["scans"][0]["findings"].as_array().unwrap();
        let finding = finding.iter().find(|one| one["finding"] == "port_opened").unwrap();
        assert_eq!((&finding["name"], &finding["first"]), (&"localhost".into(), &false.into()), "{finding}");
        let log = here.0.path().join("auth.log");
        let check = [&["check", "auth.log", "--timezone", "UTC"][..], &judge].concat();
        // Where no port was opened, it is a login and no more.
        std::fs::write(&log, login("elsewhere")).unwrap();
        here.json(&check, 0);
        let mut log = OpenOptions::new().append(true).open(&log).unwrap();
        log.write_all(login("localhost").as_bytes()).unwrap();
        let checked = here.json(&check, 1);
        let incident = &checked["incidents"][0];
        assert!(is_correlated(incident), "{incident}");
        // Both are its evidence: what the scan found, and what the log says.
        let evidence = incident["evidence"].as_array().unwrap();
        let files: Vec<&str> = evidence.iter().filter_map(|one| one["file"].as_str()).collect();
        assert!(files.len() == 2 && files[0] == "scan:lab" && files[1].ends_with("/auth.log"), "{incident}");
    }
}

#[test]
fn by_a_server_that_scans_and_follows_a_log() {
    let nothing = tempfile::tempdir().unwrap();
    for scanner in scanners() {
        let sink = Sink::start(env!("CARGO_BIN_EXE_smtp-sink"));
        let relay = sink.relay().rsplit(':').next().unwrap().to_string();
        let mut server = Server::new(&format!(
            "[mail]\nfrom = \"tripline@example.org\"\nrelay = \"127.0.0.1\"\nport = {relay}\ntls = \"plaintext\"\n\
             [recipients]\noncall = \"oncall@example.org\"\n[[routes]]\nname = \"all\"\nto = [\"oncall\"]\n\
             [server]\nlisten = \"127.0.0.1:0\"\n[[follow]]\npaths = [\"auth.log\"]\n{ALLOW}"
        ));
        if scanner == "connect" {
            server.find_programs_in(nothing.path());
        }
        let log = server.path("auth.log");
        std::fs::write(&log, "").unwrap();
        let token = server.token("analyst", "default");
        server.start(&["--pack", MODULE.to_str().unwrap(), "--only", "opened-then-used"], None);
        let url = format!("http://{}", server.http());
        let [port] = free(Ipv4Addr::LOCALHOST);
        let scan = |open: u64| {
            let mut command = program();
            command.env("TRIPLINE_SERVER", &url).env("TRIPLINE_TOKEN", &token).args([
                "scan",
                "run",
                "localhost",
            ]);
            let output =
                command.args(["--name", "lab", "--format", "json", "--ports", &port.to_string()]).output();
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            let scan = &told["scans"][0];
            assert_eq!((&scan["scanner"], &scan["open"]), (&scanner.into(), &open.into()), "{told}");
        };
        scan(0);
        let _opened = Greets::at(Ipv4Addr::LOCALHOST, port);
        scan(1);
        let mut log = OpenOptions::new().append(true).open(&log).unwrap();
        log.write_all(login("localhost").as_bytes()).unwrap();
        let incident =
            until("the login is an incident", || server.incidents("default").into_iter().find(is_correlated));
        let sources: Vec<&str> =
            incident["sources"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(sources.len(), 2, "{incident}");
        assert!(
            sources.contains(&"scan:lab") && sources.iter().any(|one| one.ends_with("auth.log")),
            "{incident}"
        );
        let mail = until("it is mailed", || sink.whole().into_iter().next());
        assert!(mail.contains("Login on localhost after a port was opened there"), "{mail}");
        assert!(server.end().success());
    }
}
