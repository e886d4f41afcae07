//! How a server ends: what it took is told, also where it cannot be kept, and no thread goes on without the others.

use std::time::{Duration, Instant};

use tripline::serve::{Event, Refused, ServeError};

use crate::remembering::configured;
use crate::running::{PATIENCE, Running, change};

#[test]
fn what_was_taken_is_committed_before_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::new(folder.path(), 16, Vec::new());
    let told: Vec<_> = (0..50).map(|_| running.bring("default")).collect();
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
    assert!(told.iter().all(|told| told.recv_timeout(PATIENCE) == Ok(Ok(()))));
    assert_eq!(running.counts("default").len(), 50);
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| running.bring("default")));
    assert!(refused.is_err(), "it takes nothing any more: {}", Refused::Stopping);
}

#[test]
fn a_barrier_that_the_store_does_not_take_is_given_up_at_the_end_and_half_of_it_is_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::new(folder.path(), 16, Vec::new());
    running.commit("default");
    let other = rusqlite::Connection::open(folder.path().join("t.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let told = running.bring("default");
    running.until("it waits", |running| running.health.ready().is_err());
    assert!(told.try_recv().is_err(), "nothing is answered that is not on disk");
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
    // Dropped: whoever brought it knows that it has to come again.
    assert!(told.recv_timeout(PATIENCE).is_err());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(running.counts("default").len(), 1);
    drop(running);
    // It comes again, and counts once.
    let running = Running::new(folder.path(), 16, Vec::new());
    running.commit("default");
    let counts = running.counts("default");
    assert!(counts.len() == 2 && counts.values().all(|count| *count == 1), "{counts:?}");
}

/// Whoever collects gives up with the barrier: those who bring it more must not wait for it for ever.
#[test]
fn what_is_given_up_ends_also_where_more_has_come_than_there_is_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::new(folder.path(), 16, Vec::new());
    running.commit("default");
    let other = rusqlite::Connection::open(folder.path().join("t.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let told = running.bring("default");
    running.until("it waits", |running| running.health.ready().is_err());
    // For longer than judging goes on without the store: then whoever collects waits for it, and all others for that one.
    let (mut all, until) = (Vec::new(), Instant::now() + Duration::from_secs(2));
    while Instant::now() < until {
        all.push(running.bring("default"));
        std::thread::sleep(Duration::from_millis(5));
    }
    running.control.stop();
    assert!(running.ended().is_ok_and(|ended| ended.is_ok()));
    drop(running);
    assert!(told.recv_timeout(PATIENCE).is_err());
    assert!(all.iter().all(|told| told.recv_timeout(PATIENCE).is_err()));
}

/// One barrier is underway and one is ready: what comes behind them waits where it is read, however long that takes.
#[test]
fn while_the_store_takes_nothing_no_more_is_judged_than_there_is_room_for() {
    const MOST: usize = 16 << 20;
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::new(folder.path(), 16, Vec::new());
    running.commit("default");
    let other = rusqlite::Connection::open(folder.path().join("t.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // Each line is a decision.
    let lines = "2026-11-18T00:00:00Z app n=1\n".repeat(2_000);
    let (mut taken, mut full) = (0, None::<Instant>);
    // Room comes for as long as something is judged.
    while full.is_none_or(|since| since.elapsed() < Duration::from_secs(3)) {
        match running.offer("default", &lines) {
            Ok(()) => (taken, full) = (taken + lines.len(), None),
            Err(_) => {
                full.get_or_insert_with(Instant::now);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        assert!(taken < MOST, "judged without end");
    }
    running.control.stop();
    assert!(running.ended().is_ok_and(|ended| ended.is_ok()));
}

#[test]
fn what_cannot_be_read_at_the_start_ends_it_and_later_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let mut running = Running::new(folder.path(), 16, Vec::new());
    running.commit("default");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("ALTER TABLE states RENAME TO gone").unwrap();
    let (packs, follow, expected) = (vec![configured()], Vec::new(), Vec::new());
    running.control.change(change(packs, follow, expected));
    running.until("it waits", |running| running.health.ready().is_err());
    other.execute_batch("ALTER TABLE gone RENAME TO states").unwrap();
    running.commit("default");
    assert!(running.health.ready().is_ok() && running.said("GoesOn"));
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
    other.execute_batch("ALTER TABLE states RENAME TO gone").unwrap();
    let mut running = Running::new(folder.path(), 16, Vec::new());
    // Without being asked to.
    assert!(matches!(running.ended(), Ok(Err(ServeError::Store(_)))));
}

#[test]
fn a_thread_that_panics_ends_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let panics = Box::new(|event: &Event| {
        if matches!(event, Event::Committed(..)) {
            // Whoever listens is not ours, and it is the committing thread that tells.
            std::panic::panic_any("a listener fails");
        }
    });
    let mut running = Running::listened(folder.path(), 16, Vec::new(), panics);
    let told = running.bring("default");
    // Without being asked to.
    running.until("it stops", |running| running.control.is_stopping());
    assert!(running.end().is_err(), "and says that it failed");
    let _ = told.recv_timeout(PATIENCE);
}
