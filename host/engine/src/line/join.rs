//! Which lines belong to the event before them.
//!
//! ```text
//!   2024-01-01 12:00:00 ERROR upload failed
//!   Traceback (most recent call last):            ◄ joins, once for each event
//!     File "upload.py", line 7, in send           ◄ joins: indented deeper than the event's first line
//!       raise Timeout(host)                       ◄
//!   Timeout: 192.0.2.7                            ◄ joins: first line behind a traceback's indented ones
//!   2024-01-01 12:00:01 ERROR save failed
//!   java.lang.IllegalStateException: closed       ◄ an event of its own: nothing says that it goes on
//!       at db.Pool.get(Pool.java:31)              ◄ joins
//!   Caused by: java.io.IOException: reset         ◄ joins; also `Suppressed: `
//!       ... 12 more                               ◄ joins
//! ```
//!
//! What never joins: a line with a date and time of its own, however far it is indented, so that nobody hides a line
//! behind another by putting a blank before it; a line behind an empty one; a line that is not indented deeper
//! than the event's first, so that a log which indents all its lines is still one event a line; lines of JSON and of
//! W3C's format.
//! Nothing is lost by joining: the event's text has all its lines.

use crate::decode::{Decoder, Format};

const TRACEBACK: &[u8] = b"Traceback (most recent call last):";

/// The event that lines may still join.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join {
    /// How many blanks its first line begins with; lines that are indented deeper join.
    indent: usize,
    /// Its first line is whole, and no line joins.
    closed: bool,
    /// How many lines it has.
    pub(super) lines: usize,
    traceback: Traceback,
}

/// How far an event's Python traceback is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traceback {
    /// There is none.
    None,
    /// Its title was the last line.
    Begun,
    /// Some of its indented lines have come.
    Indented,
    /// Its exception has come.
    Over,
}

impl Join {
    /// An event with this first line.
    #[inline]
    pub(super) fn begin(line: &[u8]) -> Join {
        let begun = line.last() == Some(&b':') && line.ends_with(TRACEBACK);
        let traceback = if begun { Traceback::Begun } else { Traceback::None };
        let closed = line.first() == Some(&b'{') && line.last() == Some(&b'}');
        Join { indent: indent(line), closed, lines: 1, traceback }
    }

    /// The event that goes on where this one had too many lines or bytes: its lines are told by the same marks.
    pub(super) fn go_on(self) -> Join {
        Join { lines: 1, ..self }
    }

    /// Whether no line joins any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether its last line is an indented one of a traceback, behind which any line may join.
    pub(super) fn is_indented(&self) -> bool {
        self.traceback == Traceback::Indented
    }

    /// Whether the line, which is not empty, belongs to the event; if so, the event has it now.
    #[inline]
    pub(super) fn takes(&mut self, line: &[u8], decoder: &Decoder) -> bool {
        let (joins, traceback) = match line.first() {
            Some(b' ' | b'\t') => {
                let traceback = match self.traceback {
                    Traceback::Begun => Traceback::Indented,
                    other => other,
                };
                (indent(line) > self.indent, traceback)
            }
            Some(b'T') if self.traceback == Traceback::None && line == TRACEBACK => (true, Traceback::Begun),
            Some(b'C' | b'S') if line.starts_with(b"Caused by: ") || line.starts_with(b"Suppressed: ") => {
                (true, self.traceback)
            }
            _ => (self.traceback == Traceback::Indented, Traceback::Over),
        };
        if !joins || self.closed || decoder.has_header(line) {
            return false;
        }
        self.traceback = traceback;
        self.lines += 1;
        true
    }
}

/// Whether lines of this format may go on with the next one.
pub(super) fn joins(format: Format) -> bool {
    use Format::*;
    !matches!(format, W3c | Json | Records | Journal | Finding)
}

/// How many blanks a line begins with.
fn indent(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}
