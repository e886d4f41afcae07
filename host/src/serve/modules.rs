//! Packs are compiled once, however many tenants have an instance of them; and where the machine has no room for one more
//! instance, its judge waits.

use std::collections::HashMap;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tripline_engine::Pack;
use tripline_engine::sandbox::{Allowance, Enforced, Instance, LoadError, Module, Sandbox, Trap};

/// A sandbox that loads each module once, and whose instances begin when the machine can have them.
pub(super) struct Modules {
    sandbox: Arc<dyn Sandbox>,
    loaded: Mutex<HashMap<[u8; 32], Arc<dyn Module>>>,
    starved: Arc<Starved>,
    pause: Duration,
}

impl Modules {
    pub(super) fn new(sandbox: Arc<dyn Sandbox>, starved: Arc<Starved>, pause: Duration) -> Modules {
        Modules { sandbox, loaded: Mutex::default(), starved, pause }
    }
}

impl Modules {
    /// A set is no more in which these were. Those that nobody has an instance of are loaded again if they are needed.
    pub(super) fn forget<'d>(&self, gone: impl Iterator<Item = &'d [u8; 32]>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        for digest in gone {
            if loaded.get(digest).is_some_and(|module| Arc::strong_count(module) == 1) {
                loaded.remove(digest);
            }
        }
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
        let module = Patient { module, starved: Arc::clone(&self.starved), pause: self.pause };
        let module: Arc<dyn Module> = Arc::new(module);
        loaded.insert(*pack.digest(), Arc::clone(&module));
        Ok(module)
    }

    fn enforces(&self) -> Enforced {
        self.sandbox.enforces()
    }
}

/// A module whose instances wait for room.
struct Patient {
    module: Arc<dyn Module>,
    starved: Arc<Starved>,
    pause: Duration,
}

impl Module for Patient {
    fn instantiate(&self) -> Result<Box<dyn Instance>, Trap> {
        self.instantiate_within(Allowance::default())
    }

    fn instantiate_within(&self, allowance: Allowance) -> Result<Box<dyn Instance>, Trap> {
        let mut waits = false;
        loop {
            match self.module.instantiate_within(allowance) {
                // Every pack was tried before it counted: it is the machine that has no memory or descriptor now, and no
                // pack is put out for that. What was read is not committed meanwhile, whenever the server ends.
                Err(Trap::Host(words)) => {
                    self.starved.begin(!waits, words);
                    waits = true;
                    std::thread::sleep(self.pause);
                }
                other => {
                    self.starved.end(waits);
                    return other;
                }
            }
        }
    }
}

/// How many judges wait for room for an instance.
#[derive(Default)]
pub(super) struct Starved(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    judges: usize,
    words: String,
    /// It was not asked since it began or ended.
    is_new: bool,
}

impl Starved {
    fn begin(&self, is_first: bool, words: String) {
        let mut waiting = self.lock();
        if is_first {
            waiting.is_new |= waiting.judges == 0;
            waiting.judges += 1;
        }
        waiting.words = words;
    }

    fn end(&self, waits: bool) {
        if waits {
            let mut waiting = self.lock();
            waiting.judges -= 1;
            waiting.is_new |= waiting.judges == 0;
        }
    }

    /// What has changed since it was last asked: judges wait, by the machine's words, or none does any more.
    pub(super) fn change(&self) -> Option<Option<String>> {
        let mut waiting = self.lock();
        take(&mut waiting.is_new).then(|| (waiting.judges > 0).then(|| waiting.words.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    /// Has no room at first, and then something else is wrong.
    struct Full(AtomicUsize);

    impl Module for Full {
        fn instantiate(&self) -> Result<Box<dyn Instance>, Trap> {
            match self.0.fetch_add(1, SeqCst) {
                0..3 => Err(Trap::Host("no descriptor is left".into())),
                _ => Err(Trap::Dead),
            }
        }
    }

    #[test]
    fn what_the_machine_lacks_is_waited_for_and_told_once() {
        let starved = Arc::new(Starved::default());
        let module = Arc::new(Full(AtomicUsize::new(0)));
        starved.begin(true, "another".into());
        assert_eq!(starved.change(), Some(Some("another".into())));
        let patient = Patient { module, starved: Arc::clone(&starved), pause: Duration::ZERO };
        assert_eq!(patient.instantiate().err(), Some(Trap::Dead));
        assert_eq!(starved.change(), None, "another still waits");
        starved.end(true);
        assert_eq!(starved.change(), Some(None));
    }
}
