use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::chain::NOTHING;
use super::due::{self, Due, Torn};
use super::{Head, Place, Records, rotated};
use crate::commit::StoreError;
use crate::crash;
use crate::files::is_database;

/// Records written and synced at once.
const TOGETHER: u32 = 1_000;
/// How long another program that writes is waited for: a server beside a command does so for a moment, and often.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks whether it still does.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

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
    /// Another program has written it for longer than it was waited for.
    #[error("{}: expected to write it alone, found it held by another program", path.display())]
    Held {
        /// The file.
        path: PathBuf,
    },
    /// The database's log is another file.
    #[error("{}: expected {}, the log of this database, found another file", path.display(), known.display())]
    Elsewhere {
        /// The file.
        path: PathBuf,
        /// The log.
        known: PathBuf,
    },
    /// The file ends with a line that this database did not write last.
    #[error("{}: expected {}, found record {found}: it is another database's log, or lines were cut off",
        path.display(), expected.map_or("no record of another".into(), |seq| format!("record {seq} to be in it")))]
    Another {
        /// The file.
        path: PathBuf,
        /// The record that this database wrote last.
        expected: Option<i64>,
        /// The last one in the file.
        found: i64,
    },
    /// It has something else in it.
    #[error("{}: expected a new file or the log of this database, found a file with something else in it", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is one that the database lies in.
    #[error("{}: expected a file of its own, found one of the database's", path.display())]
    Database {
        /// The file.
        path: PathBuf,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SecurityLogError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            SecurityLogError::Elsewhere { .. } => {
                Some("`tripline log move FILE --db DB` says that it goes on there; nothing is lost meanwhile")
            }
            SecurityLogError::Another { .. } => {
                Some("keep it aside under another name and look into it: the log then goes on in a new file")
            }
            SecurityLogError::Foreign { .. } => {
                Some("it was left as it is; name a file of its own: it is made, if it is not there")
            }
            SecurityLogError::Store(error) => error.hint(),
            SecurityLogError::Io { .. }
            | SecurityLogError::NotAFile { .. }
            | SecurityLogError::Database { .. }
            | SecurityLogError::Held { .. } => None,
        }
    }
}

/// Writes the log; one program at a time, each for as long as it has something to write.
#[derive(Debug)]
pub struct SecurityLog {
    path: PathBuf,
    /// The same, whatever folder a program is in.
    place: PathBuf,
    file: File,
    /// Lines were cut off or added by somebody else; the chain goes on from what the database knows.
    torn: bool,
}

impl SecurityLog {
    /// Opens the file, or makes it, readable by its owner alone. A link is not followed.
    pub fn open(path: &Path) -> Result<SecurityLog, SecurityLogError> {
        let file = open(path)?;
        let place = place(path).map_err(due::failed(path, "find it"))?;
        Ok(SecurityLog { path: path.into(), place, file, torn: false })
    }

