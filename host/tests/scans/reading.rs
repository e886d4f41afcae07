//! XML of scanners: a file for each pitfall, cut anywhere, and of any size.

use std::fs;
use std::io::{self, Read};
use std::process::Command;

use proptest::prelude::*;
use tripline::commit::Tenant;
use tripline::incidents::Actor;
use tripline::scans::{Host, Item, ScanName, ScanXml, Scanned, Scanning, XmlError, XmlLimits};

use crate::fixture::{Hand, Taken, golden, path};

/// What a file tells, an item a line; how it ends is the last.
fn told(input: impl Read, limits: XmlLimits) -> (Vec<Item>, Result<(), XmlError>) {
    let (mut xml, mut items) = (ScanXml::new(input, limits), Vec::new());
    loop {
        match xml.next_item() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, Ok(())),
            Err(error) => return (items, Err(error)),
        }
    }
}

/// Seconds since 1970.
const NOW: i64 = 1_795_700_000;

fn import(bytes: &[u8]) -> Result<Scanned, String> {
    let clock = Hand::at(NOW);
    let scanning =
        Scanning { store: None, clock: &clock, actor: &Actor::timer(), closed_after: 2, patience: None };
    scanning
        .import(&Tenant::default(), &ScanName::default(), bytes, &mut Taken::default())
        .map_err(|error| error.to_string())
}

fn hosts(items: Vec<Item>) -> Vec<Host> {
    let host = |item| match item {
        Item::Host(host) => Some(*host),
        _ => None,
    };
    items.into_iter().filter_map(host).collect()
}

#[test]
fn each_file_tells_what_stands_in_it() {
    let mut names: Vec<String> = fs::read_dir(path("xml"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".xml"))
        .collect();
    names.sort();
    assert!(names.len() >= 6);
    for name in names {
        let bytes = fs::read(path("xml").join(&name)).unwrap();
        let (items, end) = told(&bytes[..], XmlLimits::default());
        let mut out: String = items.iter().map(|item| format!("{item:#?}\n")).collect();
        if let Err(error) = end {
            out += &format!("{error}\n");
        }
        // And what becomes of it: the findings, as rules read them.
        match import(&bytes) {
            Ok(scanned) => {
                out += &format!("\n{}\n", scanned.state);
                out.extend(scanned.findings().map(|finding| finding.line(&scanned.origin) + "\n"));
            }
            Err(error) => out += &format!("\n{error}\n"),
        }
        // What it was called with may hold a secret.
        assert!(!out.contains("hunter2") && !out.contains("jana"), "{name}");
        golden(&format!("xml/{}", name.replace(".xml", ".txt")), &out);
    }
}

#[test]
fn what_is_no_scan_is_refused() {
    for (bytes, expected) in [
        (&b""[..], "expected a scan of nmap or masscan in XML, found none: the scanner told nothing"),
        (
            b"Starting Nmap 7.93",
            "expected a scan of nmap or masscan in XML, found none: the scanner told nothing",
        ),
        (
            b"<html></html>",
            "expected a scan of nmap or masscan in XML, found none: expected an element `nmaprun`, found `html`",
        ),
    ] {
        assert_eq!(import(bytes).unwrap_err(), expected);
    }
}

#[test]
fn one_that_does_not_say_how_it_ended_has_not_ended_well() {
    for (finished, words) in [
        ("<finished/>", "the scanner does not say whether it ended well"),
        ("<finished exit=\"\"/>", "the scanner does not say whether it ended well"),
        ("<finished exit=\"error\" errormsg=\"no room\"/>", "the scanner ended with `no room`"),
    ] {
        let xml = format!("<nmaprun scanner=\"nmap\"><runstats>{finished}</runstats></nmaprun>");
        assert_eq!(import(xml.as_bytes()).unwrap().broken.unwrap().detail, words);
    }
}

