use tripline_engine::abi::Severity;

use super::{Incident, State};
use crate::notices::Pattern;

/// Which incidents; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Any of these; empty: any.
    pub states: Vec<State>,
    /// At least this.
    pub severity: Option<Severity>,
    /// `PACK/RULE`, with `*`.
    pub rule: Option<Pattern>,
    /// With lines of a source of this name, with `*`.
    pub source: Option<Pattern>,
    /// Whose it is to work off.
    pub assignee: Option<String>,
    /// Changed at this time or later, nanoseconds since 1970.
    pub since: Option<i64>,
    /// Changed before this time.
    pub before: Option<i64>,
    /// Stands in title, fingerprint, or the beginning of summary (2,000 characters) or values (4,000); upper and lower
    /// case of ASCII are one.
    pub text: Option<String>,
}

/// Where a page ends: what comes next changed before this, or at the same time and has a lower id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the last one of the page changed.
    pub changed: i64,
    /// Its id.
    pub id: i64,
}

/// Incidents, the latest change first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The incidents.
    pub incidents: Vec<Incident>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<Cursor>,
}
