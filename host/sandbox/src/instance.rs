use std::sync::Arc;

use tripline_engine::sandbox::{Instance, LogLine, Trap, Usage};
use wasmtime::{Memory, Store, TypedFunc};

use crate::guest::{Guest, metered, part};
use crate::ticker::Ticker;
use crate::trap::trap;

/// An instance with a store of its own, so that dropping it drops everything it had.
pub(crate) struct Live {
    store: Store<Guest>,
    exports: Exports,
    ticker: Arc<Ticker>,
    dead: bool,
}

/// What the contract lets the host call.
pub(crate) struct Exports {
    memory: Memory,
    buffer: TypedFunc<u32, u32>,
    open: TypedFunc<(u32, u32), u64>,
    check: TypedFunc<(u32, u32), u64>,
    save: Option<TypedFunc<(), u64>>,
    /// Where the index of the running rule lies.
    rule: Option<u32>,
}

impl Exports {
    pub(crate) fn find(store: &mut Store<Guest>, instance: &wasmtime::Instance) -> Result<Exports, Trap> {
        // The check of the pack has seen that they are there, with these types.
        let host = |error: wasmtime::Error| Trap::Host(format!("{error:#}"));
        let memory = instance.get_memory(&mut *store, "memory");
        let rule = instance.get_global(&mut *store, "tripline_rule");
        Ok(Exports {
            memory: memory.ok_or_else(|| Trap::Host("the module exports no memory".to_owned()))?,
            buffer: instance.get_typed_func(&mut *store, "tripline_buffer").map_err(host)?,
            open: instance.get_typed_func(&mut *store, "tripline_open").map_err(host)?,
            check: instance.get_typed_func(&mut *store, "tripline_check").map_err(host)?,
            save: instance.get_typed_func(&mut *store, "tripline_save").ok(),
            rule: rule.and_then(|global| global.get(&mut *store).i32()).map(i32::cast_unsigned),
        })
    }
}

impl Live {
    pub(crate) fn new(store: Store<Guest>, exports: Exports, ticker: Arc<Ticker>) -> Live {
        Live { store, exports, ticker, dead: false }
    }

    /// Wasm can be called again after a trap, with its memory in any state; here it cannot.
    fn call<R>(
        &mut self,
        entries: u32,
        call: impl FnOnce(&mut Store<Guest>, &Exports) -> Result<R, Trap>,
    ) -> Result<R, Trap> {
        if self.dead {
            return Err(Trap::Dead);
        }
        let result = metered(&mut self.store, &self.ticker, entries, |store| call(store, &self.exports));
        self.dead = result.is_err();
        result
    }
}

impl Instance for Live {
    fn open(&mut self, frame: &[u8]) -> Result<Result<(), String>, Trap> {
        self.call(0, |store, exports| {
            let input = write(store, exports, frame)?;
            match exports.open.call(&mut *store, input).map_err(|error| trap(store.data_mut(), &error))? {
                0 => Ok(Ok(())),
                bits => {
                    let limit = store.data().limits.error_text;
                    let text = answer(store, exports, "error text", limit, bits)?;
                    Ok(Err(String::from_utf8_lossy(text).into_owned()))
                }
            }
        })
    }

    fn check(&mut self, batch: &[u8], entries: u32, reply: &mut Vec<u8>) -> Result<(), Trap> {
        reply.clear();
        self.call(entries, |store, exports| {
            let input = write(store, exports, batch)?;
            let bits =
                exports.check.call(&mut *store, input).map_err(|error| trap(store.data_mut(), &error))?;
            if bits != 0 {
                let limit = store.data().limits.reply;
                reply.extend_from_slice(answer(store, exports, "reply", limit, bits)?);
            }
            Ok(())
        })
    }

    fn save(&mut self, state: &mut Vec<u8>) -> Result<bool, Trap> {
        state.clear();
        self.call(0, |store, exports| {
            let Some(save) = &exports.save else { return Ok(false) };
            let bits = save.call(&mut *store, ()).map_err(|error| trap(store.data_mut(), &error))?;
            if bits != 0 {
                let limit = store.data().limits.state;
                state.extend_from_slice(answer(store, exports, "state", limit, bits)?);
            }
            Ok(bits != 0)
        })
    }

    fn drain_log(&mut self) -> (Vec<LogLine>, u64) {
        self.store.data_mut().log.drain()
    }

    fn rule(&mut self) -> Option<u32> {
        let bytes = part(self.exports.memory.data(&self.store), self.exports.rule?, 4)?;
        Some(u32::from_le_bytes(*bytes.first_chunk()?)).filter(|&rule| rule != u32::MAX)
    }

    fn usage(&self) -> Usage {
        let memory = self.exports.memory.data_size(&self.store) as u64;
        Usage { cpu: self.store.data().meter.total(), memory }
    }
}

/// Puts a frame where the guest wants it. Asked each time: the guest may have moved its buffer.
fn write(store: &mut Store<Guest>, exports: &Exports, frame: &[u8]) -> Result<(u32, u32), Trap> {
    let Ok(length) = u32::try_from(frame.len()) else {
        return Err(Trap::Host(format!("a frame of {} bytes fits no memory", frame.len())));
    };
    let pointer = exports.buffer.call(&mut *store, length).map_err(|error| trap(store.data_mut(), &error))?;
    let memory = exports.memory.data_mut(store);
    let size = memory.len() as u64;
    let start = pointer as usize;
    match start.checked_add(frame.len()).and_then(|end| memory.get_mut(start..end)) {
        Some(buffer) => buffer.copy_from_slice(frame),
        None => return Err(Trap::Pointer { what: "input buffer", pointer, length, memory: size }),
    }
    Ok((pointer, length))
}

/// What the guest points to as `ptr << 32 | len`: in its memory, and within the limit.
fn answer<'a>(
    store: &'a Store<Guest>,
    exports: &Exports,
    what: &'static str,
    limit: u64,
    bits: u64,
) -> Result<&'a [u8], Trap> {
    let (pointer, length) = ((bits >> 32) as u32, bits as u32);
    let memory = exports.memory.data(store);
    let size = memory.len() as u64;
    let bytes = part(memory, pointer, length);
    let bytes = bytes.ok_or(Trap::Pointer { what, pointer, length, memory: size })?;
    if u64::from(length) > limit {
        return Err(Trap::Answer { what, limit, found: length.into() });
    }
    Ok(bytes)
}
