use std::fs;

use tripline::security_log::{Head, Known, Problem, SecurityLog};

use crate::fixture::{Fixture, open, verified};

/// What is found after the lines were changed: line and problem.
fn found(change: impl FnOnce(&mut Vec<String>)) -> Vec<(u64, Problem)> {
    let fixture = Fixture::with(6);
    let mut lines = fixture.lines();
    change(&mut lines);
    fixture.put(&lines);
    fixture.verify(true).findings.into_iter().map(|finding| (finding.line, finding.problem)).collect()
}

#[test]
fn an_untouched_log_is_sound() {
    assert_eq!(found(|_| {}), []);
    let fixture = Fixture::with(6);
    let verified = fixture.verify(true);
    assert_eq!((verified.lines, verified.found, verified.last.unwrap().seq), (6, 0, 6));
}

#[test]
fn every_line_is_one_line_of_visible_ascii() {
    for line in Fixture::with(3).lines() {
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line}");
    }
}

#[test]
fn a_changed_line_shows() {
    let changed = found(|lines| lines[2] = lines[2].replace("incident.opened", "incident.closed"));
    assert_eq!(changed, [(3, Problem::Changed)]);
}

#[test]
fn a_changed_line_with_a_new_hash_shows_at_the_next() {
    // Somebody who knows how the chain is made writes a line of his own.
    let forged = Fixture::with(3);
    forged.memory.records.lock().unwrap()[2].event = "incident.closed".into();
    *forged.memory.head.lock().unwrap() = None;
    std::fs::remove_file(&forged.path).unwrap();
    tripline::security_log::SecurityLog::open(&forged.path).unwrap().write_due(&forged.memory).unwrap();
    let line = forged.lines()[2].clone();
    let changed = found(|lines| lines[2] = line);
    assert_eq!(changed, [(4, Problem::Broken { expected: 4, found: 4 })]);
}

#[test]
fn a_removed_line_shows() {
    assert_eq!(found(|lines| drop(lines.remove(2))), [(3, Problem::Broken { expected: 3, found: 4 })]);
}

#[test]
fn lines_in_another_order_show() {
    let swapped = found(|lines| lines.swap(2, 3));
    assert_eq!(swapped.len(), 3);
    assert_eq!(swapped[0], (3, Problem::Broken { expected: 3, found: 4 }));
}

#[test]
fn a_repeated_line_shows() {
    let repeated = found(|lines| lines.insert(3, lines[2].clone()));
    assert_eq!(repeated[0], (4, Problem::Broken { expected: 4, found: 3 }));
}

#[test]
fn a_cut_off_end_shows_with_the_database() {
    assert_eq!(found(|lines| lines.truncate(4)), [(4, Problem::CutOff { expected: 6, found: 4 })]);
    assert_eq!(found(Vec::clear), [(0, Problem::CutOff { expected: 6, found: 0 })]);
    let fixture = Fixture::with(6);
    fixture.put(&fixture.lines()[..4]);
    assert_eq!(fixture.verify(false).found, 0);
}

#[test]
fn an_end_that_was_written_anew_shows_with_the_database() {
    let other = Fixture::new();
    (0..6).for_each(|_| other.memory.add("incident.closed"));
    tripline::security_log::SecurityLog::open(&other.path).unwrap().write_due(&other.memory).unwrap();
    let lines = other.lines();
    assert_eq!(found(|own| *own = lines), [(6, Problem::Replaced { seq: 6 })]);
}

#[test]
fn a_log_that_is_another_one_shows_with_the_database() {
    let fixture = Fixture::with(5);
    let head = *fixture.memory.head.lock().unwrap();
    let known = |head| Known { head, ..Known::default() };
    // Whoever knows how lines are made begins a chain of his own, behind what the database knows.
    let forged = Fixture::with(9);
    let behind = |number: usize| forged.put_only(&forged.lines()[number - 1..]);
    for (first, found) in [(7, 1), (6, 0)] {
        let verified =
            tripline::security_log::verify(vec![open(&behind(first))], Some(&known(head))).unwrap();
        assert_eq!(verified.found, found, "from {first}: {:?}", verified.findings);
        let later = Problem::Later { expected: 5, found: first as i64 };
        assert_eq!(verified.findings.iter().any(|finding| finding.problem == later), found == 1);
    }
    // Right behind it, but hanging on something else.
    let elsewhere = Head { hash: [7; 32], ..head.unwrap() };
    let verified =
        tripline::security_log::verify(vec![open(&behind(6))], Some(&known(Some(elsewhere)))).unwrap();
    assert_eq!(verified.found, 1);
}

