//! The comparison beside a model that knows single cells and no ranges.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::silent::Silent;
use super::*;

const HOSTS: u8 = 3;
const PORTS: u16 = 5;
const K: u32 = 2;

/// What a test's scan sees of a host.
#[derive(Clone, Debug)]
struct Look {
    /// `None`: the scan does not tell of it.
    presence: Option<Presence>,
    /// States of ports that are told one by one.
    told: BTreeMap<u16, PortState>,
    /// Whether the others may be open.
    rest_is_unknown: bool,
}

/// A test's scan.
#[derive(Clone, Debug)]
struct Scan {
    addresses: Vec<bool>,
    ports: Vec<bool>,
    whole: bool,
    hosts: Vec<Look>,
}

fn look() -> impl Strategy<Value = Look> {
    let presence = prop_oneof![
        6 => Just(Some(Presence::Up)),
        1 => Just(Some(Presence::Down)),
        1 => Just(Some(Presence::Unknown)),
        2 => Just(None),
    ];
    let told = prop::collection::btree_map(1..=PORTS, prop::sample::select(PortState::ALL), 0..4);
    (presence, told, prop::bool::weighted(0.1)).prop_map(|(presence, told, rest_is_unknown)| Look {
        presence,
        told,
        rest_is_unknown,
    })
}

fn scan() -> impl Strategy<Value = Scan> {
    let some = |count: usize| prop::collection::vec(prop::bool::weighted(0.8), count);
    let hosts = prop::collection::vec(look(), HOSTS as usize);
    (some(HOSTS as usize), some(PORTS as usize), prop::bool::weighted(0.8), hosts)
        .prop_map(|(addresses, ports, whole, hosts)| Scan { addresses, ports, whole, hosts })
}

fn address(host: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, host])
}

impl Scan {
    fn asks(&self, host: u8) -> bool {
        self.addresses[host as usize]
    }

    fn asks_port(&self, port: u16) -> bool {
        self.ports[port as usize - 1]
    }

    /// What is told of a host that was asked for.
    fn presence(&self, host: u8) -> Option<Presence> {
        self.hosts[host as usize].presence.filter(|_| self.asks(host))
    }

