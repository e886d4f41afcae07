//! What the database keeps of each tenant: asked at most every other second, however many look.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::problem::Problem;
use super::shared::Shared;
use crate::commit::Tenant;
use crate::serve::Usage;

/// How long an answer holds, nanoseconds.
const HOLDS: i64 = 2_000_000_000;

/// When it was asked last, by the clock that nobody sets, and what it said.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<(i64, Bytes)>>);

/// Of each tenant.
type Bytes = Arc<BTreeMap<Tenant, u64>>;

impl Kept {
    fn last(&self, now: i64) -> Option<Bytes> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, bytes) = last.as_ref().filter(|(at, _)| now.saturating_sub(*at) < HOLDS)?;
        Some(Arc::clone(bytes))
    }
}

impl Shared {
    /// Bytes that each tenant has stored.
    ///
    /// # Errors
    /// There was no turn in time, or the database cannot answer.
    pub(super) async fn stored(self: &Arc<Self>) -> Result<Bytes, Problem> {
        let now = self.clock.steady();
        if let Some(bytes) = self.kept.last(now) {
            return Ok(bytes);
        }
        let stored = self.read(|database| database.stored()).await?;
        let bytes: BTreeMap<_, _> =
            stored.into_iter().map(|(tenant, stored)| (tenant, stored.all())).collect();
        let bytes = Arc::new(bytes);
        *self.kept.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&bytes)));
        Ok(bytes)
    }

    /// What all tenants have used: those of which something has come, or is kept.
    ///
    /// # Errors
    /// As [`Shared::stored`].
    pub(super) async fn usage(self: &Arc<Self>, tenant: Option<&Tenant>) -> Result<Usage, Problem> {
        let stored = self.stored().await?;
        let mut usage = self.health.accounts().usage(tenant);
        let is_asked = |name: &Tenant| tenant.is_none_or(|tenant| tenant == name);
        usage.keep(stored.iter().filter(|(name, _)| is_asked(name)).map(|(name, bytes)| (name, *bytes)));
        Ok(usage)
    }
}
