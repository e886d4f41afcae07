//! A file as it lies there now, and what it is known by.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::feet::{Feet, foot};
use super::packing::Packing;
use super::{InputProblem, own};
use crate::commit::FileIdentity;

/// So many first bytes make a head. Logs that begin alike for longer are told apart by what lies before a position.
pub(crate) const HEAD: u64 = 1024;

/// A regular file, looked at and not read.
#[derive(Clone, Debug)]
pub(crate) struct Present {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    size: Size,
    /// Its first bytes, unpacked.
    head: Vec<u8>,
    /// Of a packed file, what tells it from others: its length, unpacked, above what stands at its end.
    seal: Option<u64>,
    /// Whether the seal is of what was packed, and not of how: gzip has a checksum.
    seals_content: bool,
    /// Where it can be opened again.
    path: Option<PathBuf>,
}

/// What is seen of an open file.
struct Looked {
    head: Vec<u8>,
    size: Size,
    seal: Option<u64>,
    seals_content: bool,
}

/// How many bytes it has, unpacked.
#[derive(Clone, Copy, Debug)]
enum Size {
    Plain(u64),
    /// The lowest 32 bits, of gzip's last member: it says no more without unpacking. 0 if it does not say.
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
        let found = Present::of(&file);
        let found = found.map_err(|error| InputProblem::Io { doing: "read its first bytes", error })?;
        Ok(found.map(|found| Present { path: Some(path.into()), ..found }))
    }

    /// Looks at an open file. Where it is read next does not matter, and changes.
    pub(crate) fn of(mut file: &File) -> io::Result<Option<Present>> {
        let found = file.metadata()?;
        if !found.is_file() {
            return Ok(None);
        }
        file.rewind()?;
        let (device, inode) = (found.dev(), found.ino());
        let Looked { head, size, seal, seals_content } = look(file, found.len())?;
        Ok(Some(Present { device, inode, size, head, seal, seals_content, path: None }))
    }

    /// What lies in no file: its first bytes, and how many there are. No disk has the number 0.
    pub(crate) fn held(first: &[u8], bytes: u64, number: u64) -> Present {
        let head = first[..first.len().min(HEAD as usize)].to_vec();
        let size = Size::Plain(bytes);
        Present { device: 0, inode: number, size, head, seal: None, seals_content: false, path: None }
    }

    /// How many bytes a packed file has unpacked, if that is less than 4 GiB, and it says so.
    #[cfg(feature = "store")]
    pub(crate) fn packed_bytes(&self) -> Option<u64> {
        match self.size {
            Size::Packed(low) => Some(u64::from(low)).filter(|low| *low > 0),
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
            seal: self.seal,
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

    /// Whether it is packed, and by what stands at its end the very file that is known.
    pub(crate) fn is_sealed_as(&self, known: &FileIdentity) -> bool {
        self.seal.is_some() && self.seal == known.seal
    }

    /// Of a packed file, what tells it from others.
    #[cfg(feature = "store")]
    pub(crate) fn seal(&self) -> Option<u64> {
        self.seal
    }

    /// Whether another seal means that something else was packed; else it may be the same, packed in another way.
    pub(crate) fn seals_content(&self) -> bool {
        self.seals_content
    }

    /// What lies before these bytes, as far as that can be found out in bounded time.
    pub(crate) fn feet(&self, before: &[u64]) -> Feet {
        let file = self.path.as_ref().and_then(|path| open(path).ok());
        let is_same = |file: &File| {
            file.metadata().is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode))
        };
        match (file.filter(is_same), self.size) {
            (None, _) => Feet::default(),
            (Some(file), Size::Plain(_)) => Feet::of_plain(&file, before),
            (Some(file), Size::Packed(_)) => Feet::of_packed(file, before),
        }
    }

    /// What lies before a byte of a plain file, if it is still there and begins as it did.
    pub(crate) fn foot(&self, before: u64) -> Option<[u8; 32]> {
        let file = open(self.path.as_ref()?).ok()?;
        let now = Present::of(&file).ok()??;
        let is_same =
            (now.device, now.inode) == (self.device, self.inode) && now.head.starts_with(&self.head);
        let is_there = is_same && !now.is_packed() && now.reaches(before);
        is_there.then(|| foot(&file, before).ok()).flatten().map(|bytes| Sha256::digest(bytes).into())
    }

    /// Whether it is a copy of the first bytes of another, which is plain; nothing of it is a copy of all.
    pub(crate) fn is_copied_from(&self, other: &Present) -> bool {
        if other.is_packed() || !other.begins_with(self) {
            return false;
        }
        let end = self.end();
        if !other.reaches(end) {
            return false;
        }
        let (own, others) = (self.feet(&[end]), other.feet(&[end]));
        // What cannot be found out is taken for a copy: it is looked at again.
        own.at(end).is_none_or(|own| others.at(end).is_none_or(|other| own == other))
    }

    /// Where it ends, unpacked, if that is less than 4 GiB.
    pub(crate) fn end(&self) -> u64 {
        match self.size {
            Size::Plain(size) => size,
            Size::Packed(low) => u64::from(low),
        }
    }

    /// Whether it begins as all that is known of the other, which may still be written.
    pub(crate) fn begins_with(&self, other: &Present) -> bool {
        self.head.starts_with(&other.head)
    }

    /// Whether it has some of these first bytes, and no others.
    pub(crate) fn is_first_of(&self, head: &[u8]) -> bool {
        let is_short =
            !self.head.is_empty() && self.head.len() < head.len() && self.head.len() < HEAD as usize;
        is_short && head.starts_with(&self.head)
    }

    /// Its first bytes.
    #[cfg(feature = "store")]
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether it is packed.
    pub(crate) fn is_packed(&self) -> bool {
        matches!(self.size, Size::Packed(_))
    }

    /// Whether it has fewer bytes, for all that is known.
    pub(crate) fn is_shorter(&self, offset: u64, feet: &Feet) -> bool {
        match self.size {
            Size::Plain(size) => size < offset,
            // What is too far to be unpacked says its length itself, if that is less than 4 GiB.
            Size::Packed(low) => match feet.length {
                Some(length) => length < offset,
                None => feet.is_far && low > 0 && offset <= u64::from(u32::MAX) && u64::from(low) < offset,
            },
        }
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

fn look(mut file: &File, length: u64) -> io::Result<Looked> {
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    let Some(packing) = Packing::of(&head) else {
        return Ok(Looked { head, size: Size::Plain(length), seal: None, seals_content: false });
    };
    // A file that is not whole yet says something or nothing.
    let low = packing.length(file, length).or_else(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof if packing != Packing::Gzip => Ok(None),
        _ => Err(error),
    })?;
    let low = low.unwrap_or(0);
    let last = last(file, length, packing, low)?;
    let seal = last.map(|(last, _)| u64::from(low) << 32 | u64::from(last));
    let seals_content = last.is_some_and(|(_, of_content)| of_content);
    file.rewind()?;
    head.clear();
    // What cannot be unpacked is an error of the one who reads it.
    let _ = packing.unpack(file).and_then(|unpacked| unpacked.take(HEAD).read_to_end(&mut head));
    Ok(Looked { head, size: Size::Packed(low), seal, seals_content })
}

