//! A pack that runs in the browser.

use std::cell::RefCell;
use std::ops::DerefMut;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{BigInt, Function, Object, Reflect, WebAssembly};
use send_wrapper::SendWrapper;
use tripline_abi::LogLevel;
use tripline_engine::sandbox::{Instance, Limits, Log, LogLine, Trap, Usage};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::announce::What;
use crate::clock;
use crate::failure::{failure, words};
use crate::memory::Memory;
use crate::sandbox::Inside;

/// The guest's one import: level, pointer, length.
type LogImport = Closure<dyn FnMut(i32, u32, u32) -> Result<(), JsValue>>;

/// An instance, and what the host keeps beside it.
struct Live {
    inside: Rc<Inside>,
    pack: String,
    exports: Exports,
    beside: Rc<RefCell<Beside>>,
    /// The guest calls it for as long as it lives.
    _log: LogImport,
    spent: Duration,
    dead: bool,
}

/// What the guest's import reaches.
struct Beside {
    limits: Limits,
    /// `None` while the start function runs: the browser shows a memory only once there is an instance.
    memory: Option<Memory>,
    log: Log,
    /// Why the host ended the call that is going on.
    stopped: Option<Trap>,
}

struct Exports {
    memory: Memory,
    buffer: Function,
    open: Function,
    check: Function,
    save: Option<Function>,
    /// Where the index of the running rule lies.
    rule: Option<u32>,
}

impl Live {
    fn start(inside: Rc<Inside>, module: &WebAssembly::Module, pack: &str) -> Result<Live, Trap> {
        let limits = inside.limits.clone();
        let beside = Beside { limits, memory: None, log: Log::default(), stopped: None };
        let beside = Rc::new(RefCell::new(beside));
        let log = log_import(&beside);
        let began = clock::now();
        inside.announce.call(pack, What::Start, 0, 0);
        let instance = imports(&log).and_then(|imports| WebAssembly::Instance::new(module, &imports));
        inside.announce.returned();
        let spent = clock::now().saturating_sub(began);
        let instance = instance.map_err(|thrown| ended(&mut beside.borrow_mut(), None, &thrown))?;
        let exports = Exports::find(&instance.exports())?;
        beside.borrow_mut().memory = Some(exports.memory.clone());
        let live = Live { inside, pack: pack.into(), exports, beside, _log: log, spent, dead: false };
        live.within_memory()?;
        Ok(live)
    }

    /// Wasm can be called again after a trap, with its memory in any state; here it cannot.
    fn call<R>(
        &mut self,
        what: What,
        entries: u32,
        call: impl FnOnce(&Live) -> Result<R, Trap>,
    ) -> Result<R, Trap> {
        if self.dead {
            return Err(Trap::Dead);
        }
        let batch = if what == What::Check { self.inside.batches.next(&self.pack) } else { 0 };
        self.beside.borrow_mut().stopped = None;
        self.inside.announce.call(&self.pack, what, batch, entries);
        let began = clock::now();
        let result = call(self).and_then(|answer| self.within_memory().map(|()| answer));
        let took = clock::now().saturating_sub(began);
        self.inside.announce.returned();
        if what == What::Check {
            let Limits { cpu_base, cpu_entry, .. } = self.inside.limits;
            let allowed = cpu_base.saturating_add(cpu_entry.saturating_mul(entries));
            self.inside.batches.took(&self.pack, entries, took, allowed);
        }
        self.spent += took;
        self.dead = result.is_err();
        let Beside { limits, log, .. } = &mut *self.beside.borrow_mut();
        log.settle(limits);
        result
    }

    /// No browser keeps a memory within our limit: it is looked at behind each call.
    fn within_memory(&self) -> Result<(), Trap> {
        let (limit, found) = (self.inside.limits.memory, self.exports.memory.size());
        if found > limit { Err(Trap::Memory { limit, found }) } else { Ok(()) }
    }

