//! A line of a W3C extended log, as Microsoft's IIS and others write it: values only; an earlier line names them.

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name, Place};

use super::access;
use super::columns::{Columns, Role};
use super::json_scan::Value;
use super::skip::{blanks, skip, word_end};
use super::stamp::Stamp;
use super::zone::Zone;

/// Adds the values of the line at `start` as fields; `false`, with nothing added, if it does not have one for each
/// column.
///
/// ```text
///   #Fields: date time c-ip cs-username cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent)
///   2024-01-01 00:00:12 192.0.2.7 - GET /a.aspx id=%271 200 Mozilla/5.0+(X11;+Linux)
///                                 └none
/// ```
pub(super) fn fill(line: &[u8], start: usize, columns: &Columns, zone: &Zone, event: &mut Event) -> bool {
    let Some(Row { quotes, time }) = row(line, start, columns, zone) else { return false };
    let (mut stem, mut query) = (None, None);
    for (column, word) in columns.iter().zip(Words { line, at: start, quotes }) {
        let Some(value) = value(line, word) else { continue };
        let mut kind = FieldType::Text;
        match column.role {
            Role::Stem => stem = Some(value),
            Role::Query => query = Some(value),
            Role::Number if line[value.start..value.end].iter().all(u8::is_ascii_digit) => {
                kind = FieldType::Number;
            }
            Role::Number | Role::Agent | Role::Text => {}
        }
        // A name that does not stand in the line stands in the arena, where patterns are looked for, too.
        let kept = || Name::Place(event.keep(columns.name(column).as_bytes()));
        let name = column.given.map_or_else(kept, Name::Known);
        let is_agent = column.role == Role::Agent;
        let value = if is_agent { agent(line, value, event) } else { place(line, value, event) };
        event.fields.push(EventField { name, kind, value });
    }
    if let Some(stem) = stem {
        let value = target(line, stem, query, event);
        event.fields.push(EventField { name: Name::Known(access::DECODED), kind: FieldType::Text, value });
    }
    event.time = time;
    if columns.is_web {
        event.log_source.category = Some("webserver".into());
    }
    if columns.is_iis {
        event.log_source.product = Some("windows".into());
        event.log_source.service = Some("iis".into());
    }
    event.message = Some(Place::line(start, line.len()));
    true
}

/// The time that [`fill`] would find; `None`: the line is no such line.
pub(super) fn time(line: &[u8], start: usize, columns: &Columns, zone: &Zone) -> Option<Option<i64>> {
    row(line, start, columns, zone).map(|row| row.time)
}

/// How a line is read that has a value for each column.
struct Row {
    quotes: bool,
    time: Option<i64>,
}

/// Blanks part the values. Only where that does not give one for each column, quotes hold some together: IIS writes
/// what a client sends without quotes around it, and a quote that a client sent must not move the columns behind it.
fn row(line: &[u8], start: usize, columns: &Columns, zone: &Zone) -> Option<Row> {
    if line.get(start) == Some(&b'#') {
        return None;
    }
    let fits = |quotes: &bool| Words { line, at: start, quotes: *quotes }.count() == columns.len();
    let quotes = [false, true].into_iter().find(fits)?;
    let Some((date, time)) = columns.stamp else { return Some(Row { quotes, time: None }) };
    let word = |number| Words { line, at: start, quotes }.nth(number);
    let (date, time) = (value(line, word(date)?), value(line, word(time)?));
    let (Some(date), Some(time)) = (date, time) else { return Some(Row { quotes, time: None }) };
    // Date and time are in UTC, and may stand apart.
    let mut buffer = [0; 32];
    let parts = [&line[date.start..date.end], b"T", &line[time.start..time.end], b"Z"];
    let mut length = 0;
    for part in parts {
        buffer.get_mut(length..length + part.len())?.copy_from_slice(part);
        length += part.len();
    }
    let stamp = Stamp::iso(&buffer[..length], 0).filter(|stamp| stamp.end == length)?;
    Some(Row { quotes, time: stamp.instant(0, zone) })
}

/// The values of a line, with the quotes around them.
struct Words<'a> {
    line: &'a [u8],
    at: usize,
    /// Whether a value in quotes may have blanks.
    quotes: bool,
}

impl Iterator for Words<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let start = skip(self.line, self.at, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        if start == self.line.len() {
            return None;
        }
        let quoted = self.quotes && self.line[start] == b'"';
        let end = if quoted { closing(self.line, start + 1) } else { None };
        self.at = end.unwrap_or_else(|| word_end(self.line, start));
        Some((start, self.at))
    }
}

/// One past the quote that ends a value: one that is not doubled, and has a blank or nothing behind it.
fn closing(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr(b'"', line.get(at..)?)? + 1;
        match line.get(at) {
            Some(b'"') => at += 1,
            _ => return (blanks(line, at) > at || at == line.len()).then_some(at),
        }
    }
}

/// A value without its quotes; none for `-` and for nothing.
fn value(line: &[u8], (start, end): (usize, usize)) -> Option<Value> {
    let inner = line[start..end].strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    let (start, end) = if inner.is_some() { (start + 1, end - 1) } else { (start, end) };
    let escaped = inner.is_some_and(|text| memchr::memmem::find(text, b"\"\"").is_some());
    let none = matches!(&line[start..end], b"" | b"-");
    (!none).then_some(Value { kind: FieldType::Text, start, end, escaped })
}

/// Where a value stands; one with doubled quotes without them.
fn place(line: &[u8], value: Value, event: &mut Event) -> Place {
    if !value.escaped {
        return Place::line(value.start, value.end);
    }
    let start = event.arena.len() as u32;
    let mut rest = &line[value.start..value.end];
    while let Some(at) = memchr::memmem::find(rest, b"\"\"") {
        event.arena.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    event.arena.extend_from_slice(rest);
    Place { start, end: event.arena.len() as u32, in_arena: true }
}

/// A browser's name: its blanks, for which IIS writes `+`, are blanks, so that one pattern is for every server.
fn agent(line: &[u8], value: Value, event: &mut Event) -> Place {
    let text = &line[value.start..value.end];
    if value.escaped || memchr::memchr(b'+', text).is_none() || memchr::memchr(b' ', text).is_some() {
        return place(line, value, event);
    }
    let kept = event.keep(text);
    let bytes = &mut event.arena[kept.start as usize..];
    bytes.iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
    kept
}

/// The target as it is meant, of its two parts.
fn target(line: &[u8], stem: Value, query: Option<Value>, event: &mut Event) -> Place {
    let Some(query) = query else { return access::decoded(line, stem.start, stem.end, stem.end, event) };
    let start = event.arena.len();
    event.arena.extend_from_slice(&line[stem.start..stem.end]);
    event.arena.push(b'?');
    let behind = event.arena.len();
    event.arena.extend_from_slice(&line[query.start..query.end]);
    access::decode(start, behind, event)
}
