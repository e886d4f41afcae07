//! Memory on its way back: from whoever is the last to be done with a block to whoever fills a next one.
//!
//! ```text
//!   reader ─► matchers ─► collector ─► judges
//!     ▲ blocks   ▲ matched   │           │
//!     └──────────┴───────────┴───────────┘     what finds no room here is let go of
//! ```
//!
//! A block and what came of it have a megabyte: taken from the system for each, they cost a tenth of a check, all of it page faults.

use crossbeam_channel::{Receiver, Sender, bounded};
use tripline_engine::line::Block;
use tripline_engine::matcher::Matched;
use tripline_engine::merge::Scanned;

pub(super) struct Spares {
    blocks: (Sender<Block>, Receiver<Block>),
    matched: (Sender<Matched>, Receiver<Matched>),
}

impl Spares {
    /// Room for so many of each.
    pub(super) fn new(most: usize) -> Spares {
        Spares { blocks: bounded(most), matched: bounded(most) }
    }

    /// Takes back what is done with.
    pub(super) fn give(&self, Scanned { block, matched, .. }: Scanned) {
        let _ = self.blocks.0.try_send(block);
        let _ = self.matched.0.try_send(matched);
    }

    pub(super) fn block(&self) -> Option<Block> {
        self.blocks.1.try_recv().ok()
    }

    pub(super) fn matched(&self) -> Option<Matched> {
        self.matched.1.try_recv().ok()
    }
}
