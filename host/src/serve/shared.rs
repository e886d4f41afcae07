use std::sync::Arc;
use std::time::Duration;

use super::{Control, Event};
use crate::check::Keeping;
use crate::commit::{Store, Tenant};
use crate::store::Database;
use crate::wall_clock::WallClock;

/// What all threads of a server have.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) database: &'a Arc<Database>,
    pub(super) control: &'a Control,
    pub(super) clock: &'a dyn WallClock,
    pub(super) tell: &'a (dyn Fn(Event) + Sync),
    /// How long a thread sleeps that has nothing to do.
    pub(super) pause: Duration,
    /// There is a barrier so often.
    pub(super) every: Duration,
}

impl Shared<'_> {
    /// Where a tenant's rows are kept.
    pub(super) fn keeping(&self, tenant: &Tenant) -> Keeping {
        Keeping::new(Arc::clone(self.database) as Arc<dyn Store>, tenant.clone())
    }

    pub(super) fn tell(&self, event: Event) {
        (self.tell)(event);
    }
}
