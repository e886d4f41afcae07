//! What is known between scans comes back from the database as it was, each tenant's its own.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tripline::commit::{Store, StoreError, Tenant};
use tripline::incidents::{Actor, Policy};
use tripline::scans::{
    Addresses, Baseline, Broken, InMemory, Keeps, Known, KnownHost, KnownPort, NewRun, Order, PortState,
    Protocol, Reason, Remembered, Request, RunEnd, RunState, ScanName, ScanSettings, ScanStore, ScannerKind,
    Scanning, Service, SystemResolver, Tells,
};
use tripline::security_log::Records;
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::WallClock;

use crate::fixture::Hand;
use crate::judged::judge;

pub(crate) fn open(folder: &tempfile::TempDir) -> Database {
    open_at(folder, Arc::new(Hand::at(1_795_700_000)))
}

pub(crate) fn open_at(folder: &tempfile::TempDir, clock: Arc<Hand>) -> Database {
    Database::open(&folder.path().join("t.db"), Policy::default(), clock, DatabaseOptions::default()).unwrap()
}

pub(crate) fn baseline(name: &str) -> Baseline {
    Baseline {
        name: ScanName::new(name).unwrap(),
        scanner: ScannerKind::Nmap,
        technique: "connect".into(),
        protocol: Protocol::Tcp,
        privileged: false,
    }
}

pub(crate) fn new_run() -> NewRun {
    NewRun {
        name: ScanName::new("dmz").unwrap(),
        scanner: ScannerKind::Nmap,
        author: Actor::named("uid:0", "root"),
        started: 1,
        addresses: Addresses::read("192.0.2.0/24"),
        ports: Some("22,80".parse().unwrap()),
    }
}

/// What a test has a run tell.
struct Given {
    known: Vec<(Baseline, InMemory)>,
    lines: Vec<String>,
}

impl Tells for Given {
    fn tell(&self, keeps: &dyn Keeps) -> Result<u64, StoreError> {
        self.lines.iter().try_for_each(|line| keeps.finding(line))?;
        for (baseline, given) in &self.known {
            let mut known = keeps.known(baseline)?;
            known.keep_whole(given.known.clone())?;
            for (address, host) in &given.hosts {
                known.keep_host(*address, host.clone())?;
            }
        }
        Ok(0)
    }
}

pub(crate) fn ended(found: impl Tells + 'static) -> RunEnd {
    RunEnd {
        by: Actor::user(1000, "alice"),
        state: RunState::Partial,
        ended: 2,
        broken: Some(Broken::new(Reason::Truncated, "it breaks off")),
        up: 3,
        unknown: 1,
        open: 2,
        found: Arc::new(found),
    }
}

fn end(known: Vec<(Baseline, InMemory)>, lines: &[&str]) -> RunEnd {
    ended(Given { known, lines: lines.iter().map(|line| line.to_string()).collect() })
}

/// Reads what is known, and leaves nothing of itself behind.
struct Reading(Baseline, Arc<Mutex<InMemory>>);

impl Tells for Reading {
    fn tell(&self, keeps: &dyn Keeps) -> Result<u64, StoreError> {
        let mut known = keeps.known(&self.0)?;
        let mut read = InMemory { known: known.whole()?, ..InMemory::default() };
        let mut after = None;
        loop {
            let some = known.behind(after)?;
            let Some(last) = some.last() else { break };
            after = Some(*last);
            for address in some {
                read.hosts.insert(address, known.host(address)?.unwrap());
            }
        }
        *self.1.lock().unwrap() = read;
        Err(StoreError::Closed)
    }
}

/// What is known in a baseline, and when its last scan ended.
pub(crate) fn all_known(store: &Database, tenant: &Tenant, baseline: &Baseline) -> Option<(InMemory, i64)> {
    let latest = store.latest(tenant, baseline).unwrap()?;
    let (read, run) = (Arc::default(), store.begin(tenant, new_run()).unwrap());
    assert!(store.end(tenant, run, Arc::new(ended(Reading(baseline.clone(), Arc::clone(&read))))).is_err());
    let read = read.lock().unwrap().clone();
    Some((read, latest))
}

