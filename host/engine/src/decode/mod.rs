//! A line becomes an event.
//!
//! ```text
//!   line ─► opening ─┬─► rfc5424 ─────────────────────────────┐
//!     │     priority,├─► syslog   host, tag, text ────────────┤
//!     │     stamp    ├─► access   client, request, status ────┤
//!     │              └─► iso      syslog if surely, else level┼─► Event
//!     ├─ { ─► json_scan ─► json   members by role ────────────┤
//!     │                └─► finding  members as they are ──────┤
//!     ├─ w3c                columns that an earlier line names┤
//!     ├─ export             an entry of a journal ────────────┤
//!     ├─ audit, cef, logfmt ──────────────────────────────────┤   audit, cef and access also behind syslog's header
//!     └─ fits nothing ─► plain    the whole line ─────────────┘
//! ```
//!
//! Decoding never fails and keeps nothing from line to line, so it runs on all cores; what needs the lines before
//! (the source's format, its columns, the year) is settled in [`crate::line`].

mod access;
mod audit;
mod body;
mod cef;
mod columns;
mod envelope;
mod epoch;
mod error_log;
mod export;
mod finding;
mod format;
mod iso;
mod json;
mod json_scan;
mod layout;
mod level;
mod log_source;
mod logfmt;
mod members;
mod nested;
mod opening;
mod program;
mod rfc5424;
mod role;
mod skip;
mod stamp;
mod syslog;
mod w3c;
mod zone;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::event::{Event, Place};

pub use columns::Columns;
pub(crate) use envelope::{LONGEST_LIST, is_list};
pub(crate) use export::{LARGEST_VALUE, LONGEST_NAME, is_name};
pub use format::{Format, UnknownFormat};
pub use layout::{Layout, Within};
pub use log_source::GivenLogSource;
pub use nested::resolve;
pub(crate) use opening::{Opening, first};
pub(crate) use stamp::is_leap;

use stamp::Stamp;
use syslog::text;
use zone::Zone;

/// Names that decoding gives to fields by itself. The name of any other field stands in its line, or in the arena.
const GIVEN_NAMES: [&str; 23] = [
    "host",
    "level",
    "msgid",
    "pid",
    "pri",
    "program",
    "timestamp",
    "version",
    "module",
    "tid",
    // W3C's names for what web servers' logs have.
    "c-ip",
    "c-port",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-host",
    "cs-method",
    "cs-uri-query",
    "cs-uri-stem",
    "cs-username",
    "cs-version",
    "sc-bytes",
    "sc-status",
    access::DECODED,
];

/// Names that decoding gives where a line has a certain text, in lower case; other lines have to have the name itself.
const BESIDE: [(&str, &[u8]); 7] = [
    ("deviceEventClassId", b"cef:"),
    ("deviceProduct", b"cef:"),
    ("deviceVendor", b"cef:"),
    ("deviceVersion", b"cef:"),
    ("name", b"cef:"),
    ("serial", b"audit("),
    ("severity", b"cef:"),
];

/// Whether a field of this name, with a value like this if that is known, can come from a line in which its name
/// does not stand.
pub(crate) fn is_given(name: &str, value: Option<&[u8]>) -> bool {
    // A level that is not named is a word.
    let word = |value: &[u8]| value.iter().all(u8::is_ascii_alphabetic);
    GIVEN_NAMES.contains(&name) && (name != "level" || value.is_none_or(word))
}

/// A name that decoding may give to a column: to a field whose name does not stand in its line, whatever its value is.
fn given(name: &str) -> Option<&'static str> {
    GIVEN_NAMES.into_iter().find(|known| *known == name && *known != "level")
}

/// The text that a line has in which this name does not stand, if a field of this name can come from it only then.
pub(crate) fn beside(name: &str) -> Option<&'static [u8]> {
    BESIDE.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Decodes the lines of one source.
#[derive(Clone, Debug)]
pub struct Decoder {
    format: Format,
    fixed: bool,
    timezone: TimeZone,
    zone: Zone,
    /// What W3C's lines have.
    columns: Option<Arc<Columns>>,
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
        let zone = Zone::new(timezone.clone());
        Decoder { format, fixed, zone, timezone, columns: None, log_source: None }
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

    /// The same, for lines that have these columns, if they are of a W3C extended log.
    pub fn of_columns(self, columns: Option<Arc<Columns>>) -> Decoder {
        Decoder { columns, ..self }
    }

    /// The columns that lines of a W3C extended log have.
    pub fn columns(&self) -> Option<&Arc<Columns>> {
        self.columns.as_ref().filter(|_| self.format == Format::W3c)
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
        if let Some(columns) = self.columns()
            && let Some(time) = w3c::time(line, start, columns, &self.zone)
        {
            return time;
        }
        if self.format == Format::Journal
            && let Some(time) = export::time(line, start, &self.zone)
        {
            return time;
        }
        if line.get(start) == Some(&b'{') {
            return match self.format {
                Format::Finding => finding::time(line, start, &self.zone),
                _ if self.allows(Format::Json) => json::time(line, start, &self.zone),
                _ => None,
            };
        }
        match self.opening(line) {
            Some(opening) => opening.stamp?.instant(year, &self.zone),
            None => self.time_within(line, start, year),
        }
    }

