//! Tokens: who is let in, and that whoever is not learns nothing.

use std::time::{Duration, Instant};

use tripline::commit::Tenant;
use tripline::incidents::Actor;
use tripline::security_log::{Record, Records};
use tripline::token::Scope;

use crate::fixture::{Setup, Site, problem};
use crate::raw::PATIENCE;

const DOCUMENT: &str = "/api/v1/openapi.json";

/// A mail's command says of which tenant it is: a token of another one must not do it to another incident.
#[test]
fn a_token_of_another_tenant_than_is_meant_does_nothing() {
    let site = Site::new();
    let token = site.token_of("plant", Scope::Operator, None);
    let asked = |meant: &str| {
        let request =
            format!("GET {DOCUMENT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n{meant}\r\n");
        site.ask(request).status
    };
    assert_eq!([asked(""), asked("Tripline-Tenant: plant\r\n")], [200, 200]);
    for other in ["Tripline-Tenant: shop\r\n", "Tripline-Tenant: plant\r\nTripline-Tenant: shop\r\n"] {
        assert_eq!(asked(other), 403, "{other}");
    }
}

#[test]
fn whatever_is_wrong_with_a_token_is_the_same() {
    let site = Site::new();
    let now = site.now();
    let revoked = site.token(Scope::Operator);
    let expires = site.token_of("default", Scope::Operator, Some(now + 1_000_000_000));
    for token in [&revoked, &expires] {
        assert_eq!(site.get(DOCUMENT, token).status, 200);
    }
    let actor = Actor::named("test", "test");
    assert!(site.database.revoke_token(&Tenant::default(), 1, actor).unwrap());
    site.clock.pass(1);
    let unknown = tripline::token::TokenSecret::draw().unwrap();
    let mut told = Vec::new();
    let upper = format!("Authorization: Bearer {}\r\n", revoked.to_uppercase());
    for header in [
        String::new(),
        "Authorization: Bearer \r\n".into(),
        "Authorization: Bearer x\r\n".into(),
        "Authorization: Bearer \u{e4}\r\n".into(),
        "Authorization: Basic dXNlcjpwYXNz\r\n".into(),
        format!("Authorization: {revoked}\r\n"),
        format!("Authorization: Bearer {revoked}\r\n"),
        format!("Authorization: Bearer {expires}\r\n"),
        format!("Authorization: Bearer {}\r\n", unknown.show()),
        upper,
    ] {
        let reply =
            site.ask(format!("GET {DOCUMENT} HTTP/1.1\r\nHost: a\r\nX-Request-Id: same\r\n{header}\r\n"));
        assert_eq!((reply.status, problem(&reply).as_str()), (401, "no-token"), "{header}");
        assert!(reply.header("www-authenticate").unwrap().starts_with("Bearer"));
        told.push(reply.text());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

/// Whoever is let in by the head of a request, and takes long for its body, is not let in any more when that is there.
#[test]
fn what_ends_while_a_body_is_on_its_way_makes_no_token() {
    let plant = Tenant::new("plant").unwrap();
    let (me, body) = (Actor::named("test", "test"), r#"{"name":"more","scope":"reader"}"#);
    let revoke = |site: &Site| assert!(site.database.revoke_token(&plant, 1, me.clone()).unwrap());
    let delete = |site: &Site| assert!(site.database.delete_tenant(&plant, me.clone()).unwrap());
    let run_out = |site: &Site| site.clock.pass(60);
    let ends: [&dyn Fn(&Site); 3] = [&revoke, &delete, &run_out];
    for (end, left) in ends.into_iter().zip([1, 0, 1]) {
        let site = Site::new();
        let token = site.token_of("plant", Scope::Admin, Some(site.now() + 60_000_000_000));
        let mut raw = site.raw();
        let head = format!("POST /api/v1/tokens HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n");
        let length = body.len();
        let head = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n");
        raw.send(format!("{head}Expect: 100-continue\r\n\r\n").as_bytes());
        // It asks for the body of somebody who is let in.
        let until = Instant::now() + PATIENCE;
        while !raw.has_reply() {
            assert!(Instant::now() < until, "nobody asks for the body");
            std::thread::yield_now();
        }
        let (half, rest) = body.split_at(length / 2);
        raw.send(half.as_bytes());
        end(&site);
        raw.send(rest.as_bytes());
        let reply = raw.reply();
        assert_eq!((reply.status, problem(&reply).as_str()), (401, "no-token"), "{reply:?}");
        assert_eq!(site.database.tokens(&plant).unwrap().len(), left);
    }
}

#[test]
fn a_token_given_twice_is_none() {
    let site = Site::new();
    let token = site.token(Scope::Operator);
    let line = format!("Authorization: Bearer {token}\r\n");
    let reply = site.ask(format!("GET {DOCUMENT} HTTP/1.1\r\nHost: a\r\n{line}{line}\r\n"));
    assert_eq!(reply.status, 401);
    let query = site.ask(format!("GET {DOCUMENT}?access_token={token} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(query.status, 401, "a query stands in logs");
}

#[test]
fn scopes_open_what_they_name() {
    let site = Site::new();
    let ingest = "/api/v1/ingest?source=web";
    for (scope, document, lines) in [
        (Scope::Operator, 200, 200),
        (Scope::Analyst, 403, 403),
        (Scope::Reader, 403, 403),
        (Scope::Ingest, 403, 200),
    ] {
        let token = site.token(scope);
        for path in [DOCUMENT, "/metrics"] {
            let reply = site.get(path, &token);
            assert_eq!(reply.status, document, "{scope} {path}");
            let _ = (document == 403).then(|| assert_eq!(problem(&reply), "forbidden"));
        }
        assert_eq!(site.bring_to(ingest, &token, "", b"n=1\n").status, lines, "{scope}");
    }
}

#[test]
fn the_tenant_is_the_tokens() {
    let site = Site::new();
    let token = site.token_of("other", Scope::Ingest, None);
    for headers in ["X-Tenant: default\r\n", "Tenant: default\r\n", ""] {
        assert_eq!(site.bring(&token, headers, b"n=1\n").status, 200);
    }
    let named = site.bring_to("/api/v1/ingest?source=web&tenant=default", &token, "", b"n=1\n");
    assert_eq!(named.status, 400);
    assert_eq!((site.count("default"), site.count("other")), (0, 3));
}

#[test]
fn whoever_guesses_is_kept_out_and_others_are_not() {
    let setup = Setup::limited(|limits| {
        limits.guesses = 5;
        limits.guessing = Duration::from_secs(60);
    });
    let site = Site::of(setup);
    let (known, fresh) = (site.token(Scope::Operator), site.token(Scope::Operator));
    assert_eq!(site.get(DOCUMENT, &known).status, 200);
    // Whoever says to come from elsewhere does not: there is no proxy that is believed.
    let guess = |n| {
        let head = format!("GET {DOCUMENT} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.{n}\r\n");
        site.ask(format!("{head}Forwarded: for=192.0.2.{n}\r\nAuthorization: Bearer tl_{n}\r\n\r\n")).status
    };
    let statuses: Vec<u16> = (0..7).map(guess).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    let kept_out = site.get(DOCUMENT, &fresh);
    assert_eq!((kept_out.status, problem(&kept_out).as_str()), (429, "guessing"));
    assert_eq!(kept_out.header("retry-after"), Some("60"));
    assert_eq!(site.get(DOCUMENT, &known).status, 200, "it has held before");
    site.clock.pass(60);
    assert_eq!(site.get(DOCUMENT, &fresh).status, 200);
}

/// Behind a proxy that is configured, each client is kept out for itself; behind any other, nobody is believed.
#[test]
fn a_configured_proxy_is_believed_and_only_for_what_it_says_itself() {
    for (proxies, apart) in
        [(vec!["127.0.0.0/8".parse().unwrap()], true), (vec!["10.0.0.0/8".parse().unwrap()], false)]
    {
        let mut setup = Setup::limited(|limits| {
            limits.guesses = 2;
            limits.guessing = Duration::from_secs(60);
        });
        setup.proxies = proxies;
        let site = Site::of(setup);
        let guess = |said: &str| {
            let head = format!("GET {DOCUMENT} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {said}\r\n");
            site.ask(format!("{head}Authorization: Bearer tl_1\r\n\r\n")).status
        };
        let mut statuses: Vec<u16> = (0..3).map(|_| guess("192.0.2.1")).collect();
        statuses.push(guess("192.0.2.2"));
        // What the client has written itself stands before what the proxy adds.
        statuses.push(guess("192.0.2.3, 192.0.2.1"));
        let expected = if apart { [401, 401, 429, 401, 429] } else { [401, 401, 429, 429, 429] };
        assert_eq!(statuses, expected);
    }
}

/// Waits until security.log's records of these events are so many, and answers them: a turn writes them each second.
#[track_caller]
fn records(site: &Site, event: &str, most: impl Fn(&[Record]) -> bool) -> Vec<Record> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let mut found = site.database.after(0, 1_000).unwrap();
        found.retain(|record| record.event == event);
        if most(&found) {
            return found;
        }
        assert!(Instant::now() < until, "found {found:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn sum(records: &[Record]) -> u64 {
    records.iter().filter_map(|record| record.fields["count"].as_u64()).sum()
}

#[test]
fn who_signs_in_and_who_is_refused_stands_in_security_log_with_from_where() {
    let setup = Setup::limited(|limits| limits.guesses = 10);
    let mut site = Site::of(setup);
    let token = site.token(Scope::Reader);
    for _ in 0..3 {
        assert_eq!(site.get("/api/v1/incidents", &token).status, 200);
    }
    let accepted = records(&site, "sign_in.accepted", |found| !found.is_empty());
    assert_eq!(accepted.len(), 1, "only the first time since the start");
    let fields = serde_json::Value::from(accepted[0].fields.clone());
    assert_eq!(fields, serde_json::json!({ "by": "token:1", "from": "peer:127.0.0.1", "scope": "reader" }));
    // Forty wrong tokens, of which most are not even looked at; without a token nobody signs in.
    let guess = || site.get("/api/v1/incidents", "tl_guess").status;
    assert_eq!(guess(), 401);
    records(&site, "sign_in.refused", |found| sum(found) == 1);
    let statuses: Vec<u16> = (1..40).map(|_| guess()).collect();
    assert_eq!((statuses[0], statuses[38]), (401, 429));
    assert_eq!(site.ask("GET /api/v1/incidents HTTP/1.1\r\nHost: a\r\n\r\n").status, 401);
    assert_eq!(site.get(DOCUMENT, &token).status, 403, "a scope that does not cover it is refused, too");
    site.clock.pass(61);
    let refused = records(&site, "sign_in.refused", |found| sum(found) == 41);
    assert_eq!(refused.len(), 2, "one a minute: {refused:?}");
    assert_eq!(refused[1].fields["from"], "peer:127.0.0.1");
    // What comes last is told before it ends.
    let (one, other) = (site.get(DOCUMENT, &token).status, site.token(Scope::Operator));
    assert_eq!((one, site.get(DOCUMENT, &other).status), (403, 200));
    site.end();
    assert_eq!(sum(&records(&site, "sign_in.refused", |_| true)), 42);
    assert_eq!(records(&site, "sign_in.accepted", |_| true).len(), 2);
}

#[test]
fn acts_over_http_say_from_where() {
    let site = Site::new();
    let token = site.token(Scope::Operator);
    let post = |path: &str, body: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n");
        let length = body.len();
        let head = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        site.ask(head + body).status
    };
    assert_eq!(post("/api/v1/tokens", r#"{"name":"ci","scope":"ingest"}"#), 201);
    assert_eq!(post("/api/v1/notices/flush", ""), 200);
    for event in ["token.added", "notices.flushed"] {
        let last = records(&site, event, |found| !found.is_empty()).pop().unwrap();
        assert_eq!((&last.fields["by"], &last.fields["from"]), (&"token:1".into(), &"peer:127.0.0.1".into()));
    }
}
