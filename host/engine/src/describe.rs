//! What a pack says of itself, as JSON: for programs, and for pages that show it.

use serde_json::{Map, Value, json};
use tripline_abi::manifest::{
    Comparison, List, Manifest, Number, Pattern, PatternKind, Property, PropertyType, Rule, Scalar,
    SourceFilter, WakesOn,
};
use tripline_abi::{ABI_VERSIONS_SERVED, SettingValue};

use crate::pattern::{Compiled, Rarity};
use crate::{Configured, Pack};

/// An object of what a pack is and wants; keys are those of the manifest where the manifest has them.
pub fn describe(pack: &Pack) -> Map<String, Value> {
    let manifest = pack.manifest();
    let about = &manifest.pack;
    let document = json!({
        "pack": {
            "name": about.name,
            "version": about.version.to_string(),
            "description": about.description,
            "authors": about.authors,
            "licence": about.licence,
            "homepage": about.homepage,
        },
        "module": { "bytes": pack.size(), "sha256": pack.digest_hex(), "imports": pack.imports() },
        "abi": { "version": pack.abi(), "served": ABI_VERSIONS_SERVED },
        "saves_state": pack.saves(),
        "sources": manifest.sources.iter().map(source).collect::<Vec<_>>(),
        "every_event": manifest.wakes_on == WakesOn::EveryEvent,
        "wakes_on": wakes_on(manifest),
        "fields": manifest.fields,
        "raw": manifest.raw,
        "tick": manifest.tick,
        "rules": manifest.rules.iter().map(rule).collect::<Vec<_>>(),
        "patterns": manifest.patterns.iter().map(pattern).collect::<Vec<_>>(),
        "settings": manifest.settings.properties.iter().map(setting).collect::<Vec<_>>(),
    });
    match document {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Names of the patterns that the index cannot rule out for any line.
pub fn without_literals(pack: &Pack) -> Vec<String> {
    let manifest = pack.manifest();
    // Lists may come from settings; where one has no default, what it will be is not known here.
    let settings =
        Configured::new(pack.clone().into(), &serde_json::Map::new()).map(|configured| configured.settings);
    let settings = settings.unwrap_or_default();
    let bare = manifest.patterns.iter().filter(|pattern| {
        Compiled::new(pattern, &settings, &Rarity::default())
            .is_ok_and(|compiled| compiled.necessary().is_none())
    });
    bare.map(|pattern| pattern.name.clone()).collect()
}

fn source(source: &SourceFilter) -> Value {
    let SourceFilter { kind, product, service, category } = source;
    json!({ "kind": kind, "product": product, "service": service, "category": category })
}

fn wakes_on(manifest: &Manifest) -> Vec<Value> {
    let WakesOn::Any(wakes) = &manifest.wakes_on else { return Vec::new() };
    let names = |numbers: &[u32]| -> Vec<&str> {
        numbers
            .iter()
            .filter_map(|&number| Some(manifest.patterns.get(number as usize)?.name.as_str()))
            .collect()
    };
    wakes.iter().map(|wake| json!({ "all": names(&wake.all), "none": names(&wake.none) })).collect()
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "title": rule.title,
        "description": rule.description,
        "severity": rule.severity.as_str(),
        "tags": rule.tags,
        "references": rule.references,
        "false_positives": rule.false_positives,
        "status": format!("{:?}", rule.status).to_lowercase(),
        "dedupe_window": rule.dedupe_window,
        "resolve_after": rule.resolve_after,
    })
}

fn pattern(pattern: &Pattern) -> Value {
    let (wanted, unicode) = match (&pattern.kind, pattern.kind.list()) {
        (PatternKind::Regex { regex, unicode }, _) => (json!(regex), *unicode),
        (_, Some(List::Given(entries))) => (json!(entries), false),
        (_, Some(List::Setting(name))) => (json!({ "setting": format!("/{name}") }), false),
        (PatternKind::Compare(comparison), _) => (compared(comparison), false),
        (PatternKind::Exists(exists), _) => (json!(exists), false),
        (_, None) => (Value::Null, false),
    };
    json!({
        "name": pattern.name,
        "field": pattern.field,
        "case_insensitive": pattern.case_insensitive,
        "unicode": unicode,
        pattern.kind.key(): wanted,
        "captures": pattern.captures,
    })
}

fn compared(comparison: &Comparison) -> Value {
    let each = comparison.0.iter().map(|(bound, number)| {
        let number = match number {
            Number::Whole(whole) => json!(whole),
            Number::Float(float) => json!(float),
        };
        (bound.key().to_string(), number)
    });
    Value::Object(each.collect())
}

fn setting(setting: &Property) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), json!(setting.name));
    object.insert("title".into(), json!(setting.title));
    object.insert("description".into(), json!(setting.description));
    match &setting.kind {
        PropertyType::One(one) => object.extend(scalar(one)),
        PropertyType::List { items, min, max } => {
            object.insert("type".into(), json!("array"));
            object.insert("minItems".into(), json!(min));
            object.insert("maxItems".into(), json!(max));
            object.insert("items".into(), Value::Object(scalar(items)));
        }
    }
    object.insert("default".into(), setting.default.as_ref().map_or(Value::Null, value));
    Value::Object(object)
}

fn scalar(scalar: &Scalar) -> Map<String, Value> {
    let shape = match scalar {
        Scalar::Bool => json!({ "type": "boolean" }),
        Scalar::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Scalar::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Scalar::Text { min, max, one_of } if one_of.is_empty() => {
            json!({ "type": "string", "minLength": min, "maxLength": max })
        }
        Scalar::Text { one_of, .. } => json!({ "type": "string", "enum": one_of }),
    };
    match shape {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn value(value: &SettingValue) -> Value {
    match value {
        SettingValue::Bool(value) => json!(value),
        SettingValue::Integer(value) => json!(value),
        SettingValue::Number(value) => json!(value),
        SettingValue::Text(value) => json!(value),
        SettingValue::List(items) => items.iter().map(self::value).collect(),
    }
}
