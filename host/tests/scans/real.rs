//! Scanners against servers of the test's own: nmap, if it is there, and the one that is built in.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tripline::commit::Tenant;
use tripline::incidents::{Actor, Policy};
use tripline::scans::{
    Allowed, Cancel, Connect, FindingKind, Host, Nmap, Order, Progress, Reason, Request, RunState, ScanName,
    ScanSettings, ScanStore, Scanned, Scanner, ScannerKind, Scanning, SystemResolver, Watch, find,
};
use tripline::store::{Database, DatabaseOptions};

use crate::fixture::{Hand, Taken, findings, kind};
use crate::servers::{Server, free};

/// nmap; where nothing may be skipped, it must be there.
pub(crate) fn nmap() -> Option<PathBuf> {
    let found = find(None, std::env::var_os("PATH").as_deref());
    assert!(found.is_ok() || std::env::var_os("CI").is_none(), "expected nmap: apt-get install nmap");
    found.ok()
}

fn scanners() -> Vec<Box<dyn Scanner>> {
    let launcher = PathBuf::from(env!("CARGO_BIN_EXE_tripline"));
    let nmap = nmap().map(|program| Box::new(Nmap { program, launcher }) as Box<dyn Scanner>);
    let connect: Box<dyn Scanner> = Box::new(Connect { patience: Duration::from_millis(200), at_once: 64 });
    nmap.into_iter().chain([connect]).collect()
}

pub(crate) fn order(host: Ipv4Addr, ports: &str, change: impl FnOnce(&mut Request)) -> Order {
    let settings = ScanSettings {
        allow: [(Tenant::default(), Allowed::new(["127.0.0.0/8".parse().unwrap()]))].into(),
        ..ScanSettings::default()
    };
    let mut request = Request {
        name: ScanName::new("test").unwrap(),
        targets: vec![host.to_string().parse().unwrap()],
        ports: ports.parse().unwrap(),
        service: false,
        scripts: Vec::new(),
        every_address: true,
    };
    change(&mut request);
    Order::check(&request, &Tenant::default(), &settings, &SystemResolver::default()).unwrap()
}

fn database(folder: &tempfile::TempDir) -> Database {
    let path = folder.path().join("t.db");
    Database::open(&path, Policy::default(), Arc::new(Hand::at(1_795_700_000)), DatabaseOptions::default())
        .unwrap()
}

fn run(store: &Database, clock: &Hand, order: &Order, scanner: &dyn Scanner) -> Scanned {
    clock.pass(3600);
    let scanning =
        Scanning { store: Some(store), clock, actor: &Actor::timer(), closed_after: 2, patience: None };
    let cancel = Cancel::default();
    scanning.run(&Tenant::default(), order, scanner, &mut Taken::default(), &cancel).unwrap()
}

fn ports(store: &Database, scanned: &Scanned) -> Vec<(FindingKind, u16, bool)> {
    let of = |one: &Value| Some((kind(one), one["port"].as_u64()? as u16, one["first"].as_bool()?));
    findings(store, scanned).iter().filter_map(of).collect()
}

#[test]
fn ports_that_open_and_close_between_scans_are_told() {
    use FindingKind::{PortClosed, PortOpen, PortOpened};
    let host = Ipv4Addr::new(127, 0, 71, 1);
    for scanner in scanners() {
        let folder = tempfile::tempdir().unwrap();
        let (store, clock) = (database(&folder), Hand::at(1_795_700_000));
        let stays = Server::at(host, 0, b"");
        let goes = Server::at(host, 0, b"");
        let later = free(host);
        let order = order(host, &format!("{},{},{later}", stays.port(), goes.port()), |_| {});
        let (stays, gone) = (stays, goes.port());
        let scan = |what: &str| {
            let scanned = run(&store, &clock, &order, &*scanner);
            assert_eq!(
                (scanned.state, &scanned.broken),
                (RunState::Done, &None),
                "{what}: {}",
                scanner.kind()
            );
            let mut ports = ports(&store, &scanned);
            ports.sort();
            (scanned.origin.run, ports)
        };
        let sorted = |mut ports: Vec<_>| {
            ports.sort();
            ports
        };
        let first = scan("first");
        assert_eq!(first.0, Some(1));
        assert_eq!(first.1, sorted(vec![(PortOpened, stays.port(), true), (PortOpened, gone, true)]));
        drop(goes);
        let new = Server::at(host, later, b"");
        // Once is no time: it may have been a packet that was lost.
        assert_eq!(
            scan("second").1,
            sorted(vec![(PortOpen, stays.port(), false), (PortOpened, later, false)])
        );
        let third = sorted(vec![
            (PortOpen, stays.port(), false),
            (PortOpen, new.port(), false),
            (PortClosed, gone, false),
        ]);
        assert_eq!(scan("third").1, third);
        assert_eq!(scan("fourth").1, sorted(vec![(PortOpen, stays.port(), false), (PortOpen, later, false)]));
    }
}

