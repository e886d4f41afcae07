//! The objects of `ndjson` and `json`, as `FORMAT.md` has them. Converted by hand: the engine's types may change,
//! these may not.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use tripline_abi::Severity;
use tripline_engine::decision::Evidence;
use tripline_engine::fold::Incident;
use tripline_engine::sandbox::LogLine;
use tripline_engine::{PackFault, PackReport, Report};

use super::stored::StoredAs;
use super::when::rfc3339;
use crate::check::{Files, InputError, MatchSeen, Outcome};

/// The version of the format.
pub(super) const VERSION: u32 = 1;

#[derive(Serialize)]
pub(super) struct IncidentObject<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    stored: Option<&'a StoredAs>,
    pack: &'a str,
    rule: &'a str,
    severity: &'static str,
    fingerprint: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint_hex: Option<String>,
    title: &'a str,
    summary: &'a str,
    count: u64,
    first: Option<String>,
    last: Option<String>,
    values: Pairs<&'a str, &'a str>,
    tags: &'a [String],
    overflow: bool,
    evidence: Vec<EvidenceObject<'a>>,
    evidence_dropped: u64,
}

#[derive(Serialize)]
struct EvidenceObject<'a> {
    file: &'a str,
    line: u64,
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "is_false")]
    cut: bool,
    #[serde(skip_serializing_if = "is_false")]
    lossy: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    captures: Vec<[u32; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

#[derive(Serialize)]
pub(super) struct MatchObject<'a> {
    r#type: &'static str,
    file: &'a str,
    line: u64,
    pack: &'a str,
    pattern: &'a str,
    captures: Pairs<&'a str, Cow<'a, str>>,
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "is_false")]
    lossy: bool,
}

#[derive(Serialize)]
pub(super) struct FaultObject<'a> {
    r#type: &'static str,
    pack: &'a str,
    rule: Option<&'a str>,
    fault: &'static str,
    message: String,
    file: Option<&'a str>,
    line: Option<u64>,
    quarantined: bool,
    state_lost: bool,
}

#[derive(Serialize)]
pub(super) struct ErrorObject<'a> {
    r#type: &'static str,
    file: Cow<'a, str>,
    message: String,
}

#[derive(Serialize)]
pub(super) struct LogObject<'a> {
    r#type: &'static str,
    pack: &'a str,
    level: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
pub(super) struct PackObject<'a> {
    r#type: &'static str,
    pack: &'a str,
    version: &'a str,
    events: u64,
    matches: u64,
    batches: u64,
    decisions: u64,
    faults: u64,
    logs_dropped: u64,
    match_seconds: f64,
    cpu_seconds: f64,
    memory: u64,
    starts: u64,
    suspended: bool,
    quarantined: bool,
}

#[derive(Serialize)]
pub(super) struct SummaryObject {
    r#type: &'static str,
    version: u32,
    lines: u64,
    bytes: u64,
    matches: u64,
    incidents: u64,
    severities: Pairs<&'static str, u64>,
    faults: u64,
    errors: u64,
    stopped: bool,
    seconds: f64,
}

impl<'a> IncidentObject<'a> {
    pub(super) fn new(incident: &'a Incident, files: &'a Files, stored: Option<&'a StoredAs>) -> Self {
        let fingerprint = incident.fingerprint.as_deref().map(String::from_utf8_lossy);
        let exact = |bytes: &&Vec<u8>| std::str::from_utf8(bytes).is_err();
        IncidentObject {
            r#type: "incident",
            stored,
            pack: &incident.origin.pack,
            rule: &incident.origin.rule.id,
            severity: incident.severity.as_str(),
            fingerprint,
            fingerprint_hex: incident.fingerprint.as_ref().filter(exact).map(|bytes| hex(bytes)),
            title: &incident.title,
            summary: &incident.summary,
            count: incident.count,
            first: incident.first.and_then(rfc3339),
            last: incident.last.and_then(rfc3339),
            values: Pairs::of(&incident.values),
            tags: &incident.origin.rule.tags,
            overflow: incident.overflow,
            evidence: (incident.evidence.iter())
                .map(|evidence| EvidenceObject::new(evidence, files, stored.is_some()))
                .collect(),
            evidence_dropped: incident.evidence_dropped,
        }
    }
}

