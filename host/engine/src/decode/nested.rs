//! Members of objects within objects, by dotted names: `userIdentity.type`.

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name};

use super::json_scan::{Scan, Value};
use super::members::{SHORT, place, short};

/// Adds to a decoded event the fields of these names that stand within its objects, unless it has them by itself: a
/// member whose own name has a dot goes first. Without such an object it costs a look at the fields' kinds.
///
/// ```text
///   {"userIdentity":{"type":"Root"}}      userIdentity.type = Root
/// ```
#[inline]
pub fn resolve(line: &[u8], names: &[String], event: &mut Event) {
    // Most packs have no such name.
    if !names.is_empty() {
        resolve_each(line, names, event);
    }
}

fn resolve_each(line: &[u8], names: &[String], event: &mut Event) {
    if !event.fields.iter().any(|field| field.kind == FieldType::Json && !field.value.in_arena) {
        return;
    }
    for name in names {
        if event.field(line, name.as_bytes()).is_some() {
            continue;
        }
        let Some(value) = find(line, name.as_bytes(), event) else { continue };
        let value = EventField {
            name: Name::Place(event.keep(name.as_bytes())),
            kind: value.kind,
            value: place(line, value, event),
        };
        event.fields.push(value);
    }
}

/// The value in the first object whose name begins this one's.
fn find(line: &[u8], name: &[u8], event: &Event) -> Option<Value> {
    event.fields.iter().find_map(|field| {
        let object = field.kind == FieldType::Json && !field.value.in_arena;
        let rest = name.strip_prefix(event.name(line, field.name))?.strip_prefix(b".")?;
        if object { within(line, field.value.start as usize, field.value.end as usize, rest) } else { None }
    })
}

/// The member of this name within an object: each step is at least one byte of the name, so that depth is bounded.
fn within(line: &[u8], start: usize, end: usize, name: &[u8]) -> Option<Value> {
    let (mut found, mut inner) = (None, None);
    let mut scan = Scan { text: &line[..end], at: start };
    let _ = scan.object(|member, value| {
        let mut buffer = [0; SHORT];
        let written = if member.escaped {
            short(line, member, &mut buffer)
        } else {
            line.get(member.start..member.end)
        };
        let Some(rest) = written.and_then(|written| name.strip_prefix(written)) else { return };
        match rest.strip_prefix(b".") {
            _ if rest.is_empty() => found = found.or(Some(value)),
            Some(rest) if value.kind == FieldType::Json => inner = inner.or(Some((value, rest))),
            _ => {}
        }
    });
    found.or_else(|| {
        let (object, rest) = inner?;
        within(line, object.start, object.end, rest)
    })
}
