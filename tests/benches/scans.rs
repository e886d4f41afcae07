//! How fast a scanner's XML is read, on one core: `tests/measure-scans` runs it, and others beside it, and says what must hold.
//! `file FILE BYTES` writes a file of about so many bytes, `network FILE SCAN` one of a /16, `read FILE` measures.
#![allow(clippy::unwrap_used, reason = "a bench may fail")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::net::Ipv4Addr;
use std::path::Path;

use quick_xml::events::Event;
use tripline::scans::{Item, ScanXml, XmlLimits};

/// Ports of each host in the file.
const PORTS: [u16; 8] = [22, 25, 53, 80, 110, 143, 443, 8080];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["file", file, bytes] => {
            let bytes = bytes.parse().unwrap();
            generate(Path::new(file), 0, |written, _| written < bytes, &PORTS, |_| PORTS.to_vec());
        }
        ["network", file, scan] => network(Path::new(file), scan.parse().unwrap()),
        ["read", file] => reading(Path::new(file)),
        _ => eprintln!(
            "expected `file FILE BYTES`, `network FILE SCAN` or `read FILE`: tests/measure-scans says them"
        ),
    }
}

/// A /16 of which each host was asked for 1,000 ports and has three open; of the second scan, one was closed and another opened on
/// each hundredth host.
fn network(path: &Path, scan: u32) {
    let asked: Vec<u16> = (1..=1000).collect();
    generate(
        path,
        scan,
        |_, hosts| hosts < 65_536,
        &asked,
        |number| match scan > 1 && number % 100 == 0 {
            true => vec![22, 80, 995],
            false => vec![22, 80, 443],
        },
    );
}

/// A file as nmap writes it with `-sV`.
fn generate(
    path: &Path,
    scan: u32,
    more: impl Fn(u64, u32) -> bool,
    asked: &[u16],
    open: impl Fn(u32) -> Vec<u16>,
) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let mut written = 0;
    let asked = asked.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    // An hour between two scans.
    let at = 1_795_694_400 + scan * 3600;
    let head = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner=\"nmap\" args=\"nmap -sT -sV -oX - 10.0.0.0/8\" \
         start=\"{at}\" version=\"7.93\" xmloutputversion=\"1.05\">\n<scaninfo type=\"connect\" protocol=\"tcp\" services=\"{asked}\"/>\n"
    );
    out.write_all(head.as_bytes()).unwrap();
    for number in 0_u32.. {
        if !more(written, number) {
            break;
        }
        let address = Ipv4Addr::from(0x0a00_0000 + number);
        let mut host = format!(
            "<host starttime=\"{at}\" endtime=\"{at}\"><status state=\"up\" reason=\"syn-ack\" reason_ttl=\"0\"/>\n\
             <address addr=\"{address}\" addrtype=\"ipv4\"/>\n<hostnames>\n<hostname name=\"host-{number}.example.org\" type=\"PTR\"/>\n\
             </hostnames>\n<ports><extraports state=\"closed\" count=\"900\"/>\n"
        );
        for port in open(number) {
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
    let rate = |name: &str, begun: f64, hosts: u64| {
        let rate = bytes as f64 / 1e6 / (processed() - begun);
        println!("{name} {rate:.1} {hosts}");
    };
    // The file is in memory from then on.
    fs::read(path).unwrap();
    let begun = processed();
    let mut xml = ScanXml::new(File::open(path).unwrap(), XmlLimits::default());
    let mut hosts = 0;
    while let Some(item) = xml.next_item().unwrap() {
        hosts += u64::from(matches!(item, Item::Host(_)));
    }
    rate("tripline", begun, hosts);
    let begun = processed();
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

/// Seconds that this process has had a core: what else the machine does is not measured.
fn processed() -> f64 {
    let told = fs::read_to_string("/proc/self/schedstat").unwrap();
    told.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
