//! Equal decisions fold into one incident, here, so that every user of the engine folds the same way.
//!
//! ```text
//!   decision (pack, rule, fingerprint) ─┬─ known, within the rule's dedupe window ─► one occurrence more
//!                                       ├─ known, but quiet for longer ────────────► a new incident
//!                                       └─ new ─┬──────────────────────────────────► a new incident
//!                                               └─ the rule has too many ──────────► its overflow incident
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tripline_abi::Severity;

use crate::decision::{Decision, Evidence, Origin};

/// Incidents of one rule before the rest goes into one: fingerprints are often chosen by the attacker.
pub const INCIDENTS_PER_RULE: usize = 1_000;
/// Evidence kept from the first decisions of an incident, and as much from the last.
pub const EVIDENCE_KEPT: usize = 16;
/// Quiet after which a decision without fingerprint is a new incident, where the rule says nothing: one hour.
const DEFAULT_WINDOW: i64 = 60 * 60;
const SECOND: i64 = 1_000_000_000;

/// Equal decisions, as one thing for a person to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Who decided.
    pub origin: Arc<Origin>,
    /// The highest that any of its decisions had.
    pub severity: Severity,
    /// What its decisions share; `None`: same rule and source.
    pub fingerprint: Option<Vec<u8>>,
    /// The title of its last decision.
    pub title: String,
    /// The summary of its last decision.
    pub summary: String,
    /// The values of its last decision.
    pub values: Vec<(String, String)>,
    /// How many decisions it stands for.
    pub count: u64,
    /// Earliest time of any of them.
    pub first: Option<i64>,
    /// Latest time of any of them.
    pub last: Option<i64>,
    /// Evidence of its first decisions and of its last, in the order in which it was named; each event once.
    pub evidence: Vec<Evidence>,
    /// Evidence that was named and is not here.
    pub evidence_dropped: u64,
    /// Whether it stands for all that was over [`INCIDENTS_PER_RULE`].
    pub overflow: bool,
}

/// Folds decisions; those of one pack come in the pack's order.
#[derive(Default)]
pub struct Fold {
    incidents: Vec<Incident>,
    open: BTreeMap<Key, usize>,
    per_rule: HashMap<(String, String), usize>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    pack: String,
    rule: String,
    of: Of,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Fingerprint(Vec<u8>),
    Source(Option<u32>),
    Overflow,
}

impl Fold {
    /// Nothing folded yet.
    pub fn new() -> Fold {
        Fold::default()
    }

    /// Adds a decision.
    pub fn add(&mut self, decision: Decision) {
        let of = match &decision.fingerprint {
            Some(fingerprint) => Of::Fingerprint(fingerprint.clone()),
            None => Of::Source(decision.trigger.map(|trigger| trigger.source)),
        };
        let (pack, rule) = (decision.origin.pack.clone(), decision.origin.rule.id.clone());
        let key = Key { pack, rule, of };
        if let Some(&at) = self.open.get(&key)
            && self.incidents[at].takes(&decision)
        {
            return self.incidents[at].add(decision);
        }
        let count = self.per_rule.entry((key.pack.clone(), key.rule.clone())).or_insert(0);
        if *count < INCIDENTS_PER_RULE {
            *count += 1;
            self.open.insert(key, self.incidents.len());
            self.incidents.push(Incident::new(decision));
            return;
        }
        let key = Key { of: Of::Overflow, ..key };
        match self.open.get(&key) {
            Some(&at) => self.incidents[at].overflowed(decision),
            None => {
                self.open.insert(key, self.incidents.len());
                let mut incident = Incident::new(decision);
                incident.overflow = true;
                incident.fingerprint = None;
                incident.retitle();
                self.incidents.push(incident);
            }
        }
    }

    /// Takes over the incidents of a fold of other packs.
    pub fn join(&mut self, other: Fold) {
        self.incidents.extend(other.incidents);
    }

    /// How many incidents there are so far.
    pub fn len(&self) -> usize {
        self.incidents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty()
    }

    /// The incidents: worst first, then by time, pack, rule and fingerprint.
    pub fn finish(mut self) -> Vec<Incident> {
        self.incidents.sort_by(|a, b| {
            let by = |i: &Incident| (std::cmp::Reverse(i.severity), i.first.unwrap_or(i64::MIN));
            let name =
                |i: &'_ Incident| (i.origin.pack.clone(), i.origin.rule.id.clone(), i.fingerprint.clone());
            by(a).cmp(&by(b)).then_with(|| name(a).cmp(&name(b)))
        });
        self.incidents
    }
}

impl Incident {
    fn new(decision: Decision) -> Incident {
        let mut incident = Incident {
            severity: decision.severity,
            fingerprint: decision.fingerprint,
            title: decision.title,
            summary: decision.summary,
            values: decision.values,
            count: decision.weight,
            first: decision.time,
            last: decision.time,
            evidence: Vec::new(),
            evidence_dropped: u64::from(decision.evidence_gone),
            overflow: false,
            origin: decision.origin,
        };
        incident.show(decision.evidence);
        incident
    }

    /// Whether a decision with its fingerprint is still part of it.
    fn takes(&self, decision: &Decision) -> bool {
        let window = match (self.origin.rule.dedupe_window, &self.fingerprint) {
            (Some(seconds), _) => i64::from(seconds),
            (None, None) => DEFAULT_WINDOW,
            (None, Some(_)) => return true,
        };
        match (self.last, decision.time) {
            (Some(last), Some(time)) => time.saturating_sub(last) <= window.saturating_mul(SECOND),
            // Without a time nothing is known of quiet.
            _ => true,
        }
    }

    fn add(&mut self, decision: Decision) {
        self.title = decision.title;
        self.summary = decision.summary;
        self.values = decision.values;
        self.count(decision.severity, decision.weight, decision.time, decision.evidence_gone);
        self.show(decision.evidence);
    }

    fn overflowed(&mut self, decision: Decision) {
        self.count(decision.severity, decision.weight, decision.time, decision.evidence_gone);
        self.show(decision.evidence);
        self.retitle();
    }

    fn retitle(&mut self) {
        self.title = format!("{} ({} more)", self.origin.rule.title, self.count);
        self.summary =
            format!("more than {INCIDENTS_PER_RULE} incidents of this rule; the rest is counted here");
        self.values = Vec::new();
    }

    fn count(&mut self, severity: Severity, weight: u64, time: Option<i64>, gone: u32) {
        self.severity = self.severity.max(severity);
        self.count += weight;
        self.first = match (self.first, time) {
            (Some(first), Some(time)) => Some(first.min(time)),
            (first, time) => first.or(time),
        };
        self.last = self.last.max(time);
        self.evidence_dropped += u64::from(gone);
    }

    fn show(&mut self, evidence: Vec<Evidence>) {
        for one in evidence {
            if self.evidence.iter().any(|known| known.position == one.position) {
                continue;
            }
            if self.evidence.len() == 2 * EVIDENCE_KEPT {
                self.evidence.remove(EVIDENCE_KEPT);
                self.evidence_dropped += 1;
            }
            self.evidence.push(one);
        }
    }
}
