//! Packs that have to be signed, over HTTP: who is refused, what that changes, and what becomes of what was there before.

use std::fs;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tripline::Pack;
use tripline::incidents::Filter;
use tripline::packs::NewVersion;
use tripline::security_log::Records;
use tripline::signing::{Demands, SecretKey, Signature, Statement};
use tripline::token::Scope;

use crate::api::{call, get, post, somebody, tenant};
use crate::fixture::{Setup, Site, problem};
use crate::load;
use crate::packs::{NAME, WASM, put};
use crate::raw::Reply;

/// A module of this version; which one of it, its title says.
fn version(number: &str, title: &str) -> Vec<u8> {
    let (from, folder) = (load::folder(env!("CARGO_MANIFEST_DIR")), tempfile::tempdir().unwrap());
    fs::copy(from.join("skeleton.wat"), folder.path().join("skeleton.wat")).unwrap();
    let text = fs::read_to_string(from.join("decides-on-all.wat")).unwrap();
    let text = text.replace("1.0.0", number).replace("It makes decisions", title);
    fs::write(folder.path().join("it.wat"), text).unwrap();
    load::module(folder.path(), "it")
}

fn key() -> SecretKey {
    SecretKey::draw().unwrap()
}

fn sign(wasm: &[u8], key: &SecretKey) -> String {
    let pack = Pack::read(wasm.to_vec()).unwrap();
    Signature::make(Statement::of(&pack), key).unwrap().to_string()
}

/// A server that demands signatures of everybody by this key.
fn demanding(key: &SecretKey) -> Site {
    let demands = Demands { everybody: vec![key.public()], ..Demands::default() };
    Site::of(Setup { demands, ..Setup::default() })
}

fn push(site: &Site, token: &str, wasm: &[u8], signature: Option<&str>) -> Reply {
    let header = signature.map_or_else(String::new, |line| format!("Tripline-Signature: {line}\r\n"));
    put(site, NAME, Some(token), &format!("{WASM}{header}"), wasm)
}

/// A server that demands nothing, and tokens of its operator and of an author of the tenant `plant`, which it has added.
fn planted() -> (Site, String, String) {
    let site = Site::new();
    let operator = site.token(Scope::Operator);
    assert_eq!(post(&site, "/api/v1/tenants", &operator, "", &json!({ "name": "plant" })).status, 201);
    let author = site.token_of("plant", Scope::Author, None);
    (site, operator, author)
}

/// These have to sign what `plant` pushes from now on; answers what is left out.
#[track_caller]
fn demand(site: &Site, operator: &str, keys: &[&SecretKey]) -> Value {
    let keys: Vec<String> = keys.iter().map(|key| key.public().to_string()).collect();
    let body = json!({ "signed_by": keys });
    let reply = call(site, "PUT", "/api/v1/tenants/plant/signers", Some(operator), "", Some(&body));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["left_out"].clone()
}

/// A tenant's packs, as they are listed.
fn own(site: &Site, token: &str) -> Value {
    get(site, "/api/v1/packs", token).json()["own"].clone()
}

#[track_caller]
fn refused(reply: &Reply, words: &str) {
    assert_eq!((reply.status, problem(reply).as_str()), (422, "unsigned"), "{reply:?}");
    let detail = reply.json()["detail"].as_str().unwrap().to_string();
    assert!(detail.contains(words), "{detail}");
}

