//! Where a check spent its time, for a person: `check --stats`.

use std::io::{self, Write};
use std::time::Duration;

use super::figures::{duration, grouped};
use super::table::{Column, Table};
use super::visible;
use crate::check::{Outcome, Spent};

/// Patterns that are named.
const SLOWEST: usize = 10;

/// Writes the stages, then what each pack and each of the slowest patterns cost.
pub fn write(out: &mut dyn Write, outcome: &Outcome, spent: &Spent, width: usize) -> io::Result<()> {
    let packs = &outcome.report.packs;
    let verify: Duration = packs.iter().map(|pack| pack.matching.time).sum();
    let judge: Duration = packs.iter().map(|pack| pack.judging.cpu).sum();
    let stages = [
        ("read", spent.read, outcome.bytes, "bytes"),
        ("prefilter", spent.prefilter, outcome.report.lines, "lines"),
        ("decode", spent.decode, spent.decoded, "lines"),
        ("verify", verify, spent.patterns.iter().map(|spent| spent.cost.tried).sum(), "values"),
        ("judge", judge, packs.iter().map(|pack| pack.judging.events).sum(), "events"),
    ];
    let total: Duration = stages.iter().map(|(_, time, ..)| *time).sum();
    let mut table = Table::of(&[
        Column::Text("stage"),
        Column::Figure("time"),
        Column::Figure("%"),
        Column::Figure("of"),
        Column::Text(""),
    ]);
    for (name, time, count, what) in stages {
        let share = if total.is_zero() { 0.0 } else { time.as_secs_f64() / total.as_secs_f64() * 100.0 };
        table.row(vec![name.into(), duration(time), format!("{share:.0}"), grouped(count), what.into()]);
    }
    table.write(out, width)?;
    writeln!(out)?;
    let mut table = Table::new(&["pack", "verify", "judge", "events", "batches"]);
    for pack in packs {
        let (matching, judging) = (&pack.matching, &pack.judging);
        table.row(vec![
            visible(&pack.name),
            duration(matching.time),
            duration(judging.cpu),
            grouped(judging.events),
            grouped(judging.batches),
        ]);
    }
    table.write(out, width)?;
    if spent.patterns.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut table = Table::new(&["slowest patterns", "verify", "tried", "matched"]);
    for spent in spent.patterns.iter().take(SLOWEST) {
        let name = visible(&format!("{}/{}", spent.pack, spent.pattern));
        let cost = spent.cost;
        table.row(vec![name, duration(cost.time), grouped(cost.tried), grouped(cost.found)]);
    }
    table.write(out, width)
}
