//! Several hosts whose ports open and close, and which come and go, scanned by a server again and again: what it finds, what
//! has changed, its incidents and its mails. By nmap, and without it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
use serde_json::Value;
use tripline_tests::{Server, Sink, until};

use crate::scanning::{asked, nmap};

/// Says to a test that it is in a network of its own.
const APART: &str = "TRIPLINE_TEST_APART";
/// Where nmap asks first whether there is a host.
const PROBED: [u16; 2] = [80, 443];

fn host(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, last)
}

/// The hosts of the test, 127.0.0.2 to 127.0.0.9: on loopback each answers, if only that nobody listens.
#[derive(Default)]
struct Hosts {
    open: BTreeMap<(u8, u16), TcpListener>,
    /// Ports that are silent, each with who listens and who waits.
    away: BTreeMap<u8, Vec<(u16, OwnedFd, TcpStream)>>,
}

impl Hosts {
    fn opens(&mut self, last: u8, port: u16) {
        self.open.insert((last, port), TcpListener::from(free(host(last), port, 128)));
    }

    fn closes(&mut self, last: u8, port: u16) {
        self.open.remove(&(last, port)).unwrap();
        free(host(last), port, 0);
    }

    /// From now on nothing answers there that anybody asks: each of these ports has somebody who waits to be heard, and no
    /// room for others.
    fn goes(&mut self, last: u8, ports: &[u16]) {
        self.open.retain(|(other, _), _| *other != last);
        let silent = ports.iter().chain(&PROBED).map(|port| {
            let socket = free(host(last), *port, 0);
            (*port, socket, TcpStream::connect((host(last), *port)).unwrap())
        });
        self.away.insert(last, silent.collect());
    }

    fn comes(&mut self, last: u8) {
        for (port, socket, waits) in self.away.remove(&last).unwrap() {
            drop((socket, waits));
            free(host(last), port, 0);
        }
    }
}

/// Listens at a port once it is free: a program that another test is about to start may have what is closed here for a
/// moment longer.
fn free(host: Ipv4Addr, port: u16, waiting: i32) -> OwnedFd {
    until(&format!("{host} {port} is free"), || bound(host, port, waiting).ok())
}

fn bound(host: Ipv4Addr, port: u16, waiting: i32) -> rustix::io::Result<OwnedFd> {
    // The programs that the test starts must not have it, too.
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddr::from((host, port)))?;
    listen(&socket, waiting)?;
    Ok(socket)
}

fn sections(sink: &Sink, allowed: u16, other: u16) -> String {
    let relay = sink.relay().rsplit(':').next().unwrap().to_string();
    let targets: Vec<String> = (2..=9).map(|last| format!("\"{}\"", host(last))).collect();
    format!(
        "[mail]\nfrom = \"tripline@example.org\"\nrelay = \"127.0.0.1\"\nport = {relay}\ntls = \"plaintext\"\n\
         [recipients]\noncall = \"oncall@example.org\"\n[[routes]]\nname = \"all\"\nto = [\"oncall\"]\n\
         [server]\nlisten = \"127.0.0.1:0\"\n[[scan.allow]]\nnetworks = [\"127.0.0.0/28\"]\n\
         [[scan.schedule]]\nname = \"lab\"\ntargets = [{}]\nports = \"{allowed},{other}\"\nevery = \"1d\"\n\
         [packs.exposure]\nallowed = [\"127.0.0.0/28: {allowed}\"]\n",
        targets.join(", ")
    )
}

/// What a run found otherwise than the one before it: kind, the last byte of the address, port.
fn changes(server: &Server, token: &str, run: u64) -> Vec<(String, u8, u16)> {
    let (out, _) = asked(server, token, &["scan", "diff", &run.to_string(), "--format", "ndjson"], 0);
    let change = |line: &str| {
        let one: Value = serde_json::from_str(line).unwrap();
        let target: Ipv4Addr = one["target"].as_str().unwrap().parse().unwrap();
        let port = one["port"].as_u64().map_or(0, |port| u16::try_from(port).unwrap());
        (one["finding"].as_str().unwrap().to_string(), target.octets()[3], port)
    };
    let mut changes: Vec<_> = out.lines().map(change).collect();
    changes.sort();
    changes
}

/// Incidents by rule and what they are about, and how often each was seen.
fn incidents(server: &Server) -> BTreeMap<(String, String), u64> {
    let key = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_string();
        ((text("rule"), text("fingerprint")), one["count"].as_u64().unwrap())
    };
    server.incidents("default").iter().map(key).collect()
}

