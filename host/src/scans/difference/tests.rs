//! The comparison beside a model that knows single cells and no ranges.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::host::{Host, Port};
use super::super::known::InMemory;
use super::*;

const HOSTS: u8 = 3;
const PORTS: u16 = 5;
const K: u32 = 2;

/// What a test's scan sees of a host.
#[derive(Clone, Debug)]
struct Look {
    /// `None`: the scan does not tell of it.
    presence: Option<Presence>,
    /// States of ports that are told one by one, of both protocols.
    told: BTreeMap<(Protocol, u16), PortState>,
    /// Whether the others may be open.
    rest_is_unknown: bool,
}

/// A test's scan.
#[derive(Clone, Debug)]
struct Scan {
    addresses: Vec<bool>,
    /// `None`: a file that does not say, as masscan's.
    ports: Option<Vec<bool>>,
    whole: bool,
    /// Whether each port is told as a host of its own, as masscan does.
    pieces: bool,
    hosts: Vec<Look>,
}

fn look() -> impl Strategy<Value = Look> {
    let presence = prop_oneof![
        6 => Just(Some(Presence::Up)),
        1 => Just(Some(Presence::Down)),
        1 => Just(Some(Presence::Unknown)),
        2 => Just(None),
    ];
    let port = (prop::sample::select(&[Protocol::Tcp, Protocol::Udp][..]), 1..=PORTS);
    let told = prop::collection::btree_map(port, prop::sample::select(PortState::ALL), 0..6);
    (presence, told, prop::bool::weighted(0.1)).prop_map(|(presence, told, rest_is_unknown)| Look {
        presence,
        told,
        rest_is_unknown,
    })
}

fn scan() -> impl Strategy<Value = Scan> {
    let some = |count: usize| prop::collection::vec(prop::bool::weighted(0.8), count);
    let hosts = prop::collection::vec(look(), HOSTS as usize);
    let ports = prop::option::weighted(0.8, some(PORTS as usize));
    (some(HOSTS as usize), ports, prop::bool::weighted(0.8), prop::bool::weighted(0.3), hosts)
        .prop_map(|(addresses, ports, whole, pieces, hosts)| Scan { addresses, ports, whole, pieces, hosts })
}

fn address(host: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, host])
}

impl Scan {
    fn asks(&self, host: u8) -> bool {
        self.addresses[host as usize]
    }

    /// `None`: it does not say.
    fn asks_port(&self, port: u16) -> Option<bool> {
        self.ports.as_ref().map(|ports| ports[port as usize - 1])
    }

    /// What is told of a host that was asked for.
    fn presence(&self, host: u8) -> Option<Presence> {
        self.hosts[host as usize].presence.filter(|_| self.asks(host))
    }

