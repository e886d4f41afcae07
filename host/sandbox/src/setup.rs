use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tripline_engine::Pack;
use tripline_engine::sandbox::{Enforced, LoadError, Module, Sandbox};
use wasmtime::{Engine, Linker};

use crate::cache::{Artifact, Cache};
use crate::config::config;
use crate::guest::{Guest, link_log};
use crate::module::{Origin, Ready, fits};
use crate::ticker::Ticker;
use crate::{CacheError, Limits};

/// The sandbox: packs as machine code by wasmtime, under [`Limits`].
pub struct Wasmtime {
    engine: Engine,
    linker: Linker<Guest>,
    ticker: Arc<Ticker>,
    limits: Arc<Limits>,
    cache: Option<Cache>,
    /// SHA-256 of what machine code depends on beside the module: wasmtime's version, its settings, this processor.
    compatibility: [u8; 32],
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

    /// As [`Sandbox::load`], and says where the machine code came from and what hindered the cache, if anything did.
    pub fn load_from(&self, pack: &Pack) -> Result<(Arc<dyn Module>, Origin, Option<CacheError>), LoadError> {
        let (module, origin, problem) = self.machine_code(pack)?;
        fits(&module, &self.limits)?;
        let pre =
            self.linker.instantiate_pre(&module).map_err(|error| LoadError::Compile(format!("{error:#}")))?;
        let (engine, ticker, limits) = (self.engine.clone(), self.ticker.clone(), self.limits.clone());
        Ok((Arc::new(Ready { pre, engine, ticker, limits }), origin, problem))
    }

    fn machine_code(&self, pack: &Pack) -> Result<(wasmtime::Module, Origin, Option<CacheError>), LoadError> {
        let compile_error = |error: wasmtime::Error| LoadError::Compile(format!("{error:#}"));
        let Some(cache) = &self.cache else {
            let module = wasmtime::Module::from_binary(&self.engine, pack.wasm()).map_err(compile_error)?;
            return Ok((module, Origin::Compiled, None));
        };
        let name = Artifact::name(pack.digest(), &self.compatibility);
        // What the cache cannot give is compiled: it is never the reason that a pack does not run.
        let problem = match cache.read(&name) {
            Ok(Some(artifact)) => match load(&self.engine, &artifact) {
                Ok(module) => return Ok((module, Origin::Cached, None)),
                Err(error) => Some(CacheError::Stale { name: name.clone(), reason: format!("{error:#}") }),
            },
            Ok(None) => None,
            Err(problem) => Some(problem),
        };
        let module = wasmtime::Module::from_binary(&self.engine, pack.wasm()).map_err(compile_error)?;
        let code = module.serialize().map_err(compile_error)?;
        Ok((module, Origin::Compiled, cache.write(&name, &code).err().or(problem)))
    }
}

impl Sandbox for Wasmtime {
    fn load(&self, pack: &Pack) -> Result<Arc<dyn Module>, LoadError> {
        Ok(self.load_from(pack)?.0)
    }

    fn enforces(&self) -> Enforced {
        Enforced { cpu: true, wall: true, memory: true, table: true, stack: true }
    }
}

/// Machine code from a file that only we could have written.
#[allow(unsafe_code)]
fn load(engine: &Engine, artifact: &Artifact) -> wasmtime::Result<wasmtime::Module> {
    // SAFETY: an `Artifact` comes from `Cache::read` alone: a whole file, by its digest, that belongs to us and that
    // nobody else may write, in a folder of which the same holds. So it is what `Module::serialize` gave; wasmtime
    // itself refuses what another version or another setting of it gave.
    unsafe { wasmtime::Module::deserialize(engine, artifact.code()) }
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
