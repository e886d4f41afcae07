//! util-linux's `logger`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::server::{TENANT, syslog};
use crate::tools::tool;

/// Has it send lines, a message each.
fn send(logger: &Path, port: u16, arguments: &[&str], lines: &[&str]) {
    let mut command = Command::new(logger);
    command.args(["--server", "127.0.0.1", "--port", &port.to_string(), "--priority", "user.err"]);
    let mut process = command.args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    process.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success(), "{arguments:?}");
}

#[test]
fn each_way_in_which_it_sends_is_read() {
    let Some(logger) = tool("logger") else { return };
    let (mut server, udp, tcp) = syslog();
    let lines = ["ERROR 1 payment failed", "ERROR 2 payment failed", "all is well"];
    let ways: [(u16, &str, &[&str]); 6] = [
        (udp, "udp-bsd", &["--udp", "--rfc3164"]),
        (udp, "udp-new", &["--udp", "--rfc5424"]),
        (tcp, "tcp-bsd", &["--tcp", "--rfc3164"]),
        (tcp, "tcp-new", &["--tcp", "--rfc5424"]),
        (tcp, "counted-bsd", &["--tcp", "--octet-count", "--rfc3164"]),
        (tcp, "counted-new", &["--tcp", "--octet-count", "--rfc5424"]),
    ];
    for (port, tag, arguments) in ways {
        send(&logger, port, &[arguments, &["--tag", tag]].concat(), &lines);
    }
    server.until(TENANT, 12);
    let incidents = server.incidents(TENANT);
    // The program's name was read out of each header.
    let titles: Vec<&str> = incidents.iter().filter_map(|incident| incident["title"].as_str()).collect();
    let services: BTreeSet<&str> = titles.iter().filter_map(|title| title.split(':').next()).collect();
    let expected: BTreeSet<&str> = ways.iter().map(|(_, tag, _)| *tag).collect();
    assert_eq!(services, expected, "{titles:?}");
    assert!(incidents.iter().all(|incident| incident["count"] == 2), "{incidents:?}");
    assert!(server.end().success());
}

#[test]
fn what_it_has_sent_is_kept_when_the_server_ends() {
    let Some(logger) = tool("logger") else { return };
    let (mut server, _, tcp) = syslog();
    let lines: Vec<String> = (0..500).map(|number| format!("ERROR {number} payment failed")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    send(&logger, tcp, &["--tcp", "--octet-count", "--tag", "web"], &lines);
    send(&logger, tcp, &["--tcp", "--tag", "web"], &lines);
    assert!(server.end().success());
    assert_eq!(server.count(TENANT), 1000, "{}", server.said());
}