#[test]
fn how_far_it_is_is_read_with_the_time_that_it_takes_yet() {
    let progress = |attributes: &str| {
        let xml =
            format!("<nmaprun scanner=\"nmap\"><taskprogress task=\"Connect Scan\" {attributes}/></nmaprun>");
        let items = told(xml.as_bytes(), XmlLimits::default()).0;
        items.into_iter().find_map(|item| match item {
            Item::Progress(progress) => Some((progress.percent, progress.left.map(|left| left.as_secs()))),
            _ => None,
        })
    };
    assert_eq!(progress("percent=\"12.5\" remaining=\"140\""), Some((12.5, Some(140))));
    assert_eq!(progress("percent=\"12.5\""), Some((12.5, None)));
    assert_eq!(progress("percent=\"250\" remaining=\"-3\""), Some((100.0, None)));
    // Nothing is known yet.
    assert_eq!(progress("percent=\"2.5\" remaining=\"0\""), Some((2.5, None)));
    assert_eq!(progress("percent=\"NaN\" remaining=\"3\""), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn cut_anywhere_each_closed_host_stays_and_the_scan_is_not_whole(
        name in prop::sample::select(&["ordinary", "masscan", "failed", "both-protocols"][..]),
        at in any::<prop::sample::Index>(),
    ) {
        let bytes = fs::read(path(&format!("xml/{name}.xml"))).unwrap();
        let whole = hosts(told(&bytes[..], XmlLimits::default()).0);
        let finished = bytes.windows(9).position(|part| part == b"<finished").unwrap();
        let cut = &bytes[..at.index(bytes.len())];
        let closed = cut.windows(7).filter(|part| *part == b"</host>").count();
        let seen = hosts(told(cut, XmlLimits::default()).0);
        prop_assert_eq!(&seen[..], &whole[..closed]);
        match import(cut) {
            Ok(scanned) => prop_assert!(scanned.broken.is_some() || cut.len() > finished, "{}", cut.len()),
            Err(_) => prop_assert_eq!(closed, 0),
        }
    }

    #[test]
    fn whatever_comes_is_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut whole = b"<nmaprun scanner=\"nmap\">".to_vec();
        whole.extend(bytes);
        let (items, _) = told(&whole[..], XmlLimits::default());
        prop_assert!(!items.is_empty());
    }

    #[test]
    fn bytes_of_a_banner_take_no_other_host_with_them(banner in prop::collection::vec(any::<u8>(), 0..200)) {
        // As nmap escapes them: what would end the value is an escape.
        let banner: Vec<u8> = banner.into_iter().flat_map(|byte| match byte {
            b'"' => b"&quot;".to_vec(),
            b'<' => b"&lt;".to_vec(),
            b'>' => b"&gt;".to_vec(),
            b'&' => b"&amp;".to_vec(),
            other => vec![other],
        }).collect();
        let mut bytes = b"<nmaprun scanner=\"nmap\"><host><status state=\"up\"/><address addr=\"192.0.2.1\" addrtype=\"ipv4\"/><ports><port protocol=\"tcp\" portid=\"80\"><state state=\"open\"/><service name=\"".to_vec();
        bytes.extend(&banner);
        bytes.extend(b"\"/></port></ports></host><host><status state=\"up\"/><address addr=\"192.0.2.2\" addrtype=\"ipv4\"/></host></nmaprun>");
        let (items, end) = told(&bytes[..], XmlLimits::default());
        prop_assert!(end.is_ok(), "{:?}", end);
        prop_assert_eq!(hosts(items).len(), 2);
        // A finding of it is one line.
        let scanned = import(&bytes).unwrap();
        prop_assert!(scanned.findings().all(|finding| !finding.line(&scanned.origin).contains('\n')));
    }
}

/// A scan of so many hosts, made as it is read.
struct Many {
    hosts: u32,
    next: u32,
    ready: Vec<u8>,
    read: u64,
}

impl Many {
    fn of(hosts: u32) -> Many {
        Many { hosts, next: 0, ready: b"<nmaprun scanner=\"nmap\">".to_vec(), read: 0 }
    }
}

