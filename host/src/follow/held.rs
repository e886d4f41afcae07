//! Which files are read now, and for whom: no two tenants read one at the same time.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::commit::Tenant;

/// Device and inode.
pub(crate) type Place = (u64, u64);

/// What lies under a name.
pub(crate) fn lies_at(path: &Path) -> Option<Place> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Files that are read. Cloned, it is the same.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    /// Whose each is, and by how many it is claimed.
    claims: HashMap<Place, (Tenant, usize)>,
    /// Sources that the configuration names.
    named: HashSet<(Tenant, String)>,
}

/// A file is its tenant's until this is dropped.
pub(crate) struct Claim {
    held: Held,
    place: Place,
}

impl Held {
    /// It is this tenant's to read; `None`: another one reads it.
    pub(super) fn claim(&self, tenant: &Tenant, place: Place) -> Option<Claim> {
        let mut table = self.table();
        let (whose, count) = table.claims.entry(place).or_insert_with(|| (tenant.clone(), 0));
        if whose != tenant {
            return None;
        }
        *count += 1;
        Some(Claim { held: self.clone(), place })
    }

    /// Who reads it, if that is another one.
    pub(super) fn other(&self, tenant: &Tenant, place: Place) -> Option<Tenant> {
        self.table().claims.get(&place).map(|(whose, _)| whose).filter(|whose| *whose != tenant).cloned()
    }

    /// Whether anybody reads it.
    pub(super) fn is_claimed(&self, place: Place) -> bool {
        self.table().claims.contains_key(&place)
    }

    /// These sources are named from now on.
    pub(crate) fn name(&self, named: HashSet<(Tenant, String)>) {
        self.table().named = named;
    }

    /// Whether this source of the tenant is named.
    pub(super) fn is_named(&self, tenant: &Tenant, source: &str) -> bool {
        self.table().named.contains(&(tenant.clone(), source.to_string()))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut table = self.held.table();
        if let Some((_, count)) = table.claims.get_mut(&self.place) {
            *count -= 1;
            if *count == 0 {
                table.claims.remove(&self.place);
            }
        }
    }
}
