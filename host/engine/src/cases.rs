//! Case files: lines in, decisions out, and a sentence why. A bug is a new file.
//!
//! ```text
//! Three failed passwords within the window are one incident.
//! --- settings                              TOML, as an operator would write it; may be left out
//! threshold = 3
//! --- lines year=2024                       also format=rfc3164, timezone=+02:00, escapes (\xNN, \n and \\ in lines);
//!                                           what a scan found has format=finding
//! Dec 10 06:55:48 host sshd[1]: Failed password for root from 192.0.2.7 port 1 ssh2
//! --- decisions                             nothing here: nothing is decided
//! high password-guessing "192.0.2.7" at line 3
//!   title    Password guessing over SSH from 192.0.2.7
//!   evidence 1 2 3
//! ```
//!
//! A case with several parts `--- lines` has as many sources, which are merged by the times of their lines; line 3 of the
//! second is then `2.3`.
//!
//! A case holds when its decisions are the same in batches of one, of seven, and of all entries.

mod written;

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::tz::{Offset, TimeZone};

use crate::decision::{Decision, Evidence};
use crate::judge::{BatchLimits, JudgeLimits};
use crate::line::LineSettings;
use crate::matcher::MatchLimits;
use crate::sandbox::Sandbox;
use crate::{Check, Configured, Pack, PackFault, Position, Report};

pub use self::written::write;

/// Entries of a batch, one run for each.
const BATCHES: [u32; 3] = [1, 7, u32::MAX];

/// A case, as it is written.
#[derive(Clone, Debug)]
pub struct Case {
    why: String,
    settings: toml::Table,
    head: Vec<u8>,
    sources: Vec<(LineSettings, Vec<u8>)>,
    /// The decisions that it expects, as text.
    pub expected: String,
}

