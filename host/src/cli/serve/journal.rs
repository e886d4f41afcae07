//! What a server says, a line each on standard error: for people, or as JSON for programs.

use std::fmt::Debug;
use std::io::{Write, stderr};
use std::mem::take;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
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

/// Where lines go: to a thread that writes them. Whoever says something never waits for who reads it; if nobody does, lines
/// are left out and counted.
pub(super) struct Journal {
    format: LogFormat,
    least: Level,
    queue: Sender<Said>,
    /// Lines that found no room.
    lost: Arc<AtomicU64>,
    strangers: Mutex<Strangers>,
}

/// Lines that wait to be written.
const WAITING: usize = 1024;
/// Lines of a second that are about requests of whoever has no token.
const OF_STRANGERS: u64 = 100;
/// What is said of lines that found no room, behind how many there were.
const LEFT_OUT: &str = " lines were left out: they came faster than they were read";
/// How long the end waits for lines to be written.
const FLUSH: Duration = Duration::from_secs(1);

/// What the thread is told.
enum Said {
    Line(Line, i64),
    Hint(String, i64),
    /// Answered once all before it is written.
    Flush(Sender<()>),
}

impl Journal {
    pub(super) fn new(screen: Screen, format: LogFormat, verbose: bool) -> Journal {
        Journal::to(format, verbose, move |said| write(&screen, format, said))
    }

    /// One whose lines are written so.
    fn to(format: LogFormat, verbose: bool, write: impl Fn(Said) + Send + 'static) -> Journal {
        let (queue, waiting) = bounded(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let missed = Arc::clone(&lost);
        // It ends with the program, or with the last line: who reads may never take another.
        thread::spawn(move || {
            for said in waiting {
                let count = missed.swap(0, Relaxed);
                if count > 0 {
                    let message = format!("{count}{LEFT_OUT}");
                    let line = Line::new(Level::Warning, "left-out", message).with("count", count);
                    write(Said::Line(line, SystemClock.now()));
                }
                write(said);
            }
        });
        let least = if verbose { Level::Detail } else { Level::Info };
        Journal { format, least, queue, lost, strangers: Mutex::default() }
    }

    /// What to do about what was said.
    pub(super) fn hint(&self, hint: &str) {
        self.put(Said::Hint(hint.into(), SystemClock.now()));
    }

    pub(super) fn write(&self, line: Line) {
        if line.level >= self.least {
            self.put(Said::Line(line, SystemClock.now()));
        }
    }

    /// About a request of whoever has no token: of those some are written each second, and the rest is counted. They leave
    /// room for what the server itself says.
    fn stranger(&self, line: Line) {
        if line.level < self.least {
            return;
        }
        let before = self.strangers.lock().unwrap_or_else(PoisonError::into_inner).admit(Instant::now());
        let Some(before) = before.filter(|_| self.queue.len() < WAITING / 2) else { return };
        if before > 0 {
            let message = format!("{before} lines about requests without a token were left out");
            self.write(Line::new(Level::Warning, "left-out", message).with("count", before));
        }
        self.write(line);
    }

    fn put(&self, said: Said) {
        if self.queue.try_send(said).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Waits until all that was said is written, but not for long; whether it is.
    pub(super) fn flush(&self) -> bool {
        let (sender, written) = bounded(1);
        self.queue.send_timeout(Said::Flush(sender), FLUSH).is_ok() && written.recv_timeout(FLUSH).is_ok()
    }
}

/// Has the journal written before its command ends.
pub(super) struct Flushed(pub(super) Arc<Journal>);

impl Drop for Flushed {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// How many lines of this second were of strangers.
#[derive(Default)]
struct Strangers {
    second: Option<Instant>,
    written: u64,
    left_out: u64,
}

impl Strangers {
    /// Whether one more is written; then with how many were left out before.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.second.is_none_or(|second| now.saturating_duration_since(second) >= Duration::from_secs(1)) {
            (self.second, self.written) = (Some(now), 0);
        }
        if self.written >= OF_STRANGERS {
            self.left_out += 1;
            return None;
        }
        self.written += 1;
        Some(take(&mut self.left_out))
    }
}

/// On the thread that may have to wait.
fn write(screen: &Screen, format: LogFormat, said: Said) {
    match (said, format) {
        (Said::Hint(hint, _), LogFormat::Text) => screen.hint(&hint),
        (Said::Hint(hint, at), LogFormat::Json) => put(&Line::new(Level::Info, "hint", hint), at),
        (Said::Line(line, _), LogFormat::Text) => match line.level {
            Level::Error => screen.error(&line.message),
            Level::Warning => screen.warning(&line.message),
            Level::Info | Level::Detail => screen.say(&line.message),
        },
        (Said::Line(line, at), LogFormat::Json) => put(&line, at),
        // Whoever waits may have gone.
        (Said::Flush(written), _) => drop(written.try_send(())),
    }
}

fn put(line: &Line, at: i64) {
    // One write: lines of several programs do not mix. Nobody is left to be told that nobody listens.
    let _ = stderr().lock().write_all(json(line, at).as_bytes());
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
pub(super) struct Traced(pub(super) Arc<Journal>);

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
        let has_token = fields.0.get("token").and_then(Value::as_u64).is_some_and(|token| token > 0);
        let message = fields.message(self.0.format);
        let line = Line { level, event: "http", message, fields: fields.0 };
        match has_token || level == Level::Error {
            true => self.0.write(line),
            false => self.0.stranger(line),
        }
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

    /// As if standard error were a pipe that nobody reads.
    #[test]
    fn nobody_waits_for_who_does_not_read() {
        let (reads, reading) = bounded::<()>(0);
        let (sender, written) = bounded(WAITING + 16);
        let journal = Journal::to(LogFormat::Text, false, move |said| {
            let _ = reading.recv();
            match said {
                Said::Line(line, _) => drop(sender.send(line.message)),
                Said::Hint(..) => {}
                Said::Flush(written) => drop(written.send(())),
            }
        });
        for number in 0..3 * WAITING {
            journal.write(Line::new(Level::Info, "n", number));
        }
        assert!(!journal.flush(), "nothing is written");
        drop(reads);
        journal.flush();
        let written: Vec<String> = written.try_iter().collect();
        assert!(written.iter().any(|line| line == "0"), "{:?}", &written[..2]);
        // Each is written or counted: what found room, and one that the thread had in hand.
        let count = |line: &String| line.strip_suffix(LEFT_OUT)?.parse::<usize>().ok();
        let lost: usize = written.iter().filter_map(count).sum();
        let kept = written.iter().filter(|line| line.parse::<usize>().is_ok()).count();
        assert_eq!(kept + lost, 3 * WAITING);
        assert!((WAITING..=WAITING + 1).contains(&kept), "{kept}");
    }

    #[test]
    fn strangers_have_some_lines_each_second() {
        let (mut strangers, start) = (Strangers::default(), Instant::now());
        let admitted = (0..431).filter(|_| strangers.admit(start).is_some()).count();
        assert_eq!(admitted as u64, OF_STRANGERS);
        assert_eq!(strangers.admit(start + Duration::from_secs(1)), Some(331));
        assert_eq!(strangers.admit(start + Duration::from_secs(1)), Some(0));
    }
}
