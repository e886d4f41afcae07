use std::fmt;

/// Why a command cannot do what it was asked: both sides in one line, perhaps the place drawn, perhaps one hint.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    drawing: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn new(message: impl fmt::Display) -> Failure {
        Failure { message: message.to_string(), drawing: None, hint: None }
    }

    /// With what to do about it, if anybody knows.
    pub(crate) fn hint(self, hint: Option<impl Into<String>>) -> Failure {
        Failure { hint: hint.map(Into::into), ..self }
    }

    /// With its place drawn: lines of a file, in colours.
    pub(crate) fn drawing(self, drawing: Option<String>) -> Failure {
        Failure { drawing, ..self }
    }

    /// One line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The lines below.
    pub(crate) fn drawn(&self) -> Option<&str> {
        self.drawing.as_deref()
    }

    /// What to do about it.
    pub(crate) fn hinted(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
