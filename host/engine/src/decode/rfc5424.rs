//! What RFC 5424 has behind the date and time.

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name, Place};

use super::body;
use super::program::service;
use super::skip::skip;
use super::syslog::text;

/// Adds header fields, structured data and message of a line whose stamp ends at `at` (section 6).
///
/// Each parameter of the structured data becomes a field of the parameter's own name: `[origin ip="192.0.2.1"]` is the
/// field `ip`. The element's name is left out, since a name must stand in the line in one piece. Where two elements
/// have a parameter of the same name, the first counts, as with all fields; the header's own come before them.
///
/// A header that ends early has the fields that are there. Structured data that is none belongs to the message.
pub(super) fn fill(line: &[u8], at: usize, event: &mut Event) {
    let mut words = Words { line, at };
    let host = words.next();
    let program = words.next();
    let pid = words.next();
    let id = words.next();
    event.log_source.product = Some("linux".into());
    if let Some(host) = host {
        text(event, "host", host);
    }
    if let Some(program) = program {
        text(event, "program", program);
        event.log_source.service = service(event.text(line, program), program);
    }
    if let Some(pid) = pid {
        text(event, "pid", pid);
    }
    if let Some(id) = id {
        text(event, "msgid", id);
    }
    let mut at = words.at + usize::from(line.get(words.at) == Some(&b' '));
    match line.get(at) {
        Some(b'-') if matches!(line.get(at + 1), None | Some(b' ')) => at += 1,
        Some(b'[') => {
            let (fields, kept) = (event.fields.len(), event.arena.len());
            match structured_data(line, at, event) {
                Some(end) => at = end,
                None => {
                    event.fields.truncate(fields);
                    event.arena.truncate(kept);
                }
            }
        }
        _ => {}
    }
    at += usize::from(line.get(at) == Some(&b' '));
    // MSG-UTF8 begins with a byte order mark.
    if line.get(at..).is_some_and(|rest| rest.starts_with(b"\xef\xbb\xbf")) {
        at += 3;
    }
    event.message = Some(Place::line(at.min(line.len()), line.len()));
    body::fill(line, at, event);
}

/// The service, and where the text begins, of a line without structured data.
pub(super) fn body(line: &[u8], at: usize) -> Option<(Option<Name>, usize)> {
    let mut words = Words { line, at };
    let [_, program, _, _] = [words.next(), words.next(), words.next(), words.next()];
    let text = line.get(words.at..)?.strip_prefix(b" - ")?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let service = program.and_then(|place| service(&line[place.start as usize..place.end as usize], place));
    Some((service, line.len() - text.len()))
}

/// The header's words; `-` is nil.
struct Words<'a> {
    line: &'a [u8],
    /// The space before the next word.
    at: usize,
}

impl Words<'_> {
    fn next(&mut self) -> Option<Place> {
        if self.line.get(self.at) != Some(&b' ') {
            return None;
        }
        let start = self.at + 1;
        self.at = skip(self.line, start, |byte| byte != b' ');
        (start < self.at && &self.line[start..self.at] != b"-").then(|| Place::line(start, self.at))
    }
}

/// Adds the parameters of the elements at `at` and gives the place behind them; none if they are malformed.
fn structured_data(line: &[u8], mut at: usize, event: &mut Event) -> Option<usize> {
    while line.get(at) == Some(&b'[') {
        at = name_end(line, at + 1)?;
        loop {
            match line.get(at)? {
                b']' => break at += 1,
                b' ' => at = parameter(line, at + 1, event)?,
                _ => return None,
            }
        }
    }
    matches!(line.get(at), None | Some(b' ')).then_some(at)
}

/// Adds `name="value"`. In a value `\"`, `\\` and `\]` are escapes, and a backslash before anything else is itself.
fn parameter(line: &[u8], start: usize, event: &mut Event) -> Option<usize> {
    if matches!(line.get(start), Some(b']' | b' ')) {
        return Some(start); // blanks that the grammar does not have, but some write
    }
    let name_end = name_end(line, start)?;
    if line.get(name_end..name_end + 2)? != b"=\"" {
        return None;
    }
    let from = name_end + 2;
    let mut at = from;
    let mut escaped = false;
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            break;
        }
        escaped = true;
        at += 2;
    }
    let value = if escaped { unescaped(event, &line[from..at]) } else { Place::line(from, at) };
    let name = Name::Place(Place::line(start, name_end));
    event.fields.push(EventField { name, kind: FieldType::Text, value });
    Some(at + 1)
}

fn unescaped(event: &mut Event, value: &[u8]) -> Place {
    let start = event.arena.len() as u32;
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        event.arena.extend_from_slice(&rest[..at]);
        let escape = matches!(rest.get(at + 1), Some(b'"' | b'\\' | b']'));
        let from = at + usize::from(escape);
        event.arena.extend_from_slice(&rest[from..from + 1]);
        rest = &rest[from + 1..];
    }
    event.arena.extend_from_slice(rest);
    Place { start, end: event.arena.len() as u32, in_arena: true }
}

/// One past the SD-NAME at `start`: printable ASCII without `=`, blank, `]` and `"`.
fn name_end(line: &[u8], start: usize) -> Option<usize> {
    let end = skip(line, start, |byte| matches!(byte, 33..=126) && !matches!(byte, b'=' | b']' | b'"'));
    (start < end).then_some(end)
}
