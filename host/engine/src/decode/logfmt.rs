//! A line of `name=value` pairs: logfmt.

use tripline_abi::FieldType;

use crate::event::Event;

use super::json_scan::Value;
use super::members::{Members, Times};
use super::opening::first;
use super::skip::skip;
use super::zone::Zone;

/// Names of which a line has one, or it is no log but a text with pairs in it.
const TELLING: [&[u8]; 9] =
    [b"level", b"lvl", b"severity", b"msg", b"message", b"time", b"ts", b"timestamp", b"@timestamp"];

/// Adds the pairs from `start` on as fields, and finds time, message, service and host among them; `false` if the
/// line is no such thing, with the event left half filled.
///
/// ```text
///   time=2024-01-01T12:00:00Z level=error msg="disk \"a\" full" retry host=web1
/// ```
pub(super) fn fill(line: &[u8], start: usize, zone: &Zone, event: &mut Event) -> bool {
    let mut members = Members::new(line, zone, event);
    if !pairs(line, start, |name, value| members.add(name, value)) {
        return false;
    }
    members.finish();
    true
}

/// The time that [`fill`] would find.
pub(super) fn time(line: &[u8], start: usize, zone: &Zone) -> Option<i64> {
    let mut times = Times::new(line, zone);
    pairs(line, start, |name, value| times.see(name, value)).then_some(times.time).flatten()
}

/// Whether [`fill`] may change a value of the line.
pub(super) fn may_change(line: &[u8]) -> bool {
    memchr::memchr(b'\\', line).is_some() && is_logfmt(line, first(line))
}

/// Whether the line is one.
pub(super) fn is_logfmt(line: &[u8], start: usize) -> bool {
    pairs(line, start, |_, _| {})
}

/// Calls `pair` with each name and value; whether all of the line is such.
fn pairs(line: &[u8], start: usize, mut pair: impl FnMut(Value, Value)) -> bool {
    let (mut at, mut telling, mut whole) = (start, false, start < line.len());
    while whole && at < line.len() {
        let end = skip(line, at, is_name);
        let name = Value { kind: FieldType::Text, start: at, end, escaped: false };
        whole = at < end;
        match line.get(end) {
            Some(b'=') => {
                let Some((value, behind)) = value(line, end + 1) else { return false };
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

/// The value at `start`, in quotes or up to a blank, and the place behind it.
fn value(line: &[u8], start: usize) -> Option<(Value, usize)> {
    if line.get(start) != Some(&b'"') {
        let end = skip(line, start, |byte| byte > b' ' && byte != b'"');
        return Some((Value { kind: FieldType::Text, start, end, escaped: false }, end));
    }
    let (mut at, mut escaped) = (start + 1, false);
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some((Value { kind: FieldType::Text, start: start + 1, end: at, escaped }, at + 1));
        }
        (at, escaped) = (at + 2, true);
    }
}
