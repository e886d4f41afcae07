//! The manifest exactly as it is written; unknown keys are refused.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::Value;

use super::json::Strict;
use super::{ManifestError, Problem, Status};
use crate::Severity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) abi: u32,
    pub(super) pack: RawPack,
    #[serde(default)]
    pub(super) requires: Vec<String>,
    #[serde(default)]
    pub(super) sources: Vec<RawSource>,
    #[serde(default)]
    pub(super) patterns: Vec<RawPattern>,
    #[serde(default)]
    pub(super) wakes_on: Option<Vec<RawWake>>,
    #[serde(default)]
    pub(super) every_event: bool,
    #[serde(default)]
    pub(super) fields: Vec<String>,
    #[serde(default)]
    pub(super) raw: bool,
    #[serde(default)]
    pub(super) tick: Option<u32>,
    #[serde(default)]
    pub(super) rules: Vec<RawRule>,
    #[serde(default)]
    pub(super) settings: Option<RawSchema>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPack {
    pub(super) name: String,
    pub(super) version: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) authors: Vec<String>,
    #[serde(default)]
    pub(super) licence: String,
    #[serde(default)]
    pub(super) homepage: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) kind: Option<String>,
    pub(super) product: Option<String>,
    pub(super) service: Option<String>,
    pub(super) category: Option<String>,
}

/// One of the kinds must be there; those of later versions are known by name only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPattern {
    pub(super) name: String,
    pub(super) field: Option<String>,
    #[serde(default)]
    pub(super) case_insensitive: bool,
    #[serde(default)]
    pub(super) unicode: bool,
    pub(super) regex: Option<String>,
    pub(super) contains: Option<RawList>,
    pub(super) equals: Option<RawList>,
    pub(super) starts_with: Option<RawList>,
    pub(super) ends_with: Option<RawList>,
    pub(super) cidr: Option<RawList>,
    pub(super) compare: Option<RawCompare>,
    pub(super) exists: Option<bool>,
    pub(super) list: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCompare {
    pub(super) lt: Option<serde_json::Number>,
    pub(super) le: Option<serde_json::Number>,
    pub(super) eq: Option<serde_json::Number>,
    pub(super) ne: Option<serde_json::Number>,
    pub(super) ge: Option<serde_json::Number>,
    pub(super) gt: Option<serde_json::Number>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a list of texts, or {\"setting\": \"/name\"}")]
pub(super) enum RawList {
    Given(Vec<String>),
    Setting(RawSetting),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSetting {
    pub(super) setting: String,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a pattern's name, or {\"all\": [\"…\"], \"none\": [\"…\"]}")]
pub(super) enum RawWake {
    One(String),
    Group(RawGroup),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGroup {
    #[serde(default)]
    pub(super) all: Vec<String>,
    #[serde(default)]
    pub(super) none: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: String,
    pub(super) title: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) severity: Severity,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) references: Vec<String>,
    #[serde(default)]
    pub(super) false_positives: Vec<String>,
    #[serde(default)]
    pub(super) status: Status,
    pub(super) dedupe_window: Option<u32>,
    pub(super) resolve_after: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchema {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) properties: serde_json::Map<String, Value>,
    #[serde(default)]
    pub(super) required: Vec<String>,
    #[serde(default, rename = "additionalProperties")]
    pub(super) additional: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProperty {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) default: Option<Value>,
    #[serde(rename = "enum")]
    pub(super) one_of: Option<Vec<Value>>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    #[serde(rename = "minLength")]
    pub(super) min_length: Option<usize>,
    #[serde(rename = "maxLength")]
    pub(super) max_length: Option<usize>,
    pub(super) items: Option<Value>,
    #[serde(rename = "minItems")]
    pub(super) min_items: Option<usize>,
    #[serde(rename = "maxItems")]
    pub(super) max_items: Option<usize>,
}

pub(super) fn parse(json: &[u8]) -> Result<Raw, ManifestError> {
    let Strict(value) = serde_json::from_slice(json)
        .map_err(|error| ManifestError::new("", Problem::Json(error.to_string())))?;
    shape("", value)
}

/// Takes a value apart by a shape; the error names the key's path.
pub(super) fn shape<T: serde::de::DeserializeOwned>(at: &str, value: Value) -> Result<T, ManifestError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let path = match (at, inner.as_str()) {
            (at, ".") => at.to_string(),
            ("", inner) => inner.to_string(),
            (at, inner) => alloc::format!("{at}.{inner}"),
        };
        ManifestError::new(path, Problem::Json(error.into_inner().to_string()))
    })
}