#[test]
fn what_nobody_who_may_has_signed_is_refused_and_changes_nothing() {
    let (ours, theirs) = (key(), key());
    let site = demanding(&ours);
    let token = site.token(Scope::Author);
    let wasm = version("1.0.0", "It makes decisions");
    let good = sign(&wasm, &ours);
    let id = ours.public().id().to_string();
    refused(&push(&site, &token, &wasm, None), &format!("expected a signature by the key {id}, found none"));
    let strange = format!("found one by the key {}", theirs.public().id());
    refused(&push(&site, &token, &wasm, Some(&sign(&wasm, &theirs))), &strange);
    // Nothing of what nobody vouches for is read.
    refused(&push(&site, &token, b"\0asm\x01\0\0\0", None), "found none");
    refused(
        &push(&site, &token, b"\0asm\x01\0\0\0", Some(&good)),
        "expected a signature of a module with the SHA-256",
    );
    let mut tampered = wasm.clone();
    *tampered.last_mut().unwrap() ^= 1;
    refused(
        &push(&site, &token, &tampered, Some(&good)),
        "expected a signature of a module with the SHA-256",
    );
    let broken = good[..good.len() - 3].to_string() + if good.ends_with("AAA") { "BBQ" } else { "AAA" };
    let reply = push(&site, &token, &wasm, Some(&broken));
    assert_eq!((reply.status, problem(&reply).as_str()), (422, "unsigned"), "{reply:?}");
    let forged = good.replace(" 1.0.0 ", " 1.0.1 ");
    refused(&push(&site, &token, &wasm, Some(&forged)), "found one that does not hold");
    // Another version's, another pack's: what is signed is the name and the version, too.
    let later = version("1.0.1", "It makes decisions");
    refused(&push(&site, &token, &wasm, Some(&sign(&later, &ours))), "found one of hostile 1.0.1");
    let renamed = Statement::of(&Pack::read(wasm.clone()).unwrap());
    let renamed = Signature::make(renamed, &ours).unwrap().to_string().replace(" hostile ", " other ");
    refused(&push(&site, &token, &wasm, Some(&renamed)), "does not hold");
    for garbage in
        ["x", "tripline-pack-signature 2 a b c d e", "-----BEGIN SSH SIGNATURE-----", &"x".repeat(4_000)]
    {
        refused(&push(&site, &token, &wasm, Some(garbage)), "the header Tripline-Signature: expected");
    }
    let twice = put(
        &site,
        NAME,
        Some(&token),
        &format!("{WASM}Tripline-Signature: {good}\r\nTripline-Signature: {good}\r\n"),
        &wasm,
    );
    assert_eq!((twice.status, problem(&twice).as_str()), (400, "malformed"));
    assert_eq!(own(&site, &token), json!([]));

    let reply = push(&site, &token, &wasm, Some(&good));
    assert_eq!(reply.status, 200, "{reply:?}");
    let kept = own(&site, &token)[0].clone();
    assert_eq!((&kept["signed"], &kept["signed_by"]), (&json!("valid"), &json!(id)));
    let records = site.database.after(0, 1_000).unwrap();
    let pushed: Vec<_> = records.iter().filter(|record| record.event == "pack.pushed").collect();
    assert_eq!(pushed.len(), 1);
    assert_eq!(pushed[0].fields["signed_by"], id);
}

/// Nobody waits for the end of a header that has none, and none is held.
#[test]
fn a_header_without_end_is_cut_off() {
    let site = demanding(&key());
    let token = site.token(Scope::Author);
    let mut raw = site.raw();
    raw.send(
        format!("PUT /api/v1/packs/{NAME} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nTripline-Signature: ")
            .as_bytes(),
    );
    raw.send(&vec![b'x'; 20 << 10]);
    assert_eq!(raw.reply().status, 431);
}

#[test]
fn an_older_version_counts_again_by_rolling_back_alone() {
    let ours = key();
    let site = demanding(&ours);
    let token = site.token(Scope::Author);
    let versions = [
        ("1.2.0", "first"),
        ("1.10.0", "first"),
        ("1.10.0", "second"),
        ("1.10.0+b", "third"),
        ("2.0.0-rc.1", "x"),
    ]
    .map(|(number, title)| version(number, title));
    let status = |number: usize| {
        let reply = push(&site, &token, &versions[number], Some(&sign(&versions[number], &ours)));
        (reply.status, reply.text().to_string())
    };
    assert_eq!(status(1).0, 200);
    for (number, found) in [(0, "1.2.0"), (2, "1.10.0"), (3, "1.10.0+b")] {
        let (code, text) = status(number);
        assert_eq!(code, 409, "{text}");
        let words =
            format!("expected a version above 1.10.0, since signatures are demanded, found {found}\"");
        assert!(text.contains(&words), "{text}");
    }
    // The same module again is nothing old.
    assert_eq!([status(1).0, status(4).0], [200, 200]);
    let back = post(&site, &format!("/api/v1/packs/{NAME}/rollback"), &token, "", &json!({}));
    assert_eq!((back.status, &back.json()["version"]), (200, &json!("1.10.0")), "{back:?}");
    let events = site.database.after(0, 1_000).unwrap();
    let count = |event: &str| events.iter().filter(|record| record.event == event).count();
    assert_eq!((count("pack.pushed"), count("pack.rolled_back")), (3, 1));
}

