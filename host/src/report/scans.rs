//! Scans, for a person and for a program. A finding's fields are those of its line.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::figures::counted;
use super::paint::{BOLD, DIM};
use super::table::{Column, Measured, Table};
use super::visible::fit;
use super::{moment, rfc3339, visible};
use crate::scans::{Counts, Due, FindingKind, Run, RunState, Scanned, Scheduled, Standing, When};
use crate::serve::Underway;

/// Lines of what a script says that a person is shown; all of it is in the findings.
const ANSWER: usize = 8;

/// A run, as an object.
pub(crate) fn run(run: &Run) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            object.insert(name.into(), value);
        }
    };
    put("run", run.number.into());
    put("scan", run.name.as_str().into());
    put("scanner", run.scanner.as_str().into());
    put("by", run.author.clone().into());
    put("state", run.state.as_str().into());
    put("started", rfc3339(run.started).into());
    put("ended", run.ended.and_then(rfc3339).into());
    put("targets", run.addresses.clone().into());
    put("ports", run.ports.clone().into());
    put("reason", run.broken.as_ref().map(|broken| broken.reason.as_str()).into());
    put("detail", run.broken.as_ref().map(|broken| broken.detail.clone()).into());
    put("hosts", run.up.into());
    put("unknown_hosts", run.unknown.into());
    put("open", run.open.into());
    put("judged", run.judged.into());
    Value::Object(object)
}

/// How far a scan is, as an object.
pub(crate) fn progress(underway: &Underway) -> Value {
    let Underway { progress, hosts, .. } = underway;
    let mut object = json!({ "task": progress.task, "percent": progress.percent, "hosts": hosts });
    if let Some(left) = progress.left {
        object["left"] = left.as_secs().into();
    }
    object
}

/// A schedule and how it stands, as an object.
pub(crate) fn schedule(scheduled: &Scheduled, standing: &Standing, now: i64) -> Value {
    let Scheduled { request, schedule, .. } = scheduled;
    let next = match schedule.due(request.name.as_str(), standing, now) {
        Due::At(time) => rfc3339(time),
        Due::Now(_) | Due::Missed(_) => rfc3339(now),
        Due::Never => None,
    };
    let (cron, timezone, every) = match &schedule.when {
        When::Cron(times) => (Some(times.text()), times.timezone().iana_name(), None),
        When::Every(every) => (None, None, Some(every.as_secs())),
    };
    json!({
        "type": "schedule",
        "scan": request.name.as_str(),
        "targets": request.targets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "ports": request.ports.to_string(),
        "service": request.service,
        "scripts": request.scripts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "cron": cron,
        "timezone": timezone,
        "every": every,
        "jitter": schedule.jitter.as_secs(),
        "missed": schedule.missed.as_str(),
        "next": next,
        "whole": standing.whole.and_then(rfc3339),
    })
}

