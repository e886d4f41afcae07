//! Files that another tenant has read: a line counts for one.
//!
//! ```text
//!   an entry's tenant changes ──► all that is known of the source goes over, each file at its position
//!   a file is moved to a name     another tenant reads it ──────────► that one lets go, commits, …
//!   of another tenant's entry ──► nobody does, it has been read ────► … and it goes over at its position
//!   one file, a name of each ───► whose it is keeps it; the other one is told
//! ```

use std::path::{Path, PathBuf};

use super::followed::Followed;
use super::held::{Place, lies_at};
use super::lying::Lying;
use super::tail::End;
use crate::check::Keeping;
use crate::commit::{KnownSource, OthersFile, StoreError, TakenOver, Tenant};
use crate::files::{Present, is_same, name};

/// A file under one of the source's names that is another tenant's, for now or for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Withheld {
    pub(crate) path: PathBuf,
    pub(crate) place: Place,
    /// Whose it is.
    pub(crate) tenant: Tenant,
    /// That one's source and its name there; `None`: it is read now.
    pub(crate) named: Option<(String, PathBuf)>,
}

impl Followed {
    /// What other tenants know of the source of this name is this one's from now on: no two are followed by one name.
    pub(super) fn inherit(&mut self, keeping: &Keeping) -> Result<(), StoreError> {
        let mut others = keeping.store.of_others(&keeping.tenant, &name(&self.stem))?;
        while let Some(OthersFile { tenant, .. }) = others.first() {
            let from = tenant.clone();
            let files = others.iter().filter(|other| other.tenant == from).map(|other| other.file.number);
            let files = files.collect();
            self.take(from.clone(), files, self.stem.clone(), keeping)?;
            others.retain(|other| other.tenant != from);
        }
        Ok(())
    }

    /// Those of the files that are this tenant's to read. What another one has read, and reads no more, goes over.
    pub(super) fn of_tenant(
        &mut self,
        lying: Vec<Lying>,
        keeping: &Keeping,
    ) -> Result<(Vec<Lying>, KnownSource), StoreError> {
        self.withheld.clear();
        let known = self.known(keeping)?;
        let (mut own, mut is_taken) = (Vec::new(), false);
        for lying in lying {
            let Lying { path, present, .. } = &lying;
            let is_known = known.files.iter().any(|file| {
                file.identity.head_length > 0
                    && present.is_at(&file.identity)
                    && present.begins_as(&file.identity)
            });
            match self.others(path, present, is_known, keeping)? {
                Others::None => {}
                Others::Withheld(withheld) => {
                    self.withheld.push(withheld);
                    continue;
                }
                Others::Left(other) => {
                    self.take(other.tenant, vec![other.file.number], path.clone(), keeping)?;
                    is_taken = true;
                }
            }
            own.push(lying);
        }
        Ok((own, if is_taken { self.known(keeping)? } else { known }))
    }

    /// Whether a file that nothing is known of is another tenant's.
    pub(super) fn is_others(&self, lying: &Lying, keeping: &Keeping) -> Result<bool, StoreError> {
        Ok(!matches!(self.others(&lying.path, &lying.present, false, keeping)?, Others::None))
    }

    /// What other tenants have to do with a file. One that this tenant has read last is known to no other.
    fn others(
        &self,
        path: &Path,
        present: &Present,
        is_known: bool,
        keeping: &Keeping,
    ) -> Result<Others, StoreError> {
        let place = (present.device, present.inode);
        if let Some(tenant) = self.held.other(&keeping.tenant, place) {
            return Ok(Others::Withheld(Withheld { path: path.into(), place, tenant, named: None }));
        }
        if is_known || self.tails.iter().any(|tail| tail.place() == place) {
            return Ok(Others::None);
        }
        let others = keeping.store.at_others(&keeping.tenant, place.0, place.1)?;
        let read = |other: &OthersFile| other.file.position.as_ref().map(|position| position.offset);
        let same = others.into_iter().filter(|other| is_same(present, &other.file)).max_by_key(read);
        let Some(other) = same else { return Ok(Others::None) };
        let named = PathBuf::from(&other.file.path);
        Ok(match self.held.is_named(&other.tenant, &other.source) && lies_at(&named) == Some(place) {
            true => {
                let (path, tenant, named) = (path.into(), other.tenant, Some((other.source, named)));
                Others::Withheld(Withheld { path, place, tenant, named })
            }
            false => Others::Left(other),
        })
    }

    fn take(
        &mut self,
        from: Tenant,
        files: Vec<u32>,
        path: PathBuf,
        keeping: &Keeping,
    ) -> Result<(), StoreError> {
        let taken = TakenOver { from: from.clone(), files, name: name(&path) };
        keeping.store.take(&keeping.tenant, self.number, taken)?;
        self.notes.taken(path, from, keeping.tenant.clone());
        Ok(())
    }

    /// Files under its names that are another tenant's.
    pub(crate) fn withheld(&self) -> &[Withheld] {
        &self.withheld
    }

    /// Whether one of them may be read by now.
    pub(super) fn is_given(&self, tenant: &Tenant) -> bool {
        self.withheld.iter().any(|withheld| match &withheld.named {
            None => self.held.other(tenant, withheld.place).is_none(),
            Some((source, path)) => {
                !self.held.is_named(&withheld.tenant, source) || lies_at(path) != Some(withheld.place)
            }
        })
    }

    /// Whether it reads this file, or has read of it what is not committed yet.
    pub(crate) fn holds(&self, place: Place) -> bool {
        self.tails.iter().any(|tail| tail.place() == place)
            || self.closed.iter().any(|(closed, _)| (closed.identity.device, closed.identity.inode) == place)
    }

    /// Reads no more of a file that has no name of its own any more; what has come of it is committed, and then it is
    /// anybody's. `false`: it still has one.
    pub(crate) fn let_go(&mut self, place: Place, keeping: &Keeping) -> Result<bool, StoreError> {
        let is_there = |name: &PathBuf| lies_at(name) == Some(place);
        if is_there(&self.stem)
            || self.adopted.iter().any(is_there)
            || self.entries.iter().any(|entry| is_there(&entry.path))
        {
            return Ok(false);
        }
        while let Some(at) = self.tails.iter().position(|tail| tail.place() == place) {
            let tail = self.tails.remove(at);
            self.close(tail, End::Elsewhere);
        }
        self.known(keeping)?;
        Ok(true)
    }
}

/// What other tenants have to do with a file.
enum Others {
    /// Nothing.
    None,
    Withheld(Withheld),
    /// One has read it, and does no more.
    Left(OthersFile),
}
