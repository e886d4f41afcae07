//! Whoever looks writes nothing, and sees what is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use tripline::commit::{Commit, Store, StoreError, Tenant};
use tripline::incidents::{Filter, Policy};
use tripline::notices::Outbox;
use tripline::security_log::Records;
use tripline::store::{self, Database, DatabaseOptions};

use crate::fixture::{Fixture, Hand, decision, policy};

fn look(path: &Path) -> Result<Database, StoreError> {
    let options = DatabaseOptions { patience: Duration::from_millis(100), ..DatabaseOptions::default() };
    Database::look(path, Policy::default(), Arc::new(Hand::default()), options)
}

/// All files of a folder, with when they were written.
fn files(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let each = |entry: fs::DirEntry| {
        let written = entry.metadata().unwrap().modified().unwrap();
        (entry.file_name().into_string().unwrap(), (fs::read(entry.path()).unwrap(), written))
    };
    entries.map(each).collect()
}

fn count(database: &Database) -> u64 {
    let page = database.page(&Tenant::default(), &Filter::default(), None, 100).unwrap();
    page.incidents.iter().map(|incident| incident.count).sum()
}

#[test]
fn looking_leaves_every_byte_as_it_is() {
    let Fixture { folder, database, tenant, .. } = {
        let fixture = Fixture::new(policy(&["a@example.org"]));
        fixture.decide(vec![decision("r", Some("a"), 1)]);
        assert_eq!(count(&fixture.database), 1);
        fixture
    };
    drop(database);
    let before = files(folder.path());
    assert_eq!(before.keys().collect::<Vec<_>>(), ["t.db", "t.db-users"], "the last one tidies up");
    let path = folder.path().join("t.db");
    let looked = look(&path).unwrap();
    assert_eq!(count(&looked), 1);
    assert!(looked.incident(&tenant, 1).unwrap().is_some());
    assert_eq!(looked.evidence(&tenant, 1).unwrap().len(), 1);
    assert_eq!(looked.timeline(&tenant, 1).unwrap().len(), 1);
    assert_eq!((looked.told(&tenant, 1).unwrap().len(), looked.waits(&tenant).unwrap()), (1, 1));
    assert!(looked.silences(&tenant, true).unwrap().is_empty());
    assert!(looked.exceptions(&tenant, true).unwrap().is_empty() && !looked.has_tokens().unwrap());
    assert!(looked.head().unwrap().is_none() && store::log_known(&path, None).unwrap().head.is_none());
    store::check(&path).unwrap();
    // What would write is refused, before it makes a file.
    assert!(matches!(looked.due(), Err(StoreError::OnlyLooking)));
    assert!(matches!(looked.commit(&tenant, Commit::default()), Err(StoreError::OnlyLooking)));
    assert!(matches!(looked.checker().map(drop), Err(StoreError::OnlyLooking)));
    assert!(matches!(looked.deliverer().map(drop), Err(StoreError::OnlyLooking)));
    drop(looked);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn what_is_written_meanwhile_is_seen() {
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let beside = look(&fixture.path()).unwrap();
    assert_eq!(count(&beside), 1);
    fixture.decide(vec![decision("r", Some("a"), 2)]);
    assert_eq!(count(&beside), 2);
    drop(beside);
    let Fixture { folder, clock, tenant, policy, database } = fixture;
    drop(database);
    // Nobody has it open; then somebody opens, writes and closes.
    let looked = look(&folder.path().join("t.db")).unwrap();
    assert_eq!(count(&looked), 2);
    let path = folder.path().join("t.db");
    let database = Database::open(&path, policy, Arc::new(clock), DatabaseOptions::default()).unwrap();
    let commit = |offset| Commit { decisions: vec![decision("r", Some("a"), offset)], ..Commit::default() };
    database.commit(&tenant, commit(3)).unwrap();
    assert_eq!(count(&looked), 3);
    database.commit(&tenant, commit(4)).unwrap();
    drop(database);
    assert_eq!(count(&looked), 4);
}

#[test]
fn changes_that_only_who_writes_can_read_are_refused() {
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let copied = tempfile::tempdir().unwrap();
    let at = |end: &str| copied.path().join(format!("t.db{end}"));
    for end in ["", "-wal"] {
        fs::copy(format!("{}{end}", fixture.path().display()), at(end)).unwrap();
    }
    assert!(fs::metadata(at("-wal")).unwrap().len() > 0, "the changes are not in the file yet");
    let before = files(copied.path());
    let refused = look(&at("")).map(drop).unwrap_err();
    assert!(matches!(refused, StoreError::Unsettled) && refused.hint().is_some(), "{refused:?}");
    assert_eq!(files(copied.path()), before);
    // With the index they are read, also of one that died.
    fs::copy(format!("{}-shm", fixture.path().display()), at("-shm")).unwrap();
    assert_eq!(count(&look(&at("")).unwrap()), 1);
    fs::remove_file(at("-shm")).unwrap();
    // Its owner settles it.
    store::check(&at("")).unwrap();
    drop(Database::open(&at(""), Policy::default(), Arc::new(Hand::default()), DatabaseOptions::default()));
    assert_eq!(count(&look(&at("")).unwrap()), 1);
}

#[test]
fn an_older_database_is_refused_and_stays_as_it_is() {
    for version in 1..=5_u64 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/store/databases/{version}.sql"));
        Connection::open(&path).unwrap().execute_batch(&fs::read_to_string(sql).unwrap()).unwrap();
        let before = files(folder.path());
        let refused = look(&path).map(drop).unwrap_err();
        assert!(matches!(refused, StoreError::Older { found, .. } if found == version), "{refused:?}");
        // What verifies a log needs no more than there is.
        assert_eq!(store::log_known(&path, None).unwrap().head.is_some(), version >= 3, "{version}");
        assert_eq!(files(folder.path()), before, "{version}");
    }
}

#[test]
fn what_is_no_database_of_ours_is_said_to_be_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a folder ?x=1#%41").join("t.db");
    assert!(matches!(look(&path).map(drop), Err(StoreError::Io(_))));
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    assert!(matches!(look(&path).map(drop), Err(StoreError::Older { found: 0, .. })));
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(look(&path).map(drop), Err(StoreError::Damaged(_))));
    fs::remove_file(&path).unwrap();
    drop(Database::open(&path, Policy::default(), Arc::new(Hand::default()), DatabaseOptions::default()));
    assert_eq!(count(&look(&path).unwrap()), 0);
}
