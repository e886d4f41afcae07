//! The command line, as a person and as a program use it.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tripline::commit::Tenant;
use tripline::incidents::Policy;
use tripline::scans::{ScanName, ScheduleStore, Standing};
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::{SystemClock, WallClock};

use crate::fixture::path;
use crate::real::{nmap, running, until};
use crate::servers::{Server, free};

pub(crate) struct Here {
    pub(crate) folder: tempfile::TempDir,
}

impl Here {
    pub(crate) fn new(configuration: &str) -> Here {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tripline.toml"), configuration).unwrap();
        Here { folder }
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
        command.current_dir(self.folder.path()).args(line.split_whitespace());
        command.env_remove("TRIPLINE_CONFIG").env("XDG_CACHE_HOME", self.folder.path());
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, line: &str, code: i32) -> (String, String) {
        let Output { status, stdout, stderr } = self.command(line).output().unwrap();
        let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "{line}\n{out}\n{err}");
        (out, err)
    }

    pub(crate) fn json(&self, line: &str, code: i32) -> Value {
        let (out, err) = self.run(line, code);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}\n{out}\n{err}"))
    }
}

const KEPT: &str = "[database]\npath = \"t.db\"\n[[scan.allow]]\nnetworks = [\"127.0.0.0/8\"]\n";
/// And what is open there may be.
pub(crate) const LOOPBACK: &str = "[database]\npath = \"t.db\"\n[[scan.allow]]\nnetworks = [\"127.0.0.0/8\"]\n[packs.exposure]\n\
                        allowed = [\"127.0.0.0/8: any\"]\n";

fn scanners() -> Vec<&'static str> {
    if nmap().is_some() { vec!["nmap", "connect"] } else { vec!["connect"] }
}

#[test]
fn what_is_not_listed_is_not_scanned() {
    let here = Here::new("");
    let (_, err) = here.run("scan run 127.0.0.1 --ports 22", 2);
    assert!(
        err.contains("expected networks that tenant `default` may scan in `scan.allow.networks`, found none"),
        "{err}"
    );
    let here = Here::new("[[scan.allow]]\nnetworks = [\"0.0.0.0/0\"]\n");
    let (_, err) = here.run("scan run 127.0.0.1 --ports 22", 2);
    assert!(err.contains("in `scan.allow.networks` of tenant `default`, found 127.0.0.1"), "{err}");
    assert!(err.contains("hint: "), "{err}");
    let (_, err) = here.run("scan run 10.0.0.0/8 --ports 22", 2);
    assert!(err.contains("expected at most 65536 addresses (`scan.addresses`), found 16777216"), "{err}");
    let here = Here::new("[[scan.allow]]\nnetworks = [\"127.0.0.0/8\"]\ntenant = \"other\"\n");
    let (_, err) = here.run("scan run 127.0.0.1 --ports 22", 2);
    assert!(err.contains("tenant `default`"), "{err}");
    for line in [
        "scan run 127.0.0.1,--script,x --ports 22",
        "scan run 127.0.0.1 --ports 22;id",
        "scan run 127.0.0.1 --ports 22 --script ../x",
        "scan run 127.0.0.1 --ports 22 --name A/B",
        "scan run -oN --ports 22",
    ] {
        here.run(line, 2);
    }
    let (_, err) = here.run("scan run 127.0.0.1 --ports 22 --tenant other --script smb-vuln-ms17-010", 2);
    assert!(err.contains("expected a script of `scan.scripts`, found `smb-vuln-ms17-010`"), "{err}");
}

