//! Scans that were kept, here or by a server.

use serde_json::json;

use super::pages::Pages;
use crate::cli::arguments::Format;
use crate::cli::desk::scans::{Cancelled, ScanDesk};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, objects};
use crate::report::scans;
use crate::report::strict_json::{self, List, With};
use crate::scans::Run;

/// Lists the latest.
pub(super) fn list(
    limit: u32,
    format: Format,
    desk: &dyn ScanDesk,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let runs = desk.runs(limit)?;
    screen.put(|out| match format {
        Format::Human if runs.is_empty() => writeln!(out, "no scans"),
        Format::Human => scans::table(&runs, desk.zone()).write(out, screen.width()),
        _ => objects::put(out, format, "scans", runs.iter().map(scans::run)),
    })?;
    Ok(Exit::Clean)
}

/// Shows one.
pub(super) fn show(
    number: u64,
    format: Format,
    desk: &dyn ScanDesk,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let run = found(desk, Some(number))?;
    put(&run, desk, format, screen)?;
    Ok(Exit::Clean)
}

/// Puts one out.
pub(super) fn put(run: &Run, desk: &dyn ScanDesk, format: Format, screen: &Screen) -> Result<(), Failure> {
    let pages = Pages::of(desk, run.number);
    screen.put(|out| match format {
        Format::Human => scans::kept_page(out, run, &|| pages.all(), screen.width(), desk.zone()),
        Format::Json => {
            let (object, findings) = (scans::run(run), List::of(pages.all()));
            strict_json::write_pretty(out, &With { object: &object, name: "findings", value: findings })?;
            out.write_all(b"\n")
        }
        Format::Ndjson => objects::put(out, format, "scan", [scans::run(run)].into_iter().chain(pages.all())),
    })?;
    pages.whole()
}

/// Shows what one found otherwise than the one before it.
pub(super) fn diff(
    number: Option<u64>,
    format: Format,
    desk: &dyn ScanDesk,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let run = found(desk, number)?;
    let pages = Pages::of(desk, run.number);
    let changes = || pages.all().filter(scans::is_change);
    screen.put(|out| match format {
        Format::Human => scans::changes(out, run.state, &|| pages.all(), screen.width()),
        Format::Json => {
            let (object, changes) = (json!({ "run": run.number }), List::of(changes()));
            strict_json::write_pretty(out, &With { object: &object, name: "changes", value: changes })?;
            out.write_all(b"\n")
        }
        Format::Ndjson => objects::put(out, format, "changes", changes()),
    })?;
    pages.whole()?;
    Ok(Exit::Clean)
}

/// Lists scans that are made again and again.
pub(super) fn schedules(format: Format, desk: &dyn ScanDesk, screen: &Screen) -> Result<Exit, Failure> {
    let schedules = desk.schedules()?;
    screen.put(|out| match format {
        Format::Human if schedules.is_empty() => writeln!(out, "no schedules"),
        Format::Human => scans::schedules(&schedules, desk.zone()).write(out, screen.width()),
        _ => objects::put(out, format, "schedules", schedules.iter().cloned()),
    })?;
    Ok(Exit::Clean)
}

/// Breaks one off.
pub(super) fn cancel(number: u64, desk: &dyn ScanDesk, screen: &Screen) -> Result<Exit, Failure> {
    match desk.cancel(number)? {
        Cancelled::Soon => {}
        Cancelled::NotUnderway => {
            let hint = "`tripline scan list` shows how scans stand";
            return Err(Failure::new(format!("there is no scan {number} that is underway")).hint(Some(hint)));
        }
        Cancelled::Died => {
            let words = "its program had ended in the middle of it, which is kept now";
            return Err(Failure::new(format!("there is no scan {number} that is underway: {words}")));
        }
    }
    screen.say(&format!("scan {number} ends soon; what it has found until then is kept"));
    Ok(Exit::Clean)
}

/// A run: the one with this number, or the latest.
fn found(desk: &dyn ScanDesk, number: Option<u64>) -> Result<Run, Failure> {
    let run = match number {
        Some(number) => desk.run(number)?,
        None => desk.runs(1)?.into_iter().next(),
    };
    let hint = "`tripline scan list` lists them";
    run.ok_or_else(|| match number {
        Some(number) => Failure::new(format!("there is no scan {number}")).hint(Some(hint)),
        None => Failure::new("expected a scan, found none"),
    })
}
