//! Incidents in pages, and one of them: what is asked for is found, and nothing else.

use serde_json::{Value, json};
use tripline::abi::Severity;
use tripline::incidents::Filter;
use tripline::serve::SourceFigures;
use tripline::token::Scope;

use crate::api::{exception, get, incident, keys, post, resolve, silence, tenant};
use crate::fixture::{Site, problem};

fn ids(site: &Site, query: &str, token: &str) -> Vec<Value> {
    let reply = get(site, &format!("/api/v1/incidents?{query}"), token);
    assert_eq!(reply.status, 200, "{reply:?}");
    keys(&reply, "incidents", "id")
}

#[test]
fn a_filter_finds_what_it_says() {
    let site = Site::new();
    let token = site.token(Scope::Reader);
    for (title, severity) in
        [("disk full", Severity::Low), ("login of root", Severity::High), ("disk gone", Severity::Critical)]
    {
        incident(&site, "default", title, severity);
        site.clock.pass(60);
    }
    resolve(&site, "default", 1);
    assert_eq!(ids(&site, "", &token), [3, 2], "open and acknowledged, the latest change first");
    assert_eq!(ids(&site, "state=open,acknowledged,resolved", &token), [1, 3, 2]);
    assert_eq!(ids(&site, "state=resolved", &token), [1]);
    assert_eq!(ids(&site, "severity=critical", &token), [3]);
    assert_eq!(ids(&site, "search=disk", &token), [3]);
    assert_eq!(ids(&site, "search=DISK%20g", &token), [3]);
    assert_eq!(ids(&site, "rule=tripline/*", &token), [3, 2]);
    assert_eq!(ids(&site, "rule=sshd/*", &token), Vec::<Value>::new());
    assert_eq!(ids(&site, "assignee=jana", &token), Vec::<Value>::new());
    let changed = get(&site, "/api/v1/incidents/3", &token).json()["changed"].as_str().unwrap().to_string();
    assert_eq!(ids(&site, &format!("since={changed}"), &token), [3]);
    assert_eq!(ids(&site, &format!("before={changed}"), &token), [2]);
    for (wrong, status) in [
        ("state=closed", 422),
        ("state=", 422),
        ("severity=worst", 400),
        ("rule=sshd", 422),
        ("since=yesterday", 422),
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=-1", 400),
        ("search=", 422),
        ("search=a%0ab", 422),
        ("tenant=other", 400),
        ("state=open&state=open", 400),
        ("cursor=", 404),
        ("cursor=AAAA", 404),
    ] {
        let reply = get(&site, &format!("/api/v1/incidents?{wrong}"), &token);
        assert_eq!(reply.status, status, "{wrong}: {reply:?}");
        problem(&reply);
    }
    // Of what nobody asked for it is said what it is; not by what it was read.
    let reply = get(&site, "/api/v1/incidents?bogus=1", &token).json();
    let detail = reply["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("behind the question mark: bogus: unknown field `bogus`, expected one of "),
        "{detail}"
    );
}

#[test]
fn pages_follow_each_other_and_cursors_are_taken_only_where_they_were_given() {
    let site = Site::new();
    let token = site.token(Scope::Reader);
    let stranger = site.token_of("other", Scope::Operator, None);
    // Some at the same time: the number decides then.
    for number in 0..7 {
        incident(&site, "default", &format!("number {number}"), Severity::Low);
        incident(&site, "other", &format!("number {number}"), Severity::Low);
        site.clock.pass(number % 2);
    }
    let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let path = format!("/api/v1/incidents?limit=3&severity=low{cursor}");
        let reply = get(&site, &path, &token);
        found.extend(keys(&reply, "incidents", "id"));
        pages += 1;
        let Some(next) = reply.json()["next"].as_str().map(String::from) else { break };
        for (query, token) in [
            (format!("limit=3&severity=low&cursor={next}"), &stranger),
            (format!("limit=3&cursor={next}"), &token),
            (format!("limit=3&severity=medium&cursor={next}"), &token),
            (format!("limit=3&severity=low&cursor={}A", &next[..next.len() - 1]), &token),
        ] {
            let reply = get(&site, &format!("/api/v1/incidents?{query}"), token);
            assert_eq!((reply.status, problem(&reply).as_str()), (404, "unknown"), "{query}");
        }
        cursor = format!("&cursor={next}");
    }
    assert_eq!((found, pages), ([7, 6, 5, 4, 3, 2, 1].map(Value::from).to_vec(), 3));
}