#[test]
fn a_configuration_that_is_wrong_says_where() {
    for (text, expected) in [
        (
            "[[scan.allow]]\nnetworks = [\"10.0.0.0/33\"]\n",
            "`scan.allow.networks[0]`: expected a network like 192.0.2.0/24, found `10.0.0.0/33`",
        ),
        (
            "[scan]\nscripts = [\"/tmp/x.nse\"]\n",
            "`scan.scripts[0]`: expected the plain name of a script, found `/tmp/x.nse`",
        ),
        (
            "[scan]\nclosed_after = 0\n",
            "`scan.closed_after`: expected a whole number from 1 to 100, found `0`",
        ),
        ("[scan]\nnetwork = []\n", "there is no key `network` in [scan]"),
        (
            "[[scan.schedule]]\nname = \"adhoc\"\ntargets = [\"192.0.2.1\"]\nports = \"1\"\nevery = \"6h\"\n",
            "expected a name that scans without a name do not have, too, found `adhoc`",
        ),
        (
            "[[scan.schedule]]\nname = \"a\"\ntargets = [\"192.0.2.1\"]\nports = \"1\"\nevery = \"1h\"\njitter = \"61m\"\n",
            "expected at most the time between two scans of the schedule, found `61m`",
        ),
        (
            "[[scan.schedule]]\nname = \"a\"\ntargets = [\"192.0.2.1\"]\nports = \"1\"\ncron = \"0 3,4 * * *\"\njitter = \"2h\"\n",
            "expected at most the time between two scans of the schedule, found `2h`",
        ),
        (
            "[scan]\nnmap = \"/nowhere/nmap\"\n[[scan.allow]]\nnetworks = [\"127.0.0.1\"]\n",
            "`scan.nmap`: expected a program, found none at /nowhere/nmap",
        ),
    ] {
        let (_, err) = Here::new(text).run("scan run 127.0.0.1 --ports 22", 2);
        assert!(err.contains(expected), "{err}");
    }
}

#[test]
fn without_nmap_ports_are_found_all_the_same() {
    let here = Here::new(LOOPBACK);
    let host = Ipv4Addr::new(127, 0, 72, 1);
    let server = Server::at(host, 0, b"");
    let line = format!("scan run {host} --ports {}", server.port());
    let output = here.command(&line).env("PATH", "/nowhere").output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    assert!(err.contains("warning: there is no nmap: ports are found by connecting alone"), "{err}");
    assert!(out.contains(&format!("tcp/{}", server.port())), "{out}");
    let output = here.command(&format!("{line} --service")).env("PATH", "/nowhere").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("expected nmap on the PATH, found none"), "{err}");
}

#[test]
fn a_scan_is_kept_listed_shown_and_compared() {
    for scanner in scanners() {
        let here = Here::new(LOOPBACK);
        let host = Ipv4Addr::new(127, 0, 72, 2);
        let (stays, later) = (Server::at(host, 0, b""), free(host));
        let line = format!("scan run {host} --ports {},{later} --scanner {scanner} --name lab", stays.port());
        let (out, err) = here.run(&line, 0);
        assert!(out.starts_with(&format!("scan 1 of lab by {scanner}: done")), "{out}\n{err}");
        assert!(out.contains("1 host, 1 open port"), "{out}");
        assert!(out.contains("for the first time: there was nothing to compare with"), "{out}");
        let _new = Server::at(host, later, b"");
        let json = here.json(&format!("{line} --format json"), 0);
        let findings = json["scans"][0]["findings"].as_array().unwrap();
        let opened = findings.iter().find(|one| one["finding"] == "port_opened").unwrap();
        assert_eq!(
            (&opened["port"], &opened["first"], &opened["run"]),
            (&later.into(), &false.into(), &2.into())
        );
        assert!(json["check"]["incidents"].is_array(), "{json}");
        // What was asked, by whom, and that it is judged: as `scan show` has it.
        let scan = &json["scans"][0];
        assert_eq!((&scan["targets"], &scan["judged"]), (&host.to_string().into(), &true.into()), "{scan}");
        assert!(scan["ports"].is_string() && scan["by"].is_string(), "{scan}");
        let (out, _) = here.run("scan list", 0);
        assert_eq!(out.lines().count(), 3, "{out}");
        let (out, _) = here.run("scan diff", 0);
        assert!(out.contains("port opened") && out.contains(&format!("tcp/{later}")), "{out}");
        let (out, _) = here.run("scan diff 1", 0);
        assert!(out.contains("there was nothing to compare with"), "{out}");
        let (out, _) = here.run("scan show 2", 0);
        assert!(out.contains(&format!("tcp/{}", stays.port())) && out.contains("port opened"), "{out}");
        let shown = here.json("scan show 2 --format json", 0);
        assert_eq!((&shown["state"], &shown["judged"]), (&"done".into(), &true.into()));
        let (_, err) = here.run("scan show 7", 2);
        assert!(err.contains("there is no scan 7"), "{err}");
        let lines = here.run(&format!("{line} --format ndjson"), 0).0;
        let types: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone()).collect();
        assert_eq!(types[..3], ["scan", "finding", "finding"], "{lines}");
        // No figures of a log behind them.
        assert!(types.iter().all(|one| one == "scan" || one == "finding"), "{lines}");
        let (out, _) = here.run(&line, 0);
        assert!(out.contains("nothing has changed\n") && out.contains("No incident."), "{out}");
        assert!(!out.contains("/s)") && !out.contains("app-errors"), "{out}");
    }
}

