//! What of a scanner's answers counts: what it was asked, compared with what was asked likewise.

use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::Value;
use tripline::commit::Tenant;
use tripline::incidents::{Actor, Policy};
use tripline::scans::{
    Cancel, Ended, FindingKind, Host, Order, Port, PortState, Protocol, Request, ScanName, Scanner,
    ScannerKind, Scanning, ScriptResult, Watch,
};
use tripline::store::{Database, DatabaseOptions};

use crate::fixture::{Hand, Taken, findings, kind};
use crate::real::order;

const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 77, 1);

/// An nmap that tells these hosts.
struct Telling(Vec<Host>);

impl Scanner for Telling {
    fn kind(&self) -> ScannerKind {
        ScannerKind::Nmap
    }

    fn scan(&self, _: &Order, watch: &mut dyn Watch, _: &Cancel) -> Ended {
        self.0.iter().cloned().for_each(|host| watch.host(host));
        Ended { told_all: true, ..Ended::default() }
    }
}

fn script(id: &str) -> ScriptResult {
    ScriptResult { id: id.into(), output: "it says so".into(), ..ScriptResult::default() }
}

fn host(scripts: &[&str]) -> Host {
    let scripts: Vec<ScriptResult> = scripts.iter().map(|id| script(id)).collect();
    let (protocol, state) = (Protocol::Tcp, PortState::Open);
    let port = Port { protocol, number: 22, state, service: None, scripts: scripts.clone() };
    Host { address: Some(HOST.into()), up: true, ports: vec![port], scripts, ..Host::default() }
}

fn run(store: &Database, change: impl FnOnce(&mut Request), hosts: Vec<Host>) -> Vec<Value> {
    let (clock, actor) = (Hand::at(1_795_700_000), Actor::timer());
    let scanning =
        Scanning { store: Some(store), clock: &clock, actor: &actor, closed_after: 1, patience: None };
    let (order, mut taken) = (order(HOST, "22", change), Taken::default());
    let cancel = Cancel::default();
    let scanned = scanning.run(&Tenant::default(), &order, &Telling(hosts), &mut taken, &cancel).unwrap();
    findings(store, &scanned)
}

fn database(folder: &tempfile::TempDir) -> Database {
    let clock = Arc::new(Hand::at(1_795_700_000));
    Database::open(&folder.path().join("t.db"), Policy::default(), clock, DatabaseOptions::default()).unwrap()
}

fn kinds(findings: &[Value]) -> Vec<FindingKind> {
    findings.iter().map(kind).collect()
}

#[test]
fn what_scripts_say_that_nobody_listed_is_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    // `-sV` has nmap run all of its category `version`.
    let found =
        run(&database(&folder), |request| request.service = true, vec![host(&["fingerprint-strings"])]);
    assert!(!kinds(&found).contains(&FindingKind::ScriptResult), "{found:?}");
    let folder = tempfile::tempdir().unwrap();
    let both = vec![host(&["fingerprint-strings", "ssl-cert"])];
    let found = run(&database(&folder), |request| request.scripts = vec!["ssl-cert".parse().unwrap()], both);
    let scripts: Vec<&str> = found.iter().filter_map(|finding| finding["script"].as_str()).collect();
    assert_eq!(scripts, ["ssl-cert", "ssl-cert"]);
}

#[test]
fn a_scan_that_takes_each_address_for_a_host_is_not_compared_with_one_that_looks_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(&folder);
    let every = |every: bool| move |request: &mut Request| request.every_address = every;
    let found = run(&store, every(true), vec![host(&[])]);
    assert_eq!(kinds(&found), [FindingKind::HostNew, FindingKind::PortOpened]);
    // A host that answers no probe was never found by it: it is not gone.
    assert_eq!(kinds(&run(&store, every(false), vec![])), []);
    assert_eq!(kinds(&run(&store, every(true), vec![host(&[])])), [FindingKind::PortOpen]);
    assert_eq!(kinds(&run(&store, every(true), vec![])), [FindingKind::HostGone]);
}

#[test]
fn who_scans_now_this_and_now_that_hears_nothing_of_it_unless_the_scan_has_a_name() {
    for (called, told) in [("adhoc", false), ("lab", true)] {
        let folder = tempfile::tempdir().unwrap();
        let store = database(&folder);
        let change = |ports: &'static str| {
            move |request: &mut Request| {
                request.name = ScanName::new(called).unwrap();
                request.ports = ports.parse().unwrap();
            }
        };
        run(&store, change("22"), vec![host(&[])]);
        let found = kinds(&run(&store, change("22-23"), vec![host(&[])]));
        assert_eq!(found.contains(&FindingKind::CoverageChanged), told, "{called}: {found:?}");
        assert!(found.contains(&FindingKind::PortOpen), "{called}: {found:?}");
    }
}
