//! Recipients that are asked whether they want to be told: by one mail, whose token confirms once, and nothing else before.

use rusqlite::Connection;
use tripline::abi::Severity;
use tripline::commit::Tenant;
use tripline::incidents::{Actor, Policy, Report};
use tripline::notices::{Content, End, Leased, Next, Outbox};
use tripline::security_log::Records;
use tripline::store::Database;
use tripline::tenants::NewTenant;
use tripline::token::{ConfirmationSecret, TokenSecret};

use crate::fixture::{Fixture, HOUR, policy};

const DAY: i64 = 24 * HOUR;
const ADDRESS: &str = "soc@plant.example";

fn me() -> Actor {
    Actor::user(1000, "jana")
}

fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

/// Answers who is not asked.
fn add(database: &Database, name: &str, address: &str, confirmed: bool) -> Vec<String> {
    let token = ("lines".into(), TokenSecret::draw().unwrap().hash());
    let recipients = vec![address.into(), address.to_uppercase()];
    let new = NewTenant {
        tenant: tenant(name),
        recipients,
        confirmed,
        quota: tripline::quota::Quota::default(),
        token,
    };
    database.add_tenant(new, me()).unwrap().unwrap().1
}

/// The next mail, which is to go now.
#[track_caller]
fn next(database: &Database) -> Leased {
    match database.next("relay").unwrap() {
        Next::Send(leased) => *leased,
        other => panic!("expected a mail, found {other:?}"),
    }
}

/// The token of a mail that asks.
#[track_caller]
fn token(leased: &Leased) -> ConfirmationSecret {
    let Content::Confirm(asked) = &leased.content else {
        panic!("expected a mail that asks, found {leased:?}")
    };
    assert_eq!((&leased.recipient[..], &asked.author[..], &leased.thread), (ADDRESS, "jana", &None));
    asked.secret.clone()
}

fn sent(database: &Database, leased: &Leased) {
    database.finish("relay", leased.notice, &End::Sent("ok".into())).unwrap();
}

fn confirmed(database: &Database, name: &str) -> Vec<bool> {
    let all = database.known_tenants().unwrap();
    let known = all.into_iter().find(|one| one.tenant == tenant(name)).unwrap();
    known.recipients.iter().map(|one| one.confirmed.is_some()).collect()
}

fn report(database: &Database, name: &str, title: &str) {
    database.report(&tenant(name), Report::new(Severity::High, title), Actor::program("a test")).unwrap();
}

fn events(database: &Database) -> Vec<String> {
    let records = database.after(0, 1_000).unwrap();
    let ours = records.into_iter().filter(|record| record.event.starts_with("recipient."));
    ours.map(|record| {
        assert!(record.fields["recipient_sha256"].is_string());
        record.event
    })
    .collect()
}

#[test]
fn who_has_the_token_confirms_once_and_is_told_from_then_on() {
    let fixture = Fixture::new(Policy::default());
    let database = &fixture.database;
    add(database, "plant", ADDRESS, false);
    // Somebody else than the one that was named twice, in two ways, is nobody.
    assert_eq!(confirmed(database, "plant"), [false]);
    report(database, "plant", "before");
    let mail = next(database);
    let secret = token(&mail);
    sent(database, &mail);
    assert_eq!(database.next("relay").unwrap(), Next::Idle, "nothing else goes there");
    let other = ConfirmationSecret::draw().unwrap();
    assert!(!database.is_mailed(&other.hash()).unwrap() && database.is_mailed(&secret.hash()).unwrap());
    assert_eq!(database.confirm_by_token(other.hash(), me()).unwrap(), None);
    let found = database.confirm_by_token(secret.hash(), me()).unwrap();
    assert_eq!(found, Some((tenant("plant"), ADDRESS.into())));
    assert_eq!(database.confirm_by_token(secret.hash(), me()).unwrap(), None, "it holds once");
    assert!(!database.is_mailed(&secret.hash()).unwrap());
    assert_eq!(confirmed(database, "plant"), [true]);
    fixture.clock.pass(HOUR);
    report(database, "plant", "after");
    let told = next(database);
    assert!(matches!(&told.content, Content::Incident(about) if about.incident.title == "after"), "{told:?}");
    assert_eq!(told.recipient, ADDRESS);
    assert_eq!(events(database), ["recipient.asked", "recipient.mailed", "recipient.confirmed"]);
}

/// Neither the database nor what is beside it has what would confirm; nor has what is given out of a tenant its hash.
#[test]
fn only_the_hash_is_kept() {
    let fixture = Fixture::new(Policy::default());
    add(&fixture.database, "plant", ADDRESS, false);
    let secret = token(&next(&fixture.database));
    for entry in std::fs::read_dir(fixture.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!has(secret.show().as_bytes()));
    }
    let mut rows = 0;
    let mut put = |row: &serde_json::Value| -> Result<(), ()> {
        if row["table"] == "recipient_tokens" {
            assert!(row["row"].get("hash").is_none() && row["row"]["address"] == ADDRESS, "{row}");
            rows += 1;
        }
        Ok(())
    };
    fixture.database.export_tenant(&tenant("plant"), &mut put).unwrap().unwrap();
    assert_eq!(rows, 1);
    assert!(fixture.database.delete_tenant(&tenant("plant"), me()).unwrap());
    assert_eq!(fixture.database.confirm_by_token(secret.hash(), me()).unwrap(), None);
}

