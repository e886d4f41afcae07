//! From tables to the manifest's JSON; remembers where each key was written.

use proc_macro2::Span;
use serde_json::{Map, Value as Json};
use tripline_abi::manifest::{ManifestError, Problem};

use crate::table::{Table, Value};

/// The place in the source of each path of the manifest.
#[derive(Default)]
pub(crate) struct Places(Vec<(String, Span)>);

impl Places {
    pub(crate) fn put(&mut self, path: impl Into<String>, span: Span) {
        self.0.push((path.into(), span));
    }

    /// The manifest's error at the place of its path, or of the nearest path around it that was written.
    ///
    /// `known` answers the names of a kind of thing, to stand beside one that is unknown.
    pub(crate) fn error(&self, error: &ManifestError, known: impl Fn(&str) -> Vec<String>) -> syn::Error {
        let around = |path: &str| {
            let rest = error.path.strip_prefix(path)?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some(path.len())
        };
        let nearest = self.0.iter().filter_map(|(path, span)| Some((around(path)?, *span)));
        let span = nearest.max_by_key(|(length, _)| *length).map_or_else(Span::call_site, |(_, span)| span);
        // The span says where; the path of a JSON that the author never sees would only confuse.
        let pathless = ManifestError { path: String::new(), problem: error.problem.clone() };
        match &error.problem {
            Problem::Unknown { what, .. } => {
                let hint = match known(what) {
                    known if known.is_empty() => "this pack has none".into(),
                    known => format!("this pack has {}", known.join(", ")),
                };
                syn::Error::new(span, format!("{pathless}: {hint}"))
            }
            _ => syn::Error::new(span, pathless),
        }
    }
}

/// The JSON of a value: words become texts, `setting(x)` becomes `{"setting": "/x"}`.
pub(crate) fn value(path: &str, value: &Value, places: &mut Places) -> syn::Result<Json> {
    places.put(path, value.span());
    Ok(match value {
        Value::Text(text, _) => Json::from(text.as_str()),
        Value::Integer(number, _) => Json::from(*number),
        Value::Number(number, _) => Json::from(*number),
        Value::Bool(value, _) => Json::from(*value),
        Value::Word(word) => Json::from(word.to_string()),
        Value::Call(function, name) if function == "setting" => {
            places.put(format!("{path}.setting"), name.span());
            let mut map = Map::new();
            map.insert("setting".into(), Json::from(format!("/{name}")));
            Json::Object(map)
        }
        Value::Call(function, _) => {
            let message = format!("expected `setting(…)`, found `{function}(…)`");
            return Err(syn::Error::new(function.span(), message));
        }
        Value::List(items, _) => {
            let one = |(i, item): (usize, &Value)| self::value(&format!("{path}[{i}]"), item, places);
            Json::Array(items.iter().enumerate().map(one).collect::<syn::Result<_>>()?)
        }
        Value::Table(inner, _) => Json::Object(table(path, inner, places)?),
    })
}

/// The JSON of a table.
pub(crate) fn table(path: &str, table: &Table, places: &mut Places) -> syn::Result<Map<String, Json>> {
    let mut map = Map::new();
    for entry in &table.entries {
        let inner = format!("{path}.{}", entry.key);
        let json = value(&inner, &entry.value, places)?;
        map.insert(entry.key.to_string(), json);
    }
    Ok(map)
}
