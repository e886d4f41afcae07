//! Tenants go over to other packs, each at a barrier of its own.
//!
//! ```text
//!   of a tenant   ▸ ▸ ▸ other packs ▏▸ ▸ ▸        its lane is held behind them: nobody else's
//!                       └─► mark: judges leave ─► on disk ─► the others count, judges come ─► the lane goes on
//! ```

use std::sync::Arc;

use super::super::Event;
use super::{Collecting, Gone, Swap, Tenant, Work};
use crate::crash::point;

impl Collecting<'_> {
    /// Tenants that are to have other packs have them, if all that came before is on disk; then their lanes go on.
    pub(super) fn swap(&mut self) -> Result<(), Gone> {
        if self.swaps.is_empty() || !self.disk.has_stored() {
            return Ok(());
        }
        let waits = |tenant: &Tenant| {
            self.since.contains_key(tenant)
                || self.open.contains_key(tenant)
                || self.ready.contains_key(tenant)
        };
        let due: Vec<Tenant> = self.swaps.keys().filter(|tenant| !waits(tenant)).cloned().collect();
        for tenant in due {
            let Some(Swap { own, held }) = self.swaps.remove(&tenant) else { continue };
            point("before_change");
            let before = self.sets.of(&tenant);
            self.sets.go_over(&tenant, own);
            // Nobody sits there: what its packs remember is what is on disk.
            self.judged.remembered.forget(&tenant);
            self.suspended.retain(|(of, _)| *of != tenant);
            for judge in &self.judged.judges {
                judge.send(Work::Come(tenant.clone(), Arc::clone(&before))).map_err(|_| Gone)?;
            }
            self.shared.tell(Event::Changed);
            drop(held);
        }
        Ok(())
    }
}
