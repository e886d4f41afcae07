//! Ticks: when a pack is told how far time has come.

use super::memory::Memory;
use crate::Pack;

/// Ticks for one gap in time: the first of them, and the last.
const TICKS_PER_GAP: i64 = 64;
const NANOS: i64 = 1_000_000_000;
/// What comes live is ahead of its arrival by five minutes at most, and clocks are set back by a little; nanoseconds.
const AHEAD: i64 = 6 * 60 * NANOS;

/// Those that a pack asks for.
pub(super) struct Ticks {
    interval: i64,
    next: Option<i64>,
}

/// Whether [`Judge::passed`](super::Judge::passed) has something to do for a pack whose next tick is this, though it does
/// not judge now.
pub fn has_to_tick(pack: &Pack, tick: Option<i64>, time: i64, now: i64) -> bool {
    let ticks = Ticks::of(pack);
    tick.is_some_and(|tick| tick <= time || ticks.is_some_and(|ticks| ticks.is_astray(tick, now)))
}

/// When the next tick of a pack is due that does not judge now, by what a [`Snapshot`](super::Snapshot) says of it.
pub fn next_tick(pack: &Pack, host: &[u8]) -> Option<i64> {
    let mut ticks = Ticks::of(pack)?;
    ticks.restore(Memory::next(host));
    ticks.next()
}

impl Ticks {
    /// Those of this pack; the first follows its first event. `None`: it asks for none.
    pub(super) fn of(pack: &Pack) -> Option<Ticks> {
        pack.manifest().tick.map(|seconds| Ticks { interval: i64::from(seconds) * NANOS, next: None })
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<i64> {
        self.next
    }

    /// Goes on from where they were; a tick of another interval is of another version of the pack.
    pub(super) fn restore(&mut self, next: Option<i64>) {
        self.next = next.filter(|next| next.rem_euclid(self.interval) == 0);
    }

    /// Puts back a next tick that is astray; whether it was.
    pub(super) fn put_back(&mut self, now: i64) -> bool {
        let astray = self.next.is_some_and(|next| self.is_astray(next, now));
        if astray {
            self.next = Some(self.boundary(now).saturating_add(self.interval));
        }
        astray
    }

    /// Takes those that fall between the latest event and this time: the first ones and the last of a gap.
    pub(super) fn until(&mut self, time: i64) -> impl Iterator<Item = i64> + use<> {
        let (boundary, interval) = (self.boundary(time), self.interval);
        let first = self.next.unwrap_or_else(|| boundary.saturating_add(interval));
        let count = match boundary >= first {
            // From 1677 to 2262 it is more than there are nanoseconds in an i64.
            true => (boundary.saturating_sub(first) / interval).saturating_add(1),
            false => 0,
        };
        self.next = Some(if count > 0 { boundary.saturating_add(interval) } else { first });
        let early =
            (0..count.min(TICKS_PER_GAP - 1)).map(move |n| first.saturating_add(n.saturating_mul(interval)));
        early.chain((count >= TICKS_PER_GAP).then_some(boundary))
    }

    /// Whether a tick was asked for by a clock that was far ahead of what it is now: no event of now asks for it.
    fn is_astray(&self, tick: i64, now: i64) -> bool {
        tick.saturating_sub(now) > self.interval.saturating_add(AHEAD)
    }

    /// The last multiple of the interval that is not after this time.
    fn boundary(&self, time: i64) -> i64 {
        time.div_euclid(self.interval).saturating_mul(self.interval)
    }
}
