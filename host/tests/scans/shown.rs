//! What a person is shown of a scan: how far it is, what scripts say, and what became of it.

use std::fs;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tripline::commit::Tenant;
use tripline::incidents::{Actor, Policy};
use tripline::scans::{NewRun, Reason, RunState, ScanName, ScanStore, ScannerKind, ScheduleStore, Standing};
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::{SystemClock, WallClock};

use crate::command::{Here, LOOPBACK};
use crate::real::{nmap, running, until};
use crate::servers::Server;

#[test]
fn what_scripts_say_is_shown_also_when_it_is_as_before() {
    if nmap().is_none() {
        return;
    }
    let here = Here::new(LOOPBACK);
    let host = Ipv4Addr::new(127, 0, 72, 9);
    let server = Server::at(host, 0, b"220 \x1b[31mevil\r\n");
    let line =
        format!("scan run {host} --ports {} --script banner --every-address --name lab", server.port());
    for _ in 0..2 {
        let (out, err) = here.run(&line, 0);
        let place = format!("{host} tcp/{} banner\n", server.port());
        assert!(out.contains(&place) && out.contains("    220 ") && out.contains("evil"), "{out}{err}");
        assert!(!out.contains('\x1b'), "{out:?}");
    }
    let (out, _) = here.run("scan show 2", 0);
    assert!(out.contains("    220 ") && out.contains("nothing has changed\n"), "{out}");
}

#[test]
fn a_scan_whose_program_died_does_not_run() {
    let here = Here::new(LOOPBACK);
    let (tenant, name) = (Tenant::default(), ScanName::new("big").unwrap());
    let path = here.folder.path().join("t.db");
    let open = || {
        Database::open(&path, Policy::default(), Arc::new(SystemClock), DatabaseOptions::default()).unwrap()
    };
    let store = open();
    let lock = store.scanning().unwrap();
    assert!(lock.is_some());
    let (author, started) = (Actor::timer(), SystemClock.now());
    let run = NewRun { name, scanner: ScannerKind::Connect, author, started, addresses: None, ports: None };
    store.begin(&tenant, run.clone()).unwrap();
    // As long as somebody holds the lock, somebody makes it.
    assert_eq!(here.json("scan list --format json", 0)["scans"][0]["state"], "running");
    let (out, _) = here.run("scan show 1", 0);
    assert!(out.contains("it is underway"), "{out}");
    let (_, err) = here.run("scan run 127.0.72.9 --ports 1", 2);
    assert!(err.contains("expected no other scan") && err.contains("--server URL"), "{err}");
    let (_, err) = here.run("scan cancel 1", 0);
    assert!(err.contains("ends soon"), "{err}");
    drop(lock);
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let (out, _) = here.run("scan list", 0);
    assert!(out.contains("failed") && out.contains("the program that scanned ended"), "{out}");
    let listed = &here.json("scan list --format json", 0)["scans"][0];
    assert_eq!((&listed["state"], &listed["reason"]), (&"failed".into(), &"died".into()));
    let (out, _) = here.run("scan diff 1", 0);
    assert_eq!(out, "it saw nothing: there is nothing to compare\n");
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before, "who looks writes nothing");
    let (_, err) = here.run("scan cancel 1", 2);
    assert!(err.contains("there is no scan 1 that is underway: its program had ended"), "{err}");
    let kept = store.run(&tenant, 1).unwrap().unwrap();
    assert_eq!((kept.state, kept.broken.unwrap().reason), (RunState::Failed, Reason::Died));
    let (_, err) = here.run("scan cancel 1", 2);
    assert!(err.contains("there is no scan 1 that is underway\n"), "{err}");
    // Rules hear of it when the next one is judged.
    let (out, _) = here.run("scan run 127.0.72.9 --ports 1 --scanner connect", 1);
    assert!(out.contains("Scan big failed: the program that scanned was ended"), "{out}");
}

