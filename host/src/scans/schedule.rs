//! When a scan is due.
//!
//! ```text
//!   due     │      ╷      ╷      ╷      ╷        by cron in a time zone, or every so often
//!   starts  └─▪    └──▪   └▪     └──▪            a little later, by its jitter
//!                    └───────────┘ nobody was there: skipped, or made up for once
//! ```

use std::str::FromStr;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use sha2::{Digest, Sha256};

use super::finding::{Finding, FindingKind, Origin};
use super::host::words;
use super::order::{Request, ScanName};
use super::scanner::{Broken, Reason, ScannerKind};
use crate::commit::Tenant;

/// Times of cron by which it is known how close they may be.
const FIRST: usize = 32;
/// Whoever is later than this has missed it; nanoseconds.
const GRACE: i64 = 5 * 60 * 1_000_000_000;
/// The shortest time between two of a schedule.
pub const SHORTEST: Duration = Duration::from_secs(60);
/// The longest.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

words! {
    /// What becomes of a run that nobody was there for.
    Missed {
        /// Nothing: the next one is made.
        Skip = "skip",
        /// One is made for all that were missed.
        Once = "once",
    }
}

/// When a scan is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// At which times.
    pub when: When,
    /// Each starts later by up to so much, so that many do not start at once.
    pub jitter: Duration,
    /// What becomes of those that were missed.
    pub missed: Missed,
}

/// A scan that is made again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Whose scan it is.
    pub tenant: Tenant,
    /// What is asked for.
    pub request: Request,
    /// When.
    pub schedule: Schedule,
}

/// At which times a scan is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// By the clock on the wall of a time zone.
    Cron(Box<Times>),
    /// Again after so long; the first time at once.
    Every(Duration),
}

impl When {
    /// The shortest time between two of them: of cron, as far as those that come first show it.
    pub fn shortest(&self) -> Duration {
        let times = match self {
            When::Every(every) => return *every,
            When::Cron(times) => times,
        };
        let mut gaps = std::iter::successors(times.after(0), |time| times.after(*time)).take(FIRST);
        let Some(mut before) = gaps.next() else { return LONGEST };
        let gap = |time: i64| u64::try_from(time - std::mem::replace(&mut before, time)).unwrap_or(0);
        gaps.map(gap).min().map_or(LONGEST, Duration::from_nanos)
    }
}

/// Times by the clock on the wall, as cron has them.
///
/// A time that daylight saving skips is due when the clock has moved on, and one that it has twice the first time only;
/// an hour's `*` counts hours as they pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    cron: Cron,
    timezone: TimeZone,
}

/// Why a text says no times.
#[derive(Debug, thiserror::Error)]
pub enum TimesError {
    /// It is no cron expression.
    #[error("expected five fields of cron (minute hour day month weekday), found {text:?}: {why}")]
    Cron {
        /// The text.
        text: String,
        /// What the parser says.
        why: String,
    },
    /// It is never.
    #[error("expected times that come, found {0:?}, which never does")]
    Never(String),
}

/// How a schedule stands; nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When it was first known.
    pub since: i64,
    /// The last time for which it was settled what becomes of it.
    pub settled: Option<i64>,
    /// The time of the last scan that was whole.
    pub whole: Option<i64>,
    /// The last time at which it was told that it is overdue.
    pub told: Option<i64>,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing until then.
    At(i64),
    /// It is made, for this time and those before it.
    Now(i64),
    /// It was missed up to this time, and is not made up for.
    Missed(i64),
    /// Nothing any more.
    Never,
}

/// A scan that should have been made by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The last time that has passed.
    pub due: i64,
    /// For how long there should have been another, nanoseconds.
    pub late: i64,
}

impl Overdue {
    /// What rules hear of it, by whoever sees it now.
    pub fn finding(&self, now: i64) -> Finding {
        let late_by = u64::try_from(self.late / 1_000_000_000).ok();
        let broken = Some(Broken::new(Reason::Late, "there should have been a whole scan by now"));
        Finding { late_by, broken, ..Finding::new(FindingKind::ScanOverdue, now) }
    }

    /// And of which scan it is: of no run.
    pub fn origin(name: &ScanName) -> Origin {
        Origin { scan: name.clone(), run: None, scanner: ScannerKind::Nmap }
    }
}

impl TimesError {
    /// What was expected, for whoever says himself what was found.
    pub fn expected(&self) -> &'static str {
        match self {
            TimesError::Cron { .. } => "five fields of cron: minute hour day month weekday",
            TimesError::Never(_) => "times of cron that come",
        }
    }
}

