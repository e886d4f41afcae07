//! Bytes of a source's files, one after the other, unpacked.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tripline_engine::line::Mark;

use super::counted::{Bounded, Counted, MAX_RATIO, is_bomb};
use super::foreign::Foreign;
use super::inputs::{File, Source};
use super::packing::Packing;
use super::present::open;
use super::{InputError, InputProblem};

/// So many unpacked bytes are gone over in one turn.
const SKIP: u64 = 16 * 1024 * 1024;

/// How long a read of standard input waits before it answers with nothing, so that a check can be stopped.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// What [`Reader::read`] found.
pub(crate) enum Piece {
    /// So many bytes of the current file; none if nothing has come for a while.
    Bytes(usize),
    /// The current file is at its end; another follows.
    EndOfFile,
    /// All files are.
    End,
}

/// Reads one source.
pub(crate) struct Reader {
    source: Source,
    next: usize,
    /// Which file is read, or was read last.
    current: usize,
    open: Option<Box<dyn Read + Send>>,
    disk: Arc<AtomicU64>,
    /// Bytes of the current file before it, and what it has unpacked to.
    disk_before: u64,
    unpacked: u64,
}

/// Standard input, which may have nothing to say for hours.
struct Patient(fs::File);

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut waiting = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut waiting, Some(&PATIENCE))? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => self.0.read(buffer),
        }
    }
}

/// A file that is unpacked if it is packed: by content, not by name; logrotate's delaycompress and curl know no names.
struct Unpacked {
    head: Vec<u8>,
    input: Option<Box<dyn Read + Send>>,
    open: Option<Box<dyn Read + Send>>,
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(input) = self.input.as_mut().filter(|_| self.open.is_none()) {
            let mut byte = [0];
            let may_be = Packing::may_be(&self.head) || Foreign::may_be(&self.head);
            if may_be && input.read(&mut byte)? == 1 {
                self.head.push(byte[0]);
                continue;
            }
            let packing = Packing::of(&self.head);
            if let (None, Some(foreign)) = (packing, Foreign::of(&self.head)) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, foreign));
            }
            let head = io::Cursor::new(std::mem::take(&mut self.head));
            let Some(input) = self.input.take() else { break };
            let whole = head.chain(input);
            self.open = Some(match packing {
                Some(packing) => packing.unpack(whole)?,
                None => Box::new(whole),
            });
        }
        self.open.as_mut().map_or(Ok(0), |open| open.read(buffer))
    }
}

/// What comes behind so many bytes. That may be far: after some of the way it says that it was interrupted, so that others
/// have their turn.
struct Behind {
    skipped: u64,
    inner: Box<dyn Read + Send>,
}

impl Read for Behind {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.skipped.saturating_sub(SKIP);
        while self.skipped > end {
            let most = usize::try_from(self.skipped).unwrap_or(usize::MAX).min(buffer.len());
            match self.inner.read(&mut buffer[..most])? {
                0 => return Ok(0),
                read => self.skipped -= read as u64,
            }
        }
        if self.skipped > 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.inner.read(buffer)
    }
}

/// Where reading a file begins.
#[derive(Clone, Copy)]
enum Start {
    /// Nothing is known of it yet, not even whether it is packed.
    Unknown,
    /// Where it stands now.
    Here,
    /// Behind so many unpacked bytes.
    Behind(u64, Packing),
}

/// Goes to where reading begins, and counts what lies before it as read.
fn begin(opened: &mut fs::File, file: &File, disk: &AtomicU64) -> io::Result<Start> {
    let Some(offset) = file.begin.mark.as_ref().map(|mark| mark.offset).filter(|offset| *offset > 0) else {
        return Ok(Start::Unknown);
    };
    if let Some(packing) = Packing::of_file(opened)? {
        return Ok(Start::Behind(offset, packing));
    }
    opened.seek(SeekFrom::Start(offset))?;
    disk.fetch_add(offset, Relaxed);
    Ok(Start::Here)
}