/// Why a file is no case, or a case cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A part is missing.
    #[error("expected a part `--- {0}`, found none")]
    Missing(&'static str),
    /// A part's head says something that is not known.
    #[error("expected settings, lines or decisions behind `---`, found {0:?}")]
    Part(String),
    /// A word behind `--- lines` is not known.
    #[error("expected year=…, format=…, timezone=… or escapes behind `--- lines`, found {0:?}")]
    Option(String),
    /// There is no sentence why.
    #[error("expected a sentence that says why before the first part")]
    Why,
    /// The settings are no TOML.
    #[error("its settings: {0}")]
    Toml(#[from] toml::de::Error),
    /// A part is no UTF-8.
    #[error("expected UTF-8 outside of lines; write other bytes as \\xNN with `--- lines escapes`")]
    Utf8,
    /// The pack does not take the settings.
    #[error(transparent)]
    Settings(#[from] tripline_abi::manifest::SettingsError),
    /// The pack's patterns cannot be matched.
    #[error(transparent)]
    Matcher(#[from] crate::matcher::MatcherError),
}

/// What a case gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What it expects, in every batch size.
    Holds,
    /// Something else.
    Differs {
        /// Entries of a batch in the run that differs.
        batch: u32,
        /// What was expected.
        expected: String,
        /// What came.
        found: String,
    },
}

impl Case {
    /// Reads a case file.
    pub fn parse(bytes: &[u8]) -> Result<Case, CaseError> {
        let mut case = Case {
            why: String::new(),
            settings: toml::Table::new(),
            head: Vec::new(),
            sources: Vec::new(),
            expected: String::new(),
        };
        let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| CaseError::Utf8);
        let mut decisions = false;
        for (head, body) in parts(bytes) {
            let head = utf8(head)?;
            let mut words = head.split_whitespace();
            match words.next() {
                None => case.why = utf8(body)?.trim().to_string(),
                Some("settings") => case.settings = utf8(body)?.parse()?,
                Some("lines") => case.sources.push(source(words, body)?),
                Some("decisions") => {
                    decisions = true;
                    case.expected = utf8(body)?;
                }
                Some(other) => return Err(CaseError::Part(other.into())),
            }
            if !decisions {
                case.head.extend_from_slice(if head.is_empty() { b"" } else { b"--- " });
                case.head.extend_from_slice(head.as_bytes());
                case.head.extend_from_slice(if head.is_empty() { b"" } else { b"\n" });
                case.head.extend_from_slice(body);
            }
        }
        match (case.why.is_empty(), case.sources.is_empty(), decisions) {
            (true, ..) => Err(CaseError::Why),
            (_, true, _) => Err(CaseError::Missing("lines")),
            (_, _, false) => Err(CaseError::Missing("decisions")),
            _ => Ok(case),
        }
    }

    /// The sentence that says why.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The settings that it gives the pack.
    pub fn settings(&self) -> &toml::Table {
        &self.settings
    }

    /// Its sources: how their lines are read, and their bytes.
    pub fn sources(&self) -> &[(LineSettings, Vec<u8>)] {
        &self.sources
    }

    /// Runs the case in every batch size.
    pub fn run(&self, sandbox: &Arc<dyn Sandbox>, pack: &Arc<Pack>) -> Result<Outcome, CaseError> {
        let expected = self.expected.trim_end();
        for batch in BATCHES {
            let found = self.decide(sandbox, pack, batch)?;
            if found.trim_end() != expected {
                return Ok(Outcome::Differs { batch, expected: expected.into(), found });
            }
        }
        Ok(Outcome::Holds)
    }

    /// What the pack decides on the case's lines, as text.
    pub fn decide(
        &self,
        sandbox: &Arc<dyn Sandbox>,
        pack: &Arc<Pack>,
        batch: u32,
    ) -> Result<String, CaseError> {
        let given = serde_json::to_value(&self.settings).ok();
        let given = given.and_then(|value| value.as_object().cloned()).unwrap_or_default();
        let configured = Configured::new(Arc::clone(pack), &given)?;
        let batch = BatchLimits { entries: batch, ..BatchLimits::default() };
        let judging = JudgeLimits { batch, ..JudgeLimits::default() };
        let (sources, lines, matching) =
            (self.sources.len(), LineSettings::default(), MatchLimits::default());
        let mut check = Check::with(Arc::clone(sandbox), &[configured], sources, lines, matching, judging)?;
        for (source, (settings, _)) in (0..).zip(&self.sources) {
            check = check.lines_of(source, settings.clone());
        }
        let mut check = check.keep_decisions();
        for (source, (_, lines)) in (0..).zip(&self.sources) {
            check.feed_source(source, lines);
        }
        Ok(decided(&check.finish(), sources))
    }

    /// The case's file with these decisions instead of those that it expects.
    pub fn updated(&self, decisions: &str) -> Vec<u8> {
        [&self.head[..], b"--- decisions\n", decisions.as_bytes()].concat()
    }
}

/// Decisions and faults of a check of so many sources that kept its decisions, as a case expects them.
pub fn decided(report: &Report, sources: usize) -> String {
    let mut out = String::new();
    let place = Place { several: sources > 1 };
    report.decisions.iter().for_each(|decision| render(decision, place, &mut out));
    report.faults.iter().for_each(|fault| render_fault(fault, place, &mut out));
    out
}

/// A part of lines: how they are read, and what they are.
fn source<'a>(
    words: impl Iterator<Item = &'a str>,
    body: &[u8],
) -> Result<(LineSettings, Vec<u8>), CaseError> {
    let (mut settings, mut lines) = (LineSettings::default(), body.to_vec());
    for word in words {
        let unknown = || CaseError::Option(word.into());
        match word.split_once('=').unwrap_or((word, "")) {
            ("escapes", "") => lines = unescaped(&lines),
            ("year", year) => settings.year = Some(year.parse().map_err(|_| unknown())?),
            ("format", format) => settings.format = Some(format.parse().map_err(|_| unknown())?),
            ("timezone", zone) => settings.timezone = fixed_offset(zone).ok_or_else(unknown)?,
            _ => return Err(unknown()),
        }
    }
    Ok((settings, lines))
}

/// The file's parts: the words behind `---` (none for the first part) and the bytes below.
fn parts(bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let (mut parts, mut head, mut start, mut at) = (Vec::new(), &b""[..], 0, 0);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if let Some(words) = line.strip_prefix(b"--- ") {
            parts.push((head, &bytes[start..at]));
            head = words.trim_ascii();
            start = at + line.len();
        }
        at += line.len();
    }
    parts.push((head, &bytes[start..]));
    parts
}

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        let hex =
            |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
        let (escaped, length) = match (byte, tail) {
            (b'\\', [b'x', a, b, ..]) => (hex(&[*a, *b]), 4),
            (b'\\', [b'n', ..]) => (Some(b'\n'), 2),
            (b'\\', [b'\\', ..]) => (Some(b'\\'), 2),
            _ => (None, 1),
        };
        out.push(escaped.unwrap_or(byte));
        rest = &rest[if escaped.is_some() { length } else { 1 }..];
    }
    out
}

