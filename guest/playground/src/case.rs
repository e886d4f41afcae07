//! Cases: what was tried, as a file that the pack's own tests run; and such a file, to be tried.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tripline_engine::Pack;
use tripline_engine::cases::{Case, CaseError, Outcome, write};
use tripline_engine::line::{LineSettings, Lines};
use tripline_engine::sandbox::Sandbox;

/// The file of what was tried with this pack. It holds in batches of every size, or the error says which differ.
pub(crate) fn written(
    why: &str,
    pack: &Arc<Pack>,
    settings: &Map<String, Value>,
    sources: &[(LineSettings, Vec<u8>)],
    sandbox: &Arc<dyn Sandbox>,
) -> Result<Vec<u8>, WriteError> {
    let case = tried(why, settings, sources)?;
    let decisions = case.decide(sandbox, pack, u32::MAX)?;
    let file = case.updated(&decisions);
    match Case::parse(&file)?.run(sandbox, pack)? {
        Outcome::Holds => Ok(file),
        Outcome::Differs { batch, .. } => Err(WriteError::Batches { batch }),
    }
}

/// Whether a pack decides on these lines what a case expects of its own; in batches of every size, as a case is run.
pub(crate) fn judged(
    expected: &str,
    pack: &Arc<Pack>,
    settings: &Map<String, Value>,
    sources: &[(LineSettings, Vec<u8>)],
    sandbox: &Arc<dyn Sandbox>,
) -> Result<Outcome, CaseError> {
    let mut case = tried("What is on the page.", settings, sources)?;
    case.expected = expected.into();
    case.run(sandbox, pack)
}

/// What is tried, as a case that expects nothing yet.
fn tried(
    why: &str,
    settings: &Map<String, Value>,
    sources: &[(LineSettings, Vec<u8>)],
) -> Result<Case, CaseError> {
    let settings = settings.iter().filter_map(|(name, value)| Some((name.clone(), toml(value)?))).collect();
    let dated: Vec<_> = sources.iter().map(|(read, lines)| (dated(read, lines), lines.clone())).collect();
    Case::parse(&write(why, &settings, &dated, ""))
}

/// The same way to read these lines at any later time: a case is of no day, so it says the year that was found.
fn dated(read: &LineSettings, lines: &[u8]) -> LineSettings {
    const PIECE: usize = 64 * 1024;
    let mut dated = read.clone();
    if read.year.is_none() && read.reference.is_some() {
        // One event, one block: the first that has a day says which year that is of.
        let mut finding = Lines::new(LineSettings { block_bytes: 1, ..read.clone() });
        let mut pieces = lines.chunks(PIECE);
        while dated.year.is_none() {
            match pieces.next() {
                Some(piece) => finding.push(piece),
                None => break,
            }
            if pieces.len() == 0 {
                finding.finish();
            }
            while let (None, Some(block)) = (dated.year, finding.next_block()) {
                dated.year = block.after.year.map(|(year, ..)| year);
            }
        }
    }
    dated
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Case(#[from] CaseError),
    #[error(
        "the pack decides otherwise in batches of {batch}: that is a bug of the pack, and no case can hold"
    )]
    Batches { batch: u32 },
}

/// What a case says, but for the bytes of its lines.
pub(crate) fn shown(case: &Case) -> Value {
    let source = |(read, _): &(LineSettings, Vec<u8>)| {
        let offset = read.timezone.to_fixed_offset().map(|offset| offset.seconds()).unwrap_or_default();
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
        json!({
            "format": read.format.map(|format| format.name()),
            "year": read.year,
            "timezone": match offset {
                0 => "UTC".to_string(),
                _ => format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
            },
        })
    };
    json!({
        "why": case.why(),
        "settings": serde_json::to_value(case.settings()).unwrap_or_default(),
        "sources": case.sources().iter().map(source).collect::<Vec<_>>(),
        "expected": case.expected,
        "rules": rules(&case.expected),
    })
}

/// Ids of the rules whose decisions a case expects: who has them all may be the pack that it is of.
fn rules(expected: &str) -> Vec<&str> {
    let decisions = expected.lines().filter(|line| !line.starts_with([' ', '\t']) && !line.trim().is_empty());
    let mut rules: Vec<&str> = decisions
        .filter(|line| !line.starts_with("fault "))
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Whether a case holds, and what differs.
pub(crate) fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Holds => json!({ "holds": true }),
        Outcome::Differs { batch, expected, found } => {
            json!({ "holds": false, "batch": batch, "expected": expected, "found": found })
        }
    }
}

/// A setting as TOML; TOML has no null, and a setting that is none is not said.
fn toml(value: &Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(items) => toml::Value::Array(items.iter().filter_map(toml).collect()),
        Value::Object(map) => toml::Value::Table(
            map.iter().filter_map(|(name, value)| Some((name.clone(), toml(value)?))).collect(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_says_the_year_that_was_found() {
        // 25 September 2026.
        let read = LineSettings { reference: Some(1_790_294_400_000_000_000), ..LineSettings::default() };
        let year = |lines: &str| dated(&read, lines.as_bytes()).year;
        assert_eq!(year("no stamp\nMar 14 08:12:01 web1 sshd[1]: x\n"), Some(2026));
        assert_eq!(year("Dec 30 08:12:01 web1 sshd[1]: x\nJan  2 08:12:01 web1 sshd[1]: x"), Some(2025));
        assert_eq!(year("2024-01-01T00:00:00Z x\n"), None);
        assert_eq!(year(""), None);
        let given = LineSettings { year: Some(1999), ..read.clone() };
        assert_eq!(dated(&given, b"Mar 14 08:12:01 web1 x\n").year, Some(1999));
        let of_a_case = LineSettings { reference: None, ..read };
        assert_eq!(dated(&of_a_case, b"Mar 14 08:12:01 web1 x\n").year, None);
    }

    #[test]
    fn which_rules_are_expected() {
        let expected = "high password-guessing \"192.0.2.7\" at line 3\n  title low x\nfault trap at line 4\n  y\n\nlow b at tick\nlow b at tick";
        assert_eq!(rules(expected), ["b", "password-guessing"]);
        assert_eq!(rules("\n"), [""; 0]);
    }
}
