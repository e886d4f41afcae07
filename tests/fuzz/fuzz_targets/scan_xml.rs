//! A scanner's XML from any bytes: nothing panics, it comes to an end, each finding is one line; and compared with what is known
//! of a network, only what both have covered is told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline::commit::Tenant;
use tripline::incidents::Actor;
use tripline::scans::{
    Addresses, Comparing, Finding, FindingKind, Host, InMemory, Item, Progress, Protocol, ScanName, ScanXml,
    Scanning, Seen, Watch, XmlLimits, compare,
};
use tripline::wall_clock::{SystemClock, WallClock};

/// What is known: a host with two ports, one of which said what it is, and one without any.
const KNOWN: &[u8] = br#"<nmaprun scanner="nmap"><scaninfo type="connect" protocol="tcp" services="1-1000"/>
<host endtime="1795694401"><status state="up"/><address addr="192.0.2.1" addrtype="ipv4"/><ports><extraports state="closed"/>
<port protocol="tcp" portid="22"><state state="open"/><service name="ssh" product="OpenSSH" method="probed"/></port>
<port protocol="tcp" portid="80"><state state="open"/><service name="http" method="table"/><script id="a" output="b"/></port>
</ports></host><host><status state="up"/><address addr="192.0.2.2" addrtype="ipv4"/></host>
<runstats><finished exit="success"/></runstats></nmaprun>"#;

struct Silent;

impl Watch for Silent {
    fn host(&mut self, _: Host) {}

    fn progress(&mut self, _: &Progress) {}
}

/// What a file tells, as far as it can be read.
fn seen(bytes: &[u8], whole: bool) -> Seen {
    let mut seen = Seen::of(Addresses::read("192.0.2.0/29"));
    (seen.ended, seen.whole, seen.scripts) = (1, whole, vec!["a".into()]);
    let mut xml = ScanXml::new(bytes, XmlLimits::default());
    while let Ok(Some(item)) = xml.next_item() {
        if let Item::Host(host) = item {
            assert!(seen.add(&host), "no input has so many hosts");
        }
    }
    seen
}

fn compared(known: &mut InMemory, seen: &Seen) -> Vec<Finding> {
    let ports = "1-1000".parse().ok();
    let how = Comparing { protocol: Protocol::Tcp, ports, closed_after: 1, hosts: true, coverage: true };
    let mut told = Vec::new();
    let mut tell = |finding: &Finding| {
        told.push(finding.clone());
        Ok(())
    };
    compare(known, seen, &how, &mut tell).expect("memory takes all");
    for finding in &told {
        let Some(((port, _), target)) = finding.port.zip(finding.target) else { continue };
        let host = seen.host(target, Protocol::Tcp).expect("what is told of a port is of a host that was seen");
        assert!(host.covered(how.ports.as_ref()).contains(port) || finding.kind == FindingKind::ScriptResult);
        assert!(finding.remembered.is_none() || finding.service.as_ref().is_none_or(|service| !service.probed));
    }
    told
}

fuzz_target!(|bytes: &[u8]| {
    let clock: &dyn WallClock = &SystemClock;
    let scanning = Scanning { store: None, clock, actor: &Actor::timer(), closed_after: 2, patience: None };
    if let Ok(scanned) = scanning.import(&Tenant::default(), &ScanName::default(), bytes, &mut Silent) {
        for finding in scanned.findings() {
            assert!(!finding.line(&scanned.origin).contains('\n'));
        }
    }
    let mut known = InMemory::default();
    compared(&mut known, &seen(KNOWN, true));
    for whole in [false, true] {
        let seen = seen(bytes, whole);
        compared(&mut known, &seen);
        // The same once more opens, closes and changes nothing.
        let again = compared(&mut known, &seen);
        let is_quiet =
            |finding: &Finding| matches!(finding.kind, FindingKind::PortOpen | FindingKind::ScriptResult);
        assert!(again.iter().all(is_quiet), "{again:?}");
    }
});