    /// Writes all records that are not in the file yet; answers how many that were.
    ///
    /// Each is in the file before the database is told. After a crash in between, the files' own ends say what need
    /// not be written again.
    pub fn write_due(&mut self, records: &dyn Records) -> Result<u64, SecurityLogError> {
        let begun = Instant::now();
        loop {
            let written = self.write_alone(records);
            if !matches!(written, Err(SecurityLogError::Held { .. })) || begun.elapsed() >= PATIENCE {
                return written;
            }
            // Looked at again and again: a blocking flock cannot be given a bound.
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn write_alone(&mut self, records: &dyn Records) -> Result<u64, SecurityLogError> {
        self.follow()?;
        self.lock()?;
        let written = self.write_locked(records);
        flock(&self.file, FlockOperation::Unlock).map_err(|error| self.failed("unlock")(error.into()))?;
        written
    }

    fn write_locked(&mut self, records: &dyn Records) -> Result<u64, SecurityLogError> {
        let mut head = records.head()?;
        let mut place = records.place()?;
        let (mut written, mut looked) = (0, false);
        loop {
            let due = Due::new(&records.after(head.map_or(0, |head| head.seq), TOGETHER)?, head);
            let Some(last) = due.last() else { return Ok(written) };
            // Only the first lines can be there: the database is told before more are written.
            let mut there = 0;
            if !looked {
                self.is_known(&place, head)?;
                there = self.there(&due, head)?;
                place.begins = self.begins(&due, there, place.begins)?;
                place.path = Some(self.place.clone());
                looked = true;
                // From here on nothing may be dropped before it is in the file: after a crash, what is there is known by
                // what is due.
                if head.is_none()
                    && let Some(first) = due.seq(0)
                {
                    records.written(&Head { seq: first - 1, hash: NOTHING }, &place)?;
                }
            }
            self.append(&due, there)?;
            crash::point("after_log_append");
            records.written(&last, &place)?;
            written += (due.len() - there) as u64;
            head = Some(last);
        }
    }

    fn append(&mut self, due: &Due, from: usize) -> Result<(), SecurityLogError> {
        if from == due.len() {
            return Ok(());
        }
        let mut text = due.text(from);
        if std::mem::take(&mut self.torn) {
            text.insert(0, '\n');
        }
        self.file.write_all(text.as_bytes()).map_err(self.failed("write"))?;
        self.file.sync_data().map_err(self.failed("sync"))
    }

    /// How many of these lines are in the log already, because a crash came before the database was told.
    ///
    /// What is torn of the next ones is taken back; anything else is left for people to look at.
    fn there(&mut self, due: &Due, head: Option<Head>) -> Result<usize, SecurityLogError> {
        let text = due::tail(&mut self.file).map_err(self.failed("read"))?;
        let mut found = due.found(&text, 0);
        let mut is_ours = found > 0 || head.is_some_and(|head| due::end(&text, head).is_some());
        // A rotation may have taken them away; not if the line before them is still here.
        if !is_ours {
            let away = rotated::found(&self.path, due, head)?;
            found = due.found(&text, away);
            is_ours = found > away;
        }
        let torn = due.torn(&text, found, head);
        // Behind somebody else's line, ours would be another break of a chain, for ever. What a power cut has left of
        // ours may have holes, and whole lines behind them.
        if !is_ours && !matches!(torn, Torn::Ours(_)) {
            self.is_empty(&text, head)?;
        }
        match torn {
            Torn::No => {}
            Torn::Ours(torn) => {
                due::take_back(&self.file, torn).map_err(self.failed("take a torn line back"))?;
            }
            Torn::Foreign => self.torn = true,
        }
        Ok(found)
    }

    /// That there is nothing in it, if nothing in it is ours.
    fn is_empty(&self, text: &[u8], head: Option<Head>) -> Result<(), SecurityLogError> {
        let (path, expected) = (self.path.clone(), head.map(|head| head.seq));
        match due::last(text) {
            Some(last) => Err(SecurityLogError::Another { path, expected, found: last.seq }),
            None if text.is_empty() => Ok(()),
            None => Err(SecurityLogError::Foreign { path }),
        }
    }

    /// That the log can go on here: in a new file, or in one that ends with what was written last.
    ///
    /// # Errors
    /// It is somebody else's file; nothing is written.
    pub fn fits(&mut self, records: &dyn Records) -> Result<(), SecurityLogError> {
        let head = records.head()?;
        let text = due::tail(&mut self.file).map_err(self.failed("read"))?;
        match head.is_some_and(|head| due::end(&text, head).is_some()) {
            true => Ok(()),
            false => self.is_empty(&text, head),
        }
    }

    /// That this is the file that the database knows. One that was moved with its lines is known by the last of them.
    fn is_known(&mut self, place: &Place, head: Option<Head>) -> Result<(), SecurityLogError> {
        let Some(known) = place.path.as_ref().filter(|known| **known != self.place) else { return Ok(()) };
        let is_gone =
            matches!(known.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound);
        if let Some(head) = head.filter(|_| is_gone) {
            let text = due::tail(&mut self.file).map_err(self.failed("read"))?;
            if due::end(&text, head).is_some() {
                return Ok(());
            }
        }
        Err(SecurityLogError::Elsewhere { path: self.path.clone(), known: known.clone() })
    }

    /// The first record in the file, once what is due behind `there` lines is in it. What the database knows of it is
    /// believed, but for a file that was begun just now, or before a crash.
    fn begins(
        &mut self,
        due: &Due,
        there: usize,
        known: Option<i64>,
    ) -> Result<Option<i64>, SecurityLogError> {
        if self.file.metadata().map_err(self.failed("look at it"))?.len() == 0 {
            return Ok(due.seq(there).or(known));
        }
        let first = due::first(&mut self.file).map_err(self.failed("read"))?;
        let is_due = first.is_some_and(|first| due.head(first.seq) == Some(first));
        let first = first.map(|first| first.seq);
        Ok(if is_due { first } else { known.or(first) })
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
        due::failed(&self.path, doing)
    }
}

/// Where the file of this path lies. Its folder may be reached by links, it may not.
pub(crate) fn place(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let folder = path.parent().unwrap_or(Path::new("/")).canonicalize()?;
    Ok(path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name)))
}

fn open(path: &Path) -> Result<File, SecurityLogError> {
    // Before it is opened: SQLite's locks would be lost when it is closed.
    if is_database(path) {
        return Err(SecurityLogError::Database { path: path.into() });
    }
    let failed = due::failed(path, "open it");
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    // Not to wait for the other end of a pipe.
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    let file = options.open(path).map_err(&failed)?;
    let about = file.metadata().map_err(&failed)?;
    if !about.is_file() {
        return Err(SecurityLogError::NotAFile { path: path.into() });
    }
    if about.len() == 0 {
        // A new file's name is to outlast a power cut as its lines do.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(file)
}