    /// The ports that it tells of a host.
    fn told(&self, host: u8) -> impl Iterator<Item = (Protocol, u16, PortState)> + '_ {
        let told = self.hosts[host as usize].told.iter();
        let told = told.map(|((protocol, port), state)| (*protocol, *port, *state));
        told.filter(|(_, port, _)| self.asks_port(*port).unwrap_or(true))
    }

    /// As a scanner tells a host.
    fn host(&self, host: u8) -> Vec<Host> {
        let Some(presence) = self.presence(host) else { return Vec::new() };
        let rest = match self.hosts[host as usize].rest_is_unknown {
            true => vec![PortState::ClosedFiltered],
            false => Vec::new(),
        };
        let empty = Host {
            address: Some(address(host)),
            up: presence != Presence::Down,
            timed_out: presence == Presence::Unknown,
            rest,
            ..Host::default()
        };
        let port =
            |(protocol, number, state)| Port { protocol, number, state, service: None, scripts: Vec::new() };
        let ports: Vec<Port> = self.told(host).map(port).collect();
        match self.pieces && !ports.is_empty() {
            true => ports.into_iter().map(|port| Host { ports: vec![port], ..empty.clone() }).collect(),
            false => vec![Host { ports, ..empty }],
        }
    }

    fn seen(&self) -> Seen {
        let addresses = (0..HOSTS).filter(|host| self.asks(*host)).map(address).collect();
        let mut seen = Seen::of(Some(addresses));
        (seen.ended, seen.whole) = (1, self.whole);
        // Pieces of different hosts may stand between each other.
        let mut told: Vec<_> = (0..HOSTS).map(|host| self.host(host).into_iter()).collect();
        loop {
            let pieces: Vec<Host> = told.iter_mut().filter_map(Iterator::next).collect();
            if pieces.is_empty() {
                return seen;
            }
            assert!(pieces.iter().all(|piece| seen.add(piece)));
        }
    }

    fn how(&self, protocol: Protocol) -> Comparing {
        let asked =
            |ports: &Vec<bool>| (1..).zip(ports).filter(|(_, asks)| **asks).map(|(port, _)| port).collect();
        Comparing { protocol, ports: self.ports.as_ref().map(asked), ..how() }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Cell {
    #[default]
    Unknown,
    Not,
    There(u32),
    /// Of hosts alone: it was there.
    Gone,
}

type Told = (FindingKind, u8, u16, bool);

/// The model: cells, one by one.
#[derive(Default)]
struct Model {
    hosts: BTreeMap<u8, Cell>,
    ports: BTreeMap<(u8, u16), Cell>,
}

impl Model {
    fn scan(&mut self, scan: &Scan, protocol: Protocol) -> Vec<Told> {
        let mut told = Vec::new();
        for host in 0..HOSTS {
            let presence = match scan.presence(host) {
                None if scan.whole && scan.asks(host) => Some(Presence::Down),
                other => other,
            };
            let cell = self.hosts.entry(host).or_default();
            match (presence, *cell) {
                (Some(Presence::Up), before) => {
                    if !matches!(before, Cell::There(_)) {
                        told.push((FindingKind::HostNew, host, 0, before == Cell::Unknown));
                    }
                    *cell = Cell::There(0);
                    self.ports(host, scan, protocol, &mut told);
                }
                (Some(Presence::Down), Cell::Unknown) => *cell = Cell::Not,
                (Some(Presence::Down), Cell::There(missed)) if missed + 1 >= K => {
                    told.push((FindingKind::HostGone, host, 0, false));
                    *cell = Cell::Gone;
                }
                (Some(Presence::Down), Cell::There(missed)) => *cell = Cell::There(missed + 1),
                _ => {}
            }
        }
        told.sort();
        told
    }

    fn ports(&mut self, host: u8, scan: &Scan, protocol: Protocol, told: &mut Vec<Told>) {
        let look = &scan.hosts[host as usize];
        for port in 1..=PORTS {
            let state = scan.told(host).find(|(of, number, _)| (*of, *number) == (protocol, port));
            let open = match (state, scan.asks_port(port)) {
                (Some((.., state)), _) => state.may_be_open(),
                // Of what it does not tell it must be known that it was asked.
                (None, Some(true)) if !look.rest_is_unknown => Some(false),
                (None, _) => None,
            };
            let cell = self.ports.entry((host, port)).or_default();
            match (open, *cell) {
                (None, _) => {}
                (Some(true), before) => {
                    let kind = match before {
                        Cell::There(_) => FindingKind::PortOpen,
                        _ => FindingKind::PortOpened,
                    };
                    told.push((kind, host, port, before == Cell::Unknown));
                    *cell = Cell::There(0);
                }
                (Some(false), Cell::There(missed)) if missed + 1 >= K => {
                    told.push((FindingKind::PortClosed, host, port, false));
                    *cell = Cell::Not;
                }
                (Some(false), Cell::There(missed)) => *cell = Cell::There(missed + 1),
                (Some(false), _) => *cell = Cell::Not,
            }
        }
    }
}

fn told(findings: &[Finding]) -> Vec<Told> {
    let of = |finding: &Finding| {
        let IpAddr::V4(target) = finding.target? else { return None };
        let port = finding.port.map_or(0, |(port, _)| port);
        Some((finding.kind, target.octets()[3], port, finding.first?))
    };
    let mut told: Vec<Told> = findings.iter().filter_map(of).collect();
    told.sort();
    told
}

fn how() -> Comparing {
    Comparing { protocol: Protocol::Tcp, ports: None, closed_after: K, hosts: true, coverage: true }
}

/// What is told, and what is known from now on.
fn compared(known: &InMemory, seen: &Seen, how: &Comparing) -> (Vec<Finding>, InMemory) {
    let (mut known, mut told) = (known.clone(), Vec::new());
    let mut tell = |finding: &Finding| {
        told.push(finding.clone());
        Ok(())
    };
    compare(&mut known, seen, how, &mut tell).unwrap();
    (told, known)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn as_single_cells_are_compared(scans in prop::collection::vec(scan(), 1..10)) {
        // Each protocol beside the other: a scan may be of both.
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let (mut known, mut model) = (InMemory::default(), Model::default());
            for (number, scan) in scans.iter().enumerate() {
                let (findings, now) = compared(&known, &scan.seen(), &scan.how(protocol));
                let expected = model.scan(scan, protocol);
                prop_assert_eq!(told(&findings), expected, "{} of scan {}: {:?}", protocol, number, scan);
                known = now;
            }
        }
    }

    #[test]
    fn the_same_again_tells_nothing_new(first in scan()) {
        let (seen, how) = (first.seen(), first.how(Protocol::Tcp));
        let (_, known) = compared(&InMemory::default(), &seen, &how);
        let (findings, _) = compared(&known, &seen, &how);
        prop_assert!(findings.iter().all(|finding| finding.kind == FindingKind::PortOpen), "{:?}", findings);
    }

    #[test]
    fn what_is_not_covered_is_not_told(scans in prop::collection::vec(scan(), 1..6)) {
        let mut known = InMemory::default();
        for scan in &scans {
            let (seen, how) = (scan.seen(), scan.how(Protocol::Tcp));
            let (findings, now) = compared(&known, &seen, &how);
            for finding in &findings {
                let Some((port, _)) = finding.port else { continue };
                let host = seen.host(finding.target.unwrap(), Protocol::Tcp).unwrap();
                prop_assert!(host.covered(how.ports.as_ref()).contains(port), "{:?}", finding);
            }
            known = now;
        }
    }
}

