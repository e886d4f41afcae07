//! The disk is full, somebody holds the lock, the file is something else.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tripline::commit::{Commit, Committed, Store, StoreError, Tenant};
use tripline::incidents::{Filter, Policy};
use tripline::store::{self, Database, DatabaseOptions};

use crate::fixture::{Fixture, Hand, decision, policy, with};

fn open(path: &std::path::Path, options: DatabaseOptions) -> Result<Database, StoreError> {
    Database::open(path, Policy::default(), Arc::new(Hand::default()), options)
}

fn large(offset: u64) -> tripline::decision::Decision {
    with(decision("r", Some(&format!("f{offset}")), offset), |one| one.summary = "x".repeat(20_000))
}

#[test]
fn a_full_disk_takes_back_the_whole_commit_and_it_goes_on_with_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let (tenant, mut stored) = (Tenant::default(), 0);
    let commit = |from: u64| {
        let decisions = (from..from + 4).map(large).collect();
        Commit { decisions, ..Commit::default() }
    };
    {
        let options = DatabaseOptions { max_bytes: Some(1024 * 1024), ..DatabaseOptions::default() };
        let database = open(&path, options).unwrap();
        let full = loop {
            match database.commit(&tenant, commit(stored)) {
                Ok(committed) => stored += committed.opened.len() as u64,
                Err(error) => break error,
            }
        };
        assert!(matches!(full, StoreError::Full), "{full:?}");
        assert!(full.is_passing() && stored > 8);
        // It can still be read, and says the same again.
        let page = database.page(&tenant, &Filter::default(), None, 1000).unwrap();
        assert_eq!(page.incidents.len() as u64, stored);
        assert!(matches!(database.commit(&tenant, commit(stored)), Err(StoreError::Full)));
    }
    let (version, newest) = store::check(&path).unwrap().version;
    assert_eq!(version, newest);
    let database = open(&path, DatabaseOptions::default()).unwrap();
    let Committed { opened, known, .. } = database.commit(&tenant, commit(stored)).unwrap();
    assert_eq!((opened.len(), known), (4, 0));
}

#[test]
fn a_lock_is_waited_for_and_then_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let options = DatabaseOptions { patience: Duration::from_millis(50), ..DatabaseOptions::default() };
    let database = open(&path, options).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let commit = || Commit { decisions: vec![decision("r", Some("a"), 1)], ..Commit::default() };
    let refused = database.commit(&Tenant::default(), commit());
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    // Readers are not held up.
    assert!(database.incident(&Tenant::default(), 1).unwrap().is_none());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(database.commit(&Tenant::default(), commit()).unwrap().opened, [1]);
}

#[test]
fn a_newer_database_is_refused_and_stays_as_it_is() {
    let fixture = Fixture::new(policy(&[]));
    let path = fixture.path();
    drop(fixture.database);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = open(&path, DatabaseOptions::default());
    assert!(matches!(refused, Err(StoreError::Newer { found: 99, .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(store::restore(&path, &fixture.folder.path().join("other.db"), |_, _| {}).is_err());
}

#[test]
fn the_files_of_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(open(&path, DatabaseOptions::default()), Err(StoreError::Damaged(_))));
    std::fs::write(&path, "not a database, though it is long enough to be looked at as one".repeat(100))
        .unwrap();
    assert!(matches!(open(&path, DatabaseOptions::default()), Err(StoreError::Damaged(_))));
}

#[test]
fn a_backup_comes_back() {
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let copy = fixture.folder.path().join("copy.db");
    // While it is in use.
    store::backup(&fixture.path(), &copy, |_, _| {}).unwrap();
    assert!(store::backup(&fixture.path(), &copy, |_, _| {}).is_err());
    fixture.decide(vec![decision("r", Some("b"), 2)]);
    assert!(store::restore(&copy, &fixture.path(), |_, _| {}).unwrap().is_none());
    let path = fixture.path();
    drop(fixture.database);
    assert!(store::restore(&copy, &path, |_, _| {}).unwrap().is_some());
    let database = open(&path, DatabaseOptions::default()).unwrap();
    let tenant = Tenant::default();
    assert!(
        database.incident(&tenant, 1).unwrap().is_some() && database.incident(&tenant, 2).unwrap().is_none()
    );
    assert!(path.with_file_name("t.db.before").exists());
}

#[test]
fn many_write_at_once() {
    let fixture = Fixture::new(policy(&[]));
    let database = Arc::new(fixture.database);
    let threads: Vec<_> = (0..8_u64)
        .map(|thread| {
            let database = Arc::clone(&database);
            std::thread::spawn(move || {
                for i in 0..20 {
                    let decisions = vec![decision("r", Some(&format!("t{thread}")), thread * 1000 + i)];
                    let commit = Commit { decisions, ..Commit::default() };
                    database.commit(&Tenant::default(), commit).unwrap();
                    assert!(database.except(&Tenant::default(), unrelated(), me()).is_ok());
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let page = database.page(&Tenant::default(), &Filter::default(), None, 100).unwrap();
    assert_eq!(page.incidents.len(), 8);
    assert!(page.incidents.iter().all(|incident| incident.count == 20));
}

fn me() -> tripline::incidents::Actor {
    tripline::incidents::Actor::user(0, "root")
}

fn unrelated() -> tripline::incidents::NewException {
    tripline::incidents::NewException {
        rule: Some(crate::fixture::pattern("nothing/*")),
        field: None,
        effect: tripline::incidents::Effect::Except,
        until: Some(1),
        reason: String::new(),
    }
}

#[test]
fn one_process_checks_at_a_time() {
    let fixture = Fixture::new(Policy::default());
    let path = fixture.folder.path().join("t.db");
    let options = DatabaseOptions { patience: Duration::from_millis(50), ..DatabaseOptions::default() };
    let other = Database::open(&path, Policy::default(), Arc::new(fixture.clock.clone()), options).unwrap();
    let lock = fixture.database.checker().unwrap();
    let refused = other.checker().map(drop);
    assert!(matches!(refused, Err(StoreError::Checking)), "{refused:?}");
    drop(lock);
    drop(other.checker().unwrap());
}
