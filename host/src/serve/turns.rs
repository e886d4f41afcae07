//! How much of each tenant is on its way to the judges: one whose packs are slow fills its own room, and no other's.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::commit::Tenant;
use crate::follow::Waker;

/// What is on its way, in blocks. Cloned, it is the same.
#[derive(Clone)]
pub(super) struct Turns(Arc<Table>);

struct Table {
    /// Blocks of one tenant.
    most_of_one: usize,
    /// Blocks of all, but for one of each.
    most: usize,
    underway: Mutex<Underway>,
    waker: Waker,
}

#[derive(Default)]
struct Underway {
    all: usize,
    by: HashMap<Tenant, usize>,
}

/// A block's place; given back when it is dropped: judged by all, or by nobody any more.
pub(super) struct Turn {
    table: Arc<Table>,
    tenant: Tenant,
}

impl Turns {
    /// Enough of one tenant to keep so many threads busy; the waker is told when there is room again.
    pub(super) fn new(threads: usize, waker: Waker) -> Turns {
        let most_of_one = 4 * threads.max(1) + 8;
        let (most, underway) = (4 * most_of_one, Mutex::default());
        Turns(Arc::new(Table { most_of_one, most, underway, waker }))
    }

    /// Whether more of this tenant may be read.
    pub(super) fn has_room(&self, tenant: &Tenant) -> bool {
        self.0.underway().has_room(tenant, &self.0)
    }

    /// Tenants of which nothing may be read now: the same for all their sources, so that who is asked first takes no room
    /// that another has waited for as long.
    pub(super) fn full(&self) -> HashSet<Tenant> {
        let underway = self.0.underway();
        underway.by.keys().filter(|tenant| !underway.has_room(tenant, &self.0)).cloned().collect()
    }

    /// A block's place. What was read together goes together: it may be more than there is room for.
    pub(super) fn take(&self, tenant: &Tenant) -> Turn {
        let mut underway = self.0.underway();
        underway.all += 1;
        *underway.by.entry(tenant.clone()).or_default() += 1;
        Turn { table: Arc::clone(&self.0), tenant: tenant.clone() }
    }
}

impl Underway {
    fn has_room(&self, tenant: &Tenant, table: &Table) -> bool {
        let own = self.by.get(tenant).copied().unwrap_or(0);
        own == 0 || own < table.most_of_one && self.all < table.most
    }
}

impl Table {
    fn underway(&self) -> MutexGuard<'_, Underway> {
        self.underway.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut underway = self.table.underway();
        let was_full = underway.all >= self.table.most;
        underway.all -= 1;
        let Some(own) = underway.by.get_mut(&self.tenant) else { return };
        let was_full = was_full || *own >= self.table.most_of_one;
        *own -= 1;
        if *own == 0 {
            underway.by.remove(&self.tenant);
        }
        drop(underway);
        if was_full {
            self.table.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_slow_leaves_room_for_others() {
        let (waker, woken) = Waker::new();
        let turns = Turns::new(1, waker);
        let [slow, quick] = ["slow", "quick"].map(|name| Tenant::new(name).unwrap());
        let mut taken = Vec::new();
        while turns.has_room(&slow) {
            taken.push(turns.take(&slow));
        }
        assert_eq!(taken.len(), 12);
        assert!(turns.has_room(&quick));
        assert_eq!(turns.full(), HashSet::from([slow.clone()]));
        assert!(woken.try_recv().is_err());
        taken.pop();
        assert!(turns.has_room(&slow) && woken.try_recv().is_ok(), "there is room again");
        // Many that are slow: each has one, at least.
        let others: Vec<Tenant> = (0..100).map(|n| Tenant::new(&format!("t{n}")).unwrap()).collect();
        for other in &others {
            assert!(turns.has_room(other));
            taken.push(turns.take(other));
            let more = turns.has_room(other);
            assert_eq!(more, taken.len() < 48, "{}", taken.len());
        }
        drop(taken);
        assert!(others.iter().all(|other| turns.has_room(other)));
    }
}
