//! Patterns: compiled for verification, reduced to literals for the index.
//!
//! ```text
//!   manifest + settings ─► Compiled    tried on one value, exact, with captures
//!                     └──► Necessary   literals, one of which every match contains
//!                                └───► Index   one look at a block's raw bytes for all literals of all packs
//! ```

mod compiled;
pub(crate) mod cost;
mod gram;
mod index;
mod list;
mod literals;
mod rarity;

pub use compiled::{Captured, Compiled, Found, PatternError, Scratch};
pub use index::{Hits, Index};
pub use literals::Necessary;
pub use rarity::Rarity;
