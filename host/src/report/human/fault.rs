use std::io::{self, Write};

use tripline_engine::sandbox::Trap;
use tripline_engine::{Fault, PackFault};

use super::{INDENT, Look};
use crate::check::Files;
use crate::report::figures::{counted, grouped};
use crate::report::paint::{DIM, ERROR, HINT};
use crate::report::visible::visible;

/// Kinds of faults that are shown; programs get all of them.
const SHOWN: usize = 20;

/// Writes faults, equal ones once.
pub(super) fn write(out: &mut dyn Write, faults: &[PackFault], files: &Files, _look: &Look) -> io::Result<()> {
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
    for (fault, count) in kinds.iter().take(SHOWN) {
        let times = if *count > 1 { format!("  ×{}", grouped(*count)) } else { String::new() };
        writeln!(out, "{ERROR}FAULT{ERROR:#}  {}{times}", visible(&fault.to_string()))?;
        if let Some(at) = fault.event {
            let file = visible(files.name(at.source, at.file));
            let first = if *count > 1 { "first at " } else { "at " };
            writeln!(out, "{INDENT}{DIM}{first}{file}:{}{DIM:#}", at.line)?;
        }
        if fault.state_lost {
            let lost = "what it remembered is lost: it keeps no state, or too much had come in since it was kept";
            writeln!(out, "{INDENT}{DIM}{lost}{DIM:#}")?;
        }
        if let Some(hint) = hint(&fault.fault) {
            writeln!(out, "{INDENT}{HINT}hint:{HINT:#} {hint}")?;
        }
    }
    if kinds.len() > SHOWN {
        let more = counted((kinds.len() - SHOWN) as u64, "more kind of fault", "more kinds of faults");
        writeln!(out, "{DIM}and {more}; --format ndjson shows all{DIM:#}")?;
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
        Fault::Start(trap) | Fault::Open(trap) | Fault::Check(trap) | Fault::Save(trap) | Fault::Replay(trap) => {
            match trap {
                Trap::Panic(_) | Trap::Wasm(_) | Trap::Pointer { .. } => {
                    Some("a bug of the pack: put the line into a *.case file and run `tripline pack test`")
                }
                Trap::Memory { .. } | Trap::Answer { what: "state", .. } => {
                    Some("the pack remembers too much: bound its windows and tables")
                }
                _ => None,
            }
        }
        _ => None,
    }
}
