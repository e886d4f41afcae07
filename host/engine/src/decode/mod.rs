//! A line becomes an event.
//!
//! ```text
//!   line ─► opening ─┬─► rfc5424 ─────────────────────────────┐
//!     │     priority,├─► syslog   host, tag, text ────────────┤
//!     │     stamp    └─► iso      syslog if surely, else level┼─► Event
//!     ├─ { ─► json_scan ─► json   members by role ────────────┤
//!     │                └─► finding  members as they are ──────┤
//!     └─ fits nothing ─► plain    the whole line ─────────────┘
//! ```
//!
//! Decoding never fails and keeps nothing from line to line, so it runs on all cores; what needs the lines before
//! (the source's format, the year) is settled in [`crate::line`].

mod epoch;
mod finding;
mod format;
mod iso;
mod json;
mod json_scan;
mod level;
mod log_source;
mod opening;
mod program;
mod rfc5424;
mod role;
mod skip;
mod stamp;
mod syslog;
mod zone;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::event::{Event, Place};

pub use format::{Format, UnknownFormat};
pub use log_source::GivenLogSource;
pub(crate) use opening::{Opening, first};
pub(crate) use stamp::is_leap;

use syslog::{Syslog, text};
use zone::Zone;

/// Names that decoding gives to fields by itself. The name of any other field stands in its line, or in the arena.
const GIVEN_NAMES: [&str; 8] = ["host", "level", "msgid", "pid", "pri", "program", "timestamp", "version"];

/// Whether a field of this name, with a value like this if that is known, can come from a line in which its name
/// does not stand.
pub(crate) fn is_given(name: &str, value: Option<&[u8]>) -> bool {
    // A level that is not named is a word.
    let word = |value: &[u8]| value.iter().all(u8::is_ascii_alphabetic);
    GIVEN_NAMES.contains(&name) && (name != "level" || value.is_none_or(word))
}

/// Decodes the lines of one source.
#[derive(Clone, Debug)]
pub struct Decoder {
    format: Format,
    fixed: bool,
    timezone: TimeZone,
    zone: Zone,
    /// `None`: the operator says nothing.
    log_source: Option<Arc<GivenLogSource>>,
}

impl Decoder {
    /// A decoder for lines of this format. `timezone` is for stamps that say none.
    ///
    /// Lines that do not fit the format are tried with the others, unless it is `fixed`, that is, given by the
    /// operator: then such a line is its message and nothing else.
    pub fn new(format: Format, timezone: TimeZone, fixed: bool) -> Decoder {
        // What our scans write is in no other format, and nothing else is a finding.
        let fixed = fixed || format == Format::Finding;
        Decoder { format, fixed, zone: Zone::new(timezone.clone()), timezone, log_source: None }
    }

    /// The same, for lines of which the operator says what log they are from.
    pub fn of_log(self, given: &GivenLogSource) -> Decoder {
        let log_source = (*given != GivenLogSource::default()).then(|| Arc::new(given.clone()));
        Decoder { log_source, ..self }
    }

    /// The same, for lines of which the format was found.
    pub(crate) fn found(self, format: Format) -> Decoder {
        Decoder { format, fixed: false, ..self }
    }

    /// The source's format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether the format was given rather than found.
    pub fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// The time zone of stamps that say none.
    pub fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    /// Fills the event from a line of the given year; the year is for stamps that say none. Never fails: what fits
    /// no format is an event whose message is the whole line.
    pub fn decode(&self, line: &[u8], year: i16, event: &mut Event) {
        let line = addressable(line);
        event.clear();
        if !self.fill(line, year, event) {
            event.clear();
            event.message = Some(Place::line(0, line.len()));
        }
        if let Some(given) = &self.log_source {
            given.tell(event);
        }
        event.log_source.scan = self.format == Format::Finding;
    }

