use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::time::{maybe, nanoseconds};
use super::{EntryShape, EvidenceShape, Odd, ResolutionWord, SeverityWord, StateWord};
use crate::commit::Tenant;
use crate::incidents::{Entry, Evidence, Fingerprint, Incident};

/// A stored incident.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Incident)]
pub(crate) struct IncidentShape {
    #[schema(example = "incident")]
    r#type: String,
    /// Its number.
    id: i64,
    /// How far it is.
    state: StateWord,
    /// How often it came back, from 1.
    generation: u32,
    /// Whose it is.
    tenant: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resolution: Option<ResolutionWord>,
    /// Whose it is to work off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    assignee: Option<String>,
    /// When an acknowledgement runs out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    acknowledged_until: Option<String>,
    /// The incident of the generation before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    previous: Option<i64>,
    /// When it was recorded.
    #[schema(format = DateTime, required)]
    opened: Option<String>,
    /// When it changed last.
    #[schema(format = DateTime, required)]
    changed: Option<String>,
    /// Files that its events came from; the first few.
    sources: Vec<String>,
    /// Counts its changes; quoted, it is the ETag.
    version: i64,
    /// The pack that decided; `tripline` is the host itself.
    pack: String,
    /// Its rule.
    rule: String,
    /// The highest of its decisions.
    severity: SeverityWord,
    /// What its decisions share; null: same rule and source.
    #[schema(required)]
    fingerprint: Option<String>,
    /// If the fingerprint is no UTF-8: its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fingerprint_hex: Option<String>,
    /// Of the last decision.
    title: String,
    /// Of the last decision; may be empty.
    summary: String,
    /// Decisions it stands for.
    count: u64,
    /// Earliest of its decisions.
    #[schema(format = DateTime, required)]
    first: Option<String>,
    /// Latest of its decisions.
    #[schema(format = DateTime, required)]
    last: Option<String>,
    /// Of the last decision, in the rule's order.
    #[schema(value_type = HashMap<String, String>)]
    values: Map<String, Value>,
    /// The rule's.
    tags: Vec<String>,
    /// Whether it stands for all incidents of the rule that were over the limit.
    overflow: bool,
    /// Events that show it; empty in lists.
    evidence: Vec<EvidenceShape>,
    /// Events that were named and are not kept.
    evidence_dropped: u64,
    /// Who or what did what; missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    timeline: Option<Vec<EntryShape>>,
}

impl IncidentShape {
    /// What a client works with. What the object does not tell is as it is by default.
    ///
    /// # Errors
    /// It is not as `FORMAT.md` has it.
    pub(crate) fn read(self) -> Result<(Incident, Vec<Evidence>, Vec<Entry>), Odd> {
        let missing = || Odd::new("a time", "none");
        let values = self.values.into_iter();
        let text = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            other => Err(Odd::new("a text", other.to_string())),
        };
        let changed = nanoseconds(&self.changed.ok_or_else(missing)?)?;
        let fingerprint = fingerprint(self.fingerprint, self.fingerprint_hex, self.overflow)?;
        let incident = Incident {
            tenant: Tenant::new(&self.tenant).ok_or_else(|| Odd::new("a tenant", self.tenant.clone()))?,
            id: self.id,
            pack: self.pack,
            rule: self.rule,
            fingerprint,
            generation: self.generation,
            previous: self.previous,
            state: self.state.into(),
            resolution: self.resolution.map(Into::into),
            severity: self.severity.into(),
            subject: self.title.clone(),
            title: self.title,
            summary: self.summary,
            values: values.map(text).collect::<Result<_, _>>()?,
            tags: self.tags,
            sources: self.sources,
            count: self.count,
            occurrences: self.count,
            first: maybe(self.first.as_deref())?,
            last: maybe(self.last.as_deref())?,
            opened: nanoseconds(&self.opened.ok_or_else(missing)?)?,
            changed,
            occurred: changed,
            acknowledged_until: maybe(self.acknowledged_until.as_deref())?,
            resolve_after: None,
            repeats_at: None,
            assignee: self.assignee,
            evidence_dropped: self.evidence_dropped,
            overflow: self.overflow,
            version: self.version,
        };
        let evidence = self.evidence.into_iter().map(EvidenceShape::read).collect::<Result<_, _>>()?;
        let timeline = self.timeline.unwrap_or_default().into_iter();
        // A newer server's words are left to it.
        let timeline = timeline.filter_map(|entry| entry.read().transpose());
        Ok((incident, evidence, timeline.collect::<Result<_, _>>()?))
    }
}

/// As the store has it: only what was given is told.
fn fingerprint(text: Option<String>, hex: Option<String>, overflow: bool) -> Result<Fingerprint, Odd> {
    if overflow {
        return Ok(Fingerprint::overflow());
    }
    Ok(match (text, hex) {
        (_, Some(hex)) => {
            Fingerprint::given_as(&bytes(&hex).ok_or_else(|| Odd::new("hexadecimal bytes", hex))?)
        }
        (Some(text), None) => Fingerprint::given_as(text.as_bytes()),
        (None, None) => Fingerprint::from_bytes(Vec::new()),
    })
}

/// What is written as hexadecimal digits.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
