use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

/// Reads a zone: a name of the IANA database, or an offset.
pub(super) fn parse(text: &str) -> Result<TimeZone, String> {
    if matches!(text, "Z" | "z") {
        return Ok(TimeZone::UTC);
    }
    let expected = "expected a name like Europe/Berlin or UTC, or an offset like +02:00";
    DateTimeParser::new().parse_time_zone(text).map_err(|_| expected.into())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn names_and_offsets() {
        for (text, name) in [("UTC", "UTC"), ("Europe/Berlin", "Europe/Berlin")] {
            assert_eq!(parse(text).unwrap().iana_name(), Some(name));
        }
        for (text, seconds) in [("+02:00", 7200), ("-05:30", -19_800), ("Z", 0)] {
            assert_eq!(parse(text).unwrap().to_fixed_offset().unwrap().seconds(), seconds);
        }
        for text in ["", "Berlin", "Europe/Nowhere", "02:00"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
