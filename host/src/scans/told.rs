//! What a scanner's XML has told in all, and whether that is all there is.

use std::io::Read;

use super::scanner::{Broken, Ended, Reason, ScannerKind, Watch};
use super::xml::{Asked, Item, ScanXml, XmlError};

/// What was told besides the hosts.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) scanner: Option<ScannerKind>,
    /// When it began, nanoseconds since 1970.
    pub(super) begun: Option<i64>,
    pub(super) asked: Vec<Asked>,
    /// The latest end of a host.
    pub(super) last: Option<i64>,
    skipped: Vec<String>,
    skipped_more: u64,
    timed_out: u64,
    /// Hosts of which something cannot be read …
    unreadable: u64,
    /// … and not even where they are.
    nowhere: bool,
    down: u64,
    finished: Option<Result<(), String>>,
    error: Option<XmlError>,
}

/// Targets that are named if they were not understood.
const NAMED: usize = 3;

impl Told {
    /// Reads to the end, or to where nothing can be read any more; each host goes on when it is closed.
    pub(super) fn follow<R: Read>(&mut self, xml: &mut ScanXml<R>, watch: &mut dyn Watch) {
        loop {
            match xml.next_item() {
                Ok(Some(item)) => self.take(item, watch),
                Ok(None) => return,
                Err(error) => {
                    self.error = Some(error);
                    return;
                }
            }
        }
    }

    fn take(&mut self, item: Item, watch: &mut dyn Watch) {
        match item {
            Item::Begun(scanner, begun) => (self.scanner, self.begun) = (Some(scanner), begun),
            // A scan is of three protocols at most.
            Item::Asked(asked) if self.asked.len() < 8 => self.asked.push(asked),
            Item::Asked(_) => {}
            Item::Skipped(target) if self.skipped.len() < NAMED => self.skipped.push(target),
            Item::Skipped(_) => self.skipped_more += 1,
            Item::Progress(progress) => watch.progress(&progress),
            Item::Down(down) => self.down += down,
            Item::Finished(how) => self.finished = Some(how),
            Item::Host(host) => {
                self.unreadable += u64::from(host.unreadable || host.address.is_none());
                self.nowhere |= host.address.is_none();
                self.timed_out += u64::from(host.timed_out && !host.unreadable);
                self.last = self.last.max(host.ended);
                watch.host(*host);
            }
        }
    }

    /// Whether it was not read to its end.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self.error, Some(XmlError::Large { .. } | XmlError::Deep { .. } | XmlError::Many { .. }))
    }

    /// How the scan ended.
    pub(super) fn ended(&self) -> Ended {
        let told_all = matches!(self.finished, Some(Ok(()))) && self.skipped.is_empty() && !self.nowhere;
        Ended { broken: self.broken(), told_all, down: self.down }
    }

    fn broken(&self) -> Option<Broken> {
        let broken = |reason, detail: String| Some(Broken::new(reason, detail));
        match (&self.finished, &self.error) {
            (Some(Ok(())), _) => {}
            (Some(Err(words)), _) if words.is_empty() => {
                return broken(Reason::Exit, "the scanner does not say whether it ended well".into());
            }
            (Some(Err(words)), _) => {
                return broken(Reason::Exit, format!("the scanner ended with `{words}`"));
            }
            (None, Some(error)) if self.scanner.is_some() => {
                return broken(Reason::Truncated, error.to_string());
            }
            (None, Some(error)) => return broken(Reason::NoOutput, error.to_string()),
            (None, None) if self.scanner.is_some() => {
                return broken(Reason::Truncated, "what the scanner tells breaks off".into());
            }
            (None, None) => return broken(Reason::NoOutput, "the scanner told nothing".into()),
        }
        if !self.skipped.is_empty() {
            let named = self.skipped.join(", ");
            let more = match self.skipped_more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            return broken(Reason::SkippedTarget, format!("the scanner did not understand {named}{more}"));
        }
        match self.unreadable {
            0 => {}
            1 => return broken(Reason::Unreadable, "what is told of 1 host cannot be read".into()),
            hosts => {
                return broken(Reason::Unreadable, format!("what is told of {hosts} hosts cannot be read"));
            }
        }
        match self.timed_out {
            0 => None,
            1 => broken(Reason::HostsTimedOut, "1 host took too long".into()),
            hosts => broken(Reason::HostsTimedOut, format!("{hosts} hosts took too long")),
        }
    }
}
