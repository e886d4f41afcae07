//! One object a line, the summary last; `FORMAT.md` says what is in them.

use std::io::{self, Write};

use serde::Serialize;

use super::objects::{
    ErrorObject, FaultObject, IncidentObject, LogObject, MatchObject, PackObject, SummaryObject,
};
use super::stored::StoredAs;
use super::{Printer, strict_json};
use crate::check::{MatchSeen, Outcome};

/// Writes objects, one a line.
pub struct Ndjson<W> {
    out: W,
    logs: bool,
    figures: bool,
}

impl<W: Write + Send> Ndjson<W> {
    /// Writes there; `logs`: also what packs logged.
    pub fn new(out: W, logs: bool) -> Self {
        Ndjson { out, logs, figures: true }
    }

    /// Without packs and summary: what is judged is no log.
    pub fn without_figures(self) -> Self {
        Ndjson { figures: false, ..self }
    }

    fn line(&mut self, object: &impl Serialize) -> io::Result<()> {
        strict_json::write(&mut self.out, object)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write + Send> Printer for Ndjson<W> {
    fn matched(&mut self, seen: &MatchSeen<'_>) -> io::Result<()> {
        self.line(&MatchObject::new(seen))
    }

    fn outcome(&mut self, outcome: &Outcome, stored: &[StoredAs]) -> io::Result<()> {
        let (report, files) = (&outcome.report, &outcome.files);
        for (i, incident) in report.incidents.iter().enumerate() {
            self.line(&IncidentObject::new(incident, files, stored.get(i)))?;
        }
        for fault in &report.faults {
            self.line(&FaultObject::new(fault, files))?;
        }
        for error in &outcome.errors {
            self.line(&ErrorObject::new(error))?;
        }
        if self.logs {
            for (pack, line) in &report.logs {
                self.line(&LogObject::new(pack, line))?;
            }
        }
        if !self.figures {
            return Ok(());
        }
        for pack in &report.packs {
            self.line(&PackObject::new(pack))?;
        }
        self.line(&SummaryObject::new(outcome))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
