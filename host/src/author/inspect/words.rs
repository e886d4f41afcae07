//! Parts of a manifest in words.

use tripline_abi::SettingValue;
use tripline_abi::manifest::{List, Pattern, PatternKind, PropertyType, SourceFilter, Wake};

/// Entries of a list that are shown.
const ENTRIES: usize = 8;

/// `service sshd`, `kind scan, product nmap`.
pub(super) fn source(source: &SourceFilter) -> String {
    let parts = [
        ("kind", &source.kind),
        ("product", &source.product),
        ("service", &source.service),
        ("category", &source.category),
    ];
    let said = parts.iter().filter_map(|(key, value)| Some(format!("{key} {}", value.as_ref()?)));
    said.collect::<Vec<_>>().join(", ")
}

/// `failed`, `failed and root but not local`.
pub(super) fn wake(wake: &Wake, patterns: &[Pattern]) -> String {
    let names = |numbers: &[u32]| -> Vec<&str> {
        numbers.iter().filter_map(|&number| Some(patterns.get(number as usize)?.name.as_str())).collect()
    };
    match &wake.none[..] {
        [] => names(&wake.all).join(" and "),
        none => format!("{} but not {}", names(&wake.all).join(" and "), names(none).join(" or ")),
    }
}

/// Where a pattern looks and how: `regex on the message, either case`.
pub(super) fn looks(pattern: &Pattern) -> String {
    let kind = pattern.kind.key().replace('_', " ");
    let place = pattern.field.as_ref().map_or("the message".into(), |field| format!("field {field}"));
    let case = if pattern.case_insensitive { ", either case" } else { "" };
    let unicode =
        if matches!(pattern.kind, PatternKind::Regex { unicode: true, .. }) { ", Unicode" } else { "" };
    format!("{kind} on {place}{case}{unicode}")
}

/// What a pattern looks for.
pub(super) fn wanted(kind: &PatternKind) -> String {
    match (kind, kind.list()) {
        (PatternKind::Regex { regex, .. }, _) => regex.clone(),
        (_, Some(List::Setting(name))) => format!("what the setting {name} lists"),
        (_, Some(List::Given(entries))) => {
            let mut shown: Vec<String> =
                entries.iter().take(ENTRIES).map(|entry| format!("{entry:?}")).collect();
            if entries.len() > ENTRIES {
                shown.push(format!("and {} more", entries.len() - ENTRIES));
            }
            shown.join(", ")
        }
        (PatternKind::Compare(comparison), _) => {
            let each =
                comparison.0.iter().map(|(bound, number)| format!("{} {}", bound.key(), number.float()));
            each.collect::<Vec<_>>().join(" and ")
        }
        (PatternKind::Exists(exists), _) => (if *exists { "a value" } else { "none" }).into(),
        (_, None) => String::new(),
    }
}

/// What a setting takes.
pub(super) fn takes(kind: &PropertyType) -> String {
    match kind {
        PropertyType::One(scalar) => scalar.to_string(),
        PropertyType::List { items, min, max } => format!("a list of {min} to {max}, each {items}"),
    }
}

/// A setting's value as TOML has it.
pub(super) fn value(value: &SettingValue) -> String {
    match value {
        SettingValue::Bool(value) => value.to_string(),
        SettingValue::Integer(value) => value.to_string(),
        SettingValue::Number(value) => format!("{value:?}"),
        SettingValue::Text(text) => format!("{text:?}"),
        SettingValue::List(items) => {
            format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", "))
        }
    }
}

/// `90 s`, `10 min`, `24 h`.
pub(super) fn seconds(seconds: u32) -> String {
    match seconds {
        s if s > 0 && s.is_multiple_of(3600) => format!("{} h", s / 3600),
        s if s > 0 && s.is_multiple_of(60) => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
