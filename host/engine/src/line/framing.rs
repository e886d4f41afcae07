//! Where events begin and end in formats in which that is not where lines do.

use super::entries::Entries;
use super::records::Records;
use crate::decode::{Format, Within};

/// Goes over a source's bytes once, in order, and says where its events are. It keeps no bytes.
#[derive(Debug)]
pub(super) enum Framing {
    /// Objects in documents of JSON.
    Records(Records),
    /// Entries of a journal.
    Entries(Entries),
}

/// A place at which what came before is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// One past the last byte of the event that ends here; `None`: what came before belongs to no event.
    pub(super) end: Option<usize>,
    /// Where the next event may begin.
    pub(super) next: usize,
}

impl Framing {
    /// What a format needs, if it needs anything but lines.
    pub(super) fn of(format: Format) -> Option<Framing> {
        match format {
            Format::Records => Some(Framing::Records(Records::default())),
            Format::Journal => Some(Framing::Entries(Entries::default())),
            _ => None,
        }
    }

    /// The next edge in `bytes` from `at` on, where the last one was or the last bytes ended; `None`: all were looked at.
    pub(super) fn next(&mut self, bytes: &[u8], at: usize) -> Option<Edge> {
        match self {
            Framing::Records(records) => records.next(bytes, at),
            Framing::Entries(entries) => entries.next(bytes, at),
        }
    }

    /// The edge at the end of all bytes, and nothing is known from before any more.
    pub(super) fn finish(&mut self, bytes: &[u8]) -> Edge {
        let end = match self {
            Framing::Records(records) => records.finish(bytes),
            Framing::Entries(entries) => entries.finish(bytes),
        };
        Edge { end, next: bytes.len() }
    }

    /// How many line feeds were gone over since this was last asked, and where in a document the last edge was.
    pub(super) fn take_passed(&mut self) -> (u64, Within) {
        match self {
            Framing::Records(records) => (std::mem::take(&mut records.feeds), records.within()),
            Framing::Entries(entries) => (std::mem::take(&mut entries.feeds), Within::Nothing),
        }
    }

    /// Goes on there.
    pub(super) fn resume(&mut self, within: Within) {
        match self {
            Framing::Records(records) => *records = Records::resume(within),
            Framing::Entries(entries) => *entries = Entries::default(),
        }
    }
}
