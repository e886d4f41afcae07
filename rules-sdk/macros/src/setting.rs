//! One setting: `threshold: { integer: 5, min: 1, max: 1000 }`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use serde_json::{Map, Value as Json, json};
use syn::{Error, Result};

use crate::json::{self, Places};
use crate::table::{Entry, Table, Value};

/// A setting as the author wrote it.
pub(crate) struct Setting {
    pub(crate) name: Ident,
    docs: String,
    kind: &'static Kind,
    /// `None`: the operator has to say.
    default: Option<Json>,
    default_span: Span,
    limits: Vec<(String, Json, Span)>,
    /// The type that its texts are read as.
    parse: Option<Ident>,
}

/// What a setting can be: its key, the JSON type (of its items), whether it is a list, its keys beside.
struct Kind {
    key: &'static str,
    json: &'static str,
    list: bool,
    keys: &'static [&'static str],
}

const KINDS: [Kind; 7] = [
    Kind { key: "boolean", json: "boolean", list: false, keys: &[] },
    Kind { key: "integer", json: "integer", list: false, keys: &["min", "max"] },
    Kind { key: "number", json: "number", list: false, keys: &["min", "max"] },
    Kind {
        key: "string",
        json: "string",
        list: false,
        keys: &["one_of", "min_length", "max_length", "parse"],
    },
    Kind { key: "integers", json: "integer", list: true, keys: &["min", "max", "min_items", "max_items"] },
    Kind { key: "numbers", json: "number", list: true, keys: &["min", "max", "min_items", "max_items"] },
    Kind {
        key: "strings",
        json: "string",
        list: true,
        keys: &["one_of", "min_length", "max_length", "min_items", "max_items", "parse"],
    },
];

