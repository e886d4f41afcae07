use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

pub(crate) const EXPECTED: &str = "a name like Europe/Berlin or UTC, or an offset like +02:00";

/// A zone: a name of the IANA database, or an offset.
pub(crate) fn parse(text: &str) -> Option<TimeZone> {
    if matches!(text, "Z" | "z") {
        return Some(TimeZone::UTC);
    }
    DateTimeParser::new().parse_time_zone(text).ok()
}
