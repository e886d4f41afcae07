//! What a pack was handed: ids, and the texts for later evidence.
//!
//! A window's evidence lies in earlier batches, so what was delivered is kept for each instance, within bounds:
//!
//! ```text
//!   ids    ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓  accepted as evidence
//!   texts              ▓▓▓▓▓▓▓▓▓▓▓▓  shown with their text; older ones by their position
//! ```
//!
//! Of what is saved with a state, both bounds are smaller: it is written at each barrier.
//!
//! Behind a text that is not the whole line stands the digest of that: evidence can be compared with the log it is of.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use sha2::{Digest, Sha256};
use tripline_abi::EventId;

use super::codec::{Bytes, put, put_bytes, put_from};
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

/// So many ids are saved …
const SAVED_IDS: usize = 4_096;
/// … and so many bytes of texts and captures.
const SAVED_BYTES: usize = 64 * 1024;

const TIMED: u8 = 1;
const CUT: u8 = 2;
const TEXT: u8 = 4;
const SAME_FILE: u8 = 8;
const DIGEST: u8 = 16;
/// Bytes of one.
const DIGEST_BYTES: usize = 32;

pub(super) struct Ring {
    limits: RingLimits,
    /// Entry by id, of those before `indexed`.
    known: HashMap<EventId, u64, BuildHasherDefault<IdHasher>>,
    /// Number of the first entry that is not in `known`: most are gone before anything is asked of them.
    indexed: u64,
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
    /// Whether there may have been events before the first that it ever had.
    resumed: bool,
}

struct Delivered {
    position: Position,
    time: Option<i64>,
    /// First byte of its text, counted over all texts there ever were.
    start: u64,
    length: u32,
    /// Whether the digest of the whole line stands behind the text.
    digest: bool,
    first_span: u64,
    spans: u32,
    cut: bool,
}

