use std::collections::HashMap;

use super::super::shared::Shared;
use crate::commit::{StoreError, Tenant};
use crate::scans::{ScanName, ScheduleStore, Scheduled, Standing};

/// How schedules stand: as it is kept, known here.
pub(super) struct Standings<'a> {
    shared: &'a Shared<'a>,
    known: HashMap<(Tenant, ScanName), Standing>,
}

impl<'a> Standings<'a> {
    pub(super) fn new(shared: &'a Shared<'a>) -> Standings<'a> {
        Standings { shared, known: HashMap::new() }
    }

    /// Knows all that are kept, and nothing else.
    pub(super) fn load(&mut self) -> Result<(), StoreError> {
        let all = self.shared.database.standings()?.into_iter();
        self.known = all.map(|(tenant, name, standing)| ((tenant, name), standing)).collect();
        Ok(())
    }

    /// How one stands; one that is new is known from now on.
    pub(super) fn of(&mut self, tenant: &Tenant, name: &ScanName) -> Result<Standing, StoreError> {
        let key = (tenant.clone(), name.clone());
        if let Some(standing) = self.known.get(&key) {
            return Ok(*standing);
        }
        let standing = self.shared.database.stands_since(tenant, name, self.shared.clock.now())?;
        self.known.insert(key, standing);
        Ok(standing)
    }

    /// It stands so from now on.
    pub(super) fn set(
        &mut self,
        tenant: &Tenant,
        name: &ScanName,
        standing: Standing,
    ) -> Result<(), StoreError> {
        self.shared.database.set_standing(tenant, name, standing)?;
        self.known.insert((tenant.clone(), name.clone()), standing);
        Ok(())
    }

    /// Forgets how those stand that are not configured any more: one that comes again later is not overdue since then.
    pub(super) fn forget_removed(&mut self, schedules: &[Scheduled]) -> Result<(), StoreError> {
        let is_there = |(tenant, name): &(Tenant, ScanName)| {
            schedules.iter().any(|one| one.tenant == *tenant && one.request.name == *name)
        };
        let removed: Vec<_> = self.known.keys().filter(|key| !is_there(key)).cloned().collect();
        for (tenant, name) in removed {
            self.shared.database.forget_standing(&tenant, &name)?;
            self.known.remove(&(tenant, name));
        }
        Ok(())
    }
}