impl Times {
    /// Reads a cron expression of five fields: minute, hour, day, month, weekday.
    ///
    /// # Errors
    /// It is none, or is never.
    pub fn new(text: &str, timezone: TimeZone) -> Result<Times, TimesError> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser
            .parse(text)
            .map_err(|error| TimesError::Cron { text: text.into(), why: error.to_string() })?;
        let times = Times { cron, timezone };
        match times.after(0) {
            Some(_) => Ok(times),
            None => Err(TimesError::Never(text.into())),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.cron.as_str()
    }

    /// Whose clock they go by.
    pub fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    fn after(&self, time: i64) -> Option<i64> {
        nanoseconds(&self.cron.find_next_occurrence(&self.zoned(time)?, false).ok()?)
    }

    fn latest(&self, time: i64) -> Option<i64> {
        nanoseconds(&self.cron.find_previous_occurrence(&self.zoned(time)?, true).ok()?)
    }

    fn zoned(&self, time: i64) -> Option<Zoned> {
        Timestamp::from_nanosecond(time.into()).ok().map(|time| time.to_zoned(self.timezone.clone()))
    }
}

fn nanoseconds(time: &Zoned) -> Option<i64> {
    i64::try_from(time.timestamp().as_nanosecond()).ok()
}

impl Schedule {
    /// What there is to do now; `name` sets the jitter.
    pub fn due(&self, name: &str, standing: &Standing, now: i64) -> Due {
        let Some(first) = self.first(standing, now) else { return Due::Never };
        let start = self.start(name, first);
        if now < start {
            return Due::At(start);
        }
        if now <= start.saturating_add(GRACE) {
            return Due::Now(first);
        }
        let last = self.latest(name, first, now);
        let is_late = now > self.start(name, last).saturating_add(GRACE);
        if is_late && self.missed == Missed::Skip { Due::Missed(last) } else { Due::Now(last) }
    }

    /// How it stands if what was made for the last time that is settled counts for nothing: that is due again.
    pub fn unsettled(&self, standing: Standing) -> Standing {
        let before = |settled: i64| match &self.when {
            When::Every(every) => settled.saturating_sub(whole(*every)),
            When::Cron(_) => settled.saturating_sub(1),
        };
        Standing { settled: standing.settled.map(before), ..standing }
    }

    /// Whether two times or more have passed since there was a whole scan, and the last one was not told yet.
    pub fn overdue(&self, name: &str, standing: &Standing, now: i64) -> Option<Overdue> {
        let first = match standing.whole {
            Some(whole) => self.after(whole.min(now))?,
            None => self.first(&Standing { settled: None, ..*standing }, now)?,
        };
        let second = self.after(first)?;
        if now <= self.start(name, second).saturating_add(GRACE) {
            return None;
        }
        let due = self.latest(name, second, now);
        // One that is told of a time that has not come was told by another clock.
        let is_told = standing.told.is_some_and(|told| (due..=now).contains(&told));
        (!is_told).then(|| Overdue { due, late: now.saturating_sub(first) })
    }

    /// The first time that is not settled.
    fn first(&self, standing: &Standing, now: i64) -> Option<i64> {
        // A clock that was set back must not make it wait until it has caught up; one that was set back by a little must
        // not make it due a second time.
        let since = standing.since.min(now);
        match standing.settled {
            Some(settled) if settled.saturating_sub(now) > GRACE => self.after(now),
            Some(settled) => self.after(settled),
            None => match &self.when {
                When::Every(_) => Some(since),
                When::Cron(times) => times.after(since),
            },
        }
    }

    /// The next time behind this one.
    fn after(&self, time: i64) -> Option<i64> {
        match &self.when {
            When::Every(every) => time.checked_add(whole(*every)),
            When::Cron(times) => times.after(time),
        }
    }

    /// The last time that has started by now; at least `first`.
    fn latest(&self, name: &str, first: i64, now: i64) -> i64 {
        let at = |time: i64| match &self.when {
            When::Every(every) => {
                let every = whole(*every);
                Some(first.saturating_add(time.saturating_sub(first) / every * every))
            }
            When::Cron(times) => times.latest(time),
        };
        let Some(last) = at(now) else { return first };
        // Its jitter may not have passed.
        let last = if self.start(name, last) > now { at(last - 1).unwrap_or(first) } else { last };
        last.max(first)
    }

    /// When what is due then starts: always the same.
    fn start(&self, name: &str, due: i64) -> i64 {
        let jitter = whole(self.jitter);
        if self.jitter.is_zero() {
            return due;
        }
        let hash = Sha256::new().chain_update(name).chain_update(due.to_be_bytes()).finalize();
        let drawn = hash.iter().take(7).fold(0_i64, |drawn, byte| drawn << 8 | i64::from(*byte));
        due.saturating_add(drawn % jitter)
    }
}

/// Nanoseconds; at least one.
fn whole(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests;
