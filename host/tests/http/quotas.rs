//! What a tenant sees that is over a quota, and that nobody else does.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::json;
use tripline::Position;
use tripline::abi::Severity;
use tripline::commit::{Commit, Store};
use tripline::decision::Evidence;
use tripline::incidents::Report;
use tripline::quota::QuotaKind;
use tripline::security_log::Records;
use tripline::token::Scope;

use crate::api::{call, get, incident, post, resolve, scan_file, send, tenant};
use crate::fixture::{Site, problem};
use crate::packs::{NAME, WASM, module, patterned, put};
use crate::raw::{PATIENCE, Reply};

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

/// Who has none at all may still push what is kept already.
#[test]
fn a_push_has_the_room_that_is_made_for_it() {
    let (site, plant) = (Site::new(), tenant("plant"));
    let token = site.token_of("plant", Scope::Admin, None);
    for n in 0..16 {
        let report = Report { fingerprint: Some(format!("e{n}")), ..Report::new(Severity::Low, "large") };
        let mut decision = report.decision(site.now());
        let evidence = |line: u64| {
            let position = Position { source: 1, file: 1, offset: n * 100 + line, line: n * 100 + line + 1 };
            let text = Some(vec![b'x'; 2_200]);
            Evidence { position, text, cut: false, captures: Vec::new(), digest: None }
        };
        decision.evidence = (0..32).map(evidence).collect();
        site.database.commit(&plant, Commit { decisions: vec![decision], ..Commit::default() }).unwrap();
    }
    (1..=16).for_each(|id| drop(resolve(&site, "plant", id)));
    let stored = site.database.stored_of(&plant).unwrap().all();
    set(&site, "plant", QuotaKind::Stored, Some(stored + 100));
    let one = patterned("one", 1, 8 << 10);
    assert_eq!(put(&site, "one", Some(&token), WASM, &one).status, 200);
    set(&site, "plant", QuotaKind::Stored, None);
    fill(&site, "plant");
    set(&site, "plant", QuotaKind::Stored, Some(MIB));
    assert_eq!(put(&site, "one", Some(&token), WASM, &one).status, 200, "it is kept already");
    let told = || {
        let found = get(&site, "/api/v1/incidents?rule=tripline/over-quota", &token).json();
        found["incidents"].as_array().unwrap().len()
    };
    assert_eq!(told(), 0);
    over(&put(&site, "two", Some(&token), WASM, &patterned("two", 1, 0)), QuotaKind::Stored);
    assert_eq!(told(), 1);
}

/// Of two pushes at once that are one too many, one is refused, whichever that is.
#[test]
fn of_two_pushes_at_once_one_is_over_the_quota() {
    for (kind, most, filling) in [(QuotaKind::Packs, 1, 0), (QuotaKind::Stored, MIB, 600 << 10)] {
        let site = Site::new();
        let token = site.token_of("plant", Scope::Author, None);
        set(&site, "plant", kind, Some(most));
        let modules = ["one", "two"].map(|name| (name, patterned(name, 1, filling)));
        let both = Barrier::new(2);
        let mut replies = std::thread::scope(|scope| {
            let push = |(name, wasm): &(&str, Vec<u8>)| {
                both.wait();
                put(&site, name, Some(&token), WASM, wasm)
            };
            let pushes = modules.each_ref().map(|one| scope.spawn(move || push(one)));
            pushes.map(|one| one.join().unwrap())
        });
        replies.sort_by_key(|reply| reply.status);
        assert_eq!(replies[0].status, 200, "{replies:?}");
        over(&replies[1], kind);
        let own = get(&site, "/api/v1/packs", &token).json()["own"].as_array().unwrap().len();
        assert_eq!(own, 1);
        assert!(site.database.stored_of(&tenant("plant")).unwrap().all() <= MIB);
    }
}

/// Whoever is refused is told that, and with them the others of the tenant, once: by whichever act it was.
#[test]
fn whatever_is_done_to_a_pack_over_a_quota_is_told_once() {
    let site = Site::new();
    let token = site.token_of("plant", Scope::Author, None);
    for patterns in [6, 1] {
        assert_eq!(put(&site, "one", Some(&token), WASM, &patterned("one", patterns, 0)).status, 200);
    }
    set(&site, "plant", QuotaKind::Patterns, Some(5));
    over(&post(&site, "/api/v1/packs/one/rollback", &token, "", &json!({})), QuotaKind::Patterns);
    let metrics = get(&site, "/metrics", &site.token(Scope::Operator)).text();
    let times = "tripline_tenant_went_over_quota_total{tenant=\"plant\",quota=\"patterns\"} 1";
    assert!(metrics.contains(times), "{metrics}");
    let reader = site.token_of("plant", Scope::Reader, None);
    let told = || -> u64 {
        let found = get(&site, "/api/v1/incidents?rule=tripline/over-quota", &reader).json();
        found["incidents"].as_array().unwrap().iter().filter_map(|one| one["count"].as_u64()).sum()
    };
    let until = Instant::now() + PATIENCE;
    while told() == 0 {
        assert!(Instant::now() < until, "it is not told");
        site.clock.pass(1);
        std::thread::sleep(Duration::from_millis(20));
    }
    over(&post(&site, "/api/v1/packs/one/rollback", &token, "", &json!({})), QuotaKind::Patterns);
    assert_eq!(told(), 1);
}

