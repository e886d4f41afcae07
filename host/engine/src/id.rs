//! Where an event comes from, and its id in batches.

use tripline_abi::EventId;

/// A place in a source: the same at every replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Which source, as the embedder numbers them.
    pub source: u32,
    /// Which file of the source, counted from 0: a rotated family has several.
    pub file: u32,
    /// First byte in that file.
    pub offset: u64,
    /// Line in that file, from 1; 0 if it is no line.
    pub line: u64,
}

/// No source has this number; ticks do.
const TICK: u32 = u32::MAX;

impl Position {
    /// The event's id: source, file, offset.
    pub fn id(&self) -> EventId {
        pack(self.source, self.file, self.offset)
    }

    /// The event with this id; the id does not say its line.
    pub(crate) fn of(id: &EventId) -> Position {
        let number = |at: usize| u32::from_be_bytes([id[at], id[at + 1], id[at + 2], id[at + 3]]);
        let offset = u64::from(number(8)) << 32 | u64::from(number(12));
        Position { source: number(0), file: number(4), offset, line: 0 }
    }
}

/// The id of a tick at this time.
pub(crate) fn tick_id(time: i64) -> EventId {
    pack(TICK, 0, time as u64)
}

/// The time of the tick with this id; `None` if it is no tick's.
pub(crate) fn tick_time(id: &EventId) -> Option<i64> {
    let (source, rest) = id.split_first_chunk::<4>()?;
    let time = rest.last_chunk::<8>()?;
    (u32::from_be_bytes(*source) == TICK).then(|| u64::from_be_bytes(*time) as i64)
}

fn pack(source: u32, file: u32, offset: u64) -> EventId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&source.to_be_bytes());
    id[4..8].copy_from_slice(&file.to_be_bytes());
    id[8..].copy_from_slice(&offset.to_be_bytes());
    id
}