impl<'a> EvidenceObject<'a> {
    fn new(evidence: &'a Evidence, files: &'a Files, stored: bool) -> Self {
        let text = evidence.text.as_deref().map(String::from_utf8_lossy);
        let lossy = evidence.text.as_deref().is_some_and(|bytes| std::str::from_utf8(bytes).is_err());
        // Places in a text that is not as it was would be wrong.
        let places = if stored && !lossy { &evidence.captures[..] } else { &[] };
        EvidenceObject {
            file: files.name(evidence.position.source, evidence.position.file),
            line: evidence.position.line,
            lossy,
            text,
            cut: evidence.cut,
            captures: places.iter().map(|(start, end)| [*start, *end]).collect(),
            offset: stored.then_some(evidence.position.offset),
            sha256: evidence.digest.filter(|_| stored).map(|digest| hex(&digest)),
        }
    }
}

impl<'a> MatchObject<'a> {
    pub(super) fn new(seen: &'a MatchSeen<'a>) -> Self {
        let capture = |(name, value): &(&'a str, &'a [u8])| (*name, String::from_utf8_lossy(value));
        MatchObject {
            r#type: "match",
            file: seen.file,
            line: seen.line,
            pack: seen.pack,
            pattern: seen.pattern,
            captures: Pairs(seen.captures.iter().map(capture).collect()),
            text: String::from_utf8_lossy(seen.text),
            // Captures may come from a decoded value, so the line says nothing of them.
            lossy: (seen.captures.iter().map(|(_, value)| *value))
                .chain([seen.text])
                .any(|bytes| std::str::from_utf8(bytes).is_err()),
        }
    }
}

impl<'a> FaultObject<'a> {
    pub(super) fn new(fault: &'a PackFault, files: &'a Files) -> Self {
        FaultObject {
            r#type: "fault",
            pack: &fault.pack,
            rule: fault.rule.as_deref(),
            fault: fault.fault.code(),
            message: fault.fault.to_string(),
            file: fault.event.map(|at| files.name(at.source, at.file)),
            line: fault.event.map(|at| at.line),
            quarantined: fault.quarantined,
            state_lost: fault.state_lost,
        }
    }
}

impl<'a> ErrorObject<'a> {
    pub(super) fn new(error: &'a InputError) -> Self {
        let message = error.to_string();
        ErrorObject { r#type: "error", file: error.path.to_string_lossy(), message }
    }
}

impl<'a> LogObject<'a> {
    pub(super) fn new(pack: &'a str, line: &'a LogLine) -> Self {
        LogObject { r#type: "log", pack, level: line.level.as_str(), text: &line.text }
    }
}

impl<'a> PackObject<'a> {
    pub(super) fn new(pack: &'a PackReport) -> Self {
        PackObject {
            r#type: "pack",
            pack: &pack.name,
            version: &pack.version,
            events: pack.judging.events,
            matches: pack.judging.matches,
            batches: pack.judging.batches,
            decisions: pack.judging.decisions,
            faults: pack.judging.faults,
            logs_dropped: pack.judging.logs_dropped,
            match_seconds: seconds(pack.matching.time),
            cpu_seconds: seconds(pack.judging.cpu),
            memory: pack.judging.memory,
            starts: pack.judging.starts,
            suspended: pack.matching.suspended,
            quarantined: pack.judging.quarantined,
        }
    }
}

impl SummaryObject {
    pub(super) fn new(outcome: &Outcome) -> Self {
        let report = &outcome.report;
        let severities =
            Severity::ALL.into_iter().rev().map(|severity| (severity.as_str(), of(report, severity)));
        SummaryObject {
            r#type: "summary",
            version: VERSION,
            lines: report.lines,
            bytes: outcome.bytes,
            matches: report.matches,
            incidents: report.incidents.len() as u64,
            severities: Pairs(severities.collect()),
            faults: report.faults.len() as u64,
            errors: outcome.errors.len() as u64,
            stopped: outcome.stopped,
            seconds: seconds(outcome.elapsed),
        }
    }
}

/// How many incidents have this severity.
pub(super) fn of(report: &Report, severity: Severity) -> u64 {
    report.incidents.iter().filter(|incident| incident.severity == severity).count() as u64
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// To the microsecond: more digits would be noise.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

fn is_false(value: &bool) -> bool {
    !value
}

/// An object with its keys in this order; of equal keys the last one counts, as most readers of JSON have it.
pub(super) struct Pairs<K, V>(Vec<(K, V)>);

impl<'a> Pairs<&'a str, &'a str> {
    /// Named texts.
    pub(super) fn of(pairs: &'a [(String, String)]) -> Self {
        Pairs(pairs.iter().map(|(name, text)| (&name[..], &text[..])).collect())
    }
}

impl<K: Serialize + PartialEq, V: Serialize> Serialize for Pairs<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (i, (key, value)) in self.0.iter().enumerate() {
            if self.0[i + 1..].iter().all(|(later, _)| later != key) {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}