impl Read for Many {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() && self.next < self.hosts {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + self.next);
            let script = "x".repeat(3000);
            self.ready = format!(
                "<host endtime=\"1795694401\"><status state=\"up\"/><address addr=\"{address}\" addrtype=\"ipv4\"/><ports>\
                 <port protocol=\"tcp\" portid=\"80\"><state state=\"open\"/><script id=\"a\" output=\"{script}\"/></port></ports></host>\n"
            )
            .into_bytes();
            self.next += 1;
        }
        let length = self.ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.ready[..length]);
        self.ready.drain(..length);
        self.read += length as u64;
        Ok(length)
    }
}

/// The most memory that this process has had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Runs a test in a process of its own: other tests need memory, too.
fn alone(test: &str) {
    let mut alone = Command::new(std::env::current_exe().unwrap());
    let output = alone.args(["--exact", test, "--ignored"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_file_of_a_hundred_megabytes_needs_no_more_memory_than_a_host() {
    alone("reading::weigh");
}

#[test]
#[ignore = "needs a process of its own"]
fn weigh() {
    let read = |many: &mut Many| {
        let mut xml = ScanXml::new(many, XmlLimits::default());
        let mut hosts = 0;
        while let Some(item) = xml.next_item().unwrap() {
            hosts += u32::from(matches!(item, Item::Host(_)));
        }
        hosts
    };
    // The program's own pages are memory, too, once they run.
    assert_eq!(read(&mut Many::of(10)), 10);
    let mut many = Many::of(33_000);
    let before = peak();
    assert_eq!(read(&mut many), 33_000);
    assert!(many.read > 100_000_000, "{}", many.read);
    assert!(peak() - before < 4 * 1024, "{} KiB more", peak() - before);
}

#[test]
fn what_is_too_much_is_an_end() {
    let limits = XmlLimits { markup: 1000, depth: 5, scan: 10, ..XmlLimits::default() };
    let end = |text: String| {
        let (items, end) = told(text.as_bytes(), limits);
        (hosts(items).len(), end.unwrap_err().to_string())
    };
    const HOST: &str = "<host><address addr=\"192.0.2.1\"/></host>";
    let open = format!("<nmaprun>{HOST}");
    let deep = end(format!("{open}{}", "<a>".repeat(100)));
    assert_eq!(
        (deep.0, deep.1.starts_with("expected at most 5 elements in each other")),
        (1, true),
        "{deep:?}"
    );
    let large = end(format!("{open}<!-- {} -->{HOST}", "x".repeat(2000)));
    assert_eq!(
        (large.0, large.1.starts_with("expected at most 1000 bytes in one piece")),
        (1, true),
        "{large:?}"
    );
    let tag = end(format!("{open}<{} {HOST}", "x".repeat(2000)));
    assert_eq!(tag.0, 1, "{tag:?}");
    let many = end(format!("<nmaprun>{}", HOST.repeat(11)));
    assert_eq!((many.0, many.1.starts_with("expected at most 10 hosts, ports")), (10, true), "{many:?}");
}

#[test]
fn texts_have_an_end_and_ports_do_not() {
    let limits = XmlLimits { host: 600, ..XmlLimits::default() };
    let banner = "b".repeat(10_000);
    let port = |number: u16| {
        format!(
            "<port protocol=\"tcp\" portid=\"{number}\"><state state=\"open\"/><service name=\"{banner}\" product=\"{banner}\"/>\
             <script id=\"s\" output=\"{banner}\"/></port>"
        )
    };
    let ports: String = (1..=500).map(port).collect();
    let text = format!(
        "<nmaprun><host><status state=\"up\"/><address addr=\"192.0.2.1\"/><ports>{ports}</ports></host></nmaprun>"
    );
    let found = hosts(told(text.as_bytes(), limits).0);
    let [host] = &found[..] else { panic!("{}", found.len()) };
    assert_eq!(host.ports.len(), 500);
    let length = |port: &tripline::scans::Port| {
        let service = port.service.as_ref().unwrap();
        [&service.name, &service.product].into_iter().flatten().map(String::len).sum::<usize>()
            + port.scripts.iter().map(|script| script.output.len() + script.id.len()).sum::<usize>()
    };
    assert_eq!(host.ports.iter().map(length).sum::<usize>(), 600);
    assert!(
        host.ports[0].scripts[0].cut
            && host.ports[0].service.as_ref().unwrap().name.as_ref().unwrap().len() == 256
    );
}

#[test]
fn a_file_of_a_day_that_has_not_come_is_not_taken() {
    let file = |ended: i64| {
        format!(
            "<nmaprun start=\"1795690000\"><host endtime=\"{ended}\"><status state=\"up\"/><address addr=\"192.0.2.1\"/></host>\
             <runstats><finished exit=\"success\"/></runstats></nmaprun>"
        )
    };
    assert!(import(file(NOW + 24 * 3600).as_bytes()).is_ok());
    let error = import(file(NOW + 24 * 3600 + 1).as_bytes()).unwrap_err();
    assert!(
        error.to_string().starts_with("expected a scan that has ended, found one that ended at 2"),
        "{error}"
    );
}

#[test]
fn scripts_have_an_end() {
    const HOLE: &str = "<script id=\"s\"><elem key=\"state\">VULNERABLE</elem></script>";
    let host = |scripts: &str| {
        format!(
            "<host><address addr=\"192.0.2.1\"/><ports><port protocol=\"tcp\" portid=\"1\"><state state=\"open\"/>{scripts}\
             </port></ports></host>"
        )
    };
    let limits = XmlLimits { scripts: 3, scan: 11, ..XmlLimits::default() };
    // What a script says that is left out is not said of the one before.
    let first = host(&format!("{}{HOLE}", "<script id=\"s\"/>".repeat(3)));
    let text = format!("<nmaprun>{first}{}", host(HOLE).repeat(10));
    let (items, end) = told(text.as_bytes(), limits);
    let found = hosts(items);
    let scripts: Vec<_> = found.iter().map(|host| &host.ports[0].scripts).collect();
    assert_eq!(scripts[0].len(), 3);
    assert!(scripts[0].iter().all(|script| script.vulnerable.is_none()), "{:?}", scripts[0]);
    assert_eq!((scripts[1].len(), scripts[1][0].vulnerable), (1, Some(true)));
    // 1 + 1 + 3, then twice 1 + 1 + 1.
    assert_eq!(found.len(), 3);
    assert!(end.unwrap_err().to_string().starts_with("expected at most 11 hosts, ports"));
}

/// Many scripts, of which none is longer than its tag.
struct Scripts {
    left: u32,
    rest: Vec<u8>,
}

impl Read for Scripts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && self.left > 0 {
            self.left -= 1;
            self.rest = b"<script/>".repeat(1_000);
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

#[test]
fn a_million_scripts_need_no_memory() {
    alone("reading::weigh_scripts");
}

#[test]
#[ignore = "needs a process of its own"]
fn weigh_scripts() {
    let open = b"<nmaprun><host><address addr=\"192.0.2.1\"/><hostscript>".to_vec();
    let mut xml = ScanXml::new(Scripts { left: 1_000, rest: open }, XmlLimits::default());
    let before = peak();
    while xml.next_item().unwrap().is_some() {}
    assert!(peak() - before < 4 * 1024, "{} KiB more", peak() - before);
}

#[test]
fn a_tarpit_has_an_end() {
    let host = |number: u8| {
        let port =
            |port: u16| format!("<port protocol=\"tcp\" portid=\"{port}\"><state state=\"open\"/></port>");
        let ports: String = (1..=65_535).map(port).collect();
        format!(
            "<host><status state=\"up\"/><address addr=\"192.0.2.{number}\"/><ports>{ports}</ports></host>"
        )
    };
    let hosts: String = (1..=5).map(host).collect();
    let text = format!(
        "<nmaprun><scaninfo type=\"connect\" protocol=\"tcp\" services=\"1-65535\"/>{hosts}<runstats><finished exit=\"success\"/></runstats></nmaprun>"
    );
    let scanned = import(text.as_bytes()).unwrap();
    assert_eq!(scanned.state.as_str(), "partial");
    assert_eq!(
        scanned.broken.as_ref().unwrap().detail,
        "more than 250000 ports are open or scripts answer; of the hosts behind them nothing is known"
    );
    assert_eq!(scanned.findings().count(), 3 * 65_536 + 1);
}
