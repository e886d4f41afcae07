//! A case's file, made from what somebody tried.

use crate::line::LineSettings;

/// A line that begins like this is the head of a part.
const HEAD: &[u8] = b"--- ";

/// The file of a case: what [`Case::parse`](super::Case::parse) reads as the same sentence, settings and lines.
///
/// `decisions` is what the pack decides on them, as [`decided`](super::decided) has it. Of how lines are read a case can
/// say the format, the year, and a time zone that is an offset.
pub fn write(
    why: &str,
    settings: &toml::Table,
    sources: &[(LineSettings, Vec<u8>)],
    decisions: &str,
) -> Vec<u8> {
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = if why.starts_with("--- ") { b"- ".to_vec() } else { Vec::new() };
    out.extend_from_slice(why.as_bytes());
    out.push(b'\n');
    if !settings.is_empty() {
        out.extend_from_slice(b"--- settings\n");
        for (name, value) in settings {
            out.extend_from_slice(format!("{} = {}\n", key(name), toml(value)).as_bytes());
        }
    }
    for (read, lines) in sources {
        out.extend_from_slice(b"--- lines");
        if let Some(format) = read.format {
            out.extend_from_slice(format!(" format={}", format.name()).as_bytes());
        }
        if let Some(year) = read.year {
            out.extend_from_slice(format!(" year={year}").as_bytes());
        }
        if let Ok(offset) = read.timezone.to_fixed_offset()
            && offset.seconds() != 0
        {
            let minutes = offset.seconds().abs() / 60;
            let sign = if offset.seconds() < 0 { '-' } else { '+' };
            out.extend_from_slice(
                format!(" timezone={sign}{:02}:{:02}", minutes / 60, minutes % 60).as_bytes(),
            );
        }
        body(lines, &mut out);
    }
    out.extend_from_slice(b"--- decisions\n");
    out.extend_from_slice(decisions.as_bytes());
    out
}

fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(bare) { name.into() } else { quoted(name) }
}

/// A value on one line: a text with a line of its own could begin a part.
fn toml(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => quoted(text),
        toml::Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// As JSON quotes it, and so does TOML but for one character.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// The lines below their head; with escapes if the file could not have them as they are.
fn body(lines: &[u8], out: &mut Vec<u8>) {
    let plain = std::str::from_utf8(lines)
        .is_ok_and(|text| text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()))
        && !lines.split(|&byte| byte == b'\n').any(|line| line.starts_with(HEAD));
    if plain {
        out.push(b'\n');
        out.extend_from_slice(lines);
    } else {
        out.extend_from_slice(b" escapes\n");
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            escape(line, out);
        }
    }
    // What stands behind it begins a line; an empty line more or less is no event.
    if out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
}

fn escape(line: &[u8], out: &mut Vec<u8>) {
    let (head, rest) = match line.strip_prefix(HEAD) {
        Some(rest) => (&b"\\x2d-- "[..], rest),
        None => (&b""[..], line),
    };
    out.extend_from_slice(head);
    for chunk in rest.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' | '\t' => out.push(character as u8),
                '\\' => out.extend_from_slice(b"\\\\"),
                hidden if hidden.is_control() => {
                    let mut buffer = [0; 4];
                    hidden.encode_utf8(&mut buffer).bytes().for_each(|byte| hex(byte, out));
                }
                _ => {
                    let mut buffer = [0; 4];
                    out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                }
            }
        }
        chunk.invalid().iter().for_each(|&byte| hex(byte, out));
    }
}

fn hex(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};
    use proptest::prelude::*;

    use super::super::Case;
    use super::*;
    use crate::decode::Format;

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(b"--- decisions\n".to_vec()),
            Just(b"--- ".to_vec()),
            Just(b"\\n\\x41\\".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just("é\u{202e}\u{85}".as_bytes().to_vec()),
            Just(b"Dec 10 06:55:48 host sshd[1]: Failed".to_vec()),
            prop::collection::vec(any::<u8>(), 0..6),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            sources in prop::collection::vec(prop::collection::vec(piece(), 0..8), 1..3),
            year in prop::option::of(1971i16..2100),
            zone in -5i8..6,
            why in "[ -~]{1,40}",
        ) {
            prop_assume!(!why.trim().is_empty());
            let words = ["--- lines", "a\n--- lines\n", "\u{7f}\u{0}\"\\"].map(toml::Value::from).to_vec();
            let settings = toml::Table::from_iter([
                ("threshold".to_string(), toml::Value::Integer(3)),
                ("a b".to_string(), toml::Value::Float(1.0)),
                ("words".to_string(), toml::Value::Array(words)),
            ]);
            let timezone = if zone == 0 { TimeZone::UTC } else { TimeZone::fixed(offset(zone)) };
            let read = LineSettings { year, timezone, format: Some(Format::Rfc3164), ..LineSettings::default() };
            let sources: Vec<_> = sources.iter().map(|pieces| (read.clone(), pieces.concat())).collect();
            let file = write(&why, &settings, &sources, "nothing\n");
            let case = Case::parse(&file).unwrap();
            prop_assert_eq!(case.settings(), &settings);
            prop_assert_eq!(case.expected.as_str(), "nothing\n");
            prop_assert_eq!(case.sources().len(), sources.len());
            for ((found, bytes), (given, lines)) in case.sources().iter().zip(&sources) {
                prop_assert_eq!(found, given);
                let mut lines = lines.clone();
                if lines.last().is_some_and(|&last| last != b'\n') {
                    lines.push(b'\n');
                }
                prop_assert_eq!(bytes.escape_ascii().to_string(), lines.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn ordinary_lines_are_as_they_were() {
        let file = write("Why.", &toml::Table::new(), &[(LineSettings::default(), b"a\nb".to_vec())], "");
        assert_eq!(String::from_utf8(file).unwrap(), "Why.\n--- lines\na\nb\n--- decisions\n");
    }
}
