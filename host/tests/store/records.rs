//! Records for security.log, before and after somebody wants one.

use std::fs::File;
use std::io::{BufRead, BufReader};

use rusqlite::Connection;
use tripline::incidents::{Actor, NewSilence};
use tripline::notices::{End, Next, Outbox};
use tripline::security_log::{Deed, Records, SecurityLog, SecurityLogError, Verified, verify};
use tripline::store::log_known;

use crate::fixture::{Fixture, START, decision, policy};

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
    verified_all(fixture, &[path(fixture)])
}

/// The files of a log, the oldest first.
fn verified_all(fixture: &Fixture, files: &[std::path::PathBuf]) -> Verified {
    let open = |path| -> Box<dyn BufRead> { Box::new(BufReader::new(File::open(path).unwrap())) };
    let known = log_known(&fixture.path(), None).unwrap();
    let mut verified = verify(files.iter().map(open).collect(), Some(&known)).unwrap();
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

fn write(fixture: &Fixture, path: &std::path::Path) -> Result<u64, SecurityLogError> {
    SecurityLog::open(path).unwrap().write_due(&fixture.database)
}

#[test]
fn a_chain_goes_on_in_one_file_alone() {
    let fixture = Fixture::new(policy(&[]));
    one_more(&fixture);
    write(&fixture, &path(&fixture)).unwrap();
    let wrong = fixture.folder.path().join("wrong.log");
    one_more(&fixture);
    let refused = write(&fixture, &wrong).unwrap_err();
    assert!(matches!(refused, SecurityLogError::Elsewhere { .. }) && refused.hint().is_some(), "{refused}");
    assert_eq!(std::fs::read(&wrong).unwrap(), b"");
    // Another name of the same folder is the same file.
    let link = fixture.folder.path().join("link");
    std::os::unix::fs::symlink(fixture.folder.path(), &link).unwrap();
    assert_eq!(write(&fixture, &link.join("security.log")).unwrap(), 1);
    assert_eq!((verified(&fixture).found, verified(&fixture).lines), (0, 2));
    // A copy is not the log, and the log that was moved with its lines is.
    let moved = fixture.folder.path().join("moved.log");
    one_more(&fixture);
    std::fs::copy(path(&fixture), &moved).unwrap();
    assert!(matches!(write(&fixture, &moved), Err(SecurityLogError::Elsewhere { .. })));
    std::fs::remove_file(path(&fixture)).unwrap();
    assert_eq!(write(&fixture, &moved).unwrap(), 1);
    // To begin a new file elsewhere, it has to be said.
    one_more(&fixture);
    assert!(matches!(write(&fixture, &path(&fixture)), Err(SecurityLogError::Elsewhere { .. })));
    fixture.database.move_log(&path(&fixture), Actor::user(1000, "alice")).unwrap();
    assert_eq!(write(&fixture, &path(&fixture)).unwrap(), 2);
    let sound = verified(&fixture);
    assert_eq!((sound.found, sound.lines, sound.first.map(|(first, _)| first.seq)), (0, 2, Some(4)));
}

#[test]
fn two_databases_do_not_write_one_file() {
    let (first, second) = (Fixture::new(policy(&[])), Fixture::new(policy(&[])));
    let log = path(&first);
    // Else its first record would be the same, to the byte.
    second.clock.pass(1);
    for fixture in [&first, &second] {
        one_more(fixture);
    }
    write(&first, &log).unwrap();
    let before = std::fs::read(&log).unwrap();
    let refused = write(&second, &log).unwrap_err();
    assert!(matches!(refused, SecurityLogError::Another { expected: None, found: 1, .. }), "{refused}");
    assert!(refused.hint().is_some());
    assert_eq!(std::fs::read(&log).unwrap(), before);
    one_more(&first);
    assert_eq!(write(&first, &log).unwrap(), 1);
    assert_eq!(verified(&first).found, 0);
    // Nor is anything written behind an end that was cut off.
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.lines().next().unwrap().to_string() + "\n").unwrap();
    one_more(&first);
    let refused = write(&first, &log).unwrap_err();
    assert!(matches!(refused, SecurityLogError::Another { expected: Some(2), found: 1, .. }), "{refused}");
    // Kept aside, it is what it was, and the log goes on.
    std::fs::rename(&log, first.folder.path().join("cut-off.log")).unwrap();
    assert_eq!(write(&first, &log).unwrap(), 1);
}

