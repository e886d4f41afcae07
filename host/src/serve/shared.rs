use std::sync::Arc;
use std::time::Duration;

use super::faults::Faults;
use super::{Control, Event, Health, Quotas};
use crate::check::Keeping;
use crate::commit::{Store, StoreError, Tenant};
use crate::quota::QuotaKind;
use crate::scans::Patience;
use crate::store::Database;
use crate::wall_clock::WallClock;

/// What all threads of a server have.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) database: &'a Arc<Database>,
    pub(super) control: &'a Control,
    pub(super) health: &'a Health,
    pub(super) faults: &'a Faults,
    pub(super) clock: &'a dyn WallClock,
    pub(super) quotas: Option<&'a Quotas>,
    pub(super) tell: &'a (dyn Fn(Event) + Sync),
    /// How long a thread sleeps that has nothing to do.
    pub(super) pause: Duration,
    /// There is a barrier so often.
    pub(super) every: Duration,
}

/// A scan's end waits as inputs do, until the server is to stop.
impl Patience for Shared<'_> {
    fn again(&self, error: &StoreError) -> bool {
        if let StoreError::Over(tenant, over) = error {
            self.over_quota(tenant, over.kind, over.most);
        }
        let waits = error.is_passing() && !self.control.is_stopping();
        if waits {
            std::thread::sleep(self.pause);
        }
        waits
    }
}

impl Shared<'_> {
    /// By the clock that nobody sets: how long something lasts.
    pub(super) fn steady(&self) -> Duration {
        Duration::from_nanos(self.clock.steady().unsigned_abs())
    }

    /// Where a tenant's rows are kept.
    pub(super) fn keeping(&self, tenant: &Tenant) -> Keeping {
        Keeping::new(Arc::clone(self.database) as Arc<dyn Store>, tenant.clone())
    }

    /// The store does not take what it is given.
    pub(super) fn waits(&self, error: StoreError) {
        self.health.store_waits(true, &error.to_string());
        self.tell(Event::Waits(error));
    }

    /// It does again.
    pub(super) fn goes_on(&self) {
        self.health.store_waits(false, "");
        self.tell(Event::GoesOn);
    }

    /// The store has told a tenant that it is over its quota, or refused what is more.
    pub(super) fn over_quota(&self, tenant: &Tenant, kind: QuotaKind, most: u64) {
        if self.quotas.is_none_or(|quotas| quotas.note(tenant, kind, true)) {
            self.tell(Event::OverQuota(tenant.clone(), kind, most));
        }
    }

    pub(super) fn tell(&self, event: Event) {
        let accounts = self.health.accounts();
        match &event {
            Event::Scanned(tenant, _) => accounts.scanned(tenant),
            Event::Delivered(delivered) => {
                delivered.tenants.iter().for_each(|(tenant, mails)| accounts.mailed(tenant, *mails));
            }
            _ => {}
        }
        (self.tell)(event);
    }
}
