//! What a check or a server asks of the database.

use std::sync::Arc;
use std::time::Instant;

use super::applying::Applying;
use super::database::Database;
use super::writer::Size;
use super::{files, open, states, taking};
use crate::commit::{
    CheckerLock, Commit, Committed, FileIdentity, KnownFile, KnownSource, OthersFile, PackState, Store,
    StoreError, TakenOver, Tenant,
};
use crate::quota::OverQuota;

impl Store for Database {
    fn checker(&self) -> Result<CheckerLock, StoreError> {
        self.writes()?;
        let started = Instant::now();
        loop {
            if let Some(lock) = open::lock_beside(self.path(), "-checker")? {
                return Ok(CheckerLock::new(lock));
            }
            // Looked at again and again: a blocking flock cannot be given a bound.
            if started.elapsed() >= self.patience {
                return Err(StoreError::Checking);
            }
            std::thread::sleep(open::LOOK_AGAIN);
        }
    }

    fn source(&self, tenant: &Tenant, name: &str) -> Result<KnownSource, StoreError> {
        let (tenant, name) = (tenant.clone(), name.to_string());
        self.write(move |db, _| files::source(db, &tenant, &name))
    }

    fn file(
        &self,
        tenant: &Tenant,
        source: u32,
        known: Option<u32>,
        identity: &FileIdentity,
        path: &str,
    ) -> Result<u32, StoreError> {
        let (tenant, identity, path) = (tenant.clone(), identity.clone(), path.to_string());
        self.write(move |db, _| files::file(db, &tenant, source, known, &identity, &path))
    }

    fn at(&self, tenant: &Tenant, device: u64, inode: u64) -> Result<Vec<(String, KnownFile)>, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, _| files::at(db, &tenant, device, inode))
    }

    fn of_others(&self, tenant: &Tenant, name: &str) -> Result<Vec<OthersFile>, StoreError> {
        self.readers.read(|db| taking::of_others(db, tenant, name))
    }

    fn at_others(&self, tenant: &Tenant, device: u64, inode: u64) -> Result<Vec<OthersFile>, StoreError> {
        self.readers.read(|db| taking::at_others(db, tenant, device, inode))
    }

    fn take(&self, tenant: &Tenant, source: u32, taken: TakenOver) -> Result<(), StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| taking::take(db, &tenant, source, &taken, this.now))
    }

    fn states(&self, tenant: &Tenant) -> Result<Vec<PackState>, StoreError> {
        self.readers.read(|db| states::all(db, tenant))
    }

    fn commit(&self, tenant: &Tenant, commit: Commit) -> Result<Committed, StoreError> {
        // What rules decide is counted, whatever is stored; what somebody reports is written by them.
        if commit.actor.is_none() {
            let committed = self.commit_all(&Arc::new(vec![(tenant.clone(), commit)]))?;
            return Ok(committed.into_iter().next().unwrap_or_default());
        }
        let committed = self.grow(tenant, move |work| Applying::new(work)?.apply(&commit))?;
        if let Some((kind, most)) = committed.over {
            // It is kept, whatever becomes of this: the next one tells it again.
            let _ = self.tell_over(tenant, OverQuota { kind, most, found: 0 });
        }
        Ok(committed)
    }

    fn commit_all(&self, commits: &Arc<Vec<(Tenant, Commit)>>) -> Result<Vec<Committed>, StoreError> {
        let (departed, commits) = (self.departed_tenants(), Arc::clone(commits));
        self.write_sized(Size::Large, move |db, this| {
            let each = commits.iter();
            each.map(|(tenant, commit)| match departed.has(tenant) {
                // What is still remembered of one that was deleted is not written again.
                true => Ok(Committed::default()),
                false => Applying::new(&this.work(db, tenant))?.apply(commit),
            })
            .collect()
        })
    }
}
