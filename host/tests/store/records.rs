//! Records for security.log, before and after somebody wants one.

use std::fs::File;
use std::io::{BufRead, BufReader};

use rusqlite::Connection;
use tripline::incidents::{Actor, NewSilence};
use tripline::security_log::{SecurityLog, Verified, verify};
use tripline::store::log_known;

use crate::fixture::{Fixture, START, policy};

const MOST: i64 = 100_000;

/// So many records, quickly; the next one that is added has the number after them.
fn fill(fixture: &Fixture, records: i64) {
    let connection = Connection::open(fixture.path()).unwrap();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO log_records (tenant, at, event, fields) SELECT 'default', 0, 'test', '{}' FROM n";
    connection.execute(sql, [records]).unwrap();
}

fn one_more(fixture: &Fixture) {
    let new = NewSilence { starts: START, ends: START + 1, ..NewSilence::default() };
    fixture.database.silence(&fixture.tenant, new, Actor::user(1000, "alice")).unwrap();
}

fn count(fixture: &Fixture) -> (i64, i64) {
    let connection = Connection::open(fixture.path()).unwrap();
    let sql = "SELECT count(*), max(seq) FROM log_records";
    connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn verified(fixture: &Fixture) -> Verified {
    let log: Box<dyn BufRead> = Box::new(BufReader::new(File::open(path(fixture)).unwrap()));
    let known = log_known(&fixture.path(), None).unwrap();
    let mut verified = verify(vec![log], Some(&known)).unwrap();
    verified.compare(&known, &known);
    verified
}

fn path(fixture: &Fixture) -> std::path::PathBuf {
    fixture.folder.path().join("security.log")
}

#[test]
fn the_newest_wait_for_a_file_that_nobody_has_asked_for() {
    let fixture = Fixture::new(policy(&[]));
    fill(&fixture, MOST + 1_999);
    one_more(&fixture);
    assert_eq!(count(&fixture), (MOST, MOST + 2_000));
    // The file begins where they do, and is sound.
    SecurityLog::open(&path(&fixture)).unwrap().write_due(&fixture.database).unwrap();
    let sound = verified(&fixture);
    assert_eq!((sound.found, sound.lines as i64), (0, MOST));
    assert_eq!(sound.first.map(|(head, _)| head.seq), Some(2_001));
    // From now on nothing is dropped before it is in the file.
    fill(&fixture, MOST + 1_999);
    one_more(&fixture);
    SecurityLog::open(&path(&fixture)).unwrap().write_due(&fixture.database).unwrap();
    assert_eq!((verified(&fixture).found, verified(&fixture).lines as i64), (0, 2 * MOST + 2_000));
}

#[test]
fn a_log_that_begins_late_is_not_written_twice_after_a_crash() {
    let fixture = Fixture::new(policy(&[]));
    fill(&fixture, MOST + 999);
    one_more(&fixture);
    let connection = Connection::open(fixture.path()).unwrap();
    connection.execute("DELETE FROM log_records WHERE seq > 1500", []).unwrap();
    SecurityLog::open(&path(&fixture)).unwrap().write_due(&fixture.database).unwrap();
    // The lines are in the file, and the database was not told.
    connection.execute("DELETE FROM log_head", []).unwrap();
    SecurityLog::open(&path(&fixture)).unwrap().write_due(&fixture.database).unwrap();
    assert_eq!((verified(&fixture).found, verified(&fixture).lines), (0, 500));
}
