use tripline::security_log::{Head, Problem};

use crate::fixture::{Fixture, open};

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
    // Whoever knows how lines are made begins a chain of his own, behind what the database knows.
    let forged = Fixture::with(9);
    let behind = |number: usize| forged.put_only(&forged.lines()[number - 1..]);
    for (first, found) in [(7, 1), (6, 0)] {
        let verified = tripline::security_log::verify(vec![open(&behind(first))], head.as_ref()).unwrap();
        assert_eq!(verified.found, found, "from {first}: {:?}", verified.findings);
        let later = Problem::Later { expected: 5, found: first as i64 };
        assert_eq!(verified.findings.iter().any(|finding| finding.problem == later), found == 1);
    }
    // Right behind it, but hanging on something else.
    let elsewhere = Head { hash: [7; 32], ..head.unwrap() };
    let verified = tripline::security_log::verify(vec![open(&behind(6))], Some(&elsewhere)).unwrap();
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