#[test]
fn a_service_says_what_it_is() {
    let Some(program) = nmap() else { return };
    let nmap = Nmap { program, launcher: env!("CARGO_BIN_EXE_tripline").into() };
    let host = Ipv4Addr::new(127, 0, 71, 2);
    let server = Server::at(host, 0, b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
    let order = order(host, &server.port().to_string(), |request| {
        request.service = true;
        request.scripts = vec!["banner".parse().unwrap()];
    });
    let mut taken = Taken::default();
    let ended = nmap.scan(&order, &mut taken, &Cancel::default());
    assert_eq!(ended.broken, None);
    let service = taken.hosts[0].ports[0].service.clone().unwrap();
    assert_eq!((service.product.as_deref(), service.probed), (Some("OpenSSH"), true));
    assert!(service.version.as_deref().is_some_and(|version| version.starts_with("9.2p1")), "{service:?}");
    assert_eq!(taken.hosts[0].ports[0].scripts[0].output, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
}

#[test]
fn addresses_of_both_kinds_are_one_scan() {
    for scanner in scanners() {
        let host = Ipv4Addr::new(127, 0, 71, 3);
        let server = Server::at(host, 0, b"");
        let settings = ScanSettings {
            allow: [(
                Tenant::default(),
                Allowed::new(["127.0.71.3/32".parse().unwrap(), "::1/128".parse().unwrap()]),
            )]
            .into(),
            ..ScanSettings::default()
        };
        let request = Request {
            name: ScanName::default(),
            targets: vec!["127.0.71.3".parse().unwrap(), "::1".parse().unwrap()],
            ports: server.port().to_string().parse().unwrap(),
            service: false,
            scripts: Vec::new(),
            every_address: false,
        };
        let order =
            Order::check(&request, &Tenant::default(), &settings, &SystemResolver::default()).unwrap();
        let mut taken = Taken::default();
        let ended = scanner.scan(&order, &mut taken, &Cancel::default());
        assert_eq!(ended.broken, None, "{}", scanner.kind());
        let open: Vec<(String, usize)> = taken
            .hosts
            .iter()
            .map(|host| {
                (
                    host.address.unwrap().to_string(),
                    host.ports.iter().filter(|port| port.state.may_be_open() == Some(true)).count(),
                )
            })
            .collect();
        assert!(open.contains(&("127.0.71.3".into(), 1)), "{open:?}");
    }
}

/// Cancels when the scan has begun to tell something.
struct Cancels<'a>(&'a Cancel);

impl Watch for Cancels<'_> {
    fn host(&mut self, _: Host) {
        self.0.cancel();
    }

    fn progress(&mut self, _: &Progress) {
        self.0.cancel();
    }
}

/// Processes below this one whose command line has all of these words.
pub(crate) fn running(words: &[&str]) -> Vec<i32> {
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let ids = processes.filter_map(|name| name.parse::<i32>().ok());
    ids.filter(|id| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        words.iter().all(|word| line.contains(word))
    })
    .collect()
}

/// Waits until it is so, and not for ever.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(180), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_scan_that_is_cancelled_leaves_nothing_and_the_next_is_right() {
    let host = Ipv4Addr::new(127, 0, 71, 4);
    for scanner in scanners() {
        let folder = tempfile::tempdir().unwrap();
        let (store, clock) = (database(&folder), Hand::at(1_795_700_000));
        let server = Server::at(host, 0, b"");
        let cancel = Cancel::default();
        let words = ["nmap", "-iL", "1-65534"];
        let is_nmap = scanner.kind() == ScannerKind::Nmap;
        let long = order(host, "1-65534", |request| {
            request.service = is_nmap;
            request.targets.push("127.0.75.0/24".parse().unwrap());
        });
        let scanning = Scanning {
            store: Some(&store),
            clock: &clock,
            actor: &Actor::timer(),
            closed_after: 2,
            patience: None,
        };
        // Either tells how far it is, which cancels it.
        let mut watch = Cancels(&cancel);
        let scanned = scanning.run(&Tenant::default(), &long, &*scanner, &mut watch, &cancel).unwrap();
        assert_eq!(scanned.state, RunState::Cancelled, "{}: {:?}", scanner.kind(), scanned.broken);
        assert_eq!(scanned.broken.as_ref().unwrap().reason, Reason::Cancelled);
        until("the last of it is gone", || running(&words).is_empty());
        let kept = store.run(&Tenant::default(), 1).unwrap().unwrap();
        assert_eq!((kept.state, kept.judged), (RunState::Cancelled, false));
        let short = order(host, &server.port().to_string(), |_| {});
        let next = run(&store, &clock, &short, &*scanner);
        assert_eq!(next.state, RunState::Done);
        assert_eq!(ports(&store, &next), [(FindingKind::PortOpened, server.port(), true)]);
    }
}

