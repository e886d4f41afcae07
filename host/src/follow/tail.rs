//! One open file, and the lines in it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tripline_engine::line::{Block, Foot, LineSettings, Lines, Mark};

use super::held::{Claim, Place};
use crate::commit::{FileIdentity, FilePosition, KnownFile};
use crate::files::{FOOT, HEAD, InputProblem, Piece, Present, Reader, Source, foot, open};

/// What a turn of reading found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// So many bytes; there may be more.
    Bytes(usize),
    /// Nothing, now.
    Nothing,
    /// Nothing, ever: a packed file does not grow.
    End,
    /// The file is shorter than what was read of it, or begins otherwise: it was cut and written anew.
    Cut,
}

/// Why no more is read of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing comes any more: its last line is whole.
    Whole,
    /// It cannot be read on. The line that it broke off in is left for whoever can.
    Broken,
    /// It is read on elsewhere, from behind what has come out.
    Elsewhere,
}

/// A file that is read as it grows.
pub(super) struct Tail {
    input: Input,
    /// Where it was when it was opened.
    path: PathBuf,
    known: KnownFile,
    /// It is its tenant's as long as it is open, and until what was read of it is committed.
    claim: Claim,
    /// Whether the store knows it by the same. Before it does, nothing of it comes out.
    pub(super) is_known: bool,
    pub(super) lines: Lines,
    /// Whether its name is now another file's, or nobody's.
    pub(super) is_old: bool,
    /// When something came last, or it was read first, by the steady clock.
    pub(super) came: Option<i64>,
    /// Whether [`Lines::quiet`] was called since.
    pub(super) is_quiet: bool,
    /// Whether all of it was read once: what comes now is of now.
    is_live: bool,
    /// Its first bytes, as far as it is known by them.
    head: Vec<u8>,
    /// What lies before where its lines have come out to, in a plain file.
    foot: Option<Foot>,
    /// The same, by hash, as it was known when it was opened.
    known_foot: Option<(u64, [u8; 32])>,
}

enum Input {
    Plain {
        file: File,
        read: u64,
        /// The last bytes that were read.
        last: Vec<u8>,
        seen: Seen,
    },
    Packed(Box<Reader>),
}

/// When a file was written last, of which all was read: it may have been cut and written to the same length since.
#[derive(Default)]
struct Seen {
    modified: Option<(i64, i64)>,
    /// When that was seen first, nanoseconds since 1970.
    since: i64,
    /// Whether it began as before when that was so long ago that no writing since can bear the same time.
    is_sure: bool,
}

/// A file system's clock may stand still for so long, nanoseconds.
pub(super) const TICK: i64 = 2_000_000_000;

impl Tail {
    /// Opens a plain file, to go on at a mark whose file is the store's number. `None`: another has come under its name.
    /// Of a file that is known by more, its position says by what.
    pub(super) fn plain(
        path: &Path,
        (known, claim): (KnownFile, Claim),
        mark: Mark,
        settings: LineSettings,
    ) -> io::Result<Option<Tail>> {
        let file = match open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let found = file.metadata()?;
        if (found.dev(), found.ino()) != (known.identity.device, known.identity.inode) {
            return Ok(None);
        }
        // If it has become too short, that is found when it is read.
        let last = foot(&file, mark.offset).unwrap_or_default();
        let foot = Foot { end: mark.offset, bytes: last.as_slice().into() };
        let input = Input::Plain { file, read: mark.offset, last, seen: Seen::default() };
        let mut tail = Tail::new(input, path, (known, claim), mark, settings);
        tail.foot = Some(foot);
        Ok(Some(tail))
    }

    /// Opens a packed file, which begins where the source says.
    pub(super) fn packed(
        source: Source,
        path: &Path,
        known: (KnownFile, Claim),
        mark: Mark,
        settings: LineSettings,
    ) -> Tail {
        Tail::new(Input::Packed(Box::new(Reader::new(source))), path, known, mark, settings)
    }

    fn new(
        input: Input,
        path: &Path,
        (mut known, claim): (KnownFile, Claim),
        mark: Mark,
        settings: LineSettings,
    ) -> Tail {
        let mut lines = Lines::new(settings);
        lines.resume(&mark);
        let known_foot = known.position.take().and_then(|position| Some((position.offset, position.foot?)));
        Tail {
            input,
            path: path.into(),
            known,
            claim,
            is_known: true,
            lines,
            is_old: false,
            came: None,
            is_quiet: true,
            is_live: false,
            head: Vec::new(),
            foot: None,
            known_foot,
        }
    }

    /// Where it lies, by whatever name.
    pub(super) fn place(&self) -> Place {
        (self.known.identity.device, self.known.identity.inode)
    }

    /// Its number in the store.
    pub(super) fn number(&self) -> u32 {
        self.known.number
    }

    /// What it was called when it was opened.
    pub(super) fn path(&self) -> PathBuf {
        self.known_path().into()
    }

