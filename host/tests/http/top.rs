//! `tripline top` on a terminal: drawn again and again, asked for keys, and given back as it was.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tripline::token::Scope;

use crate::fixture::Site;
use crate::usage::{tripline, two};

/// How long something may take that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

struct Terminal {
    /// What is typed.
    keys: File,
    shown: Receiver<Vec<u8>>,
    seen: String,
    slave: File,
    child: Child,
}

impl Terminal {
    /// `tripline top` on one of 80 columns.
    fn top(site: &Site, more: &[&str], without_colours: bool) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let mut command = tripline(site, &site.token(Scope::Operator), &[&["top"], more].concat());
        command.env("TERM", "xterm");
        if without_colours {
            command.env("NO_COLOR", "1");
        }
        let stdio = || slave.try_clone().unwrap();
        let child = command.stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().unwrap();
        let master = File::from(master);
        let keys = master.try_clone().unwrap();
        Terminal { keys, shown: shown(master), seen: String::new(), slave, child }
    }

    /// Waits until this was shown since it was waited the last time.
    #[track_caller]
    fn until(&mut self, words: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(words) {
                self.seen.drain(..at + words.len());
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            let more = self.shown.recv_timeout(left).unwrap_or_else(|_| panic!("{words:?}: {:?}", self.seen));
            self.seen += &String::from_utf8_lossy(&more);
        }
    }

    /// Waits until it has ended; all that was shown behind.
    #[track_caller]
    fn end(mut self) -> (Option<i32>, String, bool) {
        self.until("\x1b[?1049l");
        let code = self.child.wait().unwrap().code();
        let modes = tcgetattr(&self.slave).unwrap().local_modes;
        while let Ok(more) = self.shown.try_recv() {
            self.seen += &String::from_utf8_lossy(&more);
        }
        (code, self.seen, modes.contains(LocalModes::ICANON | LocalModes::ECHO))
    }
}

/// What comes, until nobody can write any more.
fn shown(mut master: File) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = master.read(&mut bytes) {
            let _ = sender.send(bytes[..length].to_vec());
        }
    });
    receiver
}

#[test]
fn it_is_drawn_again_sorts_by_keys_and_ends_by_one() {
    let site = Site::new();
    two(&site);
    let mut top = Terminal::top(&site, &["--interval", "1"], false);
    top.until("\x1b[?1049h");
    top.until("by cpu");
    top.until("q ends");
    assert!(!tcgetattr(&top.slave).unwrap().local_modes.contains(LocalModes::ECHO));
    top.until("by cpu");
    top.keys.write_all(b"l").unwrap();
    top.until("by lines");
    top.until("default");
    top.until("other");
    top.keys.write_all(b"q").unwrap();
    assert_eq!(top.end(), (Some(0), String::new(), true));
}

#[test]
fn whoever_interrupts_it_has_seen_enough() {
    let site = Site::new();
    two(&site);
    for signal in [Signal::INT, Signal::TERM] {
        let mut top = Terminal::top(&site, &[], true);
        // Nothing stands around the words that are bold elsewhere.
        top.until("\x1b[?1049h\x1b[?25l\x1b[Htripline top  2 tenants  by cpu  http://127.0.0.1:");
        top.until("q ends");
        kill_process(Pid::from_child(&top.child), signal).unwrap();
        assert_eq!(top.end(), (Some(0), String::new(), true));
    }
}

#[test]
fn a_server_that_does_not_answer_is_asked_again() {
    let mut site = Site::new();
    two(&site);
    let mut top = Terminal::top(&site, &["--interval", "1"], true);
    top.until("by cpu");
    site.end();
    top.until("no answer:");
    top.until("default");
    top.keys.write_all(b"q").unwrap();
    assert_eq!(top.end().0, Some(0));
}