#[test]
fn a_scan_that_takes_too_long_is_ended() {
    for scanner in scanners() {
        let settings = ScanSettings {
            allow: [(Tenant::default(), Allowed::new(["127.0.0.0/8".parse().unwrap()]))].into(),
            timeout: Duration::from_millis(300),
            ..ScanSettings::default()
        };
        let request = Request {
            name: ScanName::default(),
            targets: vec!["127.0.71.0/24".parse().unwrap()],
            ports: "1-65532".parse().unwrap(),
            service: false,
            scripts: Vec::new(),
            every_address: true,
        };
        let order =
            Order::check(&request, &Tenant::default(), &settings, &SystemResolver::default()).unwrap();
        let ended = scanner.scan(&order, &mut Taken::default(), &Cancel::default());
        assert_eq!(ended.broken.map(|broken| broken.reason), Some(Reason::TimedOut), "{}", scanner.kind());
        assert!(!ended.told_all);
    }
}

#[test]
fn a_scanner_that_is_none_has_told_nothing() {
    for (program, reason) in
        [("/bin/true", Reason::NoOutput), ("/bin/false", Reason::Exit), ("/nowhere", Reason::Exit)]
    {
        let nmap = Nmap { program: program.into(), launcher: env!("CARGO_BIN_EXE_tripline").into() };
        let ended =
            nmap.scan(&order(Ipv4Addr::LOCALHOST, "1", |_| {}), &mut Taken::default(), &Cancel::default());
        let broken = ended.broken.unwrap();
        assert_eq!(broken.reason, reason, "{program}: {broken:?}");
        assert!(!ended.told_all);
    }
}

#[test]
fn what_a_scanner_has_started_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("nmap");
    // One that is no scanner, and does not end by itself.
    std::fs::write(&program, "#!/bin/sh\ntrap '' TERM\nsleep 98765431 &\nsleep 98765431\nsleep 98765431\n")
        .unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let nmap = Nmap { program, launcher: env!("CARGO_BIN_EXE_tripline").into() };
    let (words, cancel) = (["sleep", "98765431"], Cancel::default());
    let ended = thread::scope(|scope| {
        scope.spawn(|| {
            until("both run", || running(&words).len() >= 2);
            cancel.cancel();
        });
        nmap.scan(&order(Ipv4Addr::LOCALHOST, "1", |_| {}), &mut Taken::default(), &cancel)
    });
    assert_eq!(ended.broken.map(|broken| broken.reason), Some(Reason::Cancelled));
    until("they are gone", || running(&words).is_empty());
}

#[test]
fn it_is_called_with_words_that_were_checked_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("nmap");
    // What it is called with, where, and with which environment and limits, as errors.
    let script = "#!/bin/sh\n{ printf '%s\\n' \"$*\"; cat; readlink /proc/self/cwd; ls -A; touch x; tr '\\0' '\\n' </proc/self/environ; ulimit -c; ulimit -f; ps -o pgid= -p $$ ; } >&2\nexit 9\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let nmap = Nmap { program, launcher: env!("CARGO_BIN_EXE_tripline").into() };
    let order = order(Ipv4Addr::new(127, 0, 71, 9), "22,80-90", |request| {
        request.targets.push("127.0.76.0/24".parse().unwrap());
        request.scripts = vec!["banner".parse().unwrap()];
        request.service = true;
    });
    let ended = nmap.scan(&order, &mut Taken::default(), &Cancel::default());
    let detail = ended.broken.unwrap().detail;
    // A shell says that its folder has no name.
    let lines: Vec<&str> = detail.lines().skip_while(|line| !line.contains("-oX")).collect();
    assert_eq!(
        lines[0].trim_start_matches("nmap ended with 9: "),
        "-n -oX - --no-stylesheet --stats-every 1s -iL - -sT --unprivileged -Pn -sV \
         -p 22,80-90 --host-timeout 900s --script banner"
    );
    assert_eq!(lines[1..3], ["127.0.71.9/32", "127.0.76.0/24"]);
    // A folder of its own with nothing in it, in which nothing can be put, and of which nothing is left.
    let folder = lines[3].strip_suffix(" (deleted)").unwrap();
    assert!(folder.contains("/tripline-scan-") && !std::path::Path::new(folder).exists(), "{detail}");
    assert!(lines[4].contains("cannot touch") && !detail.contains("CARGO"), "{detail}");
    let environment: Vec<&&str> = lines[5..].iter().filter(|line| line.contains('=')).collect();
    assert!(
        environment.iter().all(|line| ["PWD=", "OLDPWD=", "_="].iter().any(|own| line.starts_with(own))),
        "{detail}"
    );
    assert_eq!(lines[lines.len() - 3..lines.len() - 1], ["0", "0"], "{detail}");
    assert_ne!(lines.last().unwrap().trim().parse::<i32>().unwrap(), rustix::process::getpgrp().as_raw_pid());
}
