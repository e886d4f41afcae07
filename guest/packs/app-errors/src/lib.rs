//! Errors in applications' logs, folded by the shape of their message.
//!
//! A line is an error if its level says so, wherever the level stands: in a field, before the message, in brackets,
//! in `level=error`; or if it is a panic or a traceback. The first level of a line decides, so that a line which
//! talks of errors is none.
#![forbid(unsafe_code)]

mod level;
mod shape;

use tripline_sdk::prelude::*;

use crate::level::Rank;

/// What the pack remembers; every part is bounded.
#[derive(Default, State)]
pub struct AppErrors {
    errors: SlidingCount<256>,
    /// Shapes that were seen of late, and how many came newly.
    known: Cooldown<64>,
    fresh: SlidingCount<16>,
    /// Services that make up new shapes all the time.
    crowded: Cooldown<16>,
}

#[tripline_sdk::pack {
    name: "app-errors",
    description: "Errors in applications' logs, folded by the shape of their message: a thousand equal errors are one incident.",
    sources: [{ kind: log }],
    patterns: {
        words: { contains: setting(words) },
        level: { field: "level", equals: ["error", "err", "severe", "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic", "50", "60"], case_insensitive: true },
        severity: { field: "severity", equals: ["error", "err", "severe", "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic"], case_insensitive: true },
        levelname: { field: "levelname", equals: ["error", "fatal", "critical"], case_insensitive: true },
        lvl: { field: "lvl", equals: ["error", "err", "eror", "fatal", "critical", "crit", "panic"], case_insensitive: true },
        log_level: { field: "log.level", equals: ["error", "err", "severe", "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic"], case_insensitive: true },
        priority: { field: "PRIORITY", equals: ["0", "1", "2", "3"] },
        key: {
            regex: r#"(?i)(?:^|[\s,{(\[])["']?(?:level|lvl|severity|log_?level|log\.level|levelname)["']?\s?[=:]\s?["']?(?P<level>emerg(?:ency)?|alert|crit(?:ical)?|fatal|panic|severe|err(?:or)?)(?:["'\s,;})\]]|$)"#,
        },
        better_key: {
            regex: r#"(?i)(?:^|[\s,{(\[])["']?(?:level|lvl|severity|log_?level|log\.level|levelname)["']?\s?[=:]\s?["']?(?:trace|debug|info|notice|warn)"#,
        },
        bracket: {
            regex: r#"^[^"]{0,60}?\[(?:[a-z][a-z0-9_]*:)?(?P<level>error|crit|alert|emerg)\](?:\s|$)"#,
        },
        crash: {
            regex: r#"(?:^|\n)(?:thread '[^'\n]{0,200}' (?:\(\d+\) )?panicked at |panic: |fatal error: |Kernel panic - |Traceback \(most recent call last\):|Exception in thread "|Unhandled (?:exception|promise rejection)|Uncaught |PHP (?:Fatal|Parse) error: |terminate called |Segmentation fault)"#,
        },
        exception: {
            regex: r"^(?:[a-z_][0-9A-Za-z_$]*\.)*(?:[A-Z][0-9A-Za-z_$]*)?(?:Exception|Error)(?:: |\n|$)",
        },
        glog: { regex: r"^(?P<level>[EF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^\s:]+:\d+\] " },
        access: { field: "timestamp", regex: r"^\d\d/[A-Z][a-z][a-z]/\d{4}:" },
        ignored: { contains: setting(ignore) },
    },
    settings: {
        /// Words that mean an error where they stand by themselves, in this case.
        words: { strings: ["ERROR", "FATAL", "CRITICAL", "SEVERE", "PANIC"], max_items: 100, min_length: 1, max_length: 100 },
        /// Texts that make a line no error.
        ignore: { strings: [], max_items: 100, min_length: 1, max_length: 200 },
        /// Errors of one shape that make an incident.
        threshold: { integer: 1, min: 1, max: 1000 },
        /// Seconds in which they must happen.
        window: { integer: 600, min: 1, max: 86400 },
        /// New shapes of one service within `window` after which further new ones are one incident together.
        shapes: { integer: 50, min: 1, max: 1000 },
    },
}]
impl AppErrors {
    /// Lines of level error or worse, panics and tracebacks. Numbers, addresses, paths, quotations and ids do not
    /// matter for whether two are the same. Fatal ones and crashes are high.
    #[rule {
        id: "application-error",
        title: "Errors in an application's log",
        severity: medium,
        tags: ["attack.initial-access", "attack.t1190"],
        references: ["https://attack.mitre.org/techniques/T1190/"],
        false_positives: ["applications that log ordinary refusals as errors", "words that mean something else here"],
        dedupe_window: 86400,
        resolve_after: 86400,
        on: [
            { all: [level], none: [ignored] },
            { all: [severity], none: [ignored] },
            { all: [levelname], none: [ignored] },
            { all: [lvl], none: [ignored] },
            { all: [log_level], none: [ignored] },
            { all: [priority], none: [ignored] },
            { all: [crash], none: [ignored] },
            { all: [exception], none: [ignored] },
            { all: [glog], none: [ignored] },
            { all: [bracket], none: [ignored, access] },
            { all: [key], none: [ignored, access] },
            { all: [words], none: [ignored, access] },
        ],
    }]
    fn error(&mut self, event: &Event, settings: &Settings) -> Option<Decision> {
        let (level, severity) = judge(event, settings)?;
        let service = event.service().unwrap_or_default();
        let shape = shape::shape(event.message().as_bytes());
        let shape = match (self.is_one_too_many(event, service, &shape, settings), shape.is_empty()) {
            (true, _) => b"many different errors".to_vec(),
            (_, true) => b"an error without a message".to_vec(),
            _ => shape,
        };
        let burst = self.errors.hit(event, (service, &shape), settings.threshold, settings.window)?;
        let mut name = service.as_bytes().to_vec();
        if !name.is_empty() {
            name.extend_from_slice(b": ");
        }
        name.extend_from_slice(&shape);
        let decision = Decision::new(&name).title(Text::new(&name).head(200)).severity(severity);
        let decision = decision.value("service", event.service()).value("level", level);
        Some(decision.value("errors", burst.total).evidence(&burst.ids))
    }

    /// Whether a shape is new where too many are: text that a stranger chooses must not make an incident a line.
    fn is_one_too_many(&mut self, event: &Event, service: Text, shape: &[u8], settings: &Settings) -> bool {
        let key = (service, shape);
        if !self.known.is_running(event, key, settings.window) {
            let crowded = self.crowded.is_running(event, service, settings.window)
                || self.fresh.hit(event, service, settings.shapes + 1, settings.window).is_some();
            if crowded {
                self.crowded.start(event, service);
                return true;
            }
        }
        self.known.start(event, key);
        false
    }
}