impl Reader {
    pub(crate) fn new(source: Source) -> Reader {
        let mut reader = Reader {
            source,
            next: 0,
            current: 0,
            open: None,
            disk: Arc::default(),
            disk_before: 0,
            unpacked: 0,
        };
        reader.pass_done();
        reader
    }

    /// Goes over files of which nothing is left to read.
    fn pass_done(&mut self) {
        while let Some(file) = self.source.files.get(self.next).filter(|file| file.begin.done) {
            self.disk.fetch_add(file.bytes, Relaxed);
            self.next += 1;
        }
    }

    /// Where the file that is read next begins, unless that follows from the one before.
    pub(crate) fn mark(&self) -> Option<&Mark> {
        self.source.files.get(self.next).and_then(|file| file.begin.mark.as_ref())
    }

    /// Whether no file is left to be opened.
    pub(crate) fn is_last(&self) -> bool {
        self.next >= self.source.files.len().max(1)
    }

    /// Bytes read so far, as they lie on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.disk.load(Relaxed)
    }

    /// When the file that is read next was last written, nanoseconds since 1970: no line of it is later.
    pub(crate) fn modified(&self) -> Option<i64> {
        self.source.files.get(self.next).and_then(|file| file.modified)
    }

    /// The next piece, by whoever reads once and says how many bytes that brought. After an error the file counts as read to
    /// its end.
    pub(crate) fn read(
        &mut self,
        read: impl FnOnce(&mut dyn Read) -> io::Result<usize>,
    ) -> Result<Piece, InputError> {
        if self.open.is_none() {
            if self.is_last() {
                return Ok(Piece::End);
            }
            let at = self.next;
            self.next += 1;
            let opened = self.open(at);
            self.pass_done();
            self.current = at;
            if let Err(problem) = opened {
                return Err(self.error(problem));
            }
        }
        let Some(file) = &mut self.open else { return Ok(Piece::End) };
        let (unpacked, disk) = (&mut self.unpacked, (&*self.disk, self.disk_before));
        match read(&mut Bounded { inner: &mut **file, unpacked, disk }) {
            Ok(0) => {
                self.open = None;
                Ok(Piece::EndOfFile)
            }
            Ok(length) => Ok(Piece::Bytes(length)),
            Err(error) if [io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock].contains(&error.kind()) => {
                Ok(Piece::Bytes(0))
            }
            Err(error) => {
                self.open = None;
                let problem = match is_bomb(self.unpacked, self.disk.load(Relaxed) - self.disk_before) {
                    true => InputProblem::Bomb { ratio: MAX_RATIO },
                    false => InputProblem::of_reading(error),
                };
                Err(self.error(problem))
            }
        }
    }

    fn open(&mut self, at: usize) -> Result<(), InputProblem> {
        let io = |error| InputProblem::Io { doing: "open it", error };
        let mut start = Start::Unknown;
        let input: Box<dyn Read + Send> = match self.source.files.get(at) {
            None => {
                Box::new(Patient(io::stdin().as_fd().try_clone_to_owned().map(fs::File::from).map_err(io)?))
            }
            Some(File { held: Some(held), begin, .. }) => {
                let offset = begin.mark.as_ref().map_or(0, |mark| mark.offset);
                start = Start::Here;
                self.disk.fetch_add(offset.min(held.bytes), Relaxed);
                let mut lines = held.lines.open();
                io::copy(&mut lines.by_ref().take(offset), &mut io::sink()).map_err(io)?;
                lines
            }
            Some(file) => {
                // What was looked at is a file, and is no pipe now that waits for its other end.
                let open = if file.begin.place.is_some() { open } else { |path: &Path| fs::File::open(path) };
                let mut opened = open(&file.path).map_err(io)?;
                let found = opened.metadata().map_err(io)?;
                if found.is_dir() {
                    return Err(InputProblem::NotAFile);
                }
                if file.begin.place.is_some_and(|place| place != (found.dev(), found.ino())) {
                    return Err(InputProblem::Moved);
                }
                start = begin(&mut opened, file, &self.disk).map_err(io)?;
                Box::new(opened)
            }
        };
        self.disk_before = self.disk.load(Relaxed);
        // What was unpacked by an earlier run counts, too: it is unpacked again to get there.
        self.unpacked = if let Start::Behind(skipped, _) = start { skipped } else { 0 };
        let counted = Box::new(Counted { inner: input, count: Arc::clone(&self.disk) });
        self.open = Some(match start {
            Start::Unknown => Box::new(Unpacked { head: Vec::new(), input: Some(counted), open: None }),
            Start::Here => counted,
            Start::Behind(skipped, packing) => {
                Box::new(Behind { skipped, inner: packing.unpack(counted).map_err(io)? })
            }
        });
        Ok(())
    }

    /// That something is wrong with the current file.
    pub(crate) fn error(&self, problem: InputProblem) -> InputError {
        let file = self.source.files.get(self.current);
        let path = file.map_or(Path::new("-"), |file| &file.path);
        InputError { path: path.into(), problem }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::super::expand;
    use super::*;

    /// What is read of a file with these bytes, and what is said of it, with its hint.
    fn read(bytes: &[u8]) -> (Vec<u8>, Option<(String, Option<String>)>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, bytes).unwrap();
        let mut reader = Reader::new(expand(&[path]).sources.remove(0));
        let (mut text, mut error) = (Vec::new(), None);
        loop {
            let mut buffer = [0; 100];
            let piece = reader.read(|file| {
                let length = file.read(&mut buffer)?;
                text.extend_from_slice(&buffer[..length]);
                Ok(length)
            });
            match piece {
                Ok(Piece::End) => return (text, error),
                Ok(_) => {}
                Err(found) => {
                    let message = found.to_string();
                    error = Some((message.split_once(": ").unwrap().1.into(), found.hint()));
                }
            }
        }
    }

    #[test]
    fn what_is_no_text_is_told_and_not_read() {
        let wide: Vec<u8> = "Dec 10 06:55:46\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let told = |bytes: &[u8]| {
            let (text, error) = read(bytes);
            assert_eq!(text, b"");
            error.unwrap()
        };
        let (message, hint) = told(b"BZh91AY&SY\x8b\x9e");
        assert_eq!(
            message,
            "expected a log as text, or packed by gzip, zstd or xz, found data packed by bzip2"
        );
        assert_eq!(hint.unwrap(), "`bzip2 -dc FILE | tripline check` checks what is in it");
        assert!(told(&wide).0.ends_with("found text in UTF-16"));
        assert!(told(&[&b"\xff\xfe"[..], &wide].concat()).0.ends_with("found text in UTF-16"));
        for text in [&b""[..], b"x", b"\0\0\0\0Dec 10\n", b"BZh9\n", b"P*M\n"] {
            assert_eq!(read(text), (text.to_vec(), None));
        }
    }

    #[test]
    fn what_is_damaged_is_read_up_to_there() {
        let frame = |text: &[u8]| zstd::encode_all(text, 3).unwrap();
        let skipped = [b"\x50\x2a\x4d\x18\x04\0\0\0abcd", &frame(b"one\n")[..]].concat();
        assert_eq!(read(&skipped), (b"one\n".to_vec(), None));
        let cut = [&skipped[..], &frame(b"two\n")[..8]].concat();
        let (text, error) = read(&cut);
        let (message, hint) = error.unwrap();
        assert_eq!(text, b"one\n");
        assert_eq!(message, "expected whole zstd data, found it cut off, the rest is not read");
        assert!(hint.unwrap().ends_with("`zstd -t FILE` says whether it is whole"));
    }
}