fn known() -> InMemory {
    let service =
        Service { name: Some("ssh".into()), version: Some("9.2".into()), probed: true, ..Service::default() };
    let port = |service| KnownPort { state: PortState::Open, missed: 1, service };
    let host = KnownHost {
        ports: "22,80-90".parse().unwrap(),
        missed: 1,
        gone: false,
        open: [(22, port(Some(Remembered { service, time: Some(7) }))), (80, port(None))].into(),
        scripts: [((22, "banner".to_string()), [7; 32]), ((0, "os".to_string()), [8; 32])].into(),
    };
    let gone = KnownHost { gone: true, missed: 5, ..KnownHost::default() };
    let hosts = [("192.0.2.7".parse::<IpAddr>().unwrap(), host), ("2001:db8::7".parse().unwrap(), gone)];
    let known = Known {
        asked_addresses: Addresses::read("192.0.2.0/24"),
        // More than anybody may ask for: what nmap's own list of ports is.
        asked_ports: Some((1..2_000).step_by(2).collect()),
        addresses: Addresses::read("192.0.2.0/25,2001:db8::7").unwrap(),
    };
    InMemory { known, hosts: hosts.into() }
}

#[test]
fn what_is_known_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (tenant, other) = (Tenant::default(), Tenant::new("other").unwrap());
    let store = open(&folder);
    assert_eq!(all_known(&store, &tenant, &baseline("dmz")), None);
    let run = store.begin(&tenant, new_run()).unwrap();
    assert_eq!(run, 1);
    assert_eq!(store.run(&tenant, run).unwrap().unwrap().state, RunState::Running);
    store.end(&tenant, run, Arc::new(end(vec![(baseline("dmz"), known())], &["{}", "{\"a\":1}"]))).unwrap();
    drop(store);
    let store = open(&folder);
    assert_eq!(all_known(&store, &tenant, &baseline("dmz")), Some((known(), 2)));
    assert_eq!(lines(&store, &tenant, run), ["{}", "{\"a\":1}"]);
    let kept = store.run(&tenant, run).unwrap().unwrap();
    assert_eq!((kept.state, kept.up, kept.unknown, kept.open), (RunState::Partial, 3, 1, 2));
    assert_eq!((kept.addresses.as_deref(), kept.ports.as_deref()), (Some("192.0.2.0/24"), Some("22,80")));
    assert_eq!(kept.broken, Some(Broken::new(Reason::Truncated, "it breaks off")));
    // Another name, another tenant: nothing is known.
    assert_eq!(all_known(&store, &tenant, &baseline("lan")), None);
    assert_eq!(all_known(&store, &other, &baseline("dmz")), None);
    assert_eq!(store.run(&other, run).unwrap(), None);
    assert_eq!(lines(&store, &other, run), [""; 0]);
    assert_eq!(store.runs(&other, None, 10).unwrap(), []);
    assert_eq!(store.begin(&other, new_run()).unwrap(), 1);
    // Who had it scanned stands in security.log, by ids alone.
    let records = store.after(0, 10).unwrap();
    let told: Vec<String> =
        records.iter().map(|one| format!("{} {}", one.event, Value::Object(one.fields.clone()))).collect();
    assert_eq!(
        told[..2],
        [
            r#"scan.begun {"by":"uid:0","from":"unknown","scan":1}"#,
            r#"scan.ended {"by":"uid:1000","from":"cli","state":"partial","scan":1}"#
        ]
    );
    // Less is known later: what was is gone.
    let mut less = known();
    less.hosts.get_mut(&"192.0.2.7".parse::<IpAddr>().unwrap()).unwrap().open.remove(&22);
    let next = store.begin(&tenant, new_run()).unwrap();
    store.end(&tenant, next, Arc::new(end(vec![(baseline("dmz"), less.clone())], &[]))).unwrap();
    assert_eq!(all_known(&store, &tenant, &baseline("dmz")), Some((less, 2)));
}

#[test]
fn a_run_ends_once() {
    let folder = tempfile::tempdir().unwrap();
    let (tenant, store) = (Tenant::default(), open(&folder));
    let run = store.begin(&tenant, new_run()).unwrap();
    store.end(&tenant, run, Arc::new(end(vec![], &["{}"]))).unwrap();
    let kept = store.run(&tenant, run).unwrap();
    let later = RunEnd { state: RunState::Failed, ..end(vec![(baseline("dmz"), known())], &["{}", "{}"]) };
    assert_eq!(store.end(&tenant, run, Arc::new(later)).unwrap(), 0);
    assert_eq!(store.run(&tenant, run).unwrap(), kept);
    assert_eq!(lines(&store, &tenant, run), ["{}"]);
    assert_eq!(all_known(&store, &tenant, &baseline("dmz")), None);
}

