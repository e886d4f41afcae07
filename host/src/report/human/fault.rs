use std::io::{self, Write};

use tripline_engine::sandbox::Trap;
use tripline_engine::{Fault, PackFault};

use super::{INDENT, Look};
use crate::check::Files;
use crate::report::figures::{counted, grouped};
use crate::report::paint::{DIM, ERROR, HINT};
use crate::report::visible::{fit_end, visible};
use crate::report::wrap;

/// Kinds of faults that are shown; programs get all of them.
const SHOWN: usize = 20;
/// Lines of one fault: a panic's text may be long.
const LINES: usize = 8;

/// Writes faults, equal ones once; so many there were in `all`.
pub(super) fn write(
    out: &mut dyn Write,
    faults: &[PackFault],
    all: u64,
    files: &Files,
    look: &Look,
) -> io::Result<()> {
    let kinds = kinds(faults);
    let mut hinted = Vec::new();
    for (fault, count) in kinds.iter().take(SHOWN) {
        one(out, fault, *count, files, look)?;
        if let Some(hint) = hint(&fault.fault).filter(|hint| !hinted.contains(hint)) {
            hinted.push(hint);
            let mut lines =
                wrap(hint, look.width.saturating_sub(INDENT.len() + 6).max(20), LINES).into_iter();
            writeln!(out, "{INDENT}{HINT}hint:{HINT:#} {}", lines.next().unwrap_or_default())?;
            lines.try_for_each(|line| writeln!(out, "{INDENT}      {line}"))?;
        }
    }
    let more = all.saturating_sub(faults.len() as u64);
    if more > 0 {
        let more = counted(more, "more fault was counted", "more faults were counted");
        writeln!(out, "{DIM}and {more}, not kept{DIM:#}")?;
    }
    if kinds.len() > SHOWN {
        let more = counted((kinds.len() - SHOWN) as u64, "more kind of fault", "more kinds of faults");
        writeln!(out, "{DIM}and {more}; --format ndjson shows all{DIM:#}")?;
    }
    Ok(())
}

/// The first fault of each kind, and how many there are.
fn kinds(faults: &[PackFault]) -> Vec<(&PackFault, u64)> {
    let mut kinds: Vec<(&PackFault, u64)> = Vec::new();
    for fault in faults {
        let same = |known: &&mut (&PackFault, u64)| {
            known.0.pack == fault.pack
                && known.0.rule == fault.rule
                && known.0.fault.code() == fault.fault.code()
                && known.0.quarantined == fault.quarantined
        };
        match kinds.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => kinds.push((fault, 1)),
        }
    }
    kinds
}

fn one(out: &mut dyn Write, fault: &PackFault, count: u64, files: &Files, look: &Look) -> io::Result<()> {
    let times = if count > 1 { format!(" ×{}", grouped(count)) } else { String::new() };
    let text = visible(&fault.to_string()) + &times;
    let room = look.width.saturating_sub(INDENT.len() + 3).max(20);
    let mut lines = wrap(&text, room, LINES).into_iter();
    writeln!(out, "{ERROR}FAULT{ERROR:#}  {}", lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| writeln!(out, "{INDENT}{line}"))?;
    if let Some(at) = fault.event {
        let place = format!("{}:{}", visible(files.name(at.source, at.file)), at.line);
        let first = if count > 1 { "first at " } else { "at " };
        writeln!(out, "{INDENT}{DIM}{first}{}{DIM:#}", fit_end(&place, room.saturating_sub(first.len())))?;
    }
    if fault.state_lost {
        let lost = "what it remembered is lost: it keeps no state, or too much had come in since";
        writeln!(out, "{INDENT}{DIM}{lost}{DIM:#}")?;
    }
    Ok(())
}

/// What to do about a fault, where that is known.
fn hint(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Matching { .. } => {
            Some("`tripline pack inspect` shows which patterns have no literal and are tried on every event")
        }
        Fault::Refused(_) => Some("the pack's own words; give it other settings with --settings"),
        Fault::Start(trap)
        | Fault::Open(trap)
        | Fault::Check(trap)
        | Fault::Save(trap)
        | Fault::Replay(trap) => match trap {
            Trap::Panic(_) | Trap::Wasm(_) | Trap::Pointer { .. } => {
                Some("a bug of the pack: put the line into a *.case file and run `tripline pack test`")
            }
            Trap::Memory { .. } | Trap::Answer { what: "state", .. } => {
                Some("the pack remembers too much: bound its windows and tables")
            }
            _ => None,
        },
        _ => None,
    }
}
