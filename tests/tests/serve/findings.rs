//! Findings in a followed file: judged as they come, and by whatever the policy is then.

use std::fs::OpenOptions;
use std::io::Write;

use tripline_tests::{Server, bring};

fn sections(allowed: &str) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[[follow]]\npaths = [\"scan\"]\nformat = \"finding\"\nfrom = \"start\"\n\
         [packs.exposure]\nallowed = [{allowed}]\n"
    )
}

fn found(kind: &str, port: u16) -> String {
    format!(
        "{{\"time\":\"2026-11-24T10:00:00Z\",\"finding\":\"{kind}\",\"scan\":\"nightly\",\"scanner\":\"nmap\",\"first\":false,\
         \"target\":\"192.0.2.7\",\"port\":{port},\"protocol\":\"tcp\",\"state\":\"open\"}}\n"
    )
}

#[test]
fn a_policy_that_is_tightened_is_seen_at_the_next_scan_and_no_sender_makes_a_finding() {
    let mut server = Server::new(&sections("\"192.0.2.0/24: 22\""));
    let scan = |server: &Server, kind: &str| {
        let mut file = OpenOptions::new().create(true).append(true).open(server.path("scan")).unwrap();
        write!(file, "{}{}", found(kind, 22), found(kind, 8080)).unwrap();
    };
    scan(&server, "port_opened");
    server.start(&["--only", "exposure"], None);
    server.until("default", 1);
    // The same bytes from somebody who may only send lines.
    let token = server.token("ingest", "default");
    assert_eq!(bring(server.http(), &token, "one", &found("port_opened", 9999)), Some(200));
    // An entry that the pack cannot read is not taken: it goes on with the policy that it has.
    server.configure(&sections("\"192.0.2.0/24 22\""));
    server.says("setting `allowed[0]`");
    server.configure(&sections(""));
    server.says("goes on with the changed configuration");
    scan(&server, "port_open");
    server.until("default", 3);
    let mut prints: Vec<String> = server
        .incidents("default")
        .iter()
        .map(|incident| incident["fingerprint"].as_str().unwrap_or_default().to_string())
        .collect();
    prints.sort();
    assert_eq!(prints, ["192.0.2.7 22/tcp", "192.0.2.7 8080/tcp"]);
    assert!(server.end().success());
}
