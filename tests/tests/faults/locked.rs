use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::fixture::{Folder, myself, random, stopped};
use rusqlite::Connection;

const HELD: &str = "TRIPLINE_TEST_HELD";

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

/// Another process that holds the database until it is dropped.
struct Held(Child, Lines<BufReader<ChildStdout>>);

impl Held {
    fn new(database: &Path) -> Held {
        let command = myself("locked::holder");
        let mut other = Command::new(&command[0]);
        other.args(&command[1..]).env(HELD, database).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = other.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("held")), "the lock was not taken");
        Held(child, lines)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It still says that it passed.
        self.1.by_ref().for_each(drop);
        let _ = self.0.wait();
    }
}

/// A command waits a bounded time, says what is in its way and ends: what reads it again is the next command, which
/// goes on where this one stopped. Waiting on and on would hide from an operator that nothing is checked.
#[test]
fn a_database_that_is_held_is_waited_for_and_then_named() {
    let (mut random, mut folder) = (random(3), Folder::new());
    folder.grow(500, 3, &mut random);
    folder.completes();
    let before = folder.incidents();
    folder.grow(500, 5, &mut random);
    let held = Held::new(&folder.path.join("t.db"));
    let begun = Instant::now();
    let output = folder.check().output().unwrap();
    let waited = begun.elapsed();
    stopped(&output, &[2], "found the database held by another program");
    assert!((Duration::from_secs(4)..Duration::from_secs(40)).contains(&waited), "{waited:?}");
    folder.is_sound("held");
    drop(held);
    assert_eq!(folder.incidents(), before);
    folder.completes();
    folder.is_whole("held");
}
