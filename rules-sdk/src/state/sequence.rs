use tripline_abi::{EventId, ReplyLimit};

use super::clock::within;
use super::key::{AsKey, Key};
use super::keyed::{Kept, Keyed};
use super::{Corrupt, State, StateReader, StateWriter};
use crate::Event;

/// One thing, then another within so many seconds of event time, by key.
///
/// ```
/// # use tripline_sdk::prelude::*;
/// # struct Pack { guessed: Sequence }
/// # impl Pack {
/// # fn failed(&mut self, event: &Event, ip: Text) {
/// self.guessed.first(event, ip); // in the rule that sees the first thing
/// # }
/// # fn accepted(&mut self, event: &Event, ip: Text) -> Option<Decision> {
/// let both = self.guessed.then(event, ip, 3600)?; // in the rule that sees the second
/// Some(Decision::new(ip).evidence(&both.ids))
/// # }
/// # }
/// ```
///
/// - **Memory**: `KIB` KiB of saved state. For each key it keeps the newest first thing with at most 31 ids. When the
///   bound is reached, the key that was seen least recently is forgotten.
/// - **Late events** count at their own time: a first thing that is older than the kept one is dropped, a second thing
///   from before the first completes nothing. **Undated events** count at the time they came in, else at the latest
///   time that this has seen.
#[derive(Default)]
pub struct Sequence<const KIB: usize = 160> {
    firsts: Keyed<First>,
}

/// Both things happened in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both {
    /// When the first thing happened, nanoseconds since 1970 UTC.
    pub first: i64,
    /// When the second did.
    pub last: i64,
    /// The evidence of the first thing, then the event that was the second; 32 at most.
    pub ids: Vec<EventId>,
}

#[derive(Default)]
struct First {
    time: Option<i64>,
    ids: Vec<EventId>,
}

/// Ids that are kept for a first thing; one more is the second thing's.
const IDS: usize = ReplyLimit::EVIDENCE - 1;

impl<const KIB: usize> Sequence<KIB> {
    /// The first thing happened.
    pub fn first(&mut self, event: &Event<'_>, key: impl AsKey) {
        self.first_with(event, key, &[event.id()]);
    }

    /// The first thing happened, and these events show it; the newest 31 are kept.
    pub fn first_with(&mut self, event: &Event<'_>, key: impl AsKey, ids: &[EventId]) {
        self.firsts.first(event, &Key::new(&key), KIB, &ids[ids.len().saturating_sub(IDS)..]);
    }

    /// The second thing happened. Answers if the first did so at most `within_secs` seconds before; then the key
    /// starts anew.
    pub fn then(&mut self, event: &Event<'_>, key: impl AsKey, within_secs: i64) -> Option<Both> {
        self.firsts.then(event, &Key::new(&key), within_secs)
    }

    /// Forgets a key.
    pub fn forget(&mut self, key: impl AsKey) {
        self.firsts.remove(&Key::new(&key));
    }
}

impl Keyed<First> {
    fn first(&mut self, event: &Event<'_>, key: &Key, kib: usize, ids: &[EventId]) {
        let time = self.clock.time(event);
        self.change(key, kib, |first| {
            if first.time.is_none_or(|kept| kept <= time) {
                first.time = Some(time);
                first.ids = ids.to_vec();
            }
        });
    }

    fn then(&mut self, event: &Event<'_>, key: &Key, within_secs: i64) -> Option<Both> {
        let last = self.clock.time(event);
        let kept = self.get(key)?;
        let first = kept.time.filter(|&first| first <= last && within(first, last, within_secs))?;
        let ids = kept.ids.iter().copied().chain([event.id()]).collect();
        self.remove(key);
        Some(Both { first, last, ids })
    }
}

impl Kept for First {
    fn bytes(&self) -> usize {
        1 + 8 + 4 + self.ids.len() * size_of::<EventId>()
    }
}

impl State for First {
    fn save(&self, out: &mut StateWriter) {
        self.time.save(out);
        self.ids.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        Ok(First { time: Option::restore(from)?, ids: Vec::restore(from)? })
    }
}

impl<const KIB: usize> State for Sequence<KIB> {
    const MOST_BYTES: usize = KIB * 1024;

    fn save(&self, out: &mut StateWriter) {
        self.firsts.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        Keyed::restore(from).map(|firsts| Sequence { firsts })
    }
}