impl Setting {
    pub(crate) fn read(entry: &Entry) -> Result<Setting> {
        let expected = "expected a table like { integer: 5, min: 1, max: 1000 }";
        let Value::Table(table, span) = &entry.value else {
            return Err(Error::new(entry.value.span(), expected));
        };
        let name = crate::emit::name(&entry.key.to_string(), entry.key.span())?;
        let mut kinds = KINDS.iter().filter(|kind| table.get(kind.key).is_some());
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            let known = KINDS.map(|kind| kind.key).join(", ");
            return Err(Error::new(
                *span,
                format!("expected one of {known} with the default, or `required`"),
            ));
        };
        let known: Vec<&str> = [kind.key, "title"].into_iter().chain(kind.keys.iter().copied()).collect();
        table.only(&format!("a setting of type {}", kind.key), &known)?;
        let mut limits = Vec::new();
        let (mut default, mut default_span) = (None, *span);
        let mut parse = None;
        for Entry { key, value, .. } in &table.entries {
            match value {
                Value::Word(word) if key == kind.key && word == "required" => {}
                Value::Word(word) if key == "parse" => parse = Some(word.clone()),
                other if key == "parse" => {
                    return Err(Error::new(other.span(), "expected the name of a type that is FromStr"));
                }
                _ if key == kind.key => {
                    default = Some(json::value("", value, &mut Places::default())?);
                    default_span = value.span();
                }
                _ => {
                    let json = json::value("", value, &mut Places::default())?;
                    limits.push((json_key(&key.to_string()).to_string(), json, value.span()));
                }
            }
        }
        Ok(Setting { name, docs: entry.docs.clone(), kind, default, default_span, limits, parse })
    }

    pub(crate) fn is_required(&self) -> bool {
        self.default.is_none()
    }

    /// Its property in the manifest's schema.
    pub(crate) fn json(&self, path: &str, places: &mut Places) -> Json {
        places.put(path, self.name.span());
        places.put(format!("{path}.default"), self.default_span);
        let (mut outer, mut items) = (Map::new(), Map::new());
        let scalar = if self.kind.list { &mut items } else { &mut outer };
        scalar.insert("type".into(), json!(self.kind.json));
        if self.kind.list {
            outer.insert("type".into(), json!("array"));
        }
        if !self.docs.is_empty() {
            outer.insert("description".into(), json!(self.docs));
        }
        if let Some(default) = &self.default {
            outer.insert("default".into(), default.clone());
        }
        for (key, value, span) in &self.limits {
            let of_list = matches!(key.as_str(), "title" | "minItems" | "maxItems");
            let (map, at) = match self.kind.list && !of_list {
                true => (&mut items, format!("{path}.items.{key}")),
                false => (&mut outer, format!("{path}.{key}")),
            };
            map.insert(key.clone(), value.clone());
            places.put(at, *span);
        }
        if self.kind.list {
            outer.insert("items".into(), Json::Object(items));
        }
        Json::Object(outer)
    }

    /// Its type in the struct `Settings`.
    pub(crate) fn rust_type(&self) -> TokenStream {
        let scalar = match (&self.parse, self.kind.json) {
            (Some(parse), _) => quote!(#parse),
            (None, "boolean") => quote!(bool),
            (None, "integer") => quote!(i64),
            (None, "number") => quote!(f64),
            (None, _) => quote!(::std::string::String),
        };
        if self.kind.list { quote!(::std::vec::Vec<#scalar>) } else { scalar }
    }

    /// Who sees it; a type of the pack's own may be the pack's alone.
    pub(crate) fn rust_visibility(&self) -> TokenStream {
        if self.parse.is_some() { quote!(pub(crate)) } else { quote!(pub) }
    }

    /// The function that reads it from what the host gives.
    pub(crate) fn rust_reader(&self) -> TokenStream {
        match &self.parse {
            Some(parse) => {
                let reader = if self.kind.list { quote!(parsed_list) } else { quote!(parsed) };
                quote_spanned!(parse.span()=> ::tripline_sdk::#reader)
            }
            None => quote!(::tripline_sdk::setting),
        }
    }

    /// Its doc comment in the struct `Settings`.
    pub(crate) fn rust_docs(&self) -> String {
        if self.docs.is_empty() { format!("The setting `{}`.", self.name) } else { self.docs.clone() }
    }

    /// An expression for its default; the manifest's check has seen that it has the type. None if it has no default, or
    /// one that has to be parsed.
    pub(crate) fn rust_default(&self) -> Option<TokenStream> {
        if self.parse.is_some() {
            return None;
        }
        let number = self.kind.json == "number";
        let one = |value: &Json| match value {
            Json::Bool(value) => quote!(#value),
            Json::Number(value) if number => {
                value.as_f64().map_or_else(TokenStream::new, |value| quote!(#value))
            }
            Json::Number(value) => value.as_i64().map_or_else(TokenStream::new, |value| quote!(#value)),
            Json::String(value) => quote!(::std::string::String::from(#value)),
            _ => TokenStream::new(),
        };
        match self.default.as_ref()? {
            Json::Array(items) => {
                let items = items.iter().map(one);
                Some(quote!(::std::vec::Vec::from([#(#items),*])))
            }
            value => Some(one(value)),
        }
    }
}

fn json_key(key: &str) -> &str {
    match key {
        "min" => "minimum",
        "max" => "maximum",
        "one_of" => "enum",
        "min_length" => "minLength",
        "max_length" => "maxLength",
        "min_items" => "minItems",
        "max_items" => "maxItems",
        other => other,
    }
}

/// All settings as the manifest's schema.
pub(crate) fn schema(settings: &[Setting], places: &mut Places) -> Json {
    let mut properties = Map::new();
    for setting in settings {
        let name = crate::emit::plain(&setting.name);
        let json = setting.json(&format!("settings.properties.{name}"), places);
        properties.insert(name, json);
    }
    let required = settings.iter().filter(|setting| setting.is_required());
    let required: Vec<String> = required.map(|setting| crate::emit::plain(&setting.name)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The settings of a table `settings: { … }`.
pub(crate) fn read_all(table: &Table) -> Result<Vec<Setting>> {
    table.entries.iter().map(Setting::read).collect()
}
