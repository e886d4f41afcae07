//! Tokens: who is let in, and that whoever is not learns nothing.

use std::time::Duration;

use tripline::commit::Tenant;
use tripline::incidents::Actor;
use tripline::token::Scope;

use crate::fixture::{Setup, Site, problem};

const DOCUMENT: &str = "/api/v1/openapi.json";

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
