//! The packs that come with the program.

use std::sync::Arc;

use tripline_engine::{Pack, PackError};

mod modules {
    include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
}

/// Names that only built-in packs have, whether they are part of this build or not.
pub const NAMES: &[&str] =
    &["sshd", "app-errors", "exposure", "web-attacks", "sudo-su", "auditd-basics", "log-gap"];

/// The modules that are part of this build, by name.
pub fn modules() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    modules::FILES.iter().copied()
}

/// The built-in packs, read and checked like any other; nothing is compiled to machine code yet.
pub fn packs() -> Result<Vec<Arc<Pack>>, PackError> {
    modules().map(|(_, wasm)| Pack::read(wasm).map(Arc::new)).collect()
}

/// Whether this is, byte for byte, a pack of this build.
pub fn is_builtin(pack: &Pack) -> bool {
    modules().any(|(_, wasm)| wasm == &pack.wasm()[..])
}
