use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use tripline_sandbox::{Cache, Limits, Wasmtime};

use super::{Failure, Screen};

/// A sandbox that keeps machine code in the user's cache folder, if that can be had.
pub(super) fn open(screen: &Screen, verbose: bool) -> Result<Arc<Wasmtime>, Failure> {
    let sandbox = Wasmtime::new(Limits::default()).map_err(Failure::new)?;
    let Some(folder) = cache_folder() else { return Ok(Arc::new(sandbox)) };
    match Cache::open(folder) {
        Ok(cache) => Ok(Arc::new(sandbox.with_cache(cache))),
        Err(error) => {
            // It costs time, never a result.
            if verbose {
                screen.warning(&format!("machine code of packs is not kept: {error}"));
            }
            Ok(Arc::new(sandbox))
        }
    }
}

/// As the XDG base directories have it; a relative path is to be ignored.
pub(super) fn cache_folder() -> Option<PathBuf> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let given = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(absolute);
    let folder = given.or_else(|| Some(env::home_dir().filter(absolute)?.join(".cache")))?;
    Some(folder.join("tripline").join("artifacts"))
}
