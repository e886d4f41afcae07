use std::io;

use super::Failure;
use super::screen::written;
use crate::check::{MatchSeen, Observer, Outcome};
use crate::report::Printer;
use crate::report::progress::Progress;
use crate::report::stored::StoredAs;

/// Follows a check: prints what it finds, shows how far it is.
///
/// When whoever reads the output has gone (`| head`), printing ends and the check goes on: the exit code shall not
/// depend on who reads how far.
pub(super) struct Watch {
    printer: Box<dyn Printer>,
    progress: Option<Progress>,
    printed: io::Result<()>,
}

impl Watch {
    pub(super) fn new(printer: Box<dyn Printer>, progress: Option<Progress>) -> Watch {
        Watch { printer, progress, printed: Ok(()) }
    }

    /// The check is over; answers whether all could be printed.
    pub(super) fn finish(mut self, outcome: &Outcome, stored: &[StoredAs]) -> Result<(), Failure> {
        if let Some(progress) = &mut self.progress {
            progress.clear();
        }
        self.print(|printer| printer.outcome(outcome, stored));
        self.print(|printer| printer.flush());
        written(self.printed)
    }

    fn print(&mut self, print: impl FnOnce(&mut dyn Printer) -> io::Result<()>) {
        if self.printed.is_ok() {
            self.printed = print(&mut *self.printer);
        }
    }
}

impl Observer for Watch {
    fn read(&mut self, bytes: u64) {
        if let Some(progress) = &mut self.progress {
            progress.read(bytes);
        }
        // Who follows a pipe wants to see matches as they come.
        self.print(|printer| printer.flush());
    }

    fn matched(&mut self, seen: &MatchSeen<'_>) {
        self.print(|printer| printer.matched(seen));
    }
}
