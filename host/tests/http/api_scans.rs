//! Scans over HTTP: files of scans that were made elsewhere, and schedules that are made now.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tripline::token::Scope;

use crate::api::{call, get, keys, scan_file, send};
use crate::fixture::{Setup, Site, problem};
use crate::raw::{PATIENCE, Reply};

const XML: &str = "Content-Type: application/xml\r\n";
/// A day before the clock of the tests.
const ENDED: i64 = 1_794_900_000;

fn import(site: &Site, query: &str, token: &str, headers: &str, body: &str) -> Reply {
    send(site, "POST", &format!("/api/v1/scans/import{query}"), Some(token), headers, body)
}

/// Waits until rules have judged a run.
#[track_caller]
fn judged(site: &Site, run: u64, token: &str) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let shown = get(site, &format!("/api/v1/scans/{run}"), token).json();
        if shown["judged"] == true {
            return shown;
        }
        assert!(Instant::now() < until, "{shown}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_file_is_taken_compared_and_judged() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    let taken = import(&site, "?name=dmz", &token, XML, &scan_file(ENDED));
    assert_eq!(taken.status, 201, "{taken:?}");
    let run = taken.json();
    assert_eq!((&run["run"], &run["scan"], &run["state"]), (&1.into(), &"dmz".into(), &"done".into()));
    assert_eq!((&run["scanner"], &run["open"]), (&"nmap".into(), &1.into()), "{run}");
    judged(&site, 1, &token);
    // Its incidents, in pages: the pack of these tests decides nothing of scans.
    let found = |run: u64, query: &str| get(&site, &format!("/api/v1/scans/{run}/incidents{query}"), &token);
    assert_eq!(found(1, "?limit=1&after=7").json(), json!({ "incidents": [], "next": null }));
    let statuses = [(2, ""), (1, "?after=x"), (1, "?limit=0"), (1, "?limit=201")];
    assert_eq!(statuses.map(|(run, query)| found(run, query).status), [404, 400, 422, 422]);
    let findings = |run: u64| {
        let reply = get(&site, &format!("/api/v1/scans/{run}/findings"), &token);
        keys(&reply, "findings", "finding")
    };
    assert_eq!(findings(1), ["host_new", "port_opened"]);
    // One after it, which comes packed, is compared with it; the same again is refused.
    let later = import(&site, "?name=dmz", &token, "Content-Type: text/xml\r\n", &scan_file(ENDED + 3600));
    assert_eq!(later.status, 201, "{later:?}");
    assert_eq!(findings(2), ["port_open"]);
    let again = import(&site, "?name=dmz", &token, XML, &scan_file(ENDED + 3600));
    assert_eq!((again.status, problem(&again).as_str()), (422, "invalid"), "{again:?}");
    assert!(again.text().contains("found an earlier one"), "{again:?}");
    // Under another name, and of another tenant, there is nothing to compare with.
    let other = site.token_of("other", Scope::Analyst, None);
    assert_eq!(import(&site, "?name=dmz", &other, XML, &scan_file(ENDED)).json()["run"], 1);
    let unnamed = import(&site, "", &token, XML, &scan_file(ENDED)).json();
    assert_eq!((&unnamed["run"], &unnamed["scan"]), (&3.into(), &"adhoc".into()));
    assert_eq!(keys(&get(&site, "/api/v1/scans", &token), "scans", "run"), [3, 2, 1]);
}

#[test]
fn a_packed_file_is_unpacked_within_its_bounds() {
    let site = Site::of(Setup::limited(|limits| limits.unpacked_bytes = 1 << 20));
    let token = site.token(Scope::Analyst);
    let packed = |text: &[u8]| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    };
    let sent = |body: &[u8]| {
        let length = body.len();
        let head = format!(
            "POST /api/v1/scans/import HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n{XML}\
             Content-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
        );
        site.ask([head.as_bytes(), body].concat())
    };
    assert_eq!(sent(&packed(scan_file(ENDED).as_bytes())).status, 201);
    let mut large = scan_file(ENDED + 1).into_bytes();
    large.resize(2 << 20, b' ');
    assert_eq!(sent(&packed(&large)).status, 413);
    assert_eq!(sent(b"no gzip").status, 400);
    assert_eq!(keys(&get(&site, "/api/v1/scans", &token), "scans", "run"), [1]);
}

#[test]
fn what_is_no_file_of_a_scan_is_refused_and_nothing_of_it_is_kept() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    let far = scan_file(ENDED + 10 * 24 * 3600);
    for (query, headers, body, status) in [
        ("", XML, "", 422),
        ("", XML, "<html></html>", 422),
        ("", XML, far.as_str(), 422),
        ("?name=A/B", XML, "<nmaprun/>", 422),
        ("?called=dmz", XML, "<nmaprun/>", 400),
        ("", "Content-Type: application/json\r\n", "{}", 415),
        ("", "", "<nmaprun/>", 415),
    ] {
        let reply = import(&site, query, &token, headers, body);
        assert_eq!(reply.status, status, "{query} {headers} {body}: {reply:?}");
    }
    assert_eq!(keys(&get(&site, "/api/v1/scans", &token), "scans", "run"), [0; 0]);
}

#[test]
fn a_schedule_is_made_now_by_its_name() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    let run = |token: &str, name: &str| {
        let path = format!("/api/v1/scans/schedules/{name}/run");
        call(&site, "POST", &path, Some(token), "", None)
    };
    let begun = run(&token, "yearly-7");
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!((&begun.json()["run"], &begun.json()["scan"]), (&1.into(), &"yearly-7".into()));
    let made = judged(&site, 1, &token);
    assert_eq!((&made["state"], &made["targets"]), (&"done".into(), &"127.0.0.1".into()), "{made}");
    let other = site.token_of("other", Scope::Analyst, None);
    for (token, name) in [(&token, "attic"), (&token, "A"), (&token, "%00"), (&other, "yearly-7")] {
        let reply = run(token, name);
        assert_eq!((reply.status, problem(&reply).as_str()), (404, "unknown"), "{name}");
    }
}
