//! An event: a decoded line, of a log or of what a scan found.

use tripline_abi::FieldType;

/// An event's parts, as places in its line or in its own arena.
///
/// Decoding allocates nothing in the steady state: an `Event` is used again for the next line. A value that stands
/// in the line unchanged is a place in the line; one that decoding had to change (a JSON escape) stands in the arena.
///
/// ```text
///   line   Dec 10 06:55:48 host sshd[24200]: Failed password for root from 192.0.2.7
///                          └host └program    └message
/// ```
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// When it happened, nanoseconds since 1970 UTC.
    pub time: Option<i64>,
    /// What is left of the line behind its header; a scan's finding has none.
    pub message: Option<Place>,
    /// What kind of log it is from.
    pub log_source: LogSource,
    /// The named parts, in the line's order. A name may stand twice; the first counts.
    pub fields: Vec<EventField>,
    /// Values that decoding changed.
    pub arena: Vec<u8>,
}

/// What kind of log an event is from, in Sigma's terms; what is `None` is unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogSource {
    /// Whether it is a scan's finding.
    pub scan: bool,
    /// For example `linux`.
    pub product: Option<Name>,
    /// For example `sshd`: the program, or what is known of it.
    pub service: Option<Name>,
    /// For example `webserver`.
    pub category: Option<Name>,
}

/// A text's place: in the line, or in the event's arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// In the arena rather than in the line.
    pub in_arena: bool,
}

/// A name that decoding knows, or one that stands in the line.
#[derive(Clone, Copy, Debug)]
pub enum Name {
    /// Known beforehand.
    Known(&'static str),
    /// As it stands in the line or arena.
    Place(Place),
}

/// A named part of an event.
#[derive(Clone, Copy, Debug)]
pub struct EventField {
    /// Its name.
    pub name: Name,
    /// What its value is.
    pub kind: FieldType,
    /// The value, as text.
    pub value: Place,
}

impl Place {
    /// A place in the line.
    pub fn line(start: usize, end: usize) -> Place {
        Place { start: start as u32, end: end as u32, in_arena: false }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

impl From<&'static str> for Name {
    fn from(name: &'static str) -> Name {
        Name::Known(name)
    }
}

impl Event {
    /// Makes it empty and keeps its memory.
    pub fn clear(&mut self) {
        self.time = None;
        self.message = None;
        self.log_source = LogSource::default();
        self.fields.clear();
        self.arena.clear();
    }

    /// The bytes at a place of this event, whose line is `line`.
    pub fn text<'a>(&'a self, line: &'a [u8], place: Place) -> &'a [u8] {
        let bytes = if place.in_arena { &self.arena[..] } else { line };
        bytes.get(place.start as usize..place.end as usize).unwrap_or_default()
    }

    /// The bytes of a name.
    pub fn name<'a>(&'a self, line: &'a [u8], name: Name) -> &'a [u8] {
        match name {
            Name::Known(name) => name.as_bytes(),
            Name::Place(place) => self.text(line, place),
        }
    }

    /// The first field of this name.
    pub fn field(&self, line: &[u8], name: &[u8]) -> Option<&EventField> {
        self.fields.iter().find(|field| self.name(line, field.name) == name)
    }

    /// Puts a text into the arena.
    pub fn keep(&mut self, bytes: &[u8]) -> Place {
        let start = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        Place { start, end: self.arena.len() as u32, in_arena: true }
    }
}
