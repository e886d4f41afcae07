//! A pack as plain Rust behind the sandbox's trait: for an author's `cargo test`. It enforces nothing.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tripline_abi::Guest;

use crate::Pack;
use crate::sandbox::{Enforced, Instance, LoadError, LogLine, Module, Sandbox, Trap, Usage};

/// Runs every pack as the guest `G`.
pub struct Native<G>(PhantomData<fn() -> G>);

impl<G> Default for Native<G> {
    fn default() -> Self {
        Native(PhantomData)
    }
}

struct Running<G> {
    guest: Option<G>,
    dead: bool,
}

impl<G: Guest + 'static> Sandbox for Native<G> {
    fn load(&self, _: &Pack) -> Result<Arc<dyn Module>, LoadError> {
        Ok(Arc::new(Native::<G>::default()))
    }

    fn enforces(&self) -> Enforced {
        Enforced { cpu: false, wall: false, memory: false, table: false, stack: false }
    }
}

impl<G: Guest + 'static> Module for Native<G> {
    fn instantiate(&self) -> Result<Box<dyn Instance>, Trap> {
        Ok(Box::new(Running::<G> { guest: None, dead: false }))
    }
}

impl<G: Guest> Running<G> {
    fn call<T>(&mut self, call: impl FnOnce(&mut Option<G>) -> T) -> Result<T, Trap> {
        if self.dead {
            return Err(Trap::Dead);
        }
        let guest = &mut self.guest;
        catch_unwind(AssertUnwindSafe(|| call(guest))).map_err(|panic| {
            self.dead = true;
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into()));
            Trap::Panic(text.unwrap_or_default())
        })
    }
}

impl<G: Guest> Instance for Running<G> {
    fn open(&mut self, frame: &[u8]) -> Result<Result<(), String>, Trap> {
        self.call(|guest| G::open(frame).map(|opened| *guest = Some(opened)))
    }

    fn check(&mut self, batch: &[u8], _: u32, reply: &mut Vec<u8>) -> Result<(), Trap> {
        reply.clear();
        self.call(|guest| {
            if let Some(guest) = guest {
                guest.check(batch, reply)
            }
        })
    }

    fn save(&mut self, state: &mut Vec<u8>) -> Result<bool, Trap> {
        self.call(|guest| match guest.as_mut().and_then(G::save) {
            Some(saved) => {
                *state = saved;
                true
            }
            None => false,
        })
    }

    fn drain_log(&mut self) -> (Vec<LogLine>, u64) {
        (Vec::new(), 0)
    }

    fn rule(&mut self) -> Option<u32> {
        None
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }
}
