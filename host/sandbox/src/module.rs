use std::sync::Arc;

use tripline_engine::sandbox::{Allowance, Instance, LoadError, Module, Trap};
use wasmtime::{Engine, InstancePre, Store};

use crate::Limits;
use crate::guest::{Guest, at_tick, metered};
use crate::instance::{Exports, Live};
use crate::ticker::Ticker;
use crate::trap::trap;

/// Machine code with its import in place.
pub(crate) struct Ready {
    pub(crate) pre: InstancePre<Guest>,
    pub(crate) engine: Engine,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) limits: Arc<Limits>,
}

impl Module for Ready {
    fn instantiate(&self) -> Result<Box<dyn Instance>, Trap> {
        self.instantiate_within(Allowance::default())
    }

    fn instantiate_within(&self, allowance: Allowance) -> Result<Box<dyn Instance>, Trap> {
        let mut store = Store::new(&self.engine, Guest::new(self.within(allowance), self.ticker.clone()));
        store.limiter(|guest| guest);
        store.epoch_deadline_callback(|mut context| Ok(at_tick(context.data_mut())));
        // Armed before the start function runs.
        let exports = metered(&mut store, &self.ticker, 0, |store| {
            let instance =
                self.pre.instantiate(&mut *store).map_err(|error| trap(store.data_mut(), &error))?;
            Exports::find(&mut *store, &instance)
        })?;
        Ok(Box::new(Live::new(store, exports, self.ticker.clone())))
    }
}

impl Ready {
    /// The limits of an instance: mostly those of all.
    fn within(&self, allowance: Allowance) -> Arc<Limits> {
        let (memory, state) =
            (allowance.memory.min(self.limits.memory), allowance.state.min(self.limits.state));
        if (memory, state) == (self.limits.memory, self.limits.state) {
            return Arc::clone(&self.limits);
        }
        Arc::new(Limits { memory, state, ..(*self.limits).clone() })
    }
}

/// Refuses what could never be instantiated.
pub(crate) fn fits(module: &wasmtime::Module, limits: &Limits) -> Result<(), LoadError> {
    const PAGE: u64 = 64 * 1024;
    let needs = module.resources_required();
    let asked = [
        ("bytes of memory", limits.memory, needs.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE)),
        ("table elements", limits.table, needs.max_initial_table_size.unwrap_or(0)),
    ];
    match asked.into_iter().find(|(_, limit, found)| found > limit) {
        Some((what, limit, found)) => Err(LoadError::Limit { what, limit, found }),
        None => Ok(()),
    }
}
