//! What the host keeps beside each instance, in reach of its imports and limits.

use std::sync::Arc;

use tripline_abi::LogLevel;
use tripline_engine::sandbox::{Log, Trap};
use wasmtime::{Caller, Extern, Linker, ResourceLimiter, Result, Store, UpdateDeadline};

use crate::Limits;
use crate::meter::Meter;
use crate::ticker::Ticker;

pub(crate) struct Guest {
    pub(crate) limits: Arc<Limits>,
    pub(crate) meter: Meter,
    pub(crate) log: Log,
    /// Why the host stopped the call that is going on.
    pub(crate) stopped: Option<Trap>,
    /// The last growth of this call that a limit refused. A guest may live with that; if it traps, this is why.
    pub(crate) refused: Option<Trap>,
}

impl Guest {
    pub(crate) fn new(limits: Arc<Limits>, ticker: Arc<Ticker>) -> Guest {
        Guest { limits, meter: Meter::new(ticker), log: Log::default(), stopped: None, refused: None }
    }
}

/// Runs one call with its deadline armed, on this thread.
pub(crate) fn metered<R>(
    store: &mut Store<Guest>,
    ticker: &Ticker,
    entries: u32,
    call: impl FnOnce(&mut Store<Guest>) -> Result<R, Trap>,
) -> Result<R, Trap> {
    let _call = ticker.call();
    store.set_epoch_deadline(1);
    let guest = store.data_mut();
    (guest.stopped, guest.refused) = (None, None);
    guest.meter.begin(&guest.limits, entries);
    let result = call(store);
    let guest = store.data_mut();
    guest.meter.end();
    guest.log.settle(&guest.limits);
    result
}

/// What the engine asks at every tick that a guest lives to see.
pub(crate) fn at_tick(guest: &mut Guest) -> UpdateDeadline {
    guest.stopped = guest.meter.passed();
    match guest.stopped {
        Some(_) => UpdateDeadline::Interrupt,
        None => UpdateDeadline::Continue(1),
    }
}

/// Gives packs the one import there is.
pub(crate) fn link_log(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap("tripline", "log", log)?;
    Ok(())
}

fn log(mut caller: Caller<'_, Guest>, level: i32, pointer: u32, length: u32) -> Result<()> {
    let (bytes, guest) = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => memory.data_and_store_mut(&mut caller),
        _ => (Default::default(), caller.data_mut()),
    };
    match part(bytes, pointer, length) {
        Some(text) => {
            guest.log.push(&guest.limits, LogLevel::from_number(level), text);
            Ok(())
        }
        None => {
            let memory = bytes.len() as u64;
            guest.stopped = Some(Trap::Pointer { what: "log line", pointer, length, memory });
            Err(wasmtime::Trap::MemoryOutOfBounds.into())
        }
    }
}

/// The part of a guest's memory that it points to, if it is there.
pub(crate) fn part(memory: &[u8], pointer: u32, length: u32) -> Option<&[u8]> {
    let start = pointer as usize;
    memory.get(start..start.checked_add(length as usize)?)
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let (limit, found) = (self.limits.memory, desired as u64);
        if found > limit {
            self.refused = Some(Trap::Memory { limit, found });
        }
        Ok(found <= limit)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let (limit, found) = (self.limits.table, desired as u64);
        if found > limit {
            self.refused = Some(Trap::Table { limit, found });
        }
        Ok(found <= limit)
    }
}
