use alloc::vec::Vec;

use crate::batch::{CAPTURE, ENTRY, FIELD, LINE_CUT, LogSource, MATCH, SOURCE, VALUE_CUT};
use crate::frame::{ABSENT, HEADER, SECTION, Span, add, magic, put_numbers, section, u32_at, write_header};
use crate::{EventId, FieldType};

/// Sections of a batch.
const SECTIONS: usize = 6;
/// Bytes before a batch's first section, which are its texts: they are written where they stay.
const HEAD: usize = HEADER + SECTIONS * SECTION;

/// Writes batches: one event after the other, then [`finish`](BatchWriter::finish). Its memory is reused.
#[derive(Default)]
pub struct BatchWriter {
    entries: Vec<[u8; ENTRY]>,
    fields: Vec<[u8; FIELD]>,
    matches: Vec<[u8; MATCH]>,
    captures: Vec<[u8; CAPTURE]>,
    sources: Vec<[u8; SOURCE]>,
    /// Room for the head, and the texts; nothing before the first.
    frame: Vec<u8>,
}

/// What an event is, apart from its fields and matches.
#[derive(Clone, Copy, Debug)]
pub struct EventHead {
    /// The event's id.
    pub id: EventId,
    /// When it happened, nanoseconds since 1970 UTC.
    pub time: Option<i64>,
    /// When it came in, likewise.
    pub received: Option<i64>,
    /// What [`BatchWriter::log_source`] answered.
    pub log_source: Option<u32>,
    /// A number for where it comes from.
    pub source: u32,
    /// Whether the line was cut.
    pub cut: bool,
    /// The raw line in the arena.
    pub raw: Span,
    /// The message in the arena; often a part of the raw line.
    pub message: Span,
}

impl BatchWriter {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries it holds.
    pub fn entries(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Whether it holds no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes it would have if it were finished now.
    pub fn len(&self) -> usize {
        let records = [
            self.entries.len() * ENTRY,
            self.fields.len() * FIELD,
            self.matches.len() * MATCH,
            self.captures.len() * CAPTURE,
            self.sources.len() * SOURCE,
        ];
        // Records are words of eight bytes, so that nothing is between them.
        self.frame.len().max(HEAD).next_multiple_of(8) + records.iter().sum::<usize>()
    }

    /// Puts a text into the arena.
    #[inline]
    pub fn text(&mut self, bytes: &[u8]) -> Span {
        if self.frame.is_empty() {
            self.frame.resize(HEAD, 0);
        }
        let offset = (self.frame.len() - HEAD) as u32;
        self.frame.extend_from_slice(bytes);
        Span { offset, length: bytes.len() as u32 }
    }

    /// The index of this log source, which is written once for each batch.
    pub fn log_source(&mut self, source: LogSource<'_>) -> u32 {
        let arena = self.frame.get(HEAD..).unwrap_or_default();
        let texts = [source.kind, source.product, source.service, source.category];
        let same = |record: &[u8; SOURCE]| {
            texts.iter().enumerate().all(|(i, text)| {
                let (offset, length) = (u32_at(record, i * 8), u32_at(record, i * 8 + 4));
                match text {
                    None => offset == ABSENT,
                    Some(text) => {
                        offset != ABSENT
                            && arena.get(offset as usize..(offset as usize + length as usize)) == Some(text)
                    }
                }
            })
        };
        if let Some(index) = self.sources.iter().position(same) {
            return index as u32;
        }
        let spans = texts.map(|text| text.map_or(Span::ABSENT, |text| self.text(text)));
        self.sources.push(record(spans.map(|span| [span.offset, span.length]).as_flattened()));
        self.sources.len() as u32 - 1
    }

    /// Begins an event; its fields and matches follow.
    #[inline]
    pub fn event(&mut self, head: &EventHead) {
        let (fields, matches) = (self.fields.len() as u32, self.matches.len() as u32);
        let flags = if head.cut { LINE_CUT } else { 0 };
        let numbers = [
            0,
            head.log_source.unwrap_or(ABSENT),
            flags,
            head.source,
            head.raw.offset,
            head.raw.length,
            head.message.offset,
            head.message.length,
            fields,
            0,
            matches,
        ];
        self.entries.push(entry(&head.id, head.time, head.received, numbers));
    }

    /// Adds a tick.
    pub fn tick(&mut self, id: EventId, time: i64) {
        let Span { offset, length } = Span::ABSENT;
        let numbers = [1, ABSENT, 0, 0, offset, length, offset, length, 0, 0, 0];
        self.entries.push(entry(&id, Some(time), None, numbers));
    }

    /// Adds a field to the event that was begun last.
    pub fn field(&mut self, number: u32, kind: FieldType, value: Span) {
        self.fields.push(record(&[number, kind as u32, value.offset, value.length]));
        self.count_up(68);
    }

    /// Adds a match to the event that was begun last; its captures follow.
    #[inline]
    pub fn begin_match(&mut self, pattern: u32, list_entry: Option<u32>, value_cut: bool) {
        let first = self.captures.len() as u32;
        let flags = if value_cut { u32::from(VALUE_CUT) << 16 } else { 0 };
        self.matches.push(record(&[pattern, list_entry.unwrap_or(ABSENT), first, flags]));
        self.count_up(76);
    }

    /// Adds a capture to the match that was begun last: (text, start, length), or absent.
    pub fn capture(&mut self, capture: Option<(u32, u32, u32)>) {
        self.captures([capture]);
    }

    /// Adds several of them: they are counted once.
    #[inline]
    pub fn captures(&mut self, captures: impl IntoIterator<Item = Option<(u32, u32, u32)>>) {
        let before = self.captures.len();
        for capture in captures {
            let (text, start, length) = capture.unwrap_or((0, ABSENT, 0));
            self.captures.push(record(&[text, start, length, 0]));
        }
        let added = (self.captures.len() - before) as u16;
        if let Some([.., low, high, _, _]) = self.matches.last_mut() {
            [*low, *high] = (u16::from_le_bytes([*low, *high]) + added).to_le_bytes();
        }
    }

    /// Writes the frame over what `out` held, and starts an empty batch, in the memory that `out` had.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.frame.resize(self.frame.len().max(HEAD), 0);
        let texts = [section::ARENA, HEAD as u32, (self.frame.len() - HEAD) as u32, 1];
        put_numbers(&texts, &mut self.frame[HEADER..]);
        self.frame.reserve_exact(self.len() - self.frame.len());
        let records = [
            (section::ENTRIES, ENTRY, self.entries.as_flattened()),
            (section::FIELDS, FIELD, self.fields.as_flattened()),
            (section::MATCHES, MATCH, self.matches.as_flattened()),
            (section::CAPTURES, CAPTURE, self.captures.as_flattened()),
            (section::SOURCES, SOURCE, self.sources.as_flattened()),
        ];
        for (number, section) in (1..).zip(records) {
            add(number, section, &mut self.frame);
        }
        write_header(magic::BATCH, SECTIONS, &mut self.frame);
        core::mem::swap(&mut self.frame, out);
        self.frame.clear();
        self.entries.clear();
        self.fields.clear();
        self.matches.clear();
        self.captures.clear();
        self.sources.clear();
    }

