use tripline_abi::{Batch, BatchWriter, EventHead, EventId, FieldType, LogSource, Span};

use crate::Event;

/// An event by hand.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// `None` for what a scan found.
    pub(super) message: Option<Vec<u8>>,
    time: Option<i64>,
    pub(super) finding: bool,
    pub(super) service: Option<String>,
    fields: Vec<(String, FieldType, Vec<u8>)>,
}

/// What a pattern took of a line: text, start and length of each named group.
pub(super) type Captures = Vec<Option<(u32, u32, u32)>>;

/// A pattern's number, the entry of its list, its captures.
pub(super) type Seen = (u32, Option<u32>, Captures);

impl Line {
    /// A line without a time that has this message.
    pub fn new(message: impl AsRef<[u8]>) -> Self {
        Line { message: Some(message.as_ref().to_vec()), ..Line::default() }
    }

    /// What a scan found, of this kind: `port_opened`, for example.
    pub fn finding(kind: &str) -> Self {
        Line { finding: true, ..Line::default() }.field("finding", kind)
    }

    /// At so many seconds after 1970.
    #[must_use]
    pub fn at(mut self, secs: i64) -> Self {
        self.time = Some(secs.saturating_mul(1_000_000_000));
        self
    }

    /// From this service.
    #[must_use]
    pub fn service(mut self, service: &str) -> Self {
        self.service = Some(service.into());
        self
    }

    /// With a field that is a text.
    #[must_use]
    pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.typed(name, FieldType::Text, value.as_ref())
    }

    /// With a field that is a number.
    #[must_use]
    pub fn number(self, name: &str, value: i64) -> Self {
        self.typed(name, FieldType::Number, value.to_string().as_bytes())
    }

    /// With a field that is `true` or `false`.
    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.typed(name, FieldType::Bool, value.to_string().as_bytes())
    }

    fn typed(mut self, name: &str, kind: FieldType, value: &[u8]) -> Self {
        self.fields.push((name.into(), kind, value.to_vec()));
        self
    }

    /// The value of a field, the first of its name.
    pub(super) fn value(&self, name: &str) -> Option<&[u8]> {
        self.typed_value(name).map(|(_, value)| value)
    }

    fn typed_value(&self, name: &str) -> Option<(FieldType, &[u8])> {
        let field = self.fields.iter().find(|(field, ..)| field == name);
        field.map(|(_, kind, value)| (*kind, &value[..]))
    }

    /// As a batch of its own; `fields` are the manifest's field names.
    pub(super) fn batch(&self, id: EventId, fields: &[&str], seen: &[Seen]) -> Vec<u8> {
        let mut writer = BatchWriter::new();
        let service = self.service.as_deref().map(str::as_bytes);
        let kind: &[u8] = if self.finding { b"scan" } else { b"log" };
        let log_source = writer.log_source(LogSource { kind: Some(kind), service, ..LogSource::default() });
        let message = self.message.as_ref().map_or(Span::ABSENT, |message| writer.text(message));
        let time = self.time;
        writer.event(&EventHead {
            id,
            time,
            received: None,
            log_source: Some(log_source),
            source: 0,
            cut: false,
            raw: Span::ABSENT,
            message,
        });
        for (number, name) in fields.iter().enumerate() {
            if let Some((kind, value)) = self.typed_value(name) {
                let value = writer.text(value);
                writer.field(number as u32, kind, value);
            }
        }
        for (pattern, entry, captures) in seen {
            writer.begin_match(*pattern, *entry, false);
            captures.iter().for_each(|capture| writer.capture(*capture));
        }
        let mut batch = Vec::new();
        writer.finish(&mut batch);
        batch
    }
}

impl<T: AsRef<[u8]>> From<T> for Line {
    fn from(message: T) -> Self {
        Line::new(message)
    }
}

/// Calls `with` with the event of a line; its id is `number`. For tests of a state's own methods.
pub fn with_event<R>(number: u64, line: impl Into<Line>, with: impl FnOnce(&Event<'_>) -> R) -> R {
    let batch = line.into().batch(id(number), &[], &[]);
    let entry = Batch::parse(&batch).ok().and_then(|batch| batch.entries().next());
    match entry {
        Some(entry) => with(&Event::new(entry)),
        None => unreachable!("a batch of one line has one entry"),
    }
}

/// The id of the n-th line.
pub(super) fn id(number: u64) -> EventId {
    u128::from(number).to_be_bytes()
}
