//! What the threads of a server hand to each other.

use tripline_engine::line::Block;
use tripline_engine::matcher::Matched;

/// A block, in the order in which it was read.
pub(super) struct Fed {
    pub(super) number: u64,
    pub(super) source: u32,
    pub(super) block: Block,
}

/// The same, with what was matched in it.
pub(super) struct Seen {
    pub(super) number: u64,
    pub(super) source: u32,
    pub(super) block: Block,
    pub(super) matched: Matched,
}