#[test]
fn a_mail_that_is_tried_again_has_another_token_and_what_may_have_arrived_holds() {
    let fixture = Fixture::new(Policy::default());
    let database = &fixture.database;
    add(database, "plant", ADDRESS, false);
    let first = next(database);
    database.finish("relay", first.notice, &End::Unsure("cut off".into())).unwrap();
    fixture.clock.pass(HOUR);
    let second = next(database);
    assert_eq!((first.notice, &first.message), (second.notice, &second.message), "it is the same mail");
    assert_ne!(token(&first), token(&second));
    sent(database, &second);
    let found = database.confirm_by_token(token(&first).hash(), me()).unwrap();
    assert!(found.is_some());
    assert_eq!(database.confirm_by_token(token(&second).hash(), me()).unwrap(), None, "it is confirmed");
}

#[test]
fn a_token_runs_out() {
    let fixture = Fixture::new(Policy::default());
    let database = &fixture.database;
    for (name, passes, holds) in [("plant", 7 * DAY - 1, true), ("shop", 7 * DAY, false)] {
        add(database, name, ADDRESS, false);
        let mail = next(database);
        sent(database, &mail);
        fixture.clock.pass(passes);
        assert_eq!(database.is_mailed(&token(&mail).hash()).unwrap(), holds, "{name}");
        let found = database.confirm_by_token(token(&mail).hash(), me()).unwrap();
        assert_eq!((found.is_some(), confirmed(database, name)), (holds, vec![holds]), "{name}");
    }
}

/// Whoever adds and deletes tenants cannot have a stranger mailed without end.
#[test]
fn an_address_is_asked_so_often_a_day_whoever_names_it() {
    let fixture = Fixture::new(Policy::default());
    let database = &fixture.database;
    let asked = |count: usize, day: usize| {
        let (mut mails, mut refused) = (0, 0);
        for number in 0..count {
            let name = format!("tenant-{day}-{number}");
            add(database, &name, if number % 2 == 0 { ADDRESS } else { "SOC@plant.example" }, false);
            while let Next::Send(leased) = database.next("relay").unwrap() {
                sent(database, &leased);
                mails += 1;
            }
            refused += events(database).iter().filter(|event| *event == "recipient.not_asked").count();
            // With its records, since nobody asks for security.log here.
            assert!(database.delete_tenant(&tenant(&name), me()).unwrap());
        }
        (mails, refused)
    };
    assert_eq!(asked(5, 0), (3, 2));
    fixture.clock.pass(DAY);
    assert_eq!(asked(5, 1), (3, 2));
}

/// Neither the bound nor a token that is over shuts anybody out for good.
#[test]
fn who_was_not_asked_or_did_not_answer_in_time_is_asked_anew() {
    let fixture = Fixture::new(Policy::default());
    let database = &fixture.database;
    let not_asked = ["plant", "shop", "dock", "yard"].map(|name| add(database, name, ADDRESS, false));
    assert_eq!(not_asked.concat(), [ADDRESS]);
    assert!(not_asked[..3].concat().is_empty());
    let ask = |name: &str, address: &str| database.ask_recipient(&tenant(name), address, me()).unwrap();
    assert_eq!(ask("yard", ADDRESS), Some(false), "the fourth on that day");
    // What is on its way is enough.
    assert_eq!(ask("plant", "SOC@plant.example"), Some(true));
    let mails = || {
        let mut mails = Vec::new();
        while let Next::Send(leased) = database.next("relay").unwrap() {
            sent(database, &leased);
            mails.push(*leased);
        }
        mails
    };
    assert_eq!(mails().len(), 3);
    fixture.clock.pass(DAY);
    assert_eq!(ask("yard", "SOC@plant.example"), Some(true));
    assert_eq!(ask("yard", ADDRESS), Some(true));
    let asking = mails();
    assert_eq!(asking.iter().map(|mail| &mail.tenant).collect::<Vec<_>>(), [&tenant("yard")]);
    fixture.clock.pass(7 * DAY);
    let first = token(&asking[0]);
    assert!(!database.is_mailed(&first.hash()).unwrap(), "it is over");
    assert_eq!(ask("yard", ADDRESS), Some(true));
    let again = token(&mails()[0]);
    assert_ne!(again, first);
    assert!(database.confirm_by_token(again.hash(), me()).unwrap().is_some());
    // Whoever is confirmed is not asked, nor is anybody else.
    assert_eq!(ask("yard", ADDRESS), None);
    assert_eq!(ask("plant", "other@plant.example"), None);
    assert_eq!(ask("nobody", ADDRESS), None);
}

