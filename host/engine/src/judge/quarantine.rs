//! When a pack is out, and the incident of its own that this is.

use tripline_abi::Severity;

use super::reply::host_rule;
use crate::decision::{Decision, Evidence};
use crate::fault::Fault;
use crate::id::Position;

/// A pack is out when more than one in this many of its events fault …
const SHARE: u64 = 100;
/// … and at least so many have: one crafted line among few must not be an off-switch.
const LEAST: u64 = 10;

/// Whether so many faults are too many for so many events.
pub(super) fn is_due(faults: u64, events: u64) -> bool {
    faults >= LEAST && faults.saturating_mul(SHARE) > events
}

/// What is known of a pack when it is put out.
pub(super) struct Out<'a> {
    pub(super) pack: &'a str,
    pub(super) fault: &'a Fault,
    pub(super) faults: u64,
    pub(super) time: Option<i64>,
    /// The event that did it, or the first since it was saved.
    pub(super) trigger: Option<Position>,
    pub(super) evidence: Option<Evidence>,
}

impl Out<'_> {
    pub(super) fn decision(self) -> Decision {
        let origin = host_rule(
            "pack-quarantined",
            "A rule pack is out",
            "The pack faulted without an event, or on more than 1 % of its events; it judges no more.",
            Severity::High,
        );
        Decision {
            severity: origin.rule.severity,
            fingerprint: Some(self.pack.as_bytes().to_vec()),
            title: format!("Rule pack {} is out", self.pack),
            summary: self.fault.to_string(),
            values: vec![("pack".into(), self.pack.into()), ("faults".into(), self.faults.to_string())],
            time: self.time,
            trigger: self.trigger,
            evidence: self.evidence.into_iter().collect(),
            evidence_gone: 0,
            weight: 1,
            ordinal: 0,
            origin,
        }
    }
}
