//! Syslog's messages, a line each.

/// What stands for a line feed within a message: one message is one line. As rsyslog writes it to a file, so that a
/// pack sees the same whichever way a message took.
const LINE_FEED: &[u8] = b"#012";

/// Messages as lines, in the order in which they came.
///
/// Line feeds, carriage returns and NULs at a message's end only end it; a message of nothing else is none. A line feed
/// within it becomes `#012`; all other bytes are kept.
#[derive(Debug)]
pub struct Messages {
    /// Whole lines, each with its line feed.
    pub lines: Vec<u8>,
    /// How many.
    pub count: u64,
    /// How many of them had more bytes than a line may have. They are left longer than it may be, by a little: whoever
    /// makes lines of them cuts and marks them.
    pub cut: u64,
    /// Bytes of a message that are kept.
    kept: usize,
}

impl Messages {
    /// None yet; of a message at most about so many bytes are kept.
    pub fn new(limit: usize) -> Messages {
        // Two more show that it is cut: one may be the carriage return of a line that fits.
        Messages { lines: Vec::new(), count: 0, cut: 0, kept: limit.saturating_add(2) }
    }

    /// Bytes of a message that are kept.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Takes a whole message.
    pub fn push(&mut self, message: &[u8]) {
        if message.len() > self.kept {
            return self.push_cut(&message[..self.kept]);
        }
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0);
        let length = message.iter().rposition(|byte| !ends(byte)).map_or(0, |last| last + 1);
        if length > 0 {
            self.line(&message[..length], false);
        }
    }

    /// Takes a message's beginning, behind which something is left out.
    pub(super) fn push_cut(&mut self, message: &[u8]) {
        self.line(message, true);
    }

    fn line(&mut self, mut message: &[u8], mut cut: bool) {
        let start = self.lines.len();
        while let Some(feed) = memchr::memchr(b'\n', message) {
            self.lines.extend_from_slice(&message[..feed]);
            self.lines.extend_from_slice(LINE_FEED);
            message = &message[feed + 1..];
        }
        self.lines.extend_from_slice(message);
        let length = self.lines.len() - start;
        cut |= length > self.kept - 2;
        self.lines.truncate(start + length.min(self.kept));
        self.lines.push(b'\n');
        self.count += 1;
        self.cut += u64::from(cut);
    }
}
