//! A terminal that is drawn on and asked for keys; whatever happens, it is given back as it was.

use std::io::{self, IsTerminal, Read, Write};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// A page of its own, without a cursor; …
const OPEN: &str = "\x1b[?1049h\x1b[?25l";
/// … and back to what was there.
const CLOSE: &str = "\x1b[?25h\x1b[?1049l";
/// From its first place; what was there is written over, so that nothing flickers.
const HOME: &str = "\x1b[H";
/// To the end of a line, and of the page.
const REST: &str = "\x1b[K";
const BELOW: &str = "\x1b[J";

/// Standard output, drawn on, and standard input, if keys come from there.
pub(super) struct Terminal {
    /// As the keyboard was.
    before: Option<Termios>,
}

impl Terminal {
    /// Whether standard output is one that can be drawn on.
    pub(super) fn is_there() -> bool {
        io::stdout().is_terminal() && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
    }

    /// Opens a page. Keys come one by one and are not shown; Ctrl-C stays what it is.
    pub(super) fn open() -> io::Result<Terminal> {
        let before = io::stdin().is_terminal().then(|| tcgetattr(io::stdin())).transpose()?;
        if let Some(before) = &before {
            let mut keys = before.clone();
            keys.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            tcsetattr(io::stdin(), OptionalActions::Now, &keys)?;
        }
        // Given back from here on.
        let terminal = Terminal { before };
        write!(io::stdout(), "{OPEN}")?;
        Ok(terminal)
    }

    /// Draws a page: its lines, with styles or without.
    pub(super) fn draw(&mut self, page: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let lines = page.trim_end_matches('\n').replace('\n', &format!("{REST}\r\n"));
        write!(out, "{HOME}{lines}{REST}{BELOW}")?;
        out.flush()
    }

    /// The keys that come within this time.
    pub(super) fn keys(&mut self, within: Duration) -> Vec<u8> {
        if self.before.is_none() {
            std::thread::sleep(within);
            return Vec::new();
        }
        let stdin = io::stdin();
        let timeout = Timespec::try_from(within).ok();
        let mut asked = [PollFd::new(&stdin, PollFlags::IN)];
        // A signal ends it early, and is seen by who waits for one.
        let came = poll(&mut asked, timeout.as_ref()).is_ok_and(|count| count > 0);
        let mut keys = [0; 64];
        match came.then(|| stdin.lock().read(&mut keys)) {
            Some(Ok(count @ 1..)) => keys[..count].to_vec(),
            Some(_) => {
                // Nobody types any more.
                self.give_back();
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn give_back(&mut self) {
        if let Some(before) = self.before.take() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
        let mut out = io::stdout();
        let _ = write!(out, "{CLOSE}").and_then(|()| out.flush());
    }
}
