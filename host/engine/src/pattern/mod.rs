//! Patterns: compiled for verification, reduced to literals for the index.
//!
//! ```text
//!   manifest + settings ─► Compiled    tried on one value, exact, with captures; a regex by steps, if it can be
//!                     └──► Necessary   literals, one of which every match contains
//!                                └───► Index   one look at a block's raw bytes for all literals of all packs
//! ```

mod compiled;
mod cost;
mod expression;
mod gram;
mod index;
mod list;
mod literals;
mod networks;
mod rarity;
mod steps;
mod union;

pub(crate) use cost::Trial;
pub(crate) use expression::parsed;

pub use compiled::{Captured, Compiled, Found, PatternError, Scratch};
pub use index::{Hit, Hits, Index};
pub use literals::Necessary;
pub use rarity::Rarity;
pub use union::{Said, Union, UnionScratch};
