use super::clock::Clock;
use super::key::Key;
use super::order::Order;
use super::{Corrupt, State, StateReader, StateWriter};

/// A value that a helper keeps for a key.
pub(crate) trait Kept: State + Default {
    /// The bytes that it saves.
    fn bytes(&self) -> usize;
}

/// Values by key under a bound of bytes, the least recently used goes first; and the time that they have seen.
///
/// What every helper is made of. The bound is an argument, not a parameter of the type, so that a pack with helpers of
/// several sizes carries their code once. Bytes are counted as they are saved; in memory it is five to seven times as
/// much, most of it for keys.
#[derive(Default)]
pub(crate) struct Keyed<V> {
    order: Order,
    /// By slot of the order.
    values: Vec<V>,
    bytes: usize,
    pub(crate) clock: Clock,
}

/// Saved bytes beside the entries, at most.
const OUTER: usize = 32;

impl<V: Kept> Keyed<V> {
    /// Changes the value of a key, which starts as the default, and evicts others until `kib` KiB hold it all.
    pub(crate) fn change<R>(&mut self, key: &Key, kib: usize, change: impl FnOnce(&mut V) -> R) -> R {
        let slot = match self.order.find(key) {
            Some(slot) => {
                self.order.touch(slot);
                slot
            }
            None => self.add(key, V::default()),
        };
        let value = &mut self.values[slot];
        let before = value.bytes();
        let result = change(value);
        self.bytes = self.bytes - before + value.bytes();
        while self.bytes + OUTER > kib * 1024 && self.order.len() > 1 {
            self.order.oldest().into_iter().for_each(|oldest| self.drop(oldest));
        }
        result
    }

    /// The value of a key, which this does not count as a use.
    pub(crate) fn get(&self, key: &Key) -> Option<&V> {
        self.order.find(key).map(|slot| &self.values[slot])
    }

    /// Forgets a key.
    pub(crate) fn remove(&mut self, key: &Key) {
        if let Some(slot) = self.order.find(key) {
            self.drop(slot);
        }
    }

    fn add(&mut self, key: &Key, value: V) -> usize {
        self.bytes += key.saved_len() + value.bytes();
        let slot = self.order.add(key);
        match self.values.get_mut(slot) {
            Some(free) => *free = value,
            None => self.values.push(value),
        }
        slot
    }

    fn drop(&mut self, slot: usize) {
        let value = std::mem::take(&mut self.values[slot]);
        self.bytes -= self.order.key(slot).saved_len() + value.bytes();
        self.order.remove(slot);
    }
}

/// Least recently used first, so that eviction goes on as if nothing had happened.
impl<V: Kept> State for Keyed<V> {
    fn save(&self, out: &mut StateWriter) {
        self.clock.save(out);
        out.count(self.order.len());
        for slot in self.order.slots() {
            self.order.key(slot).save(out);
            self.values[slot].save(out);
        }
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let clock = Clock::restore(from)?;
        let mut keyed = Keyed { order: Order::default(), values: Vec::new(), bytes: 0, clock };
        for _ in 0..from.count()? {
            let key = Key::restore(from)?;
            if keyed.order.find(&key).is_some() {
                return Err(Corrupt::new("each key once"));
            }
            keyed.add(&key, V::restore(from)?);
        }
        Ok(keyed)
    }
}

/// Inserts into a list that most often has one item: a `Vec` left to itself makes room for four.
pub(super) fn insert<T>(list: &mut Vec<T>, at: usize, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len().max(1));
    }
    list.insert(at, item);
}
