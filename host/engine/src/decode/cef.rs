//! ArcSight's Common Event Format, alone or in syslog.

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name, Place};

use super::epoch::epoch;
use super::skip::skip;
use super::stamp::Stamp;
use super::zone::Zone;

/// What a message of it begins with.
const BEGINS: &[u8] = b"CEF:";
/// The parts of the header behind the version, by the names that the format gives them.
const HEADER: [&str; 6] =
    ["deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"];

/// Whether there is such a message at `start`.
pub(super) fn begins(line: &[u8], start: usize) -> bool {
    let rest = line.get(start..).unwrap_or_default();
    rest.strip_prefix(BEGINS).is_some_and(|rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && rest.get(digits) == Some(&b'|')
    })
}

/// Adds the message's header and extension; the message stays as a whole. What is cut has what is there.
///
/// ```text
///   CEF:0|Vendor|Product|1.0|100|worm \| stopped|10|src=192.0.2.7 msg=a text\=with blanks spt=1232
/// ```
pub(super) fn fill(line: &[u8], start: usize, event: &mut Event) {
    let mut at = start + BEGINS.len();
    at = skip(line, at, |byte| byte != b'|');
    for name in HEADER {
        if at >= line.len() {
            break;
        }
        let end = unescaped(line, at + 1, b'|').unwrap_or(line.len());
        let value = value(line, at + 1, end, event);
        if name == "deviceProduct" {
            event.log_source.product = Some(Name::Place(value));
        }
        event.fields.push(EventField { name: Name::Known(name), kind: FieldType::Text, value });
        at = end;
    }
    extension(line, (at + 1).min(line.len()), event);
    event.message = Some(Place::line(start, line.len()));
}

/// Names of times, the best first: when the device was told, and when it ended and began.
const TIMES: [&[u8]; 3] = [b"rt", b"end", b"start"];

/// When the message at `start` says that it was: the first of each name counts. `year` and `zone` are for stamps that say none.
pub(super) fn time(line: &[u8], start: usize, year: i16, zone: &Zone) -> Option<i64> {
    let mut at = start;
    for _ in 0..=HEADER.len() {
        at = unescaped(line, at, b'|')? + 1;
    }
    let mut times = [None; TIMES.len()];
    pairs(line, at, |name, value| {
        let (name, value) = (&line[name.0..name.1], line[value.0..value.1].trim_ascii());
        if let Some(time) = TIMES.iter().position(|known| *known == name) {
            times[time] = times[time].or_else(|| match value.first()? {
                b'0'..=b'9' => epoch(value),
                _ => Stamp::spelled(value)?.instant(year, zone),
            });
        }
    });
    times.into_iter().flatten().next()
}

fn extension(line: &[u8], start: usize, event: &mut Event) {
    pairs(line, start, |(start, end), (from, to)| {
        let value = value(line, from, to, event);
        let name = Name::Place(Place::line(start, end));
        event.fields.push(EventField { name, kind: FieldType::Text, value });
    });
}

/// `name=value` pairs: a value ends where the next name begins.
fn pairs(line: &[u8], start: usize, mut pair: impl FnMut((usize, usize), (usize, usize))) {
    let mut at = skip(line, start, |byte| byte == b' ');
    while let Some(equals) = unescaped(line, at, b'=') {
        let next = next_name(line, equals + 1);
        let end = next.unwrap_or(line.len());
        if at < equals {
            pair((at, equals), (equals + 1, end));
        }
        let Some(blank) = next else { return };
        at = blank + 1;
    }
}

/// The blank before the next name: a word of letters and digits right before a sign. Not every sign in a value is escaped.
fn next_name(line: &[u8], start: usize) -> Option<usize> {
    let mut from = start;
    loop {
        let equals = unescaped(line, from, b'=')?;
        let blank = memchr::memrchr(b' ', &line[from..equals]).map(|blank| from + blank);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'[' | b']');
        match blank {
            Some(blank) if blank + 1 < equals && line[blank + 1..equals].iter().all(is_name) => {
                return Some(blank);
            }
            _ => from = equals + 1,
        }
    }
}

/// The first such byte from `start` on with no backslash before it that is its own.
fn unescaped(line: &[u8], start: usize, wanted: u8) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr2(wanted, b'\\', line.get(at..)?)?;
        if line[at] == wanted {
            return Some(at);
        }
        at += 2;
    }
}

/// A value without its escapes: `\|`, `\=`, `\\`, `\n` and `\r`.
fn value(line: &[u8], start: usize, end: usize, event: &mut Event) -> Place {
    let text = line.get(start..end).unwrap_or_default();
    if memchr::memchr(b'\\', text).is_none() {
        return Place::line(start.min(line.len()), end.max(start).min(line.len()));
    }
    let from = event.arena.len() as u32;
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let meant = match (byte, bytes.peek()) {
            (b'\\', Some(b'n')) => b'\n',
            (b'\\', Some(b'r')) => b'\r',
            (b'\\', Some(other @ (b'|' | b'=' | b'\\'))) => *other,
            _ => {
                event.arena.push(byte);
                continue;
            }
        };
        bytes.next();
        event.arena.push(meant);
    }
    Place { start: from, end: event.arena.len() as u32, in_arena: true }
}
