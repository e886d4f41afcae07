//! **Tripline: detection rules compiled to sandboxed WebAssembly, and the host that runs them.**
//!
//! As a library: read packs with [`Pack`], run them with [`Check`] in a [`Wasmtime`] sandbox, get incidents.
//! `examples/embed.rs` is the whole of it. With default features off there is no command line, no built-in pack
//! and no need for the wasm32 target.

mod actor;
#[cfg(feature = "program")]
pub mod author;
pub mod builtin;
pub mod check;
#[cfg(feature = "program")]
pub mod cli;
pub mod commit;
#[cfg(feature = "store")]
pub mod configuration;
#[cfg(feature = "store")]
pub mod crash;
mod crew;
mod files;
#[cfg(feature = "store")]
pub mod follow;
#[cfg(feature = "server")]
pub mod http;
#[cfg(feature = "store")]
pub mod incidents;
#[cfg(feature = "store")]
pub mod notices;
#[cfg(feature = "store")]
pub mod packs;
#[cfg(feature = "playground")]
pub mod playground;
pub mod quota;
#[cfg(feature = "server")]
pub mod report;
#[cfg(feature = "store")]
pub mod scans;
#[cfg(feature = "store")]
pub mod security_log;
#[cfg(feature = "store")]
pub mod serve;
#[cfg(feature = "store")]
pub mod signing;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "store")]
pub mod syslog;
#[cfg(feature = "store")]
pub mod tenants;
#[cfg(feature = "store")]
pub mod token;
#[cfg(feature = "store")]
pub mod wall_clock;

pub use tripline_engine::*;
pub use tripline_sandbox::{Limits, Wasmtime};
