//! Incidents for other programs: all of them, as the command line gives them, in bounded pieces.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use tripline::abi::Severity;
use tripline::commit::{Commit, Store};
use tripline::incidents::Report;
use tripline::token::Scope;

use crate::api::{get, incident, resolve, somebody, tenant};
use crate::fixture::Site;

/// What comes on a connection of its own, until that is closed.
fn export(site: &Site, query: &str, token: &str, meanwhile: impl FnOnce()) -> Vec<u8> {
    fetch(site, &format!("/api/v1/incidents/export{query}"), token, meanwhile)
}

/// The same, of any path.
pub(crate) fn fetch(site: &Site, path: &str, token: &str, meanwhile: impl FnOnce()) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    let mut all = vec![0; 12];
    stream.read_exact(&mut all).unwrap();
    assert_eq!(all, b"HTTP/1.1 200");
    meanwhile();
    // It may be broken off.
    let _ = stream.read_to_end(&mut all);
    all
}

/// Its type, and all chunks of its body.
pub(crate) fn whole(all: &[u8]) -> (String, String) {
    let text = String::from_utf8(all.to_vec()).unwrap();
    let (head, mut rest) = text.split_once("\r\n\r\n").unwrap();
    let content = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap();
    let mut body = String::new();
    loop {
        let (size, chunk) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (content.into(), body);
        }
        body.push_str(&chunk[..size]);
        rest = chunk[size..].strip_prefix("\r\n").unwrap();
    }
}

#[test]
fn all_come_as_a_table_or_as_lines() {
    let site = Site::new();
    let token = site.token(Scope::Reader);
    for number in 0..450 {
        incident(&site, "default", &format!("number {number}"), Severity::Low);
    }
    incident(&site, "default", "=cmd|' /C calc'!A0", Severity::High);
    incident(&site, "other", "theirs", Severity::Low);
    resolve(&site, "default", 1);
    let export = |query: &str| whole(&export(&site, query, &token, || {}));
    let (content, text) = export("");
    assert_eq!(content, "text/csv; charset=utf-8");
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[0].starts_with("id,tenant,state"), "{}", rows[0]);
    assert_eq!(rows.len(), 1 + 450, "without the resolved one");
    // What a spreadsheet would take for a formula is none.
    assert!(rows[1].contains("'=cmd"), "{}", rows[1]);
    assert!(!text.contains("theirs"));
    let (content, text) = export("?format=json&state=open,acknowledged,resolved");
    assert_eq!(content, "application/x-ndjson");
    let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 451);
    let mut ids: Vec<i64> = objects.iter().map(|one| one["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 451);
    // As a list has it.
    let listed = get(&site, "/api/v1/incidents?severity=high", &token).json()["incidents"][0].clone();
    assert_eq!(objects.iter().find(|one| one["severity"] == "high"), Some(&listed));
    assert_eq!(export("?severity=high").1.lines().count(), 2);
    for (wrong, status) in [("format=xml", 400), ("limit=3", 400), ("rule=x", 422), ("state=x", 422)] {
        assert_eq!(
            get(&site, &format!("/api/v1/incidents/export?{wrong}"), &token).status,
            status,
            "{wrong}"
        );
    }
}

/// Whoever does not take it holds a piece or two, and not all of it; a token that is revoked ends it.
#[test]
fn one_that_is_not_taken_waits_and_ends_with_its_token() {
    let site = Site::new();
    let token = site.token(Scope::Reader);
    // More than the system takes for whoever does not read.
    let decisions = (0..900).map(|number| {
        let details = "x".repeat(32 * 1024);
        let title = format!("number {number}");
        let fingerprint = Some(title.clone());
        Report { details, fingerprint, ..Report::new(Severity::Low, title) }.decision(site.now())
    });
    let commit = Commit { decisions: decisions.collect(), ..Commit::default() };
    site.database.commit(&tenant("default"), commit).unwrap();
    let id = site.database.tokens(&tenant("default")).unwrap()[0].id;
    let all = export(&site, "?format=json", &token, || {
        assert!(site.database.revoke_token(&tenant("default"), id, somebody()).unwrap());
    });
    assert!(!all.ends_with(b"0\r\n\r\n"), "it was given to its end, {} bytes", all.len());
}
