//! The server dies at each named place of the way from a line to a mail, and the next one goes on: each line counts
//! once, of files and of HTTP; each mail is there, and twice only in its window, with one id; security.log is whole.

use std::collections::BTreeMap;
use std::fs::{OpenOptions, copy, rename};
use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tripline_tests::{PATIENCE, Server, Sink, bring};

const ARGUMENTS: [&str; 3] = ["--only", "app-errors", "--from-start"];

struct World {
    server: Server,
    sink: Sink,
    token: String,
    /// Whether HTTP's batch was answered.
    answered: bool,
}

impl World {
    fn new() -> World {
        let sink = Sink::start(env!("CARGO_BIN_EXE_smtp-sink"));
        let port = sink.relay().rsplit(':').next().unwrap().to_string();
        let server = Server::new(&format!(
            "[security_log]\npath = \"security.log\"\n[server]\nlisten = \"127.0.0.1:0\"\n\
             [mail]\nfrom = \"tripline@example.org\"\nrelay = \"127.0.0.1\"\nport = {port}\ntls = \"plaintext\"\n\
             [recipients]\noncall = \"oncall@example.org\"\n[[routes]]\nname = \"all\"\nto = [\"oncall\"]\n\
             [[follow]]\npaths = [\"app.log\"]\n"
        ));
        let token = server.token("ingest", "default");
        World { server, sink, token, answered: false }
    }

    fn append(&self, line: &str) {
        let mut file =
            OpenOptions::new().create(true).append(true).open(self.server.path("app.log")).unwrap();
        writeln!(file, "2026-11-24T10:00:00Z ERROR {line}").unwrap();
    }

    /// Brings a batch, until it is answered or nobody is there to answer.
    fn bring(&mut self) {
        let until = Instant::now() + PATIENCE;
        while !self.answered && self.server.is_alive() {
            let Some(at) = self.server.http_now() else {
                sleep(Duration::from_millis(10));
                continue;
            };
            let lines =
                "2026-11-24T10:00:00Z ERROR upload refused\n2026-11-24T10:00:00Z ERROR payment failed\n";
            match bring(at, &self.token, "batch-1", lines) {
                Some(200) => self.answered = true,
                None | Some(409 | 429 | 503) => {}
                Some(status) => panic!("it answers {status}"),
            }
            assert!(Instant::now() < until, "the batch is not answered: {}", self.server.said());
        }
    }

    fn counts(&self) -> BTreeMap<String, u64> {
        let incidents = self.server.incidents("default");
        let one = |one: &serde_json::Value| {
            (one["title"].as_str().unwrap().to_string(), one["count"].as_u64().unwrap())
        };
        incidents.iter().map(one).collect()
    }

    /// How many mails were on their way to the relay when it died. A copy says so: what it left is the next one's to go on with.
    fn sending(&self) -> usize {
        let folder = tempfile::tempdir().unwrap();
        for end in ["", "-wal"] {
            let name = format!("tripline.db{end}");
            copy(self.server.path(&name), folder.path().join(&name)).unwrap();
        }
        let db = rusqlite::Connection::open(folder.path().join("tripline.db")).unwrap();
        db.query_row("SELECT count(*) FROM notices WHERE state = 'sending'", [], |row| row.get(0)).unwrap()
    }

    /// Waits until this holds, or it is dead.
    fn while_alive(&mut self, holds: impl Fn(&World) -> bool) {
        let until = Instant::now() + PATIENCE;
        while self.server.is_alive() && !holds(self) {
            assert!(Instant::now() < until, "{:?}: {}", self.counts(), self.server.said());
            sleep(Duration::from_millis(20));
        }
    }
}

/// Whether the place was reached.
#[track_caller]
fn dies_at(point: &str, hit: u32) -> bool {
    let crash = format!("{point}:{hit}");
    let mut world = World::new();
    ["payment failed", "disk is full"].iter().for_each(|line| world.append(line));
    world.server.start(&ARGUMENTS, Some(&crash));
    world.while_alive(|world| world.counts().len() >= 2);
    // Rotated while it is followed, and written on.
    world.append("payment failed");
    rename(world.server.path("app.log"), world.server.path("app.log.1")).unwrap();
    world.append("disk is full");
    world.bring();
    world.while_alive(|world| world.counts().values().sum::<u64>() >= 6);
    if world.server.is_alive() {
        world.server.signal("-HUP");
    }
    world.while_alive(|world| world.server.said().contains("goes on with the changed configuration"));
    world.while_alive(|world| world.sink.mails().len() >= 3);
    let died = !world.server.is_alive();
    let mut window = 0;
    if died {
        world.server.kill();
        window = world.sending();
        world.server.start(&ARGUMENTS, None);
        world.server.says("follows");
    }
    world.bring();
    assert!(world.answered, "{crash}");
    world.while_alive(|world| world.counts().values().sum::<u64>() >= 6 && world.sink.mails().len() >= 3);
    assert!(world.server.end().success(), "{crash}: {}", world.server.said());

    let expected = [("ERROR disk is full", 2), ("ERROR payment failed", 3), ("ERROR upload refused", 1)];
    assert_eq!(world.counts(), expected.map(|(title, count)| (title.to_string(), count)).into(), "{crash}");
    let mails = world.sink.mails();
    assert_eq!(mails.len(), 3, "{crash}: {mails:?}");
    assert!(mails.values().all(|ids| ids.len() == 1), "{crash}: {mails:?}");
    // Between the relay's last word and the commit that notes it lies the one place where a mail may go twice. Whoever sends may be
    // there wherever another thread dies; the database knows.
    let again: usize = mails.values().flat_map(|ids| ids.values()).map(|count| count - 1).sum();
    assert!(window <= 1 && again <= window, "{crash}: {again} of {window}: {mails:?}");
    let verified = world.server.command(&["log", "verify", "security.log"]).output().unwrap();
    assert!(verified.status.success(), "{crash}: {verified:?}");
    died
}

#[test]
fn between_a_read_and_its_answer() {
    for point in ["after_read", "before_ack", "rotated", "before_change"] {
        assert!(dies_at(point, 1), "{point}:1 was not reached");
    }
    for point in ["after_read", "rotated"] {
        dies_at(point, 2);
    }
}

#[test]
fn at_every_commit_of_a_server() {
    for point in ["before_commit", "after_commit"] {
        let reached: Vec<bool> = (1..=8).map(|hit| dies_at(point, hit)).collect();
        assert!(reached[..4].iter().all(|reached| *reached), "{point}: {reached:?}");
    }
}

#[test]
fn at_every_step_of_a_notice() {
    for point in ["lease_taken", "after_250", "before_mark_sent", "after_log_append"] {
        for hit in 1..=2 {
            assert!(dies_at(point, hit), "{point}:{hit} was not reached");
        }
    }
}
