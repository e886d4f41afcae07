//! The frame around every message: header, section table, checked reads.

use core::fmt;

/// The first four bytes of each kind of frame.
pub mod magic {
    /// A batch: host to pack.
    pub const BATCH: u32 = u32::from_le_bytes(*b"TLB1");
    /// Settings and state: host to pack, once.
    pub const OPEN: u32 = u32::from_le_bytes(*b"TLO1");
    /// Decisions: pack to host.
    pub const REPLY: u32 = u32::from_le_bytes(*b"TLR1");
}

/// The kinds of sections. A number never changes its meaning.
pub mod section {
    /// Events and ticks of a batch.
    pub const ENTRIES: u32 = 1;
    /// Fields of events.
    pub const FIELDS: u32 = 2;
    /// Matches of events.
    pub const MATCHES: u32 = 3;
    /// Captures of matches.
    pub const CAPTURES: u32 = 4;
    /// The bytes that spans point into.
    pub const ARENA: u32 = 5;
    /// Log sources of events.
    pub const SOURCES: u32 = 6;
    /// Settings of an open frame.
    pub const SETTINGS: u32 = 16;
    /// Items of settings that are lists.
    pub const ITEMS: u32 = 17;
    /// Saved state.
    pub const STATE: u32 = 18;
    /// Version of the pack that saved the state.
    pub const STATE_VERSION: u32 = 19;
    /// Decisions of a reply.
    pub const DECISIONS: u32 = 32;
    /// Named values of decisions.
    pub const VALUES: u32 = 33;
    /// Ids of events that are a decision's evidence.
    pub const EVIDENCE: u32 = 34;
}

pub(crate) const HEADER: usize = 16;
pub(crate) const SECTION: usize = 16;
pub(crate) const ABSENT: u32 = u32::MAX;
/// More sections than any version will have; a table is never longer.
const MAX_SECTIONS: usize = 64;

/// Where a frame breaks the layout. Numbers are bytes from the frame's start, or indices of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Fewer bytes than a header.
    Short {
        /// Bytes at hand.
        found: usize,
    },
    /// Not this kind of frame.
    Magic {
        /// The magic that was expected.
        expected: u32,
        /// The first four bytes.
        found: u32,
    },
    /// The header's length is not the number of bytes at hand.
    Length {
        /// Bytes at hand.
        expected: usize,
        /// What the header says.
        found: u32,
    },
    /// The section table leaves the frame, or is longer than any table.
    Table {
        /// How many sections the header says.
        sections: u16,
    },
    /// A section leaves the frame.
    Section {
        /// Kind of the section.
        kind: u32,
        /// Its offset.
        offset: u32,
        /// How many records it says it has.
        count: u32,
        /// Bytes of a record.
        stride: u32,
    },
    /// A kind of section stands twice.
    Twice {
        /// Kind of the section.
        kind: u32,
    },
    /// Records are smaller than this version's.
    Stride {
        /// Kind of the section.
        kind: u32,
        /// The least stride.
        expected: u32,
        /// The table's stride.
        found: u32,
    },
    /// A span leaves the arena.
    Span {
        /// Start in the arena.
        offset: u32,
        /// Length in bytes.
        length: u32,
        /// Bytes in the arena.
        arena: usize,
    },
    /// A range of records leaves its section.
    Range {
        /// Kind of the section.
        kind: u32,
        /// First record.
        first: u32,
        /// How many.
        count: u32,
        /// Records in the section.
        records: u32,
    },
    /// A number stands for nothing.
    Number {
        /// What it should name.
        what: &'static str,
        /// The number.
        found: u32,
    },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Malformed::Short { found } => {
                write!(f, "expected a frame header of {HEADER} bytes, found {found}")
            }
            Malformed::Magic { expected, found } => {
                write!(f, "expected a frame that starts with {expected:#010x}, found {found:#010x}")
            }
            Malformed::Length { expected, found } => {
                write!(f, "expected a frame of {expected} bytes, its header says {found}")
            }
            Malformed::Table { sections } => write!(f, "a table of {sections} sections leaves the frame"),
            Malformed::Section { kind, offset, count, stride } => {
                write!(
                    f,
                    "section {kind} with {count} records of {stride} bytes at {offset} leaves the frame"
                )
            }
            Malformed::Twice { kind } => write!(f, "section {kind} stands twice"),
            Malformed::Stride { kind, expected, found } => {
                write!(f, "expected records of at least {expected} bytes in section {kind}, found {found}")
            }
            Malformed::Span { offset, length, arena } => {
                write!(f, "a text of {length} bytes at {offset} leaves the arena of {arena} bytes")
            }
            Malformed::Range { kind, first, count, records } => {
                write!(f, "{count} records from {first} leave section {kind}, which has {records}")
            }
            Malformed::Number { what, found } => write!(f, "expected a {what}, found number {found}"),
        }
    }
}

impl core::error::Error for Malformed {}

/// A text's place in the arena of a frame that is being written.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte in the arena.
    pub offset: u32,
    /// Length in bytes.
    pub length: u32,
}

#[cfg(feature = "alloc")]
impl Span {
    /// No text at all, which is not the empty text.
    pub const ABSENT: Span = Span { offset: ABSENT, length: 0 };

    /// The part of this text from `start` for `length` bytes.
    pub fn part(self, start: u32, length: u32) -> Span {
        Span { offset: self.offset + start, length }
    }
}

