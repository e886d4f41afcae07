use crate::frame::{ABSENT, Frame, Malformed, Section, id_at, magic, section, u16_at, u32_at, u64_at};
use crate::{EventId, FieldType::*};

pub(crate) const ENTRY: usize = 88;
pub(crate) const FIELD: usize = 16;
pub(crate) const MATCH: usize = 16;
pub(crate) const CAPTURE: usize = 16;
pub(crate) const SOURCE: usize = 32;
pub(crate) const LINE_CUT: u32 = 1;
pub(crate) const VALUE_CUT: u16 = 1;

/// A batch, read in place: events and ticks in the order in which they are to be judged.
///
/// `parse` checks the frame; every later read is checked where it is made, and what lies outside reads as absent.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    entries: Section<'a>,
    fields: Section<'a>,
    matches: Section<'a>,
    captures: Section<'a>,
    sources: Section<'a>,
    arena: Section<'a>,
}

impl<'a> Batch<'a> {
    /// Reads the frame's header and table.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let frame = Frame::parse(bytes, magic::BATCH)?;
        Ok(Batch {
            entries: frame.section(section::ENTRIES, ENTRY as u32)?,
            fields: frame.section(section::FIELDS, FIELD as u32)?,
            matches: frame.section(section::MATCHES, MATCH as u32)?,
            captures: frame.section(section::CAPTURES, CAPTURE as u32)?,
            sources: frame.section(section::SOURCES, SOURCE as u32)?,
            arena: frame.section(section::ARENA, 1)?,
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> u32 {
        self.entries.count
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.count == 0
    }

    /// The entries in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'a>> + use<'a> {
        let batch = *self;
        (0..batch.entries.count as usize)
            .map(move |index| Entry { batch, record: batch.entries.record(index as u32).unwrap_or_default() })
    }

    /// Checks every span and range of the batch, for whoever does not trust its writer.
    pub fn validate(&self) -> Result<(), Malformed> {
        for entry in self.entries() {
            let record = entry.record;
            self.arena.text_at(record, 48)?;
            self.arena.text_at(record, 56)?;
            self.fields.range(u32_at(record, 64), u32_at(record, 68))?;
            self.matches.range(u32_at(record, 72), u32_at(record, 76))?;
            if u32_at(record, 32) > 1 {
                return Err(Malformed::Number { what: "kind of entry", found: u32_at(record, 32) });
            }
            let source = u32_at(record, 36);
            if source != ABSENT {
                self.sources.range(source, 1)?;
            }
            for seen in entry.matches() {
                self.captures.range(u32_at(seen.record, 8), u32::from(u16_at(seen.record, 12)))?;
            }
        }
        for index in 0..self.fields.count {
            let record = self.fields.record(index).unwrap_or_default();
            self.arena.text_at(record, 8)?;
        }
        for index in 0..self.sources.count {
            let record = self.sources.record(index).unwrap_or_default();
            for at in [0, 8, 16, 24] {
                self.arena.text_at(record, at)?;
            }
        }
        Ok(())
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A decoded line or a scan finding.
    Event,
    /// Time has moved, and nothing else happened.
    Tick,
}

/// One event or tick.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    batch: Batch<'a>,
    record: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Names this entry in evidence.
    pub fn id(&self) -> EventId {
        id_at(self.record, 0)
    }

    /// When it happened, in nanoseconds since 1970 UTC, if that is known.
    pub fn time(&self) -> Option<i64> {
        some_time(u64_at(self.record, 16))
    }

    /// When it came in, likewise; absent where a file is read long after.
    pub fn received(&self) -> Option<i64> {
        some_time(u64_at(self.record, 24))
    }

    /// Event or tick.
    pub fn kind(&self) -> EntryKind {
        if u32_at(self.record, 32) == 1 { EntryKind::Tick } else { EntryKind::Event }
    }

    /// What kind of log it is from, if that is known.
    pub fn log_source(&self) -> Option<LogSource<'a>> {
        let record = self.batch.sources.record(u32_at(self.record, 36))?;
        let text = |at| self.batch.arena.text_at(record, at).ok().flatten();
        Some(LogSource { kind: text(0), product: text(8), service: text(16), category: text(24) })
    }

    /// A number for where the line comes from: equal numbers are the same file, listener or scan.
    pub fn source(&self) -> u32 {
        u32_at(self.record, 44)
    }

    /// Whether the line was longer than the host's limit, and only its beginning is here.
    pub fn is_cut(&self) -> bool {
        u32_at(self.record, 40) & LINE_CUT != 0
    }

