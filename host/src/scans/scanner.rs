//! What every scanner is to whoever starts one.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use super::host::{Host, words};
use super::order::Order;

words! {
    /// Which scanner.
    ScannerKind {
        /// nmap, which the operator has installed.
        Nmap = "nmap",
        /// Ours, which connects and knows no more than that.
        Connect = "connect",
        /// masscan, of which files are read.
        Masscan = "masscan",
    }
}

words! {
    /// Why a scan is not whole.
    Reason {
        /// The scanner said nothing.
        NoOutput = "no_output",
        /// What it said breaks off.
        Truncated = "truncated",
        /// Something that it said cannot be read.
        Unreadable = "unreadable",
        /// It ended, and not well.
        Exit = "exit",
        /// It could not be started, or there is none.
        NoScanner = "no_scanner",
        /// The program that had it scan ended in the middle of it.
        Died = "died",
        /// It took too long.
        TimedOut = "timed_out",
        /// Somebody broke it off.
        Cancelled = "cancelled",
        /// It did not understand a target.
        SkippedTarget = "skipped_target",
        /// It may not be scanned.
        NotAllowed = "not_allowed",
        /// Hosts took too long.
        HostsTimedOut = "hosts_timed_out",
        /// The tenant had as many on that day, or has as much stored, as its quota allows.
        Quota = "quota",
        /// It should have been made by now.
        Late = "late",
    }
}

/// How far a scan is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What is done.
    pub task: String,
    /// How much of that: 0 to 100.
    pub percent: f64,
    /// How long that takes yet, if the scanner says so.
    pub left: Option<Duration>,
}

/// Follows a scan.
pub trait Watch {
    /// It has begun, as the run of this number where one is kept.
    fn begun(&mut self, _run: Option<u64>) {}

    /// A host is done.
    fn host(&mut self, host: Host);

    /// It is so far.
    fn progress(&mut self, progress: &Progress);
}

/// Breaks a scan off, from anywhere.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// One that a flag sets, too.
    pub fn by(flag: Arc<AtomicBool>) -> Cancel {
        Cancel(flag)
    }

    /// Breaks it off.
    pub fn cancel(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether somebody did.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Why a scan is not whole, in a word and in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// In a word.
    pub reason: Reason,
    /// In a sentence; it may quote a stranger.
    pub detail: String,
}

impl Broken {
    /// For this reason.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Broken {
        Broken { reason, detail: detail.into() }
    }

    /// The program that scanned has died.
    pub fn died() -> Broken {
        Broken::new(Reason::Died, "the program that scanned ended in the middle of it")
    }
}

/// How a scan ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Why it is not whole.
    pub broken: Option<Broken>,
    /// Whether it told of all hosts: where it told of none, there is none.
    pub told_all: bool,
    /// Addresses where nothing answered, if the scanner counted them.
    pub down: u64,
}

/// Scans.
pub trait Scanner: Send + Sync {
    /// Which one it is.
    fn kind(&self) -> ScannerKind;

    /// How it asks, as far as that makes another answer: `connect`, `syn`; `-all` where each address is taken for a
    /// host, so that others are found.
    fn technique(&self, order: &Order) -> &'static str {
        match (self.kind(), order.privileged, order.every_address) {
            (ScannerKind::Nmap, true, true) => "syn-all",
            (ScannerKind::Nmap, false, true) => "connect-all",
            (ScannerKind::Nmap, true, false) | (ScannerKind::Masscan, ..) => "syn",
            (ScannerKind::Nmap, false, false) | (ScannerKind::Connect, ..) => "connect",
        }
    }

    /// Scans, and tells of each host when it is done. It ends soon after it was cancelled.
    fn scan(&self, order: &Order, watch: &mut dyn Watch, cancel: &Cancel) -> Ended;
}
