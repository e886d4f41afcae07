//! The syntax of JSON (RFC 8259), by places: no tree, no copies.

use tripline_abi::FieldType;

use super::skip::skip;

/// How deep objects and lists may stand in one another, the line's own object included.
const DEEPEST: u32 = 128;

/// Goes over a text once. Stricter than nothing, laxer than the RFC in two points: control characters and invalid
/// UTF-8 may stand in a string, so that one odd byte does not hide a line's fields.
pub(super) struct Scan<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

/// A value's kind and place; a text's is between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) kind: FieldType,
    pub(super) start: usize,
    pub(super) end: usize,
    /// A text with escapes.
    pub(super) escaped: bool,
}

impl Scan<'_> {
    /// Calls `member` with each name and value of the object at this place; none if it is no whole object.
    pub(super) fn object(&mut self, mut member: impl FnMut(Value, Value)) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            self.blanks();
            let name = self.string()?;
            self.take(b':')?;
            let value = self.value(1)?;
            member(name, value);
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    /// Whether nothing but blanks is left.
    pub(super) fn at_end(&mut self) -> bool {
        self.blanks();
        self.at == self.text.len()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        self.at = skip(self.text, self.at, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Goes behind `wanted`, if that comes next behind blanks.
    pub(super) fn take(&mut self, wanted: u8) -> Option<()> {
        self.blanks();
        (self.peek() == Some(wanted)).then(|| self.at += 1)
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        self.blanks();
        let start = self.at;
        let kind = match self.peek()? {
            b'"' => return self.string(),
            b'{' | b'[' => self.nested(depth).map(|()| FieldType::Json)?,
            b't' => self.word(b"true", FieldType::Bool)?,
            b'f' => self.word(b"false", FieldType::Bool)?,
            b'n' => self.word(b"null", FieldType::Null)?,
            _ => self.number()?,
        };
        Some(Value { kind, start, end: self.at, escaped: false })
    }

    fn word(&mut self, word: &[u8], kind: FieldType) -> Option<FieldType> {
        let found = self.text[self.at..].starts_with(word);
        self.at += word.len();
        found.then_some(kind)
    }

    fn number(&mut self) -> Option<FieldType> {
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(FieldType::Number)
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        self.at = skip(self.text, start, |byte| byte.is_ascii_digit());
        (start < self.at).then_some(())
    }

    fn string(&mut self) -> Option<Value> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        let mut escaped = false;
        self.at = start;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', &self.text[self.at..])?;
            if self.text[self.at] == b'"' {
                let end = self.at;
                self.at += 1;
                return Some(Value { kind: FieldType::Text, start, end, escaped });
            }
            escaped = true;
            self.at += 2;
            match self.text.get(self.at - 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                b'u' => {
                    hex(self.text, self.at)?;
                    self.at += 4;
                }
                _ => return None,
            }
        }
    }

    /// Goes over an object or list without recursion: one bit for each level says which of the two it is.
    fn nested(&mut self, above: u32) -> Option<()> {
        let mut objects: u128 = 0;
        let mut depth = 0;
        loop {
            self.blanks();
            match self.peek()? {
                open @ (b'{' | b'[') => {
                    if above + depth >= DEEPEST {
                        return None;
                    }
                    depth += 1;
                    self.at += 1;
                    objects = objects << 1 | u128::from(open == b'{');
                    if self.take(if open == b'{' { b'}' } else { b']' }).is_none() {
                        if open == b'{' {
                            self.name()?;
                        }
                        continue;
                    }
                    depth -= 1;
                    objects >>= 1;
                }
                _ => {
                    self.value(above)?;
                }
            }
            // A value has ended: close what it ends, or go on to the next.
            loop {
                if depth == 0 {
                    return Some(());
                }
                let object = objects & 1 == 1;
                if self.take(b',').is_some() {
                    if object {
                        self.name()?;
                    }
                    break;
                }
                self.take(if object { b'}' } else { b']' })?;
                depth -= 1;
                objects >>= 1;
            }
        }
    }

    /// Goes over a member's name and its colon.
    pub(super) fn name(&mut self) -> Option<Value> {
        self.blanks();
        let name = self.string()?;
        self.take(b':')?;
        Some(name)
    }
}

/// Adds a text without its escapes. A lone surrogate becomes U+FFFD. It never grows.
pub(super) fn unescape(mut text: &[u8], mut add: impl FnMut(&[u8])) {
    while let Some(at) = memchr::memchr(b'\\', text) {
        add(&text[..at]);
        let escape = text.get(at + 1).copied().unwrap_or(b'\\');
        let mut next = (at + 2).min(text.len());
        match escape {
            b'b' => add(b"\x08"),
            b'f' => add(b"\x0c"),
            b'n' => add(b"\n"),
            b'r' => add(b"\r"),
            b't' => add(b"\t"),
            b'u' => {
                let (character, end) = unicode(text, next);
                add(character.encode_utf8(&mut [0; 4]).as_bytes());
                next = end;
            }
            other => add(&[other]),
        }
        text = &text[next..];
    }
    add(text);
}

/// The character whose hexadecimal digits stand at `at`, with its second half if it is a pair, and the end.
fn unicode(text: &[u8], at: usize) -> (char, usize) {
    let Some(first) = hex(text, at) else {
        return (char::REPLACEMENT_CHARACTER, text.len().min(at + 4));
    };
    let end = at + 4;
    if (0xd800..0xdc00).contains(&first)
        && text.get(end..end + 2) == Some(b"\\u")
        && let Some(second @ 0xdc00..0xe000) = hex(text, end + 2)
    {
        let both = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER), end + 6);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), end)
}

fn hex(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}
