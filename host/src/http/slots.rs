//! Streams that are open at the same time: each holds a connection, and asks the database again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Streams of one token.
const OF_TOKEN: usize = 4;
/// Streams in all.
const ALL: usize = 64;

/// Places for streams.
#[derive(Clone, Default)]
pub(super) struct Slots(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: usize,
    by: HashMap<i64, usize>,
}

/// One place; free again when it is dropped.
pub(super) struct Slot {
    slots: Slots,
    token: i64,
}

impl Slots {
    /// A place for a stream of this token; `None`: there is none left.
    pub(super) fn take(&self, token: i64) -> Option<Slot> {
        let mut taken = self.lock();
        let own = taken.by.get(&token).copied().unwrap_or(0);
        if taken.all >= ALL || own >= OF_TOKEN {
            return None;
        }
        taken.all += 1;
        taken.by.insert(token, own + 1);
        Some(Slot { slots: self.clone(), token })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.lock();
        taken.all -= 1;
        if let Some(own) = taken.by.get_mut(&self.token) {
            *own -= 1;
            if *own == 0 {
                taken.by.remove(&self.token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_leaves_places_to_others_and_all_are_bounded() {
        let slots = Slots::default();
        let mut own: Vec<Slot> = (0..OF_TOKEN).map(|_| slots.take(1).unwrap()).collect();
        assert!(slots.take(1).is_none() && slots.take(2).is_some());
        own.pop();
        own.extend(slots.take(1));
        let others: Vec<Slot> = (2..).map_while(|token| slots.take(token)).collect();
        assert_eq!(own.len() + others.len(), ALL);
        drop((own, others));
        assert!(slots.lock().by.is_empty() && slots.take(1).is_some());
    }
}
