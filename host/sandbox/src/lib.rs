//! Runs rule packs in wasmtime. The only crate that names it.
//!
//! ```text
//!   Pack ──load──► machine code ──instantiate──► instance: a memory and a stack of its own
//!          │  ▲                                     │ open, check, save
//!          ▼  │ [`Cache`]                           ▼
//!        files of our own            every call under every limit of [`Limits`]
//! ```
//!
//! A limit that is passed, a WebAssembly trap and a broken contract all end as a [`tripline_engine::sandbox::Trap`]
//! that says which it was; the instance is dead from then on. Nothing is shared between instances but machine code.

mod cache;
mod config;
mod guest;
mod instance;
mod load;
mod meter;
mod module;
mod setup;
mod ticker;
mod trap;

pub use cache::{Cache, CacheError};
pub use load::{Loaded, Origin};
pub use setup::{SetupError, Wasmtime};
pub use tripline_engine::sandbox::Limits;
