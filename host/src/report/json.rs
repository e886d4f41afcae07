//! One document of the objects of [`super::ndjson`], one object on each of its lines.

use std::io::{self, Write};

use serde::Serialize;

use super::objects::{
    ErrorObject, FaultObject, IncidentObject, LogObject, MatchObject, PackObject, SummaryObject, VERSION,
};
use super::stored::StoredAs;
use super::{Printer, strict_json};
use crate::check::{MatchSeen, Outcome};

/// Writes the document as it grows, so that a million matches need no memory.
pub struct Json<W> {
    out: W,
    matches: bool,
    logs: bool,
    figures: bool,
    /// Matches written so far; `None`: the document has not been started.
    written: Option<u64>,
}

impl<W: Write + Send> Json<W> {
    /// Writes there; `matches`, `logs`: whether the document has these lists.
    pub fn new(out: W, matches: bool, logs: bool) -> Self {
        Json { out, matches, logs, figures: true, written: None }
    }

    /// Without packs and summary: what is judged is no log.
    pub fn without_figures(self) -> Self {
        Json { figures: false, ..self }
    }

    fn start(&mut self) -> io::Result<u64> {
        if let Some(written) = self.written {
            return Ok(written);
        }
        self.written = Some(0);
        write!(self.out, "{{\n\"version\":{VERSION}")?;
        if self.matches {
            write!(self.out, ",\n\"matches\":[")?;
        }
        Ok(0)
    }

    fn list<T: Serialize>(&mut self, name: &str, objects: impl Iterator<Item = T>) -> io::Result<()> {
        write!(self.out, ",\n\"{name}\":[")?;
        for (i, object) in objects.enumerate() {
            self.item(i as u64, &object)?;
        }
        self.out.write_all(b"\n]")
    }

    fn item(&mut self, before: u64, object: &impl Serialize) -> io::Result<()> {
        self.out.write_all(if before == 0 { b"\n" } else { b",\n" })?;
        strict_json::write(&mut self.out, object)
    }
}

impl<W: Write + Send> Printer for Json<W> {
    fn matched(&mut self, seen: &MatchSeen<'_>) -> io::Result<()> {
        let written = self.start()?;
        self.written = Some(written + 1);
        self.item(written, &MatchObject::new(seen))
    }

    fn outcome(&mut self, outcome: &Outcome, stored: &[StoredAs]) -> io::Result<()> {
        self.start()?;
        if self.matches {
            self.out.write_all(b"\n]")?;
        }
        let (report, files) = (&outcome.report, &outcome.files);
        let incidents = report.incidents.iter().enumerate();
        let incidents = incidents.map(|(i, one)| IncidentObject::new(one, files, stored.get(i)));
        self.list("incidents", incidents)?;
        self.list("faults", report.faults.iter().map(|fault| FaultObject::new(fault, files)))?;
        self.list("errors", outcome.errors.iter().map(ErrorObject::new))?;
        if self.logs {
            self.list("logs", report.logs.iter().map(|(pack, line)| LogObject::new(pack, line)))?;
        }
        if self.figures {
            self.list("packs", report.packs.iter().map(PackObject::new))?;
            self.out.write_all(b",\n\"summary\":")?;
            strict_json::write(&mut self.out, &SummaryObject::new(outcome))?;
        }
        self.out.write_all(b"\n}\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
