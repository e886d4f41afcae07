//! Why templates cannot be used.

use std::fmt;

use thiserror::Error;

/// One of a mail's two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The text.
    Text,
    /// The HTML.
    Html,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Text => "text",
            Part::Html => "HTML",
        })
    }
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RenderError {
    /// It is no template, or names what is not there.
    #[error("cannot use the {part} template{}: {what}", At(*line))]
    Wrong {
        /// Which template.
        part: Part,
        /// Its line, from 1, if it is known.
        line: Option<usize>,
        /// What the template engine says.
        what: String,
    },
    /// It does not come to an end.
    #[error("expected the {part} template to end{}, found it still at work", At(*line))]
    OutOfFuel {
        /// Which template.
        part: Part,
        /// Its line, from 1, if it is known.
        line: Option<usize>,
    },
    /// It writes too much.
    #[error("expected at most {limit} bytes from the {part} template, found more")]
    TooLong {
        /// Which template.
        part: Part,
        /// The most that it may write.
        limit: usize,
    },
}

struct At(Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}
