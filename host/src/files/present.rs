//! A file as it lies there now, and what it is known by.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::{InputProblem, own};
use crate::commit::FileIdentity;

/// So many first bytes make a head. Logs that begin alike for longer are told apart by inode alone.
const HEAD: u64 = 1024;
/// What packed files begin with.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A regular file, looked at and not read.
#[derive(Clone, Debug)]
pub(crate) struct Present {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    size: Size,
    /// Its first bytes, unpacked.
    head: Vec<u8>,
}

/// How many bytes it has, unpacked.
#[derive(Clone, Copy, Debug)]
enum Size {
    Plain(u64),
    /// The lowest 32 bits, of the last member: gzip says no more without unpacking.
    Packed(u32),
}

impl Present {
    /// Looks at a file; `None`: it is no regular file, and may not be looked at twice.
    pub(crate) fn look(path: &Path) -> Result<Option<Present>, InputProblem> {
        let io = |error| InputProblem::Io { doing: "open it", error };
        if !std::fs::metadata(path).map_err(io)?.is_file() {
            return Ok(None);
        }
        let file = open(path).map_err(io)?;
        Present::of(&file).map_err(|error| InputProblem::Io { doing: "read its first bytes", error })
    }

    /// Looks at an open file. Where it is read next does not matter, and changes.
    pub(crate) fn of(mut file: &File) -> io::Result<Option<Present>> {
        let found = file.metadata()?;
        if !found.is_file() {
            return Ok(None);
        }
        file.rewind()?;
        let (head, size) = look(file, found.len())?;
        Ok(Some(Present { device: found.dev(), inode: found.ino(), size, head }))
    }

    /// What lies in memory. No disk has the number 0.
    pub(crate) fn held(lines: &[u8], number: u64) -> Present {
        let head = lines[..lines.len().min(HEAD as usize)].to_vec();
        Present { device: 0, inode: number, size: Size::Plain(lines.len() as u64), head }
    }

    /// How many bytes a packed file has unpacked, if that is less than 4 GiB.
    #[cfg(feature = "store")]
    pub(crate) fn packed_bytes(&self) -> Option<u64> {
        match self.size {
            Size::Packed(low) => Some(u64::from(low)),
            Size::Plain(_) => None,
        }
    }

    /// What it is known by from now on.
    pub(crate) fn identity(&self, generation: u32) -> FileIdentity {
        FileIdentity {
            device: self.device,
            inode: self.inode,
            head: Sha256::digest(&self.head).into(),
            head_length: self.head.len() as u32,
            generation,
        }
    }

    /// Whether it lies where the known one lay.
    pub(crate) fn is_at(&self, known: &FileIdentity) -> bool {
        (self.device, self.inode) == (known.device, known.inode)
    }

    /// Whether it begins as the known one did.
    pub(crate) fn begins_as(&self, known: &FileIdentity) -> bool {
        let head = self.head.get(..known.head_length as usize);
        head.is_some_and(|head| Sha256::digest(head)[..] == known.head)
    }

    /// Whether it begins as all that is known of the other, which may still be written.
    pub(crate) fn begins_with(&self, other: &Present) -> bool {
        self.head.starts_with(&other.head)
    }

    /// Whether it is packed.
    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.size, Size::Packed(_))
    }

    /// Whether it may have so many bytes.
    pub(crate) fn reaches(&self, offset: u64) -> bool {
        match self.size {
            Size::Plain(size) => size >= offset,
            Size::Packed(_) => true,
        }
    }

    /// Whether there is nothing behind so many bytes.
    pub(crate) fn ends_at(&self, offset: u64) -> bool {
        match self.size {
            Size::Plain(size) => size == offset,
            Size::Packed(low) => offset > 0 && offset as u32 == low,
        }
    }
}

/// Opens a file, unless it is one of the program's own; and does not wait for the other end of a pipe that has come under
/// its name meanwhile.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let with = |flags: OFlags| OpenOptions::new().read(true).custom_flags(flags.bits() as i32).clone();
    // This kind of handle is only to look by: closing it drops no locks. Its file is then opened by it, not by the name,
    // under which another may lie by now.
    let there = with(OFlags::PATH).open(path)?;
    if own::Places::look().has(&there.metadata()?) {
        return Err(own::refusal());
    }
    with(OFlags::NONBLOCK).open(format!("/proc/self/fd/{}", there.as_raw_fd()))
}

fn look(mut file: &File, length: u64) -> io::Result<(Vec<u8>, Size)> {
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    if !head.starts_with(&GZIP) {
        return Ok((head, Size::Plain(length)));
    }
    let mut last = [0; 4];
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut last)?;
    file.rewind()?;
    head.clear();
    // What cannot be unpacked is an error of the one who reads it.
    let _ = MultiGzDecoder::new(file).take(HEAD).read_to_end(&mut head);
    Ok((head, Size::Packed(u32::from_le_bytes(last))))
}
