//! A notice as templates see it: every text in it is safe to show, every list is bounded.

use serde::Serialize;

use crate::exhibit::{Exhibit, exhibits};
use crate::limits;
use crate::notice::{IncidentView, Notice};
use crate::safe::{line, lines};
use crate::tag::tag;
use crate::tenant;
use crate::time::{moment, span};

/// What a template can name. [`crate::Templates`] lists it for those who write templates.
#[derive(Serialize)]
pub(crate) struct Shown {
    pub(crate) id: i64,
    pub(crate) generation: u32,
    pub(crate) severity: String,
    pub(crate) badge: String,
    pub(crate) color: &'static str,
    pub(crate) state: &'static str,
    pub(crate) title: String,
    pub(crate) reason: String,
    pub(crate) reason_code: &'static str,
    pub(crate) times: String,
    pub(crate) span: Option<String>,
    pub(crate) assignee: Option<String>,
    pub(crate) resolution: Option<String>,
    pub(crate) values: Vec<Row>,
    pub(crate) values_more: usize,
    pub(crate) summary: Vec<String>,
    pub(crate) evidence: Vec<Exhibit>,
    pub(crate) evidence_dropped: u64,
    pub(crate) pack: String,
    pub(crate) rule: String,
    pub(crate) rule_title: String,
    pub(crate) description: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) references: Vec<String>,
    pub(crate) route: String,
    pub(crate) tenant: String,
    /// What a command needs behind a number.
    pub(crate) of_tenant: String,
}

/// A name and what belongs to it.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// The name with so many spaces that all values begin in one column.
    pub(crate) padded: String,
    pub(crate) value: String,
}

impl Shown {
    pub(crate) fn new(notice: &Notice) -> Shown {
        let incident = &notice.incident;
        let severity = line(&incident.severity, limits::NAME);
        let name = |text: &String| line(text, limits::NAME);
        Shown {
            id: incident.id,
            generation: incident.generation,
            badge: severity.to_uppercase(),
            color: color(&severity),
            severity,
            state: incident.state.as_str(),
            title: title(incident),
            reason: line(&notice.reason.sentence(), limits::VALUE),
            reason_code: notice.reason.code(),
            times: times(incident.count),
            span: when(notice),
            assignee: incident.assignee.as_ref().map(name),
            resolution: incident.resolution.as_ref().map(name),
            values: rows(&incident.values),
            values_more: incident.values.len().saturating_sub(limits::VALUES),
            summary: lines(&incident.summary, limits::LINES, limits::LINE),
            evidence: exhibits(&incident.evidence),
            evidence_dropped: incident.evidence_dropped,
            pack: name(&incident.pack),
            rule: name(&incident.rule),
            rule_title: line(&incident.rule_title, limits::TITLE),
            description: lines(&incident.rule_description, limits::LINES, limits::LINE),
            tags: few(&incident.tags, tag),
            references: few(&incident.references, line),
            route: name(&notice.route),
            tenant: name(&notice.tenant),
            of_tenant: tenant::flag(&notice.tenant),
        }
    }
}

/// Some of many tags or references.
fn few(all: &[String], shown: fn(&str, usize) -> String) -> Vec<String> {
    all.iter().take(limits::TAGS).map(|one| shown(one, limits::VALUE)).collect()
}

fn title(incident: &IncidentView) -> String {
    let given = [&incident.title, &incident.subject, &incident.rule_title, &incident.rule];
    let said = given.into_iter().find(|text| !text.trim().is_empty());
    line(said.map_or("incident", |text| text), limits::TITLE)
}

/// When it happened, as far as it is known.
fn when(notice: &Notice) -> Option<String> {
    match (notice.incident.first, notice.incident.last) {
        (Some(first), Some(last)) => Some(span(first, last, &notice.zone)),
        (Some(one), None) | (None, Some(one)) => Some(moment(one, &notice.zone)),
        (None, None) => None,
    }
}

fn rows(values: &[(String, String)]) -> Vec<Row> {
    let names: Vec<String> =
        values.iter().take(limits::VALUES).map(|(name, _)| line(name, limits::KEY)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let row = |(name, (_, value)): (String, &(String, String))| Row {
        padded: format!("{name:width$}"),
        name,
        value: line(value, limits::VALUE),
    };
    names.into_iter().zip(values).map(row).collect()
}

/// `47 times`.
pub(crate) fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// Behind white letters; each has a contrast of at least 4.5 to them.
pub(crate) fn color(severity: &str) -> &'static str {
    match severity {
        "critical" => "#8e1537",
        "high" => "#c0321c",
        "medium" => "#a05a00",
        "low" => "#2f6f9f",
        _ => "#5f6670",
    }
}
