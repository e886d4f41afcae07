//! Times on the command line: `90m`, `2 days`, `2026-11-24T12:00:00Z`.

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
}

impl When {
    /// When that is, looking ahead.
    pub(in crate::cli) fn after(self, now: i64) -> i64 {
        match self {
            When::Span(span) => now.saturating_add(span),
            When::At(at) => at,
        }
    }

    /// When that was, looking back.
    pub(in crate::cli) fn before(self, now: i64) -> i64 {
        match self {
            When::Span(span) => now.saturating_sub(span),
            When::At(at) => at,
        }
    }
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

/// A time, or how long.
pub(super) fn since(text: &str) -> Result<When, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(When::At(i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)));
    }
    let expected = "expected a time like 2026-11-24T12:00:00Z, or how long, like 24h";
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
        assert!(span("-1h").is_err() && span("soon").is_err() && span("99999999 weeks").is_err());
        assert_eq!(since("1970-01-01T00:00:01Z"), Ok(When::At(1_000_000_000)));
    }
}
