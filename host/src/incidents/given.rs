//! What people write, in its bounds: the same that a pack's decisions have, wherever it comes from.

use tripline_engine::abi::ReplyLimit;

/// Bytes of a name, or of a text with `*`.
pub(crate) const NAME: usize = 200;
/// Bytes of a reason or a comment.
pub(crate) const PROSE: usize = 4_096;
/// Named values, or tags.
pub(crate) const MANY: usize = ReplyLimit::VALUES;

/// What is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GivenError {
    /// It is empty, too long, or more than one line.
    #[error("{key}: expected one line of 1 to {most} bytes")]
    Line {
        /// What.
        key: &'static str,
        /// Bytes it may have.
        most: usize,
    },
    /// It is too long, or no text.
    #[error("{key}: expected at most {most} bytes without NUL")]
    Prose {
        /// What.
        key: &'static str,
        /// Bytes it may have.
        most: usize,
    },
    /// There is nothing.
    #[error("{key}: expected some, found none")]
    Nothing {
        /// What.
        key: &'static str,
    },
    /// It lasts no time.
    #[error("{key}: expected at least a second")]
    Short {
        /// What.
        key: &'static str,
    },
    /// There are too many.
    #[error("{key}: expected at most {most}, found {found}")]
    Many {
        /// What.
        key: &'static str,
        /// How many there may be.
        most: usize,
        /// How many there are.
        found: usize,
    },
}

/// One line that is there.
pub(crate) fn line(key: &'static str, text: &str, most: usize) -> Result<(), GivenError> {
    let held = !text.trim().is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    if held { Ok(()) } else { Err(GivenError::Line { key, most }) }
}

/// Any text; may be empty.
pub(crate) fn prose(key: &'static str, text: &str, most: usize) -> Result<(), GivenError> {
    let held = text.len() <= most && !text.contains('\0');
    if held { Ok(()) } else { Err(GivenError::Prose { key, most }) }
}

/// So many at most.
pub(super) fn many(key: &'static str, found: usize) -> Result<(), GivenError> {
    if found <= MANY { Ok(()) } else { Err(GivenError::Many { key, most: MANY, found }) }
}