#[test]
fn a_port_that_no_policy_allows_is_one_incident_however_often_it_is_seen() {
    for scanner in scanners() {
        let here = Here::new(KEPT);
        let host = Ipv4Addr::new(127, 0, 72, 5);
        let server = Server::at(host, 0, b"");
        let line = format!("scan run {host} --ports {} --scanner {scanner} --name lab", server.port());
        let (out, _) = here.run(&line, 1);
        assert!(out.contains("exposure/port-not-allowed"), "{out}");
        here.run(&line, 1);
        let list = here.json("incident list --format json", 0);
        let incidents = list["incidents"].as_array().unwrap();
        assert_eq!(incidents.len(), 1, "{list}");
        assert_eq!(
            (&incidents[0]["rule"], &incidents[0]["count"]),
            (&"port-not-allowed".into(), &2.into()),
            "{list}"
        );
        let shown = here.json("incident show 1 --format json", 0).to_string();
        assert!(shown.contains("scan:lab") && shown.contains("port_opened"), "{shown}");
    }
}

#[test]
fn files_are_taken_in_and_compared() {
    let here = Here::new("[database]\npath = \"t.db\"\n");
    let file = path("xml/ordinary.xml");
    // Some of its hosts took too long.
    let json = here.json(&format!("scan import {} --name dmz --format json", file.display()), 3);
    assert_eq!(json["scans"][0]["state"], "partial");
    assert_eq!(json["scans"][0]["reason"], "hosts_timed_out");
    let again = here.run(&format!("scan import {} --name dmz", file.display()), 3).1;
    assert!(
        again.contains("expected a scan that ended after the last one of `dmz`, found an earlier one"),
        "{again}"
    );
    let (out, _) = here.run(&format!("scan import {} --name open", path("xml/masscan.xml").display()), 1);
    assert!(out.contains("by masscan: done") && out.contains("192.0.2.8"), "{out}");
    let (_, err) = here.run("scan import tripline.toml", 3);
    assert!(err.contains("tripline.toml: expected a scan of nmap or masscan in XML, found none"), "{err}");
    // What the file was called with is nowhere.
    for entry in
        fs::read_dir(here.folder.path()).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file())
    {
        let bytes = fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "{}", entry.path().display());
    }
}

