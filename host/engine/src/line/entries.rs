//! Where entries of `journalctl -o export` end: at an empty line that is not within a value.

use super::framing::Edge;
use crate::decode::{LARGEST_VALUE, LONGEST_NAME, is_name};

/// How far an entry is.
#[derive(Debug, Default)]
pub(super) struct Entries {
    at: At,
    /// Something of it has come.
    begun: bool,
    pub(super) feeds: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum At {
    /// At a line's start.
    #[default]
    Line,
    /// In a field's name, of which so many bytes have come.
    Name(usize),
    /// In what goes up to a line feed.
    Text,
    /// In a value's length, of which so many bytes have come.
    Length(u32, u64),
    /// In a value of which so many bytes are to come.
    Value(u64),
}

impl Entries {
    /// See [`super::framing::Framing::next`].
    pub(super) fn next(&mut self, bytes: &[u8], mut at: usize) -> Option<Edge> {
        while let Some(&byte) = bytes.get(at) {
            match self.at {
                At::Line if byte == b'\n' => {
                    self.feeds += 1;
                    let begun = std::mem::take(&mut self.begun);
                    // The last field's line feed is no part of the entry.
                    return Some(Edge { end: begun.then(|| at.saturating_sub(1)), next: at + 1 });
                }
                At::Line => (self.at, self.begun) = (At::Name(0), true),
                At::Name(length) if is_name(byte) && length < LONGEST_NAME => {
                    (self.at, at) = (At::Name(length + 1), at + 1);
                }
                At::Name(1..) if byte == b'\n' => {
                    self.feeds += 1;
                    (self.at, at) = (At::Length(0, 0), at + 1);
                }
                At::Name(_) => self.at = At::Text,
                At::Text => {
                    let feed = at + memchr::memchr(b'\n', &bytes[at..])?;
                    self.feeds += 1;
                    (self.at, at) = (At::Line, feed + 1);
                }
                At::Length(count, length) => {
                    let length = length | u64::from(byte) << (8 * count);
                    self.feeds += u64::from(byte == b'\n');
                    at += 1;
                    self.at = match count {
                        7 if length > LARGEST_VALUE => At::Text,
                        7 => At::Value(length),
                        _ => At::Length(count + 1, length),
                    };
                }
                // A value has a line feed behind it, or else the rest of a line that says nothing.
                At::Value(0) => self.at = At::Text,
                At::Value(left) => {
                    let rest = &bytes[at..];
                    let part = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    self.feeds += memchr::memchr_iter(b'\n', &rest[..part]).count() as u64;
                    (self.at, at) = (At::Value(left - part as u64), at + part);
                }
            }
        }
        None
    }

    /// Where the unfinished entry ends, if there is one.
    pub(super) fn finish(&mut self, bytes: &[u8]) -> Option<usize> {
        let Entries { at, begun, feeds } = std::mem::take(self);
        self.feeds = feeds;
        let end = if matches!(at, At::Line) { bytes.len().saturating_sub(1) } else { bytes.len() };
        begun.then_some(end)
    }
}
