//! Packs of tenants' own: brought to a server while it runs, by people whom nobody has to trust.
//!
//! ```text
//!   module ─► checked ─► patterns tried ─► compiled in a process of its own ─► opened ─► kept ─► counts from the next
//!             engine      engine            with limits of the kernel           with what          barrier on
//!                                                                               is remembered
//! ```
//!
//! What fails on the way changes nothing: the version that counts goes on. Nobody but that process makes machine code,
//! and none is taken from outside.

mod compiling;
mod error;
mod kept;
mod own;
mod shelf;
mod unsigned;

pub use self::compiling::{CompileError, CompileLimits, Compiler, Compiling, become_compiler};
pub use self::error::PackRefused;
pub use self::own::{Act, NewVersion, OwnPack, Version};
pub use self::shelf::{LeftOut, Ready, Shelf, Tools};