#[test]
fn findings_wait_until_rules_have_judged_them() {
    let folder = tempfile::tempdir().unwrap();
    let (tenant, store) = (Tenant::default(), open(&folder));
    let numbers =
        |store: &Database| store.unjudged(&tenant).unwrap().iter().map(|run| run.number).collect::<Vec<_>>();
    let first = store.begin(&tenant, new_run()).unwrap();
    assert_eq!(numbers(&store), [0; 0], "it runs");
    store.end(&tenant, first, Arc::new(end(vec![], &["{}"]))).unwrap();
    let second = store.begin(&tenant, new_run()).unwrap();
    store.end(&tenant, second, Arc::new(end(vec![], &[]))).unwrap();
    assert_eq!(numbers(&store), [first], "the second has found nothing");
    // What waits is not deleted.
    assert_eq!(store.forget(0).unwrap(), 1);
    store.judged(&tenant, first).unwrap();
    assert_eq!(numbers(&store), [0; 0]);
    assert_eq!(store.forget(0).unwrap(), 1);
    assert_eq!(store.runs(&tenant, None, 10).unwrap(), []);
    assert_eq!(lines(&store, &tenant, first), [""; 0]);
    assert_eq!(store.begin(&tenant, new_run()).unwrap(), 3, "no number is given twice");
}

#[test]
fn a_clock_that_jumps_ahead_deletes_no_scan_and_what_is_old_is_gone_from_the_file() {
    const DAY: i64 = 24 * 3600;
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Hand::at(1_795_700_000));
    let (tenant, store) = (Tenant::default(), open_at(&folder, Arc::clone(&clock)));
    // More findings than one step deletes.
    let line = "{\"output\":\"XYZZY\"}".to_string();
    for lines in [12_000, 3] {
        let run = store.begin(&tenant, new_run()).unwrap();
        let lines = vec![&line[..]; lines];
        store.end(&tenant, run, Arc::new(RunEnd { ended: clock.now(), ..end(vec![], &lines) })).unwrap();
        store.judged(&tenant, run).unwrap();
    }
    let forget = || store.forget(90 * DAY * 1_000_000_000).unwrap();
    assert_eq!(forget(), 0);
    clock.pass(365 * DAY);
    assert_eq!(forget(), 0);
    clock.pass(DAY / 2);
    assert_eq!(forget(), 0);
    assert_eq!(lines(&store, &tenant, 1).len(), 12_000);
    // One that holds for a day is the time.
    clock.pass(DAY / 2);
    assert_eq!(forget(), 2);
    assert_eq!(store.runs(&tenant, None, 10).unwrap(), []);
    for end in ["", "-wal"] {
        let bytes = std::fs::read(folder.path().join(format!("t.db{end}"))).unwrap_or_default();
        assert!(!bytes.windows(5).any(|part| part == b"XYZZY"), "found in the file with the end {end:?}");
    }
}

#[test]
fn what_no_scan_has_added_to_for_years_is_forgotten_step_by_step() {
    const DAY: i64 = 24 * 3600;
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Hand::at(1_795_700_000));
    let (tenant, store) = (Tenant::default(), open_at(&folder, Arc::clone(&clock)));
    // More hosts than one step deletes.
    let many = InMemory {
        hosts: (0..6_000_u32)
            .map(|number| {
                (
                    IpAddr::from(0x0a00_0000_u32.wrapping_add(number).to_be_bytes()),
                    known().hosts.into_values().next().unwrap(),
                )
            })
            .collect(),
        ..known()
    };
    for (name, known) in [("old", many), ("rare", known())] {
        let run = store.begin(&tenant, new_run()).unwrap();
        let end = RunEnd { ended: clock.now(), ..end(vec![(baseline(name), known)], &["{}"]) };
        store.end(&tenant, run, Arc::new(end)).unwrap();
        store.judged(&tenant, run).unwrap();
    }
    let hosts = |name: &str| all_known(&store, &tenant, &baseline(name)).map(|(known, _)| known.hosts.len());
    let later = |days: i64| {
        clock.pass(days * DAY);
        store.forget(90 * DAY * 1_000_000_000).unwrap();
        // One that holds for a day is the time.
        clock.pass(DAY);
        store.forget(90 * DAY * 1_000_000_000).unwrap();
    };
    store.forget(90 * DAY * 1_000_000_000).unwrap();
    later(400);
    assert_eq!(store.runs(&tenant, None, 10).unwrap(), []);
    assert_eq!((hosts("old"), hosts("rare")), (Some(6_000), Some(2)));
    // Scanned once a year, it stays.
    let run = store.begin(&tenant, new_run()).unwrap();
    let rare = vec![(baseline("rare"), known())];
    store.end(&tenant, run, Arc::new(RunEnd { ended: clock.now(), ..end(rare, &[]) })).unwrap();
    later(400);
    // Its hosts, ports and scripts refer to it: they are gone, too.
    assert_eq!(hosts("old"), None);
    assert_eq!(all_known(&store, &tenant, &baseline("rare")).unwrap().0, known());
}

