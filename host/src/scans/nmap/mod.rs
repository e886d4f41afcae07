//! nmap: a program that the operator has installed. It is run, and its XML is read; nothing of it is ours.
//!
//! ```text
//!   tripline ──► tripline scanner-exec ──► the same, --guarded ──exec──► nmap     in a session of their own,
//!      │            guards: kills the         dies with its guard,                without a terminal, and its group:
//!      │                                                                          who cancels, or waits too long,
//!      │            group when nobody         has limits                          ends the group; who dies takes it
//!      │            reads any more                                                along, with all that it has begun
//!      ◄──────────────────────────────────────────────────── XML ──┘
//! ```

mod arguments;
mod child;
mod folder;
mod found;
mod guard;
mod launch;

use std::path::PathBuf;

use self::child::Child;
pub use self::found::{NmapError, find};
pub use self::guard::guard;
pub use self::launch::{Launch, launch};
use super::order::Order;
use super::scanner::{Broken, Cancel, Ended, Reason, Scanner, ScannerKind, Watch};
use super::told::Told;
use super::xml::{ScanXml, XmlLimits};

/// What a guard ends with whose scanner was ended by a signal: this, and the signal's number.
pub const SIGNALS: i32 = 128;

/// Scans by nmap.
#[derive(Clone, Debug)]
pub struct Nmap {
    /// Where nmap is.
    pub program: PathBuf,
    /// Where tripline is, which starts it: `/proc/self/exe`, but in a program that is another.
    pub launcher: PathBuf,
}

impl Scanner for Nmap {
    fn kind(&self) -> ScannerKind {
        ScannerKind::Nmap
    }

    fn scan(&self, order: &Order, watch: &mut dyn Watch, cancel: &Cancel) -> Ended {
        let mut ended = Ended { told_all: true, ..Ended::default() };
        // One run of nmap knows one kind of addresses.
        let families = order.addresses.families();
        let families: Vec<_> = families.iter().filter(|addresses| !addresses.is_empty()).collect();
        let began = std::time::Instant::now();
        for addresses in families {
            let left = order.timeout.saturating_sub(began.elapsed());
            let one = match Child::start(self, order, addresses, left, cancel) {
                Ok(child) => follow(child, watch),
                Err(error) => {
                    let detail = format!("cannot start {}: {error}", self.program.display());
                    Ended { broken: Some(Broken::new(Reason::NoScanner, detail)), ..Ended::default() }
                }
            };
            let told_all = ended.told_all && one.told_all;
            ended = Ended { broken: ended.broken.or(one.broken), told_all, down: ended.down + one.down };
            if cancel.is_cancelled() {
                break;
            }
        }
        ended
    }
}

fn follow(mut child: Child, watch: &mut dyn Watch) -> Ended {
    let mut told = Told::default();
    told.follow(&mut ScanXml::new(&mut child, XmlLimits::default()), watch);
    let end = child.end();
    let mut ended = told.ended();
    if let Err(broken) = end {
        ended.told_all = false;
        // Why it was ended says more than where it broke off, but if that was because nobody could read it.
        let is_unread = broken.reason == Reason::Exit && told.is_unreadable();
        ended.broken = ended.broken.filter(|_| is_unread).or(Some(broken));
    }
    ended
}
