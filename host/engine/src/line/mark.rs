//! Where a source can be read on.

use crate::decode::Layout;

/// A line's start, and what must be known there to go on as if all had been read in one go.
///
/// ```text
///   Jan 1 … ⏎ Jan 1 … ⏎   at foo ⏎   at bar ⏎ …        an event of more lines than fit goes on as another,
///             └offset                └judged           which is only known from its first line on
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which file of the source, from 0.
    pub file: u32,
    /// The line's first byte in that file.
    pub offset: u64,
    /// Its number there, from 1.
    pub line: u64,
    /// Events that begin before this byte of the file came out already, and do not again.
    pub judged: u64,
    /// The source's format, and the columns that were named before it. A format that was given is given again, and stands
    /// here only with its columns.
    pub format: Option<Layout>,
    /// Year, month and day of the last line before it that had a day and no year.
    pub year: Option<(i16, u8, u8)>,
}

impl Mark {
    /// The first byte of a source's file of which nothing is known.
    pub fn start(file: u32) -> Mark {
        Mark { file, offset: 0, line: 1, judged: 0, format: None, year: None }
    }
}