#[test]
fn how_far_a_run_was_judged_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder));
    let tenant = Tenant::default();
    let line = "{\"time\":\"2026-11-26T12:00:00Z\",\"finding\":\"port_opened\",\"scan\":\"dmz\",\"run\":1,\
                \"scanner\":\"nmap\",\"first\":false,\"target\":\"192.0.2.7\",\"port\":23,\"protocol\":\"tcp\",\"state\":\"open\"}\n";
    let run = store.begin(&tenant, new_run()).unwrap();
    store.end(&tenant, run, Arc::new(end(vec![], &[line.trim_end()]))).unwrap();
    // And a schedule was overdue, long ago.
    assert_eq!(judge(&store, &[(run, line), (1_000_000_000_000_001, line)]), (1, 2));
    store.judged(&tenant, run).unwrap();
    let files = || store.source(&tenant, "scan:dmz").unwrap().files.len();
    assert_eq!(files(), 2);
    store.forget(0).unwrap();
    assert_eq!(files(), 0);
    // What was decided stays.
    assert_eq!(store.incident(&tenant, 1).unwrap().unwrap().count, 2);
}

#[test]
fn who_breaks_a_scan_off_stands_in_the_record_once() {
    let folder = tempfile::tempdir().unwrap();
    let (tenant, store) = (Tenant::default(), open(&folder));
    let run = store.begin(&tenant, new_run()).unwrap();
    let (alice, bob) = (Actor::user(1000, "alice"), Actor::user(1001, "bob"));
    assert!(store.cancel(&tenant, run, &alice).unwrap() && store.is_cancelled(&tenant, run).unwrap());
    assert!(store.cancel(&tenant, run, &bob).unwrap(), "it is being broken off");
    store.end(&tenant, run, Arc::new(end(vec![], &[]))).unwrap();
    assert!(!store.cancel(&tenant, run, &bob).unwrap(), "it has ended");
    let records = store.after(0, 10).unwrap();
    let told: Vec<String> =
        records.iter().map(|one| format!("{} {}", one.event, Value::Object(one.fields.clone()))).collect();
    assert_eq!(told[1], r#"scan.cancelled {"by":"uid:1000","from":"cli","scan":1}"#);
    assert_eq!(told.iter().filter(|one| one.starts_with("scan.cancelled")).count(), 1, "{told:?}");
}

#[test]
fn one_scans_at_a_time_and_ends_what_the_dead_have_left() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let lock = store.scanning().unwrap().unwrap();
    assert!(open(&folder).scanning().unwrap().is_none());
    drop(lock);
    let other = Tenant::new("other").unwrap();
    let run = store.begin(&other, new_run()).unwrap();
    let clock = Hand::at(1_795_700_000);
    let _lock = store.scanning().unwrap().unwrap();
    let scanning = Scanning {
        store: Some(&store),
        clock: &clock,
        actor: &Actor::timer(),
        closed_after: 2,
        patience: None,
    };
    assert_eq!(scanning.tidy().unwrap(), 1);
    assert_eq!(scanning.tidy().unwrap(), 0);
    let kept = store.run(&other, run).unwrap().unwrap();
    assert_eq!((kept.state, kept.broken.map(|broken| broken.reason)), (RunState::Failed, Some(Reason::Died)));
    let line = &lines(&store, &other, run)[0];
    assert!(line.contains(r#""finding":"scan_failed","scan":"dmz","run":1"#), "{line}");
}

#[test]
fn a_scan_that_is_not_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (tenant, store, clock) = (Tenant::default(), open(&folder), Hand::at(1_795_700_000));
    let request = Request {
        name: ScanName::new("dmz").unwrap(),
        targets: vec!["192.0.2.7".parse().unwrap()],
        ports: "22".parse().unwrap(),
        service: false,
        scripts: Vec::new(),
        every_address: false,
    };
    let settings = ScanSettings::default();
    let error = Order::check(&request, &tenant, &settings, &SystemResolver::default()).unwrap_err();
    let scanning = Scanning {
        store: Some(&store),
        clock: &clock,
        actor: &Actor::timer(),
        closed_after: 2,
        patience: None,
    };
    let scanned = scanning.refuse(&tenant, &request.name, ScannerKind::Nmap, error.broken()).unwrap();
    assert_eq!(scanned.state, RunState::Failed);
    let line = &lines(&store, &tenant, 1)[0];
    assert!(
        line.contains(r#""finding":"scan_failed""#) && line.contains(r#""reason":"not_allowed""#),
        "{line}"
    );
    assert_eq!(store.unjudged(&tenant).unwrap().len(), 1);
}

/// A run's findings, as lines.
pub(crate) fn lines(store: &Database, tenant: &Tenant, run: u64) -> Vec<String> {
    store.findings(tenant, run, 0, u32::MAX).unwrap().into_iter().map(|(_, line)| line).collect()
}
