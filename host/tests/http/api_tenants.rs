//! Tenants over HTTP: added, used, given out and deleted by operators; and how far an admin of one goes.

use serde_json::{Value, json};
use tripline::abi::Severity;
use tripline::commit::Tenant;
use tripline::incidents::Policy;
use tripline::security_log::Records;
use tripline::token::Scope;

use crate::api::{call, get, incident, keys, post, token};
use crate::api_export::{fetch, whole};
use crate::fixture::{Site, problem};
use crate::packs::{NAME, WASM, module, put};

fn add(site: &Site, operator: &str, name: &str) -> Value {
    let body = json!({ "name": name, "recipients": ["soc@plant.example"] });
    let added = post(site, "/api/v1/tenants", operator, "", &body);
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(added.header("cache-control"), Some("no-store"), "a secret is in it");
    added.json()
}

#[test]
fn one_is_added_used_given_out_and_deleted() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    let added = add(&site, &operator, "plant");
    let secret = added["secret"].as_str().unwrap();
    assert_eq!(site.bring(secret, "", b"n=1 canary\n").status, 200);
    assert_eq!(get(&site, "/api/v1/incidents", secret).status, 403, "to bring lines, and nothing else");
    incident(&site, "default", "a neighbour's", Severity::Low);
    assert_eq!((site.count("plant"), site.count("default")), (1, 1));
    let again = post(&site, "/api/v1/tenants", &operator, "", &json!({ "name": "plant" }));
    assert_eq!((again.status, problem(&again).as_str()), (409, "conflict"));

    let listed = get(&site, "/api/v1/tenants", &operator).json();
    let plant = listed["tenants"].as_array().unwrap().iter().find(|one| one["name"] == "plant").unwrap();
    assert_eq!((&plant["tokens"], &plant["open"]), (&json!(1), &json!(1)));
    assert_eq!(plant["recipients"], json!([{ "address": "soc@plant.example", "confirmed": null }]));
    let confirm = |address: &str| {
        let body = json!({ "address": address });
        post(&site, "/api/v1/tenants/plant/recipients/confirm", &operator, "", &body).status
    };
    assert_eq!(
        ["other@plant.example", "soc@plant.example", "soc@plant.example"].map(confirm),
        [404, 200, 404]
    );

    let (content, text) = whole(&fetch(&site, "/api/v1/tenants/plant/export", &operator, || {}));
    assert_eq!(content, "application/x-ndjson");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        rows.iter().any(|row| row["table"] == "evidence" && row["row"]["text"] == "n=1 canary"),
        "{text}"
    );
    assert!(!text.contains("neighbour"));
    let mut records = site.database.after(0, 100).unwrap().into_iter();
    assert!(records.any(|record| record.event == "tenant.exported"), "who takes all along is told of");

    let delete =
        |name: &str| call(&site, "DELETE", &format!("/api/v1/tenants/{name}"), Some(&operator), "", None);
    assert_eq!([delete("plant").status, delete("plant").status, delete("nobody").status], [204, 404, 404]);
    let kept = delete("default");
    assert_eq!((kept.status, problem(&kept).as_str()), (409, "conflict"), "it stands in the configuration");
    assert_eq!(site.bring(secret, "", b"n=1 canary\n").status, 401);
    assert_eq!(get(&site, "/api/v1/tenants/plant/export", &operator).status, 404);
    assert!(!keys(&get(&site, "/api/v1/tenants", &operator), "tenants", "name").contains(&json!("plant")));
    assert_eq!((site.count("plant"), site.count("default")), (0, 1));
    // What its packs remember is written no more, though time goes on for them.
    site.clock.pass(3_600);
    assert_eq!(site.bring(&site.token(Scope::Ingest), "", b"n=1\n").status, 200);
    let reused = post(&site, "/api/v1/tenants", &operator, "", &json!({ "name": "plant" }));
    assert_eq!(reused.status, 409, "{reused:?}");
    let known = site.database.known_tenants().unwrap();
    assert!(known.iter().all(|one| one.tenant.as_str() != "plant"), "{known:?}");
}

#[test]
fn one_that_the_configuration_names_stays_and_what_one_that_is_deleted_pushed_judges_no_more() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    add(&site, &operator, "plant");
    let author = site.token_of("plant", Scope::Author, None);
    let pushed = put(&site, NAME, Some(&author), WASM, &module("good"));
    assert_eq!(pushed.status, 200, "{pushed:?}");
    let plant = Tenant::new("plant").unwrap();
    let configured = |names: &[&Tenant]| Policy {
        configured: names.iter().map(|one| (*one).clone()).collect(),
        ..Policy::default()
    };
    // By a listener, a file that is not there, a recipient, a quota: whatever it is.
    site.database.set_policy(configured(&[&plant]));
    let delete = || call(&site, "DELETE", "/api/v1/tenants/plant", Some(&operator), "", None);
    let kept = delete();
    assert_eq!((kept.status, problem(&kept).as_str()), (409, "conflict"), "{kept:?}");
    assert_eq!(site.packs_of("plant"), [NAME]);

    site.database.set_policy(configured(&[]));
    assert_eq!(delete().status, 204);
    assert_eq!(site.packs_of("plant"), [""; 0]);
}