/// `UTC`, `+02:00`, `-05:30`: names of zones need a database, which cases do without.
fn fixed_offset(zone: &str) -> Option<TimeZone> {
    if zone.eq_ignore_ascii_case("utc") {
        return Some(TimeZone::UTC);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Offset::from_seconds(sign * seconds).ok().map(TimeZone::fixed)
}

/// How a case names a line: with its source, if there are several.
#[derive(Clone, Copy)]
struct Place {
    several: bool,
}

impl Place {
    fn of(self, position: &Position) -> String {
        match self.several {
            true => format!("{}.{}", position.source + 1, position.line),
            false => position.line.to_string(),
        }
    }
}

fn render(decision: &Decision, place: Place, out: &mut String) {
    let fingerprint = match &decision.fingerprint {
        Some(bytes) => format!(" \"{}\"", bytes.escape_ascii()),
        None => String::new(),
    };
    let at = match (&decision.trigger, decision.time) {
        (Some(position), _) => format!("line {}", place.of(position)),
        (None, Some(time)) => format!("tick {}", time.div_euclid(1_000_000_000)),
        (None, None) => "tick".into(),
    };
    let _ = writeln!(out, "{} {}{fingerprint} at {at}", decision.severity, decision.origin.rule.id);
    let line = |evidence: &Evidence| place.of(&evidence.position);
    let mut evidence: Vec<String> = decision.evidence.iter().map(line).collect();
    if decision.evidence_gone > 0 {
        evidence.push(format!("+{}", decision.evidence_gone));
    }
    let mut rows: Vec<(&str, String)> = vec![("title", decision.title.clone())];
    if !decision.summary.is_empty() {
        rows.push(("summary", decision.summary.clone()));
    }
    rows.extend(decision.values.iter().map(|(name, value)| (&name[..], value.clone())));
    if !evidence.is_empty() {
        rows.push(("evidence", evidence.join(" ")));
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in rows {
        let value: String = value.chars().flat_map(visible).collect();
        let _ = writeln!(out, "  {name:width$} {value}");
    }
}

fn render_fault(fault: &PackFault, place: Place, out: &mut String) {
    let at = fault.event.map(|position| format!(" at line {}", place.of(&position))).unwrap_or_default();
    let quarantined = if fault.quarantined { ", out" } else { "" };
    let _ = writeln!(out, "fault {}{at}{quarantined}\n  {}", fault.fault.code(), fault.fault);
}

/// A control character as its escape: one row is one line.
fn visible(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

/// A test that runs every `cases/*.case` of the crate natively; with `UPDATE=1` it rewrites what they expect.
///
/// ```ignore
/// tripline_engine::test_cases!(MyPack);
/// ```
#[macro_export]
macro_rules! test_cases {
    ($guest:ty) => {
        #[test]
        fn cases() {
            use $crate::cases::{Case, Outcome};
            let manifest = <$guest as $crate::abi::Guest>::manifest();
            let pack = std::sync::Arc::new($crate::Pack::from_manifest(manifest).expect("a good manifest"));
            let sandbox: std::sync::Arc<dyn $crate::sandbox::Sandbox> =
                std::sync::Arc::new($crate::Native::<$guest>::default());
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
            let files =
                std::fs::read_dir(folder).expect("a folder of cases").map(|entry| entry.unwrap().path());
            let mut files: Vec<_> =
                files.filter(|path| path.extension().is_some_and(|end| end == "case")).collect();
            files.sort();
            assert!(!files.is_empty(), "expected *.case files in {folder}, found none");
            let mut failures = Vec::new();
            for file in &files {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let case = match Case::parse(&std::fs::read(file).expect("a readable case")) {
                    Ok(case) => case,
                    Err(error) => {
                        failures.push(format!("{name}: {error}"));
                        continue;
                    }
                };
                if std::env::var_os("UPDATE").is_some() {
                    let found = case.decide(&sandbox, &pack, u32::MAX).expect("a case that runs");
                    std::fs::write(file, case.updated(&found)).expect("a writable case");
                    continue;
                }
                match case.run(&sandbox, &pack) {
                    Ok(Outcome::Holds) => {}
                    Ok(Outcome::Differs { batch, expected, found }) => failures.push(format!(
                        "{name} (batches of {batch}): {}\n--- expected\n{expected}\n--- found\n{found}",
                        case.why()
                    )),
                    Err(error) => failures.push(format!("{name}: {error}")),
                }
            }
            assert!(failures.is_empty(), "{}", failures.join("\n\n"));
        }
    };
}
