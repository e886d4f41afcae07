use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Linker};

use crate::config::config;
use crate::guest::{Guest, link_log};
use crate::ticker::Ticker;
use crate::{Cache, Limits};

/// The sandbox: packs as machine code by wasmtime, under [`Limits`].
pub struct Wasmtime {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) cache: Option<Cache>,
    /// SHA-256 of what machine code depends on beside the module: wasmtime's version, its settings, this processor.
    pub(crate) compatibility: [u8; 32],
}

impl Wasmtime {
    /// A sandbox under these limits, with its ticker running.
    pub fn new(limits: Limits) -> Result<Wasmtime, SetupError> {
        if limits.stack > Limits::STACK_MOST {
            return Err(SetupError::Stack { limit: Limits::STACK_MOST, found: limits.stack });
        }
        let wasmtime = |error: wasmtime::Error| SetupError::Wasmtime(format!("{error:#}"));
        let engine = Engine::new(&config(limits.stack)).map_err(wasmtime)?;
        let mut linker = Linker::new(&engine);
        link_log(&mut linker).map_err(wasmtime)?;
        let ticker = Arc::new(Ticker::start(&engine).map_err(SetupError::Ticker)?);
        let mut hash = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hash);
        let compatibility = hash.0.finalize().into();
        Ok(Wasmtime { engine, linker, ticker, limits: Arc::new(limits), cache: None, compatibility })
    }

    /// Keeps machine code in files of this folder.
    pub fn with_cache(mut self, cache: Cache) -> Wasmtime {
        self.cache = Some(cache);
        self
    }
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The stack would not fit the calling thread's.
    #[error("expected a stack of at most {limit} bytes, found {found}")]
    Stack {
        /// The most there can be.
        limit: usize,
        /// What was asked for.
        found: usize,
    },
    /// wasmtime cannot run here; its words.
    #[error("wasmtime cannot run here: {0}")]
    Wasmtime(String),
    /// No thread for the ticker, and without it no limit of time.
    #[error("the ticker's thread cannot start: {0}")]
    Ticker(#[source] io::Error),
}

/// wasmtime tells what code depends on as something to hash; a name of a file needs more than 64 bits.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