    /// The time that [`Decoder::decode`] gives, for less.
    pub fn time(&self, line: &[u8], year: i16) -> Option<i64> {
        let line = addressable(line);
        let start = first(line);
        if line.get(start) == Some(&b'{') {
            return match self.format {
                Format::Finding => finding::time(line, start, &self.zone),
                _ if self.allows(Format::Json) => json::time(line, start, &self.zone),
                _ => None,
            };
        }
        self.opening(line)?.stamp?.instant(year, &self.zone)
    }

    /// Whether decoding may change a value of this line. If not, all places of its event are in the line itself, and
    /// a look at the line's bytes is a look at its values. Cheap, and rather `true` than wrong.
    pub fn may_change(&self, line: &[u8]) -> bool {
        match line.get(first(line)) {
            Some(b'{') => self.reads_json() && json::may_change(line),
            Some(b'<') => self.allows(Format::Rfc5424) && memchr::memchr(b'\\', line).is_some(),
            _ => false,
        }
    }

    /// Whether [`Decoder::may_change`] may be true of any line in these bytes: one look instead of one for each line.
    pub fn may_change_any(&self, lines: &[u8]) -> bool {
        self.reads_json() && json::may_change(lines)
            || self.allows(Format::Rfc5424) && memchr::memchr(b'\\', lines).is_some()
    }

    /// Whether the line begins as an event of its own does: with a date and time.
    pub(crate) fn has_header(&self, line: &[u8]) -> bool {
        self.opening(line).is_some()
    }

    /// What the line looks like, whatever the source's format.
    pub(crate) fn looks_like(&self, line: &[u8]) -> Format {
        let line = addressable(line);
        let start = first(line);
        if line.get(start) != Some(&b'{') {
            return self.opening(line).map_or(Format::Plain, |opening| opening.format);
        }
        let object = json::is_object(line, start);
        if object { Format::Json } else { Format::Plain }
    }

    fn fill(&self, line: &[u8], year: i16, event: &mut Event) -> bool {
        let start = first(line);
        if line.get(start) == Some(&b'{') {
            return match self.format {
                Format::Finding => finding::fill(line, start, &self.zone, event),
                _ => self.allows(Format::Json) && json::fill(line, start, &self.zone, event),
            };
        }
        let Some(opening) = self.opening(line) else { return false };
        for (name, place) in [("pri", opening.priority), ("version", opening.version)] {
            if let Some(place) = place {
                text(event, name, place);
            }
        }
        if let Some(stamp) = &opening.stamp {
            text(event, "timestamp", Place::line(stamp.start, stamp.end));
            event.time = stamp.instant(year, &self.zone);
        }
        match opening.format {
            Format::Rfc5424 => rfc5424::fill(line, opening.behind, event),
            Format::Rfc3164 => Syslog::behind(line, opening.behind).fill(line, event),
            _ => iso::fill(line, &opening, event),
        }
        true
    }

    /// How the line opens, in a format that this decoder takes.
    fn opening(&self, line: &[u8]) -> Option<Opening> {
        if self.fixed && matches!(self.format, Format::Json | Format::Plain | Format::Finding) {
            return None;
        }
        let opening = Opening::of(line)?;
        if self.allows(opening.format) {
            return Some(opening);
        }
        // rsyslog writes RFC 3339 stamps before RFC 3164's rest; the operator says that this is such a log.
        let rsyslog = self.format == Format::Rfc3164 && opening.format == Format::Iso && !opening.bracketed;
        rsyslog.then_some(Opening { format: Format::Rfc3164, ..opening })
    }

    fn allows(&self, format: Format) -> bool {
        !self.fixed || self.format == format
    }

    fn reads_json(&self) -> bool {
        self.allows(Format::Json) || self.allows(Format::Finding)
    }
}

/// Places count in 32 bits; what is behind them is not looked at.
fn addressable(line: &[u8]) -> &[u8] {
    &line[..line.len().min(u32::MAX as usize)]
}
