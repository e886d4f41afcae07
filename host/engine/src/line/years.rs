//! The year of stamps that say none (RFC 3164 section 4.1.2 has no year).
//!
//! The first line is of the latest year in which it is not later than the reference. From there on:
//!
//! ```text
//!   line before    this line        year
//!   31 Dec         1 Jan            the next: the month falls by six or more
//!   1 to 7 Jan     25 to 31 Dec     the one before, for this line only: it came late
//!   10 Jan         24 Dec           the same: a gap forward
//!   10 Jun         2 Mar            the same: a step back
//!   10 Oct         1 Jan            the same, if the next is later than the reference: a clock that was not set
//! ```
//!
//! Of lines that come as they are written each is for itself, as the first line is: a source that was silent for half a
//! year, and one that several clocks write to, have no line before that says anything.
//!
//! 29 February as the first line is of a leap year; later, in a year that has none, it is decoded as 1 March.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::settings::AHEAD;
use crate::decode::{Format, Opening, is_leap};

/// The first bytes of no line.
const UNSEEN: [u8; 6] = [b'\n'; 6];

/// A day of some year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Day {
    month: u8,
    day: u8,
}

/// Hour, minute and second.
type Clock = [u8; 3];

/// The year of each line, as the lines come.
#[derive(Clone, Debug)]
pub(super) struct Years {
    year: i16,
    /// Given by the operator, who knows better than the reference.
    given: bool,
    /// Lines come as they are written.
    live: bool,
    timezone: TimeZone,
    /// The latest time that a line may have, in the latest year.
    latest: Option<(i16, Day, Clock)>,
    /// The day of the line before that had one.
    before: Option<Day>,
    /// The first bytes of the line that set `before`, so that equal ones need no look at the calendar.
    seen: [u8; 6],
}

impl Years {
    pub(super) fn new(year: Option<i16>, reference: Option<i64>, timezone: TimeZone) -> Years {
        let (given, before, seen) = (year.is_some(), None, UNSEEN);
        let mut years = Years { year: 1970, given, live: false, timezone, latest: None, before, seen };
        years.set_reference(reference);
        years.year = year.or(years.latest.map(|(year, ..)| year)).unwrap_or(1970);
        years
    }

    /// Year, month and day of the line before that had a day; all that the years of the lines behind it need.
    pub(super) fn mark(&self) -> Option<(i16, u8, u8)> {
        self.before.map(|day| (self.year, day.month, day.day))
    }

    /// Goes on behind a line of this day.
    pub(super) fn resume(&mut self, (year, month, day): (i16, u8, u8)) {
        self.year = year;
        self.before = Some(Day { month, day });
        self.seen = UNSEEN;
    }

    /// From here on, no line is more than a day later than this, in nanoseconds since 1970.
    pub(super) fn set_reference(&mut self, reference: Option<i64>) {
        let before = self.latest_day();
        let latest = reference.map(|time| Timestamp::from_nanosecond(i128::from(time) + i128::from(AHEAD)));
        self.latest = latest.and_then(Result::ok).map(|time| {
            let date = self.timezone.to_datetime(time);
            let clock = [date.hour() as u8, date.minute() as u8, date.second() as u8];
            (date.year(), Day { month: date.month() as u8, day: date.day() as u8 }, clock)
        });
        if self.live && self.latest_day() != before {
            // The same stamp may be of another year now.
            self.seen = UNSEEN;
        }
    }

    fn latest_day(&self) -> Option<(i16, Day)> {
        self.latest.map(|(year, day, _)| (year, day))
    }

    /// From here on, lines come as they are written.
    pub(super) fn go_live(&mut self) {
        if !self.live {
            (self.live, self.seen) = (true, UNSEEN);
        }
    }

    /// The year for this line's stamp, should it say none.
    pub(super) fn of(&mut self, line: &[u8]) -> i16 {
        self.at_once(line).unwrap_or_else(|| self.otherwise(line))
    }

    /// The same for a line that begins as most do: with the day of the line before; or with a digit or a bracket, which
    /// begin a stamp with a year; or with a small letter, which begins no month.
    #[inline]
    pub(super) fn at_once(&self, line: &[u8]) -> Option<i16> {
        let first = date(line)?;
        (*first == self.seen || matches!(first[0], b'0'..=b'9' | b'{' | b'[' | b'a'..=b'z'))
            .then_some(self.year)
    }

    fn otherwise(&mut self, line: &[u8]) -> i16 {
        let Some(first) = date(line) else { return self.year };
        let Some((day, clock)) = day(line) else { return self.year };
        let year = self.settle(day, clock);
        if self.before == Some(day) {
            // Of a line that begins otherwise, the first bytes are not all of the day; and on the latest day the clock tells.
            let is_latest = self.latest.is_some_and(|(_, latest, _)| latest == day);
            self.seen = if first[0].is_ascii_uppercase() && !is_latest { *first } else { UNSEEN };
        }
        year
    }

    fn settle(&mut self, day: Day, clock: Clock) -> i16 {
        let live = self.live && !self.given;
        let Some(before) = self.before.filter(|_| !live) else {
            self.before = Some(day);
            if !self.given {
                self.year = self.first(day, clock);
            }
            return self.year;
        };
        if before.month == 1 && before.day <= 7 && day.month == 12 && day.day >= 25 {
            return self.year.saturating_sub(1);
        }
        if before.month >= day.month + 6 {
            let next = self.year.saturating_add(1);
            if !self.given && self.latest.is_some_and(|latest| (next, day, clock) > latest) {
                return self.year;
            }
            self.year = next;
        }
        self.before = Some(day);
        self.year
    }

    /// The latest year in which there is such a time, not later than allowed.
    fn first(&self, day: Day, clock: Clock) -> i16 {
        let leap = day == Day { month: 2, day: 29 };
        let Some((mut year, latest, until)) = self.latest else { return if leap { 1972 } else { 1970 } };
        if (day, clock) > (latest, until) {
            year -= 1;
        }
        while leap && !is_leap(year) {
            year -= 1;
        }
        year
    }
}

/// The bytes that are month and day, if the line has them where most have: at its start or behind a priority.
fn date(line: &[u8]) -> Option<&[u8; 6]> {
    if line.first() != Some(&b'<') {
        return line.first_chunk();
    }
    let behind = line.iter().take(5).position(|byte| *byte == b'>')? + 1;
    line[behind..].first_chunk()
}

/// Month, day and clock of a line whose stamp has no year.
fn day(line: &[u8]) -> Option<(Day, Clock)> {
    let opening = Opening::of(line)?;
    let stamp = opening.stamp?;
    let yearless = opening.format == Format::Rfc3164 && stamp.year.is_none();
    (yearless && stamp.day <= 31).then_some((Day { month: stamp.month, day: stamp.day }, stamp.clock))
}
