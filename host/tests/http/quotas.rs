//! What a tenant sees that is over a quota, and that nobody else does.

use serde_json::json;
use tripline::abi::Severity;
use tripline::commit::{Commit, Store};
use tripline::incidents::Report;
use tripline::quota::QuotaKind;
use tripline::token::Scope;

use crate::api::{get, incident, post, resolve, scan_file, send, tenant};
use crate::fixture::{Site, problem};
use crate::packs::{NAME, WASM, module, put};
use crate::raw::Reply;

const MIB: u64 = 1 << 20;
const ANY: &str = "If-Match: *\r\n";

/// What a tenant may use from now on, as an operator says it.
fn set(site: &Site, of: &str, kind: QuotaKind, most: Option<u64>) {
    let path = format!("/api/v1/tenants/{of}");
    let body = json!({ "quota": { kind.as_str(): most } }).to_string();
    let content = "Content-Type: application/json\r\n";
    let reply = send(site, "PATCH", &path, Some(&site.token(Scope::Operator)), content, &body);
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// Incidents of a tenant whose texts are more than a MiB.
fn fill(site: &Site, of: &str) {
    for n in 0..12 {
        let report = Report {
            details: "x".repeat(60_000),
            fingerprint: Some(format!("f{n}")),
            ..Report::new(Severity::Low, "large")
        };
        let decisions = vec![report.decision(site.now())];
        site.database.commit(&tenant(of), Commit { decisions, ..Commit::default() }).unwrap();
    }
}

#[track_caller]
fn over(reply: &Reply, kind: QuotaKind) {
    assert_eq!((reply.status, problem(reply).as_str()), (409, "over-quota"), "{reply:?}");
    let detail = reply.json()["detail"].as_str().unwrap().to_string();
    assert!(detail.contains(&format!("`{}`", kind.as_str())), "{detail}");
}

#[test]
fn who_has_as_much_stored_as_may_be_writes_nothing_and_works_incidents_off() {
    let site = Site::new();
    let [plant, neighbour] = ["plant", "neighbour"].map(|of| site.token_of(of, Scope::Admin, None));
    for (of, token) in [("plant", &plant), ("neighbour", &neighbour)] {
        let first = incident(&site, of, "first", Severity::Low);
        let done = incident(&site, of, "done", Severity::Low);
        assert_eq!((first, done), (1, 2));
        resolve(&site, of, done);
        assert_eq!(put(&site, NAME, Some(token), WASM, &module("good")).status, 200);
        fill(&site, of);
    }
    set(&site, "plant", QuotaKind::Stored, Some(MIB));
    let until = "2027-01-01T00:00:00Z";
    let silence = json!({ "rule": "nothing/*", "ends": until, "reason": "a test" });
    let exception = json!({ "rule": "nothing/*", "reason": "a test" });
    let report = json!({ "severity": "low", "title": "again" });
    let asked = [
        ("incidents/1/comment", json!({ "text": "looks odd" })),
        ("incidents/1/assign", json!({ "to": "jana" })),
        ("incidents/1/resolve", json!({ "resolution": "expected", "comment": "it was the backup" })),
        ("incidents/2/reopen", json!({ "comment": "" })),
        ("silences", silence),
        ("exceptions", exception),
        ("incidents", report),
    ];
    for (path, body) in &asked {
        over(&post(&site, &format!("/api/v1/{path}"), &plant, ANY, body), QuotaKind::Stored);
        let taken = post(&site, &format!("/api/v1/{path}"), &neighbour, ANY, body);
        assert!((200..300).contains(&taken.status), "{path}: {taken:?}");
    }
    let file = scan_file(site.now() / 1_000_000_000 - 60);
    let import = |token: &str| {
        let content = "Content-Type: application/xml\r\n";
        send(&site, "POST", "/api/v1/scans/import?name=dmz", Some(token), content, &file)
    };
    over(&import(&plant), QuotaKind::Stored);
    over(&put(&site, NAME, Some(&plant), WASM, &module("decides-on-all")), QuotaKind::Stored);
    // Without a word, and what lets go.
    assert_eq!(post(&site, "/api/v1/incidents/1/acknowledge", &plant, ANY, &json!({})).status, 200);
    let done = json!({ "resolution": "expected" });
    assert_eq!(post(&site, "/api/v1/incidents/1/resolve", &plant, ANY, &done).status, 200);
    assert_eq!(post(&site, &format!("/api/v1/packs/{NAME}/disable"), &plant, "", &json!({})).status, 200);
    let told = get(&site, "/api/v1/incidents?rule=tripline/over-quota", &plant).json();
    assert_eq!(told["incidents"].as_array().unwrap().len(), 1, "{told}");
    let metrics = get(&site, "/metrics", &site.token(Scope::Operator)).text();
    let shown = "tripline_tenant_over_quota{tenant=\"plant\",quota=\"stored\"} 1";
    assert!(metrics.contains(shown) && !metrics.contains("quota{tenant=\"neighbour\""), "{metrics}");
    set(&site, "plant", QuotaKind::Stored, None);
    let (path, body) = &asked[0];
    assert_eq!(post(&site, &format!("/api/v1/{path}"), &plant, ANY, body).status, 200);
}
