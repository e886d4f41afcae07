use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tripline::security_log::{SecurityLog, SecurityLogError, verify};

use crate::fixture::{Fixture, open};

#[test]
fn only_its_owner_reads_it_and_links_are_not_followed() {
    let fixture = Fixture::with(1);
    assert_eq!(fs::metadata(&fixture.path).unwrap().permissions().mode() & 0o777, 0o600);
    let link = fixture.folder.path().join("link");
    std::os::unix::fs::symlink(&fixture.path, &link).unwrap();
    assert!(matches!(SecurityLog::open(&link), Err(SecurityLogError::Io { .. })));
    assert!(SecurityLog::open(fixture.folder.path()).is_err());
}

#[test]
fn two_programs_do_not_write_at_once() {
    let fixture = Fixture::with(1);
    let mut first = SecurityLog::open(&fixture.path).unwrap();
    first.write_due(&fixture.memory).unwrap();
    let mut second = SecurityLog::open(&fixture.path).unwrap();
    assert!(matches!(second.write_due(&fixture.memory), Err(SecurityLogError::Held { .. })));
    drop(first);
    second.write_due(&fixture.memory).unwrap();
}

#[test]
fn somebody_elses_torn_line_is_left_and_shows() {
    let fixture = Fixture::with(2);
    OpenOptions::new().append(true).open(&fixture.path).unwrap().write_all(b"{\"seq\":3,\"oops").unwrap();
    fixture.memory.add("incident.opened");
    SecurityLog::open(&fixture.path).unwrap().write_due(&fixture.memory).unwrap();
    let lines = fixture.lines();
    assert_eq!((lines.len(), lines[2].as_str()), (4, "{\"seq\":3,\"oops"));
    let verified = fixture.verify(true);
    assert_eq!((verified.found, verified.last.unwrap().seq), (1, 3));
}

/// What happens to a log.
#[derive(Clone, Debug)]
enum Step {
    Add,
    Write,
    /// The lines are in the file, the database was not told.
    CrashAfter,
    /// So much of the next line is in the file.
    CrashWithin(usize),
    Rename,
    CopyTruncate,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Add),
        3 => Just(Step::Write),
        2 => Just(Step::CrashAfter),
        2 => (1usize..400).prop_map(Step::CrashWithin),
        1 => Just(Step::Rename),
        1 => Just(Step::CopyTruncate),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn every_record_stands_once_and_in_order(steps in prop::collection::vec(step(), 1..40)) {
        let fixture = Fixture::new();
        let mut log = SecurityLog::open(&fixture.path).unwrap();
        let mut old = Vec::new();
        let aside = |old: &Vec<_>| fixture.folder.path().join(format!("security.log.{}", old.len()));
        for step in steps {
            match step {
                Step::Add => fixture.memory.add("incident.opened"),
                Step::Write => drop(log.write_due(&fixture.memory).unwrap()),
                Step::CrashAfter => {
                    *fixture.memory.deaf.lock().unwrap() = true;
                    let _ = log.write_due(&fixture.memory);
                    *fixture.memory.deaf.lock().unwrap() = false;
                    drop(log);
                    log = SecurityLog::open(&fixture.path).unwrap();
                }
                Step::CrashWithin(bytes) => {
                    log.write_due(&fixture.memory).unwrap();
                    let before = fs::metadata(&fixture.path).unwrap().len();
                    fixture.memory.add("incident.opened");
                    *fixture.memory.deaf.lock().unwrap() = true;
                    let _ = log.write_due(&fixture.memory);
                    *fixture.memory.deaf.lock().unwrap() = false;
                    drop(log);
                    let file = OpenOptions::new().write(true).open(&fixture.path).unwrap();
                    let after = file.metadata().unwrap().len();
                    file.set_len(after.min(before + bytes as u64)).unwrap();
                    log = SecurityLog::open(&fixture.path).unwrap();
                }
                // What the database does not know of yet is settled before a file is put aside: a rotation between a
                // crash and the next start would take it out of sight.
                Step::Rename => {
                    log.write_due(&fixture.memory).unwrap();
                    fs::rename(&fixture.path, aside(&old)).unwrap();
                    old.push(aside(&old));
                }
                Step::CopyTruncate => {
                    log.write_due(&fixture.memory).unwrap();
                    if fixture.path.exists() {
                        fs::copy(&fixture.path, aside(&old)).unwrap();
                        old.push(aside(&old));
                        OpenOptions::new().write(true).open(&fixture.path).unwrap().set_len(0).unwrap();
                    }
                }
                Step::Restart => {
                    drop(log);
                    log = SecurityLog::open(&fixture.path).unwrap();
                }
            }
        }
        log.write_due(&fixture.memory).unwrap();
        old.push(fixture.path.clone());
        let text: String = old.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let seqs: Vec<i64> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_i64().unwrap())
            .collect();
        let records = fixture.memory.records.lock().unwrap().len() as i64;
        prop_assert_eq!(seqs, (1..=records).collect::<Vec<_>>());
        let head = *fixture.memory.head.lock().unwrap();
        let verified = verify(old.iter().map(|path| open(path)).collect(), head.as_ref()).unwrap();
        prop_assert_eq!(verified.findings, []);
    }
}
