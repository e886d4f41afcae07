//! The last of many, in pieces of memory: nothing is moved, and what is let go gives its piece to what comes.
//!
//! ```text
//!   ░░░░▓▓▓▓▓▓ │ ▓▓▓▓▓▓▓▓▓· │ ▓▓▓▓            ░ let go; its piece is used again once all of it is
//!   first        a part is in one piece, so that it is one slice
//! ```

use std::collections::VecDeque;

/// The last of all parts there ever were.
pub(super) struct Tail<T> {
    pieces: VecDeque<Vec<T>>,
    /// Number of the first piece.
    first: u32,
    /// Items of a piece, but for one of a single larger part.
    size: usize,
    /// Items that are not let go.
    held: usize,
    spare: Option<Vec<T>>,
}

/// Where a part begins.
#[derive(Clone, Copy)]
pub(super) struct At {
    /// Number of its piece.
    piece: u32,
    offset: u32,
}

impl<T: Copy> Tail<T> {
    pub(super) fn new(size: usize) -> Tail<T> {
        Tail { pieces: VecDeque::new(), first: 0, size, held: 0, spare: None }
    }

    /// How many items are not let go.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// A part of so many items begins; these are pushed next.
    pub(super) fn begin(&mut self, count: usize) -> At {
        let offset = match self.pieces.back() {
            Some(piece) if piece.len() + count <= self.size => piece.len(),
            _ => self.next(count),
        };
        self.held += count;
        // There is one by now.
        let piece = self.first.wrapping_add(self.pieces.len() as u32).wrapping_sub(1);
        At { piece, offset: offset as u32 }
    }

    pub(super) fn push(&mut self, items: &[T]) {
        if let Some(piece) = self.pieces.back_mut() {
            piece.extend_from_slice(items);
        }
    }

    /// The part of so many items that begins there, which is not let go.
    pub(super) fn part(&self, at: At, count: usize) -> &[T] {
        let piece = at.piece.wrapping_sub(self.first) as usize;
        &self.pieces[piece][at.offset as usize..at.offset as usize + count]
    }

    /// Lets the first part go, which begins there.
    pub(super) fn let_go(&mut self, at: At, count: usize) {
        self.held -= count;
        while self.first != at.piece
            && let Some(piece) = self.pieces.pop_front()
        {
            self.first = self.first.wrapping_add(1);
            self.spare = Some(piece);
        }
    }

    /// A piece for so many items; where it begins.
    #[cold]
    fn next(&mut self, count: usize) -> usize {
        // Who has little has one piece, and that grows.
        let size = if self.pieces.is_empty() { count } else { self.size.max(count) };
        let spare = self.spare.take().filter(|spare| (size..=2 * self.size).contains(&spare.capacity()));
        let mut piece = spare.unwrap_or_else(|| Vec::with_capacity(size));
        piece.clear();
        self.pieces.push_back(piece);
        0
    }
}
