use std::collections::BTreeMap;
use std::sync::Arc;

use super::key::{AsKey, Key};
use super::{Corrupt, State, StateReader, StateWriter};

/// A value that a helper keeps for a key.
pub(crate) trait Kept: State + Default {
    /// The bytes that it saves.
    fn bytes(&self) -> usize;
}

/// Values by key under a bound of bytes; the least recently used goes first.
///
/// Ordered maps only: keys are a stranger's, and hashing with a secret would not be the same at every replay.
/// Bytes are counted as they are saved; in memory it is about three times as much.
///
/// ```text
///   entries  "192.0.2.7" ─► used 41, value        recent  39 ─► "203.0.113.5"   goes first
///            "203.0.113.5" ─► used 39, value              41 ─► "192.0.2.7"
/// ```
#[derive(Default)]
pub(crate) struct Keyed<V> {
    entries: BTreeMap<Arc<[u8]>, Slot<V>>,
    recent: BTreeMap<u64, Arc<[u8]>>,
    bytes: usize,
    uses: u64,
}

#[derive(Default)]
struct Slot<V> {
    used: u64,
    value: V,
}

/// Saved bytes of a whole map beside its entries, and of a helper's own numbers beside the map.
const OUTER: usize = 32;

impl<V: Kept> Keyed<V> {
    /// Changes the value of a key, which starts as the default, and evicts others until `kib` KiB hold it all.
    pub(crate) fn change<R>(&mut self, key: &impl AsKey, kib: usize, change: impl FnOnce(&mut V) -> R) -> R {
        let key = Key::new(key);
        self.uses += 1;
        let result = match self.entries.get_mut(key.as_bytes()) {
            Some(slot) => {
                let before = slot.value.bytes();
                let result = change(&mut slot.value);
                self.bytes = self.bytes - before + slot.value.bytes();
                if let Some(key) = self.recent.remove(&slot.used) {
                    self.recent.insert(self.uses, key);
                }
                slot.used = self.uses;
                result
            }
            None => {
                let mut value = V::default();
                let result = change(&mut value);
                self.push(key.as_bytes().into(), value);
                result
            }
        };
        while self.bytes + OUTER > kib * 1024 && self.entries.len() > 1 {
            self.evict();
        }
        result
    }

    /// The value of a key, which this does not count as a use.
    pub(crate) fn get(&self, key: &impl AsKey) -> Option<&V> {
        self.entries.get(Key::new(key).as_bytes()).map(|slot| &slot.value)
    }

    /// Forgets a key.
    pub(crate) fn remove(&mut self, key: &impl AsKey) {
        if let Some((key, slot)) = self.entries.remove_entry(Key::new(key).as_bytes()) {
            self.recent.remove(&slot.used);
            self.bytes -= entry_bytes(&key, &slot.value);
        }
    }

    fn push(&mut self, key: Arc<[u8]>, value: V) {
        self.bytes += entry_bytes(&key, &value);
        self.recent.insert(self.uses, Arc::clone(&key));
        self.entries.insert(key, Slot { used: self.uses, value });
    }

    fn evict(&mut self) {
        if let Some((_, key)) = self.recent.pop_first()
            && let Some(slot) = self.entries.remove(&key)
        {
            self.bytes -= entry_bytes(&key, &slot.value);
        }
    }
}

fn entry_bytes<V: Kept>(key: &[u8], value: &V) -> usize {
    1 + key.len() + value.bytes()
}

/// Least recently used first, so that eviction goes on as if nothing had happened.
impl<V: Kept> State for Keyed<V> {
    fn save(&self, out: &mut StateWriter) {
        out.count(self.entries.len());
        for key in self.recent.values() {
            if let Some(slot) = self.entries.get(key) {
                out.bytes(&[key.len() as u8]);
                out.bytes(key);
                slot.value.save(out);
            }
        }
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let mut keyed = Keyed { entries: BTreeMap::new(), recent: BTreeMap::new(), bytes: 0, uses: 0 };
        for _ in 0..from.count()? {
            let [length] = from.array()?;
            let key: Arc<[u8]> = from.bytes(length.into())?.into();
            if keyed.entries.contains_key(&key) {
                return Err(Corrupt::new("each key once"));
            }
            keyed.uses += 1;
            keyed.push(key, V::restore(from)?);
        }
        Ok(keyed)
    }
}
