//! Memory of blocks, used again.

use super::room::Room;
use super::{Block, Line};

/// No more room than this is taken before it is needed.
const LARGEST_ROOM: usize = 16 << 20;
/// So many blocks are kept for their memory.
const MOST: usize = 4;

/// What blocks that came back had: page faults cost more than lines.
#[derive(Debug)]
pub(super) struct Spares {
    list: Vec<(Vec<u8>, Vec<Line>)>,
    /// The bytes that a block is filled with before it is given out.
    room: usize,
}

impl Spares {
    /// For blocks of about so many bytes.
    pub(super) fn new(block_bytes: usize) -> Spares {
        Spares { list: Vec::new(), room: block_bytes.min(LARGEST_ROOM) }
    }

    /// Takes a block's memory, if it had room for what a block may have.
    pub(super) fn take(&mut self, Block { bytes, mut lines, .. }: Block) {
        if self.list.len() < MOST && bytes.capacity() >= self.room {
            lines.clear();
            self.list.push((bytes, lines));
        }
    }

    /// The first `end` bytes and the lines, for a block; what is left stays. As many as `more` bytes may come behind them.
    pub(super) fn split(
        &mut self,
        bytes: &mut Room,
        lines: &mut Vec<Line>,
        end: usize,
        more: usize,
    ) -> (Vec<u8>, Vec<Line>) {
        // Few before many, as where columns change with each line: memory of a whole block would be far too much for them.
        if end < bytes.len() / 2 {
            let few = bytes[..end].to_vec();
            bytes.remove(0, end);
            return (few, std::mem::take(lines));
        }
        let fresh = || (Vec::with_capacity(self.room + more), Vec::with_capacity(lines.len()));
        let (next_bytes, next_lines) = self.list.pop().unwrap_or_else(fresh);
        (bytes.split(end, next_bytes), std::mem::replace(lines, next_lines))
    }
}
