//! What goes to the matchers: of each tenant numbered, in the order of the feeding thread.

use std::collections::HashMap;

use super::lanes::Putter;
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
    matchers: &'a Putter,
    /// The next one of each tenant.
    numbers: HashMap<Tenant, u64>,
}

impl Feed<'_> {
    /// Nothing is fed yet.
    pub(super) fn new(matchers: &Putter) -> Feed<'_> {
        Feed { matchers, numbers: HashMap::new() }
    }

    pub(super) fn send(&mut self, tenant: &Tenant, what: What) -> Result<(), Gone> {
        self.put(tenant, what, false)
    }

    /// All of it is committed together.
    pub(super) fn send_together(&mut self, tenant: &Tenant, all: Vec<What>) -> Result<(), Gone> {
        let mut all = all.into_iter().peekable();
        while let Some(what) = all.next() {
            self.put(tenant, what, all.peek().is_some())?;
        }
        Ok(())
    }

    fn put(&mut self, tenant: &Tenant, what: What, joined: bool) -> Result<(), Gone> {
        let next = match self.numbers.get_mut(tenant) {
            Some(next) => next,
            None => self.numbers.entry(tenant.clone()).or_default(),
        };
        let number = *next;
        *next += 1;
        self.matchers.put(Fed { number, joined, tenant: tenant.clone(), what })
    }
}
