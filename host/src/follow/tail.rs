//! One open file, and the lines in it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tripline_engine::line::{LineSettings, Lines, Mark};

use crate::commit::{FileIdentity, FilePosition, KnownFile};
use crate::files::{Piece, Present, Reader, Source};

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

/// A file that is read as it grows.
pub(super) struct Tail {
    input: Input,
    known: KnownFile,
    pub(super) lines: Lines,
    /// Whether its name is now another file's, or nobody's.
    pub(super) is_old: bool,
    /// When something came last, nanoseconds since 1970.
    pub(super) came: i64,
    /// Whether [`Lines::quiet`] was called since.
    pub(super) is_quiet: bool,
}

enum Input {
    Plain { file: File, read: u64 },
    Packed(Box<Reader>),
}

impl Tail {
    /// Opens a plain file, to go on at a mark whose file is the store's number.
    pub(super) fn plain(known: KnownFile, mark: Mark, settings: LineSettings, now: i64) -> io::Result<Tail> {
        let file = File::open(&known.path)?;
        let found = file.metadata()?;
        if (found.dev(), found.ino()) != (known.identity.device, known.identity.inode) {
            return Err(io::Error::new(ErrorKind::NotFound, "another file has come under its name"));
        }
        Ok(Tail::new(Input::Plain { file, read: mark.offset }, known, mark, settings, now))
    }

    /// Opens a packed file, which begins where the source says.
    pub(super) fn packed(
        source: Source,
        known: KnownFile,
        mark: Mark,
        settings: LineSettings,
        now: i64,
    ) -> Tail {
        Tail::new(Input::Packed(Box::new(Reader::new(source))), known, mark, settings, now)
    }

    fn new(input: Input, known: KnownFile, mark: Mark, settings: LineSettings, now: i64) -> Tail {
        let mut lines = Lines::new(settings);
        lines.resume(&mark);
        Tail { input, known, lines, is_old: false, came: now, is_quiet: true }
    }

    /// Its number in the store.
    pub(super) fn number(&self) -> u32 {
        self.known.number
    }

    /// What it was called when it was opened.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(&self.known.path)
    }

    /// How it is known, and how far its lines have come out.
    pub(super) fn known(&self) -> KnownFile {
        let Mark { offset, line, judged, format, year, .. } = self.lines.mark();
        let position =
            FilePosition { file: self.known.number, offset, line, judged, format, year, latest: None };
        KnownFile { position: Some(position), ..self.known.clone() }
    }

    /// Whether it is the file with this device and inode.
    pub(super) fn is_at(&self, device: u64, inode: u64) -> bool {
        matches!(self.input, Input::Plain { .. })
            && (self.known.identity.device, self.known.identity.inode) == (device, inode)
    }

    /// Whether it is packed and lies elsewhere now: it may not have been opened yet.
    pub(super) fn is_moved(&self, path: &Path) -> bool {
        matches!(self.input, Input::Packed(_)) && Path::new(&self.known.path) != path
    }

    /// Reads what has come, at most the buffer full.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Came> {
        let (file, read) = match &mut self.input {
            Input::Plain { file, read } => (file, read),
            Input::Packed(reader) => {
                return match reader.read() {
                    Ok(Piece::Bytes(bytes)) => {
                        self.lines.push(bytes);
                        Ok(Came::Bytes(bytes.len()))
                    }
                    Ok(Piece::EndOfFile | Piece::End) => Ok(Came::End),
                    Err(error) => Err(io::Error::other(error)),
                };
            }
        };
        let length = file.metadata()?.len();
        if length == *read {
            return Ok(Came::Nothing);
        }
        if length < *read || !begins_as(file, &self.known.identity)? {
            return Ok(Came::Cut);
        }
        match file.read_at(buffer, *read) {
            Ok(0) => Ok(Came::Nothing),
            Ok(count) => {
                *read += count as u64;
                self.lines.push(&buffer[..count]);
                Ok(Came::Bytes(count))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Came::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Whether it was cut since it was read.
    pub(super) fn is_cut(&self) -> io::Result<bool> {
        let Input::Plain { file, read } = &self.input else { return Ok(false) };
        Ok(file.metadata()?.len() < *read || !begins_as(file, &self.known.identity)?)
    }

    /// A longer head, if the file has grown since it was looked at and is not known by a whole one yet.
    pub(super) fn longer(&self) -> io::Result<Option<FileIdentity>> {
        let Input::Plain { file, .. } = &self.input else { return Ok(None) };
        let before = &self.known.identity;
        let Some(present) = Present::of(file)? else { return Ok(None) };
        let identity = present.identity(before.generation);
        Ok((identity.head_length > before.head_length && present.begins_as(before)).then_some(identity))
    }

    /// It is known by this from now on.
    pub(super) fn is_known_by(&mut self, identity: FileIdentity) {
        self.known.identity = identity;
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
