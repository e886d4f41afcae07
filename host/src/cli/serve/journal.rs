//! What a server says, a line each on standard error: for people, or as JSON for programs.

use std::fmt::Debug;
use std::io::{Write, stderr};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use super::super::Screen;
use super::super::arguments::LogFormat;
use crate::report::rfc3339;
use crate::wall_clock::{SystemClock, WallClock};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// One among many of its kind: shown if somebody asks for it.
    Detail,
    /// What was done.
    Info,
    /// What is worth knowing.
    Warning,
    /// What went wrong.
    Error,
}

/// One line.
pub(super) struct Line {
    pub(super) level: Level,
    /// What it is, for programs: a word that stays.
    pub(super) event: &'static str,
    /// For people.
    pub(super) message: String,
    /// What the message says, for programs.
    pub(super) fields: Map<String, Value>,
}

impl Line {
    pub(super) fn new(level: Level, event: &'static str, message: impl ToString) -> Line {
        Line { level, event, message: message.to_string(), fields: Map::new() }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Line {
        self.fields.insert(name.into(), value.into());
        self
    }
}

/// Where lines go.
pub(super) struct Journal {
    screen: Screen,
    format: LogFormat,
    least: Level,
}

impl Journal {
    pub(super) fn new(screen: Screen, format: LogFormat, verbose: bool) -> Journal {
        let least = if verbose { Level::Detail } else { Level::Info };
        Journal { screen, format, least }
    }

    /// What to do about what was said.
    pub(super) fn hint(&self, hint: &str) {
        match self.format {
            LogFormat::Text => self.screen.hint(hint),
            LogFormat::Json => self.write(&Line::new(Level::Info, "hint", hint)),
        }
    }

    pub(super) fn write(&self, line: &Line) {
        if line.level < self.least {
            return;
        }
        match self.format {
            LogFormat::Text => match line.level {
                Level::Error => self.screen.error(&line.message),
                Level::Warning => self.screen.warning(&line.message),
                Level::Info | Level::Detail => self.screen.say(&line.message),
            },
            LogFormat::Json => {
                // One write: lines of several threads do not mix. Nobody is left to be told that nobody listens.
                let _ = stderr().lock().write_all(json(line, SystemClock.now()).as_bytes());
            }
        }
    }
}

fn json(line: &Line, now: i64) -> String {
    let level = match line.level {
        Level::Detail => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let mut object = Map::new();
    object.insert("time".into(), rfc3339(now).into());
    object.insert("level".into(), level.into());
    object.insert("event".into(), line.event.into());
    object.insert("message".into(), line.message.clone().into());
    for (name, value) in &line.fields {
        object.entry(name.clone()).or_insert_with(|| value.clone());
    }
    format!("{}\n", Value::Object(object))
}

/// What the library traces comes into the journal; what its dependencies trace does not.
pub(super) struct Traced(pub(super) std::sync::Arc<Journal>);

impl Subscriber for Traced {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().split("::").next() == Some("tripline")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        // No span is enabled.
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warning,
            tracing::Level::INFO => Level::Info,
            _ => Level::Detail,
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.message(self.0.format);
        self.0.write(&Line { level, event: "http", message, fields: fields.0 });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    /// Its message; for people with the fields behind it.
    fn message(&mut self, format: LogFormat) -> String {
        let message = self.0.remove("message");
        let mut text = message.as_ref().and_then(Value::as_str).unwrap_or_default().to_string();
        if format == LogFormat::Text {
            for (name, value) in &self.0 {
                text.push_str(&format!(" {name}={value}"));
            }
        }
        text
    }

    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().into(), value.into());
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_one_line_and_its_own_fields_stay() {
        let line =
            Line::new(Level::Warning, "cut", "a\nb\u{1b}[31m").with("path", "x\"y").with("level", "none");
        let expected = "{\"event\":\"cut\",\"level\":\"warning\",\"message\":\"a\\nb\\u001b[31m\",\"path\":\"x\\\"y\",\
                        \"time\":\"1970-01-01T00:00:01Z\"}\n";
        let sorted: Value = serde_json::from_str(&json(&line, 1_000_000_000)).unwrap_or_default();
        assert_eq!(sorted, serde_json::from_str::<Value>(expected).unwrap_or_default());
        assert_eq!(json(&line, 0).matches('\n').count(), 1);
    }
}
