use core::fmt;
use core::str::FromStr;

/// A text of an event: bytes, most often UTF-8, but a stranger wrote them and nothing promises it.
///
/// It is shown with `\u{fffd}` in place of what is no UTF-8; keys, fingerprints and values keep the bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// A text of these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Text(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// It as a `str`, if it is UTF-8.
    pub fn to_str(self) -> Option<&'a str> {
        core::str::from_utf8(self.0).ok()
    }

    /// What it says as a number, an address or whatever reads itself from a `str`.
    pub fn parse<T: FromStr>(self) -> Option<T> {
        self.to_str()?.parse().ok()
    }

    /// Its length in bytes.
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether it has no byte.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is `other`, ASCII letters in either case.
    pub fn eq_ignore_ascii_case(self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other.as_bytes())
    }

    /// Its first bytes, `most` at most, not cutting a character of UTF-8.
    pub fn head(self, most: usize) -> Text<'a> {
        Text(head(self.0, most))
    }
}

/// The first bytes of a text, `most` at most, not cutting a character of UTF-8.
pub(crate) fn head(bytes: &[u8], most: usize) -> &[u8] {
    let inside = |&at: &usize| bytes.get(at).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
    // A character has at most three bytes of continuation; what has more is no UTF-8 and is cut anywhere.
    let at = (most.saturating_sub(3)..=most).rev().find(|at| !inside(at)).unwrap_or(most);
    bytes.get(..at).unwrap_or(bytes)
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{fffd}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(text.as_bytes())
    }
}
