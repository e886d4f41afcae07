//! What goes to the matchers: numbered, in the order of the feeding thread.

use crossbeam_channel::Sender;

use super::passing::{Fed, What};
use crate::commit::{StoreError, Tenant};

/// Nobody takes what is fed any more.
pub(super) struct Gone;

/// What stops a turn.
pub(super) enum Halt {
    Gone,
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Halt {
        Halt::Store(error)
    }
}

impl From<Gone> for Halt {
    fn from(Gone: Gone) -> Halt {
        Halt::Gone
    }
}

/// Numbers what is fed.
pub(super) struct Feed<'a> {
    matchers: &'a Sender<Fed>,
    number: u64,
}

impl Feed<'_> {
    /// Nothing is fed yet.
    pub(super) fn new(matchers: &Sender<Fed>) -> Feed<'_> {
        Feed { matchers, number: 0 }
    }

    pub(super) fn send(&mut self, tenant: &Tenant, what: What) -> Result<(), Gone> {
        let fed = Fed { number: self.number, tenant: tenant.clone(), what };
        self.number += 1;
        self.matchers.send(fed).map_err(|_| Gone)
    }
}
