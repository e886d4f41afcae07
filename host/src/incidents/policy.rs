use std::collections::BTreeSet;

use super::Redaction;
use crate::commit::Tenant;
use crate::notices::{Recipients, Routes, Throttle};
use crate::quota::TenantQuotas;

const HOUR: i64 = 60 * 60 * 1_000_000_000;

/// How a tenant's incidents are kept and told.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Bounds and timers.
    pub limits: IncidentLimits,
    /// What is blotted out before anything is stored.
    pub redaction: Redaction,
    /// Who is told what.
    pub routes: Routes,
    /// Who may be written to at all.
    pub recipients: Recipients,
    /// How often.
    pub throttle: Throttle,
    /// What the configuration says that tenants may use; it goes before what was set at run time.
    pub quotas: TenantQuotas,
    /// Tenants that stand in the configuration: taken away elsewhere, they would come back.
    pub configured: BTreeSet<Tenant>,
    /// Whether others may know routes of this database that are not among these, as flags know nothing of a
    /// configuration: what time brings of incidents is then left to those others, once they have told anybody anything.
    pub partial: bool,
}

impl Policy {
    /// Whether there may be routes of this database that are not among these.
    pub(crate) fn may_be_partial(&self) -> bool {
        self.partial || self.routes.0.is_empty()
    }
}

/// When an incident that nothing more happens to resolves itself. What an operator says goes before what rules say: a rule's
/// author does not know who works its incidents off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResolveAfter {
    /// As its rule says; never, where that says nothing.
    #[default]
    AsRuled,
    /// After so many nanoseconds of quiet, whatever its rule says.
    Quiet(i64),
    /// Never, whatever its rule says.
    Never,
}

impl ResolveAfter {
    /// The quiet that it takes, of a rule that says so many seconds; `None`: it never does.
    pub(crate) fn of(self, rule: Option<u32>) -> Option<i64> {
        match self {
            ResolveAfter::AsRuled => rule.map(|seconds| i64::from(seconds) * 1_000_000_000),
            ResolveAfter::Quiet(quiet) => Some(quiet),
            ResolveAfter::Never => None,
        }
    }
}

/// Bounds and timers of incidents. Times are nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentLimits {
    /// Open incidents of one rule; what is over goes into one, since fingerprints are often the attacker's. 1,000.
    pub open_per_rule: u64,
    /// Evidence kept of the first occurrences, and as much of the last. 16.
    pub evidence: usize,
    /// Bytes kept of one line. 4 KiB.
    pub evidence_bytes: usize,
    /// Occurrences kept with their ids from the first, and … 64.
    pub first_occurrences: u64,
    /// … from the last: more than any replay brings again. 8,192.
    pub last_occurrences: u64,
    /// How long an acknowledgement holds. A day.
    pub acknowledge_for: i64,
    /// When an incident resolves itself.
    pub resolve_after: ResolveAfter,
    /// How long resolved incidents are kept; `None`: for ever. 90 days.
    pub retention: Option<i64>,
}

impl Default for IncidentLimits {
    fn default() -> IncidentLimits {
        IncidentLimits {
            open_per_rule: 1_000,
            evidence: 16,
            evidence_bytes: 4096,
            first_occurrences: 64,
            last_occurrences: 8_192,
            acknowledge_for: 24 * HOUR,
            resolve_after: ResolveAfter::AsRuled,
            retention: Some(90 * 24 * HOUR),
        }
    }
}
