//! Packs of a server that runs: pushed, listed, changed.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::arguments::{AtServer, Format};
use crate::cli::desk::packs::{PackDesk, Packs};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, objects, packs, signatures};
use crate::http::shapes::{OwnPackShape, PackFaultShape, PackShape, RuleOutcomeShape};
use crate::report::table::{Column, Table};
use crate::report::{figures, strict_json, visible};
use crate::signing::Statement;

/// Bytes of a file with settings.
const SETTINGS: u64 = 256 << 10;

/// Brings a module. What the server would refuse is refused here, if it can be known.
pub(super) fn push(
    path: &Path,
    signature: Option<PathBuf>,
    at: &AtServer,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let pack = packs::read(path)?;
    let signature = match signature {
        Some(signature) => Some(signatures::read(&signature).map_err(Failure::new)?),
        None => signatures::found(path).map_err(Failure::new)?,
    };
    if let Some(signature) = &signature {
        let hint = "`tripline pack sign` makes another";
        let wrong = |why| Failure::new(format!("{}: {why}", path.display())).hint(Some(hint));
        signature.is_of(&Statement::of(&pack)).map_err(wrong)?;
    }
    let pushed = PackDesk::open(at)?.push(pack.name(), pack.wasm(), signature.as_ref())?;
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
        Format::Human => {
            table(&found).write(out, screen.width())?;
            let own = found.own.iter().flat_map(|own| own.rules.iter().map(|rule| (&own.pack[..], rule)));
            outcomes(own, out, screen.width())
        }
        _ => {
            let object = |one: Result<Value, _>| one.unwrap_or_default();
            let all = found.packs.iter().map(|one| object(serde_json::to_value(one)));
            let own = found.own.iter().map(|one| object(serde_json::to_value(one)));
            objects::put(out, format, "packs", all.chain(own))
        }
    })?;
    Ok(Exit::Clean)
}

/// Shows what went wrong with a pack, what it has cost, and how often it was wrong.
pub(super) fn faults(name: &str, format: Format, at: &AtServer, screen: &Screen) -> Result<Exit, Failure> {
    let found = PackDesk::open(at)?.faults(name)?;
    screen.put(|out| match format {
        Format::Human => {
            found.faults.iter().try_for_each(|fault| failed(fault, out))?;
            if found.faults.is_empty() {
                writeln!(out, "no faults since the server began")?;
            }
            if let Some(cost) = &found.cost {
                spent(cost, out)?;
            }
            outcomes(found.rules.iter().map(|rule| (name, rule)), out, screen.width())
        }
        Format::Json => {
            strict_json::write_pretty(out, &found)?;
            out.write_all(b"\n")
        }
        Format::Ndjson => {
            let object = |one: Result<Value, _>| one.unwrap_or_default();
            let faults = found.faults.iter().map(|one| object(serde_json::to_value(one)));
            let cost = found.cost.iter().map(|one| object(serde_json::to_value(one)));
            let rules = found.rules.iter().map(|one| object(serde_json::to_value(one)));
            objects::put(out, format, "faults", faults.chain(cost).chain(rules))
        }
    })?;
    Ok(Exit::Clean)
}

fn failed(fault: &PackFaultShape, out: &mut dyn Write) -> io::Result<()> {
    let PackFaultShape { at, rule, text, out: is_out, .. } = fault;
    let rule = rule.as_ref().map(|rule| format!("rule {}: ", visible(rule))).unwrap_or_default();
    let end = if *is_out { "; it is out" } else { "" };
    writeln!(out, "{}  {rule}{}{end}", visible(at), visible(text))
}

fn spent(cost: &PackShape, out: &mut dyn Write) -> io::Result<()> {
    let (events, decisions, faults, _) = cost.standing();
    let [cpu, matching] = [cost.cpu_seconds, cost.match_seconds]
        .map(|seconds| figures::duration(Duration::try_from_secs_f64(seconds).unwrap_or_default()));
    let events = figures::counted(events, "event", "events");
    let decisions = figures::counted(decisions, "decision", "decisions");
    let faults = figures::counted(faults, "fault", "faults");
    writeln!(out, "\n{events}, {decisions}, {faults}; {cpu} of CPU time, {matching} in its patterns")
}

/// How often each rule of these packs was wrong.
fn outcomes<'r>(
    rules: impl Iterator<Item = (&'r str, &'r RuleOutcomeShape)>,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    let mut rules = rules.peekable();
    if rules.peek().is_none() {
        return Ok(());
    }
    let mut table = Table::new(&["rule", "incidents", "resolved", "false positives"]);
    for (pack, RuleOutcomeShape { rule, incidents, resolved, false_positives, .. }) in rules {
        let mut row = vec![visible(&format!("{pack}/{rule}"))];
        row.extend([incidents, resolved, false_positives].map(|count| figures::grouped(*count)));
        table.row(row);
    }
    writeln!(out)?;
    table.write(out, width)
}

fn told(pack: &OwnPackShape, screen: &Screen) -> Result<Exit, Failure> {
    let OwnPackShape { pack: name, version, number, sha256, enabled, signed, signed_by, .. } = pack;
    let judges =
        if *enabled && !pack.is_refused() { "judges from the next barrier on" } else { "does not judge" };
    screen.put(|out| {
        writeln!(out, "{} {}, number {number}, {judges}", visible(name), visible(version))?;
        writeln!(out, "sha256 {}", visible(sha256))?;
        signed_by.iter().try_for_each(|key| writeln!(out, "signed by {} ({})", visible(key), visible(signed)))
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
        Text("signed by"),
        Figure("events"),
        Figure("decisions"),
        Figure("faults"),
        Figure("seconds"),
    ]);
    for pack in &found.packs {
        table.row(row(&pack.pack, &pack.version, ["everybody's", "judges", ""], Some(pack)));
    }
    for own in &found.own {
        let stands = match (own.enabled, own.is_refused()) {
            (false, _) => "disabled",
            (true, true) => "unsigned",
            (true, false) => "judges",
        };
        let signer = own.signed_by.as_deref().map(visible).unwrap_or_default();
        let signer = if own.signed == "valid" || signer.is_empty() {
            signer
        } else {
            format!("{signer} ({})", own.signed)
        };
        table.row(row(&own.pack, &own.version, ["own", stands, &signer], own.cost.as_ref()));
    }
    table
}

fn row(name: &str, version: &str, words: [&str; 3], cost: Option<&PackShape>) -> Vec<String> {
    let [whose, stands, signer] = words;
    let (events, decisions, faults, is_out) = cost.map(PackShape::standing).unwrap_or_default();
    let stands = if is_out && stands == "judges" { "out" } else { stands };
    let seconds = cost.map(PackShape::seconds).unwrap_or_default();
    let figures = [events, decisions, faults].map(|figure| figure.to_string());
    let mut row = vec![visible(name), visible(version), whose.into(), stands.into(), signer.into()];
    row.extend(figures);
    row.push(format!("{seconds:.3}"));
    row
}
