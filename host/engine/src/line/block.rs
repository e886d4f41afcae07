//! A block of lines.

use std::sync::Arc;

use super::Mark;
use crate::decode::Decoder;

/// How far ahead of its arrival a line's time may be, nanoseconds.
const EARLY: i64 = 5 * 60 * 1_000_000_000;

/// The last bytes of a file before one of its bytes, by which whoever reads it knows it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foot {
    /// They are the last before this byte.
    pub end: u64,
    /// The bytes; how many is up to who reads.
    pub bytes: Arc<[u8]>,
}

/// Some lines of one file of a source, in order, with their bytes. It may have none, and still lead further.
#[derive(Clone, Debug)]
pub struct Block {
    /// The bytes that `lines` are places in; between the lines stand line feeds and what was cut off.
    pub bytes: Vec<u8>,
    /// The lines, in order.
    pub lines: Vec<Line>,
    /// What decodes them; the same for all blocks of a source, but for the columns that lines of W3C's format have.
    pub decoder: Arc<Decoder>,
    /// A line's time is not later than this; a later one is no time.
    pub until: Option<i64>,
    /// When it came in, nanoseconds since 1970, where lines are judged as they come.
    pub received: Option<i64>,
    /// Of its file what lies before where the next block begins, if whoever reads says so; it is only handed on.
    pub foot: Option<Foot>,
    /// Where it begins.
    pub from: Mark,
    /// Where the next block begins; at its file's end, that end.
    pub after: Mark,
}

/// The text of one event: a line, or several that were joined, with the line feeds between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its first byte in the block.
    pub start: u32,
    /// One past its last byte in the block.
    pub end: u32,
    /// Where it begins in its file, in bytes.
    pub offset: u64,
    /// Which line of its file it is, or begins in, from 1; empty lines count too, though they are no events.
    pub number: u64,
    /// Which file of the source it is from, from 0.
    pub file: u32,
    /// The year for a stamp that says none.
    pub year: i16,
    /// It was longer than allowed, and its rest is gone.
    pub cut: bool,
}

impl Block {
    /// The bytes of a line of this block.
    pub fn text(&self, line: &Line) -> &[u8] {
        self.bytes.get(line.start as usize..line.end as usize).unwrap_or_default()
    }

    /// A line's time as it was decoded, if it can be. Of what comes live, a time that is ahead of its arrival is cut to
    /// that and five minutes: a clock or a zone that is wrong must not cost all times, nor a forged time flush windows.
    pub fn bounded(&self, time: Option<i64>) -> Option<i64> {
        match self.received {
            Some(received) => time.map(|time| time.min(received.saturating_add(EARLY))),
            None => time.filter(|time| self.until.is_none_or(|until| *time <= until)),
        }
    }
}
