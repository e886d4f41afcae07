//! Faults of packs for security.log: a line that trips a pack may come a thousand times a second.

use std::sync::{Mutex, PoisonError};

use tripline_engine::PackFault;

use crate::commit::{StoreError, Tenant};
use crate::security_log::{Counted, Deed};
use crate::store::Database;

/// Packs of tenants that are counted by themselves within a minute.
const PACKS: usize = 4_096;

/// What is to be told of them: tenant, pack, whether it is out.
pub(super) struct Faults(Mutex<State>);

struct State {
    counted: Counted<(Tenant, String, bool)>,
    /// What could not be written yet.
    waiting: Vec<Deed>,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults(Mutex::new(State { counted: Counted::new(PACKS), waiting: Vec::new() }))
    }
}

impl Faults {
    /// A tenant's pack has faulted.
    pub(super) fn count(&self, tenant: &Tenant, fault: &PackFault) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.counted.count((tenant.clone(), fault.pack.clone(), fault.quarantined));
    }

    /// Writes what is to be told now; at the end, everything.
    pub(super) fn note(&self, database: &Database, now: i64, at_end: bool) -> Result<(), StoreError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State { counted, waiting } = &mut *state;
        // While nothing can be written, they are only counted on.
        if waiting.is_empty() {
            waiting.extend(counted.due(now, at_end).into_iter().map(|(whose, count)| match whose {
                Some((tenant, pack, true)) => Deed::pack_out(&pack).of(&tenant),
                Some((tenant, pack, false)) => Deed::pack_faulted(&pack, count).of(&tenant),
                None => Deed::pack_faulted("", count),
            }));
        }
        if waiting.is_empty() {
            return Ok(());
        }
        database.note(waiting.clone())?;
        waiting.clear();
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::sync::Arc;

    use tripline_engine::Fault;

    use super::*;
    use crate::incidents::Policy;
    use crate::security_log::Records;
    use crate::store::DatabaseOptions;
    use crate::wall_clock::SystemClock;

    #[test]
    fn a_thousand_faults_are_one_record_and_a_pack_that_is_out_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let (policy, options) = (Policy::default(), DatabaseOptions::default());
        let database = Database::open(&path, policy, Arc::new(SystemClock), options).unwrap();
        let (faults, tenant) = (Faults::default(), Tenant::new("plant").unwrap());
        let fault = |quarantined| PackFault {
            pack: "bad".into(),
            rule: None,
            event: None,
            fault: Fault::Matching { used: std::time::Duration::from_secs(3), tried: 1_000 },
            quarantined,
            state_lost: false,
        };
        (0..1_000).for_each(|_| faults.count(&tenant, &fault(false)));
        faults.note(&database, 0, false).unwrap();
        (0..1_000).for_each(|_| faults.count(&tenant, &fault(false)));
        faults.count(&tenant, &fault(true));
        faults.note(&database, 1, false).unwrap();
        faults.note(&database, 2, true).unwrap();
        let records = database.after(0, 100).unwrap();
        assert!(records.iter().all(|record| record.tenant == tenant));
        let told: Vec<(&str, Option<u64>)> = records
            .iter()
            .map(|record| (&record.event[..], record.fields.get("count").and_then(|count| count.as_u64())))
            .collect();
        assert_eq!(told, [("pack.faulted", Some(1_000)), ("pack.out", None), ("pack.faulted", Some(1_000))]);
    }
}