/// The level of an error and how bad it is; `None` for a line that is none after all.
fn judge<'a>(event: &Event<'a>, settings: &'a Settings) -> Option<(Text<'a>, Severity)> {
    // A field says it best, also that the line is no error.
    for field in [field::LEVEL, field::SEVERITY, field::LEVELNAME, field::LVL, field::LOG_LEVEL] {
        let Some(level) = event.field(field) else { continue };
        match level::rank(level) {
            Rank::Better => return None,
            Rank::Error(severity) => return Some((level, severity)),
            Rank::Unknown => {}
        }
    }
    if event.has(pattern::CRASH) {
        return Some((Text::from("crash"), Severity::High));
    }
    for capture in [pattern::glog::LEVEL, pattern::bracket::LEVEL, pattern::key::LEVEL] {
        let Some(level) = event.capture(capture) else { continue };
        if let Rank::Error(severity) = level::rank(level) {
            return Some((level, severity));
        }
    }
    if event.has(pattern::EXCEPTION) {
        return Some((Text::from("exception"), Severity::Medium));
    }
    let text = event.message().as_bytes();
    if event.has(pattern::BETTER_KEY) {
        return None;
    }
    if let Some(word) = level::word(text, &settings.words) {
        let word = Text::from(word);
        let severity =
            if let Rank::Error(severity) = level::rank(word) { severity } else { Severity::Medium };
        return Some((word, severity));
    }
    // The journal's priority comes last: what a program writes to standard error has one, whatever it says.
    let priority =
        event.field(field::PRIORITY).filter(|_| event.has(pattern::PRIORITY) && !level::says_better(text))?;
    Some((priority, if priority == "3" { Severity::Medium } else { Severity::High }))
}