    /// Whether decoding may change a value of this line. If not, all places of its event are in the line itself, and
    /// a look at the line's bytes is a look at its values. Cheap, and rather `true` than wrong.
    pub fn may_change(&self, line: &[u8]) -> bool {
        match line.get(first(line)) {
            // Names of columns are no part of the line.
            _ if self.columns().is_some() => true,
            Some(b'{') => self.reads_json() && json::may_change(line),
            Some(b'<') if self.allows(Format::Rfc5424) && memchr::memchr(b'\\', line).is_some() => true,
            _ => {
                body::may_change(line) || self.allows(Format::Logfmt) && logfmt::may_change(line, self.fixed)
            }
        }
    }

    /// Whether [`Decoder::may_change`] may be true of any line in these bytes: one look instead of one for each line.
    pub fn may_change_any(&self, lines: &[u8]) -> bool {
        self.columns().is_some()
            || self.reads_json() && json::may_change(lines)
            || body::may_change_any(lines)
    }

    /// Whether the line begins as an event of its own does: with a date and time.
    pub(crate) fn has_header(&self, line: &[u8]) -> bool {
        self.opening(line).is_some()
            || matches!(self.within(line, first(line)), Some(Format::Audit | Format::Cef))
    }

    /// What the line looks like, whatever the source's format.
    pub(crate) fn looks_like(&self, line: &[u8]) -> Format {
        let line = addressable(line);
        let start = first(line);
        if line.get(start) != Some(&b'{') {
            let opening = self.opening(line).map(|opening| opening.format);
            return opening.or_else(|| self.within(line, start)).unwrap_or(Format::Plain);
        }
        let object = json::is_object(line, start);
        if object { Format::Json } else { Format::Plain }
    }

    fn fill(&self, line: &[u8], year: i16, event: &mut Event) -> bool {
        let start = first(line);
        if let Some(columns) = self.columns()
            && w3c::fill(line, start, columns, &self.zone, event)
        {
            return true;
        }
        if self.format == Format::Journal && export::fill(line, start, &self.zone, event) {
            return true;
        }
        if line.get(start) == Some(&b'{') {
            return match self.format {
                Format::Finding => finding::fill(line, start, &self.zone, event),
                _ => self.allows(Format::Json) && json::fill(line, start, &self.zone, event),
            };
        }
        if matches!(line.get(start), Some(b'A'..=b'S'))
            && self.allows(Format::Rfc3164)
            && let Some(stamp) = Stamp::usual(line, start)
        {
            // What is below would say the same.
            text(event, "timestamp", Place::line(stamp.start, stamp.end));
            event.time = stamp.instant(year, &self.zone);
            syslog::fill(line, stamp.end, event);
            return true;
        }
        let Some(opening) = self.opening(line) else { return self.fill_within(line, start, year, event) };
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
            Format::Rfc3164 => syslog::fill(line, opening.behind, event),
            Format::Access => {
                if let Some(stamp) = &opening.stamp {
                    access::fill(line, start, stamp, event);
                }
            }
            _ => iso::fill(line, &opening, event),
        }
        true
    }

    /// What the line is if it does not open with a date and time, and is no object.
    fn within(&self, line: &[u8], start: usize) -> Option<Format> {
        match line.get(start)? {
            b'C' if self.allows(Format::Cef) && cef::begins(line, start) => Some(Format::Cef),
            b't' | b'n' if self.allows(Format::Audit) && audit::header(line, start).is_some() => {
                Some(Format::Audit)
            }
            _ => (self.allows(Format::Logfmt) && logfmt::is_logfmt(line, start, self.fixed))
                .then_some(Format::Logfmt),
        }
    }

    fn fill_within(&self, line: &[u8], start: usize, year: i16, event: &mut Event) -> bool {
        match self.within(line, start) {
            Some(Format::Audit) => {
                let header = audit::header(line, start);
                event.time = header.and_then(|header| header.time);
                if let Some(header) = header {
                    audit::fill(line, start, &header, event);
                }
            }
            Some(Format::Cef) => {
                event.time = cef::time(line, start, year, &self.zone);
                cef::fill(line, start, event);
            }
            Some(Format::Logfmt) => return logfmt::fill(line, start, self.fixed, &self.zone, event),
            _ => return false,
        }
        true
    }

    fn time_within(&self, line: &[u8], start: usize, year: i16) -> Option<i64> {
        match self.within(line, start)? {
            Format::Audit => audit::header(line, start)?.time,
            Format::Cef => cef::time(line, start, year, &self.zone),
            Format::Logfmt => logfmt::time(line, start, self.fixed, &self.zone),
            _ => None,
        }
    }

    /// How the line opens, in a format that this decoder takes.
    fn opening(&self, line: &[u8]) -> Option<Opening> {
        let behind_header = matches!(self.format, Format::Access | Format::Audit | Format::Cef);
        if self.fixed && self.format.has_no_stamp() && !behind_header {
            return None;
        }
        let opening = Opening::of(line)?;
        if self.allows(opening.format) || behind_header && body::is_behind(line, &opening, self.format) {
            return Some(opening);
        }
        // rsyslog writes RFC 3339 stamps before RFC 3164's rest; the operator says that this is such a log.
        let rsyslog = self.format == Format::Rfc3164 && opening.format == Format::Iso && !opening.bracketed;
        rsyslog.then_some(Opening { format: Format::Rfc3164, ..opening })
    }

    fn allows(&self, format: Format) -> bool {
        // A record of a document is an object of JSON.
        !self.fixed || self.format == format || format == Format::Json && self.format == Format::Records
    }

    fn reads_json(&self) -> bool {
        self.allows(Format::Json) || self.allows(Format::Finding)
    }
}

/// Places count in 32 bits; what is behind them is not looked at.
fn addressable(line: &[u8]) -> &[u8] {
    &line[..line.len().min(u32::MAX as usize)]
}
