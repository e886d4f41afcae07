//! What was told since a backup is not told again as something else, and security.log goes on.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use tripline::incidents::Actor;
use tripline::notices::{End, Next, Outbox};
use tripline::security_log::{SecurityLog, Verified, verify};
use tripline::store::{self, CopyError, Restoring};
use tripline::token::{NewToken, Scope, TokenSecret};

use crate::fixture::{Fixture, START, decision, policy, restored};

fn log(fixture: &Fixture) -> PathBuf {
    fixture.folder.path().join("security.log")
}

fn write_log(fixture: &Fixture) {
    SecurityLog::open(&log(fixture)).unwrap().write_due(&fixture.database).unwrap();
}

fn verified(fixture: &Fixture) -> Verified {
    let file: Box<dyn BufRead> = Box::new(BufReader::new(File::open(log(fixture)).unwrap()));
    let known = store::log_known(&fixture.path(), None).unwrap();
    let mut verified = verify(vec![file], Some(&known)).unwrap();
    verified.compare(&known, &known);
    verified
}

/// Message ids of all that goes now, each with its thread.
fn sent(fixture: &Fixture) -> Vec<(String, Option<String>)> {
    let mut sent = Vec::new();
    while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
        fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
        sent.push((leased.message, leased.thread));
    }
    sent
}

/// An incident that a backup has, and two that came behind it.
fn told() -> (Fixture, PathBuf, Vec<(String, Option<String>)>) {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let mut told = sent(&fixture);
    write_log(&fixture);
    let backup = fixture.folder.path().join("backup.db");
    store::backup(&fixture.path(), &backup, |_, _| {}).unwrap();
    fixture.decide(vec![decision("r", Some("b"), 2), decision("r", Some("c"), 3)]);
    told.extend(sent(&fixture));
    write_log(&fixture);
    assert_eq!(told.len(), 3);
    (fixture, backup, told)
}

/// The database is gone or replaced; the fixture goes on with what the backup makes of it.
fn put_back(fixture: Fixture, backup: &Path, change: impl FnOnce(&Path)) -> Fixture {
    let Fixture { folder, clock, tenant, policy, database } = fixture;
    drop(database);
    let path = folder.path().join("t.db");
    change(&path);
    restored(backup, &path).unwrap().unwrap();
    let options = tripline::store::DatabaseOptions::default();
    let database = store::Database::open(&path, policy.clone(), std::sync::Arc::new(clock.clone()), options);
    Fixture { folder, clock, tenant, policy, database: database.unwrap() }
}

#[track_caller]
fn goes_on(fixture: &Fixture, told: &[(String, Option<String>)]) -> Vec<i64> {
    // It is told as what it was before.
    assert_eq!(sent(fixture), []);
    let opened = fixture.decide(vec![decision("r", Some("x"), 7), decision("r", Some("y"), 8)]).opened;
    let known: BTreeSet<&String> =
        told.iter().flat_map(|(id, thread)| [Some(id), thread.as_ref()]).flatten().collect();
    let new = sent(fixture);
    assert_eq!(new.len(), 2);
    for (message, thread) in &new {
        assert!(!known.contains(message), "another mail had this id");
        assert!(!known.contains(thread.as_ref().unwrap()), "another incident had this thread");
    }
    // What the backup knows goes on in its own thread.
    fixture.clock.pass(1);
    let resolve = tripline::incidents::Act::Resolve {
        resolution: tripline::incidents::Resolution::Expected,
        comment: String::new(),
    };
    fixture.database.act(&fixture.tenant, 1, None, resolve, Actor::timer()).unwrap().unwrap();
    let resolved = sent(fixture);
    assert_eq!((resolved.len(), &resolved[0].1), (1, &told[0].1));
    assert!(!known.contains(&resolved[0].0));
    // The log is one chain, which says what has happened.
    write_log(fixture);
    let sound = verified(fixture);
    assert_eq!(sound.findings, []);
    assert_eq!(sound.first.map(|(first, _)| first.seq), Some(1));
    let text = fs::read_to_string(log(fixture)).unwrap();
    assert_eq!(text.matches("\"event\":\"database.restored\",\"by\":\"uid:0\",\"from\":\"cli\"").count(), 1);
    let seqs: Vec<i64> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>());
    opened
}

#[test]
fn behind_the_database_that_was_there() {
    let (fixture, backup, told) = told();
    let fixture = put_back(fixture, &backup, |_| {});
    assert_eq!(goes_on(&fixture, &told), [4, 5]);
}

#[test]
fn records_that_were_not_in_the_log_yet_come_into_it() {
    let (fixture, backup, told) = told();
    fixture.decide(vec![decision("r", Some("d"), 4)]);
    let fixture = put_back(fixture, &backup, |_| {});
    assert_eq!(goes_on(&fixture, &told), [5, 6]);
    assert_eq!(fs::read_to_string(log(&fixture)).unwrap().matches("incident.opened").count(), 6);
}

#[test]
fn behind_a_database_that_cannot_be_read_any_more() {
    for broken in [true, false] {
        let (fixture, backup, told) = told();
        let fixture = put_back(fixture, &backup, |path| match broken {
            true => fs::write(path, "broken").unwrap(),
            false => fs::remove_file(path).unwrap(),
        });
        // Nobody knows how many there were.
        assert_eq!(goes_on(&fixture, &told), [1_000_001, 1_000_002]);
    }
}

