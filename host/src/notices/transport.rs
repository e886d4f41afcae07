//! What carries a mail, and what can go wrong on the way.

use std::error::Error;

use thiserror::Error;
use tripline_notice::visible;

use super::message::{Mail, MessageError};

/// Carries mails, one at a time.
pub trait Transport: Send {
    /// Hands one mail over.
    ///
    /// # Errors
    /// Says how far it came: that decides whether it is tried again.
    fn send(&mut self, mail: &Mail) -> Result<Accepted, SendError>;
}

/// The server has taken the mail and answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The server's last reply; visible, at most 300 bytes. Mostly has the number under which its own log knows the mail.
    pub words: String,
}

/// Why a mail was not taken, or may not have been.
///
/// ```text
///   look up ─ connect ─ TLS ─ EHLO ─ AUTH ─ MAIL FROM │ RCPT TO ─ DATA │ body ─────── │ final reply
///   └────────────────────── Relay ──────────────────┘ └─ Deferred: 4xx, Refused: 5xx ─┴───────────┘
///                                                       else Relay      else Unsure, once a byte has left
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// The server cannot be used at all now. It has nothing to do with this mail: the next one would fare the same.
    #[error("cannot use the mail server, {doing}: {}{words}", code.map(|code| format!("{code} ")).unwrap_or_default())]
    Relay {
        /// What was being done: `connecting`.
        doing: &'static str,
        /// The server's code, if it gave one.
        code: Option<u16>,
        /// What went wrong; visible, at most 300 bytes.
        words: String,
    },
    /// The server does not take this mail now: 4xx.
    #[error("the mail server does not take the mail now: {code} {words}")]
    Deferred {
        /// The server's code.
        code: u16,
        /// Its words; visible, at most 300 bytes.
        words: String,
    },
    /// The server does not take this mail, ever: 5xx.
    #[error("the mail server refuses the mail: {code} {words}")]
    Refused {
        /// The server's code.
        code: u16,
        /// Its words; visible, at most 300 bytes.
        words: String,
    },
    /// The mail was handed over and no final reply came: the server may have taken it. If it is tried again, then
    /// with the same id.
    #[error("expected the mail server's final reply, found none: {words}")]
    Unsure {
        /// What came instead; visible, at most 300 bytes.
        words: String,
    },
    /// The mail cannot be built; trying again is of no use.
    #[error(transparent)]
    Message(#[from] MessageError),
}

impl SendError {
    /// Whether the same mail may be taken later.
    pub fn is_passing(&self) -> bool {
        !matches!(self, SendError::Refused { .. } | SendError::Message(_))
    }
}

/// Bytes of a server's words that are kept.
const WORDS: usize = 300;

/// A server's words as they may be stored and shown.
pub(super) fn words(text: &str) -> String {
    let mut words = visible(text.trim(), WORDS);
    if words.len() > WORDS {
        let mark = '…';
        let end = (0..=WORDS - mark.len_utf8()).rev().find(|end| words.is_char_boundary(*end));
        words.truncate(end.unwrap_or(0));
        words.push(mark);
    }
    words
}

/// An error and what is behind it, in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some libraries print their cause themselves.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    words(&text)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_servers_words_are_short_and_visible() {
        assert_eq!(words("2.0.0 ok\r\n"), "2.0.0 ok");
        assert_eq!(words("no\r\nX: \x1b[2J\u{202e}"), "no\\r\\nX: \\x1b[2J\\u{202e}");
        for long in ["x".repeat(5000), "世".repeat(5000), "\0".repeat(5000)] {
            let short = words(&long);
            assert!(short.len() <= 300 && short.ends_with('…'), "{short}");
        }
    }
}
