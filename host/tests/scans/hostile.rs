//! What a hostile server says reaches nobody's terminal, and is no more than a text: real nmap reads it from a real server.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::command::Here;
use crate::real::nmap;
use crate::servers::Server;

/// Control characters, markup, what is no UTF-8, the end of a line and a finding of its own, and more of it than anybody reads.
const HOSTILE: &[u8] = b"\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>]]></port></host>\" method=\"probed\"&quot;&#0;\xff\xfe\
    \xe2\x80\xae\xc2\x9b31m\n{\"finding\":\"port_opened\",\"target\":\"192.0.2.1\",\"port\":23}\nSubject: owned\r\nBcc: a@example.org\r\n";

#[test]
fn what_a_hostile_server_says_is_a_text() {
    if nmap().is_none() {
        return;
    }
    let here = Here::new("[database]\npath = \"t.db\"\n[[scan.allow]]\nnetworks = [\"127.0.0.0/8\"]\n");
    let host = Ipv4Addr::new(127, 0, 79, 1);
    let long: &'static [u8] = Box::leak(HOSTILE.repeat(40).into_boxed_slice());
    let (one, other) = (Server::at(host, 0, HOSTILE), Server::at(host, 0, long));
    let line = format!(
        "scan run {host} --ports {},{} --service --script banner --name lab",
        one.port(),
        other.port()
    );
    let json = here.json(&format!("{line} --format json"), 1);
    let scan = &json["scans"][0];
    assert_eq!(scan["state"], "done", "{scan}");
    let findings = scan["findings"].as_array().unwrap();
    // Nothing is found but what nmap has found: the host, two ports, and what the script says of each.
    assert!(findings.iter().all(|one| one["target"] == host.to_string()), "{scan}");
    let of = |kind: &str| findings.iter().filter(|one| one["finding"] == kind).count();
    assert_eq!((of("host_new"), of("port_opened"), of("script_result")), (1, 2, 2), "{scan}");
    let banners: Vec<&Value> = findings.iter().filter(|one| one["script"] == "banner").collect();
    assert!(banners.iter().all(|one| one["output"].as_str().unwrap().contains("owned")), "{scan}");
    // No one of them says that there is a hole.
    assert!(findings.iter().all(|one| one["vulnerable"].is_null()), "{scan}");
    let rules: Vec<&Value> =
        json["check"]["incidents"].as_array().unwrap().iter().map(|one| &one["rule"]).collect();
    assert_eq!(rules, ["port-not-allowed", "port-not-allowed"]);
    for line in
        ["scan show 1", "scan diff 1", "scan show 1 --format json", "incident list", "incident show 1"]
    {
        let (out, err) = here.run(line, 0);
        let odd = |one: char| (one.is_control() && one != '\n') || one == '\u{202e}';
        assert!(!out.contains(odd) && !err.contains(odd), "{line}: {out:?}");
    }
}
