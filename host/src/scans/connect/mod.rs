//! The scanner that is built in: it connects, and knows which ports are open. No services, no scripts, no names.
//!
//! ```text
//!   addresses ─► hosts ─► ports ─► at most so many sockets at once, of all hosts ─► open      connected
//!     in order   those that      first those of the first host                     closed    refused: somebody is there
//!                are begun                                                          filtered  nothing came in time, twice
//!   hosts are told in the order of their addresses, whichever is done first
//! ```

mod asked;
mod round;
mod socket;

use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use self::round::{Round, Stopped};
use super::order::Order;
use super::scanner::{Broken, Cancel, Ended, Progress, Reason, Scanner, ScannerKind, Watch};

/// Connects.
#[derive(Clone, Copy, Debug)]
pub struct Connect {
    /// Connections that are tried at once, to all hosts together: each needs a descriptor. A quarter of those that this
    /// program may have, and at most 1,024.
    pub at_once: usize,
    /// How long one waits for an answer, the first time and the second. One second.
    pub patience: Duration,
}

impl Default for Connect {
    fn default() -> Connect {
        // As many as are usual, where there is no limit.
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(4 * 1024);
        let at_once = usize::try_from(descriptors / 4).unwrap_or(usize::MAX).clamp(16, 1024);
        Connect { at_once, patience: Duration::from_secs(1) }
    }
}

impl Scanner for Connect {
    fn kind(&self) -> ScannerKind {
        ScannerKind::Connect
    }

    fn scan(&self, order: &Order, watch: &mut dyn Watch, cancel: &Cancel) -> Ended {
        let until = Instant::now().checked_add(order.timeout);
        let mut round = Round::new(*self, order);
        let mut told = None;
        let stopped = loop {
            if cancel.is_cancelled() {
                break Some(Broken::new(Reason::Cancelled, "it was cancelled"));
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                break Some(Broken::new(Reason::TimedOut, "it took longer than `scan.timeout`"));
            }
            let percent = round.percent();
            if told.replace(percent) != Some(percent) {
                watch.progress(&Progress { task: "Connecting".into(), percent, left: None });
            }
            match round.go_on(watch) {
                Ok(true) => break None,
                Ok(false) => {}
                Err(Stopped(error)) => {
                    break Some(Broken::new(Reason::Exit, format!("cannot connect: {error}")));
                }
            }
        };
        let told_all = stopped.is_none() && round.no_way.is_none();
        let broken = stopped.or_else(|| round.broken());
        Ended { broken, told_all, down: round.down }
    }
}
