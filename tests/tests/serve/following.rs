//! The server for real: files are followed, whatever stops it; each line counts once.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tripline_tests::{PATIENCE, Sink, program};

/// Each with an incident, and a mail, of its own; fewer than a recipient is sent in an hour.
const THINGS: [&str; 8] = ["upload", "payment", "backup", "import", "export", "login", "search", "report"];

struct Served {
    folder: TempDir,
    process: Option<Child>,
    said: Option<Receiver<String>>,
    written: u64,
    /// Who takes its mails, if it sends some.
    sink: Option<Sink>,
}

impl Served {
    fn new() -> Served {
        Served { folder: tempfile::tempdir().unwrap(), process: None, said: None, written: 0, sink: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) {
        let arguments = [
            "serve",
            "--from-start",
            "--only",
            "app-errors",
            "--security-log",
            "security.log",
            "--listen",
            "127.0.0.1:0",
        ];
        let mut command = program();
        command.current_dir(self.folder.path()).env_remove("TRIPLINE_CONFIG").args(arguments).arg("app.log");
        if let Some(sink) = &self.sink {
            command.args(["--mail-to", "oncall@example.org", "--relay", &sink.relay()]);
        }
        self.process = Some(command.stderr(Stdio::piped()).spawn().unwrap());
        let mut said = BufReader::new(self.process.as_mut().unwrap().stderr.take().unwrap()).lines();
        let (sender, receiver) = channel();
        // Read to its end, or the program would wait for whoever reads.
        spawn(move || {
            while let Some(Ok(line)) = said.next() {
                let _ = sender.send(line);
            }
        });
        self.said = Some(receiver);
    }

    /// Waits until it says something with these words.
    #[track_caller]
    fn says(&self, words: &str) {
        let patience = Instant::now() + PATIENCE;
        loop {
            let left = patience.saturating_duration_since(Instant::now());
            let line = self
                .said
                .as_ref()
                .unwrap()
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("it does not say {words:?}"));
            if line.contains(words) {
                return;
            }
        }
    }

    /// One event of app-errors each, all of one shape.
    fn write(&mut self, lines: u64) {
        for _ in 0..lines {
            self.write_one("job");
        }
    }

    /// One event of app-errors; of an incident of its own for each thing.
    fn write_one(&mut self, thing: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path("app.log")).unwrap();
        self.written += 1;
        writeln!(file, "2026-11-24T10:00:00Z ERROR {thing} {} failed", self.written).unwrap();
    }

    fn count(&self) -> u64 {
        let mut command = program();
        command.current_dir(self.folder.path()).env_remove("TRIPLINE_CONFIG");
        // Nothing names a database: it is the one of the server that has no configuration.
        let listed = command.args(["incident", "list", "--format", "ndjson"]).output().unwrap();
        let lines = String::from_utf8(listed.stdout).unwrap();
        let count = |line: &str| serde_json::from_str::<Value>(line).ok()?["count"].as_u64();
        lines.lines().filter_map(count).sum()
    }

    #[track_caller]
    fn until(&self, count: u64) {
        let patience = Instant::now() + PATIENCE;
        loop {
            let found = self.count();
            if found == count {
                return;
            }
            assert!(found < count, "{found} of {count} lines were counted: one of them twice");
            assert!(Instant::now() < patience, "{found} of {count} lines were counted in time");
            sleep(Duration::from_millis(50));
        }
    }

    fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Asks it to end.
    fn end(&mut self) -> ExitStatus {
        let mut process = self.process.take().unwrap();
        let asked = std::process::Command::new("kill").args(["-TERM", &process.id().to_string()]).status();
        assert!(asked.unwrap().success());
        process.wait().unwrap()
    }

    fn rename(&self) {
        for from in (1..9).rev() {
            let _ = fs::rename(
                self.path(&format!("app.log.{from}")),
                self.path(&format!("app.log.{}", from + 1)),
            );
        }
        fs::rename(self.path("app.log"), self.path("app.log.1")).unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[test]
fn it_follows_and_ends_in_good_order() {
    let mut served = Served::new();
    served.start();
    served.write(3);
    served.until(3);
    served.rename();
    served.write(2);
    served.until(5);
    assert!(served.end().success());
    // What is written while nobody follows is read first.
    served.write(4);
    served.rename();
    served.write(1);
    served.start();
    served.until(10);
    assert!(served.end().success());
    let verified = verify(served.folder.path());
    assert!(verified, "security.log is whole");
}

#[test]
fn a_kill_at_any_moment_costs_nothing() {
    let mut served = Served::new();
    served.sink = Some(Sink::start(env!("CARGO_BIN_EXE_smtp-sink")));
    // A different moment each time, the same in each run of the test.
    let mut seed = 1_u64;
    for round in 0..12_usize {
        served.start();
        THINGS.get(round).into_iter().for_each(|thing| served.write_one(thing));
        for _ in 0..6 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            served.write(1 + seed % 400);
            if seed.is_multiple_of(11) {
                served.rename();
            }
            sleep(Duration::from_millis((seed >> 33) % 120));
        }
        if round % 4 == 3 {
            served.rename();
            served.write(1);
        }
        served.kill();
    }
    served.start();
    served.until(served.written);
    // Those of the things, and the one of all jobs.
    let incidents = THINGS.len() + 1;
    let patience = Instant::now() + PATIENCE;
    let sink = served.sink.as_ref().unwrap();
    while sink.mails().len() < incidents {
        assert!(Instant::now() < patience, "of {incidents} incidents there are {:?}", sink.mails());
        sleep(Duration::from_millis(50));
    }
    let mails = sink.mails();
    assert!(served.end().success());
    assert_eq!(served.count(), served.written);
    assert!(verify(served.folder.path()), "security.log is whole");
    // A mail whose server died between the relay's last word and the mark is sent again, by its old id.
    assert_eq!(mails.len(), incidents, "{mails:?}");
    assert!(mails.values().all(|ids| ids.len() == 1), "{mails:?}");
    let again: usize = mails.values().flat_map(|ids| ids.values()).map(|count| count - 1).sum();
    assert!(again <= 12, "more often than it was killed: {mails:?}");
}

#[test]
fn a_database_that_is_held_makes_it_wait() {
    let mut served = Served::new();
    served.start();
    served.write(1);
    served.until(1);
    let other = rusqlite::Connection::open(served.path("tripline.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    served.write(5);
    served.says("it is tried again, and nothing is lost");
    other.execute_batch("ROLLBACK").unwrap();
    served.says("takes what comes again");
    served.until(6);
    assert!(served.end().success());
}

#[test]
fn one_server_at_a_time() {
    let mut served = Served::new();
    served.start();
    served.write(1);
    served.until(1);
    let mut second = program();
    second
        .current_dir(served.folder.path())
        .env_remove("TRIPLINE_CONFIG")
        .args(["serve", "--listen", "off", "app.log"]);
    let second = second.output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.code() == Some(2) && said.contains("hint:"), "{said}");
    served.write(1);
    served.until(2);
}

fn verify(folder: &Path) -> bool {
    let mut command = program();
    command.current_dir(folder).env_remove("TRIPLINE_CONFIG");
    command.args(["log", "verify", "security.log", "--db", "tripline.db"]).output().unwrap().status.success()
}
