//! A store that does not take what it is given, for some calls.

use std::sync::{Arc, Mutex, PoisonError};

use crate::commit::{
    CheckerLock, Commit, Committed, FileIdentity, KnownFile, KnownSource, OthersFile, PackState, Store,
    StoreError, TakenOver, Tenant,
};
use crate::store::Database;

pub(super) struct Failing {
    inner: Database,
    fault: Mutex<Fault>,
}

/// Which calls fail.
#[derive(Clone, Debug)]
struct Fault {
    /// So many calls from now on do not.
    after: u32,
    /// So many do, then.
    calls: u32,
    error: StoreError,
}

impl Failing {
    pub(super) fn new(inner: Database) -> Failing {
        Failing { inner, fault: Mutex::new(Fault { after: 0, calls: 0, error: StoreError::Busy }) }
    }

    /// After so many more calls, so many fail.
    pub(super) fn fail(&self, after: u32, calls: u32, error: StoreError) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Fault { after, calls, error };
    }

    fn ask(&self) -> Result<(), StoreError> {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.after > 0 {
            fault.after -= 1;
            return Ok(());
        }
        if fault.calls == 0 {
            return Ok(());
        }
        fault.calls -= 1;
        Err(fault.error.clone())
    }
}

impl Store for Failing {
    fn checker(&self) -> Result<CheckerLock, StoreError> {
        self.inner.checker()
    }

    fn source(&self, tenant: &Tenant, name: &str) -> Result<KnownSource, StoreError> {
        self.ask()?;
        Store::source(&self.inner, tenant, name)
    }

    fn file(
        &self,
        tenant: &Tenant,
        source: u32,
        known: Option<u32>,
        identity: &FileIdentity,
        path: &str,
    ) -> Result<u32, StoreError> {
        self.ask()?;
        Store::file(&self.inner, tenant, source, known, identity, path)
    }

    fn at(&self, tenant: &Tenant, device: u64, inode: u64) -> Result<Vec<(String, KnownFile)>, StoreError> {
        self.ask()?;
        Store::at(&self.inner, tenant, device, inode)
    }

    fn of_others(&self, tenant: &Tenant, name: &str) -> Result<Vec<OthersFile>, StoreError> {
        self.ask()?;
        self.inner.of_others(tenant, name)
    }

    fn at_others(&self, tenant: &Tenant, device: u64, inode: u64) -> Result<Vec<OthersFile>, StoreError> {
        self.ask()?;
        self.inner.at_others(tenant, device, inode)
    }

    fn take(&self, tenant: &Tenant, source: u32, taken: TakenOver) -> Result<(), StoreError> {
        self.ask()?;
        self.inner.take(tenant, source, taken)
    }

    fn states(&self, tenant: &Tenant) -> Result<Vec<PackState>, StoreError> {
        self.ask()?;
        Store::states(&self.inner, tenant)
    }

    fn commit(&self, tenant: &Tenant, commit: Commit) -> Result<Committed, StoreError> {
        self.ask()?;
        Store::commit(&self.inner, tenant, commit)
    }

    fn commit_all(&self, commits: &Arc<Vec<(Tenant, Commit)>>) -> Result<Vec<Committed>, StoreError> {
        self.ask()?;
        self.inner.commit_all(commits)
    }
}
