//! What an earlier scan was told is not what is seen now: real nmap, and a server that is replaced by another.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::command::Here;
use crate::real::nmap;
use crate::servers::{Server, free};

const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
const OLD_SSH: &[u8] = b"SSH-2.0-OpenSSH_6.6p1\r\n";

/// Scans a port; answers the findings of what is open, and which incidents there are, by rule and title.
fn scan(here: &Here, line: &str, code: i32) -> (Value, Vec<(String, String)>) {
    let json = here.json(&format!("{line} --name lab --format json"), code);
    let found = json["scans"][0]["findings"].as_array().unwrap();
    let open = found.iter().find(|one| one["port"].is_u64()).unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let incidents = json["check"]["incidents"].as_array().unwrap().iter();
    (open, incidents.map(|one| (text(&one["rule"]), text(&one["title"]))).collect())
}

#[test]
fn a_port_where_another_service_listens_now_is_judged_by_what_is_seen_now() {
    if nmap().is_none() {
        return;
    }
    let host = Ipv4Addr::new(127, 0, 78, 1);
    let port = free(host);
    let here = Here::new(&format!(
        "[database]\npath = \"t.db\"\n[[scan.allow]]\nnetworks = [\"127.0.0.0/8\"]\n[packs.exposure]\n\
         allowed = [\"127.0.0.0/8: any\"]\nrisky_even_if_allowed = true\nrisky = [\"telnet: {port}\"]\n"
    ));
    let line = format!("scan run {host} --ports {port}");
    let server = Server::at(host, port, SSH);
    let (open, incidents) = scan(&here, &format!("{line} --service"), 0);
    assert_eq!((&open["service"], &open["method"]), (&"ssh".into(), &"probed".into()), "{open}");
    // What answered is SSH, which may be there.
    assert_eq!(incidents, []);
    drop(server);
    let _other = Server::at(host, port, b"\xff\xfb\x01login: ");
    let (open, incidents) = scan(&here, &line, 1);
    assert_ne!(open["method"], "probed", "{open}");
    assert_eq!(open["product"], Value::Null, "{open}");
    assert_eq!(
        (&open["remembered_service"], &open["remembered_product"]),
        (&"ssh".into(), &"OpenSSH".into())
    );
    // nmap tells times in seconds.
    assert!(open["remembered_time"].as_str().unwrap() <= open["time"].as_str().unwrap(), "{open}");
    let title = format!("{host} port {port}/tcp: telnet? can be reached");
    assert_eq!(incidents, [("risky-service".to_string(), title)]);
}

#[test]
fn a_service_that_was_outdated_is_so_only_where_it_says_so_again() {
    if nmap().is_none() {
        return;
    }
    let host = Ipv4Addr::new(127, 0, 78, 2);
    let port = free(host);
    let here = Here::new(
        "[database]\npath = \"t.db\"\n[[scan.allow]]\nnetworks = [\"127.0.0.0/8\"]\n[packs.exposure]\n\
         allowed = [\"127.0.0.0/8: any\"]\n",
    );
    let line = format!("scan run {host} --ports {port}");
    let server = Server::at(host, port, OLD_SSH);
    let (_, incidents) = scan(&here, &format!("{line} --service"), 1);
    assert_eq!(incidents[0].0, "outdated-service", "{incidents:?}");
    drop(server);
    let _other = Server::at(host, port, b"220 ready\r\n");
    let (open, incidents) = scan(&here, &line, 0);
    assert_eq!((incidents, &open["remembered_version"]), (vec![], &"6.6p1".into()), "{open}");
    let list = here.json("incident list --format json", 0);
    assert_eq!(list["incidents"][0]["count"], 1, "{list}");
}
