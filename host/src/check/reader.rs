//! Bytes of a source's files, one after the other, unpacked.

use std::fs;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use flate2::read::MultiGzDecoder;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::inputs::Source;
use super::{InputError, InputProblem};

/// Unpacked bytes for each byte on disk before it is taken for a bomb. Logs reach about 40, a log of equal lines 250;
/// deflate's own bound is 1,032.
const MAX_RATIO: u64 = 500;
/// Below this many bytes no ratio is looked at.
const RATIO_FROM: u64 = 64 * 1024 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// How long a read of standard input waits before it answers with nothing, so that a check can be stopped.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// What [`Reader::read`] found.
pub(super) enum Piece<'a> {
    /// Bytes of the current file; none if nothing has come for a while.
    Bytes(&'a [u8]),
    /// The current file is at its end; another follows.
    EndOfFile,
    /// All files are.
    End,
}

/// Reads one source.
pub(super) struct Reader {
    source: Source,
    next: usize,
    open: Option<Box<dyn Read + Send>>,
    /// Empty while no file is open: there may be thousands of sources.
    buffer: Vec<u8>,
    disk: Arc<AtomicU64>,
    /// Bytes of the current file before it, and what it has unpacked to.
    disk_before: u64,
    unpacked: u64,
}

/// Counts what is read below the decompressor.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
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
            if self.head.len() < GZIP.len() && input.read(&mut byte)? == 1 {
                self.head.push(byte[0]);
                continue;
            }
            let packed = self.head == GZIP;
            let head = io::Cursor::new(std::mem::take(&mut self.head));
            let Some(input) = self.input.take() else { break };
            let whole = head.chain(input);
            self.open = Some(if packed { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) });
        }
        self.open.as_mut().map_or(Ok(0), |open| open.read(buffer))
    }
}

impl Reader {
    pub(super) fn new(source: Source) -> Reader {
        Reader {
            source,
            next: 0,
            open: None,
            buffer: Vec::new(),
            disk: Arc::default(),
            disk_before: 0,
            unpacked: 0,
        }
    }

    /// Bytes read so far, as they lie on disk.
    pub(super) fn disk_bytes(&self) -> u64 {
        self.disk.load(Relaxed)
    }

    /// When the file that is read next was last written, nanoseconds since 1970: no line of it is later.
    pub(super) fn modified(&self) -> Option<i64> {
        self.source.files.get(self.next).and_then(|file| file.modified)
    }

    /// The next piece. After an error the file counts as read to its end.
    pub(super) fn read(&mut self) -> Result<Piece<'_>, InputError> {
        if self.open.is_none() {
            if self.next >= self.source.files.len().max(1) {
                return Ok(Piece::End);
            }
            self.next += 1;
            if let Err(problem) = self.open_next() {
                return Err(self.error(problem));
            }
        }
        let Some(file) = &mut self.open else { return Ok(Piece::End) };
        match file.read(&mut self.buffer) {
            Ok(0) => {
                self.open = None;
                self.buffer = Vec::new();
                Ok(Piece::EndOfFile)
            }
            Ok(length) => {
                self.unpacked += length as u64;
                let disk = self.disk.load(Relaxed) - self.disk_before;
                if self.unpacked > RATIO_FROM && self.unpacked > MAX_RATIO * disk.max(1) {
                    self.open = None;
                    return Err(self.error(InputProblem::Bomb { ratio: MAX_RATIO }));
                }
                Ok(Piece::Bytes(&self.buffer[..length]))
            }
            Err(error) if [io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock].contains(&error.kind()) => {
                Ok(Piece::Bytes(&[]))
            }
            Err(error) => {
                self.open = None;
                Err(self.error(InputProblem::Io { doing: "read on", error }))
            }
        }
    }

    fn open_next(&mut self) -> Result<(), InputProblem> {
        let io = |error| InputProblem::Io { doing: "open it", error };
        let input: Box<dyn Read + Send> = match self.source.files.get(self.next - 1) {
            None => {
                Box::new(Patient(io::stdin().as_fd().try_clone_to_owned().map(fs::File::from).map_err(io)?))
            }
            Some(file) => {
                let opened = fs::File::open(&file.path).map_err(io)?;
                let found = opened.metadata().map_err(io)?;
                if found.is_dir() {
                    return Err(InputProblem::NotAFile);
                }
                Box::new(opened)
            }
        };
        self.disk_before = self.disk.load(Relaxed);
        self.unpacked = 0;
        let counted = Counted { inner: input, count: Arc::clone(&self.disk) };
        self.buffer.resize(256 * 1024, 0);
        self.open = Some(Box::new(Unpacked { head: Vec::new(), input: Some(Box::new(counted)), open: None }));
        Ok(())
    }

    fn error(&self, problem: InputProblem) -> InputError {
        let file = self.source.files.get(self.next.saturating_sub(1));
        let path = file.map_or(Path::new("-"), |file| &file.path);
        InputError { path: path.into(), problem }
    }
}
