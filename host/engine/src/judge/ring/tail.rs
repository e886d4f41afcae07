//! The last of many parts, in pieces of memory: nothing is moved, and a piece that is let go is used again by what comes.
//!
//! ```text
//!   ▓▓▓▓▓▓▓▓▓▓ │ ▓▓▓▓▓▓▓▓▓· │ ▓▓▓▓
//!   first        a part is in one piece, so that it is one slice
//! ```

use std::collections::VecDeque;

/// The last of all parts there ever were.
pub(super) struct Tail {
    /// All pieces but the last …
    pieces: VecDeque<Vec<u8>>,
    /// … to which parts are added.
    last: Vec<u8>,
    /// Number of the first piece.
    first: u32,
    /// Bytes of a piece, but for one of a single larger part.
    size: usize,
    spare: Option<Vec<u8>>,
}

/// Where a part begins.
#[derive(Clone, Copy)]
pub(super) struct At {
    /// Number of its piece.
    pub(super) piece: u32,
    offset: u32,
}

impl Tail {
    pub(super) fn new(size: usize) -> Tail {
        Tail { pieces: VecDeque::new(), last: Vec::new(), first: 0, size, spare: None }
    }

    /// A part of at most so many bytes begins; they are to be added to the piece that is answered.
    pub(super) fn begin(&mut self, most: usize) -> (At, &mut Vec<u8>) {
        // Who has little has one piece, and that grows.
        if self.last.len() + most > self.size && !self.last.is_empty() {
            self.next(most);
        }
        let piece = self.first.wrapping_add(self.pieces.len() as u32);
        (At { piece, offset: self.last.len() as u32 }, &mut self.last)
    }

    /// So many bytes of a part that is not let go, `skip` bytes behind where it begins.
    pub(super) fn part(&self, at: At, skip: usize, count: usize) -> &[u8] {
        let piece = at.piece.wrapping_sub(self.first) as usize;
        let start = at.offset as usize + skip;
        &self.pieces.get(piece).unwrap_or(&self.last)[start..start + count]
    }

    /// Lets the first piece go, with all parts in it.
    pub(super) fn let_go(&mut self) {
        match self.pieces.pop_front() {
            Some(piece) => self.spare = Some(piece),
            None => self.last.clear(),
        }
        self.first = self.first.wrapping_add(1);
    }

    /// Another piece becomes the last, for so many bytes.
    #[cold]
    fn next(&mut self, count: usize) {
        let size = self.size.max(count);
        let spare = self.spare.take().filter(|spare| (size..=2 * self.size).contains(&spare.capacity()));
        let mut piece = spare.unwrap_or_else(|| Vec::with_capacity(size));
        piece.clear();
        self.pieces.push_back(std::mem::replace(&mut self.last, piece));
    }
}
