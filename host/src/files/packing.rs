//! How a file is packed: by what it begins with, not by its name.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;

use super::length;

/// Log of the bytes that zstd may look back: 8 MiB, as every level but the highest has it.
const WINDOW: u32 = 23;
/// What xz may take, in KiB: 64 MiB to look back, as `xz -9` has it, and what it needs beside that.
const XZ_KIB: u32 = 66 * 1024;

/// Ends of packed files' names.
pub(super) const ENDS: [&str; 3] = [".gz", ".zst", ".xz"];

/// What gzip begins with.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What packed a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
    Xz,
}

/// What waits instead of saying that nothing has come: xz's decoder cannot be asked again.
struct Whole<R>(R);

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => {}
                read => return read,
            }
        }
    }
}

impl Packing {
    /// Bytes that tell.
    const HEAD: usize = 6;

    const ALL: [Packing; 3] = [Packing::Gzip, Packing::Zstd, Packing::Xz];

    /// By a file's first bytes; `None`: it is not packed, as far as they tell.
    pub(crate) fn of(head: &[u8]) -> Option<Packing> {
        Packing::ALL.into_iter().find(|packing| head.starts_with(packing.magic()))
    }

    /// Whether more bytes behind these could make it a packed file.
    pub(crate) fn may_be(head: &[u8]) -> bool {
        let begins =
            |packing: Packing| packing.magic().len() > head.len() && packing.magic().starts_with(head);
        Packing::ALL.into_iter().any(begins)
    }

    /// By an open file's first bytes, wherever it is read next.
    pub(crate) fn of_file(file: &File) -> io::Result<Option<Packing>> {
        let mut head = [0; Packing::HEAD];
        let mut read = 0;
        while read < head.len() {
            match file.read_at(&mut head[read..], read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Packing::of(&head[..read]))
    }

    /// What was packed. Its memory is bounded; how far it unpacks is for whoever reads it.
    pub(crate) fn unpack<'a>(self, packed: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Packing::Zstd => {
                let mut decoder = zstd::Decoder::new(packed)?;
                decoder.window_log_max(WINDOW)?;
                Box::new(decoder)
            }
            Packing::Xz => Box::new(XzReader::new_mem_limit(Whole(packed), true, XZ_KIB)),
        })
    }

    /// The lowest 32 bits of how many bytes a file unpacks to, as it says itself; gzip says it of its last member.
    /// `None`: it does not say.
    pub(super) fn length(self, file: &File, bytes: u64) -> io::Result<Option<u32>> {
        Ok(match self {
            Packing::Gzip => Some(length::of_gzip(file, bytes)?),
            Packing::Zstd => length::of_zstd(file, bytes)?.map(|length| length as u32),
            Packing::Xz => length::of_xz(file, bytes)?.map(|length| length as u32),
        })
    }

    fn magic(self) -> &'static [u8] {
        match self {
            Packing::Gzip => &GZIP,
            Packing::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
            Packing::Xz => &[0xfd, b'7', b'z', b'X', b'Z', 0],
        }
    }
}
