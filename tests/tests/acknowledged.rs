//! A success over HTTP is a promise: whatever kills the server, lines that were answered with it are there, once.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tripline_tests::program;

const PATIENCE: Duration = Duration::from_secs(120);
const SENDERS: u64 = 3;
const BATCHES: u64 = 60;
const LINES: u64 = 5;

struct Served {
    folder: TempDir,
    process: Option<Child>,
}

impl Served {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it; answers its port.
    fn start(&mut self) -> u16 {
        let mut command = program();
        command.current_dir(self.folder.path()).env_remove("TRIPLINE_CONFIG");
        command.args(["serve", "--listen", "127.0.0.1:0", "--only", "app-errors"]);
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
        self.process = Some(process);
        let port = loop {
            let line = said.next().expect("it says where it listens").unwrap();
            if let Some((_, port)) = line.rsplit_once("http://127.0.0.1:") {
                break port.trim().parse().unwrap();
            }
        };
        // Read to its end, or the program would wait for whoever reads.
        thread::spawn(move || said.for_each(drop));
        port
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn token(&self) -> String {
        fs::read_to_string(self.path("tripline.token")).unwrap().trim().into()
    }

    fn count(&self) -> u64 {
        let mut command = program();
        command.current_dir(self.folder.path()).env_remove("TRIPLINE_CONFIG");
        command.args(["incident", "list", "--format", "ndjson", "--db", "tripline.db"]);
        let listed = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let count = |line: &str| serde_json::from_str::<Value>(line).ok()?["count"].as_u64();
        listed.lines().filter_map(count).sum()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a batch once; the status, or `None`: there was no answer.
fn send(port: u16, token: &str, key: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(40))).ok()?;
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/ingest?source=app HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: text/plain\r\nIdempotency-Key: {key}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}

/// Sends each batch until it is answered with success.
fn sender(number: u64, token: &str, port: &AtomicU16, answered: &AtomicU64) {
    let until = Instant::now() + PATIENCE;
    for batch in 0..BATCHES {
        let line = |n| format!("2026-11-24T10:00:00Z ERROR job {number}{batch}{n} failed\n");
        let body: String = (0..LINES).map(line).collect();
        let key = format!("{number}-{batch}");
        loop {
            match send(port.load(SeqCst), token, &key, &body) {
                Some(200) => break,
                None | Some(409 | 429 | 503) => {}
                Some(status) => panic!("it answers {status}"),
            }
            assert!(Instant::now() < until, "batch {key} is never taken");
            thread::sleep(Duration::from_millis(20));
        }
        answered.fetch_add(LINES, SeqCst);
    }
}

#[test]
fn whatever_kills_it_what_it_acknowledged_is_there_once() {
    let mut served = Served { folder: tempfile::tempdir().unwrap(), process: None };
    let port = AtomicU16::new(served.start());
    let (token, answered) = (served.token(), AtomicU64::new(0));
    thread::scope(|scope| {
        let (token, port, answered) = (&token, &port, &answered);
        let senders: Vec<_> =
            (0..SENDERS).map(|number| scope.spawn(move || sender(number, token, port, answered))).collect();
        // A different moment each time.
        let mut seed = 1_u64;
        for _ in 0..10 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            thread::sleep(Duration::from_millis(50 + (seed >> 33) % 400));
            if senders.iter().all(|sender| sender.is_finished()) {
                break;
            }
            let before = answered.load(SeqCst);
            served.kill();
            let found = served.count();
            assert!(found >= before, "{before} lines were acknowledged, {found} are there");
            port.store(served.start(), SeqCst);
        }
    });
    let all = SENDERS * BATCHES * LINES;
    assert_eq!(answered.load(SeqCst), all);
    served.kill();
    assert_eq!(served.count(), all);
}
