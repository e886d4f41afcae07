use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use tripline_abi::manifest::SettingsError;
use tripline_engine::{Configured, Pack};

use super::document::Document;
use super::masking::only_lines;
use super::table::{Keys, nearest};
use super::{ConfigurationError, Place, Problem};

/// The tables `[packs.NAME]` of one or more files, to be checked against the packs' manifests.
#[derive(Clone, Debug, Default)]
pub struct PackSettings {
    tables: BTreeMap<String, PackTable>,
}

#[derive(Clone, Debug)]
struct PackTable {
    file: Arc<File>,
    given: Map<String, Json>,
    name: Range<usize>,
    span: Range<usize>,
    keys: BTreeMap<String, KeySpans>,
}

#[derive(Debug)]
struct File {
    path: std::path::PathBuf,
    text: String,
}

#[derive(Clone, Debug)]
struct KeySpans {
    key: Range<usize>,
    value: Range<usize>,
    items: Vec<Range<usize>>,
}

impl PackSettings {
    /// Reads a file that has such tables and nothing else.
    pub fn read(path: &Path) -> Result<PackSettings, ConfigurationError> {
        let document = Document::read(path)?;
        let parsed = document.parse()?;
        let mut out = PackSettings::default();
        for (key, value) in parsed.get_ref() {
            if key.get_ref() != "packs" {
                return Err(document.hiding(
                    Problem::OnlyPacks(key.get_ref().to_string()),
                    key.span(),
                    value.span(),
                ));
            }
            out = PackSettings::of(&document, value.get_ref(), value.span(), &[])?;
        }
        Ok(out)
    }

    /// `but`: keys that are no packs.
    pub(super) fn of(
        document: &Document,
        value: &DeValue<'_>,
        span: Range<usize>,
        but: Keys,
    ) -> Result<PackSettings, ConfigurationError> {
        let table = |value: &'_ DeValue<'_>, span: &Range<usize>| match value.type_str() {
            "table" => Ok(()),
            found => Err(document
                .wrong(Problem::Type { key: "packs".into(), expected: "a table", found }, span.clone())),
        };
        table(value, &span)?;
        let (path, text) = (document.path.clone(), document.masked());
        let file = Arc::new(File { path, text });
        let mut tables = BTreeMap::new();
        let all = value.as_table().into_iter().flatten();
        for (name, inner) in all.filter(|(name, _)| !but.contains(&&**name.get_ref())) {
            table(inner.get_ref(), &inner.span())?;
            let entries = inner.get_ref().as_table();
            let spans = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
                let items = value.get_ref().as_array().into_iter().flat_map(|items| items.iter());
                let items = items.map(Spanned::span).collect();
                (key.get_ref().to_string(), KeySpans { key: key.span(), value: value.span(), items })
            };
            let keys = entries.into_iter().flatten().map(spans).collect();
            let given = entries.map(map).unwrap_or_default();
            let one =
                PackTable { file: Arc::clone(&file), given, name: name.span(), span: inner.span(), keys };
            tables.insert(name.get_ref().to_string(), one);
        }
        Ok(PackSettings { tables })
    }

    /// Both; where both name a pack, this one's table stands.
    pub fn over(mut self, other: PackSettings) -> PackSettings {
        for (name, table) in other.tables {
            self.tables.entry(name).or_insert(table);
        }
        self
    }

    /// The packs that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// Takes the tables out that name none of these packs; answers what is wrong with each.
    pub fn strangers(&mut self, known: &[&str]) -> Vec<ConfigurationError> {
        let strange = self.tables.extract_if(.., |name, _| !known.contains(&&**name));
        strange.map(|(name, table)| table.stranger(&name, known)).collect()
    }

    /// Without the packs of which this is false: they are not there.
    pub fn retain(&mut self, there: impl Fn(&str) -> bool) {
        self.tables.retain(|name, _| there(name));
    }

    /// Gives the wanted ones of these packs their settings. What is said of the others is checked, too.
    pub fn configure(
        &self,
        packs: &[Arc<Pack>],
        wanted: &[bool],
    ) -> Result<Vec<Configured>, ConfigurationError> {
        for (name, table) in &self.tables {
            if packs.iter().all(|pack| pack.name() != name) {
                let known: Vec<&str> = packs.iter().map(|pack| pack.name()).collect();
                return Err(table.stranger(name, &known));
            }
        }
        let mut configured = Vec::new();
        for (pack, wanted) in packs.iter().zip(wanted) {
            let table = self.tables.get(pack.name());
            if !wanted && table.is_none() {
                continue;
            }
            let given = table.map(|table| table.given.clone()).unwrap_or_default();
            let one = Configured::new(Arc::clone(pack), &given).map_err(|error| {
                let span = table.map(|table| (table, table.span_of(&error)));
                let nearest = match &error {
                    SettingsError::Unknown { name, known } => nearest(name, known.iter().map(String::as_str)),
                    _ => None,
                };
                let problem = Problem::Settings { pack: pack.name().into(), nearest, error: Box::new(error) };
                match span {
                    Some((table, span)) => table.wrong(problem, span),
                    None => problem.into(),
                }
            })?;
            if *wanted {
                configured.push(one);
            }
        }
        Ok(configured)
    }
}

impl PackTable {
    /// It names a pack that is not there.
    fn stranger(&self, name: &str, known: &[&str]) -> ConfigurationError {
        let nearest = nearest(name, known.iter().copied());
        let known = known.iter().map(|name| name.to_string()).collect();
        self.wrong(Problem::Pack { name: name.into(), nearest, known }, self.name.clone())
    }

    fn wrong(&self, problem: Problem, span: Range<usize>) -> ConfigurationError {
        let File { path, text } = &*self.file;
        ConfigurationError {
            problem,
            place: Some(Box::new(Place { path: path.clone(), text: only_lines(text, &span), span })),
        }
    }

    /// Where an error is: at the key, at the value or item, or at the table as a whole.
    fn span_of(&self, error: &SettingsError) -> Range<usize> {
        let found = match error {
            SettingsError::Unknown { name, .. } => self.keys.get(name).map(|spans| spans.key.clone()),
            SettingsError::Value { name, .. } => {
                let (name, index) = name.split_once('[').unwrap_or((name, ""));
                let index = index.trim_end_matches(']').parse::<usize>().ok();
                let spans = self.keys.get(name);
                let item = || spans?.items.get(index?).cloned();
                item().or_else(|| spans.map(|spans| spans.value.clone()))
            }
            SettingsError::Missing { .. } => None,
        };
        found.unwrap_or_else(|| self.span.clone())
    }
}

fn map(table: &DeTable<'_>) -> Map<String, Json> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect()
}

/// What TOML has and JSON has not becomes a text, which no setting but a text takes.
fn json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.to_string().into(), Json::from),
        DeValue::Float(number) => {
            let finite = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
            finite.map_or_else(|| number.to_string().into(), Json::Number)
        }
        DeValue::Boolean(value) => Json::from(*value),
        DeValue::Datetime(time) => Json::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => Json::Object(map(table)),
    }
}
