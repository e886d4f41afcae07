//! One rule: a method with `#[rule { … }]`.

use proc_macro2::Span;
use serde_json::{Map, Value as Json};
use syn::spanned::Spanned;
use syn::{Error, FnArg, Ident, ImplItemFn, Meta, Pat, Result, ReturnType, Type};

use crate::json::{self, Places};
use crate::table::{Table, Value, docs};

const KEYS: [&str; 11] = [
    "id",
    "title",
    "severity",
    "tags",
    "references",
    "false_positives",
    "dedupe_window",
    "resolve_after",
    "status",
    "description",
    "on",
];

/// A rule as the author wrote it.
pub(crate) struct Rule {
    pub(crate) method: Ident,
    docs: String,
    table: Table,
    /// The attribute's place.
    span: Span,
    pub(crate) on: On,
    pub(crate) receiver: bool,
    /// Where what it returns is written.
    pub(crate) output: Span,
    pub(crate) parameters: Vec<Parameter>,
}

/// What a rule is run for.
pub(crate) enum On {
    EveryEvent,
    Tick(Span),
    /// The first of these that holds and has every capture that the rule must have.
    Any(Vec<Wake>),
}

/// Holds when all of these patterns match and none of those.
pub(crate) struct Wake {
    pub(crate) all: Vec<Ident>,
    pub(crate) none: Vec<Ident>,
    pub(crate) span: Span,
}

/// A parameter of the rule's method.
pub(crate) enum Parameter {
    Event,
    Settings,
    /// A capture, or a field.
    Named {
        name: Ident,
        ty: Box<Type>,
        optional: bool,
    },
}

impl Rule {
    /// Takes `#[rule …]` off a method; `None` if it has none.
    pub(crate) fn take(method: &mut ImplItemFn) -> Result<Option<Rule>> {
        let Some(at) = method.attrs.iter().position(|attribute| attribute.path().is_ident("rule")) else {
            return Ok(None);
        };
        let attribute = method.attrs.remove(at);
        let span = attribute.path().segments[0].ident.span();
        if !matches!(attribute.meta, Meta::List(_)) {
            return Err(Error::new(
                span,
                "expected #[rule { id: \"…\", title: \"…\", severity: …, on: […] }]",
            ));
        }
        let table: Table = attribute.parse_args()?;
        table.only("a rule", &KEYS)?;
        let on = match table.get("on") {
            Some(entry) => On::read(&entry.value)?,
            None => return Err(Error::new(span, "expected `on: […]`: the patterns that the rule is for")),
        };
        let lines: Vec<_> = method.attrs.iter().filter(|a| a.path().is_ident("doc")).cloned().collect();
        let receiver = method.sig.receiver().is_some();
        let parameters = method.sig.inputs.iter().filter_map(Parameter::read).collect::<Result<_>>()?;
        let output = match &method.sig.output {
            ReturnType::Default => method.sig.ident.span(),
            ReturnType::Type(_, ty) => ty.span(),
        };
        let method = method.sig.ident.clone();
        Ok(Some(Rule { method, docs: docs(&lines)?, table, span, on, receiver, output, parameters }))
    }

    /// Its entry in the manifest.
    pub(crate) fn json(&self, path: &str, places: &mut Places) -> Result<Json> {
        places.put(path, self.span);
        let mut map = Map::new();
        for entry in self.table.entries.iter().filter(|entry| entry.key != "on") {
            let value = json::value(&format!("{path}.{}", entry.key), &entry.value, places)?;
            map.insert(entry.key.to_string(), value);
        }
        if !self.docs.is_empty() && !map.contains_key("description") {
            places.put(format!("{path}.description"), self.method.span());
            map.insert("description".into(), Json::from(self.docs.as_str()));
        }
        Ok(Json::Object(map))
    }
}

impl On {
    fn read(value: &Value) -> Result<On> {
        let expected = "expected a list of patterns, every_event or tick";
        match value {
            Value::Word(word) if word == "every_event" => Ok(On::EveryEvent),
            Value::Word(word) if word == "tick" => Ok(On::Tick(word.span())),
            Value::List(items, span) if items.is_empty() => {
                Err(Error::new(*span, "expected at least one pattern, found none"))
            }
            Value::List(items, _) => Ok(On::Any(items.iter().map(Wake::read).collect::<Result<_>>()?)),
            other => Err(Error::new(other.span(), expected)),
        }
    }
}

impl Wake {
    fn read(value: &Value) -> Result<Wake> {
        let expected = "expected a pattern's name, or { all: […], none: […] }";
        match value {
            Value::Word(word) => Ok(Wake { all: vec![word.clone()], none: Vec::new(), span: word.span() }),
            Value::Table(table, span) => {
                table.only("an entry of `on`", &["all", "none"])?;
                Ok(Wake { all: words(table, "all")?, none: words(table, "none")?, span: *span })
            }
            other => Err(Error::new(other.span(), expected)),
        }
    }

    /// Its entry in the manifest's `wakes_on`.
    pub(crate) fn json(&self, path: &str, places: &mut Places) -> Json {
        places.put(path, self.span);
        if let ([only], []) = (&self.all[..], &self.none[..]) {
            return Json::from(only.to_string());
        }
        let mut map = Map::new();
        for (key, names) in [("all", &self.all), ("none", &self.none)] {
            let mut list = Vec::new();
            for (i, name) in names.iter().enumerate() {
                places.put(format!("{path}.{key}[{i}]"), name.span());
                list.push(Json::from(name.to_string()));
            }
            map.insert(key.into(), Json::Array(list));
        }
        Json::Object(map)
    }
}

fn words(table: &Table, key: &str) -> Result<Vec<Ident>> {
    let Some(entry) = table.get(key) else { return Ok(Vec::new()) };
    let Value::List(items, _) = &entry.value else {
        return Err(Error::new(entry.value.span(), "expected a list of patterns"));
    };
    let one = |item: &Value| match item {
        Value::Word(word) => Ok(word.clone()),
        other => Err(Error::new(other.span(), "expected a pattern's name")),
    };
    items.iter().map(one).collect()
}

impl Parameter {
    fn read(argument: &FnArg) -> Option<Result<Parameter>> {
        let FnArg::Typed(typed) = argument else { return None };
        let Pat::Ident(pattern) = &*typed.pat else {
            let expected = "expected `event`, `settings` or the name of a capture";
            return Some(Err(Error::new_spanned(&typed.pat, expected)));
        };
        let name = pattern.ident.clone();
        Some(Ok(match name.to_string().as_str() {
            "event" => Parameter::Event,
            "settings" => Parameter::Settings,
            _ => {
                let optional = matches!(&*typed.ty, Type::Path(path)
                    if path.path.segments.last().is_some_and(|last| last.ident == "Option"));
                Parameter::Named { name, ty: typed.ty.clone(), optional }
            }
        }))
    }
}