/// Kills a tripline that scans, in the middle of it.
fn kill(here: &Here, line: &str, words: &[&str]) {
    let mut command = here.command(line);
    command.env("TMPDIR", here.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    match words.is_empty() {
        true => until("it scans", || has_run(&here.folder.path().join("t.db"), here)),
        false => until("nmap runs", || !running(words).is_empty()),
    }
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
}

fn has_run(database: &Path, here: &Here) -> bool {
    let list = || here.command("scan list --format ndjson").output().unwrap().stdout;
    database.exists() && String::from_utf8_lossy(&list()).contains("running")
}

#[test]
fn killed_in_the_middle_no_scanner_is_left_and_the_next_scan_is_right() {
    for scanner in scanners() {
        let here = Here::new(LOOPBACK);
        let host = Ipv4Addr::new(127, 0, 72, if scanner == "nmap" { 3 } else { 4 });
        let server = Server::at(host, 0, b"");
        let is_nmap = scanner == "nmap";
        let service = if is_nmap { "--service" } else { "" };
        // A whole network keeps either busy for long enough.
        let line = format!(
            "scan run {host} 127.0.73.0/24 --ports 1-65535 --scanner {scanner} {service} --every-address"
        );
        let words = ["nmap", "1-65535", "-iL", "-Pn"];
        kill(&here, &line, if is_nmap { &words } else { &[] });
        until("nmap is gone", || running(&words).is_empty());
        let names = fs::read_dir(here.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> =
            names.filter(|name| name.to_string_lossy().starts_with("tripline-scan-")).collect();
        assert_eq!(left, [""; 0], "no folder is left either");
        let listed = here.json("scan list --format json", 0);
        // Nobody makes it any more, and whoever looks is told so, before anybody scans again.
        assert_eq!(
            (&listed["scans"][0]["state"], &listed["scans"][0]["reason"]),
            (&"failed".into(), &"died".into())
        );
        let next = format!("scan run {host} --ports {} --scanner {scanner}", server.port());
        // That it was broken off is an incident.
        let (out, err) = here.run(&next, 1);
        assert!(err.contains("an earlier scan was broken off"), "{err}");
        assert!(out.contains("exposure/scan-failed"), "{out}");
        assert!(out.starts_with(&format!("scan 2 of adhoc by {scanner}: done")), "{out}");
        let listed = here.json("scan list --format json", 0);
        assert_eq!(
            (&listed["scans"][1]["state"], &listed["scans"][1]["reason"]),
            (&"failed".into(), &"died".into())
        );
        assert_eq!(
            (&listed["scans"][0]["judged"], &listed["scans"][1]["judged"]),
            (&true.into(), &true.into())
        );
    }
}

#[test]
fn interrupted_it_ends_soon_and_says_what_it_has_seen() {
    let Some(_) = nmap() else { return };
    let here = Here::new(LOOPBACK);
    let line =
        "scan run 127.0.74.0/24 --ports 1-65533 --service --scanner nmap --every-address --format json";
    let child = here.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let words = ["nmap", "1-65533"];
    until("nmap runs", || !running(&["nmap", "-iL", "1-65533"]).is_empty());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.contains("the scan did not see all: it was cancelled"), "{err}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["scans"][0]["state"], &json["scans"][0]["reason"]),
        (&"cancelled".into(), &"cancelled".into())
    );
    assert_eq!(running(&words), [0; 0]);
}

#[test]
fn without_a_network_nothing_is_gone() {
    // A network of its own, of which not even loopback is up; not everywhere may one be made.
    let apart = |command: &Command| {
        let mut outer = Command::new("unshare");
        outer.arg("-rn").arg(command.get_program()).args(command.get_args());
        outer.current_dir(command.get_current_dir().unwrap()).env_remove("TRIPLINE_CONFIG");
        outer
    };
    let mut may = Command::new("unshare");
    if !may.args(["-rn", "true"]).output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "expected `unshare -rn` to make a network of its own");
        return;
    }
    let here = Here::new(&format!("{LOOPBACK}[scan]\nclosed_after = 1\n"));
    let host = Ipv4Addr::new(127, 0, 72, 6);
    let server = Server::at(host, 0, b"");
    let line =
        format!("scan run {host} --ports {} --scanner connect --name lab --format json", server.port());
    here.run(&line, 0);
    let output = apart(&here.command(&line)).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let scan = &json["scans"][0];
    assert_eq!((&scan["state"], &scan["reason"]), (&"failed".into(), &"exit".into()), "{json}");
    let detail = scan["detail"].as_str().unwrap();
    assert!(detail.starts_with("this machine has no way to 1 address: "), "{detail}");
    // Its port is open as before, and neither has come back.
    let json = here.json(&line, 0);
    let kinds: Vec<&str> = json["scans"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["finding"].as_str())
        .collect();
    assert_eq!(kinds, ["port_open"], "{json}");
}

