use alloc::vec::Vec;

use crate::batch::{CAPTURE, ENTRY, FIELD, LINE_CUT, LogSource, MATCH, SOURCE, VALUE_CUT};
use crate::frame::{ABSENT, HEADER, SECTION, Span, magic, section, u32_at, write, written_len};
use crate::{EventId, FieldType};

/// Writes batches: one event after the other, then [`finish`](BatchWriter::finish). Its memory is reused.
#[derive(Default)]
pub struct BatchWriter {
    entries: Vec<u8>,
    fields: Vec<u8>,
    matches: Vec<u8>,
    captures: Vec<u8>,
    sources: Vec<u8>,
    arena: Vec<u8>,
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
        (self.entries.len() / ENTRY) as u32
    }

    /// Whether it holds no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes it would have if it were finished now.
    pub fn len(&self) -> usize {
        let sections =
            [&self.entries, &self.fields, &self.matches, &self.captures, &self.sources, &self.arena];
        written_len(&sections.map(Vec::len))
    }

    /// Puts a text into the arena.
    pub fn text(&mut self, bytes: &[u8]) -> Span {
        let offset = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        Span { offset, length: bytes.len() as u32 }
    }

    /// The index of this log source, which is written once for each batch.
    pub fn log_source(&mut self, source: LogSource<'_>) -> u32 {
        let texts = [source.kind, source.product, source.service, source.category];
        let same = |record: &[u8]| {
            texts.iter().enumerate().all(|(i, text)| {
                let (offset, length) = (u32_at(record, i * 8), u32_at(record, i * 8 + 4));
                match text {
                    None => offset == ABSENT,
                    Some(text) => {
                        offset != ABSENT
                            && self.arena.get(offset as usize..(offset as usize + length as usize))
                                == Some(text)
                    }
                }
            })
        };
        if let Some(index) = self.sources.chunks_exact(SOURCE).position(same) {
            return index as u32;
        }
        for text in texts {
            let span = text.map_or(Span::ABSENT, |text| self.text(text));
            put_span(&mut self.sources, span);
        }
        (self.sources.len() / SOURCE - 1) as u32
    }

    /// Begins an event; its fields and matches follow.
    pub fn event(&mut self, head: &EventHead) {
        let fields = (self.fields.len() / FIELD) as u32;
        let matches = (self.matches.len() / MATCH) as u32;
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
        // Put together first: the list has to see to its room once.
        let mut entry = [0; ENTRY];
        entry[..16].copy_from_slice(&head.id);
        entry[16..24].copy_from_slice(&head.time.unwrap_or(i64::MIN).to_le_bytes());
        entry[24..32].copy_from_slice(&head.received.unwrap_or(i64::MIN).to_le_bytes());
        for (place, number) in entry[32..].as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        self.entries.extend_from_slice(&entry);
    }

    /// Adds a tick.
    pub fn tick(&mut self, id: EventId, time: i64) {
        let out = &mut self.entries;
        out.extend_from_slice(&id);
        out.extend_from_slice(&time.to_le_bytes());
        out.extend_from_slice(&i64::MIN.to_le_bytes());
        put(out, &[1, ABSENT, 0, 0]);
        put_span(out, Span::ABSENT);
        put_span(out, Span::ABSENT);
        put(out, &[0; 6]);
    }

    /// Adds a field to the event that was begun last.
    pub fn field(&mut self, number: u32, kind: FieldType, value: Span) {
        put(&mut self.fields, &[number, kind as u32]);
        put_span(&mut self.fields, value);
        self.count_up(68);
    }

    /// Adds a match to the event that was begun last; its captures follow.
    pub fn begin_match(&mut self, pattern: u32, list_entry: Option<u32>, value_cut: bool) {
        let first = (self.captures.len() / CAPTURE) as u32;
        let flags = if value_cut { u32::from(VALUE_CUT) << 16 } else { 0 };
        self.matches.extend_from_slice(&record([pattern, list_entry.unwrap_or(ABSENT), first, flags]));
        self.count_up(76);
    }

    /// Adds a capture to the match that was begun last: (text, start, length), or absent.
    pub fn capture(&mut self, capture: Option<(u32, u32, u32)>) {
        let (text, start, length) = capture.unwrap_or((0, ABSENT, 0));
        self.captures.extend_from_slice(&record([text, start, length, 0]));
        let at = self.matches.len() - 4;
        let count = u16::from_le_bytes([self.matches[at], self.matches[at + 1]]) + 1;
        self.matches[at..at + 2].copy_from_slice(&count.to_le_bytes());
    }

    /// Writes the frame over what `out` held, and starts an empty batch.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        write(
            magic::BATCH,
            &[
                (section::ENTRIES, ENTRY, &self.entries),
                (section::FIELDS, FIELD, &self.fields),
                (section::MATCHES, MATCH, &self.matches),
                (section::CAPTURES, CAPTURE, &self.captures),
                (section::SOURCES, SOURCE, &self.sources),
                (section::ARENA, 1, &self.arena),
            ],
            out,
        );
        for section in [
            &mut self.entries,
            &mut self.fields,
            &mut self.matches,
            &mut self.captures,
            &mut self.sources,
            &mut self.arena,
        ] {
            section.clear();
        }
    }

    fn count_up(&mut self, at: usize) {
        let at = self.entries.len() - ENTRY + at;
        let count = u32_at(&self.entries, at) + 1;
        self.entries[at..at + 4].copy_from_slice(&count.to_le_bytes());
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

/// Four numbers as they are written: put together first, so that the list has to see to its room once.
fn record(numbers: [u32; 4]) -> [u8; 16] {
    let mut out = [0; 16];
    for (place, number) in out.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
        *place = number.to_le_bytes();
    }
    out
}
