//! The exports and the one import of a module: the only `unsafe` that a pack has, and all of it is names.
//!
//! The host writes into the buffer that `tripline_buffer` gave it and then names that very buffer, so nothing here
//! follows a pointer that came from outside.
#![allow(unsafe_code)]

use tripline_abi::LogLevel;

#[cfg(target_arch = "wasm32")]
pub use self::wasm::Module;

/// Says which rule is running, for the host to name should it trap.
pub(crate) fn running(rule: u32) {
    #[cfg(target_arch = "wasm32")]
    wasm::tripline_rule.store(rule, std::sync::atomic::Ordering::Relaxed);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = rule;
}

/// Hands a text to the host.
pub(crate) fn log(level: LogLevel, text: &str) {
    #[cfg(target_arch = "wasm32")]
    wasm::log(level as i32, text.as_ptr(), text.len());
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{}: {text}", level.as_str());
}

/// Exports a pack; `#[tripline_sdk::pack]` calls it.
#[doc(hidden)]
#[macro_export]
macro_rules! export {
    ($pack:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static MODULE: $crate::export::Module<$pack> = $crate::export::Module::new();

            #[unsafe(no_mangle)]
            extern "C" fn tripline_buffer(len: u32) -> u32 {
                MODULE.buffer(len)
            }

            #[unsafe(no_mangle)]
            extern "C" fn tripline_open(ptr: u32, len: u32) -> u64 {
                MODULE.open(ptr, len)
            }

            #[unsafe(no_mangle)]
            extern "C" fn tripline_check(ptr: u32, len: u32) -> u64 {
                MODULE.check(ptr, len)
            }

            #[unsafe(no_mangle)]
            extern "C" fn tripline_save() -> u64 {
                MODULE.save()
            }
        };
    };
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use std::panic::PanicHookInfo;
    use std::sync::atomic::AtomicU32;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use tripline_abi::{Guest, LogLevel};

    use crate::replies::NO_RULE;
    use crate::{Instance, Pack};

    #[link(wasm_import_module = "tripline")]
    unsafe extern "C" {
        pub(super) safe fn log(level: i32, ptr: *const u8, len: usize);
    }

    /// The ABI version, said by a name.
    #[unsafe(no_mangle)]
    extern "C" fn tripline_abi_1() {}

    /// Which rule is running; exported as a global that holds its address.
    #[unsafe(no_mangle)]
    #[allow(non_upper_case_globals)]
    pub(super) static tripline_rule: AtomicU32 = AtomicU32::new(NO_RULE);

    /// What a module keeps between calls. There is one thread; the lock is the safe way to have a static that changes.
    pub struct Module<P: Pack>(Mutex<Parts<P>>);

    struct Parts<P: Pack> {
        /// The host writes here. It only grows: clearing it for every batch would cost as much as reading it.
        buffer: Vec<u8>,
        answer: Vec<u8>,
        instance: Option<Instance<P>>,
    }

    impl<P: Pack> Module<P> {
        /// A module that has not been opened.
        #[allow(clippy::new_without_default)]
        pub const fn new() -> Self {
            Module(Mutex::new(Parts { buffer: Vec::new(), answer: Vec::new(), instance: None }))
        }

        /// `tripline_buffer`.
        pub fn buffer(&self, len: u32) -> u32 {
            let mut parts = self.parts();
            if parts.buffer.len() < len as usize {
                parts.buffer.resize(len as usize, 0);
            }
            parts.buffer.as_ptr() as u32
        }

        /// `tripline_open`.
        pub fn open(&self, ptr: u32, len: u32) -> u64 {
            std::panic::set_hook(Box::new(panicked));
            let mut parts = self.parts();
            match Instance::open(parts.input(ptr, len)) {
                Ok(instance) => {
                    parts.instance = Some(instance);
                    0
                }
                Err(error) => {
                    parts.answer = error.into_bytes();
                    parts.answer()
                }
            }
        }

        /// `tripline_check`.
        pub fn check(&self, ptr: u32, len: u32) -> u64 {
            let mut parts = self.parts();
            let Some(mut instance) = parts.instance.take() else {
                panic!("tripline_check before tripline_open")
            };
            let mut answer = std::mem::take(&mut parts.answer);
            instance.check(parts.input(ptr, len), &mut answer);
            parts.answer = answer;
            parts.instance = Some(instance);
            parts.answer()
        }

        /// `tripline_save`.
        pub fn save(&self) -> u64 {
            let mut parts = self.parts();
            let Some(instance) = &mut parts.instance else { panic!("tripline_save before tripline_open") };
            parts.answer = instance.save().unwrap_or_default();
            parts.answer()
        }

        fn parts(&self) -> MutexGuard<'_, Parts<P>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl<P: Pack> Parts<P> {
        fn input(&self, ptr: u32, len: u32) -> &[u8] {
            match self.buffer.get(..len as usize) {
                Some(input) if ptr == self.buffer.as_ptr() as u32 => input,
                _ => panic!("expected the buffer that tripline_buffer gave, found {len} bytes at {ptr}"),
            }
        }

        fn answer(&self) -> u64 {
            match self.answer.len() {
                0 => 0,
                length => (self.answer.as_ptr() as u64) << 32 | length as u64,
            }
        }
    }

    /// The panic's text with its place; then the panic traps.
    fn panicked(panic: &PanicHookInfo<'_>) {
        let text = panic.payload_as_str().unwrap_or("a panic without a text");
        match panic.location() {
            Some(at) => super::log(
                LogLevel::Panic,
                &format!("{text}, at {}:{}:{}", at.file(), at.line(), at.column()),
            ),
            None => super::log(LogLevel::Panic, text),
        }
    }
}