/// Whoever may bring packs leaves a trace with each that is refused, and cannot fill the log with them.
#[test]
fn what_is_refused_of_packs_stands_in_security_log() {
    let mut site = Site::new();
    let token = site.token_of("plant", Scope::Author, None);
    let push = |name: &str, headers: &str, wasm: &[u8]| put(&site, name, Some(&token), headers, wasm).status;
    assert_eq!(push(NAME, WASM, &module("good")), 200);
    assert_eq!(push(NAME, &format!("{WASM}Tripline-Signature: x\r\n"), &module("good")), 422);
    assert_eq!(push("other", WASM, &module("good")), 422);
    for _ in 0..40 {
        assert_eq!(push(NAME, WASM, b"no module"), 422);
    }
    assert_eq!(push("%3Cscript%3E", WASM, &module("import-clock")), 422);
    set(&site, "plant", QuotaKind::Module, Some(1 << 10));
    assert_eq!(push(NAME, WASM, &patterned(NAME, 1, 4 << 10)), 409);
    let rolled = post(&site, &format!("/api/v1/packs/{NAME}/rollback"), &token, "", &json!({}));
    assert_eq!(rolled.status, 404, "there is none before it");
    for (body, status) in [("{", 400), ("{}", 422)] {
        let (path, content) =
            (format!("/api/v1/packs/{NAME}/settings"), "Content-Type: application/json\r\n");
        assert_eq!(send(&site, "PUT", &path, Some(&token), content, body).status, status);
    }
    // What was not written yet is written when it ends.
    site.end();
    let records = site.database.after(0, 1_000).unwrap();
    let refused: Vec<_> = records.iter().filter(|record| record.event == "pack.refused").collect();
    let (mut counts, mut each) = (BTreeMap::<(&str, &str), u64>::new(), BTreeMap::<(&str, &str), u64>::new());
    for record in &refused {
        let text = |key: &str| record.fields[key].as_str().unwrap();
        assert_eq!((record.tenant.as_str(), text("from")), ("plant", "peer:127.0.0.1"));
        assert!(text("by").starts_with("token:"), "{record:?}");
        assert!([NAME, "other", ""].contains(&text("pack")), "{record:?}");
        let kind = (text("act"), text("reason"));
        *counts.entry(kind).or_default() += record.fields["count"].as_u64().unwrap();
        *each.entry(kind).or_default() += 1;
    }
    let expected = [
        (("push", "module"), 41),
        (("push", "name"), 1),
        (("push", "quota"), 1),
        (("push", "unsigned"), 1),
        (("rollback", "unknown"), 1),
        (("settings", "invalid"), 1),
        (("settings", "malformed"), 1),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
    assert!(each.values().all(|records| *records <= 2), "one a minute, and one at the end: {each:?}");
    assert_eq!(records.iter().filter(|record| record.event == "pack.pushed").count(), 1);
}

#[test]
fn of_changes_at_the_same_time_what_was_written_last_counts() {
    let site = Site::new();
    let (operator, plant) = (site.token(Scope::Operator), tenant("plant"));
    site.token_of("plant", Scope::Ingest, None);
    let quotas = site.intake.quotas().unwrap();
    for round in 0..10_u64 {
        let together = Barrier::new(4);
        std::thread::scope(|scope| {
            for one in 1..=4_u64 {
                let (together, site, operator) = (&together, &site, &operator);
                scope.spawn(move || {
                    let body = json!({ "quota": { "lines": round * 10 + one } });
                    together.wait();
                    let path = "/api/v1/tenants/plant";
                    let reply = call(site, "PATCH", path, Some(operator), "", Some(&body));
                    assert_eq!(reply.status, 200, "{reply:?}");
                });
            }
        });
        assert_eq!(quotas.of(&plant), site.database.quota(&plant).unwrap());
    }
}
