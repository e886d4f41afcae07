use tripline_abi::{EventId, ReplyLimit};

use super::clock::within;
use super::key::{AsKey, Key};
use super::keyed::{Kept, Keyed, insert};
use super::{Corrupt, State, StateReader, StateWriter};
use crate::Event;

/// Counts events by key in a window that slides along event time.
///
/// ```
/// # use tripline_sdk::prelude::*;
/// # fn rule(failures: &mut SlidingCount, event: &Event, ip: Text) -> Option<Decision> {
/// let burst = failures.hit(event, ip, 5, 600)?; // the fifth within ten minutes
/// Some(Decision::new(ip).value("failures", burst.total).evidence(&burst.ids))
/// # }
/// ```
///
/// - **Memory**: `KIB` KiB of saved state. For each key it keeps the newest `at_least` hits. When the bound is reached,
///   the key that was hit least recently is forgotten, with its total.
/// - **Late events** count at their own time, among the newest `at_least` hits of their key. **Undated events** count at the time they came in, else at the latest time that this has seen.
/// - `at_least` below 1 is 1; above [`Self::MOST`] it is `MOST`, so that no key can have more than a quarter of the
///   memory.
#[derive(Default)]
pub struct SlidingCount<const KIB: usize = 160> {
    tracks: Keyed<Track>,
}

/// Enough hits in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Hits in the window.
    pub count: u64,
    /// Hits of this key since it is known, earlier bursts included.
    pub total: u64,
    /// When the first hit in the window happened, nanoseconds since 1970 UTC.
    pub first: i64,
    /// When the last one did.
    pub last: i64,
    /// The events that were the window's hits, oldest first; of more than 32 the first and the last 16.
    pub ids: Vec<EventId>,
}

/// One key's hits, ascending by time.
#[derive(Default)]
struct Track {
    total: u64,
    hits: Vec<Hit>,
}

#[derive(Clone, Copy)]
struct Hit {
    time: i64,
    count: u32,
    id: EventId,
}

impl<const KIB: usize> SlidingCount<KIB> {
    /// The greatest `at_least` that can be told apart.
    pub const MOST: usize = {
        assert!(KIB > 0, "a helper needs at least 1 KiB");
        KIB * 1024 / 4 / Hit::BYTES
    };

    /// Counts an event for a key. Answers when `at_least` hits lie within `within_secs` seconds; then the key
    /// starts anew, so that a flood of n hits answers n / `at_least` times.
    pub fn hit(
        &mut self,
        event: &Event<'_>,
        key: impl AsKey,
        at_least: i64,
        within_secs: i64,
    ) -> Option<Burst> {
        self.hits(event, key, 1, at_least, within_secs)
    }

    /// Counts an event that stands for `count` hits, as "message repeated 5 times" does.
    pub fn hits(
        &mut self,
        event: &Event<'_>,
        key: impl AsKey,
        count: u32,
        at_least: i64,
        within_secs: i64,
    ) -> Option<Burst> {
        let at_least = at_least.clamp(1, Self::MOST as i64) as u64;
        self.tracks.hits(event, &Key::new(&key), KIB, count, at_least, within_secs)
    }

    /// Forgets a key, for example after a success.
    pub fn forget(&mut self, key: impl AsKey) {
        self.tracks.remove(&Key::new(&key));
    }
}

/// Ids of a burst's first hits, and of its last ones.
const HALF: usize = ReplyLimit::EVIDENCE / 2;

impl Keyed<Track> {
    fn hits(
        &mut self,
        event: &Event<'_>,
        key: &Key,
        kib: usize,
        count: u32,
        at_least: u64,
        within_secs: i64,
    ) -> Option<Burst> {
        let time = self.clock.time(event);
        self.change(key, kib, |track| {
            track.total += u64::from(count);
            let at = track.hits.partition_point(|earlier| earlier.time <= time);
            insert(&mut track.hits, at, Hit { time, count, id: event.id() });
            let burst = track.burst(at_least, within_secs);
            if burst.is_some() {
                track.hits.clear();
            }
            track.trim(at_least);
            burst
        })
    }
}

impl Hit {
    const BYTES: usize = 8 + 4 + size_of::<EventId>();
}

impl Track {
    /// The newest run of hits that lies in a window and is long enough.
    fn burst(&self, at_least: u64, secs: i64) -> Option<Burst> {
        let mut start = 0;
        let mut count = 0;
        let mut found = None;
        for (end, hit) in self.hits.iter().enumerate() {
            count += u64::from(hit.count);
            while !within(self.hits[start].time, hit.time, secs) && start < end {
                count -= u64::from(self.hits[start].count);
                start += 1;
            }
            if count >= at_least {
                found = Some((start, end, count));
            }
        }
        let (start, end, count) = found?;
        let run = &self.hits[start..=end];
        let (first, last) = (run.len().min(HALF), run.len().saturating_sub(HALF).max(HALF));
        let ids = run.iter().take(first).chain(run.iter().skip(last)).map(|hit| hit.id).collect();
        Some(Burst { count, total: self.total, first: run[0].time, last: run[run.len() - 1].time, ids })
    }

    /// Drops what no window of newest hits can need.
    fn trim(&mut self, at_least: u64) {
        let mut newest = self.hits.iter().map(|hit| u64::from(hit.count)).sum::<u64>();
        let droppable = self.hits.iter().take_while(|hit| {
            newest -= u64::from(hit.count);
            newest >= at_least
        });
        let dropped = droppable.count();
        self.hits.drain(..dropped);
    }
}

impl Kept for Track {
    fn bytes(&self) -> usize {
        8 + 4 + self.hits.len() * Hit::BYTES
    }
}

impl State for Track {
    fn save(&self, out: &mut StateWriter) {
        self.total.save(out);
        self.hits.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let track = Track { total: u64::restore(from)?, hits: Vec::restore(from)? };
        match track.hits.is_sorted_by_key(|hit| hit.time) {
            true => Ok(track),
            false => Err(Corrupt::new("hits in the order of their times")),
        }
    }
}

impl State for Hit {
    fn save(&self, out: &mut StateWriter) {
        out.bytes(&self.time.to_le_bytes());
        out.bytes(&self.count.to_le_bytes());
        out.bytes(&self.id);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let (time, count) = (i64::from_le_bytes(from.array()?), u32::from_le_bytes(from.array()?));
        Ok(Hit { time, count, id: from.array()? })
    }
}

impl<const KIB: usize> State for SlidingCount<KIB> {
    const MOST_BYTES: usize = KIB * 1024;

    fn save(&self, out: &mut StateWriter) {
        self.tracks.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        Keyed::restore(from).map(|tracks| SlidingCount { tracks })
    }
}
