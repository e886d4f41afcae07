//! Stored incidents as the report knows incidents, and what they have besides.

use std::sync::Arc;

use serde::Serialize;
use tripline_abi::manifest::{Rule, Status};
use tripline_engine::Position;
use tripline_engine::decision::{self, Origin};
use tripline_engine::fold;

use super::when::rfc3339;
use crate::check::Files;
use crate::incidents::{Evidence, Incident};

/// What a stored incident has besides what was decided.
#[derive(Clone, Debug, Serialize)]
pub struct StoredAs {
    /// Its number.
    pub id: i64,
    /// `open`, `acknowledged` or `resolved`.
    pub state: &'static str,
    /// From 1.
    pub generation: u32,
    /// Whose it is.
    pub tenant: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<&'static str>,
    /// Whose it is to work off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// When an acknowledgement runs out, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_until: Option<String>,
    /// The incident of the generation before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<i64>,
    /// When it was recorded, RFC 3339.
    pub opened: Option<String>,
    /// When it changed last, RFC 3339.
    pub changed: Option<String>,
    /// Names of the files that its evidence came from; the first few.
    pub sources: Vec<String>,
    /// Counts its changes.
    pub version: i64,
}

impl StoredAs {
    /// Of an incident.
    pub fn of(incident: &Incident) -> StoredAs {
        StoredAs {
            id: incident.id,
            state: incident.state.as_str(),
            generation: incident.generation,
            tenant: incident.tenant.to_string(),
            resolution: incident.resolution.map(|resolution| resolution.as_str()),
            assignee: incident.assignee.clone(),
            acknowledged_until: incident.acknowledged_until.and_then(rfc3339),
            previous: incident.previous,
            opened: rfc3339(incident.opened),
            changed: rfc3339(incident.changed),
            sources: incident.sources.clone(),
            version: incident.version,
        }
    }
}

/// A stored incident as the report knows incidents; names of its files are added to `files`.
pub fn folded(incident: &Incident, evidence: &[Evidence], files: &mut Files) -> fold::Incident {
    let rule = Rule {
        id: incident.rule.clone(),
        title: incident.subject.clone(),
        description: String::new(),
        severity: incident.severity,
        tags: incident.tags.clone(),
        references: Vec::new(),
        false_positives: Vec::new(),
        status: Status::Stable,
        dedupe_window: None,
        resolve_after: None,
    };
    let mut exhibit = |(i, one): (usize, &Evidence)| {
        // A source of its own for each incident, so that names of other incidents stay.
        let (source, file) = (incident.id as u32, i as u32);
        files.insert(source, file, one.name.clone());
        decision::Evidence {
            position: Position { source, file, offset: one.offset, line: one.line },
            text: one.text.clone(),
            cut: one.cut,
            captures: one.captures.clone(),
            digest: one.digest,
        }
    };
    fold::Incident {
        origin: Arc::new(Origin { pack: incident.pack.clone(), rule }),
        severity: incident.severity,
        fingerprint: incident.fingerprint.given().map(<[u8]>::to_vec),
        title: incident.title.clone(),
        summary: incident.summary.clone(),
        values: incident.values.clone(),
        count: incident.count,
        first: incident.first,
        last: incident.last,
        evidence: evidence.iter().enumerate().map(&mut exhibit).collect(),
        evidence_dropped: incident.evidence_dropped,
        overflow: incident.overflow,
    }
}