#[test]
fn a_log_that_nobody_wants_any_more_is_told_and_can_be_stopped() {
    let fixture = Fixture::new(policy(&[]));
    one_more(&fixture);
    write(&fixture, &path(&fixture)).unwrap();
    fill(&fixture, MOST);
    one_more(&fixture);
    let waits = fixture.database.log_waits().unwrap();
    assert_eq!(waits, Some((MOST as u64 + 1, path(&fixture).canonicalize().unwrap())));
    fixture.database.note(vec![Deed::log_stopped().by(Actor::user(1000, "alice"))]).unwrap();
    write(&fixture, &path(&fixture)).unwrap();
    fixture.database.stop_log().unwrap();
    assert_eq!(fixture.database.log_waits().unwrap(), None);
    let stopped = verified(&fixture);
    assert_eq!((stopped.found, stopped.lines as i64), (0, MOST + 3));
    let last = stopped.last.map(|head| head.seq);
    // From now on only the newest wait, for a file that begins with the oldest of them.
    fill(&fixture, MOST + 1_996);
    one_more(&fixture);
    assert_eq!(count(&fixture), (MOST, 2 * MOST + 2_000));
    assert_eq!(verified(&fixture).findings, []);
    let next = fixture.folder.path().join("next.log");
    assert_eq!(write(&fixture, &next).unwrap() as i64, MOST);
    // The chain goes on there, behind those that were dropped: both together are sound, and so is the next one alone.
    let both = verified_all(&fixture, &[path(&fixture), next.clone()]);
    assert_eq!((both.findings, both.lines as i64), (vec![], 2 * MOST + 3));
    let alone = verified_all(&fixture, std::slice::from_ref(&next));
    assert_eq!((alone.findings, alone.first.map(|(head, _)| head.seq)), (vec![], Some(MOST + 2_001)));
    // Nor can either's end or beginning be taken away, or another chain be put before it.
    let text = std::fs::read_to_string(&next).unwrap();
    std::fs::write(&next, text.split_once('\n').unwrap().1).unwrap();
    assert_eq!(verified_all(&fixture, &[path(&fixture), next.clone()]).found, 1);
    std::fs::write(&next, &text).unwrap();
    let old = std::fs::read_to_string(path(&fixture)).unwrap();
    let cut = old.trim_end().rsplit_once('\n').unwrap().0.to_string() + "\n";
    std::fs::write(path(&fixture), cut).unwrap();
    let broken = verified_all(&fixture, &[path(&fixture), next]);
    assert_eq!((broken.found, last), (1, Some(MOST + 3)));
}

#[test]
fn another_try_for_notices_is_told_with_who_asked_for_it() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let Next::Send(leased) = fixture.database.next("relay").unwrap() else { panic!("expected a notice") };
    let refused = End::Refused("550 no such user".into());
    fixture.database.finish("relay", leased.notice, &refused).unwrap();
    let alice = || Actor::user(1000, "alice");
    assert_eq!(fixture.database.retry(&fixture.tenant, None, alice()).unwrap(), 1);
    // What changes nothing is not told.
    assert_eq!(fixture.database.retry(&fixture.tenant, None, alice()).unwrap(), 0);
    fixture.database.flush(&fixture.tenant, alice()).unwrap();
    let mut records = fixture.database.after(0, 100).unwrap();
    records.retain(|record| record.event.starts_with("notices."));
    let told: Vec<(String, String)> = records
        .iter()
        .map(|record| (record.event.clone(), serde_json::Value::from(record.fields.clone()).to_string()))
        .collect();
    let by = r#""by":"uid:1000","from":"cli","notices":"#;
    let expected = [("notices.retried", 1), ("notices.flushed", 1)]
        .map(|(event, notices)| (event.to_string(), format!("{{{by}{notices}}}")));
    assert_eq!(told, expected);
}
