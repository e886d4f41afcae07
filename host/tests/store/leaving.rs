//! A tenant that is added, takes all along, and leaves nothing behind.

use rusqlite::Connection;
use serde_json::Value;
use tripline::abi::Severity;
use tripline::commit::{Commit, Store, StoreError, Tenant};
use tripline::incidents::{Act, Effect, NewException, NewSilence, Place, Policy, Report};
use tripline::notices::{Content, End, Next, Outbox, Recipients};
use tripline::packs::NewVersion;
use tripline::quota::Quota;
use tripline::security_log::Records;
use tripline::tenants::{NewTenant, NotAdded};
use tripline::token::{NewToken, Scope, TokenSecret};

use super::timers::me;
use crate::fixture::{Fixture, HOUR, START, decision, pattern, with};

/// What stands in every place of the one that leaves, and nowhere else.
const CANARY: &str = "XYZZY";

fn plant() -> Tenant {
    Tenant::new("plant").unwrap()
}

fn add(fixture: &Fixture, tenant: &Tenant, recipients: &[&str]) -> Result<(i64, Vec<String>), NotAdded> {
    let token = (format!("{CANARY}-token"), TokenSecret::draw().unwrap().hash());
    let recipients = recipients.iter().map(|one| (*one).into()).collect();
    fixture
        .database
        .add_tenant(
            NewTenant {
                tenant: tenant.clone(),
                recipients,
                confirmed: false,
                quota: Quota::default(),
                token,
            },
            me(),
        )
        .unwrap()
}

/// Something of everything, with the canary in it.
fn fill(fixture: &Fixture, tenant: &Tenant, canary: &str) {
    let database = &fixture.database;
    let rule = Some(pattern(&format!("{canary}/*")));
    let silence = NewSilence {
        rule: rule.clone(),
        starts: START,
        ends: START + HOUR,
        reason: format!("{canary}-silence"),
        ..NewSilence::default()
    };
    database.silence(tenant, silence, me()).unwrap();
    let field = Some(("ip".into(), Place::Text(pattern(&format!("{canary}-value")))));
    let reason = format!("{canary}-exception");
    let except = NewException { rule, field, effect: Effect::Except, until: None, reason };
    database.except(tenant, except, me()).unwrap();
    let name = format!("{canary}-reader");
    let new = NewToken { tenant: tenant.clone(), name, scope: Scope::Reader, expires: None };
    database.add_token(new, TokenSecret::draw().unwrap().hash(), me(), None).unwrap();
    database.source(tenant, &format!("http/{canary}-source")).unwrap();
    // More than are deleted at once.
    let decisions = (0..600).map(|number| {
        let fingerprint = format!("{canary}-{number}");
        with(decision("r", Some(&fingerprint), number), |one| {
            one.evidence[0].text = Some(format!("{canary}-evidence-{number}").into_bytes());
            one.summary = format!("{canary}-summary");
        })
    });
    let commit = Commit { decisions: decisions.collect(), ..Commit::default() };
    database.commit(tenant, commit).unwrap();
    let wasm = format!("{canary}-module").into_bytes();
    let (name, version, digest) =
        (format!("{}-pack", canary.to_lowercase()), "1.0.0".into(), [canary.len() as u8; 32]);
    let new = NewVersion { name, version, digest, wasm, signature: None, signer: None };
    database.push_pack(tenant, new, me()).unwrap();
    let comment = Act::Comment { text: format!("{canary}-comment") };
    database.act(tenant, 1, None, comment, me()).unwrap().unwrap();
}

/// How often a text is in the database's file and in its log of changes.
fn on_disk(fixture: &Fixture, text: &str) -> usize {
    let of = |end: &str| {
        let bytes = std::fs::read(format!("{}{end}", fixture.path().display())).unwrap_or_default();
        bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
    };
    of("") + of("-wal")
}

/// How many rows of a tenant each table has, by the tables themselves; those without are not there.
fn rows(fixture: &Fixture, tenant: &Tenant) -> Vec<(String, u64)> {
    let db = Connection::open(fixture.path()).unwrap();
    let sql = "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND c.name = 'tenant' ORDER BY m.name";
    let names: Vec<String> =
        db.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count = |name: &String| {
        let sql = format!("SELECT count(*) FROM {name} WHERE tenant = ?1");
        db.query_row(&sql, [tenant.as_str()], |row| row.get::<_, u64>(0)).unwrap()
    };
    let counted = names.iter().map(|name| (name.clone(), count(name)));
    counted.filter(|(_, count)| *count > 0).collect()
}