impl Delivered {
    /// Bytes that it has among the texts.
    fn bytes(&self) -> usize {
        self.length as usize + if self.digest { DIGEST_BYTES } else { 0 }
    }
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
            indexed: 0,
            entries: VecDeque::new(),
            first: 0,
            texts: VecDeque::new(),
            texts_gone: 0,
            first_text: 0,
            spans: VecDeque::new(),
            spans_gone: 0,
            resumed: false,
        }
    }

    /// A ring that knows nothing of what was delivered before.
    pub(super) fn resumed(limits: RingLimits) -> Ring {
        Ring { resumed: true, ..Ring::new(limits) }
    }

    pub(super) fn limits(&self) -> RingLimits {
        self.limits
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
        let cut = kept.len() < text.len();
        let digest = cut.then(|| Sha256::digest(text).into());
        self.keep(position, time, kept, cut, digest, spans);
    }

    fn keep(
        &mut self,
        position: Position,
        time: Option<i64>,
        kept: &[u8],
        cut: bool,
        digest: Option<[u8; DIGEST_BYTES]>,
        spans: impl Iterator<Item = (u32, u32)>,
    ) {
        let bytes = kept.len() + if digest.is_some() { DIGEST_BYTES } else { 0 };
        while self.texts.len() + bytes > self.limits.bytes && self.first_text < self.next() {
            self.forget_text();
        }
        let (start, before) = (self.texts_gone + self.texts.len() as u64, self.spans.len());
        self.spans.extend(spans.filter(|(_, end)| *end as usize <= kept.len()));
        self.texts.extend(kept);
        self.texts.extend(digest.iter().flatten());
        self.entries.push_back(Delivered {
            position,
            time,
            start,
            length: kept.len() as u32,
            digest: digest.is_some(),
            first_span: self.spans_gone + before as u64,
            spans: (self.spans.len() - before) as u32,
            cut,
        });
    }

    /// Before much is asked of it. What is not in the index yet is gone over one by one.
    pub(super) fn index(&mut self) {
        for (number, entry) in
            (self.indexed..).zip(self.entries.range((self.indexed - self.first) as usize..))
        {
            // A replayed id stands for its newest delivery.
            self.known.insert(entry.position.id(), number);
        }
        self.indexed = self.next();
    }

    /// Number of the newest entry with this id.
    fn number(&self, id: &EventId) -> Option<u64> {
        let newer = self.entries.range((self.indexed - self.first) as usize..);
        let newest = newer.rev().position(|entry| entry.position.id() == *id);
        newest.map_or_else(|| self.known.get(id).copied(), |back| Some(self.next() - 1 - back as u64))
    }

    pub(super) fn find(&self, id: &EventId) -> Known {
        match self.number(id) {
            Some(number) => {
                let entry = &self.entries[(number - self.first) as usize];
                Known::Event { position: entry.position, time: entry.time }
            }
            None if self.first > 0 || self.resumed => Known::Gone,
            None => Known::Foreign,
        }
    }

    /// The evidence with this id, with its text if that is still kept.
    pub(super) fn evidence(&self, id: &EventId) -> Option<Evidence> {
        let number = self.number(id)?;
        let entry = &self.entries[(number - self.first) as usize];
        let (position, cut, captures) = (entry.position, entry.cut, Vec::new());
        let mut evidence = Evidence { position, text: None, cut, captures, digest: None };
        if number >= self.first_text {
            let start = (entry.start - self.texts_gone) as usize;
            evidence.digest = self.digest(entry);
            let first_span = (entry.first_span - self.spans_gone) as usize;
            evidence.text = Some(self.texts.range(start..start + entry.length as usize).copied().collect());
            evidence.captures =
                self.spans.range(first_span..first_span + entry.spans as usize).copied().collect();
        }
        Some(evidence)
    }

    /// That of the whole line, if its text is there and not all of it.
    fn digest(&self, entry: &Delivered) -> Option<[u8; DIGEST_BYTES]> {
        let start = (entry.start - self.texts_gone) as usize + entry.length as usize;
        let bytes: Vec<u8> =
            entry.digest.then(|| self.texts.range(start..start + DIGEST_BYTES).copied().collect())?;
        bytes.try_into().ok()
    }

    /// Appends the newest events: how many, then each.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let first = self.entries.len().saturating_sub(SAVED_IDS);
        let mut bytes = 0;
        let with_text = self.entries.iter().skip((self.first_text - self.first) as usize);
        let texts = with_text.rev().take_while(|entry| {
            bytes += entry.bytes() + 8 * entry.spans as usize;
            bytes <= SAVED_BYTES
        });
        let first_text = self.entries.len() - texts.count();
        put(out, (self.entries.len() - first) as u64);
        let mut before = Before::default();
        for (at, entry) in self.entries.iter().enumerate().skip(first) {
            let position = entry.position;
            let same = (position.source, position.file) == (before.source, before.file);
            let flag = |set: bool, flag: u8| if set { flag } else { 0 };
            let text = at >= first_text;
            let timed = flag(entry.time.is_some(), TIMED);
            let texts = flag(text, TEXT) | flag(text && entry.digest, DIGEST);
            out.push(timed | flag(entry.cut, CUT) | texts | flag(same, SAME_FILE));
            if !same {
                put(out, u64::from(position.source));
                put(out, u64::from(position.file));
            }
            put_from(out, before.offset, position.offset);
            put_from(out, before.line, position.line);
            if let Some(time) = entry.time {
                put_from(out, before.time, time as u64);
            }
            if text {
                let start = (entry.start - self.texts_gone) as usize;
                put_bytes(out, self.texts.range(start..start + entry.length as usize));
                out.extend(self.digest(entry).iter().flatten());
                put(out, u64::from(entry.spans));
                let start = (entry.first_span - self.spans_gone) as usize;
                for (from, to) in self.spans.range(start..start + entry.spans as usize) {
                    put(out, u64::from(*from));
                    put(out, u64::from(*to));
                }
            }
            before.go_on(position, entry.time);
        }
    }

    /// The ring that was written; `None` for any other bytes. Where `other` gives another text, that is kept in the
    /// text's place, with the digest of the text itself, and no captures, since they no longer say where anything is.
    pub(super) fn read(
        bytes: &mut Bytes<'_>,
        limits: RingLimits,
        other: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<Ring> {
        let mut ring = Ring::resumed(limits);
        let mut before = Before::default();
        let mut spans = Vec::new();
        for _ in 0..bytes.number()? {
            let flags = bytes.byte()?;
            let (source, file) = match flags & SAME_FILE {
                0 => (bytes.small()?, bytes.small()?),
                _ => (before.source, before.file),
            };
            let (offset, line) = (bytes.from(before.offset)?, bytes.from(before.line)?);
            let time = if flags & TIMED == 0 { None } else { Some(bytes.from(before.time)? as i64) };
            let position = Position { source, file, offset, line };
            let text = if flags & TEXT == 0 { None } else { Some(bytes.bytes()?) };
            let mut digest = if flags & DIGEST == 0 { None } else { Some(bytes.array()?) };
            spans.clear();
            for _ in 0..text.map_or(Some(0), |_| bytes.number())? {
                spans.push((bytes.small()?, bytes.small()?));
            }
            let changed = text.and_then(&other);
            let cut = flags & CUT != 0;
            if changed.is_some() {
                spans.clear();
                digest = digest.or_else(|| text.filter(|_| !cut).map(|text| Sha256::digest(text).into()));
            }
            let kept = changed.as_deref().or(text).unwrap_or_default();
            ring.keep(position, time, kept, cut, digest, spans.drain(..));
            if text.is_none() {
                // Older ones were written without theirs.
                while ring.first_text < ring.next() {
                    ring.forget_text();
                }
            }
            before.go_on(position, time);
        }
        bytes.0.is_empty().then_some(ring)
    }

    fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn forget(&mut self) {
        if self.first_text == self.first {
            self.forget_text();
        }
        if let Some(entry) = self.entries.pop_front()
            && self.first < self.indexed
        {
            let id = entry.position.id();
            if self.known.get(&id) == Some(&self.first) {
                self.known.remove(&id);
            }
        }
        self.first += 1;
        self.indexed = self.indexed.max(self.first);
    }

    fn forget_text(&mut self) {
        if let Some(entry) = self.entries.get((self.first_text - self.first) as usize) {
            let bytes = entry.bytes();
            self.texts.drain(..bytes);
            self.texts_gone += bytes as u64;
            self.spans.drain(..entry.spans as usize);
            self.spans_gone += u64::from(entry.spans);
        }
        self.first_text += 1;
    }
}

/// The event before, from which the next is written as a distance.
#[derive(Default)]
struct Before {
    source: u32,
    file: u32,
    offset: u64,
    line: u64,
    time: u64,
}

impl Before {
    fn go_on(&mut self, position: Position, time: Option<i64>) {
        let Position { source, file, offset, line } = position;
        let time = time.map_or(self.time, |time| time as u64);
        *self = Before { source, file, offset, line, time };
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
mod tests;
