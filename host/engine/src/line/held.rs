//! The event that is not over.

use super::join::Join;
use super::years::Years;
use super::{Line, LineSettings};
use crate::decode::Within;

/// An event that has not come out. Of most no more than the line is ever asked for.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) line: Line,
    /// Which lines join it, once one may.
    pub(super) join: Option<Join>,
    /// Where it can be known from that the event begins here. `None`: at the line, which had no say in the year.
    pub(super) start: Option<Start>,
}

/// A line's start that needs no line before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) offset: u64,
    pub(super) line: u64,
    pub(super) year: Option<(i16, u8, u8)>,
    pub(super) within: Within,
}

impl Held {
    /// Which lines join it; `bytes`: what its line is a place in.
    pub(super) fn join(&mut self, bytes: &[u8]) -> &mut Join {
        let line = self.line.start as usize..self.line.end as usize;
        self.join.get_or_insert_with(|| Join::begin(&bytes[line]))
    }

    /// Takes a line that joins it, unless it has too many lines or bytes then.
    pub(super) fn extend(&mut self, line: &Line, settings: &LineSettings) -> bool {
        let bytes = (line.end - self.line.start) as usize;
        let has_room =
            bytes <= settings.max_bytes && self.join.is_some_and(|join| join.lines <= settings.max_joined);
        if has_room {
            (self.line.end, self.line.cut) = (line.end, self.line.cut | line.cut);
        }
        has_room
    }

    /// Whether a line that is not indented may join.
    pub(super) fn is_indented(&self) -> bool {
        self.join.as_ref().is_some_and(Join::is_indented)
    }

    /// Where it can be known from that the event begins here; `years`: as they are behind it.
    pub(super) fn start(&self, years: &Years) -> Start {
        let Line { offset, number: line, .. } = self.line;
        self.start.unwrap_or_else(|| Start { offset, line, year: years.mark(), within: Within::Nothing })
    }
}