#[test]
fn behind_a_log_that_was_rotated_and_moved() {
    let (fixture, backup, _) = told();
    let Fixture { folder, database, .. } = fixture;
    drop(database);
    let (path, old) = (folder.path().join("t.db"), folder.path().join("security.log"));
    fs::remove_file(&path).unwrap();
    let last = fs::read_to_string(&old).unwrap().lines().count() as i64;
    let moved = folder.path().join("elsewhere");
    fs::create_dir(&moved).unwrap();
    fs::rename(&old, moved.join("security.log.1")).unwrap();
    fs::write(moved.join("security.log"), "").unwrap();
    let (actor, log) = (Actor::user(0, "root"), moved.join("security.log"));
    let restoring = Restoring { actor: &actor, now: START, security_log: Some(&log) };
    store::restore(&backup, &path, &restoring, |_, _| {}).unwrap().unwrap();
    let known = store::log_known(&path, None).unwrap();
    assert_eq!((known.head.unwrap().seq, known.due.len()), (last, 1));
    assert_eq!((known.due[0].seq, &*known.due[0].event), (last + 1, "database.restored"));
}

#[test]
fn a_token_that_was_revoked_since_stays_so_if_that_can_be_read() {
    for broken in [false, true] {
        let fixture = Fixture::new(policy(&[]));
        let (secret, tenant) = (TokenSecret::draw().unwrap(), fixture.tenant.clone());
        let new =
            || NewToken { tenant: tenant.clone(), name: "ci".into(), scope: Scope::Reader, expires: None };
        let id = fixture.database.add_token(new(), secret.hash(), Actor::timer(), None).unwrap();
        let backup = fixture.folder.path().join("backup.db");
        store::backup(&fixture.path(), &backup, |_, _| {}).unwrap();
        assert!(fixture.database.revoke_token(&tenant, id, Actor::timer()).unwrap());
        let later =
            fixture.database.add_token(new(), TokenSecret::draw().unwrap().hash(), Actor::timer(), None);
        assert_eq!(later.unwrap(), 2);
        let fixture = put_back(fixture, &backup, |path| {
            if broken {
                fs::write(path, "broken").unwrap();
            }
        });
        let token = fixture.database.token(&secret.hash()).unwrap().unwrap();
        assert_eq!(token.revoked.is_some(), !broken);
        let next =
            fixture.database.add_token(new(), TokenSecret::draw().unwrap().hash(), Actor::timer(), None);
        assert!(next.unwrap() > 2, "another token had this number");
    }
}

#[test]
fn what_is_no_database_is_neither_restored_nor_copied_and_is_named() {
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let (at, path) = (|name: &str| fixture.folder.path().join(name), fixture.path());
    fs::write(at("empty"), "").unwrap();
    fs::write(at("app.log"), "2026-11-24T10:00:00Z ERROR payment failed\n".repeat(200)).unwrap();
    store::backup(&path, &at("newer.db"), |_, _| {}).unwrap();
    let newer = rusqlite::Connection::open(at("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    drop(fixture.database);
    let before = fs::read(&path).unwrap();
    for wrong in ["empty", "app.log", "newer.db", "nowhere"] {
        assert!(store::check(&at(wrong)).is_err(), "{wrong}");
        let restored = restored(&at(wrong), &path).unwrap_err();
        assert!(restored.to_string().starts_with(&at(wrong).display().to_string()), "{restored}");
        if wrong != "newer.db" {
            let copied = store::backup(&at(wrong), &at("copy.db"), |_, _| {}).unwrap_err();
            assert!(copied.to_string().starts_with(&at(wrong).display().to_string()), "{copied}");
        }
        assert!(!at("copy.db").exists() && !at("copy.db.part").exists(), "{wrong}");
    }
    assert!(store::check(Path::new("/dev/null")).is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
    // What a killed copy leaves is not deleted, but it is said what it is.
    fs::write(at("copy.db.part"), "").unwrap();
    let left = store::backup(&path, &at("copy.db"), |_, _| {}).unwrap_err();
    assert!(matches!(left, CopyError::Left { .. }) && left.hint().is_some(), "{left}");
}

#[test]
fn a_backup_beside_who_writes_does_not_begin_again() {
    let fixture = Fixture::new(policy(&[]));
    // Several times what is copied at once.
    let decisions = (0..400).map(|offset| {
        crate::fixture::with(decision("r", Some(&format!("f{offset}")), offset), |one| {
            one.summary = "x".repeat(40_000);
        })
    });
    fixture.decide(decisions.collect());
    let (mut last, mut steps) = (u64::MAX, 0);
    let copy = fixture.folder.path().join("copy.db");
    store::backup(&fixture.path(), &copy, |left, _| {
        assert!(left < last, "{left} pages are left after {last}");
        (last, steps) = (left, steps + 1);
        // As another program does, by a connection of its own.
        let other = rusqlite::Connection::open(fixture.path()).unwrap();
        other.execute("UPDATE incidents SET title = title || 'x' WHERE id = 1", []).unwrap();
    })
    .unwrap();
    assert!(last == 0 && steps > 2, "{steps} steps");
}
