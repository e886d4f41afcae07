//! What takes time says so on a terminal, and only there.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::fixture::Fixture;

/// How long something may take that must happen.
const PATIENCE: Duration = Duration::from_secs(180);

/// A terminal: what it shows, and where a program writes to it.
fn terminal() -> (Receiver<Vec<u8>>, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (shown(master), slave)
}

/// What comes, until nobody can write any more.
fn shown(master: OwnedFd) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    let mut master = File::from(master);
    std::thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(length @ 1..) = master.read(&mut bytes) {
            let _ = sender.send(bytes[..length].to_vec());
        }
    });
    receiver
}

/// `tripline log verify` of a pipe from which nothing comes until the other end is dropped.
fn verifying(fixture: &Fixture, pipe: &str, stderr: Stdio) -> (Child, File) {
    mknodat(CWD, fixture.path().join(pipe), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut command = fixture.tripline(&["log", "verify", pipe]);
    command.env("NO_COLOR", "1").env("TERM", "xterm");
    let child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
    // Waits until the program has opened it, too.
    (child, OpenOptions::new().write(true).open(fixture.path().join(pipe)).unwrap())
}

#[test]
fn only_a_terminal_is_told_what_takes_so_long() {
    let fixture = Fixture::new();
    let (piped, first) = verifying(&fixture, "first.log", Stdio::piped());
    let (shown, slave) = terminal();
    let (watched, mut second) = verifying(&fixture, "second.log", slave.into());
    let mut seen = String::new();
    let begun = Instant::now();
    while !seen.contains("reading second.log") {
        let left = PATIENCE.saturating_sub(begun.elapsed());
        seen += &String::from_utf8_lossy(&shown.recv_timeout(left).unwrap());
    }
    // By now the first would have said something, too.
    drop(first);
    second.write_all(b"no line of such a log\n").unwrap();
    drop(second);
    let piped = piped.wait_with_output().unwrap();
    assert_eq!((&*piped.stdout, &*piped.stderr), (&b"sound: no line\n"[..], &b""[..]));
    let found = String::from_utf8(watched.wait_with_output().unwrap().stdout).unwrap();
    assert!(found.ends_with("1 finding in 1 lines\n"), "{found}");
    seen.extend(shown.iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    // The line is taken back in the end, and nothing has a colour.
    let left = seen.rsplit(['\r', '\n']).next().unwrap();
    assert!(!left.contains("reading"), "{seen:?}");
    let colour = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    assert!(!colour.is_match(&seen), "{seen:?}");
}
