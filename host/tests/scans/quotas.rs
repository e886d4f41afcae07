//! Of a scan for which its tenant has no room nothing is half kept: the run says why, and the next that fits is as if there had
//! been none.

use std::fmt::Write;
use std::net::Ipv4Addr;

use serde_json::Value;
use tripline::commit::{Store, Tenant};
use tripline::incidents::Actor;
use tripline::quota::QuotaKind;
use tripline::scans::{
    Broken, Cancel, Ended, Host, Order, Port, PortState, Protocol, Reason, RunState, ScanName, ScanStore,
    Scanned, Scanner, ScannerKind, Scanning, Watch,
};
use tripline::store::Database;

use crate::fixture::{Hand, Taken};
use crate::real::order;
use crate::stored::{baseline, lines, open};

const NOW: i64 = 1_795_700_000;

/// A file of nmap, of a scan that ended then and has found so many hosts with a port that is open.
fn file(ended: i64, hosts: u32) -> String {
    let mut xml = format!(
        "<nmaprun scanner=\"nmap\" start=\"{ended}\"><scaninfo type=\"connect\" protocol=\"tcp\" services=\"22-23\"/>"
    );
    for host in 0..hosts {
        let address = format!("10.0.{}.{}", host / 250, host % 250 + 1);
        let _ = write!(
            xml,
            "<host endtime=\"{ended}\"><status state=\"up\"/><address addr=\"{address}\" addrtype=\"ipv4\"/><ports>\
             <port protocol=\"tcp\" portid=\"23\"><state state=\"open\"/></port></ports></host>"
        );
    }
    xml + "<runstats><finished exit=\"success\"/></runstats></nmaprun>"
}

fn import(store: &Database, xml: &str) -> Scanned {
    let (clock, name) = (Hand::at(NOW), ScanName::new("dmz").unwrap());
    let scanning = Scanning {
        store: Some(store),
        clock: &clock,
        actor: &Actor::timer(),
        closed_after: 2,
        patience: None,
    };
    scanning.import(&Tenant::default(), &name, xml.as_bytes(), &mut Taken::default()).unwrap()
}

#[test]
fn what_has_no_room_is_a_run_that_failed_and_nothing_is_known_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tenant) = (open(&folder), Tenant::default());
    // Who is to have a quota has something.
    store.source(&tenant, "/var/log/app.log").unwrap();
    store.set_quota(&tenant, vec![(QuotaKind::Stored, Some(1 << 20))], Actor::timer()).unwrap().unwrap();
    let large = import(&store, &file(NOW - 200, 10_000));
    let broken = large.broken.unwrap();
    assert_eq!((large.state, broken.reason), (RunState::Failed, Reason::Quota));
    assert!(broken.detail.contains("`stored`"), "{broken:?}");
    let kept = store.run(&tenant, 1).unwrap().unwrap();
    assert_eq!((kept.state, kept.broken, kept.up), (RunState::Failed, Some(broken), 0));
    let told = lines(&store, &tenant, 1);
    let told: Vec<Value> = told.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (told.len(), &told[0]["finding"], &told[0]["reason"]),
        (1, &"scan_failed".into(), &"quota".into())
    );
    assert_eq!(store.latest(&tenant, &baseline("dmz")).unwrap(), None);
    // An older one is none, since nothing is known of that.
    let small = import(&store, &file(NOW - 300, 10));
    assert_eq!((small.state, small.broken), (RunState::Done, None));
    assert!(lines(&store, &tenant, 2).len() >= 10);
}

const HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 77, 1);

/// Finds a host, and is broken off when its tenant has no room any more.
struct BrokenOff<'d>(&'d Database);

impl Scanner for BrokenOff<'_> {
    fn kind(&self) -> ScannerKind {
        ScannerKind::Nmap
    }

    fn scan(&self, _: &Order, watch: &mut dyn Watch, _: &Cancel) -> Ended {
        let (protocol, state) = (Protocol::Tcp, PortState::Open);
        let ports = vec![Port { protocol, number: 22, state, service: None, scripts: Vec::new() }];
        watch.host(Host { address: Some(HOST.into()), up: true, ports, ..Host::default() });
        let quota = vec![(QuotaKind::Stored, Some(1))];
        self.0.set_quota(&Tenant::default(), quota, Actor::timer()).unwrap().unwrap();
        Ended { broken: Some(Broken::new(Reason::Cancelled, "somebody has had enough")), ..Ended::default() }
    }
}

#[test]
fn one_that_is_broken_off_says_so_though_what_it_found_has_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let (store, tenant) = (open(&folder), Tenant::default());
    let (clock, actor, order) = (Hand::at(NOW), Actor::timer(), order(HOST, "22", |_| ()));
    let scanning =
        Scanning { store: Some(&store), clock: &clock, actor: &actor, closed_after: 2, patience: None };
    let (mut taken, cancel) = (Taken::default(), Cancel::default());
    let scanned = scanning.run(&tenant, &order, &BrokenOff(&store), &mut taken, &cancel).unwrap();
    let expected = (RunState::Cancelled, Some(Broken::new(Reason::Cancelled, "somebody has had enough")));
    assert_eq!((scanned.state, scanned.broken), expected);
    let kept = store.run(&tenant, 1).unwrap().unwrap();
    assert_eq!((kept.up, (kept.state, kept.broken)), (0, expected));
    assert_eq!(lines(&store, &tenant, 1).len(), 1, "nothing of what it found is known");
}
