//! What an occurrence does to an incident.
//!
//! ```text
//!   decision ─┬─ the latest generation is resolved ─────────────────────► a new generation
//!             ├─ it has been quiet for longer than the rule's window ───► a new generation
//!             ├─ it is there ───────────────────────────────────────────► one occurrence more
//!             └─ it is not ─┬───────────────────────────────────────────► a new incident
//!                           └─ the rule has too many open ones ─────────► one occurrence more of its overflow
//! ```

use tripline_engine::decision::Decision;

use super::{Fingerprint, Incident, IncidentLimits, Opened, State};
use crate::commit::Tenant;

/// Quiet after which a decision without fingerprint is a new incident, where the rule says nothing: one hour.
const DEFAULT_WINDOW: i64 = 60 * 60;
const SECOND: i64 = 1_000_000_000;
/// Names of sources kept with an incident.
const SOURCES: usize = 8;

/// What a decision comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// One occurrence more of the incident.
    Occurrence,
    /// An incident of its own: the first, or the next generation.
    Fresh(Fresh),
}

/// Why an incident is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// There was none.
    First,
    /// The one before was resolved.
    Reopened,
    /// The one before has been quiet for longer than the rule's window.
    Quiet,
}

impl Folded {
    /// What the decision is, seen from the latest generation of its incident.
    pub fn of(decision: &Decision, latest: Option<&Incident>, now: i64) -> Folded {
        let Some(latest) = latest else { return Folded::Fresh(Fresh::First) };
        if latest.state == State::Resolved {
            return Folded::Fresh(Fresh::Reopened);
        }
        let window = match (decision.origin.rule.dedupe_window, &decision.fingerprint) {
            (Some(seconds), _) => i64::from(seconds),
            (None, None) if !latest.overflow => DEFAULT_WINDOW,
            _ => return Folded::Occurrence,
        };
        let quiet = match (latest.last, decision.time) {
            (Some(last), Some(time)) => time.saturating_sub(last),
            _ => now.saturating_sub(latest.occurred),
        };
        match quiet > window.saturating_mul(SECOND) {
            true => Folded::Fresh(Fresh::Quiet),
            false => Folded::Occurrence,
        }
    }
}

impl Incident {
    /// The incident that a decision opens.
    pub fn open(
        tenant: &Tenant,
        decision: &Decision,
        fingerprint: Fingerprint,
        opened: Opened,
        limits: &IncidentLimits,
        now: i64,
    ) -> Incident {
        let rule = &decision.origin.rule;
        let overflow = fingerprint.is_overflow();
        let mut incident = Incident {
            tenant: tenant.clone(),
            id: opened.id,
            pack: decision.origin.pack.clone(),
            rule: rule.id.clone(),
            fingerprint,
            generation: opened.previous.map_or(1, |(_, generation)| generation.saturating_add(1)),
            previous: opened.previous.map(|(id, _)| id),
            state: State::Open,
            resolution: None,
            severity: decision.severity,
            subject: String::new(),
            title: String::new(),
            summary: String::new(),
            values: Vec::new(),
            tags: rule.tags.clone(),
            sources: Vec::new(),
            count: 0,
            occurrences: 0,
            first: None,
            last: None,
            opened: now,
            changed: now,
            occurred: now,
            acknowledged_until: None,
            resolve_after: None,
            repeats_at: None,
            assignee: None,
            evidence_dropped: 0,
            overflow,
            version: 0,
        };
        incident.occur(decision, limits, now);
        incident.subject = match overflow {
            true => format!("{}: more than {} incidents", rule.title, limits.open_per_rule),
            false => incident.title.clone(),
        };
        incident
    }

    /// One occurrence more.
    pub fn occur(&mut self, decision: &Decision, limits: &IncidentLimits, now: i64) {
        self.severity = self.severity.max(decision.severity);
        self.resolve_after = limits.resolve_after.of(decision.origin.rule.resolve_after);
        self.count = self.count.saturating_add(decision.weight);
        self.occurrences += 1;
        self.first = match (self.first, decision.time) {
            (Some(first), Some(time)) => Some(first.min(time)),
            (first, time) => first.or(time),
        };
        self.last = self.last.max(decision.time);
        (self.changed, self.occurred) = (now, now);
        self.evidence_dropped += u64::from(decision.evidence_gone);
        if self.overflow {
            self.title = format!("{} ({} more)", decision.origin.rule.title, self.count);
            self.summary = format!(
                "more than {} incidents of this rule are open; the rest is counted here",
                limits.open_per_rule
            );
        } else {
            self.title.clone_from(&decision.title);
            self.summary.clone_from(&decision.summary);
            self.values.clone_from(&decision.values);
        }
    }

    /// Notes the name of a file that evidence came from.
    pub fn seen_in(&mut self, name: &str) {
        if self.sources.len() < SOURCES && self.sources.iter().all(|known| known != name) {
            self.sources.push(name.into());
        }
    }

    /// When it resolves itself, if nothing more occurs.
    pub fn resolves_at(&self) -> Option<i64> {
        let quiet = self.resolve_after.filter(|_| self.state != State::Resolved)?;
        Some(self.occurred.saturating_add(quiet))
    }
}
