//! What JavaScript asks for: raw as it comes, then checked.

use jiff::tz::{Offset, TimeZone};
use js_sys::{JSON, Uint8Array};
use serde_json::{Map, Value};
use tripline_engine::decode::Format;
use tripline_engine::line::LineSettings;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::words;

/// What is wrong with what was asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetupError {
    #[error("expected {expected} in `{key}`, found {found}")]
    Value { key: &'static str, expected: &'static str, found: String },
    #[error("expected an object, found {0}")]
    NoObject(String),
    #[error("expected none but {known}, found `{found}`")]
    Key { known: &'static str, found: String },
    #[error("expected what JSON can say in `{key}`, found {found}")]
    NoJson { key: &'static str, found: String },
}

/// A pack that is to judge.
#[derive(Debug)]
pub(crate) struct PackWanted {
    pub(crate) sha256: String,
    pub(crate) settings: Map<String, Value>,
}

/// What is to be checked with what.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) packs: Vec<PackWanted>,
    pub(crate) sources: Vec<LineSettings>,
}

/// A value of JavaScript as JSON has it; `undefined` is null. What JSON would leave out without a word is refused: a
/// setting that nobody reads is worse than none.
pub(crate) fn json(key: &'static str, value: &JsValue) -> Result<Value, SetupError> {
    if value.is_undefined() {
        return Ok(Value::Null);
    }
    let no = |found: String| SetupError::NoJson { key, found };
    let kind = kind(value);
    let silent = ["Function", "AsyncFunction", "Symbol", "Map", "Set", "WeakMap", "Promise", "ArrayBuffer"];
    if silent.contains(&kind.as_str()) {
        return Err(no(kind));
    }
    let text = JSON::stringify(value).map_err(|thrown| no(words(&thrown)))?;
    text.as_string().and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(|| no(kind))
}

/// The bytes that JavaScript gives; a text is its UTF-8, where that is taken.
pub(crate) fn bytes(key: &'static str, value: &JsValue, text: bool) -> Result<Vec<u8>, SetupError> {
    if let (true, Some(text)) = (text, value.as_string()) {
        return Ok(text.into_bytes());
    }
    // By its name: what comes from another realm is no instance of a class of ours.
    match kind(value).as_str() {
        "Uint8Array" | "ArrayBuffer" => Ok(Uint8Array::new(value).to_vec()),
        other => {
            let expected =
                if text { "a text, Uint8Array or ArrayBuffer" } else { "a Uint8Array or ArrayBuffer" };
            Err(SetupError::Value { key, expected, found: other.into() })
        }
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["Object", "prototype", "toString"], js_name = call)]
    fn kind_of(value: &JsValue) -> String;
}

/// `Uint8Array`, `Array`, `Number`, `Null`, …
fn kind(value: &JsValue) -> String {
    let told = kind_of(value);
    told.trim_start_matches("[object ").trim_end_matches(']').into()
}

/// Now, by the browser's clock, in nanoseconds since 1970: what a log without years is dated by if nobody says more.
pub(crate) fn today() -> i64 {
    (js_sys::Date::now() as i64).saturating_mul(1_000_000)
}

impl Setup {
    pub(crate) fn of(value: Value, now: i64) -> Result<Setup, SetupError> {
        let mut object = object(value, "packs, sources", &["packs", "sources"])?;
        let packs = list(object.remove("packs"), "packs")?.into_iter().map(PackWanted::of);
        let sources = list(object.remove("sources"), "sources")?.into_iter().map(|one| lines(one, now));
        Ok(Setup { packs: packs.collect::<Result<_, _>>()?, sources: sources.collect::<Result<_, _>>()? })
    }
}

impl PackWanted {
    fn of(value: Value) -> Result<PackWanted, SetupError> {
        let mut object = object(value, "sha256, settings", &["sha256", "settings"])?;
        let sha256 = match object.remove("sha256") {
            Some(Value::String(sha256)) => sha256,
            other => return Err(wrong("sha256", "a digest", other)),
        };
        Ok(PackWanted { sha256, settings: settings(object.remove("settings").unwrap_or(Value::Null))? })
    }
}

/// An operator's settings; nothing is none.
pub(crate) fn settings(value: Value) -> Result<Map<String, Value>, SetupError> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(map) => Ok(map),
        other => Err(wrong("settings", "an object", Some(other))),
    }
}

