use std::collections::BTreeMap;

use super::key::Key;

/// Keys in the order of their last use. Each has a slot, a small number that stays its own until it is removed.
///
/// Ordered maps only: keys are a stranger's, and hashing with a secret would not be the same at every replay. Apart
/// from the values, so that packs carry this code once and not once for each type of value.
///
/// ```text
///   slots    "192.0.2.7" ─► 0, "203.0.113.5" ─► 2
///   links    0 ◄─► 2        oldest 0, newest 2, free 1
/// ```
#[derive(Default)]
pub(super) struct Order {
    slots: BTreeMap<Key, usize>,
    links: Vec<Link>,
    free: Vec<usize>,
    /// The least and the most recently used slot.
    ends: Option<(usize, usize)>,
}

struct Link {
    key: Key,
    older: Option<usize>,
    newer: Option<usize>,
}

impl Order {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The slot of a key.
    pub(super) fn find(&self, key: &Key) -> Option<usize> {
        self.slots.get(key).copied()
    }

    /// The key of a slot.
    pub(super) fn key(&self, slot: usize) -> &Key {
        &self.links[slot].key
    }

    /// The least recently used slot.
    pub(super) fn oldest(&self) -> Option<usize> {
        self.ends.map(|(oldest, _)| oldest)
    }

    /// All slots, least recently used first.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.oldest(), |&slot| self.links[slot].newer)
    }

    /// Adds a key that is not there, as the most recently used; its slot may be one that was free.
    #[inline(never)]
    pub(super) fn add(&mut self, key: &Key) -> usize {
        let slot = self.free.pop().unwrap_or(self.links.len());
        let link = Link { key: *key, older: None, newer: None };
        match self.links.get_mut(slot) {
            Some(free) => *free = link,
            None => self.links.push(link),
        }
        self.slots.insert(*key, slot);
        self.append(slot);
        slot
    }

    /// Makes a slot the most recently used.
    #[inline(never)]
    pub(super) fn touch(&mut self, slot: usize) {
        if self.ends.is_some_and(|(_, newest)| newest != slot) {
            self.unlink(slot);
            self.append(slot);
        }
    }

    /// Removes a slot's key.
    #[inline(never)]
    pub(super) fn remove(&mut self, slot: usize) {
        self.unlink(slot);
        self.slots.remove(&self.links[slot].key);
        self.free.push(slot);
    }

    fn append(&mut self, slot: usize) {
        let newest = self.ends.map(|(_, newest)| newest);
        (self.links[slot].older, self.links[slot].newer) = (newest, None);
        if let Some(newest) = newest {
            self.links[newest].newer = Some(slot);
        }
        self.ends = Some((self.oldest().unwrap_or(slot), slot));
    }

    fn unlink(&mut self, slot: usize) {
        let (older, newer) = (self.links[slot].older, self.links[slot].newer);
        let Some((mut oldest, mut newest)) = self.ends else { return };
        match older {
            Some(older) => self.links[older].newer = newer,
            None => oldest = newer.unwrap_or(slot),
        }
        match newer {
            Some(newer) => self.links[newer].older = older,
            None => newest = older.unwrap_or(slot),
        }
        self.ends = (older.is_some() || newer.is_some()).then_some((oldest, newest));
    }
}