fn exported(fixture: &Fixture, tenant: &Tenant) -> Vec<Value> {
    let mut all = Vec::new();
    let mut put = |row: &Value| -> Result<(), ()> {
        all.push(row.clone());
        Ok(())
    };
    let count = fixture.database.export_tenant(tenant, &mut put).unwrap().unwrap();
    assert_eq!(count, all.len() as u64);
    all
}

#[test]
fn what_is_given_out_is_all_of_it_and_nothing_of_others() {
    let fixture = Fixture::new(Policy::default());
    add(&fixture, &plant(), &["soc@plant.example"]).unwrap();
    fill(&fixture, &plant(), CANARY);
    fill(&fixture, &Tenant::default(), "neighbour");
    let all = exported(&fixture, &plant());
    let mut by_table: Vec<(String, u64)> = Vec::new();
    for row in all.iter().filter(|row| row["table"] != "tenants") {
        assert_eq!(row["row"]["tenant"], "plant", "{row}");
        let table = row["table"].as_str().unwrap();
        match by_table.last_mut().filter(|(known, _)| known == table) {
            Some((_, count)) => *count += 1,
            None => by_table.push((table.into(), 1)),
        }
    }
    assert_eq!(by_table, rows(&fixture, &plant()));
    assert!(by_table.len() >= 10, "{by_table:?}");
    assert_eq!(all.iter().filter(|row| row["table"] == "tenants").count(), 1);
    let text = serde_json::to_string(&all).unwrap();
    for part in ["evidence-599", "silence", "exception", "reader", "comment", "source", "token"] {
        assert!(text.contains(&format!("{CANARY}-{part}")), "{part}");
    }
    assert!(!text.contains("neighbour") && !text.contains("\"hash\""));
    // Whoever takes it no more ends it.
    let ended = fixture.database.export_tenant(&plant(), &mut |_| Err("enough")).unwrap();
    assert_eq!(ended, Err("enough"));
}

/// Deleting that was broken off behind its first step: its tokens are gone, and all else is there.
#[test]
fn what_is_left_of_one_is_deleted_when_it_is_done_again() {
    for left in ["own_packs", "silences", "exceptions", "sources", "incidents"] {
        let fixture = Fixture::new(Policy::default());
        fill(&fixture, &plant(), CANARY);
        let db = Connection::open(fixture.path()).unwrap();
        db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        for table in ["tokens", "states", "own_packs", "silences", "exceptions", "sources", "incidents"] {
            if table != left {
                db.execute(&format!("DELETE FROM {table} WHERE tenant = 'plant'"), []).unwrap();
            }
        }
        drop(db);
        assert!(fixture.database.delete_tenant(&plant(), me()).unwrap(), "{left}");
        assert_eq!(
            rows(&fixture, &plant()).iter().filter(|(name, _)| name != "numbers").count(),
            0,
            "{left}"
        );
    }
}

#[test]
fn what_is_deleted_is_in_the_file_no_more_and_others_stay_as_they_are() {
    let fixture = Fixture::new(Policy::default());
    add(&fixture, &plant(), &["XYZZY@plant.example"]).unwrap();
    fill(&fixture, &plant(), CANARY);
    fill(&fixture, &Tenant::default(), "neighbour");
    let neighbours = rows(&fixture, &Tenant::default());
    assert!(on_disk(&fixture, CANARY) > 100, "or this test shows nothing");
    assert!(fixture.database.delete_tenant(&plant(), me()).unwrap());
    // Numbers are not given again.
    assert_eq!(rows(&fixture, &plant()).iter().map(|(name, _)| &name[..]).collect::<Vec<_>>(), ["numbers"]);
    assert_eq!(rows(&fixture, &Tenant::default()), neighbours);
    // In the index for searches it is in pieces, of small letters.
    for text in [CANARY, "xyz", "yzz"] {
        assert_eq!(on_disk(&fixture, text), 0, "{text}");
    }
    assert!(on_disk(&fixture, "neighbour-evidence-599") > 0);
    assert!(!fixture.database.delete_tenant(&plant(), me()).unwrap());
    // What is still in memory of it is not written, by this program: its name is given again by the next.
    let commit = Commit { decisions: vec![decision("r", Some(CANARY), 1)], ..Commit::default() };
    fixture.database.commit(&plant(), commit.clone()).unwrap();
    let both = vec![(plant(), commit.clone()), (Tenant::default(), Commit::default())];
    assert_eq!(fixture.database.commit_all(&std::sync::Arc::new(both)).unwrap().len(), 2);
    assert_eq!(on_disk(&fixture, CANARY), 0);
    assert_eq!(add(&fixture, &plant(), &[]), Err(NotAdded::Departed));
    let fixture = fixture.again();
    add(&fixture, &plant(), &[]).unwrap();
    assert_eq!(fixture.database.commit(&plant(), commit).unwrap().opened, [601]);
}

