//! How a source's bytes become lines.

use jiff::tz::TimeZone;

use crate::decode::{Format, GivenLogSource};

/// How much later than its file was last written a line may be, in nanoseconds: clocks differ, zones are mistaken by
/// up to a day, and a file grows while it is read.
pub(super) const AHEAD: i64 = 24 * 3600 * 1_000_000_000;

/// How a source's bytes become lines.
#[derive(Clone, Debug, PartialEq)]
pub struct LineSettings {
    /// Longer lines are cut here and marked; also the most bytes of joined lines.
    pub max_bytes: usize,
    /// Whether continuation lines join the event before them.
    pub join: bool,
    /// The most lines of one event; one more begins a new event.
    pub max_joined: usize,
    /// A block is given out when it has so many bytes, at the next event's start.
    pub block_bytes: usize,
    /// The lines' format, if the operator says it; else it is found from the source's first lines.
    pub format: Option<Format>,
    /// The year of the first line whose stamp says none, if the operator says it; else it follows from `reference`.
    pub year: Option<i16>,
    /// No line is more than a day later than this, in nanoseconds since 1970: when the file was last written, or
    /// now. Without it the first line is of 1970.
    pub reference: Option<i64>,
    /// Whether that holds for stamps with a year, too: a later one counts as none. For whoever keeps state: one line
    /// of the year 2200 would move a pack's ticks and an incident's end there for good. It is none rather than cut to
    /// the bound, so that a line has the same time whenever it is read, and moves nothing at all.
    pub bounded: bool,
    /// The time zone of stamps that say none.
    pub timezone: TimeZone,
    /// What log the lines are from, as far as the operator says it.
    pub log_source: GivenLogSource,
    /// Whether lines come as they are written: the year of a stamp without one then follows from `reference` alone, for
    /// each line. Else it follows from the lines before, too.
    pub live: bool,
}

impl Default for LineSettings {
    fn default() -> LineSettings {
        LineSettings {
            max_bytes: 100 * 1024,
            join: true,
            // Java stops its own stack traces at 1,024 frames; 500 lines keep the cause and most frames.
            max_joined: 500,
            block_bytes: 1024 * 1024,
            format: None,
            year: None,
            reference: None,
            bounded: false,
            timezone: TimeZone::UTC,
            log_source: GivenLogSource::default(),
            live: false,
        }
    }
}

impl LineSettings {
    /// What no line of a file with this reference is later than, if that is held to.
    pub(super) fn until(&self, reference: Option<i64>) -> Option<i64> {
        reference.filter(|_| self.bounded).map(|reference| reference.saturating_add(AHEAD))
    }
}
