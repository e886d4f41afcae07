use std::io::{self, Write};

use tripline_engine::decision::Evidence;
use tripline_engine::fold::Incident;

use super::{INDENT, Look, parts};
use crate::check::Files;
use crate::report::excerpt::{Ink, Part, excerpt, lines};
use crate::report::figures::grouped;
use crate::report::paint::{self, BOLD, DIM};
use crate::report::stored::StoredAs;
use crate::report::visible::{columns, fit, fit_end, visible};
use crate::report::when;
use crate::report::wrap::{broken, rows, wrap};

/// Lines of a summary; programs get it whole.
const SUMMARY_LINES: usize = 3;
/// Columns of one value's name, and of one value.
const NAME: usize = 15;
const VALUE: usize = 60;
/// Columns that a file and line may take, or a quarter of the page.
const PLACE: usize = 22;
const GAP: &str = "   ";

/// Writes one incident, with some of its evidence.
pub(super) fn write(
    out: &mut dyn Write,
    incident: &Incident,
    files: &Files,
    look: &Look,
    stored: Option<&StoredAs>,
) -> io::Result<()> {
    let width = head(out, incident, look, stored, Whole(false))?;
    let last = incident.evidence.len().saturating_sub(1);
    let mut chosen = vec![0, last / 2, last];
    chosen.dedup();
    let chosen: Vec<&Evidence> = chosen.into_iter().filter_map(|i| incident.evidence.get(i)).collect();
    samples(out, &chosen, files, width)
}

/// Writes one incident, with all that is kept of it.
pub(in crate::report) fn write_whole(
    out: &mut dyn Write,
    incident: &Incident,
    files: &Files,
    look: &Look,
    stored: Option<&StoredAs>,
) -> io::Result<()> {
    let width = head(out, incident, look, stored, Whole(true))?;
    exhibits(out, &incident.evidence, files, width)
}

/// Whether all of it is shown, however long it is.
#[derive(Clone, Copy)]
struct Whole(bool);

fn head(
    out: &mut dyn Write,
    incident: &Incident,
    look: &Look,
    stored: Option<&StoredAs>,
    whole: Whole,
) -> io::Result<usize> {
    let number = stored.map_or_else(String::new, |stored| format!("#{} ", stored.id));
    let colour = paint::severity(incident.severity);
    let word = incident.severity.as_str().to_uppercase();
    let count = if incident.count > 1 { format!("  ×{}", grouped(incident.count)) } else { String::new() };
    let room = look.width.saturating_sub(word.len() + 2 + number.len() + columns(&count)).max(20);
    let title = visible(&incident.title);
    let title = if whole.0 { wrap(&title, room, usize::MAX) } else { vec![fit(&title, room)] };
    let first = title.first().map_or("", |line| &line[..]);
    writeln!(out, "{colour}{word}{colour:#}  {number}{BOLD}{first}{BOLD:#}{count}")?;
    for line in title.iter().skip(1) {
        writeln!(out, "{INDENT}{BOLD}{line}{BOLD:#}")?;
    }
    let (pack, rule) = (&incident.origin.pack, &incident.origin.rule.id);
    write!(out, "{INDENT}{DIM}{}/{}", visible(pack), visible(rule))?;
    if let Some(span) = when::span(incident.first, incident.last, &look.zone) {
        write!(out, "{GAP}{span}")?;
    }
    writeln!(out, "{DIM:#}")?;
    let width = look.width.saturating_sub(INDENT.len());
    let most = if whole.0 { usize::MAX } else { SUMMARY_LINES };
    for line in wrap(&visible(&incident.summary), width, most) {
        writeln!(out, "{INDENT}{line}")?;
    }
    values(out, &incident.values, width, whole)?;
    Ok(width)
}