#[test]
fn why_a_schedule_was_not_made_is_told_as_it_is() {
    let here = Here::new(&format!(
        "{LOOPBACK}[[scan.schedule]]\nname = \"deep\"\ntargets = [\"127.0.72.9\"]\nports = \"1\"\nservice = true\n\
         cron = \"0 3 * * *\"\ntimezone = \"Europe/Berlin\"\n[[scan.schedule]]\nname = \"often\"\n\
         targets = [\"127.0.72.9\"]\nports = \"1\"\nservice = true\nevery = \"1h\"\njitter = \"1h\"\n"
    ));
    // It begins within its jitter; a time long ago has passed with that.
    let (tenant, name, hour) = (Tenant::default(), ScanName::new("often").unwrap(), 3600 * 1_000_000_000);
    let path = here.folder.path().join("t.db");
    let store =
        Database::open(&path, Policy::default(), Arc::new(SystemClock), DatabaseOptions::default()).unwrap();
    let now = SystemClock.now();
    let standing = Standing {
        since: now - 9 * hour,
        settled: Some(now - 3 * hour),
        whole: Some(now - hour),
        told: None,
    };
    store.set_standing(&tenant, &name, standing).unwrap();
    let (out, _) = here.run("scan schedule", 0);
    assert!(out.contains("0 3 * * * Europe/Berlin") && out.contains("every 1h"), "{out}");
    let output = here.command("scan due").env("PATH", "/nowhere").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("Scan often failed: there is no scanner for it"), "{out}");
    assert_eq!(here.json("scan list --format json", 0)["scans"][0]["reason"], "no_scanner");
}

/// Numbers of the terminal that a process has; 0: none.
fn terminal(id: i32) -> Option<i64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(4)?.parse().ok()
}

#[test]
fn nmap_tells_on_a_terminal_how_far_it_is_and_has_none_itself() {
    if nmap().is_none() {
        return;
    }
    let here = Here::new(LOOPBACK);
    // `exec`, since a shell in between may have its own end by Ctrl-C, and that would be told instead of ours.
    let command = format!(
        "exec {} scan run 127.0.74.0/24 --ports 1-65528 --scanner nmap --every-address",
        env!("CARGO_BIN_EXE_tripline")
    );
    // A program that has a terminal, on which somebody presses keys.
    let mut terminal_of = Command::new("script");
    terminal_of.args(["--quiet", "--return", "--flush", "--command", &command, "/dev/null"]);
    terminal_of
        .current_dir(here.folder.path())
        .env("TERM", "xterm")
        .env("XDG_CACHE_HOME", here.folder.path());
    let mut child = terminal_of.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keys, mut shown) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let words = ["nmap", "-iL", "1-65528"];
    // The guards have these words, too.
    let nmaps = || {
        running(&words).into_iter().filter(|id| {
            fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "nmap")
        })
    };
    until("nmap runs", || nmaps().next().is_some());
    keys.write_all(b"vdp?\n").unwrap();
    let (mut seen, mut piece) = (String::new(), [0; 4096]);
    // nmap's own words, how much of that is done, for how long yet, and how many hosts there were: the first of them may
    // be there before nmap says anything.
    let far = |seen: &str| {
        let mut left = seen.split("Connect Scan, ").skip(1).filter_map(|told| told.split_once(" left, "));
        seen.contains(" %  ") && left.any(|(_, hosts)| hosts.contains(" hosts so far"))
    };
    while !far(&seen) {
        let read = shown.read(&mut piece).unwrap();
        assert!(read > 0, "{seen}");
        seen += &String::from_utf8_lossy(&piece[..read]);
    }
    assert!(!seen.contains(", 0s left"), "{seen}");
    let ours = running(&["scan", "run", "1-65528", "127.0.74.0/24"]);
    assert!(ours.iter().any(|id| terminal(*id).is_some_and(|terminal| terminal != 0)), "{ours:?}");
    let id = nmaps().next().expect(&seen);
    assert_eq!(terminal(id), Some(0), "there is nothing that it could read keys from");
    keys.write_all(b"\x03").unwrap();
    let mut rest = String::new();
    shown.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{rest}");
    assert!(rest.contains("cancelled"), "{rest}");
    until("nmap is gone", || running(&words).is_empty());
}