    fn seen(&self) -> Seen {
        let (mut hosts, mut silent) = (BTreeMap::new(), Silent::default());
        for host in 0..HOSTS {
            let Some(presence) = self.presence(host) else { continue };
            if presence == Presence::Down {
                silent.add(address(host));
                continue;
            }
            let look = &self.hosts[host as usize];
            let port = |(number, state): (&u16, &PortState)| {
                (*number, SeenPort { state: *state, service: None, scripts: Vec::new() })
            };
            let told = look.told.iter().filter(|(port, _)| self.asks_port(**port));
            let ports = if presence == Presence::Up { told.map(port).collect() } else { BTreeMap::new() };
            let rest_is_unknown = look.rest_is_unknown;
            hosts.insert(address(host), SeenHost { presence, ports, rest_is_unknown, ..SeenHost::default() });
        }
        Seen {
            ended: 1,
            addresses: Some((0..HOSTS).filter(|host| self.asks(*host)).map(address).collect()),
            ports: Some((1..=PORTS).filter(|port| self.asks_port(*port)).collect()),
            whole: self.whole,
            hosts,
            silent,
            ..Seen::default()
        }
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
    fn scan(&mut self, scan: &Scan) -> Vec<Told> {
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
                    self.ports(host, scan, &mut told);
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

    fn ports(&mut self, host: u8, scan: &Scan, told: &mut Vec<Told>) {
        let look = &scan.hosts[host as usize];
        for port in (1..=PORTS).filter(|port| scan.asks_port(*port)) {
            let open = match look.told.get(&port) {
                Some(state) => state.may_be_open(),
                None => (!look.rest_is_unknown).then_some(false),
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

const HOW: Comparing = Comparing { protocol: Protocol::Tcp, closed_after: K, hosts: true, coverage: true };

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn as_single_cells_are_compared(scans in prop::collection::vec(scan(), 1..10)) {
        let (mut known, mut model) = (Known::default(), Model::default());
        for (number, scan) in scans.iter().enumerate() {
            let (findings, now) = compare(known, &scan.seen(), HOW);
            prop_assert_eq!(told(&findings), model.scan(scan), "scan {}: {:?}", number, scan);
            known = now;
        }
    }

    #[test]
    fn the_same_again_tells_nothing_new(first in scan()) {
        let seen = first.seen();
        let (_, known) = compare(Known::default(), &seen, HOW);
        let (findings, _) = compare(known, &seen, HOW);
        prop_assert!(findings.iter().all(|finding| finding.kind == FindingKind::PortOpen), "{:?}", findings);
    }

    #[test]
    fn what_is_not_covered_is_not_told(scans in prop::collection::vec(scan(), 1..6)) {
        let mut known = Known::default();
        for scan in &scans {
            let seen = scan.seen();
            let (findings, now) = compare(known, &seen, HOW);
            for finding in &findings {
                let Some((port, _)) = finding.port else { continue };
                let host = &seen.hosts[&finding.target.unwrap()];
                prop_assert!(seen.covered(host).contains(port), "{:?}", finding);
            }
            known = now;
        }
    }
}

/// A scan of one host that has these ports open, of those.
fn seen(ports: &str, open: &[u16]) -> Seen {
    let port =
        |number: &u16| (*number, SeenPort { state: PortState::Open, service: None, scripts: Vec::new() });
    let ports_of_host = open.iter().map(port).collect();
    let host = SeenHost { presence: Presence::Up, ports: ports_of_host, ..SeenHost::default() };
    Seen {
        addresses: Some([address(1)].into_iter().collect()),
        ports: Some(ports.parse().unwrap()),
        whole: true,
        hosts: [(address(1), host)].into(),
        ..Seen::default()
    }
}

fn kinds(findings: &[Finding]) -> Vec<(FindingKind, Option<u16>, Option<bool>)> {
    findings.iter().map(|one| (one.kind, one.port.map(|(port, _)| port), one.first)).collect()
}

#[test]
fn a_wider_range_is_one_change_of_coverage() {
    let (_, known) = compare(Known::default(), &seen("1-1000", &[22]), HOW);
    let (findings, known) = compare(known, &seen("1-65535", &[22, 2000, 3000]), HOW);
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
        let (findings, now) = compare(known, &seen("1-1000", &[22]), HOW);
        assert!(findings.iter().all(|one| one.kind != FindingKind::PortClosed), "{findings:?}");
        known = now;
    }
    let (findings, _) = compare(known, &seen("1-65535", &[22, 2000]), HOW);
    let kinds = kinds(&findings);
    assert!(kinds.contains(&(FindingKind::PortOpen, Some(2000), Some(false))), "{kinds:?}");
}

#[test]
fn who_asks_now_this_and_now_that_is_not_told_so() {
    let how = Comparing { coverage: false, ..HOW };
    let (_, known) = compare(Known::default(), &seen("1-1000", &[22]), how);
    let (findings, _) = compare(known, &seen("22-65535", &[22, 2000]), how);
    // All else is compared as ever.
    let expected =
        [(FindingKind::PortOpen, Some(22), Some(false)), (FindingKind::PortOpened, Some(2000), Some(true))];
    assert_eq!(kinds(&findings), expected);
}

fn with_service(product: &str, probed: bool) -> Seen {
    let mut seen = seen("22", &[22]);
    let service = Service { product: Some(product.into()), probed, ..Service::default() };
    let host = seen.hosts.get_mut(&address(1)).unwrap();
    host.ports.get_mut(&22).unwrap().service = Some(Box::new(service));
    seen
}

#[test]
fn a_service_has_changed_if_it_said_so_both_times() {
    let (_, known) = compare(Known::default(), &with_service("one", true), HOW);
    // A guess by the number, or none at all, is no other service, and what it said before stays known.
    let (findings, known) = compare(known, &with_service("two", false), HOW);
    assert_eq!(kinds(&findings), [(FindingKind::PortOpen, Some(22), Some(false))]);
    let (findings, known) = compare(known, &seen("22", &[22]), HOW);
    assert_eq!(findings.len(), 1);
    let (findings, _) = compare(known, &with_service("two", true), HOW);
    let changed = &findings[1];
    assert_eq!(changed.kind, FindingKind::ServiceChanged);
    assert_eq!(changed.before.as_ref().unwrap().product.as_deref(), Some("one"));
    assert_eq!(changed.service.as_ref().unwrap().product.as_deref(), Some("two"));
}

#[test]
fn what_a_script_says_is_told_each_time_and_whether_that_is_new() {
    let said = |output: Option<&str>| {
        let mut seen = seen("22", &[22]);
        seen.scripts = vec!["banner".into()];
        let result = |output: &str| ScriptResult {
            id: "banner".into(),
            output: output.into(),
            ..ScriptResult::default()
        };
        seen.hosts.get_mut(&address(1)).unwrap().ports.get_mut(&22).unwrap().scripts =
            output.map(result).into_iter().collect();
        seen
    };
    let mut known = Known::default();
    for (output, told) in [
        (Some("a"), Some((true, true))),
        (Some("a"), Some((false, false))),
        (Some("b"), Some((false, true))),
        (None, None),
        (Some("b"), Some((true, true))),
    ] {
        let (findings, now) = compare(known, &said(output), HOW);
        let script = findings.iter().find(|one| one.kind == FindingKind::ScriptResult);
        assert_eq!(script.and_then(|one| one.first.zip(one.changed)), told, "{output:?}");
        known = now;
    }
}