#[test]
fn what_is_due_and_may_not_be_made_and_what_is_overdue_is_an_incident() {
    let schedule = |name: &str, targets: &str| {
        format!(
            "[[scan.schedule]]\nname = \"{name}\"\ntargets = [\"{targets}\"]\nports = \"1\"\nevery = \"6h\"\n"
        )
    };
    let (far, late) = (schedule("far", "10.0.0.1"), schedule("late", "127.0.72.7"));
    let here = Here::new(&format!("{LOOPBACK}{far}{late}"));
    let (tenant, name) = (Tenant::default(), ScanName::new("late").unwrap());
    let database = || {
        let path = here.folder.path().join("t.db");
        Database::open(&path, Policy::default(), Arc::new(SystemClock), DatabaseOptions::default()).unwrap()
    };
    // Its last scan is settled, and none was whole for a day.
    let (hour, now) = (3600 * 1_000_000_000, SystemClock.now());
    let whole = Some(now - 25 * hour);
    let standing = Standing { since: now - 100 * hour, settled: Some(now - hour), whole, told: None };
    database().set_standing(&tenant, &name, standing).unwrap();
    let (out, err) = here.run("scan due", 3);
    assert!(err.contains("expected targets in `scan.allow.networks`"), "{err}");
    assert!(err.contains("scan late is overdue"), "{err}");
    assert!(out.contains("exposure/scan-failed") && out.contains("exposure/scan-overdue"), "{out}\n{err}");
    let listed = here.json("scan list --format json", 0);
    assert_eq!(
        (&listed["scans"][0]["scan"], &listed["scans"][0]["state"], &listed["scans"][0]["reason"]),
        (&"far".into(), &"failed".into(), &"not_allowed".into()),
        "{listed}"
    );
    assert_eq!(listed["scans"].as_array().unwrap().len(), 1);
    // Each is told once.
    assert!(database().stands(&tenant, &name).unwrap().unwrap().told.is_some());
    let (_, err) = here.run("scan due", 0);
    assert!(err.contains("no scan is due"), "{err}");
    let list = here.json("incident list --format json", 0);
    let counts: Vec<(&Value, &Value)> =
        list["incidents"].as_array().unwrap().iter().map(|one| (&one["rule"], &one["count"])).collect();
    assert_eq!(counts.len(), 2, "{list}");
    assert!(counts.iter().all(|(_, count)| **count == 1), "{list}");
}

#[test]
fn a_schedule_is_made_now_whether_or_not_it_is_due() {
    let host = Ipv4Addr::new(127, 0, 72, 8);
    let server = Server::at(host, 0, b"");
    let here = Here::new(&format!(
        "{LOOPBACK}[[scan.schedule]]\nname = \"office\"\ntargets = [\"{host}\"]\nports = \"{}\"\nevery = \"1d\"\n",
        server.port()
    ));
    let (out, _) = here.run("scan run --schedule office --scanner connect", 0);
    assert!(out.starts_with("scan 1 of office by connect: done"), "{out}");
    let schedules = here.json("scan schedule --format json", 0);
    assert!(schedules["schedules"][0]["whole"].is_string(), "{schedules}");
    // It is due all the same, at its own time.
    let (out, _) = here.run("scan due", 0);
    assert!(out.starts_with("scan 2 of office"), "{out}");
    let (_, err) = here.run("scan run --schedule attic", 2);
    assert!(err.contains("expected a schedule of tenant `default`, found none called `attic`"), "{err}");
    here.run("scan run --schedule office 127.0.0.1", 2);
    here.run("scan run --schedule office --ports 1", 2);
    here.run("scan run 127.0.0.1", 2);
}
