//! What a pack was handed: ids, and the texts for later evidence.
//!
//! A window's evidence lies in earlier batches, so what was delivered is kept for each instance, within bounds:
//!
//! ```text
//!   ids    ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓  accepted as evidence
//!   texts              ▓▓▓▓▓▓▓▓▓▓▓▓  shown with their text; older ones by their position
//! ```

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use tripline_abi::EventId;

use crate::decision::Evidence;
use crate::id::Position;

/// Bounds of what is kept for evidence.
#[derive(Clone, Copy, Debug)]
pub struct RingLimits {
    /// Ids that are known. 65,536: a window over more events than that has lost its oldest evidence anyway.
    pub ids: usize,
    /// Bytes of texts. 4 MiB for each instance.
    pub bytes: usize,
    /// Bytes of one text. 4 KiB.
    pub text: usize,
}

impl Default for RingLimits {
    fn default() -> Self {
        RingLimits { ids: 65_536, bytes: 4 * 1024 * 1024, text: 4096 }
    }
}

pub(super) struct Ring {
    limits: RingLimits,
    known: HashMap<EventId, u64, BuildHasherDefault<IdHasher>>,
    entries: VecDeque<Delivered>,
    /// Number of the oldest entry; entries are numbered as they come.
    first: u64,
    texts: VecDeque<u8>,
    /// How many bytes of texts have been let go.
    texts_gone: u64,
    /// Number of the first entry that still has its text.
    first_text: u64,
    spans: VecDeque<(u32, u32)>,
    spans_gone: u64,
}

struct Delivered {
    position: Position,
    time: Option<i64>,
    /// First byte of its text, counted over all texts there ever were.
    start: u64,
    length: u32,
    first_span: u64,
    spans: u32,
    cut: bool,
}

/// What an id stands for.
pub(super) enum Known {
    Event {
        position: Position,
        time: Option<i64>,
    },
    /// It was never delivered.
    Foreign,
    /// It may have been: older ids are no longer known.
    Gone,
}

impl Ring {
    pub(super) fn new(limits: RingLimits) -> Ring {
        Ring {
            limits,
            known: HashMap::default(),
            entries: VecDeque::new(),
            first: 0,
            texts: VecDeque::new(),
            texts_gone: 0,
            first_text: 0,
            spans: VecDeque::new(),
            spans_gone: 0,
        }
    }

    /// Notes an event that is about to be delivered; `spans` are places of captures in the text.
    pub(super) fn push(
        &mut self,
        position: Position,
        time: Option<i64>,
        text: &[u8],
        spans: impl Iterator<Item = (u32, u32)>,
    ) {
        while self.entries.len() >= self.limits.ids {
            self.forget();
        }
        let kept = &text[..text.len().min(self.limits.text)];
        while self.texts.len() + kept.len() > self.limits.bytes && self.first_text < self.next() {
            self.forget_text();
        }
        let (start, before) = (self.texts_gone + self.texts.len() as u64, self.spans.len());
        self.spans.extend(spans.filter(|(_, end)| *end as usize <= kept.len()));
        self.texts.extend(kept);
        self.known.insert(position.id(), self.next());
        self.entries.push_back(Delivered {
            position,
            time,
            start,
            length: kept.len() as u32,
            first_span: self.spans_gone + before as u64,
            spans: (self.spans.len() - before) as u32,
            cut: kept.len() < text.len(),
        });
    }

    pub(super) fn find(&self, id: &EventId) -> Known {
        match self.known.get(id) {
            Some(&number) => {
                let entry = &self.entries[(number - self.first) as usize];
                Known::Event { position: entry.position, time: entry.time }
            }
            None if self.first > 0 => Known::Gone,
            None => Known::Foreign,
        }
    }

    /// The evidence with this id, with its text if that is still kept.
    pub(super) fn evidence(&self, id: &EventId) -> Option<Evidence> {
        let number = *self.known.get(id)?;
        let entry = &self.entries[(number - self.first) as usize];
        let mut evidence =
            Evidence { position: entry.position, text: None, cut: entry.cut, captures: Vec::new() };
        if number >= self.first_text {
            let start = (entry.start - self.texts_gone) as usize;
            let first_span = (entry.first_span - self.spans_gone) as usize;
            evidence.text = Some(self.texts.range(start..start + entry.length as usize).copied().collect());
            evidence.captures =
                self.spans.range(first_span..first_span + entry.spans as usize).copied().collect();
        }
        Some(evidence)
    }

    fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn forget(&mut self) {
        if self.first_text == self.first {
            self.forget_text();
        }
        if let Some(entry) = self.entries.pop_front() {
            // A replayed id stands for its newest delivery.
            let id = entry.position.id();
            if self.known.get(&id) == Some(&self.first) {
                self.known.remove(&id);
            }
        }
        self.first += 1;
    }

    fn forget_text(&mut self) {
        if let Some(entry) = self.entries.get((self.first_text - self.first) as usize) {
            self.texts.drain(..entry.length as usize);
            self.texts_gone += u64::from(entry.length);
            self.spans.drain(..entry.spans as usize);
            self.spans_gone += u64::from(entry.spans);
        }
        self.first_text += 1;
    }
}

/// Ids are made by the host, so that a keyed hash would guard nothing.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_be_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
        // hashbrown looks at the top bits and the bottom bits.
        self.0 ^= self.0 >> 32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Position {
        Position { source: 0, file: 0, offset, line: offset }
    }

    #[test]
    fn what_leaves_the_ring_is_known_by_position_first_and_then_gone() {
        let mut ring = Ring::new(RingLimits { ids: 4, bytes: 10, text: 5 });
        for i in 0..3 {
            ring.push(at(i), Some(i as i64), b"0123456", [(1, 2), (5, 7)].into_iter());
        }
        assert_eq!(ring.evidence(&at(0).id()).unwrap().text, None);
        let last = ring.evidence(&at(2).id()).unwrap();
        assert_eq!((last.text.as_deref(), last.cut), (Some(b"01234".as_slice()), true));
        assert_eq!(last.captures, [(1, 2)]);
        assert!(matches!(ring.find(&at(9).id()), Known::Foreign));
        for i in 3..6 {
            ring.push(at(i), None, b"x", [].into_iter());
        }
        assert!(ring.evidence(&at(1).id()).is_none());
        assert!(matches!(ring.find(&at(1).id()), Known::Gone));
        assert_eq!(ring.evidence(&at(2).id()).unwrap().text.as_deref(), Some(b"01234".as_slice()));
        assert_eq!(ring.evidence(&at(5).id()).unwrap().text.as_deref(), Some(b"x".as_slice()));
        assert_eq!(ring.entries.len(), 4);
    }
}