#[test]
fn one_has_all_that_is_known_of_it() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    let body = json!({
        "severity": "high", "title": "Laptop lost", "details": "in the train\nto \u{202e}Bonn", "fingerprint": "lost",
        "values": { "who": "jana", "where": "train" }, "tags": ["hardware"],
    });
    let reported = post(&site, "/api/v1/incidents", &token, "", &body);
    assert_eq!(reported.status, 201, "{reported:?}");
    assert_eq!(reported.header("location"), Some("/api/v1/incidents/1"));
    assert_eq!(reported.json(), json!({ "outcome": "opened", "incident": 1 }));
    site.clock.pass(1);
    let again = post(&site, "/api/v1/incidents", &token, "", &body);
    assert_eq!((again.status, again.json()), (200, json!({ "outcome": "occurred-again", "incident": 1 })));
    let reply = get(&site, "/api/v1/incidents/1", &token);
    let one = reply.json();
    assert_eq!(reply.header("etag"), Some(&*format!("\"{}\"", one["version"])));
    let expected = json!({
        "type": "incident", "id": 1, "state": "open", "generation": 1, "tenant": "default", "pack": "tripline",
        "rule": "reported", "severity": "high", "fingerprint": "lost", "title": "Laptop lost",
        "summary": "in the train\nto \u{202e}Bonn", "count": 2, "values": { "who": "jana", "where": "train" },
        "tags": ["hardware"], "overflow": false, "evidence_dropped": 0,
    });
    // Of reports with one fingerprint each is kept.
    let texts: Vec<&str> =
        one["evidence"].as_array().unwrap().iter().map(|each| each["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Laptop lost\nin the train\nto \u{202e}Bonn\nwho: jana\nwhere: train"; 2]);
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(one[key], *value, "{key}");
    }
    let happened: Vec<_> = one["timeline"].as_array().unwrap().iter().map(|entry| &entry["what"]).collect();
    assert_eq!(happened, ["opened", "occurred"]);
    let by = one["timeline"].as_array().unwrap().iter().map(|entry| &entry["by"]);
    assert!(by.into_iter().all(|by| by == "test"), "who reports is who has the token: {}", one["timeline"]);
    // What is hidden is written so that a terminal shows it.
    assert!(reply.text().contains(r"to \u202eBonn"), "{}", reply.text());
    assert_eq!(keys(&get(&site, "/api/v1/incidents", &token), "incidents", "timeline"), [Value::Null]);
}

