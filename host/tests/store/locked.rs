use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::fs::{FlockOperation, flock};
use tripline::commit::{Commit, Store, StoreError, Tenant};
use tripline::incidents::{Filter, Policy};
use tripline::store::{Database, DatabaseOptions};

use crate::fixture::{Fixture, Hand, decision, policy, restored};

const HELD: &str = "TRIPLINE_TEST_HELD";
const PATIENCE: Duration = Duration::from_millis(100);
/// Sixty seconds are to the default patience what this is to the one above.
const TRIES: u64 = 12;

#[test]
#[ignore = "the other program of the test below"]
fn holder() {
    let Some(path) = std::env::var_os(HELD) else { return };
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    println!("held");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn another_program_holds_it_far_longer_than_it_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let options = DatabaseOptions { patience: PATIENCE, ..DatabaseOptions::default() };
    let database = Database::open(&path, Policy::default(), Arc::new(Hand::default()), options).unwrap();
    let tenant = Tenant::default();
    let commit = |offset: u64| {
        let decisions = vec![decision("r", Some("a"), offset)];
        database.commit(&tenant, Commit { decisions, ..Commit::default() })
    };
    let count = || {
        let page = database.page(&tenant, &Filter::default(), None, 10).unwrap();
        page.incidents.iter().map(|incident| incident.count).sum::<u64>()
    };
    commit(0).unwrap();

    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args(["--ignored", "--exact", "locked::holder", "--nocapture"]).env(HELD, &path);
    let mut other = other.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("held")));
    for offset in 1..=TRIES {
        let begun = Instant::now();
        let busy = commit(offset).unwrap_err();
        assert!(matches!(busy, StoreError::Busy) && busy.is_passing(), "{busy:?}");
        assert!((PATIENCE..100 * PATIENCE).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        // Whoever reads is not held up.
        assert_eq!(count(), 1);
    }
    drop(other.stdin.take());
    // It still writes its results, to nobody.
    lines.for_each(drop);
    other.wait().unwrap();
    for offset in 1..=TRIES {
        commit(offset).unwrap();
    }
    assert_eq!(count(), 1 + TRIES);
}

fn opened(path: &std::path::Path) -> Result<Database, StoreError> {
    let options = DatabaseOptions { patience: PATIENCE, ..DatabaseOptions::default() };
    Database::open(path, Policy::default(), Arc::new(Hand::default()), options)
}

#[test]
fn whoever_keeps_all_others_out_is_waited_for_and_not_for_ever() {
    let fixture = Fixture::new(policy(&[]));
    let path = fixture.path();
    drop(fixture.database);
    let users = File::open(path.with_file_name("t.db-users")).unwrap();
    flock(&users, FlockOperation::LockExclusive).unwrap();
    let begun = Instant::now();
    assert!(matches!(opened(&path), Err(StoreError::Busy)));
    assert!((PATIENCE..100 * PATIENCE).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    // Nor does a restore wait: whoever has it open may have it for days.
    let copy = fixture.folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    assert!(restored(&copy, &path).unwrap().is_none());
    flock(&users, FlockOperation::Unlock).unwrap();
    opened(&path).unwrap();
}

#[test]
fn nobody_migrates_what_an_older_program_has_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let sql = include_str!("databases/6.sql");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let version = || -> i64 {
        Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    // As each program holds it that has the database open.
    let older = File::create(path.with_file_name("t.db-users")).unwrap();
    flock(&older, FlockOperation::LockShared).unwrap();
    let refused = opened(&path).map(drop).unwrap_err();
    assert!(matches!(refused, StoreError::InUse), "{refused:?}");
    assert_eq!(version(), 6);
    drop(older);
    let (one, other) = (opened(&path).unwrap(), opened(&path).unwrap());
    assert!(version() > 6);
    drop((one, other));
}
