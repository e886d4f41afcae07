use std::fmt;

/// A setting that does not read as what it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    what: &'static str,
    found: String,
}

impl Expected {
    pub(crate) fn new(what: &'static str, found: &str) -> Expected {
        Expected { what, found: found.into() }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found.is_empty() {
            true => write!(f, "expected {}, found nothing", self.what),
            false => write!(f, "expected {}, found {:?}", self.what, self.found),
        }
    }
}
