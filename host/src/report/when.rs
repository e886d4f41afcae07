//! Times: for machines in UTC, for people in their zone.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// RFC 3339 in UTC; `None` for what no calendar has.
pub fn rfc3339(nanoseconds: i64) -> Option<String> {
    Some(timestamp(nanoseconds)?.to_string())
}

/// `2024-12-10 06:55:48`.
pub fn moment(nanoseconds: i64, zone: &TimeZone) -> String {
    span(Some(nanoseconds), None, zone).unwrap_or_else(|| "?".into())
}

/// `2024-12-10 06:55:48 – 07:08:30`, as short as it can be.
pub(super) fn span(first: Option<i64>, last: Option<i64>, zone: &TimeZone) -> Option<String> {
    let zoned = |time: Option<i64>| Some(timestamp(time?)?.to_zoned(zone.clone()));
    let text = |time: &Zoned, format: &str| time.strftime(format).to_string();
    const DAY: &str = "%Y-%m-%d %H:%M:%S";
    match (zoned(first), zoned(last)) {
        (Some(first), Some(last)) if text(&first, DAY) == text(&last, DAY) => Some(text(&first, DAY)),
        (Some(first), Some(last)) => {
            let format = if first.date() == last.date() { "%H:%M:%S" } else { DAY };
            Some(format!("{} – {}", text(&first, DAY), text(&last, format)))
        }
        (first, last) => Some(text(&first.or(last)?, DAY)),
    }
}

/// What a zone is called.
pub fn zone_name(zone: &TimeZone) -> String {
    match (zone.iana_name(), zone.to_fixed_offset()) {
        (Some(name), _) => name.into(),
        (None, Ok(offset)) => format!("UTC{offset}"),
        (None, Err(_)) => "the system's time zone".into(),
    }
}

fn timestamp(nanoseconds: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).ok()
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};

    use super::{rfc3339, span, zone_name};

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn spans_are_as_short_as_they_can_be() {
        let utc = |first, last| span(first, last, &TimeZone::UTC);
        assert_eq!(utc(None, None), None);
        assert_eq!(utc(Some(0), Some(1)).as_deref(), Some("1970-01-01 00:00:00"));
        assert_eq!(utc(None, Some(0)).as_deref(), Some("1970-01-01 00:00:00"));
        assert_eq!(utc(Some(0), Some(61 * SECOND)).as_deref(), Some("1970-01-01 00:00:00 – 00:01:01"));
        let next_day = utc(Some(0), Some(86_400 * SECOND));
        assert_eq!(next_day.as_deref(), Some("1970-01-01 00:00:00 – 1970-01-02 00:00:00"));
        let east = span(Some(0), None, &TimeZone::fixed(offset(2)));
        assert_eq!(east.as_deref(), Some("1970-01-01 02:00:00"));
    }

    #[test]
    fn machines_get_utc() {
        assert_eq!(rfc3339(1_500_000_000).as_deref(), Some("1970-01-01T00:00:01.5Z"));
        assert!(rfc3339(i64::MAX).is_some() && rfc3339(i64::MIN).is_some());
    }

    #[test]
    fn zones_have_names() {
        assert_eq!(zone_name(&TimeZone::UTC), "UTC");
        assert_eq!(zone_name(&TimeZone::fixed(offset(2))), "UTC+02");
    }
}