#[test]
fn what_nobody_asked_for_is_refused() {
    let site = Site::new();
    let token = site.token(Scope::Operator);
    let id = incident(&site, "default", "one", Severity::Low);
    silence(&site, "default");
    exception(&site, "default");
    let before = site.database.incident(&tenant("default"), id).unwrap().unwrap();
    let at = |act: &str| format!("/api/v1/incidents/{id}/{act}");
    let report = |key: &str, value: Value| {
        let mut body = json!({ "severity": "low", "title": "t" });
        body[key] = value;
        ("/api/v1/incidents".to_string(), body)
    };
    let long = "x".repeat(4_097);
    let many: Value = (0..33)
        .map(|number| (format!("v{number}"), Value::from("x")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let window = |change: Value| {
        let mut body = crate::api::new_silence();
        change.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        ("/api/v1/silences".to_string(), body)
    };
    for (path, body) in [
        report("tenant", json!("other")),
        report("created_by", json!("jana")),
        report("severity", json!("worst")),
        report("severity", json!(null)),
        report("title", json!("")),
        report("title", json!("two\nlines")),
        report("title", json!("x".repeat(513))),
        report("details", json!("a\u{0}b")),
        report("values", json!({ "a": 1 })),
        report("values", many),
        report("values", json!({ "": "x" })),
        report("tags", json!(["a\nb"])),
        report("tags", json!(vec!["x"; 33])),
        (at("acknowledge"), json!({ "for_seconds": 0 })),
        (at("acknowledge"), json!({ "for_seconds": -5 })),
        (at("acknowledge"), json!({ "for_seconds": 315_360_001 })),
        (at("acknowledge"), json!({ "hold": 5 })),
        (at("assign"), json!({})),
        (at("assign"), json!({ "to": "" })),
        (at("comment"), json!({ "text": " " })),
        (at("comment"), json!({ "text": long })),
        (at("comment"), json!({ "text": "x", "role": "operator" })),
        (at("resolve"), json!({})),
        (at("resolve"), json!({ "resolution": "done" })),
        (at("reopen"), json!({ "comment": 5 })),
        (at("reopen"), json!([])),
        window(json!({ "rule": null })),
        window(json!({ "rule": "sshd" })),
        window(json!({ "ends": "2000-01-01T00:00:00Z" })),
        window(json!({ "ends": "soon" })),
        window(json!({ "reason": "" })),
        window(json!({ "author": "jana" })),
        ("/api/v1/exceptions".into(), json!({ "reason": "x" })),
        ("/api/v1/exceptions".into(), json!({ "reason": "x", "field": "ip" })),
        ("/api/v1/exceptions".into(), json!({ "reason": "x", "field": "ip", "network": "192.0.2.0/33" })),
        ("/api/v1/exceptions".into(), json!({ "reason": "x", "field": "ip", "network": "192.0.2.5/24" })),
        (
            "/api/v1/exceptions".into(),
            json!({ "reason": "x", "field": "ip", "network": "::/0", "value": "*" }),
        ),
        ("/api/v1/notices/retry".into(), json!({ "notice": "x" })),
    ] {
        let reply = post(&site, &path, &token, "If-Match: *\r\n", &body);
        assert_eq!((reply.status, problem(&reply).as_str()), (422, "invalid"), "{path} {body}");
    }
    let after = site.database.incident(&tenant("default"), id).unwrap().unwrap();
    assert_eq!(after, before, "nothing was done");
    assert_eq!(site.database.silences(&tenant("default"), true).unwrap().len(), 1);
    assert_eq!(site.database.exceptions(&tenant("default"), true).unwrap().len(), 1);
}

#[test]
fn silences_and_exceptions_are_made_listed_and_ended() {
    let site = Site::new();
    let token = site.token(Scope::Analyst);
    for (name, body) in [
        (
            "silences",
            json!({ "rule": "x/*", "severity": "low", "fields": { "ip": "192.0.2.*" },
            "starts": "2026-12-01T06:00:00Z", "ends": "2100-01-01T00:00:00Z", "reason": "a window" }),
        ),
        (
            "exceptions",
            json!({ "rule": "x/*", "field": "ip", "network": "192.0.2.0/24", "severity": "low",
            "until": "2100-01-01T00:00:00Z", "reason": "known" }),
        ),
    ] {
        let path = format!("/api/v1/{name}");
        let made = post(&site, &path, &token, "", &body);
        assert_eq!(made.status, 201, "{made:?}");
        for (key, value) in body.as_object().unwrap() {
            assert_eq!(made.json()[key], *value, "{name} {key}");
        }
        assert_eq!((made.json()["id"].clone(), made.json()["author"].clone()), (json!(1), json!("test")));
        assert_eq!(get(&site, &path, &token).json(), json!({ name: [made.json()], "next": null }));
        let end =
            |id: i64| crate::api::call(&site, "DELETE", &format!("{path}/{id}"), Some(&token), "", None);
        assert_eq!((end(1).status, end(1).status, end(2).status), (204, 404, 404));
        assert_eq!(get(&site, &path, &token).json(), json!({ name: [], "next": null }));
        assert_eq!(keys(&get(&site, &format!("{path}?all=true"), &token), name, "id"), [1]);
    }
    // An exception that was made takes the next report out.
    let made = json!({ "rule": "tripline/reported", "field": "host", "value": "web-*", "reason": "known" });
    assert_eq!(post(&site, "/api/v1/exceptions", &token, "", &made).status, 201);
    let report = json!({ "severity": "low", "title": "taken", "values": { "host": "web-1" } });
    let reply = post(&site, "/api/v1/incidents", &token, "", &report);
    assert_eq!((reply.status, reply.json()), (200, json!({ "outcome": "excepted", "incident": null })));
    let taken = get(&site, "/api/v1/exceptions/2/decisions", &token).json();
    assert_eq!(taken["decisions"][0]["title"], "taken");
    assert_eq!(taken["decisions"].as_array().unwrap().len(), 1);
}

#[test]
fn sources_are_the_tenants_own_and_costs_the_operators() {
    let site = Site::new();
    let (reader, operator) = (site.token(Scope::Reader), site.token(Scope::Operator));
    for (of, name) in [("default", "a.log"), ("other", "b.log")] {
        site.health.source(SourceFigures {
            tenant: tenant(of),
            name: name.into(),
            kind: "file",
            lines: 3,
            bytes: 99,
            lag_bytes: Some(7),
            last: None,
        });
    }
    let own = json!({ "sources": [{
        "type": "source", "name": "a.log", "kind": "file", "lines": 3, "bytes": 99, "lag_bytes": 7, "last": null,
    }] });
    assert_eq!(get(&site, "/api/v1/sources", &reader).json(), own);
    assert_eq!(get(&site, "/api/v1/sources", &operator).json(), own);
    let packs = get(&site, "/api/v1/packs", &operator);
    assert_eq!(packs.status, 200);
    assert!(packs.json()["packs"].is_array());
}

/// A source's lines are whose evidence an incident has; its name is as it is shown.
#[test]
fn incidents_are_found_by_their_source() {
    let site = Site::new();
    let (ingest, token) = (site.token(Scope::Ingest), site.token(Scope::Reader));
    assert_eq!(site.bring_to("/api/v1/ingest?source=web", &ingest, "", b"n=1\n").status, 200);
    incident(&site, "default", "reported", Severity::Low);
    let all = site.database.page(&tenant("default"), &Filter::default(), None, 10).unwrap().incidents;
    assert_eq!(all.iter().filter(|one| one.sources == ["http/web"]).count(), 1, "{all:?}");
    for (source, found) in
        [("http/web", 1), ("http/*", 1), ("*", 1), ("http/we", 0), ("*/auth.log", 0), ("http/[w]eb", 0)]
    {
        assert_eq!(ids(&site, &format!("source={source}"), &token).len(), found, "{source}");
    }
    assert_eq!(get(&site, "/api/v1/incidents?source=", &token).status, 422);
}

/// Also lists of which all that ever was is asked for come in pages, and each thing once.
#[test]
fn lists_by_number_come_in_pages() {
    let site = Site::new();
    let token = site.token(Scope::Operator);
    let stranger = site.token_of("other", Scope::Operator, None);
    for _ in 0..7 {
        silence(&site, "default");
        exception(&site, "default");
        crate::api::token(&site, "default");
    }
    for list in ["silences", "exceptions", "tokens"] {
        let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let reply = get(&site, &format!("/api/v1/{list}?all=true&limit=3{cursor}"), &token);
            assert_eq!(reply.status, 200, "{reply:?}");
            let page = keys(&reply, list, "id");
            assert!(page.len() <= 3, "{page:?}");
            found.extend(page);
            pages += 1;
            let Some(next) = reply.json()["next"].as_str().map(String::from) else { break };
            for (query, token) in [
                (format!("{list}?all=true&cursor={next}"), &stranger),
                (format!("{list}?cursor={next}"), &token),
                (format!("{list}?all=true&cursor={}A", &next[..next.len() - 1]), &token),
            ] {
                let reply = get(&site, &format!("/api/v1/{query}"), token);
                assert_eq!((reply.status, problem(&reply).as_str()), (404, "unknown"), "{query}");
            }
            cursor = format!("&cursor={next}");
        }
        assert_eq!(pages, 3, "{list}: {found:?}");
        let mut once = found.clone();
        once.dedup();
        assert_eq!((once.len(), found.len()), (found.len(), if list == "tokens" { 8 } else { 7 }), "{list}");
        for (wrong, status) in [("limit=0", 422), ("limit=201", 422), ("limit=x", 400), ("cursor=", 404)] {
            assert_eq!(
                get(&site, &format!("/api/v1/{list}?{wrong}"), &token).status,
                status,
                "{list} {wrong}"
            );
        }
    }
}