/// The hash of an address that was asked is no tenant's: it goes a day later, whoever is asked then.
#[test]
fn that_an_address_was_asked_is_forgotten_after_a_day() {
    let fixture = Fixture::new(Policy::default());
    let database = &fixture.database;
    add(database, "plant", ADDRESS, false);
    let asked = || -> Vec<Vec<u8>> {
        let db = Connection::open(fixture.path()).unwrap();
        let mut statement = db.prepare("SELECT address_sha256 FROM asked").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let hash = asked().pop().unwrap();
    let is_on_disk = || {
        std::fs::read_dir(fixture.folder.path()).unwrap().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(hash.len()).any(|window| window == &hash[..])
        })
    };
    assert!(database.delete_tenant(&tenant("plant"), me()).unwrap());
    fixture.clock.pass(DAY - 1);
    database.due().unwrap();
    assert!(asked() == [hash.clone()] && is_on_disk(), "else it could be asked without end");
    fixture.clock.pass(1);
    assert_eq!(database.due().unwrap().swept, 1);
    assert!(asked().is_empty() && !is_on_disk());
    // Nor does one stay that a clock wrote which was ahead by years.
    fixture.clock.pass(1_000 * DAY);
    add(database, "shop", ADDRESS, false);
    fixture.clock.pass(-1_000 * DAY);
    database.due().unwrap();
    assert!(asked().is_empty());
}

#[test]
fn who_is_confirmed_otherwise_is_not_asked_any_more() {
    let fixture = Fixture::new(Policy::default());
    let database = &fixture.database;
    add(database, "plant", ADDRESS, true);
    assert_eq!(confirmed(database, "plant"), [true]);
    assert_eq!(database.next("relay").unwrap(), Next::Idle);
    // It was mailed, and then somebody has answered for it: the token is worth nothing.
    add(database, "shop", ADDRESS, false);
    let mail = next(database);
    database.finish("relay", mail.notice, &End::Deferred("later".into())).unwrap();
    assert!(database.confirm_recipient(&tenant("shop"), ADDRESS, me()).unwrap());
    assert_eq!(database.confirm_by_token(token(&mail).hash(), me()).unwrap(), None);
    fixture.clock.pass(HOUR);
    // Nobody is told that it is no recipient any more: it has just become one.
    assert_eq!(database.next("relay").unwrap(), Next::Idle);
    let status = database.outbox(&tenant("shop"), 10).unwrap();
    assert_eq!((&status.dead[0].about()[..], &status.dead[0].reason[..]), ("confirmation", "confirm"));
    assert_eq!(status.dead[0].words, "it need not be asked any more");
    // One that the relay refuses is visible, and can be sent again.
    add(database, "dock", ADDRESS, false);
    let mail = next(database);
    assert!(database.finish("relay", mail.notice, &End::Refused("no such box".into())).unwrap());
    assert_eq!(database.retry(&tenant("dock"), None, me()).unwrap(), 1);
    let again = next(database);
    assert_eq!(again.notice, mail.notice);
    sent(database, &again);
    assert!(database.confirm_by_token(token(&again).hash(), me()).unwrap().is_some());
    assert!(events(database).contains(&"recipient.unreached".to_string()));
}

/// Whether it has to be asked is looked at when its mail would go: of one that is sent meanwhile, and of none besides.
#[test]
fn who_is_confirmed_while_it_is_asked_is_not_asked_again() {
    let fixture = Fixture::new(policy(&["soc@dock.example"]));
    let database = &fixture.database;
    add(database, "shop", ADDRESS, false);
    add(database, "plant", ADDRESS, false);
    let (first, second) = (next(database), next(database));
    for (mail, name) in [(&first, "shop"), (&second, "plant")] {
        assert_eq!(mail.tenant, tenant(name));
        assert!(database.confirm_recipient(&mail.tenant, ADDRESS, me()).unwrap());
        database.finish("relay", mail.notice, &End::Deferred("later".into())).unwrap();
    }
    fixture.clock.pass(HOUR);
    let states = |name: &str| database.outbox(&tenant(name), 10).unwrap().states;
    let one = |state: &str| [(state.to_string(), 1)];
    // Another's mail, which is critical, goes first; nothing of those is looked at for it.
    let critical = Report::new(Severity::Critical, "all is on fire");
    database.report(&Tenant::default(), critical, me()).unwrap();
    let other = next(database);
    assert_eq!(
        (&other.recipient[..], states("shop"), states("plant")),
        ("soc@dock.example", one("deferred").into(), one("deferred").into())
    );
    sent(database, &other);
    assert_eq!(database.next("relay").unwrap(), Next::Idle);
    assert_eq!((states("shop"), states("plant")), (one("dead").into(), one("dead").into()));
    // Nor if somebody wants it sent again.
    assert_eq!(database.retry(&tenant("shop"), None, me()).unwrap(), 1);
    assert_eq!(database.next("relay").unwrap(), Next::Idle);
    assert_eq!(states("shop"), one("dead"));
}
