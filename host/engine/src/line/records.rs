//! Where records begin and end in documents of JSON, as bytes come, however they are cut.
//!
//! ```text
//!   {"Records": [ {…} , {…} ], "more": 1} {"Records": …
//!   │            ││  │  │  │ │           │
//!   └Nothing     ││  │  │  │ └Rest       └Nothing
//!                └List  └List            and what lies between events belongs to none
//!                    └Next └Next
//! ```
//!
//! A document may also be the list itself, without an object around it; then nothing comes behind it:
//!
//! ```text
//!   [ {…} , {…} ] [ …
//!   │ │  │  │  ││
//!   │ │  │  │  │└Nothing
//!   │ └Bare │  └BareNext
//!   │    └BareNext
//!   └Nothing
//! ```
//!
//! A document without such a list is an event itself. Where it is no JSON, it is a line up to its line feed, and what
//! comes then begins anew: a document that is broken hides what follows in its line, or one document, and no more.

use super::framing::Edge;
use crate::decode::{LONGEST_LIST, Within, is_list};

/// As deep as the decoder reads.
const DEEPEST: u32 = 128;

/// How far a document is.
#[derive(Debug, Default)]
pub(super) struct Records {
    at: At,
    within: Within,
    /// What is open: an object for each bit that is set, or a list.
    open: u128,
    depth: u32,
    /// The name of the document's last member, if it may be the list's.
    name: Vec<u8>,
    pub(super) feeds: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Before a document or a record.
    #[default]
    Between,
    /// In what goes up to a line feed.
    Text,
    /// Behind the bracket that a document begins with. With an object or nothing behind it in its line it opens a list of
    /// records; texts begin with one, too.
    Opened,
    /// Before a value; the list that it is in may also end, if that is set.
    Value(bool),
    /// Before a name; the object that it is in may also end, if that is set.
    Name(bool),
    /// Before a colon.
    Colon,
    /// Behind a value in an object or a list.
    Behind,
    /// In a text; it is a name, if that is set.
    Quoted(bool),
    /// Behind a text that is a value.
    Closed,
    /// Behind a backslash in such a text.
    Escaped(bool),
    /// In a number, or in a word.
    Word,
}

/// What a byte brings that is in no text, number or word.
enum Step {
    On,
    /// A value is over.
    Over,
    /// The list of the document's records begins.
    List,
    /// It is no JSON.
    Bad,
}

/// What JSON has between its tokens. A form feed is none of it.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// How long these bytes are without the blanks at their end.
fn without_blanks(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1)
}

impl Records {
    /// At an edge within a document.
    pub(super) fn resume(within: Within) -> Records {
        let mut records = Records { within, ..Records::default() };
        if within == Within::Rest {
            (records.at, records.open, records.depth) = (At::Behind, 1, 1);
        }
        records
    }

    pub(super) fn within(&self) -> Within {
        self.within
    }

    /// See [`super::framing::Framing::next`].
    pub(super) fn next(&mut self, bytes: &[u8], mut at: usize) -> Option<Edge> {
        while let Some(&byte) = bytes.get(at) {
            match self.at {
                At::Text => {
                    let feed = at + memchr::memchr(b'\n', &bytes[at..])?;
                    let returned = feed > 0 && bytes[feed - 1] == b'\r';
                    self.feeds += 1;
                    self.begin(Within::Nothing);
                    return Some(Edge { end: Some(feed - usize::from(returned)), next: feed + 1 });
                }
                At::Quoted(is_name) => at = self.quoted(is_name, bytes, at)?,
                At::Escaped(_) if byte == b'\n' => self.at = At::Text,
                At::Escaped(is_name) => (self.at, at) = (At::Quoted(is_name), at + 1),
                At::Closed => {
                    if let Some(edge) = self.over(at) {
                        return Some(edge);
                    }
                }
                At::Word if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.') => at += 1,
                At::Word => {
                    if let Some(edge) = self.over(at) {
                        return Some(edge);
                    }
                }
                _ if is_blank(byte) => {
                    self.feeds += u64::from(byte == b'\n');
                    at += 1;
                    if byte == b'\n' && self.at == At::Opened {
                        self.begin(Within::Bare);
                        return Some(Edge { end: None, next: at });
                    }
                }
                At::Opened if byte == b'{' => {
                    self.begin(Within::Bare);
                    return Some(Edge { end: None, next: at });
                }
                At::Opened if byte == b']' => {
                    self.begin(Within::Nothing);
                    return Some(Edge { end: None, next: at + 1 });
                }
                At::Opened => self.at = At::Text,
                At::Between => {
                    if let Some(edge) = self.between(byte, at) {
                        return Some(edge);
                    }
                    at += 1;
                }
                before => {
                    match self.token(before, byte) {
                        Step::On => {}
                        Step::Over => {
                            if let Some(edge) = self.over(at + 1) {
                                return Some(edge);
                            }
                        }
                        Step::List => {
                            self.begin(Within::List);
                            return Some(Edge { end: None, next: at + 1 });
                        }
                        Step::Bad => {
                            self.at = At::Text;
                            continue;
                        }
                    }
                    at += 1;
                }
            }
        }
        None
    }

