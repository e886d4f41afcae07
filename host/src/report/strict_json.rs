//! JSON whose texts are harmless on a terminal, too: what [`is_hidden`] is written as `\uNNNN`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::visible::is_hidden;

/// Writes an object on one line, without the line's end.
pub(crate) fn write(out: &mut dyn Write, object: &impl Serialize) -> io::Result<()> {
    object.serialize(&mut Serializer::with_formatter(out, Escaping)).map_err(io::Error::from)
}

/// Writes an object on lines of its own, without the last line's end.
pub(crate) fn write_pretty(out: &mut dyn Write, object: &impl Serialize) -> io::Result<()> {
    escape(out, &serde_json::to_string_pretty(object)?)
}

/// serde_json escapes what JSON asks for, which leaves DEL, the C1 controls and bidirectional overrides.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        escape(out, fragment)
    }
}

/// Line breaks stay: those of texts have been escaped before.
fn escape<W: Write + ?Sized>(out: &mut W, fragment: &str) -> io::Result<()> {
    let mut rest = fragment;
    while let Some((at, hidden)) =
        rest.char_indices().find(|(_, character)| is_hidden(*character) && *character != '\n')
    {
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
    }
}
