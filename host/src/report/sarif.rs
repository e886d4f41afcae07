//! SARIF 2.1.0, as code scanners and their viewers have it: an incident is a result, its evidence are locations.
//!
//! Viewers take `[a](b)` in a message for a link and `{0}` for a place to fill in. Texts come from logs, so both are
//! written as plain characters.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tripline_abi::Severity;
use tripline_abi::manifest::Rule;
use tripline_engine::decision::Evidence;
use tripline_engine::fold::Incident;

use super::stored::StoredAs;
use super::when::rfc3339;
use super::{Printer, strict_json};
use crate::check::{Files, MatchSeen, Outcome};

/// Where the format is written down.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes one run as one document.
pub struct Sarif<W> {
    out: W,
}

impl<W: Write + Send> Sarif<W> {
    /// Writes there.
    pub fn new(out: W) -> Self {
        Sarif { out }
    }
}

impl<W: Write + Send> Printer for Sarif<W> {
    /// A match is no result: nobody has judged it.
    fn matched(&mut self, _: &MatchSeen<'_>) -> io::Result<()> {
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, _: &[StoredAs]) -> io::Result<()> {
        let mut rules: Vec<(&str, &Rule)> = Vec::new();
        let mut results = Vec::new();
        for incident in &outcome.report.incidents {
            let origin = &incident.origin;
            let same = |(pack, rule): &(&str, &Rule)| *pack == origin.pack && rule.id == origin.rule.id;
            let index = rules.iter().position(same).unwrap_or_else(|| {
                rules.push((&origin.pack, &origin.rule));
                rules.len() - 1
            });
            results.push(result(incident, index, &outcome.files));
        }
        let driver = json!({
            "name": "Tripline",
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules.iter().map(|(pack, rule)| descriptor(pack, rule)).collect::<Vec<_>>(),
        });
        let run = json!({
            "tool": { "driver": driver },
            "invocations": [invocation(outcome)],
            "columnKind": "unicodeCodePoints",
            "results": results,
        });
        let document = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
        strict_json::write_pretty(&mut self.out, &document)?;
        self.out.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn descriptor(pack: &str, rule: &Rule) -> Value {
    let mut descriptor = json!({
        "id": id(pack, rule),
        "shortDescription": message(&rule.title),
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": unique(&rule.tags),
            "security-severity": score(rule.severity),
            "falsePositives": rule.false_positives,
        },
    });
    if !rule.description.is_empty() {
        descriptor["fullDescription"] = message(&rule.description);
    }
    let is_address = |reference: &&String| {
        let rest = reference.strip_prefix("https://").or_else(|| reference.strip_prefix("http://"));
        rest.is_some_and(|rest| {
            rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
        })
    };
    if let Some(reference) = rule.references.iter().find(is_address) {
        descriptor["helpUri"] = json!(reference);
    }
    descriptor
}

fn result(incident: &Incident, rule: usize, files: &Files) -> Value {
    let text = match &incident.summary[..] {
        "" => incident.title.clone(),
        summary => format!("{}\n\n{summary}", incident.title),
    };
    let mut values = Map::new();
    values.extend(incident.values.iter().map(|(name, value)| (name.clone(), json!(value))));
    let mut evidence = incident.evidence.iter().map(|evidence| location(evidence, files));
    let mut result = json!({
        "ruleId": id(&incident.origin.pack, &incident.origin.rule),
        "ruleIndex": rule,
        "level": level(incident.severity),
        "message": message(&text),
        "locations": evidence.next().into_iter().collect::<Vec<_>>(),
        "occurrenceCount": incident.count.max(1),
        "properties": {
            "severity": incident.severity.as_str(),
            "first": incident.first.and_then(rfc3339),
            "last": incident.last.and_then(rfc3339),
            "values": values,
            "evidenceDropped": incident.evidence_dropped,
            "overflow": incident.overflow,
        },
    });
    let related: Vec<Value> = evidence.collect();
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    if let Some(fingerprint) = &incident.fingerprint {
        // A digest: it may have any bytes, and what it names is said in the values.
        let digest: String = Sha256::digest(fingerprint).iter().map(|byte| format!("{byte:02x}")).collect();
        result["partialFingerprints"] = json!({ "triplineFingerprint/v1": digest });
    }
    result
}

fn location(evidence: &Evidence, files: &Files) -> Value {
    let file = files.name(evidence.position.source, evidence.position.file);
    let mut region = json!({ "startLine": evidence.position.line.clamp(1, i64::MAX as u64) });
    if let Some(text) = &evidence.text {
        region["snippet"] = json!({ "text": String::from_utf8_lossy(text) });
    }
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": region } })
}

fn invocation(outcome: &Outcome) -> Value {
    let note = |level: &str, text: String| json!({ "level": level, "message": message(&text) });
    let errors = outcome.errors.iter().map(|error| note("error", error.to_string()));
    let faults =
        outcome.report.faults.iter().map(|fault| note("error", format!("{}: {}", fault.pack, fault.fault)));
    let notes = outcome.notes.iter().map(|told| note("warning", told.to_string()));
    let notifications: Vec<Value> = errors.chain(faults).chain(notes).collect();
    let whole = outcome.errors.is_empty() && outcome.report.faults.is_empty() && !outcome.stopped;
    json!({ "executionSuccessful": whole, "toolExecutionNotifications": notifications })
}

fn id(pack: &str, rule: &Rule) -> String {
    format!("{pack}/{}", rule.id)
}

/// SARIF knows three levels of what was found.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "note",
    }
}

/// The number by which viewers sort what is about security, from 0.0 to 10.0.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Informational => "0.0",
    }
}

/// A text without links and without places to fill in.
fn message(text: &str) -> Value {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '{' | '}' => plain.extend([character, character]),
            '[' | ']' | '\\' if text.contains("](") => plain.extend(['\\', character]),
            _ => plain.push(character),
        }
    }
    json!({ "text": plain })
}

/// A file's name as a reference: what is no plain character of a path is written in percent signs.
fn uri(file: &str) -> String {
    let mut uri = String::from(if file.starts_with('/') { "file://" } else { "" });
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte as char)
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn unique(tags: &[String]) -> Vec<&String> {
    let first = |(at, tag): &(usize, &String)| !tags[..*at].contains(tag);
    tags.iter().enumerate().filter(first).map(|(_, tag)| tag).collect()
}
