//! How it stands: for those who watch it, and in figures.

use serde_json::Value;
use tripline::token::Scope;

use crate::fixture::{Setup, Site, lines, problem};

#[test]
fn it_says_whether_it_is_ready_and_why_not() {
    let site = Site::new();
    let ask = |path: &str| site.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(ask("/livez").json()["live"], true);
    let ready = ask("/readyz");
    assert_eq!((ready.status, ready.json()["ready"].clone()), (200, Value::Bool(true)));
    site.health.store_waits(true, "disk full at /var/lib/secret");
    site.health.security_log(false);
    let waits = ask("/readyz");
    assert_eq!(waits.status, 503);
    let reasons = waits.json()["reasons"].clone();
    let codes: Vec<&str> =
        reasons.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["store", "security-log"]);
    assert!(!waits.text().contains("/var/lib"), "{}", waits.text());
    // Lines are not taken that would only wait; it lives all the same.
    let reply = site.bring(&site.token(Scope::Ingest), "", b"n=1\n");
    assert_eq!((reply.status, problem(&reply).as_str()), (503, "unavailable"));
    assert!(reply.header("retry-after").is_some());
    assert_eq!(ask("/livez").status, 200);
    site.health.store_waits(false, "");
    assert_eq!(site.bring(&site.token(Scope::Ingest), "", b"n=1\n").status, 200);
    site.health.stopping();
    assert_eq!(ask("/readyz").json()["reasons"][0]["code"], "stopping");
}

#[test]
fn figures_are_of_what_happened() {
    let site = Site::new();
    let (operator, ingest) = (site.token(Scope::Operator), site.token(Scope::Ingest));
    let body = lines(0, 12);
    assert_eq!(site.bring(&ingest, "", body.as_bytes()).status, 200);
    let stranger = site.token_of("other", Scope::Ingest, None);
    assert_eq!(site.bring_to("/api/v1/ingest?source=theirs", &stranger, "", b"n=1\n").status, 200);
    // Told once a second of the clock.
    let reply = loop {
        site.clock.pass(2);
        let reply = site.get("/metrics", &operator);
        let has = |what: &str| reply.text().contains(what);
        if has("http/web") && has("tripline_pack_decisions_total{pack=\"each\"} 13") {
            break reply;
        }
    };
    assert!(reply.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = reply.text();
    let figure = |line: &str| -> f64 {
        let found = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{line} is not in\n{text}")).parse().unwrap()
    };
    let source = r#"{source="http/web",kind="http"}"#;
    assert_eq!(figure(&format!("tripline_source_lines_total{source}")), 12.0);
    assert_eq!(figure(&format!("tripline_source_bytes_total{source}")), body.len() as f64);
    assert_eq!(figure(r#"tripline_pack_decisions_total{pack="each"}"#), 13.0, "of all tenants");
    assert_eq!(figure(r#"tripline_pack_faults_total{pack="each"}"#), 0.0);
    assert_eq!(figure(r#"tripline_incidents{state="open"}"#), 1.0, "of its own tenant");
    assert_eq!(figure(r#"tripline_incidents{state="resolved"}"#), 0.0);
    assert_eq!(figure("tripline_outbox_waiting"), 0.0);
    assert_eq!(figure("tripline_ready"), 1.0);
    let route = r#"{method="POST",route="/api/v1/ingest",status="200"}"#;
    assert_eq!(figure(&format!("tripline_http_requests_total{route}")), 2.0);
    assert!(figure("tripline_store_commit_seconds_count") >= 2.0);
    for histogram in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" histogram"))
    {
        let bucket = format!("{histogram}_bucket{{");
        let mut buckets = text.lines().filter(|line| line.starts_with(&bucket)).peekable();
        assert!(buckets.peek().is_none() || buckets.any(|line| line.contains("le=\"+Inf\"")), "{histogram}");
    }
    assert!(text.contains("le=\"+Inf\""), "{text}");
    assert!(!text.contains("theirs"), "another tenant's source:\n{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_watcher_that_takes_only_prometheus_text_gets_it() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    let head = "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain;version=0.0.4\r\n";
    let reply = site.ask(format!("{head}Authorization: Bearer {operator}\r\n\r\n"));
    assert_eq!(reply.status, 200);
}

#[test]
fn the_document_says_of_every_route_what_it_needs_and_how_it_fails() {
    let site = Site::new();
    let reply = site.get("/api/v1/openapi.json", &site.token(Scope::Operator));
    let document = reply.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let security = operation["security"].as_array().unwrap_or_else(|| panic!("{method} {path}"));
            let scope = security.iter().find_map(|one| one.get("token"));
            let responses = operation["responses"].as_object().unwrap();
            let scope = scope.and_then(|scope| scope[0].as_str());
            if let Some(scope) = scope {
                assert!(
                    ["401", "403"].iter().all(|status| responses.contains_key(*status)),
                    "{method} {path}"
                );
                assert!(scope.parse::<Scope>().is_ok(), "{method} {path}");
            } else {
                // Whoever confirms has what was mailed, and nothing else.
                let open = ["/livez", "/readyz", "/api/v1/recipients/confirm"];
                assert!(open.contains(&path.as_str()), "{method} {path} needs no token");
            }
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                let content = response["content"].as_object().unwrap_or_else(|| panic!("{path} {status}"));
                let own = path == "/readyz" && status == "503";
                assert!(own || content.contains_key("application/problem+json"), "{method} {path} {status}");
            }
        }
    }
    assert!(operations >= 3);
}

#[test]
fn a_request_keeps_its_id_and_a_stranger_gets_one() {
    let site = Site::of(Setup::default());
    let ask = |header: &str| site.ask(format!("GET /nowhere HTTP/1.1\r\nHost: a\r\n{header}\r\n"));
    let kept = ask("X-Request-Id: a.b-1\r\n");
    assert_eq!((kept.header("x-request-id"), problem(&kept).as_str()), (Some("a.b-1"), "unknown"));
    let made = ask("X-Request-Id: <script>\r\n");
    assert_eq!(made.header("x-request-id").unwrap().len(), 32);
    assert!(!made.text().contains("script"));
    assert_eq!(
        (made.header("x-content-type-options"), made.header("cache-control")),
        (Some("nosniff"), Some("no-store"))
    );
    let method = site.ask("DELETE /livez HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((method.status, problem(&method).as_str()), (405, "method"));
    assert!(method.header("allow").unwrap().contains("GET"));
}