fn values(out: &mut dyn Write, values: &[(String, String)], width: usize, whole: Whole) -> io::Result<()> {
    let shown = |(name, value): &(String, String)| match (visible(name), visible(value)) {
        shown if whole.0 => shown,
        (name, value) => (fit(&name, NAME), fit(&value, VALUE)),
    };
    let values: Vec<(String, String)> = values.iter().map(shown).collect();
    let widths: Vec<usize> = values.iter().map(|(name, value)| columns(name) + 1 + columns(value)).collect();
    let mut values = values.iter();
    for count in rows(&widths, GAP.len(), width) {
        write!(out, "{INDENT}")?;
        for (i, (name, value)) in values.by_ref().take(count).enumerate() {
            let gap = if i == 0 { "" } else { GAP };
            // What is longer than a line is alone on its own.
            let room = width.saturating_sub((columns(name) + 1).max(INDENT.len())).max(20);
            let broken = lines(&[Part { ink: Ink::Plain, text: value.clone() }], room);
            let text = |line: &Vec<Part>| line.iter().map(|part| &part.text[..]).collect::<String>();
            let value = broken.iter().map(text).collect::<Vec<_>>().join(&format!("\n{INDENT}{INDENT}"));
            write!(out, "{gap}{DIM}{name}{DIM:#} {value}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Lines of evidence, all that is kept of them, below the names of their files.
fn exhibits(out: &mut dyn Write, evidence: &[Evidence], files: &Files, width: usize) -> io::Result<()> {
    let name = |evidence: &Evidence| files.name(evidence.position.source, evidence.position.file);
    let number = |evidence: &Evidence| evidence.position.line.to_string();
    let widest = evidence.iter().map(|one| number(one).len()).max().unwrap_or(0);
    let space = INDENT.len() + widest + 2;
    let mut before = None;
    for evidence in evidence {
        if before != Some(name(evidence)) {
            before = Some(name(evidence));
            let name = broken(&visible(name(evidence)), width).join(&format!("\n{INDENT}"));
            writeln!(out, "{INDENT}{DIM}{name}{DIM:#}")?;
        }
        let mut shown = match &evidence.text {
            None => vec![Part { ink: Ink::Cut, text: "(the line is no longer kept)".into() }],
            Some(text) => excerpt(text, &evidence.captures, usize::MAX),
        };
        if evidence.cut && evidence.text.is_some() {
            shown.push(Part { ink: Ink::Cut, text: "…".into() });
        }
        for (i, line) in lines(&shown, width.saturating_sub(space).max(20)).iter().enumerate() {
            match i {
                0 => write!(out, "{INDENT}{INDENT}{DIM}{:>widest$}{DIM:#}  ", number(evidence))?,
                _ => write!(out, "{INDENT}{:space$}", "")?,
            }
            parts(out, line)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Lines of evidence, each with its place.
fn samples(out: &mut dyn Write, chosen: &[&Evidence], files: &Files, width: usize) -> io::Result<()> {
    let place = |evidence: &&Evidence| {
        let name = files.name(evidence.position.source, evidence.position.file);
        fit_end(&format!("{}:{}", visible(name), evidence.position.line), (width / 4).max(PLACE))
    };
    let places: Vec<String> = chosen.iter().map(place).collect();
    let widest = places.iter().map(|place| columns(place)).max().unwrap_or(0);
    for (evidence, place) in chosen.iter().zip(&places) {
        let space = widest - columns(place);
        write!(out, "{INDENT}{DIM}{place}{DIM:#}{:space$}  ", "")?;
        match &evidence.text {
            None => write!(out, "{DIM}(the line is no longer kept){DIM:#}")?,
            Some(text) => {
                let room = width.saturating_sub(widest + 2 + usize::from(evidence.cut));
                let mut shown = excerpt(text, &evidence.captures, room);
                if evidence.cut && shown.last().is_none_or(|part| part.ink != Ink::Cut) {
                    shown.push(Part { ink: Ink::Cut, text: "…".into() });
                }
                parts(out, &shown)?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}
