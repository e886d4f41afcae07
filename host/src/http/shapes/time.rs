use jiff::Timestamp;

/// An object that is not as `FORMAT.md` has it.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub(crate) struct Odd {
    expected: &'static str,
    found: String,
}

impl Odd {
    pub(crate) fn new(expected: &'static str, found: impl Into<String>) -> Odd {
        Odd { expected, found: found.into() }
    }
}

/// RFC 3339 as nanoseconds since 1970.
///
/// # Errors
/// It is no such time, or none that fits.
pub(crate) fn nanoseconds(text: &str) -> Result<i64, Odd> {
    let odd = || Odd::new("a time like 2026-11-24T12:00:00Z", text.chars().take(40).collect::<String>());
    let time: Timestamp = text.parse().map_err(|_| odd())?;
    i64::try_from(time.as_nanosecond()).map_err(|_| odd())
}

/// The same, where there may be none.
pub(super) fn maybe(text: Option<&str>) -> Result<Option<i64>, Odd> {
    text.map(nanoseconds).transpose()
}