/// An open port.
fn open(number: u16) -> Port {
    Port { protocol: Protocol::Tcp, number, state: PortState::Open, service: None, scripts: Vec::new() }
}

/// A scan of one host that has these ports, of those.
fn seen(ports: &str, of_host: Vec<Port>) -> (Seen, Comparing) {
    let addresses = Some([address(1)].into_iter().collect());
    let mut seen = Seen::of(addresses);
    seen.whole = true;
    assert!(seen.add(&Host { address: Some(address(1)), up: true, ports: of_host, ..Host::default() }));
    (seen, Comparing { ports: Some(ports.parse().unwrap()), ..how() })
}

/// As [`compared`], of a scan as [`seen`] makes it.
fn next(known: &InMemory, (seen, how): &(Seen, Comparing)) -> (Vec<Finding>, InMemory) {
    compared(known, seen, how)
}

fn kinds(findings: &[Finding]) -> Vec<(FindingKind, Option<u16>, Option<bool>)> {
    findings.iter().map(|one| (one.kind, one.port.map(|(port, _)| port), one.first)).collect()
}

#[test]
fn a_wider_range_is_one_change_of_coverage() {
    let (_, known) = next(&InMemory::default(), &seen("1-1000", vec![open(22)]));
    let (findings, known) = next(&known, &seen("1-65535", vec![open(22), open(2000), open(3000)]));
    assert_eq!(findings[0].added.as_deref(), Some("tcp/1001-65535"));
    assert_eq!(findings[0].removed, None);
    assert_eq!(
        kinds(&findings),
        [
            (FindingKind::CoverageChanged, None, Some(false)),
            (FindingKind::PortOpen, Some(22), Some(false)),
            // Nothing was known of them: nobody has opened them since.
            (FindingKind::PortOpened, Some(2000), Some(true)),
            (FindingKind::PortOpened, Some(3000), Some(true)),
        ]
    );
    // A narrower one closes nothing, however often it is asked.
    let mut known = known;
    for _ in 0..5 {
        let (findings, now) = next(&known, &seen("1-1000", vec![open(22)]));
        assert!(findings.iter().all(|one| one.kind != FindingKind::PortClosed), "{findings:?}");
        known = now;
    }
    let (findings, _) = next(&known, &seen("1-65535", vec![open(22), open(2000)]));
    let kinds = kinds(&findings);
    assert!(kinds.contains(&(FindingKind::PortOpen, Some(2000), Some(false))), "{kinds:?}");
}

