//! What tenants' own packs remember, all together: several of a tenant may remember more before any of that is on disk.
//!
//! ```text
//!   first seat of a tenant ─► what is committed of each ─┐
//!   at each barrier ────────► what it remembers now ─────┴─► all together within `state`: it goes to the barrier
//!                                                            else: it is out, and what was committed of it stays
//! ```

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tripline_engine::Fault;
use tripline_engine::sandbox::Trap;

use crate::commit::{PackState, Tenant};

/// Bytes by tenant and pack, as they go to barriers. All judges of a server have it, until its packs change, or its
/// tenant's.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashMap<Tenant, HashMap<String, u64>>>);

impl Remembered {
    /// These states of a tenant's own packs are committed. What is known of it already is not older.
    pub(super) fn begin<'s>(&self, tenant: &Tenant, states: impl Iterator<Item = &'s PackState>) {
        let mut all = self.lock();
        if !all.contains_key(tenant) {
            all.insert(tenant.clone(), states.map(|state| (state.pack.clone(), state.bytes())).collect());
        }
    }

    /// A tenant's packs change, and all that they remember is on disk: that is known again with the first that sits.
    pub(super) fn forget(&self, tenant: &Tenant) {
        self.lock().remove(tenant);
    }

    /// How much of so many bytes a tenant's other packs leave to this one.
    pub(super) fn left(&self, tenant: &Tenant, pack: &str, most: u64) -> u64 {
        let all = self.lock();
        all.get(tenant).map_or(most, |packs| most.saturating_sub(others(packs, pack)))
    }

    /// A tenant's own pack remembers this from now on, if all of them together remember no more than so many bytes. One that
    /// remembers less than before may, though it is too much: less may have been allowed meanwhile.
    ///
    /// # Errors
    /// Together it is more.
    pub(super) fn take(&self, tenant: &Tenant, state: &PackState, most: Option<u64>) -> Result<(), Fault> {
        let mut all = self.lock();
        let packs = all.entry(tenant.clone()).or_default();
        let (found, before) = (state.bytes(), packs.get(&state.pack).copied().unwrap_or(0));
        let limit = most.map_or(u64::MAX, |most| most.saturating_sub(others(packs, &state.pack)));
        if found > limit && found > before {
            return Err(Fault::Save(Trap::Answer { what: "state", limit, found }));
        }
        packs.insert(state.pack.clone(), found);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tenant, HashMap<String, u64>>> {
        // Every change is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn others(packs: &HashMap<String, u64>, pack: &str) -> u64 {
    packs.iter().filter(|(name, _)| *name != pack).map(|(_, bytes)| bytes).sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    fn state(pack: &str, bytes: usize) -> PackState {
        PackState {
            pack: pack.into(),
            version: "1.0.0".into(),
            digest: [0; 32],
            settings: [0; 32],
            state: Some(vec![0; bytes]),
            host: Vec::new(),
        }
    }

    #[test]
    fn the_sum_is_within_it_whoever_comes_first() {
        let (remembered, plant) = (Remembered::default(), Tenant::new("plant").unwrap());
        remembered.begin(&plant, [state("a", 10), state("b", 20)].iter());
        assert_eq!([remembered.left(&plant, "a", 100), remembered.left(&plant, "c", 100)], [80, 70]);
        remembered.take(&plant, &state("a", 80), Some(100)).unwrap();
        // What is committed meanwhile is no news.
        remembered.begin(&plant, [state("a", 10)].iter());
        let refused = remembered.take(&plant, &state("b", 21), Some(100));
        let over = Trap::Answer { what: "state", limit: 20, found: 21 };
        assert!(matches!(refused, Err(Fault::Save(trap)) if trap == over));
        assert!(remembered.take(&plant, &state("c", 1), Some(100)).is_err());
        // Whoever needs less leaves it to the others.
        remembered.take(&plant, &state("a", 79), Some(100)).unwrap();
        remembered.take(&plant, &state("b", 21), Some(100)).unwrap();
        // Less is allowed now: nobody remembers more, and what remembers less goes on.
        assert!(remembered.take(&plant, &state("b", 22), Some(50)).is_err());
        remembered.take(&plant, &state("b", 21), Some(50)).unwrap();
        remembered.take(&plant, &state("a", 1_000), None).unwrap();
        remembered.take(&Tenant::default(), &state("a", 100), Some(100)).unwrap();
        // What it has no more takes nothing of it.
        remembered.forget(&plant);
        remembered.begin(&plant, [state("b", 20)].iter());
        assert_eq!(remembered.left(&plant, "c", 100), 80);
    }
}
