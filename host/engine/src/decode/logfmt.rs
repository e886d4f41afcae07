//! A line of `name=value` pairs: logfmt.

use tripline_abi::FieldType;

use crate::event::Event;

use super::json_scan::Value;
use super::members::{Members, SHORT, Times};
use super::opening::first;
use super::skip::skip;
use super::stamp::Stamp;
use super::zone::Zone;

/// Names of which a line has one, or it is no log but a text with pairs in it.
const TELLING: [&[u8]; 9] =
    [b"level", b"lvl", b"severity", b"msg", b"message", b"time", b"ts", b"timestamp", b"@timestamp"];

/// Adds the pairs from `start` on as fields, and finds time, message, service and host among them; `false` if the
/// line is no such thing, with the event left half filled. It is one without a telling name only if it is `given`.
///
/// ```text
///   time=2024-01-01T12:00:00Z level=error msg="disk \"a\" full" retry host=web1
/// ```
pub(super) fn fill(line: &[u8], start: usize, given: bool, zone: &Zone, event: &mut Event) -> bool {
    let mut members = Members::new(line, zone, event);
    let mut apart = Apart::default();
    let take = |name, value| {
        apart.see(line, name, value);
        members.add(name, value);
    };
    if !pairs(line, start, given, take) {
        return false;
    }
    members.finish();
    event.time = event.time.or_else(|| apart.time(line, zone));
    true
}

/// The time that [`fill`] would find.
pub(super) fn time(line: &[u8], start: usize, given: bool, zone: &Zone) -> Option<i64> {
    let mut times = Times::new(line, zone);
    let mut apart = Apart::default();
    let see = |name, value| {
        apart.see(line, name, value);
        times.see(name, value);
    };
    pairs(line, start, given, see).then(|| times.time.or_else(|| apart.time(line, zone))).flatten()
}

/// Date, time and offset that are members of their own, as FortiGate writes them; the first of each counts.
///
/// ```text
///   date=2024-01-01 time=12:00:00 tz="+0200"
/// ```
#[derive(Default)]
struct Apart {
    date: Option<Value>,
    time: Option<Value>,
    offset: Option<Value>,
}

impl Apart {
    fn see(&mut self, line: &[u8], name: Value, value: Value) {
        let part = match &line[name.start..name.end] {
            b"date" => &mut self.date,
            b"time" => &mut self.time,
            b"tz" => &mut self.offset,
            _ => return,
        };
        part.get_or_insert(value);
    }

    fn time(&self, line: &[u8], zone: &Zone) -> Option<i64> {
        let text = |part: Value| &line[part.start..part.end];
        let mut form = [b'T'; SHORT];
        form[..10].copy_from_slice(text(self.date?).first_chunk::<10>()?);
        let mut end = 11;
        for part in [text(self.time?), self.offset.map_or(&b""[..], text)] {
            form.get_mut(end..end + part.len())?.copy_from_slice(part);
            end += part.len();
        }
        let stamp = Stamp::iso(&form[..end], 0)?;
        (text(self.date?).len() == 10 && stamp.end == end).then(|| stamp.instant(0, zone)).flatten()
    }
}

/// Whether [`fill`] may change a value of the line.
pub(super) fn may_change(line: &[u8], given: bool) -> bool {
    memchr::memchr(b'\\', line).is_some() && is_logfmt(line, first(line), given)
}

/// Whether the line is one.
pub(super) fn is_logfmt(line: &[u8], start: usize, given: bool) -> bool {
    pairs(line, start, given, |_, _| {})
}

/// Calls `pair` with each name and value; whether all of the line is such, with a name that tells so if it is not `given`.
fn pairs(line: &[u8], start: usize, given: bool, mut pair: impl FnMut(Value, Value)) -> bool {
    let (mut at, mut telling, mut whole) = (start, given, start < line.len());
    while whole && at < line.len() {
        let end = skip(line, at, is_name);
        let name = Value { kind: FieldType::Text, start: at, end, escaped: false };
        whole = at < end;
        match line.get(end) {
            Some(b'=') => {
                let (value, behind) = value(line, end + 1);
                telling |= TELLING.contains(&&line[at..end]);
                pair(name, value);
                at = behind;
            }
            // A name alone is a flag, but the first thing is no flag.
            _ if at > start => at = end,
            _ => return false,
        }
        let next = skip(line, at, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        whole &= at < next || next == line.len();
        at = next;
    }
    whole && telling
}

/// The bytes of a name.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b':')
}

/// The value at `start`, in quotes or up to a blank, and the place behind it. One that was cut has what is there.
fn value(line: &[u8], start: usize) -> (Value, usize) {
    if line.get(start) != Some(&b'"') {
        let end = skip(line, start, |byte| byte > b' ' && byte != b'"');
        return (Value { kind: FieldType::Text, start, end, escaped: false }, end);
    }
    let (mut at, mut escaped) = (start + 1, false);
    let text = |end, escaped| Value { kind: FieldType::Text, start: start + 1, end, escaped };
    while let Some(found) = line.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if line[at] == b'"' {
            return (text(at, escaped), at + 1);
        }
        (at, escaped) = (at + 2, true);
    }
    (text(line.len(), escaped), line.len())
}