/// Schedules, as objects, as a table.
pub(crate) fn schedules(all: &[Value], zone: &TimeZone) -> Table {
    use Column::{Figure, Text};
    let mut table = Table::of(&[
        Text("scan"),
        Text("when"),
        Figure("next"),
        Figure("last whole"),
        Text("targets"),
        Text("ports"),
    ]);
    for one in all {
        let when = match one.get("every").and_then(Value::as_i64) {
            Some(seconds) => format!("every {:#}", SignedDuration::from_secs(seconds)),
            None => format!("{} {}", text(one, "cron"), text(one, "timezone")).trim_end().into(),
        };
        let time = |name: &str, none: &str| {
            let time = one.get(name).and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
            let time = time.and_then(|time| i64::try_from(time.as_nanosecond()).ok());
            time.map_or_else(|| none.into(), |time| moment(time, zone))
        };
        let targets = one.get("targets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let targets: Vec<String> = targets.iter().filter_map(Value::as_str).map(visible).collect();
        let (next, whole) = (time("next", "never"), time("whole", ""));
        table.row(vec![text(one, "scan"), when, next, whole, targets.join(" "), text(one, "ports")]);
    }
    table
}

/// Findings, from the first on: each time the same. A large scan has more than anybody should hold.
pub(crate) type Findings<'f> = dyn Fn() -> Box<dyn Iterator<Item = Value> + 'f> + 'f;

/// What a list says of an object, before its fields.
pub(crate) fn of_type(kind: &str, fields: Value) -> Value {
    let mut object = Map::new();
    object.insert("type".into(), kind.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

/// A scan that was just made and is not kept, as an object.
pub(crate) fn made(scanned: &Scanned) -> Value {
    let Counts { up, unknown, open } = scanned.counts;
    let origin = &scanned.origin;
    let broken = scanned.broken.as_ref();
    let mut object = json!({
        "run": origin.run,
        "scan": origin.scan.as_str(),
        "scanner": origin.scanner.as_str(),
        "state": scanned.state.as_str(),
        "started": rfc3339(scanned.began),
        "ended": rfc3339(scanned.ended),
        "reason": broken.map(|broken| broken.reason.as_str()),
        "detail": broken.map(|broken| &broken.detail),
        "hosts": up,
        "unknown_hosts": unknown,
        "open": open,
        "targets": scanned.addresses.as_ref().map(ToString::to_string),
        "ports": scanned.ports.as_ref().map(ToString::to_string),
    });
    // What is unknown is not there.
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// What a person wants to know of a scan in figures.
fn sentence(counts: &Counts) -> String {
    let some = |count: u64, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let unknown = match counts.unknown {
        0 => String::new(),
        count => format!(", {} not known", some(count, "host")),
    };
    format!("{}{unknown}, {}", some(counts.up, "host"), some(counts.open, "open port"))
}

/// A scan that was just made, as a page.
pub(crate) fn page(
    out: &mut dyn Write,
    scanned: &Scanned,
    findings: &Findings<'_>,
    width: usize,
    zone: &TimeZone,
) -> io::Result<()> {
    let origin = &scanned.origin;
    let number = origin.run.map(|run| format!(" {run}")).unwrap_or_default();
    let title = format!("scan{number} of {} by {}: {}", origin.scan, origin.scanner, scanned.state);
    whole(out, &title, &scanned.counts, scanned.state, moment(scanned.ended, zone), findings, width)
}

/// A run that was kept, as a page.
pub(crate) fn kept_page(
    out: &mut dyn Write,
    run: &Run,
    findings: &Findings<'_>,
    width: usize,
    zone: &TimeZone,
) -> io::Result<()> {
    let title = format!("scan {} of {} by {}: {}", run.number, run.name, run.scanner, run.state);
    let counts = Counts { up: run.up, unknown: run.unknown, open: run.open };
    let ended = moment(run.ended.unwrap_or(run.started), zone);
    whole(out, &title, &counts, run.state, ended, findings, width)
}

fn whole(
    out: &mut dyn Write,
    title: &str,
    counts: &Counts,
    state: RunState,
    ended: String,
    findings: &Findings<'_>,
    width: usize,
) -> io::Result<()> {
    writeln!(out, "{BOLD}{title}{BOLD:#}  {DIM}{ended}{DIM:#}")?;
    writeln!(out, "{}\n", sentence(counts))?;
    let columns = [
        Column::Text("host"),
        Column::Text("name"),
        Column::Figure("port"),
        Column::Text("state"),
        Column::Text("service"),
    ];
    if rows(out, &columns, findings, &open, width)? {
        writeln!(out)?;
    }
    scripts(out, findings, width)?;
    changes(out, state, findings, width)?;
    writeln!(out)
}

/// Writes a table of those findings that make a row; answers whether any did.
fn rows(
    out: &mut dyn Write,
    columns: &[Column],
    findings: &Findings<'_>,
    row: &dyn Fn(&Value) -> Option<Vec<String>>,
    width: usize,
) -> io::Result<bool> {
    let (mut measured, mut any) = (Measured::of(columns), false);
    for cells in findings().filter_map(|finding| row(&finding)) {
        measured.measure(&cells);
        any = true;
    }
    if any {
        let fitted = measured.fit(width);
        fitted.head(out)?;
        findings().filter_map(|finding| row(&finding)).try_for_each(|cells| fitted.row(out, &cells))?;
    }
    Ok(any)
}

/// The row of an open port.
fn open(finding: &Value) -> Option<Vec<String>> {
    let is_open = matches!(kind(finding), Some(FindingKind::PortOpen | FindingKind::PortOpened));
    is_open.then(|| {
        vec![
            text(finding, "target"),
            text(finding, "name"),
            format!("{}/{}", text(finding, "protocol"), text(finding, "port")),
            text(finding, "state"),
            service(finding),
        ]
    })
}

/// What a scan found otherwise than before, as a table; else why there is nothing of that.
pub(crate) fn changes(
    out: &mut dyn Write,
    state: RunState,
    findings: &Findings<'_>,
    width: usize,
) -> io::Result<()> {
    let columns = [Column::Text("what"), Column::Text("host"), Column::Figure("port"), Column::Text("more")];
    if !rows(out, &columns, findings, &changed, width)? {
        writeln!(out, "{}", unchanged(state, findings))?;
    }
    Ok(())
}

/// The row of a change.
fn changed(finding: &Value) -> Option<Vec<String>> {
    is_change(finding).then(|| {
        let port = match finding.get("port") {
            Some(_) => format!("{}/{}", text(finding, "protocol"), text(finding, "port")),
            None => String::new(),
        };
        let what = text(finding, "finding").replace('_', " ");
        vec![what, text(finding, "target"), port, more(finding)]
    })
}

/// What scripts say, changed or not: the beginning of each answer.
fn scripts(out: &mut dyn Write, findings: &Findings<'_>, width: usize) -> io::Result<()> {
    let mut any = false;
    for finding in findings().filter(|one| kind(one) == Some(FindingKind::ScriptResult)) {
        any = true;
        let port = match finding.get("port") {
            Some(_) => format!(" {}/{}", text(&finding, "protocol"), text(&finding, "port")),
            None => String::new(),
        };
        let vulnerable =
            if finding.get("vulnerable") == Some(&Value::Bool(true)) { ", vulnerable" } else { "" };
        let (host, script) = (text(&finding, "target"), text(&finding, "script"));
        writeln!(out, "{DIM}{host}{port}{DIM:#} {script}{vulnerable}")?;
        let output = finding.get("output").and_then(Value::as_str).unwrap_or_default();
        let lines: Vec<&str> = output.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        for line in lines.iter().take(ANSWER) {
            writeln!(out, "    {}", fit(&visible(line), width.saturating_sub(4).max(40)))?;
        }
        if lines.len() > ANSWER {
            writeln!(
                out,
                "    {DIM}… {}{DIM:#}",
                counted((lines.len() - ANSWER) as u64, "more line", "more lines")
            )?;
        }
    }
    if any { writeln!(out) } else { Ok(()) }
}

/// Why nothing is told as changed.
fn unchanged(state: RunState, findings: &Findings<'_>) -> &'static str {
    let first = |finding: &Value| finding.get("first").and_then(Value::as_bool);
    let some = |value| findings().any(|finding| first(&finding) == Some(value));
    match (state, some(true), some(false)) {
        (RunState::Running, ..) => "it is underway: what has changed is known when it has ended",
        (RunState::Failed, ..) => "it saw nothing: there is nothing to compare",
        (_, true, false) => "all of it was looked at for the first time: there was nothing to compare with",
        (_, true, true) => "nothing has changed where it was looked at before",
        (_, false, true) => "nothing has changed",
        // Where nothing was open before, either, there is no difference.
        (_, false, false) => "nothing was found, and nothing has changed",
    }
}

/// Whether a finding tells of a change: what was seen for the first time was compared with nothing.
pub(crate) fn is_change(finding: &Value) -> bool {
    let is = |name: &str, value: bool| finding.get(name) == Some(&Value::Bool(value));
    kind(finding) != Some(FindingKind::PortOpen) && !is("first", true) && !is("changed", false)
}

/// Runs as a table.
pub(crate) fn table(runs: &[Run], zone: &TimeZone) -> Table {
    use Column::{Figure, Text};
    let mut table = Table::of(&[
        Figure("run"),
        Text("scan"),
        Text("scanner"),
        Text("state"),
        Figure("began"),
        Figure("hosts"),
        Figure("open"),
        Text("why not all"),
    ]);
    for run in runs {
        table.row(vec![
            run.number.to_string(),
            run.name.to_string(),
            run.scanner.to_string(),
            run.state.to_string(),
            moment(run.started, zone),
            run.up.to_string(),
            run.open.to_string(),
            run.broken.as_ref().map(|broken| visible(&broken.detail)).unwrap_or_default(),
        ]);
    }
    table
}

fn kind(finding: &Value) -> Option<FindingKind> {
    finding.get("finding")?.as_str()?.parse().ok()
}

/// A field as it may stand on a terminal.
fn text(finding: &Value, name: &str) -> String {
    match finding.get(name) {
        Some(Value::String(text)) => visible(text),
        Some(Value::Null) | None => String::new(),
        Some(value) => visible(&value.to_string()),
    }
}

/// What listens there: as it said now, with a question mark as the port's number has it, and behind that in brackets what it
/// said when an earlier scan asked it.
fn service(finding: &Value) -> String {
    let [name, product, version] = ["service", "product", "version"].map(|name| text(finding, name));
    let guess = if text(finding, "method") == "table" { "?" } else { "" };
    let seen = format!("{name}{guess} {product} {version}");
    let before =
        ["remembered_service", "remembered_product", "remembered_version"].map(|name| text(finding, name));
    match before.join(" ").trim() {
        "" => seen.trim().into(),
        before => format!("{} [was {before}]", seen.trim()).trim().into(),
    }
}

/// What else there is to say, by what it is.
fn more(finding: &Value) -> String {
    let field = |name: &str| text(finding, name);
    match kind(finding) {
        Some(FindingKind::ServiceChanged) => {
            let before = ["before_service", "before_product", "before_version"].map(field);
            format!("{} → {}", before.join(" ").trim(), service(finding))
        }
        Some(FindingKind::ScriptResult) => format!("{}: {}", field("script"), field("output")),
        Some(FindingKind::CoverageChanged) => {
            let part = |word: &str, name: &str| match finding.get(name) {
                Some(_) => format!("{word} {} ", field(name)),
                None => String::new(),
            };
            format!("{}{}", part("now", "added"), part("no more", "removed")).trim().into()
        }
        Some(FindingKind::ScanPartial | FindingKind::ScanFailed) => field("detail"),
        _ => service(finding),
    }
}
