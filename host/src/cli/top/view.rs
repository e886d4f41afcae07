//! How it is shown: who uses most, at a glance, in 80 columns.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::time::Duration;

use crate::http::shapes::{ByWord, PackUsageShape, RatesShape, TenantUsageShape, UsageShape};
use crate::report::figures::{bytes, counted, duration, grouped};
use crate::report::paint::{BOLD, DIM, ERROR, WARNING};
use crate::report::table::{Column, Table};
use crate::report::{fit, visible};

/// Where it is shown.
pub(super) struct Place {
    pub(super) width: usize,
    /// Lines; `None`: as many as there are.
    pub(super) height: Option<usize>,
}

/// What is used, sorted.
pub(super) struct View<'u> {
    url: &'u str,
    usage: &'u UsageShape,
    by: ByWord,
    /// Packs of all tenants.
    packs: Vec<(&'u str, &'u PackUsageShape)>,
}

/// In the place of a zero: what is used stands out.
const NOTHING: &str = "-";
/// Lines that are no rows: the head, two blank ones, the tables' heads, the keys.
const AROUND: usize = 7;

/// By what a key sorts.
pub(super) fn sorted_by(key: &u8) -> Option<ByWord> {
    match key {
        b'c' => Some(ByWord::Cpu),
        b'm' => Some(ByWord::Match),
        b'e' => Some(ByWord::Memory),
        b's' => Some(ByWord::Stored),
        b'l' => Some(ByWord::Lines),
        _ => None,
    }
}

impl<'u> View<'u> {
    pub(super) fn new(url: &'u str, usage: &'u UsageShape, by: ByWord) -> View<'u> {
        let packs = usage.tenants.iter().flat_map(|one| one.packs.iter().map(|pack| (&one.tenant[..], pack)));
        let mut packs: Vec<_> = packs.collect();
        // Each tenant's are sorted already; equal ones stay as they come.
        packs.sort_by(|(_, a), (_, b)| more(used(b, by), used(a, by)));
        View { url, usage, by, packs }
    }

    /// The page, in so many lines; what is wrong, if the server does not answer.
    pub(super) fn page(&self, place: &Place, trouble: Option<&str>) -> String {
        let mut page = String::new();
        self.head(&mut page, place.width, trouble);
        let (tenants, packs) = self.rows(place.height);
        page.push('\n');
        put(&mut page, &self.tenants(tenants), place.width);
        page.push('\n');
        put(&mut page, &self.packs(packs), place.width);
        if place.height.is_some() {
            let _ =
                write!(page, "{DIM}sort by c cpu  m match  e memory  s stored  l lines     q ends{DIM:#}");
        }
        page
    }

    /// How many rows each table has.
    fn rows(&self, height: Option<usize>) -> (usize, usize) {
        let (tenants, packs) = (self.usage.tenants.len(), self.packs.len());
        let Some(height) = height else { return (tenants, packs) };
        let room = height.saturating_sub(AROUND).max(2);
        let tenants = tenants.min((room / 2).max(room.saturating_sub(packs)));
        (tenants, packs.min(room - tenants))
    }

    fn head(&self, page: &mut String, width: usize, trouble: Option<&str>) {
        let UsageShape { tenants, left_out, .. } = self.usage;
        let count = tenants.len() as u64 + left_out;
        let more = if *left_out > 0 { format!(", {} not shown", grouped(*left_out)) } else { String::new() };
        let (tenants, url) = (counted(count, "tenant", "tenants"), visible(self.url));
        match trouble {
            None => {
                let rest =
                    fit(&format!("{tenants}{more}  by {}  {url}", word(self.by)), width.saturating_sub(14));
                let _ = writeln!(page, "{BOLD}tripline top{BOLD:#}  {rest}");
            }
            Some(trouble) => {
                let trouble = fit(&visible(trouble), width.saturating_sub(11));
                let _ = writeln!(page, "{ERROR}no answer:{ERROR:#} {trouble}");
            }
        }
        let all = || self.usage.tenants.iter();
        let sum = |of: fn(&RatesShape) -> f64| all().map(|one| of(&one.rates)).sum::<f64>();
        let lines = each(sum(|rates| rates.lines.unwrap_or_default()));
        let (cpu, matching) =
            (percent(sum(|rates| rates.cpu_seconds)), percent(sum(|rates| rates.match_seconds)));
        let memory = bytes(all().map(|one| one.memory).sum());
        let kept = all()
            .filter_map(|one| one.stored_bytes)
            .fold(None, |sum: Option<u64>, one| Some(sum.unwrap_or(0) + one));
        let kept = kept.map(|kept| format!("   stored {}", bytes(kept))).unwrap_or_default();
        let _ = writeln!(page, "lines {lines}/s   cpu {cpu} %   match {matching} %   memory {memory}{kept}");
    }

    fn tenants(&self, rows: usize) -> Table {
        use Column::{Figure, Text};
        let mut table = Table::of(&[
            Text("tenant"),
            Figure("lines/s"),
            Figure("cpu %"),
            Figure("match %"),
            Figure("cpu time"),
            Figure("memory"),
            Figure("stored"),
            Text(""),
        ]);
        for one in self.usage.tenants.iter().take(rows) {
            let TenantUsageShape { tenant, rates, memory, stored_bytes, cpu_seconds, .. } = one;
            table.row(vec![
                visible(tenant),
                each(rates.lines.unwrap_or_default()),
                percent(rates.cpu_seconds),
                percent(rates.match_seconds),
                spent(*cpu_seconds),
                size(*memory),
                stored_bytes.map_or("?".into(), size),
                if one.over_quota == Some(true) { "over quota".into() } else { String::new() },
            ]);
        }
        table
    }

    fn packs(&self, rows: usize) -> Table {
        use Column::{Figure, Text};
        let mut table = Table::of(&[
            Text("pack"),
            Text("tenant"),
            Figure("events/s"),
            Figure("cpu %"),
            Figure("match %"),
            Figure("memory"),
            Figure("state"),
            Figure("faults"),
        ]);
        for (tenant, pack) in self.packs.iter().take(rows) {
            let PackUsageShape { pack: name, rates, memory, state_bytes, faults, out, .. } = pack;
            table.row(vec![
                name.as_ref().map_or("(everybody's)".into(), |name| visible(name)),
                visible(tenant),
                each(rates.events),
                percent(rates.cpu_seconds),
                percent(rates.match_seconds),
                size(*memory),
                size(*state_bytes),
                match (*out, *faults) {
                    (true, faults) => format!("{} out", grouped(faults)),
                    (false, 0) => NOTHING.into(),
                    (false, faults) => grouped(faults),
                },
            ]);
        }
        table
    }
}