    /// The same.
    pub(super) fn known_path(&self) -> &Path {
        &self.path
    }

    /// Whether it is packed.
    pub(super) fn is_packed(&self) -> bool {
        matches!(self.input, Input::Packed(_))
    }

    /// Bytes of a plain file that are not read yet.
    pub(super) fn unread(&self) -> u64 {
        let Input::Plain { file, read, .. } = &self.input else { return 0 };
        file.metadata().map_or(0, |found| found.len().saturating_sub(*read))
    }

    /// Whether nobody can open it any more.
    pub(super) fn is_nameless(&self) -> bool {
        let Input::Plain { file, .. } = &self.input else { return false };
        file.metadata().is_ok_and(|found| found.nlink() == 0)
    }

    /// Its first bytes, if they are known.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// How it is known by all that was read of it, and by all that it has if it was not cut.
    pub(super) fn as_open(&self, is_cut: bool) -> KnownFile {
        let mut known = self.known();
        if let (Input::Plain { file, read, last, .. }, Some(position)) = (&self.input, &mut known.position) {
            (position.offset, position.foot) = (*read, Some(Sha256::digest(last).into()));
            let end = file.metadata().map_or(0, |found| found.len());
            let foot = (!is_cut && end > *read).then(|| foot(file, end).ok()).flatten();
            if let Some(foot) = foot.filter(|_| self.is_cut().is_ok_and(|cut| !cut)) {
                (position.offset, position.foot) = (end, Some(Sha256::digest(foot).into()));
            }
        }
        known
    }

    /// How it is known, and how far its lines have come out.
    pub(super) fn known(&self) -> KnownFile {
        self.known_at(self.lines.mark())
    }

    fn known_at(&self, mark: Mark) -> KnownFile {
        let Mark { offset, line, judged, format, year, .. } = mark;
        let known = self.known_foot.filter(|(before, _)| *before == offset).map(|(_, foot)| foot);
        let foot = self.foot_before(offset).map(|foot| Sha256::digest(&foot.bytes).into()).or(known);
        let file = self.known.number;
        let position = FilePosition { file, offset, line, judged, format, year, latest: None, foot };
        KnownFile { position: Some(position), ..self.known.clone() }
    }

    /// What comes out of it at its end, and how it is known then.
    pub(super) fn end(mut self, end: End) -> (KnownFile, Vec<Block>, Claim) {
        let mark = self.lines.mark();
        match end {
            End::Whole => self.lines.end_of_file(),
            End::Broken => self.lines.break_off(),
            End::Elsewhere => {}
        }
        let blocks: Vec<Block> = std::iter::from_fn(|| self.next_block()).collect();
        (self.known_at(blocks.last().map_or(mark, |block| block.after.clone())), blocks, self.claim)
    }

    /// The next block of its lines.
    pub(super) fn next_block(&mut self) -> Option<Block> {
        let mut block = self.lines.next_block()?;
        // After what was cut it is not known any more what lay there.
        if let Some(foot) = self.foot_before(block.after.offset) {
            self.foot = Some(foot);
            block.foot.clone_from(&self.foot);
        }
        Some(block)
    }

    /// What lies before this byte, up to which it was read.
    fn foot_before(&self, offset: u64) -> Option<Foot> {
        let Input::Plain { file, read, last, .. } = &self.input else { return None };
        if let Some(foot) = self.foot.as_ref().filter(|foot| foot.end == offset) {
            return Some(foot.clone());
        }
        if offset == *read {
            return Some(Foot { end: offset, bytes: last.as_slice().into() });
        }
        let bytes = foot(file, offset).ok()?.into();
        // What was read is as it was once that was read again.
        let is_as_it_was = is_as_it_was(file, *read, &self.known.identity, last);
        is_as_it_was.is_ok_and(|is| is).then_some(Foot { end: offset, bytes })
    }

    /// Whether it is the file with this device and inode.
    pub(super) fn is_at(&self, device: u64, inode: u64) -> bool {
        matches!(self.input, Input::Plain { .. })
            && (self.known.identity.device, self.known.identity.inode) == (device, inode)
    }

    /// Whether it is packed and lies elsewhere now: it may not have been opened yet.
    pub(super) fn is_moved(&self, path: &Path) -> bool {
        self.is_packed() && self.known_path() != path
    }

    /// Reads what has come, at most the buffer full.
    pub(super) fn read(&mut self, buffer: &mut [u8], now: i64) -> Result<Came, InputProblem> {
        let came = match &mut self.input {
            Input::Plain { file, read, last, seen } => {
                read_on(file, (read, last), seen, &self.known.identity, buffer, now)
            }
            Input::Packed(reader) => {
                return match reader.read(|file| self.lines.read(file)) {
                    Ok(Piece::Bytes(count)) => Ok(Came::Bytes(count)),
                    Ok(Piece::EndOfFile | Piece::End) => Ok(Came::End),
                    Err(error) => Err(error.problem),
                };
            }
        };
        match came {
            Ok(Came::Bytes(count)) => {
                if self.is_live {
                    self.lines.set_reference(Some(now));
                }
                self.lines.push(&buffer[..count]);
                self.begin_with(&buffer[..count]);
            }
            Ok(Came::Nothing) if !self.is_live => {
                self.is_live = true;
                self.lines.go_live();
            }
            _ => {}
        }
        came.map_err(|error| InputProblem::Io { doing: "read on", error })
    }

