//! What people and programs write: refused once their tenant has as much stored as it may.
//!
//! ```text
//!   act, exception, silence, report,   ─► done ─► within `stored`? ─┬─ kept
//!   recipient, push, settings, scan              or once room is made └─ taken back; room is made, the tenant is told
//!   token                              ─► less than `stored`, or once room is made? ─► added
//! ```
//!
//! Room is made only for what has none: what changes nothing lets go of nothing.
//!
//! What rules decide is counted whatever is stored; of that it is evidence that goes: [`super::room`].

use super::database::Database;
use super::room::{self, Room};
use super::telling::Work;
use super::writer::Size;
use super::{quotas, stored};
use crate::commit::{StoreError, Tenant};
use crate::quota::{OverQuota, QuotaKind};

/// What was done, or what it would have led over.
type Grown<T> = Result<T, OverQuota>;

impl Database {
    /// Does in a transaction what makes a tenant's rows more, if it has room for that.
    pub(super) fn grow<T: Send + 'static>(
        &self,
        tenant: &Tenant,
        work: impl FnOnce(&Work<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.grow_unless(tenant, Size::Small, |_| Ok(false), work)
    }

    /// The same, unless it is to be done whatever is stored.
    pub(super) fn grow_unless<T: Send + 'static>(
        &self,
        tenant: &Tenant,
        size: Size,
        is_needed: impl FnOnce(&Work<'_>) -> Result<bool, StoreError> + Send + 'static,
        work: impl FnOnce(&Work<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (of, departed) = (tenant.clone(), self.departed_tenants());
        let grown = self.write_sized(size, move |db, this| {
            // Whoever asks was let in before its body came, and it may have been deleted meanwhile.
            departed.allow(&of)?;
            let of = this.work(db, &of);
            match is_needed(&of)? {
                true => work(&of),
                false => within(&of, work),
            }
        });
        if let Err(StoreError::Over(_, over)) = grown {
            self.tell_over(tenant, over)?;
        }
        grown
    }

    /// The same for rows whose bytes are not counted: who has no room at all gets none of them.
    pub(super) fn grow_uncounted<T: Send + 'static>(
        &self,
        tenant: &Tenant,
        work: impl FnOnce(&Work<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (of, departed) = (tenant.clone(), self.departed_tenants());
        let grown = self.write_sized(Size::Large, move |db, this| {
            departed.allow(&of)?;
            let of = this.work(db, &of);
            match may(&of)? {
                Ok(()) => work(&of).map(Ok),
                Err(over) => Ok(Err(over)),
            }
        })?;
        grown.map_err(|over| StoreError::Over(tenant.clone(), over))
    }

    /// Tells a tenant that something was over this. The room that was made for it was taken back with it; here it stays: who
    /// is well above what may be gets below it, however little room is made at once.
    pub(super) fn tell_over(&self, tenant: &Tenant, over: OverQuota) -> Result<(), StoreError> {
        let (of, departed) = (tenant.clone(), self.departed_tenants());
        self.write_sized(Size::Large, move |db, this| {
            departed.allow(&of)?;
            let work = this.work(db, &of);
            let OverQuota { kind, most, found } = over;
            // It lacked more than is kept free, and would fit in the end: some goes for it, too.
            let lacks = found > most && found.saturating_sub(stored::of(work.db, &of)?.all()) <= most;
            if !(lacks && room::let_go(work.db, &of)?) {
                Room::of(&work)?;
            }
            quotas::tell(&work, kind, most).map(drop)
        })
    }
}

/// Whether a tenant may have any more stored; one that may not is told.
pub(super) fn may(work: &Work<'_>) -> Result<Grown<()>, StoreError> {
    let quota = quotas::in_force(work.db, work.policy, work.tenant)?;
    let Some(most) = quota.most(QuotaKind::Stored) else { return Ok(Ok(())) };
    let mut found = stored::of(work.db, work.tenant)?.all();
    if found >= most {
        Room::of(work)?;
        found = stored::of(work.db, work.tenant)?.all();
    }
    if found < most {
        return Ok(Ok(()));
    }
    quotas::tell(work, QuotaKind::Stored, most)?;
    Ok(Err(OverQuota { kind: QuotaKind::Stored, most, found: found.saturating_add(1) }))
}

/// Does it; what leads over what the tenant may have stored fails, by which all of it is taken back.
fn within<T>(work: &Work<'_>, act: impl FnOnce(&Work<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let quota = quotas::in_force(work.db, work.policy, work.tenant)?;
    let Some(most) = quota.most(QuotaKind::Stored) else { return act(work) };
    let all = || Ok::<_, StoreError>(stored::of(work.db, work.tenant)?.all());
    let before = all()?;
    let done = act(work)?;
    let found = all()?;
    if found <= most || found <= before {
        return Ok(done);
    }
    // As for evidence: of what is resolved, some is let go.
    Room::of(work)?;
    if all()? <= most {
        return Ok(done);
    }
    let over = OverQuota { kind: QuotaKind::Stored, most, found };
    Err(StoreError::Over(work.tenant.clone(), over))
}
