//! A page to read: incidents, worst first; faults; what each pack has cost; totals.

mod fault;
pub(super) mod incident;
mod pack;
mod totals;

use std::io::{self, Write};

use jiff::tz::TimeZone;
use tripline_engine::sandbox::LogLine;

use super::excerpt::{Ink, Part};
use super::figures::counted;
use super::paint::{CAPTURE, DIM, ESCAPE};
use super::stored::StoredAs;
use super::visible::{columns, fit, visible, visible_bytes};
use super::{Printer, excerpt, wrap};
use crate::check::{MatchSeen, Outcome};

/// What stands before the lines that belong to the line above.
const INDENT: &str = "    ";
/// Lines of what a pack logged at once.
const LOG_LINES: usize = 8;
/// Columns of one capture of a match.
const CAPTURED: usize = 60;

/// How the page is laid out.
#[derive(Clone, Debug)]
pub struct Look {
    /// Columns of the terminal.
    pub width: usize,
    /// The zone of all times.
    pub zone: TimeZone,
    /// Whether what packs logged is shown.
    pub logs: bool,
    /// Whether it is told how much was read, how fast, and what each pack has cost: of logs, and not of a scan's findings.
    pub figures: bool,
}

/// Writes the page, with colours.
pub struct Human<W> {
    out: W,
    look: Look,
    matches: bool,
}

impl<W: Write + Send> Human<W> {
    /// Writes there.
    pub fn new(out: W, look: Look) -> Self {
        Human { out, look, matches: false }
    }
}

impl<W: Write + Send> Printer for Human<W> {
    fn matched(&mut self, seen: &MatchSeen<'_>) -> io::Result<()> {
        self.matches = true;
        let MatchSeen { file, line, pack, pattern, .. } = seen;
        let place = format!("{}:{line}", visible(file));
        write!(self.out, "{DIM}{place}{DIM:#}  {pack}/{pattern}")?;
        for (name, value) in &seen.captures {
            write!(
                self.out,
                "  {DIM}{name}{DIM:#} {CAPTURE}{}{CAPTURE:#}",
                fit(&visible_bytes(value), CAPTURED)
            )?;
        }
        if seen.captures.is_empty() {
            let used = columns(&place) + pack.len() + pattern.len() + 5;
            write!(self.out, "  ")?;
            parts(
                &mut self.out,
                &excerpt::excerpt(seen.text, &[], self.look.width.saturating_sub(used).max(40)),
            )?;
        }
        writeln!(self.out)
    }

    fn outcome(&mut self, outcome: &Outcome, stored: &[StoredAs]) -> io::Result<()> {
        let (out, look): (&mut dyn Write, _) = (&mut self.out, &self.look);
        let report = &outcome.report;
        if self.matches {
            writeln!(out)?;
        }
        for (i, incident) in report.incidents.iter().enumerate() {
            incident::write(out, incident, &outcome.files, look, stored.get(i))?;
            writeln!(out)?;
        }
        if !report.faults.is_empty() {
            let all = report.packs.iter().map(|pack| pack.judging.faults).sum();
            fault::write(out, &report.faults, all, &outcome.files, look)?;
            writeln!(out)?;
        }
        if look.logs && !report.logs.is_empty() {
            for (pack, line) in &report.logs {
                log(out, pack, line, look)?;
            }
            for pack in report.packs.iter().filter(|pack| pack.judging.logs_dropped > 0) {
                let more = counted(pack.judging.logs_dropped, "more log line", "more log lines");
                writeln!(out, "{DIM}{}: {more}{DIM:#}", visible(&pack.name))?;
            }
            writeln!(out)?;
        }
        if report.lines > 0 && look.figures {
            pack::write(out, &report.packs, look)?;
            writeln!(out)?;
        }
        totals::write(out, outcome, look)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn log(out: &mut dyn Write, pack: &str, line: &LogLine, look: &Look) -> io::Result<()> {
    let head = format!("{} {}:", visible(pack), line.level.as_str());
    let text = format!("{head} {}", visible(&line.text));
    for (i, line) in
        wrap(&text, look.width.saturating_sub(INDENT.len()).max(40), LOG_LINES).iter().enumerate()
    {
        match line.strip_prefix(&head).filter(|_| i == 0) {
            Some(rest) => writeln!(out, "{DIM}{head}{DIM:#}{rest}")?,
            None => writeln!(out, "{INDENT}{line}")?,
        }
    }
    Ok(())
}

/// Writes the parts of an excerpt in their colours.
fn parts(out: &mut dyn Write, parts: &[Part]) -> io::Result<()> {
    for Part { ink, text } in parts {
        match ink {
            Ink::Plain => write!(out, "{text}")?,
            Ink::Capture => write!(out, "{CAPTURE}{text}{CAPTURE:#}")?,
            Ink::Escape => write!(out, "{ESCAPE}{text}{ESCAPE:#}")?,
            Ink::Cut => write!(out, "{DIM}{text}{DIM:#}")?,
        }
    }
    Ok(())
}