    /// Whether it was cut since it was read.
    pub(super) fn is_cut(&self) -> io::Result<bool> {
        let Input::Plain { file, read, last, .. } = &self.input else { return Ok(false) };
        Ok(!is_as_it_was(file, *read, &self.known.identity, last)?)
    }

    /// Its first bytes are what was read of it: looked at anew, they may be another file's, if it was cut meanwhile.
    fn begin_with(&mut self, came: &[u8]) {
        let Input::Plain { read, .. } = &self.input else { return };
        let before = *read - came.len() as u64;
        let identity = &mut self.known.identity;
        if before < HEAD && u64::from(identity.head_length) == before && self.head.len() as u64 == before {
            self.head.extend_from_slice(&came[..came.len().min(HEAD as usize - self.head.len())]);
            identity.head = Sha256::digest(&self.head).into();
            identity.head_length = self.head.len() as u32;
            self.is_known = false;
        }
    }

    /// Knows it by a longer head from now on, if it has grown since it was looked at and is not known by a whole one yet.
    pub(super) fn learn(&mut self) {
        let Input::Plain { file, read, last, .. } = &self.input else { return };
        let before = &self.known.identity;
        if self.head.len() as u64 >= HEAD && u64::from(before.head_length) >= HEAD {
            return;
        }
        // What cannot be read now is told when it is read.
        let Ok(Some(present)) = Present::of(file) else { return };
        // If it was cut before it was looked at, that shows behind.
        let is_same = present.begins_as(before)
            && is_as_it_was(file, *read, before, last).is_ok_and(|is_as_it_was| is_as_it_was);
        if !is_same {
            return;
        }
        // By no more than was read: of what lies behind it, a copy that was made before has less.
        let known = (*read).max(before.head_length.into()).min(present.head().len() as u64);
        let head = &present.head()[..known as usize];
        if head.len() > self.head.len() {
            self.head = head.to_vec();
        }
        if head.len() > before.head_length as usize {
            let (head, head_length) = (Sha256::digest(head).into(), head.len() as u32);
            self.known.identity = FileIdentity { head, head_length, ..before.clone() };
            self.is_known = false;
        }
    }
}

/// Reads what has come behind what was read.
fn read_on(
    file: &File,
    (read, last): (&mut u64, &mut Vec<u8>),
    seen: &mut Seen,
    identity: &FileIdentity,
    buffer: &mut [u8],
    now: i64,
) -> io::Result<Came> {
    let found = file.metadata()?;
    let (length, modified) = (found.len(), Some((found.mtime(), found.mtime_nsec())));
    if length == *read {
        if seen.modified != modified {
            *seen = Seen { modified, since: now, is_sure: false };
        }
        if seen.is_sure {
            return Ok(Came::Nothing);
        }
        seen.is_sure = now.saturating_sub(seen.since).saturating_abs() >= TICK;
    }
    if length < *read {
        return Ok(Came::Cut);
    }
    let came = match length == *read {
        true => Ok(0),
        false => file.read_at(buffer, *read),
    };
    let count = match came {
        Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Came::Nothing),
        came => came?,
    };
    // Looked at behind the reading: what came of a file that was cut before is of another one.
    if !is_as_it_was(file, *read, identity, last)? {
        return Ok(Came::Cut);
    }
    if count == 0 {
        return Ok(Came::Nothing);
    }
    *read += count as u64;
    last.extend_from_slice(&buffer[count.saturating_sub(FOOT as usize)..count]);
    last.drain(..last.len().saturating_sub(FOOT as usize));
    Ok(Came::Bytes(count))
}

/// Whether a file has all that was read of it, as far as its first and last bytes tell.
fn is_as_it_was(file: &File, read: u64, identity: &FileIdentity, last: &[u8]) -> io::Result<bool> {
    Ok(file.metadata()?.len() >= read && begins_as(file, identity)? && has_before(file, read, last)?)
}

/// Whether a file still has these bytes before this one.
fn has_before(file: &File, end: u64, last: &[u8]) -> io::Result<bool> {
    let mut bytes = vec![0; last.len()];
    match file.read_exact_at(&mut bytes, end - last.len() as u64) {
        Ok(()) => Ok(bytes == last),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a file still begins as it did.
fn begins_as(file: &File, identity: &FileIdentity) -> io::Result<bool> {
    let mut head = vec![0; identity.head_length as usize];
    match file.read_exact_at(&mut head, 0) {
        Ok(()) => Ok(Sha256::digest(&head)[..] == identity.head),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
