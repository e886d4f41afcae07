//! What people write, in its bounds: the same that a pack's decisions have.

use serde_json::{Map, Value};
use tripline_abi::ReplyLimit;

use super::problem::Problem;
use crate::http::shapes::nanoseconds;
use crate::incidents::given::{self, GivenError, MANY};
pub(super) use crate::incidents::given::{NAME, PROSE};
use crate::notices::Pattern;

/// Seconds of anything that lasts: ten years.
pub(super) const LONG: u64 = 10 * 365 * 24 * 3600;

/// One line that is there.
pub(super) fn line(key: &'static str, text: String, most: usize) -> Result<String, Problem> {
    given::line(key, &text, most).map_err(wrong)?;
    Ok(text)
}

/// Any text; may be empty.
pub(super) fn prose(key: &'static str, text: String, most: usize) -> Result<String, Problem> {
    given::prose(key, &text, most).map_err(wrong)?;
    Ok(text)
}

/// What is not as it has to be, as an answer.
pub(super) fn wrong(error: GivenError) -> Problem {
    Problem::invalid(error.to_string())
}

/// A pattern of `PACK/RULE`. What has neither `/` nor `*` stands for no rule at all.
pub(super) fn rule(text: String) -> Result<Pattern, Problem> {
    let text = line("rule", text, NAME)?;
    match text.contains(['/', '*']) {
        true => Ok(Pattern::new(text)),
        false => Err(Problem::invalid("rule: expected PACK/RULE, in which * stands for anything")),
    }
}

/// Named texts.
pub(super) fn pairs(
    key: &'static str,
    given: Map<String, Value>,
    most: usize,
) -> Result<Vec<(String, String)>, Problem> {
    if given.len() > MANY {
        return Err(Problem::invalid(format!("{key}: expected at most {MANY}, found {}", given.len())));
    }
    let pair = |(name, value): (String, Value)| match value {
        Value::String(value) => Ok((line(key, name, ReplyLimit::VALUE_NAME)?, prose(key, value, most)?)),
        _ => Err(Problem::invalid(format!("{key}: expected texts by their names"))),
    };
    given.into_iter().map(pair).collect()
}

/// A time, as nanoseconds since 1970.
pub(super) fn time(key: &str, text: &str) -> Result<i64, Problem> {
    nanoseconds(text).map_err(|odd| Problem::invalid(format!("{key}: {odd}")))
}

/// Seconds as nanoseconds.
pub(super) fn seconds(key: &str, given: u64) -> Result<i64, Problem> {
    let held = (1..=LONG).contains(&given);
    let wrong = || Problem::invalid(format!("{key}: expected 1 to {LONG} seconds, found {given}"));
    if held {
        Ok(i64::try_from(given).unwrap_or(i64::MAX).saturating_mul(1_000_000_000))
    } else {
        Err(wrong())
    }
}
