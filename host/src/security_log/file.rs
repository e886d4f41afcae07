use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::chain::{self, Head, NOTHING};
use super::{Record, Records};
use crate::commit::StoreError;
use crate::crash;

/// Records written and synced at once.
const TOGETHER: u32 = 1_000;
/// Bytes from the end in which the last lines are looked for.
const TAIL: u64 = 4 * 1024 * 1024;

/// Why the log cannot be written. What was not written is still in the database.
#[derive(Debug, thiserror::Error)]
pub enum SecurityLogError {
    /// The file cannot be used.
    #[error("{}: cannot {doing}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// The system's error.
        error: io::Error,
    },
    /// It is not what it should be.
    #[error("{}: expected a regular file, found something else", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Another program writes it.
    #[error("{}: expected to write it alone, found it held by another program", path.display())]
    Held {
        /// The file.
        path: PathBuf,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes the log; one program at a time.
#[derive(Debug)]
pub struct SecurityLog {
    path: PathBuf,
    file: File,
    /// Lines were cut off or added by somebody else; the chain goes on from what the database knows.
    torn: bool,
}

impl SecurityLog {
    /// Opens the file, or makes it, readable by its owner alone. A link is not followed.
    pub fn open(path: &Path) -> Result<SecurityLog, SecurityLogError> {
        let file = open(path)?;
        Ok(SecurityLog { path: path.into(), file, torn: false })
    }

    /// Writes all records that are not in the file yet; answers how many that were.
    ///
    /// Each is in the file before the database is told. After a crash in between, the file's own end says what need
    /// not be written again.
    pub fn write_due(&mut self, records: &dyn Records) -> Result<u64, SecurityLogError> {
        self.follow()?;
        self.lock()?;
        let mut head = records.head()?;
        if let Some(ahead) = self.ahead(records, head)? {
            records.written(&ahead)?;
            head = Some(ahead);
        }
        let mut written = 0;
        loop {
            let due = records.after(head.map_or(0, |head| head.seq), TOGETHER)?;
            let Some(last) = self.append(&due, head)? else { return Ok(written) };
            crash::point("after_log_append");
            records.written(&last)?;
            written += due.len() as u64;
            head = Some(last);
        }
    }

    fn append(&mut self, due: &[Record], head: Option<Head>) -> Result<Option<Head>, SecurityLogError> {
        let mut prev = head.map_or(NOTHING, |head| head.hash);
        let mut last = None;
        let mut text = String::new();
        if std::mem::take(&mut self.torn) {
            text.push('\n');
        }
        for record in due {
            let (line, head) = chain::line(record, &prev);
            text.push_str(&line);
            text.push('\n');
            prev = head.hash;
            last = Some(head);
        }
        if last.is_some() {
            self.file.write_all(text.as_bytes()).map_err(self.failed("write"))?;
            self.file.sync_data().map_err(self.failed("sync"))?;
        }
        Ok(last)
    }

    /// The last line of ours in the file, if the database does not know of it yet.
    ///
    /// A crash leaves records that follow the head, of which the last may be torn; a torn one that is the beginning
    /// of the next record is taken back, anything else is left for people to look at.
    fn ahead(&mut self, records: &dyn Records, head: Option<Head>) -> Result<Option<Head>, SecurityLogError> {
        let tail = self.tail()?;
        let whole = tail.rsplit(|byte| *byte == b'\n').next().map_or(0, |rest| tail.len() - rest.len());
        let (lines, torn) = tail.split_at(whole);
        let mut found = head;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Some(link) = chain::link(line).filter(|link| link.holds) else { continue };
            let follows = match found {
                // The first record that the database still had: it need not be number 1.
                None => link.prev == NOTHING,
                Some(found) => Some(link.head.seq) == found.seq.checked_add(1) && link.prev == found.hash,
            };
            if follows {
                found = Some(link.head);
            }
        }
        if !torn.is_empty() {
            let next = records.after(found.map_or(0, |found| found.seq), 1)?;
            let prev = found.map_or(NOTHING, |found| found.hash);
            let ours =
                next.first().is_some_and(|record| chain::line(record, &prev).0.as_bytes().starts_with(torn));
            if ours {
                let length = self.file.metadata().map_err(self.failed("look at it"))?.len();
                let length = length.saturating_sub(torn.len() as u64);
                self.file.set_len(length).map_err(self.failed("take a torn line back"))?;
            } else {
                self.torn = true;
            }
        }
        Ok(found.filter(|found| Some(*found) != head))
    }

    fn tail(&mut self) -> Result<Vec<u8>, SecurityLogError> {
        let length = self.file.metadata().map_err(self.failed("look at it"))?.len();
        let mut tail = Vec::new();
        self.file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).map_err(self.failed("read"))?;
        self.file.read_to_end(&mut tail).map_err(self.failed("read"))?;
        Ok(tail)
    }

    /// If the file was renamed, the path's new file is the log from now on.
    fn follow(&mut self) -> Result<(), SecurityLogError> {
        let own = self.file.metadata().map_err(self.failed("look at it"))?;
        let same = std::fs::symlink_metadata(&self.path)
            .is_ok_and(|named| (named.dev(), named.ino()) == (own.dev(), own.ino()));
        if !same {
            self.file = open(&self.path)?;
        }
        Ok(())
    }

    fn lock(&self) -> Result<(), SecurityLogError> {
        match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(SecurityLogError::Held { path: self.path.clone() }),
            Err(error) => Err(self.failed("lock")(error.into())),
        }
    }

    fn failed(&self, doing: &'static str) -> impl Fn(io::Error) -> SecurityLogError + use<> {
        let path = self.path.clone();
        move |error| SecurityLogError::Io { path: path.clone(), doing, error }
    }
}

fn open(path: &Path) -> Result<File, SecurityLogError> {
    let failed = |error| SecurityLogError::Io { path: path.into(), doing: "open it", error };
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    // Not to wait for the other end of a pipe.
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    let file = options.open(path).map_err(failed)?;
    match file.metadata().map_err(failed)?.is_file() {
        true => Ok(file),
        false => Err(SecurityLogError::NotAFile { path: path.into() }),
    }
}
