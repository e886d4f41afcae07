use tripline_abi::{EventId, ReplyLimit};

use super::clock::within;
use super::key::{AsKey, Key};
use super::keyed::{Kept, Keyed, insert};
use super::{Corrupt, State, StateReader, StateWriter};
use crate::{Event, Text};

/// Counts distinct values by key in a window that slides along event time: users tried from one address.
///
/// ```
/// # use tripline_sdk::prelude::*;
/// # fn rule(users: &mut DistinctCount, event: &Event, ip: Text, user: Text) -> Option<Decision> {
/// let spread = users.hit(event, ip, user, 10, 3600)?; // the tenth user within an hour
/// Some(Decision::new(ip).value("users", spread.listed(10)).evidence(&spread.ids))
/// # }
/// ```
///
/// - **Memory**: `KIB` KiB of saved state. For each key it keeps the `at_least` values that were seen newest, each with
///   its newest time and event; of a value over 63 bytes its beginning and a digest. When the bound is reached, the
///   key that was hit least recently is forgotten.
/// - **Late events** count at their own time; a value keeps the newest time it was seen at. **Undated events** count
///   at the time they came in, else at the latest time that this has seen.
/// - `at_least` below 1 is 1; above [`Self::MOST`] it is `MOST`, so that no key can have more than a quarter of the
///   memory.
#[derive(Default)]
pub struct DistinctCount<const KIB: usize = 160> {
    tracks: Keyed<Track>,
}

/// Enough distinct values in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The values, the one seen longest ago first; long ones end in an ellipsis.
    pub values: Vec<Vec<u8>>,
    /// When the first of them was last seen, nanoseconds since 1970 UTC.
    pub first: i64,
    /// When the last one was.
    pub last: i64,
    /// For the newest 32 of the values the event in which it was last seen, oldest first.
    pub ids: Vec<EventId>,
}

impl Spread {
    /// How many distinct values there are.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The values for a reader, `most` of them at most: `root, admin and 3 more`.
    pub fn listed(&self, most: usize) -> String {
        let texts: Vec<String> =
            self.values.iter().take(most).map(|value| Text::new(value).to_string()).collect();
        match self.values.len() - texts.len() {
            0 => texts.join(", "),
            more => format!("{} and {more} more", texts.join(", ")),
        }
    }
}

/// One key's values, ascending by the time each was last seen.
#[derive(Default)]
struct Track {
    seen: Vec<Seen>,
    bytes: usize,
}

struct Seen {
    time: i64,
    id: EventId,
    value: Key,
}

impl<const KIB: usize> DistinctCount<KIB> {
    /// The greatest `at_least` that can be told apart.
    pub const MOST: usize = {
        assert!(KIB > 0, "a helper needs at least 1 KiB");
        KIB * 1024 / 4 / Seen::MOST_BYTES
    };

    /// Counts a value for a key. Answers when `at_least` distinct values were seen within `within_secs` seconds;
    /// then the key starts anew.
    pub fn hit(
        &mut self,
        event: &Event<'_>,
        key: impl AsKey,
        value: impl AsKey,
        at_least: i64,
        within_secs: i64,
    ) -> Option<Spread> {
        let at_least = at_least.clamp(1, Self::MOST as i64) as usize;
        self.tracks.see(event, &Key::new(&key), KIB, &Key::new(&value), at_least, within_secs)
    }

    /// Forgets a key.
    pub fn forget(&mut self, key: impl AsKey) {
        self.tracks.remove(&Key::new(&key));
    }
}

impl Keyed<Track> {
    fn see(
        &mut self,
        event: &Event<'_>,
        key: &Key,
        kib: usize,
        value: &Key,
        at_least: usize,
        within_secs: i64,
    ) -> Option<Spread> {
        let time = self.clock.time(event);
        self.change(key, kib, |track| {
            track.see(value, time, event.id());
            let spread = track.spread(at_least, within_secs);
            let keep = if spread.is_some() { 0 } else { at_least };
            let dropped = track.seen.len().saturating_sub(keep);
            track.bytes -= track.seen.drain(..dropped).map(|seen| seen.bytes()).sum::<usize>();
            spread
        })
    }
}

impl Track {
    fn see(&mut self, value: &Key, time: i64, id: EventId) {
        let known = self.seen.iter().position(|seen| seen.value == *value);
        let mut seen = match known {
            Some(at) if self.seen[at].time > time => return,
            Some(at) => self.seen.remove(at),
            None => {
                let seen = Seen { time, id, value: *value };
                self.bytes += seen.bytes();
                seen
            }
        };
        (seen.time, seen.id) = (time, id);
        let at = self.seen.partition_point(|earlier| earlier.time <= time);
        insert(&mut self.seen, at, seen);
    }

    /// The newest run of values that lies in a window and is long enough.
    fn spread(&self, at_least: usize, secs: i64) -> Option<Spread> {
        let mut runs = self.seen.windows(at_least).rev();
        let run = runs.find(|run| match run {
            [first, .., last] => within(first.time, last.time, secs),
            _ => true,
        })?;
        let (first, last) = (run.first()?.time, run.last()?.time);
        let ids = run.iter().skip(run.len().saturating_sub(ReplyLimit::EVIDENCE));
        let values = run.iter().map(|seen| seen.value.readable()).collect();
        Some(Spread { values, first, last, ids: ids.map(|seen| seen.id).collect() })
    }
}

impl Seen {
    const MOST_BYTES: usize = 8 + size_of::<EventId>() + 64;

    fn bytes(&self) -> usize {
        Self::MOST_BYTES - 64 + self.value.saved_len()
    }
}

impl Kept for Track {
    fn bytes(&self) -> usize {
        4 + self.bytes
    }
}

impl State for Track {
    fn save(&self, out: &mut StateWriter) {
        self.seen.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        let seen: Vec<Seen> = Vec::restore(from)?;
        let bytes = seen.iter().map(Seen::bytes).sum();
        match seen.is_sorted_by_key(|seen| seen.time) {
            true => Ok(Track { seen, bytes }),
            false => Err(Corrupt::new("values in the order of their times")),
        }
    }
}

impl State for Seen {
    fn save(&self, out: &mut StateWriter) {
        out.bytes(&self.time.to_le_bytes());
        out.bytes(&self.id);
        self.value.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        Ok(Seen { time: i64::from_le_bytes(from.array()?), id: from.array()?, value: Key::restore(from)? })
    }
}

impl<const KIB: usize> State for DistinctCount<KIB> {
    const MOST_BYTES: usize = KIB * 1024;

    fn save(&self, out: &mut StateWriter) {
        self.tracks.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        Keyed::restore(from).map(|tracks| DistinctCount { tracks })
    }
}