fn story(programs: Option<&Path>, scanner: &str) {
    let sink = Sink::start(env!("CARGO_BIN_EXE_smtp-sink"));
    // Two at once: one after the other they may be the same.
    let ports = [(); 2].map(|()| TcpListener::bind((host(2), 0)).unwrap());
    let ports = ports.map(|listener| listener.local_addr().unwrap().port());
    let [allowed, other] = ports;
    let mut hosts = Hosts::default();
    for (last, port) in [(2, allowed), (3, allowed), (3, other), (5, allowed), (6, allowed)] {
        hosts.opens(last, port);
    }
    hosts.goes(9, &ports);
    let mut server = Server::new(&sections(&sink, allowed, other));
    if let Some(programs) = programs {
        server.find_programs_in(programs);
    }
    let token = server.token("analyst", "default");
    server.start(&["--only", "exposure"], None);
    server.http();

    // The first scan is the schedule's own: nothing has changed, and what no policy allows is told all the same.
    server.says("scan lab is done (run 1)");
    assert_eq!(changes(&server, &token, 1), []);
    let mut expected: BTreeMap<(String, String), u64> = BTreeMap::new();
    let not_allowed = |last: u8| ("port-not-allowed".to_string(), format!("{} {other}/tcp", host(last)));
    let of_host = |rule: &str, last: u8| (rule.to_string(), host(last).to_string());
    let check = |server: &Server, expected: &BTreeMap<(String, String), u64>, run: u64| {
        until(&format!("what run {run} found is judged: {:?}", incidents(server)), || {
            let (out, _) = asked(server, &token, &["scan", "show", &run.to_string(), "--format", "json"], 0);
            let shown: Value = serde_json::from_str(&out).unwrap();
            assert_eq!((&shown["state"], &shown["scanner"]), (&"done".into(), &scanner.into()), "{shown}");
            (shown["judged"] == true).then_some(())
        });
        assert_eq!(&incidents(server), expected, "run {run}");
    };
    expected.insert(not_allowed(3), 1);
    check(&server, &expected, 1);

    let scan = |run: u64, scanned: &[(&str, u8, u16)]| {
        // Each finds something that no policy allows.
        let (out, _) = asked(&server, &token, &["scan", "run", "--schedule", "lab"], 1);
        assert!(out.contains(&format!("scan {run} of lab by {scanner}: done")), "{out}");
        let scanned = scanned.iter().map(|(kind, last, port)| (kind.to_string(), *last, *port));
        let mut scanned: Vec<_> = scanned.collect();
        scanned.sort();
        assert_eq!(changes(&server, &token, run), scanned, "run {run}");
    };
    // One port closes, which once is no time; two open, of which one may; one host comes.
    hosts.closes(3, other);
    hosts.opens(4, allowed);
    hosts.opens(5, other);
    hosts.comes(9);
    hosts.opens(9, allowed);
    scan(2, &[("port_opened", 4, allowed), ("port_opened", 5, other), ("host_new", 9, 0)]);
    expected.insert(not_allowed(5), 1);
    expected.insert(of_host("host-new", 9), 1);
    check(&server, &expected, 2);

    // The second time it is closed; one host goes, which once is no time either.
    hosts.goes(6, &ports);
    scan(3, &[("port_closed", 3, other)]);
    *expected.get_mut(&not_allowed(5)).unwrap() += 1;
    check(&server, &expected, 3);

    // It is gone; the port opens again, which is the same incident.
    hosts.opens(3, other);
    scan(4, &[("host_gone", 6, 0), ("port_opened", 3, other)]);
    *expected.get_mut(&not_allowed(5)).unwrap() += 1;
    *expected.get_mut(&not_allowed(3)).unwrap() += 1;
    expected.insert(of_host("host-gone", 6), 1);
    check(&server, &expected, 4);

    // It comes back, with the port that it had, which nobody has seen closed.
    hosts.comes(6);
    hosts.opens(6, allowed);
    scan(5, &[("host_new", 6, 0)]);
    *expected.get_mut(&not_allowed(5)).unwrap() += 1;
    *expected.get_mut(&not_allowed(3)).unwrap() += 1;
    expected.insert(of_host("host-new", 6), 1);
    check(&server, &expected, 5);

    // Each incident was mailed, and none twice.
    let numbers = |server: &Server| {
        let ids = server.incidents("default").into_iter().filter_map(|one| one["id"].as_u64());
        ids.map(|id| (id.to_string(), "oncall@example.org".to_string())).collect::<Vec<_>>()
    };
    let mut wanted = numbers(&server);
    wanted.sort();
    let mails = until("all are mailed", || {
        let mails = sink.mails();
        (mails.len() >= wanted.len()).then_some(mails)
    });
    let mut mailed: Vec<(String, String)> = mails.keys().cloned().collect();
    mailed.sort();
    assert_eq!(mailed, wanted);
    let twice = mails.values().flat_map(BTreeMap::values).filter(|count| **count > 1).count();
    assert_eq!(twice, 0, "{mails:?}");
    assert!(server.end().success());
}

/// Whether a host can go: for that, somebody has to listen where nmap asks first.
fn may_listen() -> bool {
    PROBED.iter().all(|port| bound(host(9), *port, 0).is_ok())
}

/// Runs this test where it may do that: in a network of its own. Not everywhere may one be made.
fn apart(test: &str) {
    let may = Command::new("unshare").args(["-rn", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: who may not listen at port 80 needs a network of its own, which may not be made here"
        );
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["-rn", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]);
    command.arg(std::env::current_exe().unwrap()).args(["--exact", test]).env(APART, "yes");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn by_nmap_and_without_it() {
    let is_apart = std::env::var_os(APART).is_some();
    if !may_listen() && !is_apart {
        return apart("hosts::by_nmap_and_without_it");
    }
    if nmap().is_some() {
        story(None, "nmap");
    }
    let nothing = tempfile::tempdir().unwrap();
    story(Some(nothing.path()), "connect");
}
