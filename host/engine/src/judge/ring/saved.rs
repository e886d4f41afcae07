//! What is saved of a ring with a state, with smaller bounds: it is written at each barrier.

use sha2::{Digest, Sha256};

use super::{Ring, RingLimits};
use crate::id::Position;
use crate::judge::codec::{Bytes, put, put_bytes, put_from};

/// So many ids are saved …
const SAVED_IDS: usize = 4_096;
/// … and so many bytes of texts and captures.
const SAVED_BYTES: usize = 64 * 1024;

const TIMED: u8 = 1;
const CUT: u8 = 2;
const TEXT: u8 = 4;
const SAME_FILE: u8 = 8;
const DIGEST: u8 = 16;

impl Ring {
    /// Appends the newest events: how many, then each.
    pub(in crate::judge) fn write(&self, out: &mut Vec<u8>) {
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
            let timed = flag(entry.timed, TIMED);
            let texts = flag(text, TEXT) | flag(text && entry.digest, DIGEST);
            out.push(timed | flag(entry.cut, CUT) | texts | flag(same, SAME_FILE));
            if !same {
                put(out, u64::from(position.source));
                put(out, u64::from(position.file));
            }
            put_from(out, before.offset, position.offset);
            put_from(out, before.line, position.line);
            if let Some(time) = entry.time() {
                put_from(out, before.time, time as u64);
            }
            if text {
                put_bytes(out, self.text(entry).iter());
                out.extend(self.digest(entry).iter().flatten());
                put(out, u64::from(entry.spans));
                for (from, to) in self.captures(entry) {
                    put(out, u64::from(from));
                    put(out, u64::from(to));
                }
            }
            before.go_on(position, entry.time());
        }
    }

    /// The ring that was written; `None` for any other bytes. Where `other` gives another text, that is kept in the
    /// text's place, with the digest of the text itself, and no captures, since they no longer say where anything is.
    pub(in crate::judge) fn read(
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
            ring.keep(position, time, kept, cut, digest.as_ref(), &spans);
            if text.is_none() {
                // Older ones were written without theirs.
                while ring.first_text < ring.next() {
                    ring.forget_texts();
                }
            }
            before.go_on(position, time);
        }
        bytes.0.is_empty().then_some(ring)
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