/// How lines are read: `format`, `year` and `timezone`, as a case says them; and what no line without a year is much
/// later than, which is `now` if nothing is said, as for `tripline check`, and nothing if that is null, as for a case.
pub(crate) fn lines(value: Value, now: i64) -> Result<LineSettings, SetupError> {
    let mut settings = LineSettings { reference: Some(now), ..LineSettings::default() };
    if value.is_null() {
        return Ok(settings);
    }
    let known = ["format", "year", "timezone", "reference"];
    for (key, value) in object(value, "format, year, timezone, reference", &known)? {
        match (key.as_str(), value) {
            ("reference", Value::Null) => settings.reference = None,
            ("reference", value) => {
                let time = value.as_f64().filter(|time| time.abs() < 8.64e15);
                let time = time.ok_or_else(|| wrong("reference", "milliseconds since 1970", Some(value)))?;
                settings.reference = Some((time as i64).saturating_mul(1_000_000));
            }
            (_, Value::Null) => {}
            ("format", Value::String(name)) => {
                let format: Option<Format> = name.parse().ok();
                let format = format.ok_or_else(|| {
                    let expected = Format::LISTED;
                    wrong("format", expected, Some(name.into()))
                })?;
                settings.format = Some(format);
            }
            ("year", Value::Number(year)) => {
                let number = year.as_i64().and_then(|year| i16::try_from(year).ok());
                let possible = number.filter(|year| (1..=9999).contains(year));
                settings.year =
                    Some(possible.ok_or_else(|| wrong("year", "a year", Some(Value::Number(year))))?);
            }
            ("timezone", Value::String(zone)) => {
                let wrong = || wrong("timezone", "UTC or an offset like +02:00", Some(zone.clone().into()));
                settings.timezone = offset(&zone).ok_or_else(wrong)?;
            }
            ("format", other) => return Err(wrong("format", "a format's name", Some(other))),
            ("year", other) => return Err(wrong("year", "a number", Some(other))),
            (_, other) => return Err(wrong("timezone", "a text", Some(other))),
        }
    }
    Ok(settings)
}

/// `UTC`, `+02:00`, `-05:30`: a browser has no database of zones for us.
fn offset(zone: &str) -> Option<TimeZone> {
    if zone.eq_ignore_ascii_case("utc") {
        return Some(TimeZone::UTC);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let possible = (0..24).contains(&hours) && (0..60).contains(&minutes);
    possible.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?.map(TimeZone::fixed)
}

fn object(value: Value, known: &'static str, keys: &[&str]) -> Result<Map<String, Value>, SetupError> {
    let Value::Object(map) = value else { return Err(SetupError::NoObject(value.to_string())) };
    match map.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(SetupError::Key { known, found: key.clone() }),
        None => Ok(map),
    }
}

pub(crate) fn list(value: Option<Value>, key: &'static str) -> Result<Vec<Value>, SetupError> {
    match value {
        Some(Value::Array(items)) => Ok(items),
        other => Err(wrong(key, "a list", other)),
    }
}

fn wrong(key: &'static str, expected: &'static str, found: Option<Value>) -> SetupError {
    let found = found.map_or_else(|| "nothing".into(), |value| value.to_string());
    SetupError::Value { key, expected, found }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_790_000_000_000_000_000;

    #[test]
    fn lines_are_read_as_cases_say_it() {
        let read = lines(json!({ "format": "rfc3164", "year": 2024, "timezone": "-05:30" }), NOW).unwrap();
        assert_eq!((read.format, read.year), (Some(Format::Rfc3164), Some(2024)));
        assert_eq!(read.timezone.to_fixed_offset().unwrap().seconds(), -(5 * 3600 + 30 * 60));
        let usual = LineSettings { reference: Some(NOW), ..LineSettings::default() };
        assert_eq!(lines(Value::Null, NOW).unwrap(), usual);
        assert_eq!(lines(json!({ "format": null, "timezone": "utc" }), NOW).unwrap(), usual);
        let read = lines(json!({ "reference": null }), NOW).unwrap();
        assert_eq!(read, LineSettings::default());
        assert_eq!(lines(json!({ "reference": 1000 }), NOW).unwrap().reference, Some(1_000_000_000));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let told = |value| lines(value, NOW).unwrap_err().to_string();
        assert_eq!(told(json!({ "year": 1e9 })), "expected a year in `year`, found 1000000000.0");
        assert_eq!(
            told(json!({ "zone": 1 })),
            "expected none but format, year, timezone, reference, found `zone`"
        );
        assert_eq!(told(json!([])), "expected an object, found []");
        for zone in ["Europe/Berlin", "+2", "+99:00", "+-1:00", ""] {
            let expected = "expected UTC or an offset like +02:00 in `timezone`";
            assert_eq!(told(json!({ "timezone": zone })), format!("{expected}, found \"{zone}\""));
        }
        let told = |value| Setup::of(value, NOW).unwrap_err().to_string();
        assert_eq!(told(json!({ "packs": [], "sources": 1 })), "expected a list in `sources`, found 1");
        assert_eq!(
            told(json!({ "packs": [{}], "sources": [] })),
            "expected a digest in `sha256`, found nothing"
        );
    }
}