    fn invoke(&self, function: &Function, arguments: Option<(u32, u32)>) -> Result<JsValue, Trap> {
        let this = &JsValue::NULL;
        let answered = match arguments {
            Some((pointer, length)) => function.call2(this, &pointer.into(), &length.into()),
            None => function.call0(this),
        };
        answered.map_err(|thrown| ended(&mut self.beside.borrow_mut(), Some(&self.exports.memory), &thrown))
    }

    /// Puts a frame where the guest wants it. Asked each time: the guest may have moved its buffer.
    fn write(&self, frame: &[u8]) -> Result<(u32, u32), Trap> {
        let Ok(length) = u32::try_from(frame.len()) else {
            return Err(Trap::Host(format!("a frame of {} bytes fits no memory", frame.len())));
        };
        let answered = self.exports.buffer.call1(&JsValue::NULL, &length.into());
        let answered = answered
            .map_err(|thrown| ended(&mut self.beside.borrow_mut(), Some(&self.exports.memory), &thrown))?;
        // An i32 comes as a number that may be negative.
        let pointer = answered.as_f64().map_or(0, |number| number as i64 as u32);
        match self.exports.memory.write(pointer, frame) {
            true => Ok((pointer, length)),
            false => {
                let memory = self.exports.memory.size();
                Err(Trap::Pointer { what: "input buffer", pointer, length, memory })
            }
        }
    }

    /// What the guest points to as `ptr << 32 | len`: in its memory, and within the limit; nothing for 0.
    fn answer(&self, what: &'static str, limit: u64, bits: &JsValue) -> Result<Option<Vec<u8>>, Trap> {
        let bits = bits.dyn_ref::<BigInt>().cloned().and_then(|bits| i64::try_from(bits).ok());
        let bits = bits.map_or(0, i64::cast_unsigned);
        if bits == 0 {
            return Ok(None);
        }
        let (pointer, length) = ((bits >> 32) as u32, bits as u32);
        let memory = self.exports.memory.size();
        if u64::from(pointer) + u64::from(length) > memory {
            return Err(Trap::Pointer { what, pointer, length, memory });
        }
        if u64::from(length) > limit {
            return Err(Trap::Answer { what, limit, found: length.into() });
        }
        let bytes = self.exports.memory.read(pointer, length);
        bytes.map(Some).ok_or(Trap::Pointer { what, pointer, length, memory })
    }
}

/// An instance that stays in the thread that made it.
pub(crate) struct Running(SendWrapper<Live>);

impl Running {
    pub(crate) fn start(
        inside: Rc<Inside>,
        module: &WebAssembly::Module,
        pack: &str,
    ) -> Result<Running, Trap> {
        Ok(Running(SendWrapper::new(Live::start(inside, module, pack)?)))
    }
}

impl Instance for Running {
    fn open(&mut self, frame: &[u8]) -> Result<Result<(), String>, Trap> {
        self.0.deref_mut().call(What::Open, 0, |live| {
            let input = live.write(frame)?;
            let bits = live.invoke(&live.exports.open, Some(input))?;
            let text = live.answer("error text", live.inside.limits.error_text, &bits)?;
            Ok(text.map_or(Ok(()), |text| Err(String::from_utf8_lossy(&text).into_owned())))
        })
    }

    fn check(&mut self, batch: &[u8], entries: u32, reply: &mut Vec<u8>) -> Result<(), Trap> {
        reply.clear();
        self.0.deref_mut().call(What::Check, entries, |live| {
            let input = live.write(batch)?;
            let bits = live.invoke(&live.exports.check, Some(input))?;
            if let Some(bytes) = live.answer("reply", live.inside.limits.reply, &bits)? {
                *reply = bytes;
            }
            Ok(())
        })
    }

    fn save(&mut self, state: &mut Vec<u8>) -> Result<bool, Trap> {
        state.clear();
        if self.0.exports.save.is_none() {
            return if self.0.dead { Err(Trap::Dead) } else { Ok(false) };
        }
        self.0.deref_mut().call(What::Save, 0, |live| {
            let Some(save) = &live.exports.save else { return Ok(false) };
            let bits = live.invoke(save, None)?;
            let saved = live.answer("state", live.inside.limits.state, &bits)?;
            let is_saved = saved.is_some();
            *state = saved.unwrap_or_default();
            Ok(is_saved)
        })
    }

