//! Tokens over HTTP: made, listed and revoked by operators; a secret is shown once.

use serde_json::json;
use tripline::token::Scope;

use crate::api::{call, get, keys, post};
use crate::fixture::{Site, problem};
use crate::raw::PATIENCE;

#[test]
fn one_is_made_used_and_revoked() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    let added = post(&site, "/api/v1/tokens", &operator, "", &json!({ "name": "web-1", "scope": "ingest" }));
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(added.header("cache-control"), Some("no-store"), "a secret is in it");
    let added = added.json();
    let (id, secret) = (added["id"].as_i64().unwrap(), added["secret"].as_str().unwrap().to_string());
    assert_eq!(
        (&added["name"], &added["scope"], &added["tenant"]),
        (&json!("web-1"), &json!("ingest"), &json!("default"))
    );
    assert!(added["author"].as_str().unwrap().starts_with("token:"), "{added}");
    assert_eq!(site.bring(&secret, "", b"n=1\n").status, 200);
    // It is shown nowhere any more.
    let listed = get(&site, "/api/v1/tokens", &operator);
    assert!(keys(&listed, "tokens", "id").contains(&json!(id)));
    assert!(!listed.text().contains(&secret) && !listed.text().contains("secret"));
    let revoke = |id: i64| call(&site, "DELETE", &format!("/api/v1/tokens/{id}"), Some(&operator), "", None);
    assert_eq!(revoke(id).status, 204);
    assert_eq!(site.bring(&secret, "", b"n=1\n").status, 401);
    assert_eq!(revoke(id).status, 404);
    assert!(!keys(&get(&site, "/api/v1/tokens", &operator), "tokens", "id").contains(&json!(id)));
    assert!(keys(&get(&site, "/api/v1/tokens?all=true", &operator), "tokens", "id").contains(&json!(id)));
}

#[test]
fn one_runs_out() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    // Of 2026-11-18, which is when the site begins.
    let body = |expires: &str| json!({ "name": "t", "scope": "reader", "expires": expires });
    let added = post(&site, "/api/v1/tokens", &operator, "", &body("2026-11-19T00:00:00Z"));
    assert_eq!(added.status, 201, "{added:?}");
    let secret = added.json()["secret"].as_str().unwrap().to_string();
    assert_eq!(get(&site, "/api/v1/incidents", &secret).status, 200);
    site.clock.pass(24 * 3600);
    assert_eq!(get(&site, "/api/v1/incidents", &secret).status, 401);
    assert_eq!(post(&site, "/api/v1/tokens", &operator, "", &body("2026-11-19T00:00:00Z")).status, 422);
}

#[test]
fn none_outlives_the_one_by_which_it_is_made() {
    let site = Site::new();
    let operator = site.token_of("default", Scope::Operator, Some(site.now() + 3600 * 1_000_000_000));
    let add = |new: serde_json::Value| post(&site, "/api/v1/tokens", &operator, "", &new);
    let later = json!({ "name": "t", "scope": "operator", "expires": "2027-11-19T00:00:00Z" });
    assert_eq!(add(later).status, 422);
    let added = add(json!({ "name": "t", "scope": "operator" }));
    assert_eq!(added.status, 201, "{added:?}");
    let added = added.json();
    assert!(added["expires"].is_string(), "{added}");
    let secret = added["secret"].as_str().unwrap();
    assert_eq!(get(&site, "/api/v1/incidents", secret).status, 200);
    site.clock.pass(3600);
    assert_eq!(get(&site, "/api/v1/incidents", secret).status, 401);
}

/// Else whoever adds and revokes them has them kept without end.
#[test]
fn only_so_many_are_kept_also_of_those_that_are_over() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    let rows = "WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
        INSERT INTO tokens (tenant, name, hash, scope, created, author, revoked)
        SELECT ?2, 'over', CAST(printf('%032d', n) AS BLOB), 'reader', 0, 'test', 0 FROM n";
    let db = rusqlite::Connection::open(site.path("t.db")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db.execute(rows, (9_999, "default")).unwrap();
    let one = json!({ "name": "t", "scope": "reader" });
    assert_eq!(post(&site, "/api/v1/tokens", &operator, "", &one).status, 201, "the last");
    let reply = post(&site, "/api/v1/tokens", &operator, "", &one);
    assert_eq!((reply.status, problem(&reply).as_str()), (409, "conflict"), "{reply:?}");
    let other = site.token_of("other", Scope::Admin, None);
    assert_eq!(post(&site, "/api/v1/tokens", &other, "", &one).status, 201, "each tenant has its own");
}

#[test]
fn what_nobody_asked_for_is_refused() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    for wrong in [
        json!({ "name": "t" }),
        json!({ "name": "t", "scope": "root" }),
        json!({ "name": "", "scope": "reader" }),
        json!({ "name": "a\nb", "scope": "reader" }),
        json!({ "name": "x".repeat(65), "scope": "reader" }),
        json!({ "name": "t", "scope": "reader", "tenant": "other" }),
        json!({ "name": "t", "scope": "reader", "secret": "tl_mine" }),
        json!({ "name": "t", "scope": "reader", "expires": "tomorrow" }),
    ] {
        let reply = post(&site, "/api/v1/tokens", &operator, "", &wrong);
        assert_eq!(reply.status, 422, "{wrong}: {reply:?}");
        problem(&reply);
    }
    assert_eq!(keys(&get(&site, "/api/v1/tokens", &operator), "tokens", "id").len(), 1);
}
