//! The settings that a pack takes: a closed subset of JSON Schema, and the check of an operator's values.
//!
//! An object of properties; each is a scalar (`string`, `integer`, `number`, `boolean`) or an `array` of scalars,
//! with `enum`, `minimum`, `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, `default`, `title` and
//! `description`. No `$ref`, no `pattern`, no nesting.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde_json::Value;

use super::check::{at_most, named, text};
use super::raw::{RawProperty, RawSchema, shape};
use super::{Limit, ManifestError};
use crate::SettingValue;

/// The settings that a pack takes, in the manifest's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Each setting.
    pub properties: Vec<Property>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// A line for a form; may be empty.
    pub title: String,
    /// What it does.
    pub description: String,
    /// What it takes.
    pub kind: PropertyType,
    /// What it is when the operator says nothing; `None` means the operator has to say.
    pub default: Option<SettingValue>,
}

/// What a setting takes.
#[derive(Clone, Debug, PartialEq)]
pub enum PropertyType {
    /// One value.
    One(Scalar),
    /// A list of values.
    List {
        /// What each item is.
        items: Scalar,
        /// How many there must be at least.
        min: usize,
        /// How many there may be.
        max: usize,
    },
}

/// What one value may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// `true` or `false`.
    Bool,
    /// A whole number in a range.
    Integer {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// A number in a range.
    Number {
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
    },
    /// A text.
    Text {
        /// Characters at least.
        min: usize,
        /// Characters at most.
        max: usize,
        /// Empty: any text.
        one_of: Vec<String>,
    },
}

/// An operator's setting that a pack does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// The pack has no setting of this name.
    Unknown {
        /// The name.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// A value of the wrong type or outside its range.
    Value {
        /// The setting, with an index if it is a list's item.
        name: String,
        /// What it takes.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A setting without default that was not given.
    Missing {
        /// The setting.
        name: String,
    },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::Unknown { name, known } if known.is_empty() => {
                write!(f, "there is no setting `{name}`: this pack takes none")
            }
            SettingsError::Unknown { name, known } => {
                write!(f, "there is no setting `{name}`, this pack takes {}", known.join(", "))
            }
            SettingsError::Value { name, expected, found } => {
                write!(f, "setting `{name}`: expected {expected}, found {found}")
            }
            SettingsError::Missing { name } => write!(f, "setting `{name}` has no default and was not given"),
        }
    }
}

impl core::error::Error for SettingsError {}

impl Schema {
    /// The setting of this name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Checks an operator's values and fills in defaults; in the manifest's order.
    pub fn validate(
        &self,
        given: &serde_json::Map<String, Value>,
    ) -> Result<Vec<(String, SettingValue)>, SettingsError> {
        if let Some(name) = given.keys().find(|name| self.property(name).is_none()) {
            let known = self.properties.iter().map(|property| property.name.clone()).collect();
            return Err(SettingsError::Unknown { name: name.clone(), known });
        }
        let one = |property: &Property| {
            let value = match (given.get(&property.name), &property.default) {
                (Some(value), _) => property.kind.value(&property.name, value)?,
                (None, Some(default)) => default.clone(),
                (None, None) => return Err(SettingsError::Missing { name: property.name.clone() }),
            };
            Ok((property.name.clone(), value))
        };
        self.properties.iter().map(one).collect()
    }
}

impl PropertyType {
    fn value(&self, name: &str, given: &Value) -> Result<SettingValue, SettingsError> {
        let (items, min, max) = match self {
            PropertyType::One(scalar) => return scalar.value(name, given),
            PropertyType::List { items, min, max } => (items, *min, *max),
        };
        let wrong =
            |expected: String, found: String| SettingsError::Value { name: name.into(), expected, found };
        let Value::Array(list) = given else {
            return Err(wrong("a list".into(), given.to_string()));
        };
        if list.len() < min || list.len() > max {
            return Err(wrong(format!("{min} to {max} items"), list.len().to_string()));
        }
        let one = |(i, item): (usize, &Value)| items.value(&format!("{name}[{i}]"), item);
        let values = list.iter().enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
        let bytes: usize =
            values.iter().map(|v| if let SettingValue::Text(t) = v { t.len() } else { 8 }).sum();
        match bytes > Limit::LIST_BYTES {
            true => Err(wrong(format!("at most {} bytes of items", Limit::LIST_BYTES), bytes.to_string())),
            false => Ok(SettingValue::List(values)),
        }
    }
}

