//! logrotate, as it is configured everywhere, over a file that is followed and written to.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::Duration;

use tripline_tests::Server;

use crate::server::{TENANT, start};
use crate::tools::tool;

const FOLLOW: &str = "[server]\nlisten = \"off\"\n[[follow]]\npaths = [\"app.log\"]\nfrom = \"start\"\n";

struct Rotation<'a> {
    server: Server,
    logrotate: &'a Path,
    written: AtomicU64,
    /// Each file begins with the same lines, longer than a head.
    begins_alike: bool,
}

impl Rotation<'_> {
    fn new<'a>(logrotate: &'a Path, how: &str) -> Rotation<'a> {
        let server = Server::new(FOLLOW);
        let (log, folder) = (server.path("app.log"), server.folder());
        let text = format!("{} {{\nrotate 30\nmissingok\n{how}\n}}\n", log.display());
        fs::write(folder.join("logrotate.conf"), text).unwrap();
        // Made by logrotate from then on: made by its writer at the same time, it would be put aside.
        fs::write(&log, "").unwrap();
        Rotation { server, logrotate, written: AtomicU64::new(0), begins_alike: false }
    }

    fn rotate(&self) {
        let mut command = Command::new(self.logrotate);
        command
            .arg("--force")
            .arg("--state")
            .arg(self.server.path("state"))
            .arg(self.server.path("logrotate.conf"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Lines of one shape, each with a number of its own. The file is opened anew, as by a program that was told to.
    fn write(&self, lines: u64) {
        let open = || OpenOptions::new().append(true).open(self.server.path("app.log"));
        let mut opened = open();
        while opened.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            opened = open();
        }
        let mut file = opened.unwrap();
        if self.begins_alike && file.metadata().unwrap().len() == 0 {
            file.write_all(&b"=== the log begins ===\n".repeat(60)).unwrap();
        }
        for _ in 0..lines {
            let number = self.written.fetch_add(1, Relaxed);
            file.write_all(format!("2026-11-24T10:00:00Z ERROR job {number} failed\n").as_bytes()).unwrap();
        }
    }

    fn end(mut self) {
        let written = self.written.load(Relaxed);
        assert!(written > 1000, "{written} lines are no load");
        self.server.until(TENANT, written);
        assert!(self.server.end().success());
        assert_eq!(self.server.count(TENANT), written);
    }
}

/// Renamed and made anew, while it is written to; once with the server away.
#[track_caller]
fn check_renamed(how: &str) {
    let Some(logrotate) = tool("logrotate") else { return };
    let mut rotation = Rotation::new(&logrotate, how);
    rotation.write(1);
    start(&mut rotation.server);
    for round in 0..3 {
        let over = AtomicBool::new(false);
        scope(|scope| {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    rotation.write(50);
                    sleep(Duration::from_millis(1));
                }
            });
            for _ in 0..3 {
                sleep(Duration::from_millis(150));
                rotation.rotate();
            }
            over.store(true, Relaxed);
        });
        if round < 2 {
            rotation.server.kill();
            rotation.write(100);
            rotation.rotate();
            rotation.write(100);
            start(&mut rotation.server);
        }
    }
    rotation.end();
}

#[test]
fn renamed_and_created_counts_once() {
    check_renamed("create");
}

#[test]
fn renamed_and_packed_a_round_later_counts_once() {
    check_renamed("create\ncompress\ndelaycompress");
}

/// Three rotations while the server is away, of files that begin alike: one was read in part, of the others nothing.
#[test]
fn files_that_begin_alike_count_once() {
    let Some(logrotate) = tool("logrotate") else { return };
    let mut rotation = Rotation::new(&logrotate, "create\ncompress\ndelaycompress");
    rotation.begins_alike = true;
    rotation.write(300);
    start(&mut rotation.server);
    for _ in 0..3 {
        rotation.server.until(TENANT, rotation.written.load(Relaxed));
        rotation.server.kill();
        rotation.write(200);
        for _ in 0..3 {
            rotation.rotate();
            rotation.write(300);
        }
        start(&mut rotation.server);
    }
    rotation.end();
}

/// What was read between copy and cut is in no file any more, and the copy is shorter than what was read.
#[test]
fn what_was_read_between_copy_and_cut_counts_once() {
    let Some(logrotate) = tool("logrotate") else { return };
    for begins_alike in [false, true] {
        let mut rotation = Rotation::new(&logrotate, "copytruncate");
        rotation.begins_alike = begins_alike;
        rotation.write(500);
        start(&mut rotation.server);
        let path = |name: &str| rotation.server.path(name);
        for round in 0..3 {
            rotation.write(300);
            rotation.server.until(TENANT, rotation.written.load(Relaxed));
            for number in (1..=round).rev() {
                fs::rename(path(&format!("app.log.{number}")), path(&format!("app.log.{}", number + 1)))
                    .unwrap();
            }
            fs::copy(path("app.log"), path("app.log.1")).unwrap();
            rotation.write(20);
            rotation.server.until(TENANT, rotation.written.load(Relaxed));
            OpenOptions::new().write(true).truncate(true).open(path("app.log")).unwrap();
        }
        rotation.write(100);
        rotation.end();
    }
}

/// Under a live writer what comes between copy and cut may be lost, and nothing counts twice.
#[test]
fn copied_and_cut_under_a_writer_counts_nothing_twice() {
    for how in ["copytruncate", "copytruncate\ncompress"] {
        let Some(logrotate) = tool("logrotate") else { return };
        let mut rotation = Rotation::new(&logrotate, how);
        rotation.write(1);
        start(&mut rotation.server);
        let over = AtomicBool::new(false);
        scope(|scope| {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    rotation.write(20);
                    sleep(Duration::from_millis(5));
                }
            });
            for _ in 0..6 {
                sleep(Duration::from_millis(300));
                rotation.rotate();
            }
            over.store(true, Relaxed);
        });
        let written = rotation.written.load(Relaxed);
        rotation.write(500);
        // All of it was read once nothing has been added for a while.
        let mut count = 0;
        loop {
            sleep(Duration::from_secs(2));
            let now = rotation.server.count(TENANT);
            if now == count && now > 500 {
                break;
            }
            count = now;
        }
        assert!(count <= written + 500, "{count} of {}", written + 500);
        assert!(rotation.server.end().success());
    }
}

/// What is written to the old file after it was packed is in no file any more; so nobody writes meanwhile.
#[test]
fn renamed_and_packed_counts_once() {
    check_quiet("create\ncompress");
}

/// What is written between copy and cut is lost before anybody could read it; so nobody writes meanwhile.
#[test]
fn copied_and_cut_counts_once() {
    check_quiet("copytruncate");
}

#[test]
fn copied_cut_and_packed_counts_once() {
    check_quiet("copytruncate\ncompress");
}

#[track_caller]
fn check_quiet(how: &str) {
    let Some(logrotate) = tool("logrotate") else { return };
    let mut rotation = Rotation::new(&logrotate, how);
    rotation.write(1);
    start(&mut rotation.server);
    for round in 0..12_u64 {
        // Sometimes it was read when it is rotated, and sometimes not yet.
        rotation.write(200 + 700 * (round % 3));
        sleep(Duration::from_millis(round % 4 * 100));
        rotation.rotate();
        if round == 6 {
            rotation.server.kill();
            rotation.write(300);
            rotation.rotate();
            start(&mut rotation.server);
        }
    }
    rotation.end();
}