/// A whole frame whose header, table and sections lie inside its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    bytes: &'a [u8],
    table: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(crate) fn parse(bytes: &'a [u8], expected: u32) -> Result<Self, Malformed> {
        if bytes.len() < HEADER {
            return Err(Malformed::Short { found: bytes.len() });
        }
        let found = u32_at(bytes, 0);
        if found != expected {
            return Err(Malformed::Magic { expected, found });
        }
        let length = u32_at(bytes, 4);
        if length as usize != bytes.len() {
            return Err(Malformed::Length { expected: bytes.len(), found: length });
        }
        let (start, sections) = (u16_at(bytes, 8) as usize, u16_at(bytes, 10));
        let end = start + sections as usize * SECTION;
        if start < HEADER || sections as usize > MAX_SECTIONS || end > bytes.len() {
            return Err(Malformed::Table { sections });
        }
        let frame = Frame { bytes, table: &bytes[start..end] };
        for (i, entry) in frame.table.chunks_exact(SECTION).enumerate() {
            let (kind, offset, count, stride) =
                (u32_at(entry, 0), u32_at(entry, 4), u32_at(entry, 8), u32_at(entry, 12));
            let end = u64::from(count) * u64::from(stride) + u64::from(offset);
            if end > bytes.len() as u64 || (stride == 0 && count > 0) {
                return Err(Malformed::Section { kind, offset, count, stride });
            }
            if frame.table.chunks_exact(SECTION).take(i).any(|earlier| u32_at(earlier, 0) == kind) {
                return Err(Malformed::Twice { kind });
            }
        }
        Ok(frame)
    }

    /// The section of this kind, empty if there is none.
    pub(crate) fn section(&self, kind: u32, least_stride: u32) -> Result<Section<'a>, Malformed> {
        let Some(entry) = self.table.chunks_exact(SECTION).find(|entry| u32_at(entry, 0) == kind) else {
            return Ok(Section { bytes: &[], kind, count: 0, stride: least_stride });
        };
        let (offset, count, stride) = (u32_at(entry, 4) as usize, u32_at(entry, 8), u32_at(entry, 12));
        if count > 0 && stride < least_stride {
            return Err(Malformed::Stride { kind, expected: least_stride, found: stride });
        }
        let bytes = &self.bytes[offset..offset + count as usize * stride as usize];
        Ok(Section { bytes, kind, count, stride })
    }

    pub(crate) fn has(&self, kind: u32) -> bool {
        self.table.chunks_exact(SECTION).any(|entry| u32_at(entry, 0) == kind)
    }
}

/// Records of one kind. Reads outside of it answer with nothing, never with a panic.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    pub(crate) bytes: &'a [u8],
    kind: u32,
    pub(crate) count: u32,
    stride: u32,
}

impl<'a> Section<'a> {
    pub(crate) fn record(&self, index: u32) -> Option<&'a [u8]> {
        let start = (index as usize).checked_mul(self.stride as usize)?;
        self.bytes.get(start..start.checked_add(self.stride as usize)?)
    }

    pub(crate) fn range(&self, first: u32, count: u32) -> Result<(), Malformed> {
        match first.checked_add(count) {
            Some(end) if end <= self.count => Ok(()),
            _ if count == 0 => Ok(()),
            _ => Err(Malformed::Range { kind: self.kind, first, count, records: self.count }),
        }
    }

    /// As an arena: the text of a span, `None` if it is absent.
    pub(crate) fn text(&self, offset: u32, length: u32) -> Result<Option<&'a [u8]>, Malformed> {
        if offset == ABSENT {
            return Ok(None);
        }
        let end = (offset as usize).checked_add(length as usize);
        match end.and_then(|end| self.bytes.get(offset as usize..end)) {
            Some(text) => Ok(Some(text)),
            None => Err(Malformed::Span { offset, length, arena: self.bytes.len() }),
        }
    }

    pub(crate) fn text_at(&self, record: &[u8], at: usize) -> Result<Option<&'a [u8]>, Malformed> {
        self.text(u32_at(record, at), u32_at(record, at + 4))
    }
}

// The callers have compared the length before; a shorter slice reads as zero.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u16::from_le_bytes(*chunk))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

pub(crate) fn id_at(bytes: &[u8], at: usize) -> crate::EventId {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default()
}

/// Writes a frame from finished sections: (kind, stride, bytes). Appends nothing to what `out` held: it is cleared.
#[cfg(feature = "alloc")]
pub(crate) fn write(magic: u32, sections: &[(u32, usize, &[u8])], out: &mut alloc::vec::Vec<u8>) {
    out.clear();
    let head = HEADER + sections.len() * SECTION;
    out.reserve(sections.iter().fold(head, |at, (_, _, bytes)| at.next_multiple_of(8) + bytes.len()));
    out.resize(head, 0);
    for (number, section) in sections.iter().enumerate() {
        add(number, *section, out);
    }
    write_header(magic, sections.len(), out);
}

/// Writes a section behind what a frame has, and its row of the table.
#[cfg(feature = "alloc")]
pub(crate) fn add(
    number: usize,
    (kind, stride, bytes): (u32, usize, &[u8]),
    frame: &mut alloc::vec::Vec<u8>,
) {
    frame.resize(frame.len().next_multiple_of(8), 0);
    let row = [kind, frame.len() as u32, (bytes.len() / stride) as u32, stride as u32];
    frame.extend_from_slice(bytes);
    put_numbers(&row, &mut frame[HEADER + number * SECTION..]);
}

/// Writes what stands before the table of a frame that is whole.
#[cfg(feature = "alloc")]
pub(crate) fn write_header(magic: u32, sections: usize, frame: &mut [u8]) {
    put_numbers(&[magic, frame.len() as u32, HEADER as u32 | (sections as u32) << 16, 0], frame);
}

/// Writes numbers over bytes.
#[cfg(feature = "alloc")]
pub(crate) fn put_numbers(numbers: &[u32], bytes: &mut [u8]) {
    for (place, number) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
        *place = number.to_le_bytes();
    }
}
