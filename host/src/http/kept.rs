//! What the database keeps of each tenant: asked at most every other second, however many look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::problem::Problem;
use super::shared::Shared;
use crate::commit::Tenant;
use crate::serve::Usage;

/// How long an answer holds, nanoseconds.
const HOLDS: i64 = 2_000_000_000;

/// When it was asked last, by the clock that nobody sets, and what it said.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<(i64, Arc<Said>)>>);

/// What it said.
pub(super) struct Said {
    /// Bytes of each tenant.
    pub(super) bytes: BTreeMap<Tenant, u64>,
    /// Who is over a quota that it knows of.
    pub(super) over: BTreeSet<Tenant>,
}

impl Kept {
    fn last(&self, now: i64) -> Option<Arc<Said>> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, said) = last.as_ref().filter(|(at, _)| now.saturating_sub(*at) < HOLDS)?;
        Some(Arc::clone(said))
    }
}

impl Shared {
    /// Bytes that each tenant has stored, and who is over a quota of what is stored.
    ///
    /// # Errors
    /// There was no turn in time, or the database cannot answer.
    pub(super) async fn stored(self: &Arc<Self>) -> Result<Arc<Said>, Problem> {
        let now = self.clock.steady();
        if let Some(said) = self.kept.last(now) {
            return Ok(said);
        }
        let (stored, over) = self.read(|database| Ok((database.stored()?, database.over_quota()?))).await?;
        let bytes = stored.into_iter().map(|(tenant, stored)| (tenant, stored.all())).collect();
        let said = Arc::new(Said { bytes, over: over.into_iter().map(|(tenant, _)| tenant).collect() });
        *self.kept.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&said)));
        Ok(said)
    }

    /// What all tenants have used: those of which something has come, or is kept.
    ///
    /// # Errors
    /// As [`Shared::stored`].
    pub(super) async fn usage(self: &Arc<Self>, tenant: Option<&Tenant>) -> Result<Usage, Problem> {
        let said = self.stored().await?;
        let mut usage = self.health.accounts().usage(tenant);
        let is_asked = |name: &Tenant| tenant.is_none_or(|tenant| tenant == name);
        usage.keep(said.bytes.iter().filter(|(name, _)| is_asked(name)).map(|(name, bytes)| (name, *bytes)));
        Ok(usage)
    }
}