#[test]
fn who_asks_now_this_and_now_that_is_not_told_so() {
    let quiet = |(seen, how): (Seen, Comparing)| (seen, Comparing { coverage: false, ..how });
    let (_, known) = next(&InMemory::default(), &quiet(seen("1-1000", vec![open(22)])));
    let (findings, _) = next(&known, &quiet(seen("22-65535", vec![open(22), open(2000)])));
    // All else is compared as ever.
    let expected =
        [(FindingKind::PortOpen, Some(22), Some(false)), (FindingKind::PortOpened, Some(2000), Some(true))];
    assert_eq!(kinds(&findings), expected);
}

/// A scan at this time that finds a service at port 22, which it asked or guesses by the number.
fn with_service(product: &str, probed: bool, time: i64) -> (Seen, Comparing) {
    let service = Service { product: Some(product.into()), probed, ..Service::default() };
    let (mut seen, how) = seen("22", vec![Port { service: Some(service), ..open(22) }]);
    seen.ended = time;
    (seen, how)
}

fn product(service: Option<&Service>) -> Option<&str> {
    service.and_then(|service| service.product.as_deref())
}

#[test]
fn a_service_has_changed_if_it_said_so_both_times() {
    let (_, known) = next(&InMemory::default(), &with_service("one", true, 1));
    // A guess by the number, or none at all, is no other service, and what it said before stays known.
    let (findings, known) = next(&known, &with_service("two", false, 2));
    assert_eq!(kinds(&findings), [(FindingKind::PortOpen, Some(22), Some(false))]);
    let (findings, known) = next(&known, &seen("22", vec![open(22)]));
    assert_eq!(findings.len(), 1);
    let (findings, _) = next(&known, &with_service("two", true, 4));
    let changed = &findings[1];
    assert_eq!(changed.kind, FindingKind::ServiceChanged);
    let before = changed.before.as_ref().unwrap();
    assert_eq!((product(Some(&before.service)), before.time), (Some("one"), Some(1)));
    assert_eq!(product(changed.service.as_ref()), Some("two"));
}

#[test]
fn what_was_not_asked_this_time_is_remembered_and_not_seen() {
    let (_, known) = next(&InMemory::default(), &with_service("one", true, 1));
    for (scan, guess) in [(with_service("two", false, 2), Some("two")), (seen("22", vec![open(22)]), None)] {
        let (findings, _) = next(&known, &scan);
        let [found] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!(product(found.service.as_ref()), guess);
        assert!(found.service.as_ref().is_none_or(|service| !service.probed));
        let remembered = found.remembered.as_ref().unwrap();
        assert_eq!((product(Some(&remembered.service)), remembered.time), (Some("one"), Some(1)));
    }
    // Asked again, it is what is seen, and nothing is remembered.
    let (findings, known) = next(&known, &with_service("one", true, 3));
    assert_eq!((product(findings[0].service.as_ref()), &findings[0].remembered), (Some("one"), &None));
    // One that has closed is remembered as it was.
    let (_, known) = next(&known, &seen("22", Vec::new()));
    let (findings, _) = next(&known, &seen("22", Vec::new()));
    assert_eq!(kinds(&findings), [(FindingKind::PortClosed, Some(22), Some(false))]);
    assert_eq!((&findings[0].service, findings[0].remembered.as_ref().unwrap().time), (&None, Some(3)));
    // A guess is nothing to remember.
    let (_, known) = next(&InMemory::default(), &with_service("two", false, 1));
    let (findings, _) = next(&known, &seen("22", vec![open(22)]));
    assert_eq!((&findings[0].service, &findings[0].remembered), (&None, &None));
}

#[test]
fn what_a_script_says_is_told_each_time_and_whether_that_is_new() {
    let said = |output: Option<&str>| {
        let result = |output: &str| ScriptResult {
            id: "banner".into(),
            output: output.into(),
            ..ScriptResult::default()
        };
        let scripts = output.map(result).into_iter().collect();
        let (mut seen, how) = seen("22", vec![Port { scripts, ..open(22) }]);
        seen.scripts = vec!["banner".into()];
        (seen, how)
    };
    let mut known = InMemory::default();
    for (output, told) in [
        (Some("a"), Some((true, true))),
        (Some("a"), Some((false, false))),
        (Some("b"), Some((false, true))),
        (None, None),
        (Some("b"), Some((true, true))),
    ] {
        let (findings, now) = next(&known, &said(output));
        let script = findings.iter().find(|one| one.kind == FindingKind::ScriptResult);
        assert_eq!(script.and_then(|one| one.first.zip(one.changed)), told, "{output:?}");
        known = now;
    }
}