    /// Where the unfinished event ends, if there is one.
    pub(super) fn finish(&mut self, bytes: &[u8]) -> Option<usize> {
        let Records { at, within, feeds, .. } = std::mem::take(self);
        self.feeds = feeds;
        let is_none = at == At::Between || within == Within::Rest && at != At::Text;
        // It begins with no blank, so that it does not end before it.
        (!is_none).then(|| without_blanks(bytes))
    }

    /// Nothing is open but what this says.
    fn begin(&mut self, within: Within) {
        *self = Records { feeds: self.feeds, ..Records::resume(within) };
    }

    /// What begins between documents, or between records.
    fn between(&mut self, byte: u8, at: usize) -> Option<Edge> {
        match (self.within, byte) {
            (Within::Next, b',') => {
                self.within = Within::List;
                return None;
            }
            (Within::BareNext, b',') => {
                self.within = Within::Bare;
                return None;
            }
            (Within::List | Within::Next, b']') => {
                self.begin(Within::Rest);
                return Some(Edge { end: None, next: at + 1 });
            }
            (Within::Bare | Within::BareNext, b']') => {
                self.begin(Within::Nothing);
                return Some(Edge { end: None, next: at + 1 });
            }
            (Within::List | Within::Bare, _) => self.at = At::Value(false),
            // Where no comma parts them it is no list: the document was never finished, and the next one begins.
            (_, b'{' | b'[') => (self.at, self.within) = (At::Value(false), Within::Nothing),
            _ => (self.at, self.within) = (At::Text, Within::Nothing),
        }
        Some(Edge { end: None, next: at })
    }

    /// Goes on in a text, to its end or to where it cannot go on.
    fn quoted(&mut self, is_name: bool, bytes: &[u8], at: usize) -> Option<usize> {
        let rest = &bytes[at..];
        let length = memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
        if is_name && self.depth == 1 && !self.is_record() {
            // One byte more shows that it is longer than any of the list's names; an escape stands in none.
            let room = (LONGEST_LIST + 1).saturating_sub(self.name.len());
            let escape = usize::from(rest.get(length) == Some(&b'\\'));
            self.name.extend_from_slice(&rest[..(length + escape).min(room)]);
        }
        let at = at + length;
        self.at = match bytes.get(at)? {
            b'\\' => At::Escaped(is_name),
            b'"' if is_name => At::Colon,
            b'"' => At::Closed,
            _ => At::Text,
        };
        // The line feed that shows that it is none ends the line, too.
        Some(if self.at == At::Text { at } else { at + 1 })
    }

    /// A byte that stands by itself.
    fn token(&mut self, before: At, byte: u8) -> Step {
        let in_object = self.open & 1 == 1;
        let closes = byte == if in_object { b'}' } else { b']' };
        self.at = match (before, byte) {
            (At::Value(_), b'[') if self.is_list() => return Step::List,
            (At::Value(_), b'[') if self.depth == 0 && self.within == Within::Nothing => At::Opened,
            (At::Value(_), b'{' | b'[') if self.depth < DEEPEST => {
                self.depth += 1;
                self.open = self.open << 1 | u128::from(byte == b'{');
                if byte == b'{' { At::Name(true) } else { At::Value(true) }
            }
            (At::Value(_), b'"') => At::Quoted(false),
            (At::Value(true) | At::Name(true) | At::Behind, _) if closes => {
                self.depth -= 1;
                self.open >>= 1;
                return Step::Over;
            }
            (At::Value(_), b'-' | b'0'..=b'9' | b'a'..=b'z') => At::Word,
            (At::Name(_), b'"') => {
                self.name.clear();
                At::Quoted(true)
            }
            (At::Colon, b':') => At::Value(false),
            (At::Behind, b',') if in_object => At::Name(false),
            (At::Behind, b',') => At::Value(false),
            _ => return Step::Bad,
        };
        Step::On
    }

    /// Whether the list of the document's records may begin here.
    fn is_list(&self) -> bool {
        self.depth == 1 && !self.is_record() && is_list(&self.name)
    }

    /// Whether the value that is open is a record of a list.
    fn is_record(&self) -> bool {
        matches!(self.within, Within::List | Within::Bare)
    }

    /// A value is over, and the next may begin at `next`.
    fn over(&mut self, next: usize) -> Option<Edge> {
        if self.depth > 0 {
            self.at = At::Behind;
            return None;
        }
        let is_event = self.within != Within::Rest;
        let within = match self.within {
            Within::List => Within::Next,
            Within::Bare => Within::BareNext,
            _ => Within::Nothing,
        };
        self.begin(within);
        Some(Edge { end: is_event.then_some(next), next })
    }
}
