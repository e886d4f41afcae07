//! The operator's settings: `[packs.NAME]` tables of a TOML file, checked against the packs' manifests.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use tripline_abi::manifest::SettingsError;
use tripline_engine::{Configured, Pack};

use super::Failure;
use crate::report::visible;

/// What is wrong with a settings file, and where in it.
#[derive(Debug)]
pub(super) struct SettingsFailure {
    problem: Problem,
    place: Option<Box<Place>>,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    text: String,
    span: Range<usize>,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{}: cannot read it: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{0}")]
    Toml(String),
    #[error("expected tables [packs.NAME] and nothing else, found `{0}`")]
    Key(String),
    #[error("expected a table, found {0}")]
    NoTable(&'static str),
    #[error("there is no pack `{name}`; there are {}", known.join(", "))]
    Pack { name: String, known: Vec<String> },
    #[error("pack `{pack}`: {error}")]
    Settings { pack: String, error: SettingsError },
}

impl From<SettingsFailure> for Failure {
    fn from(SettingsFailure { problem, place }: SettingsFailure) -> Failure {
        let hint = match &problem {
            Problem::Settings { pack, error: SettingsError::Missing { name } } => {
                Some(format!("give it with --settings FILE.toml: `{name} = …` in a table [packs.{pack}]"))
            }
            _ => None,
        };
        Failure::new(visible(&problem.to_string())).drawing(place.as_deref().map(draw)).hint(hint)
    }
}

/// A file of settings.
#[derive(Default)]
pub(super) struct Settings {
    path: PathBuf,
    text: String,
}

impl Settings {
    /// Reads the file, if there is one.
    pub(super) fn read(path: Option<&Path>) -> Result<Settings, SettingsFailure> {
        let Some(path) = path else { return Ok(Settings::default()) };
        let failed =
            |error| SettingsFailure { problem: Problem::Io { path: path.into(), error }, place: None };
        Ok(Settings { path: path.into(), text: fs::read_to_string(path).map_err(failed)? })
    }

    /// Gives the wanted ones of these packs their settings. What the file says of the others is checked, too.
    pub(super) fn configure(
        &self,
        packs: &[Arc<Pack>],
        wanted: &[bool],
    ) -> Result<Vec<Configured>, SettingsFailure> {
        let root = DeTable::parse(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.wrong(Problem::Toml(error.message().into()), span)
        })?;
        let mut tables: Vec<(&str, &Spanned<DeValue<'_>>)> = Vec::new();
        for (key, value) in root.get_ref() {
            if key.get_ref() != "packs" {
                return Err(self.wrong(Problem::Key(key.get_ref().to_string()), key.span()));
            }
            for (name, table) in self.table(value)? {
                if packs.iter().all(|pack| pack.name() != name.get_ref()) {
                    let known = packs.iter().map(|pack| pack.name().to_string()).collect();
                    return Err(
                        self.wrong(Problem::Pack { name: name.get_ref().to_string(), known }, name.span())
                    );
                }
                tables.push((name.get_ref(), table));
            }
        }
        let mut configured = Vec::new();
        for (pack, wanted) in packs.iter().zip(wanted) {
            let table = tables.iter().find(|(name, _)| *name == pack.name()).map(|(_, table)| *table);
            if !wanted && table.is_none() {
                continue;
            }
            let one = self.one(pack, table)?;
            if *wanted {
                configured.push(one);
            }
        }
        Ok(configured)
    }

    fn one(
        &self,
        pack: &Arc<Pack>,
        table: Option<&Spanned<DeValue<'_>>>,
    ) -> Result<Configured, SettingsFailure> {
        let values = table.map(|table| self.table(table)).transpose()?;
        let given: Map<String, Json> = (values.into_iter().flatten())
            .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
            .collect();
        Configured::new(Arc::clone(pack), &given).map_err(|error| {
            let span = table.map(|table| span_of(&error, table));
            let problem = Problem::Settings { pack: pack.name().into(), error };
            match span {
                Some(span) => self.wrong(problem, span),
                None => SettingsFailure { problem, place: None },
            }
        })
    }

    fn table<'a, 'i>(&self, value: &'a Spanned<DeValue<'i>>) -> Result<&'a DeTable<'i>, SettingsFailure> {
        let kind = value.get_ref().type_str();
        value.get_ref().as_table().ok_or_else(|| self.wrong(Problem::NoTable(kind), value.span()))
    }

    fn wrong(&self, problem: Problem, span: Range<usize>) -> SettingsFailure {
        let place = Place { path: self.path.clone(), text: self.text.clone(), span };
        SettingsFailure { problem, place: Some(Box::new(place)) }
    }
}

/// Where in a pack's table an error is: at the key, at the value or item, or at the table as a whole.
fn span_of(error: &SettingsError, table: &Spanned<DeValue<'_>>) -> Range<usize> {
    let entry = |wanted: &str| table.get_ref().as_table()?.iter().find(|(key, _)| key.get_ref() == wanted);
    let found = match error {
        SettingsError::Unknown { name, .. } => entry(name).map(|(key, _)| key.span()),
        SettingsError::Value { name, .. } => {
            let (name, index) = name.split_once('[').unwrap_or((name, ""));
            let value = entry(name).map(|(_, value)| value);
            let index = index.trim_end_matches(']').parse::<usize>().ok();
            let item = || value?.get_ref().as_array()?.get(index?).map(Spanned::span);
            item().or_else(|| value.map(Spanned::span))
        }
        SettingsError::Missing { .. } => None,
    };
    found.unwrap_or_else(|| table.span())
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
        DeValue::Table(table) => {
            let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                let key: &std::borrow::Cow<'_, str> = key.get_ref();
                (key.to_string(), json(value.get_ref()))
            };
            Json::Object(table.iter().map(entry).collect())
        }
    }
}

/// The lines of the file with the place underlined.
fn draw(place: &Place) -> String {
    let Place { path, text, span } = place;
    let snippet = Snippet::source(text.as_str())
        .path(path.display().to_string())
        .annotation(AnnotationKind::Primary.span(span.clone()));
    Renderer::styled().render(&[Group::with_level(Level::ERROR).element(snippet)])
}
