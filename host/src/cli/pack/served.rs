//! Packs of a server that runs: pushed, listed, changed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::cli::arguments::{AtServer, Format};
use crate::cli::desk::packs::{PackDesk, Packs};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, objects, packs};
use crate::http::shapes::{OwnPackShape, PackFaultShape, PackShape};
use crate::report::table::{Column, Table};
use crate::report::visible;

/// Bytes of a file with settings.
const SETTINGS: u64 = 256 << 10;

/// Brings a module. What the server would refuse is refused here, if it can be known.
pub(super) fn push(path: &Path, at: &AtServer, screen: &Screen) -> Result<Exit, Failure> {
    let pack = packs::read(path)?;
    let pushed = PackDesk::open(at)?.push(pack.name(), pack.wasm())?;
    told(&pushed, screen)
}

/// Gives a pack other settings.
pub(super) fn set(name: &str, path: &Path, at: &AtServer, screen: &Screen) -> Result<Exit, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(SETTINGS).read_to_string(&mut text));
    read.map_err(|error| failed(&format!("cannot read it: {error}")))?;
    let settings: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|error| failed(&format!("expected a JSON object, found something else: {error}")))?;
    told(&PackDesk::open(at)?.set(name, &settings)?, screen)
}

/// Rolls a pack back, enables or disables it.
pub(super) fn act(name: &str, act: &str, at: &AtServer, screen: &Screen) -> Result<Exit, Failure> {
    told(&PackDesk::open(at)?.act(name, act)?, screen)
}

/// Shows all packs.
pub(super) fn list(format: Format, at: &AtServer, screen: &Screen) -> Result<Exit, Failure> {
    let found = PackDesk::open(at)?.all()?;
    screen.put(|out| match format {
        Format::Human => table(&found).write(out, screen.width()),
        _ => {
            let object = |one: Result<Value, _>| one.unwrap_or_default();
            let all = found.packs.iter().map(|one| object(serde_json::to_value(one)));
            let own = found.own.iter().map(|one| object(serde_json::to_value(one)));
            objects::put(out, format, "packs", all.chain(own))
        }
    })?;
    Ok(Exit::Clean)
}

/// Shows what went wrong with a pack.
pub(super) fn faults(name: &str, format: Format, at: &AtServer, screen: &Screen) -> Result<Exit, Failure> {
    let faults = PackDesk::open(at)?.faults(name)?;
    screen.put(|out| match format {
        Format::Human if faults.is_empty() => writeln!(out, "no faults since the server began"),
        Format::Human => faults.iter().try_for_each(|fault| {
            let PackFaultShape { at, rule, text, out: is_out, .. } = fault;
            let rule = rule.as_ref().map(|rule| format!("rule {}: ", visible(rule))).unwrap_or_default();
            let end = if *is_out { "; it is out" } else { "" };
            writeln!(out, "{}  {rule}{}{end}", visible(at), visible(text))
        }),
        _ => {
            let all = faults.iter().map(|one| serde_json::to_value(one).unwrap_or_default());
            objects::put(out, format, "faults", all)
        }
    })?;
    Ok(Exit::Clean)
}

fn told(pack: &OwnPackShape, screen: &Screen) -> Result<Exit, Failure> {
    let OwnPackShape { pack: name, version, number, sha256, enabled, .. } = pack;
    let judges = if *enabled { "judges from the next barrier on" } else { "does not judge" };
    screen.put(|out| {
        writeln!(out, "{} {}, number {number}, {judges}", visible(name), visible(version))?;
        writeln!(out, "sha256 {}", visible(sha256))
    })?;
    Ok(Exit::Clean)
}

fn table(found: &Packs) -> Table {
    use Column::{Figure, Text};
    let mut table = Table::of(&[
        Text("pack"),
        Text("version"),
        Text("whose"),
        Text("stands"),
        Figure("events"),
        Figure("decisions"),
        Figure("faults"),
        Figure("seconds"),
    ]);
    for pack in &found.packs {
        table.row(row(&pack.pack, &pack.version, "everybody's", true, Some(pack)));
    }
    for own in &found.own {
        table.row(row(&own.pack, &own.version, "own", own.enabled, own.cost.as_ref()));
    }
    table
}

fn row(name: &str, version: &str, whose: &str, is_enabled: bool, cost: Option<&PackShape>) -> Vec<String> {
    let (events, decisions, faults, is_out) = cost.map(PackShape::standing).unwrap_or_default();
    let stands = match (is_enabled, is_out) {
        (false, _) => "disabled",
        (true, true) => "out",
        (true, false) => "judges",
    };
    let seconds = cost.map(PackShape::seconds).unwrap_or_default();
    let figures = [events, decisions, faults].map(|figure| figure.to_string());
    let mut row = vec![visible(name), visible(version), whose.into(), stands.into()];
    row.extend(figures);
    row.push(format!("{seconds:.3}"));
    row
}
