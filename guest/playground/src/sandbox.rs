//! The browser's WebAssembly behind the engine's trait.
//!
//! Compiling is asynchronous and comes first ([`Browser::compile`]); then `load` finds what was compiled and
//! `instantiate` waits for nothing. Which limits hold is said by `enforces`: the browser stops a pack at none of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Uint8Array, WebAssembly};
use send_wrapper::SendWrapper;
use tripline_engine::Pack;
use tripline_engine::sandbox::{Enforced, Instance, Limits, LoadError, Module, Sandbox, Trap};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasmparser::{Parser, Payload};

use crate::announce::{Announce, Batches};
use crate::failure::words;
use crate::instance::Running;

/// Runs packs in the browser. All of it belongs to the thread that made it, a page or a worker.
pub(crate) struct Browser(SendWrapper<Rc<Inside>>);

/// What instances share.
pub(crate) struct Inside {
    pub(crate) limits: Limits,
    pub(crate) announce: Announce,
    pub(crate) batches: Batches,
    compiled: RefCell<HashMap<[u8; 32], WebAssembly::Module>>,
}

struct Ready(SendWrapper<(Rc<Inside>, WebAssembly::Module, String)>);

impl Browser {
    pub(crate) fn new(announce: Announce) -> Browser {
        Browser(SendWrapper::new(Rc::new(Inside {
            limits: Limits::default(),
            announce,
            batches: Batches::default(),
            compiled: RefCell::default(),
        })))
    }

    /// What batches took since this was cleared.
    pub(crate) fn batches(&self) -> &Batches {
        &self.0.batches
    }

    /// Has the browser compile a checked pack, in its own time; `load` finds it from then on.
    pub(crate) async fn compile(&self, pack: &Pack) -> Result<(), LoadError> {
        fits(pack, &self.0.limits)?;
        // Nothing of this is held while the browser works.
        let inside = Rc::clone(&self.0);
        if inside.compiled.borrow().contains_key(pack.digest()) {
            return Ok(());
        }
        let bytes = Uint8Array::from(&pack.wasm()[..]);
        let module = JsFuture::from(WebAssembly::compile(&bytes)).await;
        let module = module.map_err(|error| LoadError::Compile(words(&error)))?;
        inside.compiled.borrow_mut().insert(*pack.digest(), module.unchecked_into());
        Ok(())
    }

    /// Forgets what was compiled of this pack.
    pub(crate) fn forget(&self, pack: &Pack) {
        self.0.compiled.borrow_mut().remove(pack.digest());
    }
}

impl Sandbox for Browser {
    fn load(&self, pack: &Pack) -> Result<Arc<dyn Module>, LoadError> {
        let compiled = self.0.compiled.borrow();
        let module = compiled.get(pack.digest());
        let module = module.ok_or_else(|| LoadError::Compile("it was not compiled before".into()))?;
        Ok(Arc::new(Ready(SendWrapper::new((Rc::clone(&self.0), module.clone(), pack.name().into())))))
    }

    fn enforces(&self) -> Enforced {
        // Memory is looked at behind each call, a stack ends where the browser's ends: neither is our limit. Who is told of
        // calls can end the thread in which one does not return.
        let wall = matches!(self.0.announce, Announce::To(_));
        Enforced { cpu: false, wall, memory: false, table: false, stack: false }
    }
}

impl Module for Ready {
    fn instantiate(&self) -> Result<Box<dyn Instance>, Trap> {
        let (inside, module, pack) = &*self.0;
        Ok(Box::new(Running::start(Rc::clone(inside), module, pack)?))
    }
}

/// Refuses what asks for more than a limit before it runs: the browser would give it.
fn fits(pack: &Pack, limits: &Limits) -> Result<(), LoadError> {
    const PAGE: u64 = 64 * 1024;
    for payload in Parser::new(0).parse_all(pack.wasm()) {
        let asked = match payload {
            Ok(Payload::MemorySection(memories)) => {
                let initial = memories.into_iter().flatten().map(|memory| memory.initial).max();
                ("bytes of memory", limits.memory, initial.unwrap_or(0).saturating_mul(PAGE))
            }
            Ok(Payload::TableSection(tables)) => {
                let initial = tables.into_iter().flatten().map(|table| table.ty.initial).max();
                ("table elements", limits.table, initial.unwrap_or(0))
            }
            _ => continue,
        };
        let (what, limit, found) = asked;
        if found > limit {
            return Err(LoadError::Limit { what, limit, found });
        }
    }
    Ok(())
}
