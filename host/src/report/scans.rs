//! Scans, for a person and for a program. A finding's fields are those of its line.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::paint::{BOLD, DIM};
use super::table::{Column, Table};
use super::{moment, rfc3339, visible};
use crate::scans::{Due, FindingKind, Presence, Run, Scanned, Scheduled, Seen, Standing, When};
use crate::serve::Underway;

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
    json!({ "task": progress.task, "percent": progress.percent, "hosts": hosts })
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
            None => text(one, "cron"),
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

/// A scan that was just made, and each of its findings.
pub(crate) fn objects(scanned: &Scanned) -> Vec<Value> {
    let mut all = vec![head(scanned)];
    all.extend(scanned.findings.iter().map(|finding| {
        let mut object = Map::new();
        object.insert("type".into(), "finding".into());
        if let Value::Object(fields) = finding.object(&scanned.origin) {
            object.extend(fields);
        }
        Value::Object(object)
    }));
    all
}

/// A scan that was just made, with its findings.
pub(crate) fn document(scanned: &Scanned) -> Value {
    let mut object = head(scanned);
    object["findings"] = scanned.findings.iter().map(|finding| finding.object(&scanned.origin)).collect();
    object
}

fn head(scanned: &Scanned) -> Value {
    let Counts { up, unknown, open } = Counts::of(scanned);
    let origin = &scanned.origin;
    let broken = scanned.broken.as_ref();
    let mut object = json!({
        "type": "scan",
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
    });
    // What is unknown is not there.
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// What a person wants to know of a scan in figures.
struct Counts {
    up: u64,
    unknown: u64,
    open: u64,
}

impl Counts {
    fn of(scanned: &Scanned) -> Counts {
        let first = scanned.seen.values().next();
        let count = |presence| first.map_or(0, |seen: &Seen| seen.count(presence));
        let open = scanned.seen.values().map(Seen::open).sum();
        Counts { up: count(Presence::Up), unknown: count(Presence::Unknown), open }
    }

    fn sentence(&self) -> String {
        let some = |count: u64, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let unknown = match self.unknown {
            0 => String::new(),
            count => format!(", {} not known", some(count, "host")),
        };
        format!("{}{unknown}, {}", some(self.up, "host"), some(self.open, "open port"))
    }
}

/// A scan that was just made, as a page.
pub(crate) fn page(out: &mut dyn Write, scanned: &Scanned, width: usize, zone: &TimeZone) -> io::Result<()> {
    let origin = &scanned.origin;
    let number = origin.run.map(|run| format!(" {run}")).unwrap_or_default();
    let findings: Vec<Value> = scanned.findings.iter().map(|finding| finding.object(origin)).collect();
    let title = format!("scan{number} of {} by {}: {}", origin.scan, origin.scanner, scanned.state);
    whole(out, &title, &Counts::of(scanned), moment(scanned.ended, zone), &findings, width)
}

/// A run that was kept, as a page.
pub(crate) fn kept_page(
    out: &mut dyn Write,
    run: &Run,
    findings: &[Value],
    width: usize,
    zone: &TimeZone,
) -> io::Result<()> {
    let title = format!("scan {} of {} by {}: {}", run.number, run.name, run.scanner, run.state);
    let counts = Counts { up: run.up, unknown: run.unknown, open: run.open };
    whole(out, &title, &counts, moment(run.ended.unwrap_or(run.started), zone), findings, width)
}

fn whole(
    out: &mut dyn Write,
    title: &str,
    counts: &Counts,
    ended: String,
    findings: &[Value],
    width: usize,
) -> io::Result<()> {
    writeln!(out, "{BOLD}{title}{BOLD:#}  {DIM}{ended}{DIM:#}")?;
    writeln!(out, "{}\n", counts.sentence())?;
    let mut open = Table::of(&[
        Column::Text("host"),
        Column::Text("name"),
        Column::Figure("port"),
        Column::Text("state"),
        Column::Text("service"),
    ]);
    let is_open =
        |finding: &&Value| matches!(kind(finding), Some(FindingKind::PortOpen | FindingKind::PortOpened));
    let mut any = false;
    for finding in findings.iter().filter(is_open) {
        any = true;
        open.row(vec![
            text(finding, "target"),
            text(finding, "name"),
            format!("{}/{}", text(finding, "protocol"), text(finding, "port")),
            text(finding, "state"),
            service(finding),
        ]);
    }
    if any {
        open.write(out, width)?;
        writeln!(out)?;
    }
    let changed: Vec<Value> = findings.iter().filter(|finding| is_change(finding)).cloned().collect();
    changes(out, &changed, width)?;
    writeln!(out)
}

/// What is otherwise than before, as a table.
pub(crate) fn changes(out: &mut dyn Write, findings: &[Value], width: usize) -> io::Result<()> {
    if findings.is_empty() {
        return writeln!(out, "nothing has changed, or there was nothing to compare with");
    }
    let mut table = Table::of(&[
        Column::Text("what"),
        Column::Text("host"),
        Column::Figure("port"),
        Column::Text("more"),
    ]);
    for finding in findings {
        let port = match finding.get("port") {
            Some(_) => format!("{}/{}", text(finding, "protocol"), text(finding, "port")),
            None => String::new(),
        };
        let what = text(finding, "finding").replace('_', " ");
        table.row(vec![what, text(finding, "target"), port, more(finding)]);
    }
    table.write(out, width)
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
        Some(value) => visible(&value.to_string()),
        None => String::new(),
    }
}

fn service(finding: &Value) -> String {
    let parts = ["service", "product", "version"].map(|name| text(finding, name));
    let guess = if text(finding, "method") == "table" { "?" } else { "" };
    let [name, product, version] = parts;
    format!("{name}{guess} {product} {version}").trim().into()
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
