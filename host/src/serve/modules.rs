//! Packs are compiled once, however many tenants have an instance of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tripline_engine::Pack;
use tripline_engine::sandbox::{Enforced, LoadError, Module, Sandbox};

/// A sandbox that loads each module once.
pub(super) struct Modules {
    sandbox: Arc<dyn Sandbox>,
    loaded: Mutex<HashMap<[u8; 32], Arc<dyn Module>>>,
}

impl Modules {
    pub(super) fn new(sandbox: Arc<dyn Sandbox>) -> Modules {
        Modules { sandbox, loaded: Mutex::default() }
    }
}

impl Sandbox for Modules {
    fn load(&self, pack: &Pack) -> Result<Arc<dyn Module>, LoadError> {
        // Held while it is compiled: whoever wants the same one waits for it.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded.get(pack.digest()) {
            return Ok(Arc::clone(module));
        }
        let module = self.sandbox.load(pack)?;
        loaded.insert(*pack.digest(), Arc::clone(&module));
        Ok(module)
    }

    fn enforces(&self) -> Enforced {
        self.sandbox.enforces()
    }
}