/// What somebody asked for before it was deleted is not written behind it.
#[test]
fn of_one_that_was_deleted_nothing_is_written_any_more() {
    let fixture = Fixture::new(Policy::default());
    let (database, plant) = (&fixture.database, plant());
    add(&fixture, &plant, &[]).unwrap();
    assert!(database.delete_tenant(&plant, me()).unwrap());
    let before = rows(&fixture, &plant);
    let gone = |error: StoreError| matches!(error, StoreError::Departed(tenant) if tenant == plant);
    let silence =
        NewSilence { starts: START, ends: START + HOUR, reason: "x".into(), ..NewSilence::default() };
    assert!(gone(database.silence(&plant, silence, me()).unwrap_err()));
    let report = Report::new(Severity::Low, "again");
    assert!(gone(database.report(&plant, report, me()).unwrap_err()));
    let new = NewToken { tenant: plant.clone(), name: "x".into(), scope: Scope::Admin, expires: None };
    let hash = TokenSecret::draw().unwrap().hash();
    assert!(gone(database.add_token(new, hash, me(), None).unwrap_err()));
    assert!(gone(database.may_scan(&plant).unwrap_err()));
    assert_eq!(database.ask_recipient(&plant, "soc@plant.example", me()).unwrap(), None);
    assert_eq!(rows(&fixture, &plant), before);
}

#[test]
fn each_act_has_its_record() {
    let fixture = Fixture::new(Policy::default());
    add(&fixture, &plant(), &["soc@plant.example"]).unwrap();
    assert_eq!(add(&fixture, &plant(), &[]), Err(NotAdded::Known));
    assert!(fixture.database.confirm_recipient(&plant(), "SOC@plant.example", me()).unwrap());
    assert!(!fixture.database.confirm_recipient(&plant(), "soc@plant.example", me()).unwrap());
    let events = |fixture: &Fixture| -> Vec<String> {
        fixture.database.after(0, 100).unwrap().into_iter().map(|record| record.event).collect()
    };
    assert_eq!(events(&fixture), ["tenant.added", "recipient.asked", "token.added", "recipient.confirmed"]);
    let records = fixture.database.after(0, 100).unwrap();
    assert!(records.iter().all(|record| record.fields["by"] == me().id.as_str()), "{records:?}");
    assert!(!format!("{records:?}").contains("plant.example"), "no addresses");
    let known = fixture.database.known_tenants().unwrap();
    assert_eq!(known.iter().map(|one| (one.tenant.as_str(), one.tokens)).collect::<Vec<_>>(), [("plant", 1)]);
    assert!(known[0].recipients[0].confirmed.is_some());
}

#[test]
fn only_a_confirmed_recipient_is_told() {
    // Nobody stands in the configuration.
    let recipients = Recipients::from_iter([]);
    let fixture = Fixture::new(Policy { recipients, ..Policy::default() });
    add(&fixture, &plant(), &["soc@plant.example", "ciso@plant.example"]).unwrap();
    let happen = |name: &str| {
        let commit = Commit { decisions: vec![decision("r", Some(name), 1)], ..Commit::default() };
        fixture.database.commit(&plant(), commit.clone()).unwrap();
        // Nor is anybody told what is another's.
        fixture.database.commit(&Tenant::default(), commit).unwrap();
        let mut told = Vec::new();
        while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
            fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
            // Whether they want to be told is all that they are told.
            if !matches!(leased.content, Content::Confirm(_)) {
                told.push(leased.recipient.clone());
            }
        }
        told
    };
    assert_eq!(happen("a"), [""; 0]);
    assert!(fixture.database.confirm_recipient(&plant(), "soc@plant.example", me()).unwrap());
    assert_eq!(happen("b"), ["soc@plant.example"]);
}