/// Going back makes no room for what lies between.
#[test]
fn nothing_that_was_signed_before_comes_back_by_a_push_after_a_rollback() {
    let ours = key();
    let site = demanding(&ours);
    let token = site.token(Scope::Author);
    let versions = ["1.0.0", "1.1.0", "1.2.0"].map(|number| version(number, "first"));
    let signed = |wasm: &[u8]| push(&site, &token, wasm, Some(&sign(wasm, &ours)));
    for wasm in &versions {
        assert_eq!(signed(wasm).status, 200);
    }
    for number in ["1.1.0", "1.0.0"] {
        let back = post(&site, &format!("/api/v1/packs/{NAME}/rollback"), &token, "", &json!({}));
        assert_eq!((back.status, &back.json()["version"]), (200, &json!(number)), "{back:?}");
    }
    // Kept ones, and one that is new and lies between.
    for wasm in [&versions[1], &versions[2], &version("1.1.5", "second")] {
        let reply = signed(wasm);
        assert_eq!((reply.status, problem(&reply).as_str()), (409, "conflict"), "{reply:?}");
        assert!(reply.text().contains("expected a version above 1.2.0"), "{reply:?}");
    }
    assert_eq!(own(&site, &token)[0]["version"], "1.0.0");
    // What counts is nothing old, and what is above all goes on.
    assert_eq!([signed(&versions[0]).status, signed(&version("1.3.0", "second")).status], [200, 200]);
}

#[test]
fn what_nobody_has_signed_keeps_no_signed_version_out() {
    let (ours, theirs) = (key(), key());
    let (site, operator, author) = planted();
    let signed = |number: &str| {
        let wasm = version(number, "signed");
        push(&site, &author, &wasm, Some(&sign(&wasm, &ours)))
    };
    for number in ["1.0.0", "18446744073709551615.0.0"] {
        assert_eq!(push(&site, &author, &version(number, "first"), None).status, 200);
    }
    let strange = version("18446744073709551615.1.0", "first");
    assert_eq!(push(&site, &author, &strange, Some(&sign(&strange, &theirs))).status, 200);
    assert_eq!(demand(&site, &operator, &[&ours]), json!([NAME]));
    // A build of the same version that is signed.
    let reply = signed("1.0.0");
    assert_eq!((reply.status, &reply.json()["signed"]), (200, &json!("valid")), "{reply:?}");
    let reply = signed("0.9.0");
    assert_eq!(reply.status, 409, "{reply:?}");
    assert!(reply.text().contains("expected a version above 1.0.0"), "{reply:?}");
    assert_eq!(signed("1.0.1").status, 200);
}

#[test]
fn a_claim_that_nobody_checks_takes_no_signature_away() {
    let (ours, theirs) = (key(), key());
    let (site, operator, author) = planted();
    let wasm = version("1.0.0", "first");
    let by = |key: &SecretKey| push(&site, &author, &wasm, Some(&sign(&wasm, key)));
    // Nothing is demanded: the first that says so stays.
    assert_eq!([push(&site, &author, &wasm, None).status, by(&ours).status, by(&theirs).status], [200; 3]);
    assert_eq!(push(&site, &author, &wasm, None).status, 200);
    assert_eq!(own(&site, &author)[0]["signed"], "unchecked");
    assert_eq!(demand(&site, &operator, &[&ours]), json!([]));
    let signed_by = |key: &SecretKey| {
        let (kept, id) = (own(&site, &author)[0].clone(), key.public().id().to_string());
        assert_eq!((&kept["signed"], &kept["signed_by"]), (&json!("valid"), &json!(id)));
    };
    signed_by(&ours);
    // One that is demanded comes in its place.
    assert_eq!(demand(&site, &operator, &[&theirs]), json!([NAME]));
    assert_eq!(by(&theirs).status, 200);
    signed_by(&theirs);
    assert_eq!(demand(&site, &operator, &[&ours]), json!([NAME]));
}

#[test]
fn who_demands_is_told_of_what_is_not_signed_so_and_of_nothing_else() {
    let ours = key();
    let (site, operator, author) = planted();
    // Kept from when the operator had none of this name, and what this program cannot read any more.
    for (name, wasm) in [("each", version("1.0.0", "first")), ("broken", b"no module".to_vec())] {
        let digest = Sha256::digest(&wasm).into();
        let (name, version) = (name.into(), "1.0.0".into());
        let new = NewVersion { name, version, digest, wasm, signature: None, signer: None };
        site.database.push_pack(&tenant("plant"), new, somebody()).unwrap();
    }
    assert_eq!(push(&site, &author, &version("1.0.0", "first"), None).status, 200);
    assert_eq!(demand(&site, &operator, &[&ours]), json!(["broken", NAME]));
    assert_eq!(demand(&site, &operator, &[]), json!([]));
}

