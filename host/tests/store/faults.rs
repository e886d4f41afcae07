//! The disk is full, somebody holds the lock, the file is something else.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tripline::commit::{Commit, Committed, Store, StoreError, Tenant};
use tripline::incidents::{Filter, Policy};
use tripline::notices::Outbox;
use tripline::store::{self, Database, DatabaseOptions};

use crate::fixture::{Fixture, Hand, decision, policy, restored, with};

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
    assert!(restored(&path, &fixture.folder.path().join("other.db")).is_err());
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
    assert!(restored(&copy, &fixture.path()).unwrap().is_none());
    let path = fixture.path();
    drop(fixture.database);
    assert!(restored(&copy, &path).unwrap().is_some());
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

#[test]
fn a_restore_keeps_all_that_was_there_each_time() {
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let (path, copy) = (fixture.path(), fixture.folder.path().join("copy.db"));
    store::backup(&path, &copy, |_, _| {}).unwrap();
    drop(fixture.database);
    let at = |end: &str| fixture.folder.path().join(format!("t.db{end}"));
    // Too broken to take its log of changes.
    std::fs::write(&path, "broken").unwrap();
    std::fs::write(at("-wal"), "changes").unwrap();
    std::fs::write(at("-shm"), "shared").unwrap();
    assert!(restored(&copy, &path).unwrap().is_some());
    std::fs::write(&path, "broken again").unwrap();
    assert!(restored(&copy, &path).unwrap().is_some());
    let read = |end: &str| std::fs::read_to_string(at(end)).unwrap();
    assert_eq!(
        [read(".before"), read(".before-wal"), read(".before.2")],
        ["broken", "changes", "broken again"]
    );
    assert!(at(".before-shm").exists() && !at("-wal").exists() && !at(".part").exists());
    let database = open(&path, DatabaseOptions::default()).unwrap();
    assert!(database.incident(&Tenant::default(), 1).unwrap().is_some());
}

#[test]
fn a_backup_follows_no_link_and_takes_no_others_name() {
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let at = |name: &str| fixture.folder.path().join(name);
    std::fs::write(at("theirs"), "theirs").unwrap();
    std::os::unix::fs::symlink(at("theirs"), at("copy.db.part")).unwrap();
    let refused = store::backup(&fixture.path(), &at("copy.db"), |_, _| {}).unwrap_err();
    assert!(refused.to_string().ends_with("copy.db.part: expected no file, found one"), "{refused}");
    assert!(std::fs::symlink_metadata(at("copy.db.part")).is_ok(), "it was not ours to delete");
    std::fs::remove_file(at("copy.db.part")).unwrap();
    // Whoever looks for a file by following it finds none.
    std::os::unix::fs::symlink(at("nowhere"), at("copy.db")).unwrap();
    let refused = store::backup(&fixture.path(), &at("copy.db"), |_, _| {}).unwrap_err();
    assert!(refused.to_string().ends_with("copy.db: expected no file, found one"), "{refused}");
    assert!(!at("nowhere").exists() && !at("copy.db.part").exists());
    assert_eq!(std::fs::read_to_string(at("theirs")).unwrap(), "theirs");
    std::fs::remove_file(at("copy.db")).unwrap();
    store::backup(&fixture.path(), &at("copy.db"), |_, _| {}).unwrap();
    let mode = std::fs::metadata(at("copy.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_root_makes_beside_a_database_belongs_to_its_owner() {
    let fixture = Fixture::new(policy(&[]));
    let path = fixture.path();
    let Fixture { folder, database, .. } = fixture;
    drop(database);
    let files = || std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
    files()
        .filter(|entry| entry.path() != path)
        .for_each(|entry| std::fs::remove_file(entry.path()).unwrap());
    let root = rustix::process::geteuid().is_root();
    let owner = if root { 65534 } else { rustix::process::getuid().as_raw() };
    if root {
        std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
    }
    let database = open(&path, DatabaseOptions::default()).unwrap();
    let locks = (database.checker().unwrap(), database.deliverer().unwrap());
    database.commit(&Tenant::default(), Commit::default()).unwrap();
    assert_eq!(files().count(), 6, "three locks, the log of changes and its index");
    files().for_each(|entry| assert_eq!(entry.metadata().unwrap().uid(), owner, "{entry:?}"));
    drop((locks, database));
    // No link is followed: whoever owns the folder could make us make a file anywhere.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::remove_file(path.with_file_name("t.db-users")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, path.with_file_name("t.db-users")).unwrap();
    assert!(matches!(open(&path, DatabaseOptions::default()), Err(StoreError::Io(_))));
    assert!(!elsewhere.exists());
}