    fn drain_log(&mut self) -> (Vec<LogLine>, u64) {
        self.0.beside.borrow_mut().log.drain()
    }

    fn rule(&mut self) -> Option<u32> {
        let bytes = self.0.exports.memory.read(self.0.exports.rule?, 4)?;
        Some(u32::from_le_bytes(*bytes.first_chunk()?)).filter(|&rule| rule != u32::MAX)
    }

    fn usage(&self) -> Usage {
        Usage { cpu: self.0.spent, memory: self.0.exports.memory.size() }
    }
}

impl Exports {
    fn find(exports: &Object) -> Result<Exports, Trap> {
        // The check of the pack has seen that they are there, with these types.
        let export = |name: &str| Reflect::get(exports, &name.into()).ok();
        let function = |name: &str| export(name).and_then(|export| export.dyn_into::<Function>().ok());
        let missing = |name: &str| Trap::Host(format!("the module exports no {name}"));
        let memory = export("memory").and_then(|export| export.dyn_into::<WebAssembly::Memory>().ok());
        let rule = export("tripline_rule").and_then(|export| export.dyn_into::<WebAssembly::Global>().ok());
        Ok(Exports {
            memory: Memory::new(memory.ok_or_else(|| missing("memory"))?),
            buffer: function("tripline_buffer").ok_or_else(|| missing("tripline_buffer"))?,
            open: function("tripline_open").ok_or_else(|| missing("tripline_open"))?,
            check: function("tripline_check").ok_or_else(|| missing("tripline_check"))?,
            save: function("tripline_save"),
            rule: rule.and_then(|global| global.value().as_f64()).map(|number| number as i64 as u32),
        })
    }
}

fn imports(log: &LogImport) -> Result<Object, JsValue> {
    let (imports, tripline) = (Object::new(), Object::new());
    Reflect::set(&tripline, &"log".into(), log.as_ref())?;
    Reflect::set(&imports, &"tripline".into(), &tripline)?;
    Ok(imports)
}

fn log_import(beside: &Rc<RefCell<Beside>>) -> LogImport {
    let beside = Rc::downgrade(beside);
    Closure::new(move |level: i32, pointer: u32, length: u32| {
        let Some(beside) = beside.upgrade() else { return Ok(()) };
        // A guest that has left no stack may break off what stands below; then nobody logs any more.
        let Ok(mut beside) = beside.try_borrow_mut() else { return Err(failure("the log is in use")) };
        let Beside { limits, memory, log, stopped } = &mut *beside;
        let text = match memory {
            None => Some(b"(logged before its memory can be seen)".to_vec()),
            // No more is read than is kept.
            Some(memory) if u64::from(pointer) + u64::from(length) <= memory.size() => {
                memory.read(pointer, length.min(limits.panic_text.max(limits.log_line) as u32))
            }
            Some(_) => None,
        };
        match text {
            Some(text) => {
                log.push(limits, LogLevel::from_number(level), &text);
                Ok(())
            }
            None => {
                let memory = memory.as_ref().map_or(0, Memory::size);
                *stopped = Some(Trap::Pointer { what: "log line", pointer, length, memory });
                Err(failure("a log line outside of the memory"))
            }
        }
    })
}

/// Why a call ended early. The host's own reason first; then what a guest would have been refused; then its own words.
fn ended(beside: &mut Beside, memory: Option<&Memory>, thrown: &JsValue) -> Trap {
    let panic = beside.log.take_panic();
    if let Some(stopped) = beside.stopped.take() {
        return stopped;
    }
    let limit = beside.limits.memory;
    if let Some(found) = memory.map(Memory::size).filter(|&size| size > limit) {
        return Trap::Memory { limit, found };
    }
    match (thrown.is_instance_of::<WebAssembly::RuntimeError>(), panic) {
        (true, Some(text)) => Trap::Panic(text),
        (true, None) => Trap::Wasm(words(thrown).into()),
        // Nothing else is thrown out of WebAssembly that imports nothing: the browser's stack is full.
        (false, _) => Trap::Wasm("call stack exhausted".into()),
    }
}
