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
mod lane;
mod list;
mod literals;
mod networks;
mod rarity;
mod steps;

pub(crate) use cost::Trial;
pub(crate) use expression::parsed;

pub use compiled::{Captured, Compiled, Found, PatternError, Scratch};
pub use index::{Hit, Hits, Index};
pub use lane::{Lane, LaneScratch, Said};
pub use literals::Necessary;
pub use rarity::Rarity;
