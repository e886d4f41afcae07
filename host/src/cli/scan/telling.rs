//! How scans are told with what rules decided of them, whoever judged: this program, or a server.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use super::buffer::Buffer;
use crate::cli::arguments::{Format, JudgeArguments};
use crate::cli::watch::Watch;
use crate::cli::{Failure, Screen};
use crate::report::Printer;
use crate::report::human::{Human, Look};
use crate::report::json::Json;
use crate::report::ndjson::Ndjson;
use crate::report::scans::{Findings, of_type};
use crate::report::strict_json::{self, List, With};

/// Tells scans, and what was decided.
pub(super) struct Telling<'a> {
    format: Format,
    verbose: bool,
    zone: &'a TimeZone,
    screen: &'a Screen,
    /// What was decided, for programs: the scans come before it.
    decided: Buffer,
}

impl<'a> Telling<'a> {
    pub(super) fn new(arguments: &JudgeArguments, zone: &'a TimeZone, screen: &'a Screen) -> Telling<'a> {
        let JudgeArguments { format, verbose, .. } = *arguments;
        Telling { format, verbose, zone, screen, decided: Buffer::default() }
    }

    /// What tells what is decided.
    pub(super) fn watch(&self) -> Watch {
        let (logs, out) = (self.verbose, self.decided.clone());
        let printer: Box<dyn Printer> = match self.format {
            Format::Human => {
                let look = Look { width: self.screen.width(), zone: self.zone.clone(), logs, figures: false };
                Box::new(Human::new(self.screen.coloured(), look))
            }
            Format::Ndjson => Box::new(Ndjson::new(out, logs).without_figures()),
            Format::Json => Box::new(Json::new(out, false, logs).without_figures()),
        };
        Watch::new(printer, None)
    }

    /// Puts out what a program reads: scans, each with its findings, and what was decided. A person has it already.
    pub(super) fn finish(self, scans: Vec<(Value, Box<Findings<'_>>)>) -> Result<(), Failure> {
        let decided = self.decided.taken();
        match self.format {
            Format::Human => Ok(()),
            Format::Ndjson => self.screen.put(|out| {
                for (scan, findings) in scans {
                    line(out, &of_type("scan", scan))?;
                    findings().try_for_each(|finding| line(out, &of_type("finding", finding)))?;
                }
                out.write_all(&decided)
            }),
            Format::Json => {
                let check: Value = serde_json::from_slice(&decided).unwrap_or_default();
                let (heads, findings): (Vec<Value>, Vec<_>) =
                    scans.into_iter().map(|(scan, findings)| (of_type("scan", scan), findings)).unzip();
                let scans = heads.iter().zip(&findings).map(|(object, findings)| With {
                    object,
                    name: "findings",
                    value: List::of(findings()),
                });
                self.screen.put(|out| {
                    strict_json::write_pretty(out, &Document { scans: List::of(scans), check: &check })?;
                    out.write_all(b"\n")
                })
            }
        }
    }
}

/// What a program reads of scans, and of what rules made of them.
#[derive(Serialize)]
struct Document<'a, S> {
    scans: S,
    check: &'a Value,
}

fn line(out: &mut dyn Write, object: &Value) -> io::Result<()> {
    strict_json::write(out, object)?;
    out.write_all(b"\n")
}