#[test]
fn what_cannot_be_a_tenant_is_refused() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    for wrong in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": "Plant" }),
        json!({ "name": "../plant" }),
        json!({ "name": "x".repeat(65) }),
        json!({ "name": "plant", "recipients": ["nobody"] }),
        json!({ "name": "plant", "recipients": ["a@b.example\r\nBcc: c@d.example"] }),
        json!({ "name": "plant", "recipients": vec!["a@b.example"; 101] }),
        json!({ "name": "plant", "role": "operator" }),
    ] {
        let reply = post(&site, "/api/v1/tenants", &operator, "", &wrong);
        assert_eq!(reply.status, 422, "{wrong}: {reply:?}");
    }
    assert_eq!(keys(&get(&site, "/api/v1/tenants", &operator), "tenants", "name"), [json!("default")]);
}

#[test]
fn an_admin_goes_as_far_as_the_tenant_and_no_further() {
    let site = Site::new();
    let admin = site.token_of("plant", Scope::Admin, None);
    let made = |scope: &str| {
        let body = json!({ "name": scope, "scope": scope });
        post(&site, "/api/v1/tokens", &admin, "", &body)
    };
    for scope in ["admin", "analyst", "author", "reader", "ingest"] {
        let reply = made(scope);
        assert_eq!(reply.status, 201, "{scope}: {reply:?}");
        assert_eq!(reply.json()["tenant"], "plant");
    }
    let refused = made("operator");
    assert_eq!((refused.status, problem(&refused).as_str()), (403, "forbidden"));
    for path in ["/metrics", "/api/v1/openapi.json", "/api/v1/tenants"] {
        assert_eq!(get(&site, path, &admin).status, 403, "{path}");
    }
    // Who runs the server is not shut out by a tenant, nor is another tenant's token.
    let operator = site.token_of("plant", Scope::Operator, None);
    let number = site.database.tokens(&crate::api::tenant("plant")).unwrap().last().unwrap().id;
    let revoke =
        |id: i64| call(&site, "DELETE", &format!("/api/v1/tokens/{id}"), Some(&admin), "", None).status;
    assert_eq!(
        [revoke(number), revoke(token(&site, "default")), revoke(token(&site, "plant"))],
        [403, 404, 204]
    );
    assert_eq!(get(&site, "/metrics", &operator).status, 200);
}

#[test]
fn what_one_may_use_is_changed_by_operators_and_counts_at_once() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    let body = json!({ "name": "plant", "quota": { "lines": 10, "stored": 1 << 30 } });
    let added = post(&site, "/api/v1/tenants", &operator, "", &body);
    assert_eq!(added.status, 201, "{added:?}");
    let secret = added.json()["secret"].as_str().unwrap().to_string();
    let change = |token: &str, name: &str, body: &Value| {
        call(&site, "PATCH", &format!("/api/v1/tenants/{name}"), Some(token), "", Some(body))
    };
    let lines = b"n=1\n".repeat(30);
    assert_eq!(site.bring(&secret, "", &lines).status, 200);
    assert_eq!(site.bring(&secret, "", &lines).status, 429);
    let shown = || {
        let listed = get(&site, "/api/v1/tenants", &operator).json();
        let plant = listed["tenants"].as_array().unwrap().iter().find(|one| one["name"] == "plant").unwrap();
        (plant["quota"].clone(), plant["over"].clone(), plant["used"]["stored"].as_u64().unwrap())
    };
    let (quota, over, _) = shown();
    assert_eq!((quota, over), (json!({ "lines": 10, "stored": 1 << 30 }), json!(["lines"])));
    let admin = site.token_of("plant", Scope::Admin, None);
    assert_eq!(change(&admin, "plant", &json!({ "quota": { "lines": null } })).status, 403);
    let changed = change(&operator, "plant", &json!({ "quota": { "lines": null, "mails_per_day": 5 } }));
    assert_eq!(
        (changed.status, &changed.json()["quota"]),
        (200, &json!({ "stored": 1 << 30, "mails_per_day": 5 }))
    );
    assert_eq!(site.bring(&secret, "", &lines).status, 200, "at once");
    let (quota, over, stored) = shown();
    assert_eq!((quota, over), (json!({ "stored": 1 << 30, "mails_per_day": 5 }), json!([])));
    assert!(stored > 0);
    for wrong in [
        json!({}),
        json!({ "quota": { "cores": 1 } }),
        json!({ "quota": { "lines": 0 } }),
        json!({ "quota": { "lines": -1 } }),
        json!({ "quota": { "lines": 1.5 } }),
        json!({ "quota": { "stored": "2 GiB" } }),
        json!({ "quota": { "stored": u64::MAX } }),
        json!({ "quota": { "lines": 1 }, "tenant": "default" }),
    ] {
        assert_eq!(change(&operator, "plant", &wrong).status, 422, "{wrong}");
    }
    assert_eq!(change(&operator, "nobody", &json!({ "quota": { "lines": 1 } })).status, 404);
    let records = site.database.after(0, 1_000).unwrap();
    assert_eq!(records.iter().filter(|one| one.event == "tenant.quota_changed").count(), 2);
}
