use std::fmt;

/// Why a command cannot do what it was asked: both sides in one line, perhaps the place drawn, perhaps one hint.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    drawing: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub(super) fn new(message: impl fmt::Display) -> Failure {
        Failure { message: message.to_string(), drawing: None, hint: None }
    }

    /// With what to do about it, if anybody knows.
    pub(super) fn hint(self, hint: Option<impl Into<String>>) -> Failure {
        Failure { hint: hint.map(Into::into), ..self }
    }

    /// With its place drawn: lines of a file, in colours.
    pub(super) fn drawing(self, drawing: Option<String>) -> Failure {
        Failure { drawing, ..self }
    }

    /// With what is said in front of it.
    pub(super) fn behind(self, words: impl fmt::Display) -> Failure {
        Failure { message: format!("{words}{}", self.message), ..self }
    }

    /// One line.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The lines below.
    pub(super) fn drawn(&self) -> Option<&str> {
        self.drawing.as_deref()
    }

    /// What to do about it.
    pub(super) fn hinted(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