impl Scalar {
    fn value(&self, name: &str, given: &Value) -> Result<SettingValue, SettingsError> {
        let value = match (self, given) {
            (Scalar::Bool, Value::Bool(value)) => Some(SettingValue::Bool(*value)),
            (Scalar::Integer { min, max }, Value::Number(number)) => {
                number.as_i64().filter(|n| (min..=max).contains(&n)).map(SettingValue::Integer)
            }
            (Scalar::Number { min, max }, Value::Number(number)) => {
                number.as_f64().filter(|n| (min..=max).contains(&n)).map(SettingValue::Number)
            }
            (Scalar::Text { min, max, one_of }, Value::String(text)) => {
                let fits = (min..=max).contains(&&text.chars().count())
                    && (one_of.is_empty() || one_of.contains(text));
                fits.then(|| SettingValue::Text(text.clone()))
            }
            _ => None,
        };
        value.ok_or_else(|| SettingsError::Value {
            name: name.into(),
            expected: self.to_string(),
            found: given.to_string(),
        })
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool => f.write_str("true or false"),
            Scalar::Integer { min: i64::MIN, max: i64::MAX } => f.write_str("a whole number"),
            Scalar::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            Scalar::Number { min, max } => write!(f, "a number from {min} to {max}"),
            Scalar::Text { one_of, .. } if !one_of.is_empty() => write!(f, "one of {}", one_of.join(", ")),
            Scalar::Text { min, max, .. } => write!(f, "a text of {min} to {max} characters"),
        }
    }
}

pub(super) fn schema(raw: Option<RawSchema>) -> Result<Schema, ManifestError> {
    let Some(raw) = raw else { return Ok(Schema::default()) };
    if raw.kind != "object" {
        return Err(ManifestError::expected("settings.type", "\"object\"", format!("{:?}", raw.kind)));
    }
    if raw.additional == Some(true) {
        return Err(ManifestError::expected("settings.additionalProperties", "false", "true"));
    }
    at_most("settings.properties", "settings", Limit::SETTINGS, raw.properties.len())?;
    let mut properties = Vec::with_capacity(raw.properties.len());
    for (name, value) in raw.properties {
        let path = format!("settings.properties.{name}");
        let expected = "a name of lower case letters, digits and underscores";
        named(&path, &name, expected, |c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_'))?;
        properties.push(property(&path, name, shape(&path, value)?)?);
    }
    for (i, name) in raw.required.iter().enumerate() {
        let problem = super::Problem::Unknown { what: "setting", name: name.clone() };
        if !properties.iter().any(|property| property.name == *name) {
            return Err(ManifestError::new(format!("settings.required[{i}]"), problem));
        }
    }
    if let Some(bare) = properties.iter().find(|p| p.default.is_none() && !raw.required.contains(&p.name)) {
        let path = format!("settings.properties.{}", bare.name);
        return Err(ManifestError::expected(path, "a default, or its name in `required`", "neither"));
    }
    Ok(Schema { properties })
}

fn property(path: &str, name: String, raw: RawProperty) -> Result<Property, ManifestError> {
    text(&format!("{path}.title"), &raw.title)?;
    text(&format!("{path}.description"), &raw.description)?;
    let kind = if raw.kind == "array" {
        let Some(items) = raw.items else {
            return Err(ManifestError::expected(format!("{path}.items"), "what the items are", "nothing"));
        };
        let items: RawProperty = shape(&format!("{path}.items"), items)?;
        PropertyType::List {
            items: scalar(&format!("{path}.items"), &items)?,
            min: raw.min_items.unwrap_or(0),
            max: raw.max_items.unwrap_or(Limit::LIST_ENTRIES).min(Limit::LIST_ENTRIES),
        }
    } else {
        PropertyType::One(scalar(path, &raw)?)
    };
    let default = match &raw.default {
        None => None,
        Some(value) => Some(kind.value(&name, value).map_err(|error| {
            let SettingsError::Value { expected, found, .. } = error else {
                return ManifestError::expected(
                    format!("{path}.default"),
                    "a value of its type",
                    value.to_string(),
                );
            };
            ManifestError::expected(format!("{path}.default"), &expected, found)
        })?),
    };
    Ok(Property { name, title: raw.title, description: raw.description, kind, default })
}

fn scalar(path: &str, raw: &RawProperty) -> Result<Scalar, ManifestError> {
    if raw.one_of.is_some() && raw.kind != "string" {
        return Err(ManifestError::expected(
            format!("{path}.enum"),
            "the type \"string\" beside it",
            &*raw.kind,
        ));
    }
    let one_of = raw.one_of.iter().flatten().enumerate().map(|(i, value)| match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(ManifestError::expected(format!("{path}.enum[{i}]"), "a text", other.to_string())),
    });
    match raw.kind.as_str() {
        "boolean" => Ok(Scalar::Bool),
        // A bound outside of i64 bounds nothing: `as` saturates.
        "integer" => Ok(Scalar::Integer {
            min: raw.minimum.map_or(i64::MIN, |n| n.ceil() as i64),
            max: raw.maximum.map_or(i64::MAX, |n| n.floor() as i64),
        }),
        "number" => {
            Ok(Scalar::Number { min: raw.minimum.unwrap_or(f64::MIN), max: raw.maximum.unwrap_or(f64::MAX) })
        }
        "string" => Ok(Scalar::Text {
            min: raw.min_length.unwrap_or(0),
            max: raw.max_length.unwrap_or(Limit::TEXT).min(Limit::TEXT),
            one_of: one_of.collect::<Result<_, _>>()?,
        }),
        other => {
            let expected = "string, integer, number, boolean or an array of these";
            Err(ManifestError::expected(format!("{path}.type"), expected, format!("{other:?}")))
        }
    }
}
