use super::clock::within;
use super::key::{AsKey, Key};
use super::keyed::{Kept, Keyed};
use super::{Corrupt, State, StateReader, StateWriter};
use crate::Event;

/// Says "yes" for a key once in so many seconds of event time.
///
/// ```
/// # use tripline_sdk::prelude::*;
/// # fn rule(told: &mut Cooldown, event: &Event, ip: Text) -> Option<Decision> {
/// told.ready(event, ip, 3600).then(|| Decision::new(ip))
/// # }
/// ```
///
/// - **Memory**: `KIB` KiB of saved state, a time for each key. When the bound is reached, the key that was asked for
///   least recently is forgotten, and is ready again.
/// - **Late events**: a key is not ready at a time before it was last ready. **Undated events** count at the time they
///   came in, else at the latest time that this has seen.
#[derive(Default)]
pub struct Cooldown<const KIB: usize = 64> {
    last: Keyed<Last>,
}

/// When a key was last ready.
#[derive(Default)]
struct Last(Option<i64>);

impl<const KIB: usize> Cooldown<KIB> {
    /// Whether more than `secs` seconds have passed since the key was last ready, or it never was.
    pub fn ready(&mut self, event: &Event<'_>, key: impl AsKey, secs: i64) -> bool {
        self.last.ready(event, &Key::new(&key), KIB, secs)
    }

    /// Begins a key's `secs` at this event, as if it had just been ready.
    pub fn start(&mut self, event: &Event<'_>, key: impl AsKey) {
        self.last.ready(event, &Key::new(&key), KIB, -1);
    }

    /// Whether the key is not ready at this event; unlike [`ready`](Self::ready) it begins nothing.
    pub fn is_running(&mut self, event: &Event<'_>, key: impl AsKey, secs: i64) -> bool {
        let time = self.last.clock.time(event);
        let last = self.last.get(&Key::new(&key)).and_then(|last| last.0);
        last.is_some_and(|last| within(last, time, secs))
    }
}

impl Keyed<Last> {
    fn ready(&mut self, event: &Event<'_>, key: &Key, kib: usize, secs: i64) -> bool {
        let time = self.clock.time(event);
        self.change(key, kib, |last| {
            let ready = last.0.is_none_or(|last| secs < 0 || !within(last, time, secs));
            if ready {
                last.0 = last.0.max(Some(time));
            }
            ready
        })
    }
}

impl Kept for Last {
    fn bytes(&self) -> usize {
        1 + 8
    }
}

impl State for Last {
    fn save(&self, out: &mut StateWriter) {
        self.0.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        Option::restore(from).map(Last)
    }
}

impl<const KIB: usize> State for Cooldown<KIB> {
    const MOST_BYTES: usize = KIB * 1024;

    fn save(&self, out: &mut StateWriter) {
        self.last.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        Keyed::restore(from).map(|last| Cooldown { last })
    }
}
