//! A store in memory, which refuses a commit when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};

use tripline::commit::{
    CheckerLock, Commit, Committed, FileIdentity, KnownFile, KnownSource, PackState, Store, StoreError,
    Tenant,
};

/// Pack, rule, fingerprint, trigger, ordinal: what an occurrence's id is made of.
type Id = (String, String, Option<Vec<u8>>, [u8; 16], u32);

#[derive(Default)]
pub(crate) struct Memory(Mutex<Kept>, Arc<AtomicBool>);

/// Says that somebody checks.
struct Checking(Arc<AtomicBool>);

impl Drop for Checking {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

#[derive(Default)]
struct Kept {
    sources: Vec<(String, KnownSource)>,
    files: u32,
    states: BTreeMap<String, PackState>,
    decisions: BTreeSet<Id>,
    commits: u32,
    refuse: Option<u32>,
}

impl Memory {
    /// The commit of this number, from 1, is refused, once; 0: every question.
    pub(crate) fn refuse(&self, commit: u32) {
        self.0.lock().unwrap().refuse = Some(commit);
    }

    /// Commits so far.
    pub(crate) fn commits(&self) -> u32 {
        self.0.lock().unwrap().commits
    }

    /// Occurrences so far.
    pub(crate) fn decisions(&self) -> usize {
        self.0.lock().unwrap().decisions.len()
    }

    pub(crate) fn fingerprints(&self) -> BTreeSet<Vec<u8>> {
        self.0.lock().unwrap().decisions.iter().filter_map(|id| id.2.clone()).collect()
    }

    /// What a check asks for while nobody else checks.
    fn alone(&self) -> MutexGuard<'_, Kept> {
        assert!(self.1.load(SeqCst), "asked without the lock");
        self.0.lock().unwrap()
    }
}

impl Store for Memory {
    fn checker(&self) -> Result<CheckerLock, StoreError> {
        match self.1.swap(true, SeqCst) {
            true => Err(StoreError::Checking),
            false => Ok(CheckerLock::new(Checking(Arc::clone(&self.1)))),
        }
    }

    fn source(&self, _: &Tenant, name: &str) -> Result<KnownSource, StoreError> {
        let mut kept = self.alone();
        if let Some((_, source)) = kept.sources.iter().find(|(known, _)| known == name) {
            return Ok(source.clone());
        }
        let source = KnownSource { number: kept.sources.len() as u32 + 100, files: Vec::new() };
        kept.sources.push((name.into(), source.clone()));
        Ok(source)
    }

    fn file(
        &self,
        _: &Tenant,
        source: u32,
        known: Option<u32>,
        identity: &FileIdentity,
        path: &str,
    ) -> Result<u32, StoreError> {
        let mut kept = self.alone();
        let number = known.unwrap_or(kept.files);
        kept.files += u32::from(known.is_none());
        let (_, source) = kept.sources.iter_mut().find(|(_, known)| known.number == source).unwrap();
        let (identity, path) = (identity.clone(), path.into());
        match source.files.iter_mut().find(|file| file.number == number) {
            Some(file) => (file.identity, file.path) = (identity, path),
            None => source.files.push(KnownFile { number, identity, path, position: None }),
        }
        Ok(number)
    }

    fn states(&self, _: &Tenant) -> Result<Vec<PackState>, StoreError> {
        let kept = self.alone();
        if kept.refuse == Some(0) {
            Err(StoreError::Busy)
        } else {
            Ok(kept.states.values().cloned().collect())
        }
    }

    fn commit(&self, _: &Tenant, commit: Commit) -> Result<Committed, StoreError> {
        let mut kept = self.alone();
        kept.commits += 1;
        if kept.refuse == Some(kept.commits) {
            kept.refuse = None;
            return Err(StoreError::Full);
        }
        for position in commit.positions {
            let mut files = kept.sources.iter_mut().flat_map(|(_, source)| &mut source.files);
            let file = files.find(|file| file.number == position.file).unwrap();
            file.position = Some(position);
        }
        for state in commit.states {
            kept.states.insert(state.pack.clone(), state);
        }
        let mut committed = Committed::default();
        for decision in commit.decisions {
            let (pack, rule) = (decision.origin.pack.clone(), decision.origin.rule.id.clone());
            let id = (pack, rule, decision.fingerprint.clone(), decision.trigger_id(), decision.ordinal);
            match kept.decisions.insert(id) {
                true => committed.occurrences += 1,
                false => committed.known += 1,
            }
        }
        Ok(committed)
    }
    /// Of the one tenant that it has.
    fn commit_all(&self, commits: &Arc<Vec<(Tenant, Commit)>>) -> Result<Vec<Committed>, StoreError> {
        assert!(commits.len() <= 1, "several tenants");
        commits.iter().map(|(tenant, commit)| self.commit(tenant, commit.clone())).collect()
    }
}