/// How much a pack uses: now, and since the server began.
fn used(pack: &PackUsageShape, by: ByWord) -> (f64, f64) {
    let rates = &pack.rates;
    match by {
        ByWord::Cpu => (rates.cpu_seconds, pack.cpu_seconds),
        ByWord::Match => (rates.match_seconds, pack.match_seconds),
        ByWord::Memory => (pack.memory as f64, 0.0),
        ByWord::Stored => (pack.state_bytes as f64, 0.0),
        ByWord::Lines => (rates.events, pack.events as f64),
    }
}

fn more(a: (f64, f64), b: (f64, f64)) -> Ordering {
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}

fn word(by: ByWord) -> &'static str {
    match by {
        ByWord::Cpu => "cpu",
        ByWord::Match => "match",
        ByWord::Memory => "memory",
        ByWord::Stored => "stored",
        ByWord::Lines => "lines",
    }
}

/// So many a second.
fn each(rate: f64) -> String {
    match rate {
        0.0 => NOTHING.into(),
        rate if rate > 0.0 && rate < 9.95 => format!("{rate:.1}"),
        rate => grouped(rate.round() as u64),
    }
}

fn percent(seconds: f64) -> String {
    match seconds * 100.0 {
        0.0 => NOTHING.into(),
        percent if percent < 99.95 => format!("{percent:.1}"),
        percent => grouped(percent.round() as u64),
    }
}

fn size(number: u64) -> String {
    if number == 0 { NOTHING.into() } else { bytes(number) }
}

fn spent(seconds: f64) -> String {
    if seconds == 0.0 {
        return NOTHING.into();
    }
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn put(page: &mut String, table: &Table, width: usize) {
    let mut out = Vec::new();
    // Nothing is wrong with memory.
    let _ = table.write(&mut out, width);
    let text = String::from_utf8_lossy(&out);
    for line in text.lines() {
        let style = match line.rsplit(' ').next() {
            Some("quota" | "out") => Some(WARNING),
            _ => None,
        };
        let _ = match style {
            Some(style) => writeln!(page, "{style}{line}{style:#}"),
            None => writeln!(page, "{line}"),
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;
