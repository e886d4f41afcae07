use std::collections::BTreeMap;

use tripline_sdk::prelude::*;

use crate::{Settings, field};

/// Heartbeats that are remembered. Of more, one that is hardly known is forgotten, and of those the one that was silent for
/// longest: whoever makes up hosts must not make the pack forget those that are there.
const MOST: usize = 500;
/// Bytes of a host's and of a service's name.
const NAME: usize = 64;
const NANOS: i64 = 1_000_000_000;

/// The heartbeats of each service of each host in each source.
#[derive(Default, State)]
pub(crate) struct Beats {
    by_name: BTreeMap<Vec<u8>, Beat>,
}

#[derive(Default, State)]
struct Beat {
    /// What people read.
    name: Vec<u8>,
    /// When the one came that came last.
    last: i64,
    /// The latest of their times, by which silence is told, and its line: a clock that was set back is no silence.
    latest: i64,
    id: EventId,
    /// The longest pause that was not told, nanoseconds.
    longest: i64,
    count: u64,
    /// Whether the silence since the last one was told.
    told: bool,
}

/// A heartbeat that no longer comes.
pub(crate) struct Silence {
    pub(crate) name: Vec<u8>,
    pub(crate) seconds: i64,
    pub(crate) longest: i64,
    pub(crate) last: EventId,
}

/// Who writes an event: `CRON on web1`.
pub(crate) fn name(event: &Event) -> Vec<u8> {
    let service = event.service().map_or(Text::from("a source"), |service| service.head(NAME));
    let mut name = service.as_bytes().to_vec();
    if let Some(host) = event.field(field::HOST) {
        name.extend_from_slice(b" on ");
        name.extend_from_slice(host.head(NAME).as_bytes());
    }
    name
}

impl Beats {
    /// A heartbeat has come. Answers by how many seconds it is older than the one before it, if it is by more than may be.
    pub(crate) fn beat(&mut self, event: &Event, name: &[u8], settings: &Settings) -> Option<i64> {
        let time = event.time()?;
        let key = [&event.source().to_be_bytes()[..], name].concat();
        let first = || Beat { name: name.to_vec(), last: time, latest: time, ..Beat::default() };
        let beat = self.by_name.entry(key).or_insert_with(first);
        let pause = time.saturating_sub(beat.last);
        let back = pause < settings.backwards.saturating_mul(-NANOS);
        // What is late by a little changes nothing; a clock that was set back goes on from there.
        if back || pause >= 0 {
            if !back && !beat.told {
                beat.longest = beat.longest.max(pause);
            }
            (beat.last, beat.told) = (time, false);
            beat.count += 1;
            if time >= beat.latest {
                (beat.latest, beat.id) = (time, event.id());
            }
        }
        self.forget(settings.known_after);
        back.then_some(pause.saturating_neg() / NANOS)
    }

    /// Those that have been silent for too long at this time, each once.
    pub(crate) fn silent(&mut self, now: i64, settings: &Settings) -> Vec<Silence> {
        let known = |beat: &&mut Beat| !beat.told && beat.count >= settings.known_after as u64;
        let silence = |beat: &mut Beat| {
            let silent = now.saturating_sub(beat.latest);
            let most = beat.longest.saturating_mul(settings.times).max(settings.gap.saturating_mul(NANOS));
            beat.told = silent > most;
            let (seconds, longest) = (silent / NANOS, beat.longest / NANOS);
            beat.told.then(|| Silence { name: beat.name.clone(), seconds, longest, last: beat.id })
        };
        self.by_name.values_mut().filter(known).filter_map(silence).collect()
    }

    fn forget(&mut self, known_after: i64) {
        if self.by_name.len() > MOST {
            let least = |(_, beat): &(&Vec<u8>, &Beat)| (beat.count >= known_after as u64, beat.last);
            let least = self.by_name.iter().min_by_key(least).map(|(key, _)| key.clone());
            least.and_then(|least| self.by_name.remove(&least));
        }
    }
}
