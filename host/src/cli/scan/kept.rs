//! Scans that were kept.

use serde_json::{Value, json};

use crate::cli::arguments::{Format, KeepArguments};
use crate::cli::exit::Exit;
use crate::cli::kept::Kept;
use crate::cli::{Failure, Screen, objects};
use crate::configuration::Configuration;
use crate::report::{scans, strict_json};
use crate::scans::{Run, ScanStore};

/// Lists the latest.
pub(super) fn list(
    limit: u32,
    format: Format,
    keep: &KeepArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let kept = Kept::look(keep, configuration)?;
    let runs = kept.database.runs(&kept.tenant, None, limit).map_err(|error| kept.failed(&error))?;
    screen.put(|out| match format {
        Format::Human if runs.is_empty() => writeln!(out, "no scans"),
        Format::Human => scans::table(&runs, &kept.zone).write(out, screen.width()),
        _ => objects::put(out, format, "scans", runs.iter().map(scans::run)),
    })?;
    Ok(Exit::Clean)
}

/// Shows one.
pub(super) fn show(
    number: u64,
    format: Format,
    keep: &KeepArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let kept = Kept::look(keep, configuration)?;
    let (run, findings) = found(&kept, Some(number))?;
    screen.put(|out| match format {
        Format::Human => scans::kept_page(out, &run, &findings, screen.width(), &kept.zone),
        Format::Json => {
            let mut object = scans::run(&run);
            object["findings"] = findings.into();
            strict_json::write_pretty(out, &object)?;
            out.write_all(b"\n")
        }
        Format::Ndjson => objects::put(out, format, "scan", [scans::run(&run)].into_iter().chain(findings)),
    })?;
    Ok(Exit::Clean)
}

/// Shows what one found otherwise than the one before it.
pub(super) fn diff(
    number: Option<u64>,
    format: Format,
    keep: &KeepArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let kept = Kept::look(keep, configuration)?;
    let (run, findings) = found(&kept, number)?;
    let changes: Vec<Value> = findings.into_iter().filter(scans::is_change).collect();
    screen.put(|out| match format {
        Format::Human => scans::changes(out, &changes, screen.width()),
        Format::Json => {
            strict_json::write_pretty(out, &json!({ "run": run.number, "changes": changes }))?;
            out.write_all(b"\n")
        }
        Format::Ndjson => objects::put(out, format, "changes", changes.into_iter()),
    })?;
    Ok(Exit::Clean)
}

/// A run and its findings.
fn found(kept: &Kept, number: Option<u64>) -> Result<(Run, Vec<Value>), Failure> {
    let failed = |error| kept.failed(&error);
    let run = match number {
        Some(number) => kept.database.run(&kept.tenant, number).map_err(failed)?,
        None => kept.database.runs(&kept.tenant, None, 1).map_err(failed)?.into_iter().next(),
    };
    let hint = "`tripline scan list` lists them";
    let none = || match number {
        Some(number) => Failure::new(format!("there is no scan {number}")).hint(Some(hint)),
        None => Failure::new("expected a scan, found none"),
    };
    let run = run.ok_or_else(none)?;
    let lines = kept.database.findings(&kept.tenant, run.number).map_err(failed)?;
    let findings = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Ok((run, findings))
}
