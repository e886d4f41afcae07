//! What the host remembers of a pack beside the pack's own state.
//!
//! ```text
//!   version │ flags │ next tick │ latest time │ events, oldest first: position, time, text, captures
//! ```
//!
//! It comes back from a database, so any bytes are read, and what is not as it was written counts as nothing.

use super::codec::{Bytes, put_from};
use super::ring::{Ring, RingLimits};

const VERSION: u8 = 1;
const NEXT: u8 = 1;
const LATEST: u8 = 2;
const WOKEN: u8 = 4;

/// What there is beside the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// When the next tick is due.
    pub(super) next: Option<i64>,
    /// The latest time of an event.
    pub(super) latest: Option<i64>,
    /// Whether there ever was an event.
    pub(super) woken: bool,
}

impl Memory {
    pub(super) fn write(&self, ring: &Ring) -> Vec<u8> {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags =
            flag(self.next.is_some(), NEXT) | flag(self.latest.is_some(), LATEST) | flag(self.woken, WOKEN);
        let mut out = vec![VERSION, flags];
        for time in [self.next, self.latest].into_iter().flatten() {
            put_from(&mut out, 0, time as u64);
        }
        ring.write(&mut out);
        out
    }

    /// When the next tick was due, as it was written.
    pub(super) fn next(bytes: &[u8]) -> Option<i64> {
        Memory::read(bytes, RingLimits::default())?.0.next
    }

    /// What was written; `None` for any other bytes.
    pub(super) fn read(bytes: &[u8], limits: RingLimits) -> Option<(Memory, Ring)> {
        Memory::read_with(bytes, limits, |_| None)
    }

    fn read_with(
        bytes: &[u8],
        limits: RingLimits,
        other: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<(Memory, Ring)> {
        let mut bytes = Bytes(bytes);
        if bytes.byte()? != VERSION {
            return None;
        }
        let flags = bytes.byte()?;
        if flags > NEXT | LATEST | WOKEN {
            return None;
        }
        let mut time = |flag: u8| -> Option<Option<i64>> {
            if flags & flag == 0 { Some(None) } else { bytes.from(0).map(|time| Some(time as i64)) }
        };
        let (next, latest) = (time(NEXT)?, time(LATEST)?);
        let ring = Ring::read(&mut bytes, limits, other)?;
        Some((Memory { next, latest, woken: flags & WOKEN != 0 }, ring))
    }
}

/// [`Snapshot::host`](super::Snapshot::host) with other texts of recent evidence, where `other` gives one: for whoever
/// stores it and must not store all that a line says. Nothing is left of bytes that are no such thing.
pub fn with_texts(host: &[u8], other: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let read = Memory::read_with(host, RingLimits::default(), other);
    read.map(|(memory, ring)| memory.write(&ring)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::Position;

    type Event = ((u32, u32, u64, u64), Option<i64>, Vec<u8>, Vec<(u32, u32)>);

    fn event() -> impl Strategy<Value = Event> {
        let position = (0u32..3, 0u32..3, any::<u64>(), any::<u64>());
        let spans = prop::collection::vec((0u32..9, 9u32..20), 0..3);
        (position, any::<Option<i64>>(), prop::collection::vec(any::<u8>(), 0..40), spans)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            next in any::<Option<i64>>(), latest in any::<Option<i64>>(), woken: bool,
            events in prop::collection::vec(event(), 0..40),
            ids in 1usize..50, bytes in 0usize..900, text in 0usize..50,
        ) {
            let limits = RingLimits { ids, bytes, text };
            let mut ring = Ring::new(limits);
            for ((source, file, offset, line), time, text, spans) in &events {
                let position = Position { source: *source, file: *file, offset: *offset, line: *line };
                ring.push(position, *time, text, spans);
            }
            let memory = Memory { next, latest, woken };
            let written = memory.write(&ring);
            let (read, again) = Memory::read(&written, limits).unwrap();
            prop_assert_eq!(read, memory);
            prop_assert_eq!(read.write(&again), written);
            for ((source, file, offset, line), ..) in events {
                let id = Position { source, file, offset, line }.id();
                prop_assert_eq!(again.evidence(&id), ring.evidence(&id));
            }
        }

        #[test]
        fn another_text_leaves_the_digest_of_the_whole_line(length in 1usize..40, text in 1usize..40) {
            let limits = RingLimits { text, ..RingLimits::default() };
            let mut ring = Ring::new(limits);
            let position = Position { source: 0, file: 0, offset: 0, line: 1 };
            let line = vec![b'x'; length];
            ring.push(position, None, &line, &[(0, 1)]);
            let host = Memory::default().write(&ring);
            let again = with_texts(&with_texts(&host, |_| Some(b"[redacted]".to_vec())), |_| None);
            let (_, ring) = Memory::read(&again, RingLimits::default()).unwrap();
            let evidence = ring.evidence(&position.id()).unwrap();
            prop_assert_eq!(evidence.text.as_deref(), Some(b"[redacted]".as_slice()));
            prop_assert_eq!(evidence.digest, Some(Sha256::digest(&line).into()));
            prop_assert!(evidence.captures.is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), version: bool) {
            if let (true, Some(first)) = (version, bytes.first_mut()) {
                *first = VERSION;
            }
            if let Some((memory, ring)) = Memory::read(&bytes, RingLimits::default()) {
                let written = memory.write(&ring);
                prop_assert_eq!(Memory::read(&written, RingLimits::default()).map(|(read, _)| read), Some(memory));
            }
        }

        #[test]
        fn a_cut_end_is_refused(cut in 1usize..100) {
            let mut ring = Ring::new(RingLimits::default());
            for offset in 0..9 {
                let position = Position { source: 0, file: 0, offset, line: 1 };
                ring.push(position, Some(1), b"0123456789", &[(1, 2)]);
            }
            let written = Memory { next: Some(1), latest: None, woken: true }.write(&ring);
            let short = &written[..written.len() - cut.min(written.len())];
            prop_assert!(Memory::read(short, RingLimits::default()).is_none());
        }
    }
}
