//! More than a tenant may use.

use super::QuotaKind;

/// The rule's id, under the pack's name [`tripline_engine::decision::HOST`].
pub const OVER_QUOTA: &str = "over-quota";

/// More than a tenant may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected at most {} {}, which is the tenant's quota `{}`, found {}", .kind.unit().show(*.most), .kind.words(), .kind.as_str(), .kind.unit().show(*.found))]
pub struct OverQuota {
    /// Of what.
    pub kind: QuotaKind,
    /// What it may use.
    pub most: u64,
    /// What it uses, or would.
    pub found: u64,
}
