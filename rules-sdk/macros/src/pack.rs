//! The whole pack: what stands in the attribute, the rules of the impl, and the manifest that both make.

use serde_json::{Map, Value as Json, json};
use syn::{Error, ImplItem, ItemImpl, Result};
use tripline_abi::manifest::Manifest;

use crate::json::{self, Places};
use crate::rule::{On, Rule};
use crate::setting::{self, Setting};
use crate::table::{Table, Value};

const KEYS: [&str; 12] = [
    "name",
    "version",
    "description",
    "authors",
    "licence",
    "homepage",
    "sources",
    "patterns",
    "settings",
    "fields",
    "raw",
    "tick",
];

/// A pack whose manifest is checked.
pub(crate) struct Pack {
    /// The impl, without the attributes of rules.
    pub(crate) item: ItemImpl,
    pub(crate) settings: Vec<Setting>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) manifest: Manifest,
    pub(crate) json: String,
}

impl Pack {
    pub(crate) fn read(table: &Table, mut item: ItemImpl) -> Result<Pack> {
        if let Some((_, path, _)) = &item.trait_ {
            return Err(Error::new_spanned(path, "expected the impl of a struct, found the impl of a trait"));
        }
        table.only("a pack", &KEYS)?;
        let rules = rules(&mut item)?;
        let settings = match table.get("settings").map(|entry| &entry.value) {
            None => Vec::new(),
            Some(Value::Table(settings, _)) => setting::read_all(settings)?,
            Some(other) => return Err(Error::new(other.span(), "expected a table of settings")),
        };
        let mut places = Places::default();
        let json = manifest(table, &settings, &rules, &mut places)?.to_string();
        let manifest = Manifest::parse(json.as_bytes()).map_err(|error| {
            let known = |what: &str| match what {
                "setting" => settings.iter().map(|setting| crate::emit::plain(&setting.name)).collect(),
                _ => pattern_names(table),
            };
            places.error(&error, known)
        })?;
        if let Some(On::Tick(span)) = rules.iter().map(|rule| &rule.on).find(|on| matches!(on, On::Tick(_)))
            && manifest.tick.is_none()
        {
            let message = "expected `tick: SECONDS` in the pack's attribute for a rule that is on tick";
            return Err(Error::new(*span, message));
        }
        Ok(Pack { item, settings, rules, manifest, json })
    }
}

fn rules(item: &mut ItemImpl) -> Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for member in &mut item.items {
        if let ImplItem::Fn(method) = member {
            rules.extend(Rule::take(method)?);
        }
    }
    match rules.is_empty() {
        true => Err(Error::new_spanned(&item.self_ty, "expected at least one method with #[rule { … }]")),
        false => Ok(rules),
    }
}

fn manifest(table: &Table, settings: &[Setting], rules: &[Rule], places: &mut Places) -> Result<Json> {
    let mut root = Map::new();
    root.insert("abi".into(), json!(tripline_abi::ABI_VERSION));
    root.insert("pack".into(), Json::Object(about(table, places)?));
    for key in ["sources", "fields", "raw", "tick"] {
        if let Some(entry) = table.get(key) {
            root.insert(key.into(), json::value(key, &entry.value, places)?);
        }
    }
    root.insert("patterns".into(), patterns(table, places)?);
    match rules.iter().any(|rule| matches!(rule.on, On::EveryEvent)) {
        true => root.insert("every_event".into(), json!(true)),
        false => root.insert("wakes_on".into(), wakes_on(rules, places)),
    };
    let one = |(i, rule): (usize, &Rule)| rule.json(&format!("rules[{i}]"), places);
    let rules: Vec<Json> = rules.iter().enumerate().map(one).collect::<Result<_>>()?;
    root.insert("rules".into(), Json::Array(rules));
    if !settings.is_empty() {
        root.insert("settings".into(), setting::schema(settings, places));
    }
    Ok(Json::Object(root))
}

/// Who made the pack: the attribute's keys, else what Cargo.toml says.
fn about(table: &Table, places: &mut Places) -> Result<Map<String, Json>> {
    let cargo = |key: &str| std::env::var(format!("CARGO_PKG_{key}")).unwrap_or_default();
    let authors = cargo("AUTHORS");
    let authors: Vec<&str> = authors.split(':').filter(|author| !author.is_empty()).collect();
    let homepage = [cargo("HOMEPAGE"), cargo("REPOSITORY")].into_iter().find(|link| !link.is_empty());
    let defaults = [
        ("name", json!(cargo("NAME"))),
        ("version", json!(cargo("VERSION"))),
        ("description", json!(cargo("DESCRIPTION"))),
        ("authors", json!(authors)),
        ("licence", json!(cargo("LICENSE"))),
        ("homepage", json!(homepage.unwrap_or_default())),
    ];
    let mut about = Map::new();
    for (key, default) in defaults {
        let value = match table.get(key) {
            Some(entry) => json::value(&format!("pack.{key}"), &entry.value, places)?,
            None => default,
        };
        about.insert(key.into(), value);
    }
    Ok(about)
}

fn patterns(table: &Table, places: &mut Places) -> Result<Json> {
    let mut patterns = Vec::new();
    let entries = match table.get("patterns").map(|entry| &entry.value) {
        None => return Ok(Json::Array(patterns)),
        Some(Value::Table(table, _)) => &table.entries,
        Some(other) => return Err(Error::new(other.span(), "expected a table of patterns")),
    };
    for (i, entry) in entries.iter().enumerate() {
        let path = format!("patterns[{i}]");
        let Value::Table(table, _) = &entry.value else {
            let expected = "expected a table like { regex: r\"…\" } or { contains: [\"…\"] }";
            return Err(Error::new(entry.value.span(), expected));
        };
        if let Some(name) = table.get("name") {
            return Err(Error::new(name.key.span(), "expected the pattern's name as the table's key only"));
        }
        let mut map = json::table(&path, table, places)?;
        map.insert("name".into(), json!(entry.key.to_string()));
        places.put(&path, entry.value.span());
        places.put(format!("{path}.name"), entry.key.span());
        patterns.push(Json::Object(map));
    }
    Ok(Json::Array(patterns))
}

fn pattern_names(table: &Table) -> Vec<String> {
    match table.get("patterns").map(|entry| &entry.value) {
        Some(Value::Table(table, _)) => table.entries.iter().map(|entry| entry.key.to_string()).collect(),
        _ => Vec::new(),
    }
}

/// What wakes any rule; equal entries once.
fn wakes_on(rules: &[Rule], places: &mut Places) -> Json {
    let mut list: Vec<Json> = Vec::new();
    for rule in rules {
        let On::Any(wakes) = &rule.on else { continue };
        for wake in wakes {
            let json = wake.json(&format!("wakes_on[{}]", list.len()), places);
            if !list.contains(&json) {
                list.push(json);
            }
        }
    }
    Json::Array(list)
}
