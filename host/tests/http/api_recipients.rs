//! A recipient confirms by what was mailed to it, over HTTP: without any other token, once, and nobody by guessing.

use serde_json::json;
use tripline::notices::{Content, End, Next, Outbox};
use tripline::token::{ConfirmationSecret, Scope};

use crate::api::{call, get, post};
use crate::fixture::{Setup, Site, problem};
use crate::raw::Reply;

const PATH: &str = "/api/v1/recipients/confirm";

fn confirm(site: &Site, token: &str) -> Reply {
    call(site, "POST", PATH, None, "", Some(&json!({ "token": token })))
}

#[test]
fn what_was_mailed_confirms_once_if_it_is_posted() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    let body = json!({ "name": "plant", "recipients": ["soc@plant.example"] });
    assert_eq!(post(&site, "/api/v1/tenants", &operator, "", &body).status, 201);
    let Next::Send(leased) = site.database.next("relay").unwrap() else { panic!("expected a mail") };
    let Content::Confirm(asked) = leased.content else { panic!("expected a mail that asks") };
    let token = asked.secret.show();
    // Whoever opens what a mail names, by whatever method, confirms nothing.
    for method in ["GET", "PUT"] {
        for path in [PATH.to_string(), format!("{PATH}?token={token}")] {
            assert_eq!(call(&site, method, &path, None, "", None).status, 405, "{method} {path}");
        }
    }
    assert_eq!(call(&site, "POST", &format!("{PATH}?token={token}"), None, "", Some(&json!({}))).status, 422);
    let listed = || get(&site, "/api/v1/tenants", &operator).json()["tenants"].to_string();
    assert!(listed().contains(r#""confirmed":null"#), "{}", listed());
    let reply = confirm(&site, token);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json(), json!({ "tenant": "plant", "address": "soc@plant.example" }));
    assert!(!listed().contains(r#""confirmed":null"#), "{}", listed());
    let again = confirm(&site, token);
    assert_eq!((again.status, problem(&again).as_str()), (404, "unknown"));
}

/// Whoever tries without knowing takes no turn of those who write: it is told at once, though somebody else has the database.
#[test]
fn a_wrong_one_changes_nothing_and_writes_nothing() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    let body = json!({ "name": "plant", "recipients": ["soc@plant.example"] });
    assert_eq!(post(&site, "/api/v1/tenants", &operator, "", &body).status, 201);
    let Next::Send(leased) = site.database.next("relay").unwrap() else { panic!("expected a mail") };
    let Content::Confirm(asked) = leased.content else { panic!("expected a mail that asks") };
    let other = rusqlite::Connection::open(site.database.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let wrong = ConfirmationSecret::draw().unwrap();
    assert_eq!(confirm(&site, wrong.show()).status, 404);
    other.execute_batch("ROLLBACK").unwrap();
    let listed = get(&site, "/api/v1/tenants", &operator).json()["tenants"].to_string();
    assert!(listed.contains(r#""confirmed":null"#), "{listed}");
    assert_eq!(confirm(&site, asked.secret.show()).status, 200, "that of the mail holds as before");
}

#[test]
fn one_that_is_not_confirmed_is_asked_anew() {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    let address = "soc@plant.example";
    for name in ["plant", "shop", "dock", "yard"] {
        let body = json!({ "name": name, "recipients": [address] });
        let added = post(&site, "/api/v1/tenants", &operator, "", &body);
        assert_eq!(added.status, 201, "{added:?}");
        let not_asked = if name == "yard" { json!([address]) } else { json!([]) };
        assert_eq!(added.json()["not_asked"], not_asked, "the fourth on that day");
    }
    let mails = || {
        let mut mails = 0;
        while let Next::Send(leased) = site.database.next("relay").unwrap() {
            site.database.finish("relay", leased.notice, &End::Sent("ok".into())).unwrap();
            mails += 1;
        }
        mails
    };
    assert_eq!(mails(), 3);
    let ask = |name: &str, address: &str| {
        let path = format!("/api/v1/tenants/{name}/recipients/ask");
        post(&site, &path, &operator, "", &json!({ "address": address }))
    };
    let asked = |name: &str| {
        let reply = ask(name, address);
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["address"], address);
        reply.json()["asked"].as_bool().unwrap()
    };
    assert!(!asked("yard"));
    site.clock.pass(24 * 60 * 60);
    assert!(asked("yard") && asked("yard"));
    assert_eq!(mails(), 1, "one is on its way: it is asked");
    let answered = json!({ "address": address });
    let confirmed = post(&site, "/api/v1/tenants/yard/recipients/confirm", &operator, "", &answered);
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    for (name, address) in [("yard", address), ("plant", "other@plant.example"), ("nobody", address)] {
        let reply = ask(name, address);
        assert_eq!((reply.status, problem(&reply).as_str()), (404, "unknown"), "{name}");
    }
}

/// Whatever is wrong with one is the same to whoever tries, and after some nobody tries any more from there.
#[test]
fn nobody_guesses_one() {
    let site = Site::of(Setup::limited(|limits| limits.guesses = 5));
    let operator = site.token(Scope::Operator);
    let other = ConfirmationSecret::draw().unwrap();
    let wrong = [other.show(), &operator, "", "tlc_", &"x".repeat(900)];
    let said: Vec<String> = wrong
        .iter()
        .map(|token| {
            let reply = confirm(&site, token);
            assert_eq!(reply.status, 404, "{reply:?}");
            reply.json()["detail"].to_string()
        })
        .collect();
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    let reply = confirm(&site, other.show());
    assert_eq!((reply.status, problem(&reply).as_str()), (429, "guessing"));
    assert!(reply.header("retry-after").is_some());
    let large = confirm(&site, &"x".repeat(2_000));
    assert_eq!((large.status, problem(&large).as_str()), (413, "too-large"), "nobody is known here");
    site.clock.pass(61);
    assert_eq!(confirm(&site, other.show()).status, 404);
}