/// What tells by its end a packed file from others, and whether that is of its content: of gzip the checksum, else of its last
/// bytes and its length. Zeros where gzip has its checksum and length, `low`, may stand behind it; zeros alone tell nothing.
fn last(file: &File, length: u64, packing: Packing, low: u32) -> io::Result<Option<(u32, bool)>> {
    if packing == Packing::Gzip {
        let mut checksum = [0; 4];
        file.read_exact_at(&mut checksum, length.saturating_sub(8))?;
        if low != 0 || checksum != [0; 4] {
            return Ok(Some((u32::from_le_bytes(checksum), true)));
        }
    }
    let foot = foot(file, length)?;
    if foot.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let mut digest = Sha256::new();
    digest.update(length.to_le_bytes());
    digest.update(foot);
    let [a, b, c, d, ..] = <[u8; 32]>::from(digest.finalize());
    Ok(Some((u32::from_le_bytes([a, b, c, d]), false)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// The seal of a text that is packed by gzip with so many zeros behind it, and whether it is of its content.
    fn seal(text: &[u8], zeros: usize) -> (Option<u64>, bool) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        let mut packed = encoder.finish().unwrap();
        packed.resize(packed.len() + zeros, 0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log.gz");
        std::fs::write(&path, packed).unwrap();
        let present = Present::look(&path).unwrap().unwrap();
        assert!(present.is_packed() && present.head.starts_with(text));
        (present.seal, present.seals_content)
    }

    #[test]
    fn zeros_behind_gzip_are_no_seal() {
        let (one, other) = (seal(b"one\n", 0), seal(b"two\n", 0));
        assert!(one.0 != other.0 && one.1 && other.1);
        let (one, other) = (seal(b"one\n", 512), seal(b"two\n", 512));
        assert!(one.0.is_some() && one.0 != other.0 && !one.1 && !other.1);
        assert_eq!(seal(b"one\n", 4096), (None, false));
        assert!(seal(b"", 0).0.is_some());
    }
}