#[test]
fn what_is_there_before_a_demand_is_out_until_it_is_signed() {
    let (ours, theirs) = (key(), key());
    let (site, operator, author) = planted();
    let (first, second) = (version("1.0.0", "first"), version("1.1.0", "second"));
    // Nothing is demanded: who says that they vouch for it is kept, if it is of this module.
    let moved = push(&site, &author, &second, Some(&sign(&first, &ours)));
    refused(&moved, "expected a signature of hostile 1.1.0");
    assert_eq!(push(&site, &author, &first, Some(&sign(&first, &ours))).status, 200);
    assert_eq!(own(&site, &author)[0]["signed"], "unchecked");
    assert_eq!(push(&site, &author, &second, None).status, 200);
    assert_eq!(own(&site, &author)[0]["signed"], "none");

    let demand = |keys: &[&SecretKey]| demand(&site, &operator, keys);
    assert_eq!(demand(&[&ours]), json!([NAME]));
    let kept = own(&site, &author)[0].clone();
    assert_eq!((&kept["signed"], &kept["enabled"]), (&json!("refused"), &json!(true)));
    let incidents = |rule: &str| {
        let page = site.database.page(&tenant("plant"), &Filter::default(), None, 100).unwrap();
        page.incidents.into_iter().filter(|one| one.rule == rule).collect::<Vec<_>>()
    };
    let told = incidents("pack-unsigned");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].title, "Rule pack hostile does not judge: its signature");
    assert!(told[0].summary.contains(&ours.public().id().to_string()), "{}", told[0].summary);
    // It cannot be had back by a way around.
    let act = |act: &str| post(&site, &format!("/api/v1/packs/{NAME}/{act}"), &author, "", &json!({}));
    assert_eq!(act("disable").status, 200);
    refused(&act("enable"), "found none");
    // The version before it is signed: going back to that is an act of its own. It stays disabled until it is enabled.
    assert_eq!((act("rollback").status, act("enable").status), (200, 200));
    let kept = own(&site, &author)[0].clone();
    assert_eq!((&kept["signed"], &kept["version"]), (&json!("valid"), &json!("1.0.0")));
    assert_eq!(push(&site, &author, &second, Some(&sign(&second, &ours))).status, 200);
    assert_eq!(demand(&[&theirs, &ours]), json!([]));
    // Who may no more has signed nothing.
    site.clock.pass(60);
    assert_eq!(demand(&[&theirs]), json!([NAME]));
    assert_eq!(demand(&[]), json!([]));
    assert_eq!(own(&site, &author)[0]["signed"], "unchecked");
    assert_eq!(incidents("pack-unsigned")[0].count, 2);
    let records = site.database.after(0, 1_000).unwrap();
    let of = |event: &str| records.iter().filter(|record| record.event == event).count();
    assert_eq!((of("tenant.signers_changed"), of("pack.unsigned")), (4, 2));
}

#[test]
fn who_signs_is_said_by_operators_of_tenants_that_they_added() {
    let site = Site::new();
    let (operator, admin) = (site.token(Scope::Operator), site.token_of("plant", Scope::Admin, None));
    let set = |token: &str, of: &str, body: Value| {
        call(&site, "PUT", &format!("/api/v1/tenants/{of}/signers"), Some(token), "", Some(&body))
    };
    let key = key().public().to_string();
    let body = json!({ "signed_by": [key] });
    assert_eq!(set(&admin, "plant", body.clone()).status, 403);
    assert_eq!(set(&operator, "plant", body.clone()).status, 404, "it was not added at run time");
    assert_eq!(post(&site, "/api/v1/tenants", &operator, "", &json!({ "name": "shop" })).status, 201);
    assert_eq!(set(&operator, "shop", body.clone()).status, 200);
    for wrong in [
        json!({}),
        json!({ "signed_by": ["x"] }),
        json!({ "signed_by": key }),
        json!({ "signed_by": [key], "tenant": "plant" }),
        json!({ "signed_by": vec![key.clone(); 65] }),
    ] {
        assert_eq!(set(&operator, "shop", wrong.clone()).status, 422, "{wrong}");
    }
    let listed = get(&site, "/api/v1/tenants", &operator).json();
    let shop = listed["tenants"].as_array().unwrap().iter().find(|one| one["name"] == "shop").unwrap();
    assert_eq!(shop["signed_by"], json!([key]));
    // What the configuration says of a tenant is not taken back over HTTP.
    let demands = Demands {
        tenants: [(tenant("shop"), vec![SecretKey::draw().unwrap().public()])].into(),
        ..Demands::default()
    };
    let site = Site::of(Setup { demands, ..Setup::default() });
    let operator = site.token(Scope::Operator);
    assert_eq!(post(&site, "/api/v1/tenants", &operator, "", &json!({ "name": "shop" })).status, 201);
    let reply = call(
        &site,
        "PUT",
        "/api/v1/tenants/shop/signers",
        Some(&operator),
        "",
        Some(&json!({ "signed_by": [] })),
    );
    assert_eq!((reply.status, problem(&reply).as_str()), (409, "conflict"), "{reply:?}");
}
