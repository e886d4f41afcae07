//! JSON whose texts are harmless on a terminal, too: what [`is_hidden`] is written as `\uNNNN`.

use std::cell::Cell;
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::SerializeMap as _;
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Serializer, Value};

use super::visible::is_hidden;

/// Writes an object on one line, without the line's end.
pub(crate) fn write(out: &mut dyn Write, object: &impl Serialize) -> io::Result<()> {
    object.serialize(&mut Serializer::with_formatter(out, Escaping)).map_err(io::Error::from)
}

/// Writes an object on lines of its own, without the last line's end. It goes out as it is made: it may be large.
pub(crate) fn write_pretty(out: &mut dyn Write, object: &impl Serialize) -> io::Result<()> {
    let formatter = Pretty(PrettyFormatter::new());
    object.serialize(&mut Serializer::with_formatter(out, formatter)).map_err(io::Error::from)
}

/// As [`Escaping`], on lines of its own.
struct Pretty(PrettyFormatter<'static>);

impl Formatter for Pretty {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        escape(out, fragment)
    }

    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

/// What is made while it is written, as a list.
pub(crate) struct List<I>(Cell<Option<I>>);

impl<I> List<I> {
    /// Of these; it can be written once.
    pub(crate) fn of(items: I) -> List<I> {
        List(Cell::new(Some(items)))
    }
}

impl<I: Iterator<Item: Serialize>> Serialize for List<I> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.take().into_iter().flatten())
    }
}

/// An object, and behind its fields one more, which is made while it is written.
pub(crate) struct With<'a, T> {
    pub(crate) object: &'a Value,
    pub(crate) name: &'a str,
    pub(crate) value: T,
}

impl<T: Serialize> Serialize for With<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.object.as_object().into_iter().flatten() {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry(self.name, &self.value)?;
        map.end()
    }
}

/// serde_json escapes what JSON asks for, which leaves DEL, the C1 controls and bidirectional overrides.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        escape(out, fragment)
    }
}

/// Line breaks were escaped before.
fn escape<W: Write + ?Sized>(out: &mut W, fragment: &str) -> io::Result<()> {
    let mut rest = fragment;
    while let Some((at, hidden)) = rest.char_indices().find(|(_, character)| is_hidden(*character)) {
        out.write_all(&rest.as_bytes()[..at])?;
        for unit in hidden.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        rest = &rest[at + hidden.len_utf8()..];
    }
    out.write_all(rest.as_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_same_text_to_a_reader() {
        let text = "a\u{202e}b\u{7f}\u{9b}2J\u{e0041}\n\"ü";
        let mut out = Vec::new();
        super::write(&mut out, &text).unwrap();
        assert_eq!(out, r#""a\u202eb\u007f\u009b2J\udb40\udc41\n\"ü""#.as_bytes());
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        // On lines of its own, too, and while it is made.
        let object = serde_json::json!({ "a": [], "b": { "c": text } });
        let with = super::With { object: &object, name: "d", value: super::List::of([1, 2].into_iter()) };
        let mut out = Vec::new();
        super::write_pretty(&mut out, &with).unwrap();
        let whole = serde_json::json!({ "a": [], "b": { "c": text }, "d": [1, 2] });
        let plain = serde_json::to_string_pretty(&whole).unwrap();
        let escaped: Vec<u8> = [
            ("\u{202e}", "\\u202e"),
            ("\u{7f}", "\\u007f"),
            ("\u{9b}", "\\u009b"),
            ("\u{e0041}", "\\udb40\\udc41"),
        ]
        .into_iter()
        .fold(plain, |text, (from, to)| text.replace(from, to))
        .into();
        assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(escaped).unwrap());
    }
}
