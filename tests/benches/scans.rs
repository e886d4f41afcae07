//! How fast a scanner's XML is read, and what a comparison of large scans takes: `tests/measure-scans` runs it, and others beside
//! it. `FILE BYTES` writes a file of about so many bytes; without them, it measures. One run, one core; nothing is asserted.
#![allow(clippy::unwrap_used, reason = "a bench may fail")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Instant;

use quick_xml::events::Event;
use tripline::scans::{
    Addresses, Comparing, Host, Item, Known, Port, PortState, Protocol, ScanXml, Seen, Service, XmlLimits,
    compare,
};

/// Ports of each host in the file.
const PORTS: [u16; 8] = [22, 25, 53, 80, 110, 143, 443, 8080];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match &arguments[..] {
        [file, bytes] => generate(Path::new(file), bytes.parse().unwrap()),
        [file] => reading(Path::new(file)),
        _ => difference(),
    }
}

/// A file as nmap writes it with `-sV`.
fn generate(path: &Path, bytes: u64) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let mut written = 0;
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner=\"nmap\" args=\"nmap -sT -sV -oX - 10.0.0.0/8\" \
                start=\"1795694400\" version=\"7.93\" xmloutputversion=\"1.05\">\n<scaninfo type=\"connect\" protocol=\"tcp\" numservices=\"8\" \
                services=\"22,25,53,80,110,143,443,8080\"/>\n";
    out.write_all(head.as_bytes()).unwrap();
    for number in 0_u32.. {
        if written >= bytes {
            break;
        }
        let address = Ipv4Addr::from(0x0a00_0000 + number);
        let mut host = format!(
            "<host starttime=\"1795694400\" endtime=\"1795694401\"><status state=\"up\" reason=\"syn-ack\" reason_ttl=\"0\"/>\n\
             <address addr=\"{address}\" addrtype=\"ipv4\"/>\n<hostnames>\n<hostname name=\"host-{number}.example.org\" type=\"PTR\"/>\n\
             </hostnames>\n<ports>"
        );
        for port in PORTS {
            let _ = writeln!(
                host,
                "<port protocol=\"tcp\" portid=\"{port}\"><state state=\"open\" reason=\"syn-ack\" reason_ttl=\"0\"/><service \
                 name=\"http\" product=\"Apache httpd\" version=\"2.4.{}\" extrainfo=\"(Debian)\" method=\"probed\" conf=\"10\">\
                 <cpe>cpe:/a:apache:http_server:2.4.{}</cpe></service></port>",
                number % 60,
                number % 60
            );
        }
        host += "</ports>\n<times srtt=\"100\" rttvar=\"3750\" to=\"100000\"/>\n</host>\n";
        out.write_all(host.as_bytes()).unwrap();
        written += host.len() as u64;
    }
    let tail = "<runstats><finished time=\"1795694500\" exit=\"success\"/><hosts up=\"1\" down=\"0\" total=\"1\"/></runstats>\n</nmaprun>\n";
    out.write_all(tail.as_bytes()).unwrap();
    out.flush().unwrap();
}

fn reading(path: &Path) {
    let bytes = fs::metadata(path).unwrap().len();
    let rate = |name: &str, begun: Instant, hosts: u64| {
        let rate = bytes as f64 / 1e6 / begun.elapsed().as_secs_f64();
        println!("{name} {rate:.1} {hosts}");
    };
    // The file is in memory from then on.
    fs::read(path).unwrap();
    let begun = Instant::now();
    let mut xml = ScanXml::new(File::open(path).unwrap(), XmlLimits::default());
    let mut hosts = 0;
    while let Some(item) = xml.next_item().unwrap() {
        hosts += u64::from(matches!(item, Item::Host(_)));
    }
    rate("tripline", begun, hosts);
    let begun = Instant::now();
    let mut reader =
        quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 16, File::open(path).unwrap()));
    let (mut buffer, mut hosts) = (Vec::new(), 0);
    loop {
        match reader.read_event_into(&mut buffer).unwrap() {
            Event::Eof => break,
            Event::Start(start) => hosts += u64::from(start.name().as_ref() == "host"),
            _ => {}
        }
        buffer.clear();
    }
    rate("quick-xml", begun, hosts);
}

/// A /16 with 1,000 ports asked of each host, of which eight are open, compared with the same where one was closed and another
/// opened on each hundredth host.
fn difference() {
    let seen = |changed: bool| {
        let mut seen = Seen {
            ended: 1,
            addresses: Addresses::read("10.0.0.0/16"),
            ports: Some("1-1000".parse().unwrap()),
            whole: true,
            ..Seen::default()
        };
        for number in 0..65_536_u32 {
            let mut ports: Vec<u16> = vec![22, 25, 53, 80, 110, 143, 443, 993];
            if changed && number % 100 == 0 {
                ports[7] = 995;
            }
            let port = |number| Port {
                protocol: Protocol::Tcp,
                number,
                state: PortState::Open,
                service: Some(Service { name: Some("http".into()), ..Service::default() }),
                scripts: Vec::new(),
            };
            let address = IpAddr::from(Ipv4Addr::from(0x0a00_0000 + number));
            let host = Host {
                address: Some(address),
                up: true,
                ports: ports.into_iter().map(port).collect(),
                rest: vec![PortState::Closed],
                ..Host::default()
            };
            seen.add(&host, Protocol::Tcp);
        }
        seen
    };
    let how = Comparing { protocol: Protocol::Tcp, closed_after: 2, hosts: true, coverage: true };
    let (first, second) = (seen(false), seen(true));
    println!("{} MB hold both scans", peak());
    let (_, known) = compare(Known::default(), &first, how);
    drop(first);
    let begun = Instant::now();
    let (findings, _) = compare(known, &second, how);
    let changes = findings.iter().filter(|finding| finding.is_change()).count();
    println!(
        "compared in {:.0} ms: {} findings, {changes} changes; {} MB at most",
        begun.elapsed().as_secs_f64() * 1e3,
        findings.len(),
        peak()
    );
}

/// The most memory that this process has had, in MB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_000
}
