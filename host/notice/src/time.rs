//! Times as people read them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A moment, like `2026-07-01 10:00:05 UTC`.
pub(crate) fn moment(nanoseconds: i64, zone: &TimeZone) -> String {
    zoned(nanoseconds, zone).map_or_else(unknown, |at| at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
}

/// From when to when; what both have in common is said once.
pub(crate) fn span(first: i64, last: i64, zone: &TimeZone) -> String {
    let (Some(from), Some(to)) = (zoned(first, zone), zoned(last, zone)) else {
        return unknown();
    };
    let same_offset = from.offset() == to.offset();
    if from.timestamp().as_second() == to.timestamp().as_second() {
        moment(first, zone)
    } else if from.date() == to.date() && same_offset {
        format!("{} to {}", from.strftime("%Y-%m-%d %H:%M:%S"), to.strftime("%H:%M:%S %Z"))
    } else if same_offset {
        format!("{} to {}", from.strftime("%Y-%m-%d %H:%M:%S"), to.strftime("%Y-%m-%d %H:%M:%S %Z"))
    } else {
        format!("{} to {}", moment(first, zone), moment(last, zone))
    }
}

fn zoned(nanoseconds: i64, zone: &TimeZone) -> Option<Zoned> {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).ok().map(|at| at.to_zoned(zone.clone()))
}

fn unknown() -> String {
    "at an unknown time".into()
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};

    use super::{moment, span};

    const SECOND: i64 = 1_000_000_000;
    const HOUR: i64 = 3600 * SECOND;
    /// 2026-07-01 10:00:05 UTC.
    const AT: i64 = 1_782_900_005 * SECOND;

    #[test]
    fn what_is_common_is_said_once() {
        let utc = TimeZone::UTC;
        assert_eq!(moment(AT, &utc), "2026-07-01 10:00:05 UTC");
        assert_eq!(moment(AT, &TimeZone::fixed(offset(2))), "2026-07-01 12:00:05 +02");
        assert_eq!(span(AT, AT + 5, &utc), "2026-07-01 10:00:05 UTC");
        assert_eq!(span(AT, AT + HOUR, &utc), "2026-07-01 10:00:05 to 11:00:05 UTC");
        assert_eq!(span(AT, AT + 24 * HOUR, &utc), "2026-07-01 10:00:05 to 2026-07-02 10:00:05 UTC");
    }

    #[test]
    fn no_time_is_out_of_range() {
        for edge in [i64::MIN, i64::MAX] {
            assert!(!moment(edge, &TimeZone::UTC).contains("unknown"), "{edge}");
        }
    }
}
