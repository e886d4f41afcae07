//! What people do to incidents, and that two of them cannot overwrite each other unseen.

use std::sync::Barrier;

use serde_json::{Value, json};
use tripline::abi::Severity;
use tripline::token::Scope;

use crate::api::{get, incident, post, tenant};
use crate::fixture::{Site, problem};

#[test]
fn a_working_day() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    let id = incident(&site, "default", "one", Severity::High);
    let at = |act: &str| format!("/api/v1/incidents/{id}/{act}");
    let mut etag = get(&site, &format!("/api/v1/incidents/{id}"), &token).header("etag").unwrap().to_string();
    let mut step = |act: &str, body: Value, state: &str| {
        let reply = post(&site, &at(act), &token, &format!("If-Match: {etag}\r\n"), &body);
        assert_eq!((reply.status, &reply.json()["state"]), (200, &json!(state)), "{act}: {reply:?}");
        let new = reply.header("etag").unwrap().to_string();
        assert_ne!(new, etag, "{act}");
        etag = new;
        reply.json()
    };
    let acknowledged = step("acknowledge", json!({ "for_seconds": 3600 }), "acknowledged");
    assert_eq!(acknowledged["acknowledged_until"], "2026-11-18T12:06:40Z");
    assert_eq!(step("assign", json!({ "to": "jana" }), "acknowledged")["assignee"], "jana");
    step("comment", json!({ "text": "asked its owner" }), "acknowledged");
    assert_eq!(step("assign", json!({ "to": null }), "acknowledged").get("assignee"), None);
    let resolved = step("resolve", json!({ "resolution": "false-positive", "comment": "ours" }), "resolved");
    assert_eq!(resolved["resolution"], "false-positive");
    step("reopen", json!({ "comment": "not ours" }), "open");
    let one = get(&site, &format!("/api/v1/incidents/{id}"), &token).json();
    let timeline = one["timeline"].as_array().unwrap();
    let happened: Vec<_> = timeline.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(
        happened,
        ["opened", "acknowledged", "assigned", "commented", "assigned", "resolved", "reopened"]
    );
    assert!(timeline[1..].iter().all(|entry| entry["by"] == "test"), "who did it is who has the token");
    assert_eq!(timeline[5]["comment"], "ours");
}

#[test]
fn what_its_state_does_not_allow_is_a_conflict() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    let id = incident(&site, "default", "one", Severity::High);
    let act = |act: &str, body: Value| {
        post(&site, &format!("/api/v1/incidents/{id}/{act}"), &token, "If-Match: *\r\n", &body)
    };
    let reply = act("reopen", json!({}));
    assert_eq!((reply.status, problem(&reply).as_str()), (409, "conflict"));
    assert_eq!(reply.json()["detail"], "incident 1: expected it to be resolved, found it open");
    assert_eq!(act("resolve", json!({ "resolution": "unknown" })).status, 200);
    for (again, body) in [("resolve", json!({ "resolution": "unknown" })), ("acknowledge", json!({}))] {
        let reply = act(again, body);
        assert_eq!((reply.status, problem(&reply).as_str()), (409, "conflict"), "{again}");
    }
}

#[test]
fn a_change_says_which_version_it_means() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    let id = incident(&site, "default", "one", Severity::High);
    let act = |act: &str, given: &str, body: &Value| {
        post(&site, &format!("/api/v1/incidents/{id}/{act}"), &token, given, body)
    };
    let ack = json!({});
    let version = |id: i64| site.database.incident(&tenant("default"), id).unwrap().unwrap().version;
    let (before, etag) = (version(id), format!("\"{}\"", version(id)));
    let missing = act("acknowledge", "", &ack);
    assert_eq!((missing.status, problem(&missing).as_str()), (428, "precondition"));
    for wrong in ["1", "\"1", "", "\"1\" \"2\"", "\"1\",", &["\"1\""; 9].join(",")] {
        let reply = act("acknowledge", &format!("If-Match: {wrong}\r\n"), &ack);
        assert_eq!((reply.status, problem(&reply).as_str()), (400, "malformed"), "{wrong}");
    }
    let twice = act("acknowledge", &format!("If-Match: {etag}\r\nIf-Match: {etag}\r\n"), &ack);
    assert_eq!(twice.status, 400);
    for stale in [
        "\"0\"",
        &format!("\"{}\"", before + 1),
        &format!("W/{etag}"),
        "\"x\"",
        "\"\"",
        "\"99999999999999999999\"",
    ] {
        let reply = act("acknowledge", &format!("If-Match: {stale}\r\n"), &ack);
        assert_eq!((reply.status, problem(&reply).as_str()), (412, "changed"), "{stale}");
        assert_eq!(reply.header("etag"), Some(&etag[..]), "{stale}");
    }
    assert_eq!(version(id), before);
    assert_eq!(act("acknowledge", &format!("If-Match: \"777\", {etag}\r\n"), &ack).status, 200);
    // What only adds may say nothing; if it says something, that holds.
    let comment = json!({ "text": "x" });
    assert_eq!(act("comment", "", &comment).status, 200);
    assert_eq!(act("comment", &format!("If-Match: {etag}\r\n"), &comment).status, 412);
}

#[test]
fn of_two_who_acknowledge_at_once_one_is_told_that_it_came_late() {
    let site = Site::new();
    let tokens = ["default"; 2].map(|of| site.token_of(of, Scope::Analyst, None));
    for round in 0..10 {
        let id = incident(&site, "default", &format!("round {round}"), Severity::High);
        let before = site.database.incident(&tenant("default"), id).unwrap().unwrap().version;
        let barrier = Barrier::new(2);
        let acknowledge = |token: &str| {
            let path = format!("/api/v1/incidents/{id}/acknowledge");
            barrier.wait();
            post(&site, &path, token, &format!("If-Match: \"{before}\"\r\n"), &json!({})).status
        };
        let (a, b) = std::thread::scope(|scope| {
            let other = scope.spawn(|| acknowledge(&tokens[1]));
            (acknowledge(&tokens[0]), other.join().unwrap())
        });
        assert_eq!([a.min(b), a.max(b)], [200, 412], "round {round}");
        let kept = site.database.incident(&tenant("default"), id).unwrap().unwrap();
        assert_eq!(kept.version, before + 1);
    }
}

#[test]
fn of_two_at_once_one_is_told_that_it_came_late() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    for round in 0..10 {
        let id = incident(&site, "default", &format!("round {round}"), Severity::High);
        let version = || site.database.incident(&tenant("default"), id).unwrap().unwrap().version;
        let (before, barrier) = (version(), Barrier::new(2));
        let one = |who: &str| {
            let path = format!("/api/v1/incidents/{id}/assign");
            barrier.wait();
            post(&site, &path, &token, &format!("If-Match: \"{before}\"\r\n"), &json!({ "to": who })).status
        };
        let (a, b) = std::thread::scope(|scope| {
            let other = scope.spawn(|| one("b"));
            (one("a"), other.join().unwrap())
        });
        let kept = site.database.incident(&tenant("default"), id).unwrap().unwrap();
        assert_eq!([a.min(b), a.max(b)], [200, 412], "round {round}");
        assert_eq!(kept.assignee.as_deref(), Some(if a == 200 { "a" } else { "b" }));
        assert_eq!(kept.version, before + 1);
    }
}
