//! What came out of a block: its events that woke a pack, with their matches.

use super::sources::{SourceNames, Sources};
use super::verify::Decoded;
use crate::event::{EventField, Name, Place};
use crate::pattern::Captured;

/// A list with room for so many is kept for whatever comes.
const SMALL: usize = 1024;

/// The events of one block that woke at least one pack, in the block's order; flat, to be used again.
#[derive(Default)]
pub struct Matched {
    pub(super) events: Vec<Record>,
    pub(super) fields: Vec<EventField>,
    pub(super) arena: Vec<u8>,
    pub(super) wakes: Vec<Waked>,
    pub(super) matches: Vec<Seen>,
    pub(super) captures: Vec<Captured>,
    pub(super) sources: Sources,
    /// Time of the block's last line, if it has one.
    pub last_time: Option<i64>,
    /// The latest time of any line of the block; only where blocks are merged by time.
    pub latest: Option<i64>,
}

pub(super) struct Record {
    pub(super) line: u32,
    pub(super) latest: i64,
    pub(super) time: Option<i64>,
    pub(super) message: Option<Place>,
    /// Number of its log source.
    pub(super) source: u32,
    pub(super) fields: (u32, u32),
    pub(super) arena: (u32, u32),
    pub(super) wakes: (u32, u32),
}

/// A pack that an event woke.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waked {
    pub(super) pack: u32,
    pub(super) matches: (u32, u32),
}

/// A pattern that matched.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Index into the pack's patterns.
    pub pattern: u32,
    /// The lowest entry of its list that holds.
    pub entry: Option<u32>,
    /// Whether only the value's first bytes were searched.
    pub cut: bool,
    pub(super) captures: (u32, u32),
}

/// How much came of a block.
#[derive(Clone, Copy, Default)]
pub(super) struct Sizes {
    bytes: usize,
    events: usize,
    fields: usize,
    arena: usize,
    wakes: usize,
    matches: usize,
    captures: usize,
}

impl Matched {
    /// How many events woke a pack.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether no event woke a pack.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many matches there are, of all packs.
    pub fn matches(&self) -> u64 {
        self.matches.len() as u64
    }

    /// The i-th event.
    pub fn event(&self, i: usize) -> MatchedEvent<'_> {
        MatchedEvent { matched: self, record: &self.events[i] }
    }

    /// One with room for about as much as came of a block before, for bytes like those; with the memory of one that is done
    /// with, if that has not much more.
    pub(super) fn like(before: &Sizes, bytes: usize, spare: Option<Matched>) -> Matched {
        // An eighth more, lest the last few have to move all that is there; of a short line with many matches not as many
        // again for each of its bytes.
        let share = |count: usize| count as u64 * bytes as u64 / before.bytes.max(1) as u64 * 9 / 8;
        let room = |count: usize| share(count).min(count as u64 * 4) as usize;
        let Matched { events, fields, arena, wakes, matches, captures, mut sources, .. } =
            spare.unwrap_or_default();
        sources.begin();
        Matched {
            events: with_room(events, room(before.events)),
            fields: with_room(fields, room(before.fields)),
            arena: with_room(arena, room(before.arena)),
            wakes: with_room(wakes, room(before.wakes)),
            matches: with_room(matches, room(before.matches)),
            captures: with_room(captures, room(before.captures)),
            sources,
            ..Matched::default()
        }
    }

    /// How much it has, of a block of so many bytes.
    pub(super) fn sizes(&self, bytes: usize) -> Sizes {
        Sizes {
            bytes,
            events: self.events.len(),
            fields: self.fields.len(),
            arena: self.arena.len(),
            wakes: self.wakes.len(),
            matches: self.matches.len(),
            captures: self.captures.len(),
        }
    }

    /// Keeps an event, and of its fields those of `wanted` names, which are sorted.
    pub(super) fn keep(&mut self, line: &Decoded, first_wake: usize, wanted: &[String]) {
        let Decoded { number, latest, text, event, .. } = *line;
        let fields = self.fields.len() as u32;
        let arena = self.arena.len() as u32;
        if !wanted.is_empty() {
            let is_wanted = |field: &&EventField| {
                let name = event.name(text, field.name);
                wanted.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
            };
            self.fields.extend(event.fields.iter().filter(is_wanted));
        }
        if !event.arena.is_empty() {
            self.arena.extend_from_slice(&event.arena);
        }
        self.events.push(Record {
            line: number,
            latest,
            time: event.time,
            message: event.message,
            source: self.sources.number(event, text),
            fields: (fields, self.fields.len() as u32),
            arena: (arena, self.arena.len() as u32),
            wakes: (first_wake as u32, self.wakes.len() as u32),
        });
    }
}

