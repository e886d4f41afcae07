//! The mail that a server would send when it opens this incident, by the renderer that it has.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tripline_engine::decision::{Decision, Evidence};
use tripline_engine::fold::Incident;
use tripline_notice::{EvidenceView, IncidentView, Notice, Reason, State, Templates, plain};

/// Subject, text and HTML.
pub(crate) fn mail(number: usize, incident: &Incident, first: Option<&Decision>, names: &[String]) -> Value {
    let notice = notice(number, incident, first, names);
    let rendered = Templates::new().render(&notice).unwrap_or_else(|_| plain(&notice));
    json!({ "subject": rendered.subject, "text": rendered.text, "html": rendered.html })
}

/// As the store would have it if it were the first to come in. `first` is the decision that opened it.
fn notice(number: usize, incident: &Incident, first: Option<&Decision>, names: &[String]) -> Notice {
    let rule = &incident.origin.rule;
    Notice {
        tenant: "default".into(),
        reason: Reason::First,
        route: "all".into(),
        incident: IncidentView {
            id: number as i64 + 1,
            generation: 1,
            severity: incident.severity.as_str().into(),
            state: State::Open,
            subject: first.map_or(&incident.title, |decision| &decision.title).clone(),
            title: incident.title.clone(),
            summary: incident.summary.clone(),
            pack: incident.origin.pack.clone(),
            rule: rule.id.clone(),
            rule_title: rule.title.clone(),
            rule_description: rule.description.clone(),
            tags: rule.tags.clone(),
            references: rule.references.clone(),
            values: incident.values.clone(),
            count: incident.count,
            first: incident.first,
            last: incident.last,
            assignee: None,
            resolution: None,
            evidence: incident.evidence.iter().map(|evidence| exhibit(evidence, names)).collect(),
            evidence_dropped: incident.evidence_dropped,
        },
        zone: TimeZone::UTC,
    }
}

fn exhibit(evidence: &Evidence, names: &[String]) -> EvidenceView {
    let name = names.get(evidence.position.source as usize).map_or("lines", String::as_str);
    EvidenceView {
        place: format!("{name}:{}", evidence.position.line),
        text: evidence.text.clone(),
        cut: evidence.cut,
    }
}
