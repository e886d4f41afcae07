//! Stored incidents for programs: the objects of a check with what the database adds, and rows of a table.

use std::io::{self, Write};

use serde::Serialize;

use super::objects::{IncidentObject, Pairs};
use super::stored::{StoredAs, folded};
use super::when::rfc3339;
use super::{listed, strict_json, visible};
use crate::check::Files;
use crate::incidents::{Entry, Evidence, Incident};

/// The columns of an exported table.
pub const CSV_HEAD: [&str; 20] = [
    "id",
    "tenant",
    "state",
    "resolution",
    "severity",
    "pack",
    "rule",
    "fingerprint",
    "generation",
    "title",
    "summary",
    "count",
    "first",
    "last",
    "opened",
    "changed",
    "assignee",
    "values",
    "tags",
    "sources",
];

/// One object on a line of its own.
pub fn json_line(out: &mut dyn Write, incident: &Incident, evidence: &[Evidence]) -> io::Result<()> {
    let mut files = Files::default();
    let folded = folded(incident, evidence, &mut files);
    let stored = StoredAs::of(incident);
    strict_json::write(out, &IncidentObject::new(&folded, &files, Some(&stored)))?;
    out.write_all(b"\n")
}

/// One object with its timeline, on a line of its own.
pub fn json_whole(
    out: &mut dyn Write,
    incident: &Incident,
    evidence: &[Evidence],
    timeline: &[Entry],
) -> io::Result<()> {
    strict_json::write(out, &listed::whole(incident, evidence, timeline))?;
    out.write_all(b"\n")
}

/// One object, for whoever adds to it.
pub(crate) fn object(incident: &Incident, evidence: &[Evidence]) -> serde_json::Value {
    let mut files = Files::default();
    let folded = folded(incident, evidence, &mut files);
    let stored = StoredAs::of(incident);
    serde_json::to_value(IncidentObject::new(&folded, &files, Some(&stored))).unwrap_or_default()
}

/// All in one document.
pub fn json_page(out: &mut dyn Write, incidents: &[Incident]) -> io::Result<()> {
    let mut files = Files::default();
    let folded: Vec<_> =
        incidents.iter().map(|one| (folded(one, &[], &mut files), StoredAs::of(one))).collect();
    let object = |(folded, stored)| IncidentObject::new(folded, &files, Some(stored));
    let objects: Vec<_> = folded.iter().map(|(folded, stored)| object((folded, stored))).collect();
    strict_json::write_pretty(out, &serde_json::json!({ "incidents": objects }))?;
    out.write_all(b"\n")
}

/// Rows of a table.
pub fn csv_table<const N: usize>(
    rows: impl IntoIterator<Item = io::Result<[String; N]>>,
) -> io::Result<Vec<u8>> {
    let mut bytes = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    rows.into_iter().try_for_each(|row| Ok::<_, io::Error>(bytes.write_record(row?)?))?;
    bytes.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// Several things in one cell, as JSON: whatever they say, they can be told apart again.
fn cell(things: &impl Serialize) -> io::Result<String> {
    let mut cell = Vec::new();
    strict_json::write(&mut cell, things)?;
    String::from_utf8(cell).map_err(io::Error::other)
}

/// A row of the table; values, tags and sources are JSON. What a spreadsheet would take for a formula is quoted by a `'` (abuse case A12).
pub fn csv_row(incident: &Incident) -> io::Result<[String; 20]> {
    let time = |time: Option<i64>| time.and_then(rfc3339).unwrap_or_default();
    let fingerprint = incident.fingerprint.given().map(String::from_utf8_lossy).unwrap_or_default();
    let row = [
        incident.id.to_string(),
        incident.tenant.to_string(),
        incident.state.to_string(),
        incident.resolution.map(|resolution| resolution.to_string()).unwrap_or_default(),
        incident.severity.as_str().into(),
        incident.pack.clone(),
        incident.rule.clone(),
        fingerprint.into_owned(),
        incident.generation.to_string(),
        incident.title.clone(),
        incident.summary.clone(),
        incident.count.to_string(),
        time(incident.first),
        time(incident.last),
        time(Some(incident.opened)),
        time(Some(incident.changed)),
        incident.assignee.clone().unwrap_or_default(),
        cell(&Pairs::of(&incident.values))?,
        cell(&incident.tags)?,
        cell(&incident.sources)?,
    ];
    Ok(row.map(|cell| {
        let cell = visible(&cell);
        if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
    }))
}