/// An empty list with room for so many; in the memory of this one, if that has it and not much more.
fn with_room<T>(mut list: Vec<T>, room: usize) -> Vec<T> {
    if (room..=4 * room + SMALL).contains(&list.capacity()) {
        list.clear();
        return list;
    }
    Vec::with_capacity(room)
}

/// One event of a [`Matched`].
#[derive(Clone, Copy)]
pub struct MatchedEvent<'a> {
    matched: &'a Matched,
    record: &'a Record,
}

impl<'a> MatchedEvent<'a> {
    /// Index of its line in the block.
    pub fn line(&self) -> usize {
        self.record.line as usize
    }

    /// When it happened.
    pub fn time(&self) -> Option<i64> {
        self.record.time
    }

    /// The latest time of this line and those before it in the block: what merging goes by.
    pub(crate) fn latest(&self) -> i64 {
        self.record.latest
    }

    /// The place of its message.
    pub fn message(&self) -> Option<Place> {
        self.record.message
    }

    /// What kind of log it is from.
    pub fn log_source(&self) -> SourceNames<'a> {
        self.matched.sources.names(self.record.source)
    }

    /// The same as two numbers: that of the block, which no other has, and of the log source among the block's.
    pub(crate) fn source_number(&self) -> (u64, u32) {
        (self.matched.sources.block, self.record.source)
    }

    /// The bytes at a place; `line` is its line.
    pub fn text(&self, line: &'a [u8], place: Place) -> &'a [u8] {
        let (start, end) = self.record.arena;
        let bytes = if place.in_arena { &self.matched.arena[start as usize..end as usize] } else { line };
        bytes.get(place.start as usize..place.end as usize).unwrap_or_default()
    }

    /// The bytes of a name.
    pub fn name(&self, line: &'a [u8], name: Name) -> &'a [u8] {
        match name {
            Name::Known(name) => name.as_bytes(),
            Name::Place(place) => self.text(line, place),
        }
    }

    /// Those of its fields whose names a pack knows.
    pub fn fields(&self) -> &'a [EventField] {
        let (start, end) = self.record.fields;
        &self.matched.fields[start as usize..end as usize]
    }

    /// The first field of this name.
    pub fn field(&self, line: &'a [u8], name: &[u8]) -> Option<&'a EventField> {
        self.fields().iter().find(|field| self.name(line, field.name) == name)
    }

    /// The packs that it woke, rising, with the matches of each.
    #[inline]
    pub fn wakes(&self) -> impl Iterator<Item = (usize, &'a [Seen])> + use<'a> {
        let (start, end) = self.record.wakes;
        let matched = self.matched;
        matched.wakes[start as usize..end as usize].iter().map(move |wake| {
            (wake.pack as usize, &matched.matches[wake.matches.0 as usize..wake.matches.1 as usize])
        })
    }

    /// Bytes of what decoding made of its line.
    pub(crate) fn arena_len(&self) -> usize {
        (self.record.arena.1 - self.record.arena.0) as usize
    }

    /// The captures of matches that stand one behind the other, as one pack's do.
    pub(crate) fn captures_of(&self, matches: &[Seen]) -> &'a [Captured] {
        match matches {
            [first, .., last] => &self.matched.captures[first.captures.0 as usize..last.captures.1 as usize],
            [only] => self.captures(only),
            [] => &[],
        }
    }

    /// The captures of a match, places in the value that its pattern looked at.
    pub fn captures(&self, seen: &Seen) -> &'a [Captured] {
        &self.matched.captures[seen.captures.0 as usize..seen.captures.1 as usize]
    }
}
