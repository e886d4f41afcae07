//! Cases: what was tried, as a file that the pack's own tests run; and such a file, to be tried.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tripline_engine::Pack;
use tripline_engine::cases::{Case, CaseError, Outcome, write};
use tripline_engine::line::LineSettings;
use tripline_engine::sandbox::Sandbox;

/// The file of what was tried with this pack. It holds in batches of every size, or the error says which differ.
pub(crate) fn written(
    why: &str,
    pack: &Arc<Pack>,
    settings: &Map<String, Value>,
    sources: &[(LineSettings, Vec<u8>)],
    sandbox: &Arc<dyn Sandbox>,
) -> Result<Vec<u8>, WriteError> {
    let settings = settings.iter().filter_map(|(name, value)| Some((name.clone(), toml(value)?))).collect();
    let case = Case::parse(&write(why, &settings, sources, ""))?;
    let decisions = case.decide(sandbox, pack, u32::MAX)?;
    let file = case.updated(&decisions);
    match Case::parse(&file)?.run(sandbox, pack)? {
        Outcome::Holds => Ok(file),
        Outcome::Differs { batch, .. } => Err(WriteError::Batches { batch }),
    }
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
    })
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