    /// The whole line, if the manifest says `raw`.
    pub fn raw(&self) -> Option<&'a [u8]> {
        self.batch.arena.text_at(self.record, 48).ok().flatten()
    }

    /// The message: what is left of the line behind its header.
    pub fn message(&self) -> Option<&'a [u8]> {
        self.batch.arena.text_at(self.record, 56).ok().flatten()
    }

    /// The fields that came with it.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let (batch, first) = (self.batch, u32_at(self.record, 64));
        (0..u32_at(self.record, 68)).map_while(move |i| {
            let record = batch.fields.record(first.checked_add(i)?)?;
            Some(Field {
                number: u32_at(record, 0),
                kind: FieldType::from_number(u32_at(record, 4)),
                value: batch.arena.text_at(record, 8).ok().flatten().unwrap_or_default(),
            })
        })
    }

    /// The field with this number; absent if the event has none.
    pub fn field(&self, number: u32) -> Option<Field<'a>> {
        self.fields().find(|field| field.number == number)
    }

    /// The patterns that matched, by pattern number.
    pub fn matches(&self) -> impl Iterator<Item = Match<'a>> + use<'a> {
        let (entry, first) = (*self, u32_at(self.record, 72));
        (0..u32_at(self.record, 76)).map_while(move |i| {
            Some(Match { entry, record: entry.batch.matches.record(first.checked_add(i)?)? })
        })
    }

    /// Text 0 raw, 1 message, 2+n field n.
    fn text(&self, number: u32) -> Option<&'a [u8]> {
        match number {
            0 => self.raw(),
            1 => self.message(),
            n => self.field(n - 2).map(|field| field.value),
        }
    }
}

/// What kind of log an event is from, in Sigma's terms; `None` is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSource<'a> {
    /// `log` or `scan`.
    pub kind: Option<&'a [u8]>,
    /// For example `linux`.
    pub product: Option<&'a [u8]>,
    /// For example `sshd`.
    pub service: Option<&'a [u8]>,
    /// For example `webserver`.
    pub category: Option<&'a [u8]>,
}

/// A named part of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Index into the manifest's field names.
    pub number: u32,
    /// What the value is.
    pub kind: FieldType,
    /// The value as text; JSON stays as it stood in the line.
    pub value: &'a [u8],
}

/// The type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum FieldType {
    /// The event has no such field.
    Absent = 0,
    /// JSON's `null`.
    Null = 1,
    /// A text.
    Text = 2,
    /// A number, as it was written.
    Number = 3,
    /// `true` or `false`.
    Bool = 4,
    /// A JSON object or list, as it was written.
    Json = 5,
}

impl FieldType {
    fn from_number(number: u32) -> FieldType {
        [Absent, Null, Text, Number, Bool, Json].get(number as usize).copied().unwrap_or(Absent)
    }
}

/// A pattern that matched an event.
#[derive(Clone, Copy)]
pub struct Match<'a> {
    entry: Entry<'a>,
    record: &'a [u8],
}

impl<'a> Match<'a> {
    /// Index into the manifest's patterns.
    pub fn pattern(&self) -> u32 {
        u32_at(self.record, 0)
    }

    /// Which entry of the pattern's list matched, the lowest if several did.
    pub fn list_entry(&self) -> Option<u32> {
        Some(u32_at(self.record, 4)).filter(|&entry| entry != ABSENT)
    }

    /// Whether the value was longer than the host searches, so that only its beginning was looked at.
    pub fn is_cut(&self) -> bool {
        u16_at(self.record, 14) & VALUE_CUT != 0
    }

    /// How many captures there are: the pattern's named groups.
    pub fn captures(&self) -> u32 {
        u32::from(u16_at(self.record, 12))
    }

    /// The n-th named group of the pattern; `None` if it took no part in the match.
    pub fn capture(&self, n: u32) -> Option<Capture<'a>> {
        if n >= self.captures() {
            return None;
        }
        let record = self.entry.batch.captures.record(u32_at(self.record, 8).checked_add(n)?)?;
        let (text, start, length) = (u32_at(record, 0), u32_at(record, 4), u32_at(record, 8));
        if start == ABSENT {
            return None;
        }
        let end = (start as usize).checked_add(length as usize)?;
        let bytes = self.entry.text(text)?.get(start as usize..end)?;
        Some(Capture { text, start, bytes })
    }
}

/// A part of a text that a named group matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture<'a> {
    /// Which text: 0 raw, 1 message, 2+n field n.
    pub text: u32,
    /// Where it starts in that text.
    pub start: u32,
    /// What it is.
    pub bytes: &'a [u8],
}

fn some_time(bits: u64) -> Option<i64> {
    Some(bits as i64).filter(|&time| time != i64::MIN)
}
