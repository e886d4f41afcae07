//! What is read of a file below its decompressor and above it: a bomb is much more above.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Unpacked bytes for each byte on disk before it is taken for a bomb. Logs reach about 40, a log of equal lines 250;
/// deflate's own bound is 1,032.
pub(crate) const MAX_RATIO: u64 = 500;
/// Below this many bytes no ratio is looked at.
pub(crate) const RATIO_FROM: u64 = 64 * 1024 * 1024;

/// Counts what is read below the decompressor.
pub(super) struct Counted<R> {
    pub(super) inner: R,
    pub(super) count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

/// Counts what is read above it.
pub(super) struct Bounded<'a> {
    pub(super) inner: &'a mut (dyn Read + Send),
    pub(super) unpacked: &'a mut u64,
    /// Bytes on disk: of all files, and of those before.
    pub(super) disk: (&'a AtomicU64, u64),
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        *self.unpacked += read as u64;
        let (disk, before) = self.disk;
        if is_bomb(*self.unpacked, disk.load(Relaxed) - before) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(read)
    }
}

/// Whether it has unpacked to far more than logs do.
pub(super) fn is_bomb(unpacked: u64, disk: u64) -> bool {
    unpacked > RATIO_FROM && unpacked > MAX_RATIO * disk.max(1)
}
