//! The last of many, without moving them: what is let go gives its memory to what comes.

use std::collections::VecDeque;
use std::collections::vec_deque::Iter;

/// So many wait until they are let go together: letting go costs more than it takes to note that.
const TOGETHER: usize = 1024;

/// The last of all items there ever were, each known by its number among them.
pub(super) struct Tail<T> {
    items: VecDeque<T>,
    /// Of these the first, which are let go.
    over: usize,
    /// How many are gone before them.
    gone: u64,
    /// There are never more than that, so that room is not taken for them.
    most: usize,
}

impl<T: Copy> Tail<T> {
    pub(super) fn new(most: usize) -> Tail<T> {
        Tail { items: VecDeque::new(), over: 0, gone: 0, most }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.items.len() - self.over
    }

    /// The number of the next.
    pub(super) fn end(&self) -> u64 {
        self.gone + self.items.len() as u64
    }

    pub(super) fn push(&mut self, items: &[T]) {
        let needed = self.items.len() + items.len();
        if needed > self.items.capacity() {
            self.grow(needed);
        }
        self.items.extend(items);
    }

    /// Lets the first ones go.
    pub(super) fn let_go(&mut self, count: usize) {
        self.over += count;
        if self.over >= TOGETHER {
            let over = std::mem::take(&mut self.over);
            self.items.drain(..over);
            self.gone += over as u64;
        }
    }

    /// So many from this number on, which are not let go.
    pub(super) fn range(&self, start: u64, count: usize) -> Iter<'_, T> {
        let start = (start - self.gone) as usize;
        self.items.range(start..start + count)
    }

    #[cold]
    fn grow(&mut self, needed: usize) {
        let most = self.most.saturating_add(TOGETHER);
        let room = (2 * self.items.capacity()).min(most).max(needed);
        self.items.reserve_exact(room - self.items.len());
    }
}