#[test]
fn what_is_no_line_of_ours_shows_and_the_rest_is_read() {
    let long = "x".repeat(200 * 1024);
    let foreign = found(|lines| {
        lines.insert(1, "not ours".into());
        lines.insert(3, long);
    });
    assert_eq!(foreign, [(2, Problem::Foreign), (4, Problem::Foreign)]);
}

#[test]
fn removed_first_lines_show_with_the_database() {
    let removed = found(|lines| drop(lines.drain(..2)));
    assert_eq!(removed, [(1, Problem::Headless { expected: 1, found: 3 })]);
    // A file that was begun after a rotation begins where it does.
    let fixture = Fixture::with(3);
    fs::rename(&fixture.path, fixture.folder.path().join("security.log.1")).unwrap();
    (0..3).for_each(|_| fixture.memory.add("incident.opened"));
    SecurityLog::open(&fixture.path).unwrap().write_due(&fixture.memory).unwrap();
    assert_eq!((fixture.verify(true).found, fixture.verify(true).first.unwrap().0.seq), (0, 4));
    fixture.put(&fixture.lines()[1..]);
    let finding = fixture.verify(true).findings.remove(0);
    assert_eq!(finding.problem, Problem::Headless { expected: 4, found: 5 });
    // Nor is that forgotten when more is written.
    fixture.memory.add("incident.opened");
    SecurityLog::open(&fixture.path).unwrap().write_due(&fixture.memory).unwrap();
    assert_eq!(fixture.verify(true).found, 1);
}

#[test]
fn a_line_that_somebody_adds_behind_the_last_one_shows_with_the_database() {
    let fixture = Fixture::with(3);
    // Whoever knows how lines are made goes on with the chain as it is.
    let forged = Fixture::with(3);
    (0..2).for_each(|_| forged.memory.add("incident.closed"));
    SecurityLog::open(&forged.path).unwrap().write_due(&forged.memory).unwrap();
    fixture.put(&forged.lines());
    let problems = |fixture: &Fixture| -> Vec<(u64, Problem)> {
        let found = fixture.verify(true).findings;
        found.into_iter().map(|finding| (finding.line, finding.problem)).collect()
    };
    assert_eq!(problems(&fixture), [(4, Problem::Unknown { seq: 4 }), (5, Problem::Unknown { seq: 5 })]);
    assert_eq!(fixture.verify(false).found, 0);
    // What a crash has left there is a record of the database …
    (0..2).for_each(|_| fixture.memory.add("incident.closed"));
    assert_eq!(problems(&fixture), []);
    // … and another one at its place is not.
    fixture.memory.records.lock().unwrap()[4].event = "incident.opened".into();
    assert_eq!(problems(&fixture), [(5, Problem::Unknown { seq: 5 })]);
}

#[test]
fn what_is_written_while_it_is_read_is_no_finding() {
    let fixture = Fixture::with(3);
    let before = fixture.known();
    (0..4).for_each(|_| fixture.memory.add("incident.opened"));
    SecurityLog::open(&fixture.path).unwrap().write_due(&fixture.memory).unwrap();
    let files = || vec![open(&fixture.path)];
    let mut read = tripline::security_log::verify(files(), Some(&before)).unwrap();
    let mut later = fixture.known();
    later.due = fixture.memory.records.lock().unwrap()[3..].to_vec();
    read.compare(&before, &later);
    assert_eq!(read.findings, []);
    // Also if so much was written that the database does not have those records any more.
    let mut read = tripline::security_log::verify(files(), Some(&before)).unwrap();
    later.due.drain(..2);
    read.compare(&before, &later);
    assert_eq!(read.findings, []);
    // The last of them must be the one all the same.
    let mut read = tripline::security_log::verify(files(), Some(&before)).unwrap();
    later.head = later.head.map(|head| Head { hash: [7; 32], ..head });
    read.compare(&before, &later);
    assert_eq!(read.found, 1);
    assert_eq!(verified(files(), None).found, 0);
}
