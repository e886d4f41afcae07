use std::io::{self, Write};

use tripline_abi::Severity;

use super::Look;
use crate::check::Outcome;
use crate::report::figures::{bytes, counted, duration};
use crate::report::objects::of;
use crate::report::paint::{self, DIM, ERROR, GOOD, WARNING};
use crate::report::when::zone_name;

/// Writes what it comes to.
pub(super) fn write(out: &mut dyn Write, outcome: &Outcome, look: &Look) -> io::Result<()> {
    let report = &outcome.report;
    incidents(out, outcome, look)?;
    if outcome.stopped {
        writeln!(out, "{WARNING}Stopped before the end:{WARNING:#} this is what was found until then.")?;
    }
    if !outcome.errors.is_empty() {
        let errors = counted(outcome.errors.len() as u64, "input", "inputs");
        writeln!(out, "{ERROR}{errors} could not be read{ERROR:#}, or not to the end.")?;
    }
    if !look.figures {
        return Ok(());
    }
    let rate = outcome.bytes as f64 / outcome.elapsed.as_secs_f64().max(1e-9);
    let lines = counted(report.lines, "line", "lines");
    let matches = counted(report.matches, "match", "matches");
    write!(out, "{DIM}{lines}, {}, {matches} in {}", bytes(outcome.bytes), duration(outcome.elapsed))?;
    if outcome.bytes > 0 {
        write!(out, " ({}/s)", bytes(rate as u64))?;
    }
    writeln!(out, "{DIM:#}")
}

/// What became of decisions that led to no new incident.
fn decided(outcome: &Outcome) -> Vec<String> {
    let Some(committed) = &outcome.committed else { return Vec::new() };
    let counts =
        [(committed.known, "known already"), (committed.excepted, "covered by an exception")].into_iter();
    let words = |(count, what): (u64, &str)| format!("{} {what}", counted(count, "decision", "decisions"));
    counts.filter(|(count, _)| *count > 0).map(words).collect()
}

fn incidents(out: &mut dyn Write, outcome: &Outcome, look: &Look) -> io::Result<()> {
    let report = &outcome.report;
    if report.incidents.is_empty() {
        let calm = report.faults.is_empty() && outcome.errors.is_empty() && !outcome.stopped;
        let decided = decided(outcome);
        return match (report.lines, calm) {
            (0, _) if look.figures => writeln!(out, "No incident, and no line to find one in."),
            _ if !decided.is_empty() => {
                writeln!(out, "{GOOD}No new incident:{GOOD:#} {}.", decided.join(", "))
            }
            (_, true) if !look.figures => writeln!(out, "{GOOD}No incident.{GOOD:#}"),
            (_, true) => writeln!(out, "{GOOD}No incident.{GOOD:#} Nothing in these lines worried a pack."),
            (_, false) => writeln!(out, "No incident in what was checked."),
        };
    }
    write!(out, "{}: ", counted(report.incidents.len() as u64, "incident", "incidents"))?;
    let counts = Severity::ALL.into_iter().rev().map(|severity| (severity, of(report, severity)));
    for (i, (severity, count)) in counts.filter(|(_, count)| *count > 0).enumerate() {
        let colour = paint::severity(severity);
        let comma = if i == 0 { "" } else { ", " };
        write!(out, "{comma}{colour}{count} {severity}{colour:#}")?;
    }
    if report.incidents.iter().any(|incident| incident.first.is_some()) {
        write!(out, "{DIM}; times are in {}{DIM:#}", zone_name(&look.zone))?;
    }
    writeln!(out)
}
