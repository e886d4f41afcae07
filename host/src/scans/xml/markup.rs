use std::io::{self, Read};

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::cleaned::Cleaned;
use super::limits::XmlLimits;

/// Attributes of a tag for which there is room at once.
const USUAL: usize = 8;

/// What comes next in a file of XML.
#[derive(Debug)]
pub(super) enum Node {
    /// An element begins.
    Open(Tag),
    /// Text in it.
    Text(String),
    /// The element that was opened last ends.
    Close,
    /// There is no more.
    End,
}

/// The beginning of an element: its name, and each attribute's name and value, one behind the other.
#[derive(Debug)]
pub(super) struct Tag {
    text: String,
    /// Where the name ends …
    name: usize,
    /// … and each attribute's name, and its value.
    ends: Vec<(usize, usize)>,
    /// Whether all that should be attributes are.
    is_whole: bool,
}

impl Tag {
    /// What it is.
    pub(super) fn name(&self) -> &str {
        &self.text[..self.name]
    }

    /// Whether all that should be attributes are.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What an attribute says; nothing is as if it were not there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut begin = self.name;
        for (middle, end) in &self.ends {
            if self.text[begin..*middle] == *name {
                return Some(&self.text[*middle..*end]).filter(|value| !value.is_empty());
            }
            begin = *end;
        }
        None
    }

    /// As [`Tag::get`], read as what it should be.
    pub(super) fn read<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.trim().parse().ok()
    }

    /// Seconds since 1970 as nanoseconds.
    pub(super) fn time(&self, name: &str) -> Option<i64> {
        self.read::<i64>(name).filter(|seconds| *seconds > 0)?.checked_mul(1_000_000_000)
    }
}

/// Why a file cannot be read on. What was read before it stays.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// Reading failed.
    #[error("cannot read on: {0}")]
    Io(io::Error),
    /// A tag, a comment or a text without end.
    #[error("expected at most {most} bytes in one piece of XML at byte {at}, found more")]
    Large {
        /// What there may be.
        most: usize,
        /// Where it begins.
        at: u64,
    },
    /// Elements in each other without end.
    #[error("expected at most {most} elements in each other, found more at byte {at}")]
    Deep {
        /// What there may be.
        most: usize,
        /// Where the first one is that is too deep.
        at: u64,
    },
    /// More hosts or ports than anybody scans.
    #[error("expected at most {most} {what}, found more at byte {at}")]
    Many {
        /// What.
        what: &'static str,
        /// What there may be.
        most: usize,
        /// Where the first one is that is too many.
        at: u64,
    },
    /// It is no XML.
    #[error("expected XML at byte {at}, found something else: {error}")]
    Malformed {
        /// Where.
        at: u64,
        /// What the reader says.
        error: String,
    },
    /// It is other XML.
    #[error("expected an element `nmaprun`, found `{0}`")]
    Stranger(String),
}

/// Reads nodes.
pub(super) struct Markup<R> {
    reader: Reader<Cleaned<R>>,
    buffer: Vec<u8>,
    limits: XmlLimits,
    depth: usize,
}

impl<R: Read> Markup<R> {
    pub(super) fn new(input: R, limits: XmlLimits) -> Markup<R> {
        let mut reader = Reader::from_reader(Cleaned::new(input, limits.value));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Markup { reader, buffer: Vec::new(), limits, depth: 0 }
    }

    /// So many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Where it is.
    pub(super) fn at(&self) -> u64 {
        self.reader.buffer_position()
    }

    pub(super) fn next(&mut self) -> Result<Node, XmlError> {
        loop {
            self.buffer.clear();
            let at = self.reader.buffer_position();
            self.reader.get_mut().allow(self.limits.markup);
            let event = self.reader.read_event_into(&mut self.buffer);
            let event = event.map_err(|error| match error {
                quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    XmlError::Large { most: self.limits.markup, at }
                }
                quick_xml::Error::Io(error) => XmlError::Io(io::Error::new(error.kind(), error.to_string())),
                error => XmlError::Malformed { at, error: error.to_string() },
            })?;
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > self.limits.depth {
                        return Err(XmlError::Deep { most: self.limits.depth, at });
                    }
                    return Ok(Node::Open(tag(&start, &self.limits)));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Node::Close);
                }
                // What stands between elements says nothing.
                Event::Text(text) if text.trim().is_empty() => {}
                Event::Text(text) => return Ok(Node::Text(bounded(&text, self.limits.text))),
                Event::Eof => return Ok(Node::End),
                // Nothing is looked up, nothing is expanded: what is declared or commented is passed over.
                _ => {}
            }
        }
    }
}

fn tag(start: &BytesStart<'_>, limits: &XmlLimits) -> Tag {
    let mut text = String::with_capacity(start.len());
    text.push_str(first(start.name().as_ref(), limits.text));
    let name = text.len();
    let mut attributes = start.attributes();
    let mut ends = Vec::with_capacity(USUAL);
    let mut is_whole = true;
    for one in attributes.with_checks(false).take(limits.attributes) {
        let Ok(one) = one else {
            is_whole = false;
            continue;
        };
        text.push_str(first(one.key.as_ref(), limits.text));
        let middle = text.len();
        match unescape(&one.value) {
            Ok(value) => text.push_str(&value),
            Err(_) => text.push_str(&whole(&one.value)),
        }
        ends.push((middle, text.len()));
    }
    Tag { text, name, ends, is_whole }
}

/// A value with what is no escape in it: without its end, where an escape was cut; else as it stands.
fn whole(raw: &str) -> String {
    let cut = raw.rfind('&').and_then(|at| unescape(&raw[..at]).ok());
    cut.map_or_else(|| raw.into(), |text| text.into_owned())
}

/// The first bytes of a text.
pub(super) fn bounded(text: &str, most: usize) -> String {
    first(text, most).into()
}

fn first(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
