//! Times on the command line: `90m`, `2 days`, `2026-11-24T12:00:00Z`, `2026-11-24`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span as JiffSpan, Timestamp};

/// So many nanoseconds.
pub(in crate::cli) type Span = i64;

/// A time: so long from now, or itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum When {
    /// Nanoseconds from now.
    Span(i64),
    /// Nanoseconds since 1970.
    At(i64),
    /// As clocks show it where whoever says it is; a date is the start of its day.
    Local(DateTime),
}

impl When {
    /// When that is, looking ahead.
    pub(in crate::cli) fn after(self, now: i64, zone: &TimeZone) -> i64 {
        match self {
            When::Span(span) => now.saturating_add(span),
            When::At(at) => at,
            When::Local(at) => local(at, zone),
        }
    }

    /// When that was, looking back.
    pub(in crate::cli) fn before(self, now: i64, zone: &TimeZone) -> i64 {
        match self {
            When::Span(span) => now.saturating_sub(span),
            When::At(at) => at,
            When::Local(at) => local(at, zone),
        }
    }
}

/// What clocks that are set forward leave out is as much later; what comes twice is the first of both.
fn local(at: DateTime, zone: &TimeZone) -> i64 {
    let last = if at.year() < 1970 { i64::MIN } else { i64::MAX };
    let time = zone.to_ambiguous_timestamp(at).compatible();
    time.map_or(last, |time| i64::try_from(time.as_nanosecond()).unwrap_or(last))
}

/// How long: at least nothing.
pub(super) fn span(text: &str) -> Result<Span, String> {
    const EXPECTED: &str = "expected a time like 90m, 4h or 2 days";
    let span: JiffSpan = text.parse().map_err(|_| EXPECTED)?;
    // A day is a day: clocks that are set do not change how long something is held.
    let long = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| EXPECTED)?;
    let nanoseconds = i64::try_from(long.as_nanos()).map_err(|_| EXPECTED)?;
    if long < SignedDuration::ZERO { Err(EXPECTED.into()) } else { Ok(nanoseconds) }
}

/// How long something holds: at least a second.
pub(super) fn lasting(text: &str) -> Result<Span, String> {
    match span(text)? {
        short if short < 1_000_000_000 => Err("expected at least a second".into()),
        long => Ok(long),
    }
}

/// A time, or how long.
pub(super) fn since(text: &str) -> Result<When, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(When::At(i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)));
    }
    if let Ok(at) = text.parse::<DateTime>() {
        return Ok(When::Local(at));
    }
    let expected = "expected a time like 2026-11-24 or 2026-11-24T12:00Z, or how long, like 24h";
    span(text).map(When::Span).map_err(|_| expected.into())
}

/// `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    if name.is_empty() { Err("expected NAME=VALUE".into()) } else { Ok((name.into(), value.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spans_or_points() {
        assert_eq!(span("90m"), Ok(90 * 60 * 1_000_000_000));
        assert_eq!(span("2 days"), Ok(48 * 3600 * 1_000_000_000));
        assert!(lasting("0s").is_err() && lasting("1s").is_ok());
        assert!(span("-1h").is_err() && span("soon").is_err() && span("99999999 weeks").is_err());
        assert_eq!(since("1970-01-01T00:00:01Z"), Ok(When::At(1_000_000_000)));
    }

    #[test]
    fn a_date_is_the_start_of_its_day_where_it_is_said() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str, zone: &TimeZone| since(text).unwrap().after(7, zone);
        let second = |text: &str| text.parse::<Timestamp>().unwrap().as_nanosecond() as i64;
        // As the error has it.
        assert_eq!(at("2026-11-24T12:00Z", &zone), second("2026-11-24T12:00:00Z"));
        assert_eq!(at("2027-01-01", &TimeZone::UTC), second("2027-01-01T00:00:00Z"));
        assert_eq!(at("2027-01-01", &zone), second("2026-12-31T23:00:00Z"));
        assert_eq!(at("2027-07-01 12:30", &zone), second("2027-07-01T10:30:00Z"));
        assert_eq!(at("2027-07-01T12:30:00+05:00", &zone), second("2027-07-01T07:30:00Z"));
        // A day that begins an hour late, since its first hour is left out.
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        assert_eq!(at("2018-11-04", &zone), second("2018-11-04T03:00:00Z"));
        assert_eq!(since("2027-01-01").unwrap().before(7, &TimeZone::UTC), second("2027-01-01T00:00:00Z"));
        assert_eq!((at("9999-12-31", &zone), at("-009999-01-01", &zone)), (i64::MAX, i64::MIN));
        assert!(since("2027-02-30").is_err() && since("2027-1-1").is_err() && since("tomorrow").is_err());
    }
}
