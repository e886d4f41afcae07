//! Asking the API, and what there is to ask about.

use std::sync::Arc;

use serde_json::{Value, json};
use tripline::abi::Severity;
use tripline::commit::{Commit, Store, StoreError, Tenant};
use tripline::incidents::{Act, Actor, Effect, Incident, NewException, NewSilence, Report, Resolution};
use tripline::notices::Pattern;
use tripline::scans::{Keeps, NewRun, RunEnd, RunState, ScanName, ScanStore, ScannerKind, Tells};
use tripline::token::{NewToken, Scope, TokenSecret};

use crate::fixture::Site;
use crate::raw::Reply;

pub(crate) const HOUR: i64 = 3_600_000_000_000;

/// What a server answers to a request with this token, more headers and a JSON body.
#[track_caller]
pub(crate) fn call(
    site: &Site,
    method: &str,
    path: &str,
    token: Option<&str>,
    headers: &str,
    body: Option<&Value>,
) -> Reply {
    let body = body.map(Value::to_string);
    let content = body.as_ref().map_or("", |_| "Content-Type: application/json\r\n");
    send(site, method, path, token, &format!("{content}{headers}"), body.as_deref().unwrap_or(""))
}

#[track_caller]
pub(crate) fn send(
    site: &Site,
    method: &str,
    path: &str,
    token: Option<&str>,
    headers: &str,
    body: &str,
) -> Reply {
    let bearer = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let length = body.len();
    site.ask(format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\n{bearer}Content-Length: {length}\r\n{headers}\r\n{body}"
    ))
}

#[track_caller]
pub(crate) fn get(site: &Site, path: &str, token: &str) -> Reply {
    call(site, "GET", path, Some(token), "", None)
}

#[track_caller]
pub(crate) fn post(site: &Site, path: &str, token: &str, headers: &str, body: &Value) -> Reply {
    call(site, "POST", path, Some(token), headers, Some(body))
}

pub(crate) fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

pub(crate) fn somebody() -> Actor {
    Actor::named("test", "test")
}

/// A new incident of a tenant; answers its number.
pub(crate) fn incident(site: &Site, of: &str, title: &str, severity: Severity) -> i64 {
    let report = Report { fingerprint: Some(title.into()), ..Report::new(severity, title) };
    let decisions = vec![report.decision(site.now())];
    let committed = site.database.commit(&tenant(of), Commit { decisions, ..Commit::default() }).unwrap();
    committed.opened[0]
}

pub(crate) fn resolve(site: &Site, of: &str, id: i64) -> Incident {
    let act = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    site.database.act(&tenant(of), id, None, act, somebody()).unwrap().unwrap()
}

/// A new silence of a tenant; answers its number.
pub(crate) fn silence(site: &Site, of: &str) -> i64 {
    let now = site.now();
    let new = NewSilence {
        rule: Some(Pattern::new("nothing/*")),
        starts: now,
        ends: now + HOUR,
        reason: "test".into(),
        ..NewSilence::default()
    };
    site.database.silence(&tenant(of), new, somebody()).unwrap()
}

/// A new exception of a tenant; answers its number.
pub(crate) fn exception(site: &Site, of: &str) -> i64 {
    let new = NewException {
        rule: Some(Pattern::new("nothing/*")),
        field: None,
        effect: Effect::Except,
        until: None,
        reason: "test".into(),
    };
    site.database.except(&tenant(of), new, somebody()).unwrap()
}

/// A new token of a tenant; answers its number.
pub(crate) fn token(site: &Site, of: &str) -> i64 {
    let new = NewToken { tenant: tenant(of), name: "test".into(), scope: Scope::Reader, expires: None };
    site.database.add_token(new, TokenSecret::draw().unwrap().hash(), somebody(), None).unwrap()
}

/// A new scan of a tenant, which has ended or not; answers its number.
pub(crate) fn scan(site: &Site, of: &str, ended: bool) -> i64 {
    let (name, scanner, author) = (ScanName::default(), ScannerKind::Connect, somebody());
    let run = NewRun { name, scanner, author, started: site.now(), addresses: None, ports: None };
    let number = site.database.begin(&tenant(of), run).unwrap();
    if ended {
        let end = RunEnd {
            by: somebody(),
            state: RunState::Done,
            ended: site.now(),
            broken: None,
            up: 0,
            unknown: 0,
            open: 0,
            found: Arc::new(Nothing),
        };
        site.database.end(&tenant(of), number, Arc::new(end)).unwrap();
    }
    number.try_into().unwrap()
}

/// A scan that nmap made elsewhere, and that ended then, in seconds since 1970: port 23 of a host is open.
pub(crate) fn scan_file(ended: i64) -> String {
    format!(
        "<nmaprun scanner=\"nmap\" start=\"{ended}\"><scaninfo type=\"connect\" protocol=\"tcp\" services=\"22-23\"/>\
         <host endtime=\"{ended}\"><status state=\"up\"/><address addr=\"192.0.2.7\" addrtype=\"ipv4\"/><ports>\
         <port protocol=\"tcp\" portid=\"23\"><state state=\"open\"/></port></ports></host>\
         <runstats><finished exit=\"success\"/></runstats></nmaprun>"
    )
}

/// What is in a list under this name, by a key.
pub(crate) fn keys(reply: &Reply, name: &str, key: &str) -> Vec<Value> {
    let list = reply.json()[name].clone();
    list.as_array()
        .unwrap_or_else(|| panic!("{name}: {reply:?}"))
        .iter()
        .map(|one| one[key].clone())
        .collect()
}

pub(crate) fn new_silence() -> Value {
    json!({ "rule": "x/*", "ends": "2100-01-01T00:00:00Z", "reason": "a window" })
}

/// A run that has found nothing.
struct Nothing;

impl Tells for Nothing {
    fn tell(&self, _: &dyn Keeps) -> Result<u64, StoreError> {
        Ok(0)
    }
}
