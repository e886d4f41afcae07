use std::sync::Arc;
use std::time::Duration;

use tripline_engine::Pack;
use tripline_engine::sandbox::{Enforced, LoadError, Module, Sandbox};
use wasmtime::Engine;

use crate::cache::{Artifact, CacheError};
use crate::module::{Ready, fits};
use crate::{Limits, Wasmtime};

/// A module that is ready, and how it came to be.
pub struct Loaded {
    /// The module.
    pub module: Arc<dyn Module>,
    /// Where its machine code came from.
    pub origin: Origin,
    /// What hindered the cache; the module is compiled then, as without one.
    pub problem: Option<CacheError>,
}

/// Where a module's machine code came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was compiled.
    Compiled,
    /// It was compiled before, and lay in the cache.
    Cached,
}

impl Wasmtime {
    /// As [`Sandbox::load`], and says how the cache did.
    pub fn load_from(&self, pack: &Pack) -> Result<Loaded, LoadError> {
        let (code, origin, problem) = self.machine_code(pack)?;
        fits(&code, &self.limits)?;
        let pre = self.linker.instantiate_pre(&code).map_err(words)?;
        let (engine, ticker, limits) = (self.engine.clone(), self.ticker.clone(), self.limits.clone());
        Ok(Loaded { module: Arc::new(Ready { pre, engine, ticker, limits }), origin, problem })
    }

    fn machine_code(&self, pack: &Pack) -> Result<(wasmtime::Module, Origin, Option<CacheError>), LoadError> {
        let compile = || wasmtime::Module::from_binary(&self.engine, pack.wasm()).map_err(words);
        let Some(cache) = &self.cache else { return Ok((compile()?, Origin::Compiled, None)) };
        let name = Artifact::name(pack.digest(), &self.compatibility);
        // What the cache cannot give is compiled: it is never the reason that a pack does not run.
        let problem = match cache.read(&name) {
            Ok(Some(artifact)) => match deserialize(&self.engine, &artifact) {
                Ok(code) => return Ok((code, Origin::Cached, None)),
                Err(error) => Some(CacheError::Stale { name: name.clone(), reason: format!("{error:#}") }),
            },
            Ok(None) => None,
            Err(problem) => Some(problem),
        };
        let code = compile()?;
        let written = cache.write(&name, &code.serialize().map_err(words)?);
        Ok((code, Origin::Compiled, written.err().or(problem)))
    }
}

impl Sandbox for Wasmtime {
    fn load(&self, pack: &Pack) -> Result<Arc<dyn Module>, LoadError> {
        Ok(self.load_from(pack)?.module)
    }

    fn enforces(&self) -> Enforced {
        let Limits { cpu_base, wall, memory, table, .. } = *self.limits;
        Enforced {
            cpu: cpu_base < Duration::MAX,
            wall: wall < Duration::MAX,
            memory: memory < u64::MAX,
            table: table < u64::MAX,
            stack: true,
        }
    }
}

fn words(error: wasmtime::Error) -> LoadError {
    LoadError::Compile(format!("{error:#}"))
}

/// Machine code from a file that only we could have written.
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, artifact: &Artifact) -> wasmtime::Result<wasmtime::Module> {
    // SAFETY: an `Artifact` comes from `Cache::read` alone: a whole file, by its digest, that belongs to us and that
    // nobody else may write, in a folder of which the same holds. So it is what `Module::serialize` gave; wasmtime
    // itself refuses what another version or another setting of it gave.
    unsafe { wasmtime::Module::deserialize(engine, artifact.code()) }
}
