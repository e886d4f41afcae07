//! From what the store keeps to what a notice shows.

use jiff::tz::TimeZone;
use tripline_notice::{
    Confirmation, Digest, EvidenceView, IncidentLine, IncidentView, Notice, RuleCount, State,
};

use super::{About, Asked, outbox};
use crate::commit::Tenant;
use crate::incidents;

/// A notice about one incident.
pub(super) fn notice(tenant: &Tenant, about: &About, zone: &TimeZone) -> Notice {
    let About { incident, evidence, rule, reason, route } = about;
    Notice {
        tenant: tenant.to_string(),
        reason: reason.clone(),
        route: route.clone(),
        incident: IncidentView {
            id: incident.id,
            generation: incident.generation,
            severity: incident.severity.as_str().into(),
            state: state(incident.state),
            subject: incident.subject.clone(),
            title: incident.title.clone(),
            summary: incident.summary.clone(),
            pack: incident.pack.clone(),
            rule: incident.rule.clone(),
            rule_title: rule.title.clone(),
            rule_description: rule.description.clone(),
            tags: incident.tags.clone(),
            references: rule.references.clone(),
            values: incident.values.clone(),
            count: incident.count,
            first: incident.first,
            last: incident.last,
            assignee: incident.assignee.clone(),
            resolution: incident.resolution.map(|resolution| resolution.as_str().into()),
            evidence: evidence.iter().map(exhibit).collect(),
            evidence_dropped: incident.evidence_dropped,
        },
        zone: zone.clone(),
    }
}

/// Many as one.
pub(super) fn digest(tenant: &Tenant, digest: &outbox::Digest, zone: &TimeZone) -> Digest {
    let line = |(incident, reason): &(incidents::Incident, tripline_notice::Reason)| IncidentLine {
        id: incident.id,
        severity: incident.severity.as_str().into(),
        title: incident.title.clone(),
        count: incident.count,
        last: incident.last,
        reason: reason.code().into(),
    };
    let by_rule = digest.by_rule.iter().map(|(rule, severity, incidents, occurrences)| RuleCount {
        rule: rule.clone(),
        severity: severity.as_str().into(),
        incidents: *incidents,
        occurrences: *occurrences,
    });
    Digest {
        tenant: tenant.to_string(),
        route: digest.route.clone(),
        count: digest.incidents,
        by_rule: by_rule.collect(),
        worst: digest.worst.iter().map(line).collect(),
        left_out: digest.incidents.saturating_sub(digest.worst.len() as u64),
        from: digest.span.0,
        to: digest.span.1,
        zone: zone.clone(),
    }
}

/// Whether somebody wants to be told.
pub(super) fn confirmation(tenant: &Tenant, asked: &Asked, zone: &TimeZone) -> Confirmation {
    Confirmation {
        tenant: tenant.to_string(),
        author: asked.author.clone(),
        named: asked.named,
        token: asked.secret.show().into(),
        expires: asked.expires,
        zone: zone.clone(),
    }
}

fn state(state: incidents::State) -> State {
    match state {
        incidents::State::Open => State::Open,
        incidents::State::Acknowledged => State::Acknowledged,
        incidents::State::Resolved => State::Resolved,
    }
}

/// A file's last name says enough in a mail.
fn exhibit(evidence: &incidents::Evidence) -> EvidenceView {
    let name = evidence.name.rsplit('/').next().unwrap_or_default();
    EvidenceView {
        place: format!("{name}:{}", evidence.line),
        text: evidence.text.clone(),
        cut: evidence.cut,
    }
}
