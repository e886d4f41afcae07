//! What came of a check, for a person or for a program.
//!
//! [`human`] is a page to read; [`ndjson`] and [`json`] are the same objects, one a line or as one document, and are
//! written down key by key in `FORMAT.md`; [`sarif`] is for viewers of what code scanners find. Nothing that comes from a log or a pack reaches a terminal unescaped.

pub mod answer;
mod excerpt;
pub mod figures;
#[cfg(test)]
mod golden;
pub mod human;
pub mod json;
pub(crate) mod listed;
pub mod ndjson;
mod objects;
pub mod paint;
pub mod progress;
pub mod sarif;
pub(crate) mod scans;
pub mod spent;
pub mod stands;
pub mod stored;
pub mod stored_human;
pub mod stored_page;
pub(crate) mod strict_json;
pub mod table;
pub(crate) mod usage;
mod visible;
pub mod waiting;
mod when;
pub mod why;
mod wrap;

use std::io;

use self::stored::StoredAs;
use crate::check::{MatchSeen, Outcome};

pub use self::visible::{columns, fit, visible, visible_bytes};
pub use self::when::{moment, rfc3339, zone_name};
pub(crate) use self::wrap::{broken, wrap};

/// Puts out what a check finds, in one format.
pub trait Printer: Send {
    /// A match, while the check runs; before the outcome.
    fn matched(&mut self, seen: &MatchSeen<'_>) -> io::Result<()>;

    /// All the rest; once. `stored` is what the database adds to each incident, if there is one.
    fn outcome(&mut self, outcome: &Outcome, stored: &[StoredAs]) -> io::Result<()>;

    /// Hands on what was put out so far.
    fn flush(&mut self) -> io::Result<()>;
}
