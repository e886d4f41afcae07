//! Bytes as a reader of XML can take them: UTF-8, and no value of an attribute longer than it may be.
//!
//! A banner that no reader takes must not take the other hosts with it. So what is no UTF-8 becomes U+FFFD here, and a
//! value's end is left out, before anybody holds it whole.

use std::io::{self, BufRead, Read};

use memchr::memchr;

const CHUNK: usize = 64 * 1024;
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Where in the markup a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between tags.
    Text,
    /// Behind `<`.
    Begin,
    /// In a tag, outside of quotes.
    Tag,
    /// In a value, behind so many bytes of it.
    Value { quote: u8, length: usize },
    /// Behind `<!`, and so many of the bytes that say what it is.
    Bang(usize),
    /// In what ends with these bytes, of which so many have come.
    Until { end: &'static [u8], seen: usize },
}

/// Reads cleaned bytes.
pub(super) struct Cleaned<R> {
    input: R,
    /// What came and was not looked at yet: the beginning of a character.
    rest: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    place: Place,
    /// Bytes that a value may have.
    value: usize,
    /// Bytes that may be taken until [`Cleaned::allow`] is called again.
    budget: usize,
    ended: bool,
}

impl<R: Read> Cleaned<R> {
    pub(super) fn new(input: R, value: usize) -> Cleaned<R> {
        let (rest, ready) = (Vec::new(), Vec::new());
        Cleaned { input, rest, ready, at: 0, place: Place::Text, value, budget: 0, ended: false }
    }

