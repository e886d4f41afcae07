//! What a pack was handed: ids, and the texts for later evidence.
//!
//! A window's evidence lies in earlier batches, so what was delivered is kept for each instance, within bounds:
//!
//! ```text
//!   ids    ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓  accepted as evidence
//!   texts              ▓▓▓▓▓▓▓▓▓▓▓▓  shown with their text; older ones by their position
//! ```
//!
//! Behind a text that is not the whole line stands the digest of that: evidence can be compared with the log it is of.

mod saved;
mod tail;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use sha2::{Digest, Sha256};
use tripline_abi::EventId;

use self::tail::{At, Tail};
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

/// Bytes of texts and captures for which memory is taken at once, and that are let go of at once …
const TEXTS: usize = 64 * 1024;
/// … but no more than this part of all that may be kept.
const SHARE: usize = 64;
/// Bytes of a digest.
const DIGEST_BYTES: usize = 32;
/// Bytes of a capture's place.
const SPAN_BYTES: usize = 8;

pub(super) struct Ring {
    limits: RingLimits,
    /// Entry by id, of those before `indexed`.
    known: HashMap<EventId, u64, BuildHasherDefault<IdHasher>>,
    /// Number of the first entry that is not in `known`: most are gone before anything is asked of them.
    indexed: u64,
    entries: VecDeque<Delivered>,
    /// Number of the oldest entry; entries are numbered as they come.
    first: u64,
    /// Each text, behind it the digest of the whole line if it is not that, and the places of captures.
    texts: Tail,
    /// Pieces of these, oldest first: they go as a whole, so that nothing is read again for it.
    pieces: VecDeque<Piece>,
    /// Number of the first entry that still has its text.
    first_text: u64,
    /// Bytes of texts and digests that are kept.
    held: usize,
    /// Whether there may have been events before the first that it ever had.
    resumed: bool,
}

/// Texts whose memory was taken at once.
struct Piece {
    number: u32,
    /// Number of its first entry.
    first: u64,
    /// Bytes of texts and digests.
    held: usize,
}

struct Delivered {
    position: Position,
    /// Its time, if it is timed: there are many entries, and a flag takes a byte.
    at: i64,
    text: At,
    length: u32,
    /// How many captures stand behind the text.
    spans: u32,
    timed: bool,
    /// Whether the digest of the whole line stands behind the text.
    digest: bool,
    cut: bool,
}

impl Delivered {
    fn time(&self) -> Option<i64> {
        self.timed.then_some(self.at)
    }

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
            texts: Tail::new(TEXTS.min(limits.bytes / SHARE)),
            pieces: VecDeque::new(),
            first_text: 0,
            held: 0,
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
    pub(super) fn push(&mut self, position: Position, time: Option<i64>, text: &[u8], spans: &[(u32, u32)]) {
        while self.entries.len() >= self.limits.ids {
            self.forget();
        }
        let kept = &text[..text.len().min(self.limits.text)];
        let cut = kept.len() < text.len();
        let digest = cut.then(|| digest_of(text));
        self.keep(position, time, kept, cut, digest.as_ref(), spans);
    }

    fn keep(
        &mut self,
        position: Position,
        time: Option<i64>,
        kept: &[u8],
        cut: bool,
        digest: Option<&[u8; DIGEST_BYTES]>,
        spans: &[(u32, u32)],
    ) {
        let bytes = kept.len() + if digest.is_some() { DIGEST_BYTES } else { 0 };
        while self.held + bytes > self.limits.bytes && self.first_text < self.next() {
            self.forget_texts();
        }
        let first = self.next();
        let (text, piece) = self.texts.begin(bytes + spans.len() * SPAN_BYTES);
        match self.pieces.back_mut().filter(|piece| piece.number == text.piece) {
            Some(piece) => piece.held += bytes,
            None => self.pieces.push_back(Piece { number: text.piece, first, held: bytes }),
        }
        piece.extend_from_slice(kept);
        if let Some(digest) = digest {
            piece.extend_from_slice(digest);
        }
        let mut count = 0;
        for (from, to) in spans.iter().filter(|(_, to)| *to as usize <= kept.len()) {
            piece.extend_from_slice([from.to_le_bytes(), to.to_le_bytes()].as_flattened());
            count += 1;
        }
        self.held += bytes;
        self.entries.push_back(Delivered {
            position,
            at: time.unwrap_or_default(),
            text,
            length: kept.len() as u32,
            spans: count,
            timed: time.is_some(),
            digest: digest.is_some(),
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
                Known::Event { position: entry.position, time: entry.time() }
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
            evidence.digest = self.digest(entry);
            evidence.text = Some(self.text(entry).into());
            evidence.captures = self.captures(entry).collect();
        }
        Some(evidence)
    }

    /// The text of an entry that still has it.
    fn text(&self, entry: &Delivered) -> &[u8] {
        self.texts.part(entry.text, 0, entry.length as usize)
    }

    /// The places of captures in the text.
    fn captures(&self, entry: &Delivered) -> impl Iterator<Item = (u32, u32)> {
        let bytes = self.texts.part(entry.text, entry.bytes(), entry.spans as usize * SPAN_BYTES);
        let number = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
        bytes.as_chunks::<4>().0.as_chunks::<2>().0.iter().map(move |[from, to]| (number(from), number(to)))
    }

    /// That of the whole line, if its text is there and not all of it.
    fn digest(&self, entry: &Delivered) -> Option<[u8; DIGEST_BYTES]> {
        let digest = || self.texts.part(entry.text, entry.length as usize, DIGEST_BYTES);
        entry.digest.then(digest)?.first_chunk().copied()
    }

    fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// A call of its own, as is the next: what only keeps is shorter without them.
    #[inline(never)]
    fn forget(&mut self) {
        let entry = self.entries.pop_front();
        if self.first < self.indexed
            && let Some(id) = entry.map(|entry| entry.position.id())
            && self.known.get(&id) == Some(&self.first)
        {
            self.known.remove(&id);
        }
        self.first += 1;
        self.indexed = self.indexed.max(self.first);
        self.first_text = self.first_text.max(self.first);
        if self.pieces.get(1).is_some_and(|second| second.first <= self.first) {
            self.forget_texts();
        }
    }

    /// Lets go of the oldest piece of texts.
    #[inline(never)]
    fn forget_texts(&mut self) {
        if let Some(piece) = self.pieces.pop_front() {
            self.held -= piece.held;
            self.texts.let_go();
        }
        let first = self.pieces.front().map_or(self.next(), |piece| piece.first);
        self.first_text = self.first_text.max(first);
    }
}

/// Out of the way of lines that are kept as they are.
#[cold]
fn digest_of(text: &[u8]) -> [u8; DIGEST_BYTES] {
    Sha256::digest(text).into()
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
