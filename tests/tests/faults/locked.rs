use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::fixture::{Folder, myself, random, stopped};
use rusqlite::Connection;
use tripline_tests::{Server, bring};

const HELD: &str = "TRIPLINE_TEST_HELD";
const TENANT: &str = "default";
/// Longer than any wait inside a server.
const MINUTE: Duration = Duration::from_secs(60);
/// Whoever is refused asks again after this.
const PAUSE: Duration = Duration::from_millis(100);

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

fn failed(first: u64, count: u64) -> String {
    (first..first + count).map(|number| format!("2026-11-24T10:00:00Z ERROR job {number} failed\n")).collect()
}

/// A server goes on waiting, takes nothing over HTTP that it could not keep, says so, and goes on by itself.
#[test]
fn a_server_outlasts_a_minute_without_its_database() {
    let mut server = Server::new(
        "[server]\nlisten = \"127.0.0.1:0\"\n[[follow]]\npaths = [\"app.log\"]\nfrom = \"start\"\n",
    );
    let token = server.token("ingest", TENANT);
    let mut log = File::create(server.path("app.log")).unwrap();
    log.write_all(failed(0, 10).as_bytes()).unwrap();
    server.start(&["--only", "app-errors"], None);
    let at = server.http();
    assert_eq!(bring(at, &token, "before", &failed(0, 7)), Some(200));
    server.until(TENANT, 17);

    let held = Held::new(&server.path("tripline.db"));
    let begun = Instant::now();
    log.write_all(failed(10, 1000).as_bytes()).unwrap();
    let mut refused = 0;
    while begun.elapsed() < MINUTE {
        let answered = bring(at, &token, "during", &failed(7, 5));
        assert!(matches!(answered, None | Some(503)), "{answered:?}: it kept what it could not keep");
        refused += u64::from(answered.is_some());
        sleep(PAUSE);
    }
    assert!(refused > 0, "whoever brought lines was never told");
    assert!(server.is_alive(), "{}", server.said());
    assert_eq!(server.count(TENANT), 17, "nothing was kept while it was held");
    drop(held);

    // The first of these had been taken already, and is kept late: by its key it is known again.
    let begun = Instant::now();
    while bring(at, &token, "during", &failed(7, 5)) != Some(200) {
        assert!(begun.elapsed() < MINUTE, "{}", server.said());
        sleep(PAUSE);
    }
    server.until(TENANT, 1022);
    assert!(server.end().success());
}