    /// Counts up a number of the event that was begun last.
    #[inline]
    fn count_up(&mut self, at: usize) {
        if let Some(count) = self.entries.last_mut().and_then(|entry| entry[at..].first_chunk_mut()) {
            *count = (u32::from_le_bytes(*count) + 1).to_le_bytes();
        }
    }
}

/// The entries `first .. first + count` of a batch as a batch of its own.
///
/// Only the section table changes, so halving a batch to find a poisonous event costs one copy. `None` if the
/// bytes are no batch or have no such entries.
pub fn sub_batch(batch: &[u8], first: u32, count: u32) -> Option<Vec<u8>> {
    let entries = crate::Batch::parse(batch).ok()?.len();
    if first.checked_add(count)? > entries {
        return None;
    }
    let table = u32_at(batch, 8) as u16 as usize;
    debug_assert!(table >= HEADER);
    let sections = (u32_at(batch, 8) >> 16) as usize;
    let at = (0..sections).map(|i| table + i * SECTION).find(|&at| u32_at(batch, at) == section::ENTRIES)?;
    let (offset, stride) = (u32_at(batch, at + 4), u32_at(batch, at + 12));
    let mut out = batch.to_vec();
    out[at + 4..at + 8].copy_from_slice(&(offset + first * stride).to_le_bytes());
    out[at + 8..at + 12].copy_from_slice(&count.to_le_bytes());
    Some(out)
}

pub(crate) fn put(out: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

pub(crate) fn put_span(out: &mut Vec<u8>, span: Span) {
    put(out, &[span.offset, span.length]);
}

/// An entry as it is written, with the eleven numbers that follow its times.
#[inline]
fn entry(id: &EventId, time: Option<i64>, received: Option<i64>, numbers: [u32; 11]) -> [u8; ENTRY] {
    let mut out = [0; ENTRY];
    out[..16].copy_from_slice(id);
    out[16..24].copy_from_slice(&time.unwrap_or(i64::MIN).to_le_bytes());
    out[24..32].copy_from_slice(&received.unwrap_or(i64::MIN).to_le_bytes());
    out[32..76].copy_from_slice(&record::<44>(&numbers));
    out
}

/// Numbers as they are written: put together first, so that a list has to see to its room once.
fn record<const BYTES: usize>(numbers: &[u32]) -> [u8; BYTES] {
    let mut out = [0; BYTES];
    for (place, number) in out.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
        *place = number.to_le_bytes();
    }
    out
}
