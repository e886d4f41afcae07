//! An entry of systemd's journal, as `journalctl -o export` writes it.
//!
//! ```text
//!   __REALTIME_TIMESTAMP=1700000000000000⏎
//!   MESSAGE⏎                            a value with a line feed or an odd byte in it:
//!   └ 8 bytes: how many, the least first, then so many bytes ┘⏎
//!   ⏎                                   between two entries
//! ```

use tripline_abi::FieldType;

use crate::event::Event;

use super::body;
use super::json_scan::Value;
use super::members::{Members, Times};
use super::skip::skip;
use super::zone::Zone;

/// A value of more bytes is none: its length is a mistake, and would hide all that comes. 64 MiB.
pub(crate) const LARGEST_VALUE: u64 = 64 << 20;
/// Bytes of a field's name.
pub(crate) const LONGEST_NAME: usize = 64;

/// Adds the entry's fields, and finds time, message, service and host among them; `false`, with nothing added, if the
/// line does not begin with a field.
pub(super) fn fill(line: &[u8], start: usize, zone: &Zone, event: &mut Event) -> bool {
    if field(line, start).is_none() {
        return false;
    }
    let mut members = Members::new(line, zone, event);
    fields(line, start, |name, value| members.add(name, value));
    members.finish();
    if let Some(message) = event.message
        && !message.in_arena
    {
        body::fill(&line[..message.end as usize], message.start as usize, event);
    }
    true
}

/// The time that [`fill`] would find; `None`: it is no entry.
pub(super) fn time(line: &[u8], start: usize, zone: &Zone) -> Option<Option<i64>> {
    field(line, start)?;
    let mut times = Times::new(line, zone);
    fields(line, start, |name, value| times.see(name, value));
    Some(times.time)
}

/// Whether it is the byte of a name.
pub(crate) fn is_name(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

/// Calls `take` with each name and value; what is no field is gone over up to its line's end.
fn fields(line: &[u8], start: usize, mut take: impl FnMut(Value, Value)) {
    let mut at = start;
    while at < line.len() {
        let behind = match field(line, at) {
            Some((name, value)) => {
                take(name, value);
                value.end
            }
            None => at,
        };
        at = memchr::memchr(b'\n', &line[behind..]).map_or(line.len(), |feed| behind + feed + 1);
    }
}

/// The field at `start`. Of one that was cut there is what is left.
fn field(line: &[u8], start: usize) -> Option<(Value, Value)> {
    let text = |start, end| Value { kind: FieldType::Text, start, end, escaped: false };
    let end = skip(line, start, is_name);
    if start == end || end - start > LONGEST_NAME {
        return None;
    }
    let name = text(start, end);
    match line.get(end)? {
        b'=' => {
            let rest = &line[end + 1..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            Some((name, text(end + 1, end + 1 + length)))
        }
        b'\n' => {
            let (length, rest) = line[end + 1..].split_first_chunk()?;
            let length = u64::from_le_bytes(*length);
            let from = line.len() - rest.len();
            let kept = rest.len().min(usize::try_from(length).unwrap_or(usize::MAX));
            (length <= LARGEST_VALUE).then(|| (name, text(from, from + kept)))
        }
        _ => None,
    }
}