    /// So many bytes may be taken; who asks for more gets an error.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.budget = bytes;
    }

    fn refill(&mut self) -> io::Result<()> {
        let mut chunk = std::mem::take(&mut self.rest);
        let begun = chunk.len();
        chunk.resize(begun + CHUNK, 0);
        let read = loop {
            match self.input.read(&mut chunk[begun..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        chunk.truncate(begun + read);
        self.ended = read == 0;
        self.ready.clear();
        self.at = 0;
        // Almost always.
        if let Ok(valid) = std::str::from_utf8(&chunk) {
            self.take_all(valid.as_bytes());
            return Ok(());
        }
        let mut chunks = chunk.utf8_chunks().peekable();
        while let Some(part) = chunks.next() {
            self.take_all(part.valid().as_bytes());
            let invalid = part.invalid();
            // The last bytes may be the beginning of a character.
            let begins = chunks.peek().is_none() && !self.ended && is_beginning(invalid);
            if begins {
                self.rest = invalid.to_vec();
            } else if !invalid.is_empty() {
                REPLACEMENT.iter().for_each(|byte| self.take(*byte));
            }
        }
        Ok(())
    }

    /// Takes bytes: those that leave the place as it is at once, and the others one by one.
    fn take_all(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            let plain = match &mut self.place {
                Place::Text => memchr(b'<', bytes).unwrap_or(bytes.len()),
                // Names are short: a search by vectors would take longer to begin.
                Place::Tag => {
                    let ends = |byte: &u8| matches!(byte, b'>' | b'"' | b'\'');
                    bytes.iter().position(ends).unwrap_or(bytes.len())
                }
                Place::Value { quote, length } if *length < self.value => {
                    let plain = memchr(*quote, bytes).unwrap_or(bytes.len()).min(self.value - *length);
                    *length += plain;
                    plain
                }
                _ => 0,
            };
            if plain > 0 {
                self.ready.extend_from_slice(&bytes[..plain]);
                bytes = &bytes[plain..];
            } else {
                self.take(*first);
                bytes = &bytes[1..];
            }
        }
    }

    fn take(&mut self, byte: u8) {
        const COMMENT: &[u8] = b"--";
        const CDATA: &[u8] = b"[CDATA[";
        let until = |end| Place::Until { end, seen: 0 };
        self.place = match (self.place, byte) {
            (Place::Text, b'<') => Place::Begin,
            (Place::Begin, b'!') => Place::Bang(0),
            (Place::Begin, b'?') => until(b"?>"),
            (Place::Begin | Place::Tag, b'>') => Place::Text,
            (Place::Begin | Place::Tag, b'"' | b'\'') => Place::Value { quote: byte, length: 0 },
            (Place::Begin, _) => Place::Tag,
            (Place::Value { quote, .. }, _) if byte == quote => Place::Tag,
            (Place::Value { length, .. }, _) if length >= self.value && !is_inside(byte) => {
                // Left out, up to its end.
                self.place = Place::Value { quote: quote_of(self.place), length: usize::MAX };
                return;
            }
            (Place::Value { length: usize::MAX, .. }, _) => return,
            (Place::Value { quote, length }, _) => Place::Value { quote, length: length + 1 },
            (Place::Bang(seen), _) if COMMENT.get(seen) == Some(&byte) => {
                if seen + 1 == COMMENT.len() {
                    until(b"-->")
                } else {
                    Place::Bang(seen + 1)
                }
            }
            (Place::Bang(seen), _) if CDATA.get(seen) == Some(&byte) => {
                if seen + 1 == CDATA.len() {
                    until(b"]]>")
                } else {
                    Place::Bang(seen + 1)
                }
            }
            (Place::Bang(_), b'>') => Place::Text,
            (Place::Bang(_), _) => until(b">"),
            (Place::Until { end, seen }, _) if end[seen] == byte => {
                if seen + 1 == end.len() {
                    Place::Text
                } else {
                    Place::Until { end, seen: seen + 1 }
                }
            }
            // `--->` and `]]]>` end, too.
            (Place::Until { end, seen }, _) if seen == 2 && byte == end[0] => Place::Until { end, seen },
            (Place::Until { end, .. }, _) => Place::Until { end, seen: usize::from(byte == end[0]) },
            (place, _) => place,
        };
        self.ready.push(byte);
    }
}

fn quote_of(place: Place) -> u8 {
    match place {
        Place::Value { quote, .. } => quote,
        _ => 0,
    }
}

/// Whether a byte goes on with the character before it.
fn is_inside(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Whether these may be the first bytes of a character.
fn is_beginning(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

impl<R: Read> Read for Cleaned<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let length = ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&ready[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Cleaned<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.ready.len() && !self.ended {
            self.refill()?;
        }
        let ready = &self.ready[self.at..];
        if self.budget == 0 && !ready.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(&ready[..ready.len().min(self.budget)])
    }

    fn consume(&mut self, taken: usize) {
        self.at += taken;
        self.budget = self.budget.saturating_sub(taken);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn cleaned(input: impl Read) -> Vec<u8> {
        let mut cleaned = Cleaned::new(input, 4);
        cleaned.allow(usize::MAX);
        let mut out = Vec::new();
        cleaned.read_to_end(&mut out).unwrap();
        out
    }

    #[track_caller]
    fn check(input: &[u8], expected: &str) {
        assert_eq!(String::from_utf8(cleaned(input)).unwrap(), expected);
        assert_eq!(String::from_utf8(cleaned(Slow(input))).unwrap(), expected);
    }

    #[test]
    fn a_value_is_cut_and_all_else_stays() {
        check(br#"<a b="12345678" c='12"45'>"long text"</a>"#, r#"<a b="1234" c='12"4'>"long text"</a>"#);
        check(
            br#"<!-- "long comment" <x y="long value"--->"#,
            r#"<!-- "long comment" <x y="long value"--->"#,
        );
        check(br#"<!-- x --><a b="12345"/>"#, r#"<!-- x --><a b="1234"/>"#);
        check(br#"<![CDATA["long text"<]]]><a b="12345"/>"#, r#"<![CDATA["long text"<]]]><a b="1234"/>"#);
        check(
            br#"<!DOCTYPE x "long"><?y "long"?><a b="12345"/>"#,
            r#"<!DOCTYPE x "long"><?y "long"?><a b="1234"/>"#,
        );
        check(br#"<!-><a b="12345">"#, r#"<!-><a b="1234">"#);
        check("<a b=\"123äöü\">".as_bytes(), "<a b=\"123ä\">");
    }

    #[test]
    fn what_is_no_utf8_is_marked() {
        check(b"<a b=\"\xff\xfe\">\xe4r\xc3", "<a b=\"\u{fffd}\u{fffd}\">\u{fffd}r\u{fffd}");
        check("Grüße, 世界 🐟".as_bytes(), "Grüße, 世界 🐟");
        check(b"\xe4\xb8", "\u{fffd}");
    }

    #[test]
    fn no_more_is_taken_than_is_allowed() {
        let mut cleaned = Cleaned::new(Cursor::new(b"0123456789"), 4);
        cleaned.allow(4);
        let mut out = Vec::new();
        assert_eq!(cleaned.read_to_end(&mut out).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(out, b"0123");
        cleaned.allow(6);
        cleaned.read_to_end(&mut out).unwrap();
        assert_eq!(out, b"0123456789");
    }

    proptest! {
        #[test]
        fn pieces_change_nothing(bytes in prop::collection::vec(prop::sample::select(&b"<>!-[]?\"'ab CDATA\xc3\xa4\xff"[..]), 0..80)) {
            let whole = cleaned(&bytes[..]);
            prop_assert!(std::str::from_utf8(&whole).is_ok());
            prop_assert_eq!(cleaned(Slow(&bytes)), whole);
        }
    }
}
