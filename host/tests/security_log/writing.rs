use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{FlockOperation, flock};
use tripline::security_log::{SecurityLog, SecurityLogError};

use crate::fixture::Fixture;

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
fn two_programs_do_not_write_at_once_but_in_turn() {
    let fixture = Fixture::with(1);
    // A server that has nothing to write holds up no command.
    let mut first = SecurityLog::open(&fixture.path).unwrap();
    let mut second = SecurityLog::open(&fixture.path).unwrap();
    for _ in 0..3 {
        for log in [&mut first, &mut second] {
            fixture.memory.add("incident.opened");
            assert_eq!(log.write_due(&fixture.memory).unwrap(), 1);
        }
    }
    let sound = fixture.verify(true);
    assert_eq!((sound.found, sound.lines), (0, 7));
    let held = File::open(&fixture.path).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    fixture.memory.add("incident.opened");
    assert!(matches!(second.write_due(&fixture.memory), Err(SecurityLogError::Held { .. })));
    assert_eq!(fixture.lines().len(), 7);
    drop(held);
    assert_eq!(second.write_due(&fixture.memory).unwrap(), 1);
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

#[test]
fn a_file_with_something_else_in_it_is_left_as_it_is() {
    for records in [0, 2] {
        for text in ["notes of somebody\n", "{\"seq\":1}\n", "half a line"] {
            let fixture = Fixture::with(records);
            fixture.memory.add("incident.opened");
            // The log itself is away.
            fs::rename(&fixture.path, fixture.folder.path().join("aside.log")).unwrap();
            fs::write(&fixture.path, text).unwrap();
            let mut log = SecurityLog::open(&fixture.path).unwrap();
            let refused = log.write_due(&fixture.memory).unwrap_err();
            assert!(
                matches!(refused, SecurityLogError::Foreign { .. }) && refused.hint().is_some(),
                "{refused}"
            );
            assert!(matches!(log.fits(&fixture.memory), Err(SecurityLogError::Foreign { .. })));
            assert_eq!(fs::read_to_string(&fixture.path).unwrap(), text);
            // What was not written is not lost.
            fs::write(&fixture.path, "").unwrap();
            assert_eq!(log.write_due(&fixture.memory).unwrap(), 1);
        }
    }
}

#[test]
fn what_a_power_cut_leaves_of_many_lines_is_taken_back() {
    let fixture = Fixture::with(2);
    let before = fs::metadata(&fixture.path).unwrap().len() as usize;
    (0..8).for_each(|_| fixture.memory.add("incident.opened"));
    let head = *fixture.memory.head.lock().unwrap();
    let mut log = SecurityLog::open(&fixture.path).unwrap();
    log.write_due(&fixture.memory).unwrap();
    let whole = fs::read(&fixture.path).unwrap();
    // A sector in the middle has not arrived, and the end has not.
    let mut cut = whole[..whole.len() - 700].to_vec();
    for hole in [before..before + 1, before + 500..before + 1012] {
        cut[hole].fill(0);
        fs::write(&fixture.path, &cut).unwrap();
        *fixture.memory.head.lock().unwrap() = head;
        log.write_due(&fixture.memory).unwrap();
        assert_eq!(fs::read(&fixture.path).unwrap(), whole);
    }
}

#[test]
fn what_a_power_cut_leaves_of_the_first_lines_is_ours_too() {
    let fixture = Fixture::with(8);
    let whole = fs::read(&fixture.path).unwrap();
    // The first sector has not arrived: no line that is known stands before those that have.
    let mut cut = whole.clone();
    cut[..512].fill(0);
    fs::write(&fixture.path, &cut).unwrap();
    *fixture.memory.head.lock().unwrap() = None;
    SecurityLog::open(&fixture.path).unwrap().write_due(&fixture.memory).unwrap();
    assert_eq!(fs::read(&fixture.path).unwrap(), whole);
    assert_eq!(fixture.known().begins, Some(1));
}
