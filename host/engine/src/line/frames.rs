//! Where syslog's messages begin and end in a stream (RFC 6587).
//!
//! ```text
//!   31 <34>1 2026-10-11T22:14:15Z h p …31 <34>1 …      counted: digits, a space, so many bytes
//!   <34>Oct 11 22:14:15 h su: failed⏎<34>Oct 11 …      not counted: up to a line feed or NUL
//! ```
//!
//! Which of them it is, each message's first bytes say. Digits without a space behind them may begin a line of some
//! other format, such as a year; but once a message was counted, whatever is neither a count nor `<` shows that sender
//! and reader are out of step, and what comes would be read from the middle of a message.

use super::Messages;

/// A message of more bytes is not syslog: the count is wrong, and would swallow all that comes. 1 MiB.
pub const LARGEST_COUNT: usize = 1 << 20;
/// So many digits may be a count.
const DIGITS: usize = 7;

/// A stream's bytes become messages, however they are cut into pushes. Of a message that is too long only its beginning
/// is kept.
#[derive(Debug, Default)]
pub struct Frames {
    at: At,
    /// What is kept of the message that is not whole.
    message: Vec<u8>,
    /// Something of it was left out.
    cut: bool,
    /// A message was counted.
    counts: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Between two messages.
    #[default]
    Between,
    /// In digits that may be a count; they are kept as if they were the message's.
    Digits,
    /// In a message of which so many bytes are to come.
    Counted(usize),
    /// In a message that goes up to a line feed or NUL.
    Line,
}

/// The stream cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a message's size, at most {LARGEST_COUNT} bytes, and a space, found {:?}", String::from_utf8_lossy(.found))]
pub struct Miscounted {
    /// What was found instead; a few bytes.
    pub found: Vec<u8>,
}

/// A counted message that ended early; it was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {missing} more bytes of a message, found the end")]
pub struct Unfinished {
    /// Bytes that did not come; 0 if its size was not known yet.
    pub missing: usize,
}

impl Frames {
    /// Takes the stream's next bytes, and gives out the messages that are whole now.
    ///
    /// # Errors
    /// Sender and reader are out of step. Messages before that were given out; nothing may be pushed any more.
    pub fn push(&mut self, mut bytes: &[u8], messages: &mut Messages) -> Result<(), Miscounted> {
        while let Some(first) = bytes.first() {
            bytes = match self.at {
                At::Between if matches!(first, b'\n' | b'\r' | 0) => &bytes[1..],
                At::Between => {
                    self.at = self.begin(*first, bytes)?;
                    bytes
                }
                At::Digits => self.digits(bytes)?,
                At::Counted(left) => self.counted(left, bytes, messages),
                At::Line => self.line(bytes, messages),
            };
        }
        Ok(())
    }

    /// Whether a message is not whole.
    pub fn is_within(&self) -> bool {
        self.at != At::Between
    }

    /// The stream is over: what is not counted ends with it.
    ///
    /// # Errors
    /// What is counted and not whole is dropped.
    pub fn finish(&mut self, messages: &mut Messages) -> Result<(), Unfinished> {
        match std::mem::take(&mut self.at) {
            At::Between => Ok(()),
            At::Counted(missing) => Err(Unfinished { missing }),
            At::Digits if self.counts => Err(Unfinished { missing: 0 }),
            At::Digits | At::Line => {
                self.complete(messages);
                Ok(())
            }
        }
    }

    fn begin(&self, first: u8, bytes: &[u8]) -> Result<At, Miscounted> {
        match first {
            b'1'..=b'9' => Ok(At::Digits),
            b'<' => Ok(At::Line),
            _ if self.counts => Err(miscounted(&[], bytes)),
            _ => Ok(At::Line),
        }
    }

    fn digits<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Miscounted> {
        let room = DIGITS - self.message.len();
        let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let length = length.min(room);
        self.message.extend_from_slice(&bytes[..length]);
        let bytes = &bytes[length..];
        match bytes.first() {
            None => {}
            Some(b' ') => {
                let size = self.message.iter().fold(0, |size, digit| size * 10 + usize::from(digit - b'0'));
                if size > LARGEST_COUNT {
                    return Err(miscounted(&self.message, bytes));
                }
                self.message.clear();
                (self.at, self.counts) = (At::Counted(size), true);
                return Ok(&bytes[1..]);
            }
            Some(_) if self.counts => return Err(miscounted(&self.message, bytes)),
            Some(_) => self.at = At::Line,
        }
        Ok(bytes)
    }

    fn counted<'a>(&mut self, left: usize, bytes: &'a [u8], messages: &mut Messages) -> &'a [u8] {
        let (piece, rest) = bytes.split_at(bytes.len().min(left));
        self.keep(piece, messages.kept());
        match left - piece.len() {
            0 => self.complete(messages),
            left => self.at = At::Counted(left),
        }
        rest
    }

    fn line<'a>(&mut self, bytes: &'a [u8], messages: &mut Messages) -> &'a [u8] {
        let Some(end) = memchr::memchr2(b'\n', 0, bytes) else {
            self.keep(bytes, messages.kept());
            return &[];
        };
        self.keep(&bytes[..end], messages.kept());
        self.complete(messages);
        &bytes[end + 1..]
    }

    fn keep(&mut self, piece: &[u8], most: usize) {
        let room = most.saturating_sub(self.message.len());
        self.cut |= piece.len() > room;
        self.message.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn complete(&mut self, messages: &mut Messages) {
        match std::mem::take(&mut self.cut) {
            true => messages.push_cut(&self.message),
            false => messages.push(&self.message),
        }
        self.message.clear();
        // A connection that was idle since a long message keeps no room for the next.
        self.message.shrink_to(4096);
        self.at = At::Between;
    }
}

fn miscounted(digits: &[u8], bytes: &[u8]) -> Miscounted {
    Miscounted { found: digits.iter().chain(bytes).take(16).copied().collect() }
}
