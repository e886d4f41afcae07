//! Decoding: golden files.
//!
//! `tests/decode/*.txt` hold lines (`> `, with escapes) and below each the event. `UPDATE=1` writes them anew.
//! A line `! rfc3164 2015 EST5EDT,M3.2.0,M11.1.0` sets format (`auto` for none), year and time zone from there on;
//! behind them may stand the columns of W3C's format.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tripline_abi::FieldType;
use tripline_engine::decode::{Columns, Decoder, Format};
use tripline_engine::event::Event;

#[test]
fn golden() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let before = std::fs::read_to_string(&file).unwrap();
        let after = decoded(&before);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, after).unwrap();
        } else {
            assert_eq!(before, after, "{}: UPDATE=1 if this is right", file.display());
        }
    }
}

/// A golden file with its events written anew.
fn decoded(file: &str) -> String {
    let mut decoder = Decoder::new(Format::Plain, TimeZone::UTC, false);
    let mut year = 2024;
    let mut out = String::new();
    for line in file.lines() {
        if let Some(settings) = line.strip_prefix("! ") {
            let words: Vec<_> = settings.splitn(4, ' ').collect();
            let zone = TimeZone::posix(words[2]).unwrap();
            let format: Option<Format> = words[0].parse().ok();
            decoder = Decoder::new(format.unwrap_or(Format::Plain), zone, format.is_some())
                .of_columns(words.get(3).and_then(|names| Columns::new(names)).map(Arc::new));
            year = words[1].parse().unwrap();
        }
        if let Some(text) = line.strip_prefix("> ") {
            let bytes = unescaped(text);
            let mut event = Event::default();
            decoder.decode(&bytes, year, &mut event);
            writeln!(out, "{line}\n{}", written(&bytes, &event)).unwrap();
        } else if line.starts_with(['#', '!']) {
            writeln!(out, "{line}\n").unwrap();
        }
    }
    out
}

/// An event as text.
fn written(line: &[u8], event: &Event) -> String {
    let mut out = String::new();
    if let Some(time) = event.time {
        writeln!(out, "  time {}", jiff::Timestamp::from_nanosecond(time.into()).unwrap()).unwrap();
    }
    if event.log_source.scan {
        writeln!(out, "  scan").unwrap();
    }
    if let Some(product) = event.log_source.product {
        writeln!(out, "  product {}", escaped(event.name(line, product))).unwrap();
    }
    if let Some(category) = event.log_source.category {
        writeln!(out, "  category {}", escaped(event.name(line, category))).unwrap();
    }
    if let Some(service) = event.log_source.service {
        writeln!(out, "  service {}", escaped(event.name(line, service))).unwrap();
    }
    for field in &event.fields {
        let (name, kind) = (escaped(event.name(line, field.name)), field.kind);
        let kind = if kind == FieldType::Text { String::new() } else { format!(" ({kind:?})") };
        let place = if field.value.in_arena { "~" } else { "=" };
        writeln!(out, "  .{name}{kind} {place} {}", escaped(event.text(line, field.value))).unwrap();
    }
    let Some(message) = event.message else { return out };
    let place = if message.in_arena { "~" } else { "=" };
    writeln!(out, "  message {place} {}", escaped(event.text(line, message))).unwrap();
    out
}

fn escaped(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\u{feff}' => out.push_str("\\xef\\xbb\\xbf"),
                control if control.is_ascii_control() => write!(out, "\\x{:02x}", control as u32).unwrap(),
                other => out.push(other),
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").unwrap();
        }
    }
    out
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (kind, behind) = rest.split_first().unwrap();
        rest = behind;
        match kind {
            b'n' => out.push(b'\n'),
            b'x' => {
                out.push(u8::from_str_radix(std::str::from_utf8(&rest[..2]).unwrap(), 16).unwrap());
                rest = &rest[2..];
            }
            other => out.push(*other),
        }
    }
    out
}

/// Each format has its row in the table that tells of them, and a golden file of its own.
#[test]
fn formats_are_told_of() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let told = std::fs::read_to_string(folder.join("FORMATS.md")).unwrap();
    for format in Format::ALL {
        assert!(told.contains(&format!("\n| `{format}` | ")), "{format}");
        assert!(folder.join(format!("tests/decode/{format}.txt")).exists(), "{format}");
    }
}

#[test]
fn formats_have_names() {
    let listed =
        |listed: &str| listed.replace(" or ", ", ").split(", ").map(String::from).collect::<Vec<_>>();
    assert_eq!(listed(Format::LISTED), Format::ALL.map(|format| format.to_string()));
    let mut senders = Format::ALL.to_vec();
    senders.retain(|format| format.is_for_senders());
    assert_eq!(listed(Format::LISTED_FOR_SENDERS), senders.iter().map(Format::to_string).collect::<Vec<_>>());
    for format in Format::ALL {
        assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
    }
    let error = "ISO".parse::<Format>().unwrap_err().to_string();
    assert_eq!(
        error,
        "expected rfc3164, rfc5424, iso, access, w3c, audit, cef, json, records, journal, logfmt, plain or finding, not \"ISO\""
    );
}

/// A first word longer than all that may stand before an access log's stamp is no failure.
#[test]
fn a_long_word_is_a_word() {
    for length in [511, 512, 513, 65_535, 65_536, 65_537, 100_000] {
        let line =
            format!("{} - - [10/Oct/2023:13:55:36 +0000] \"GET / HTTP/1.1\" 200 1", "a".repeat(length));
        let mut event = Event::default();
        Decoder::new(Format::Plain, TimeZone::UTC, false).decode(line.as_bytes(), 2024, &mut event);
        assert_eq!(event.fields.is_empty(), length > 65_530, "{length}");
    }
}
