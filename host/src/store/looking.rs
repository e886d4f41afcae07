//! Looking at a database without writing a byte, to it or beside it.
//!
//! SQLite's readers of a database with a log of changes share an index of that log, in a file that they make if it is not
//! there; its owner could then perhaps not write to it. So it depends on what lies beside the database:
//!
//! ```text
//!   t.db-wal  t.db-shm
//!   nothing   –          all changes are in the file: it is read as one that does not change, and if it has, again
//!   changes   there      somebody has it open, or has died: read beside him, by the index that is there
//!   changes   not there  only who may write the index can read them: refused
//! ```
//!
//! Whoever begins to write meanwhile writes to the log of changes: the file changes only when that is brought into it.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::open::{self, beside};
use super::readers::transact;
use crate::commit::StoreError;

/// How often what has changed meanwhile is read again.
const TRIES: u32 = 5;

/// What became of a look.
pub(super) enum Found<T> {
    /// This was read.
    Read(T),
    /// Somebody has it open: this connection reads beside him.
    InUse(Connection),
}

/// What lies on disk: if it is the same after a look as before, nobody has written meanwhile.
#[derive(PartialEq, Eq)]
struct Lies {
    file: (u64, u64, u64, i64, i64),
    /// Bytes of the log of changes.
    changes: u64,
    index: bool,
    /// Whether a commit was interrupted before there was a log of changes.
    journal: bool,
}

impl Lies {
    fn of(path: &Path) -> Result<Lies, StoreError> {
        // One that is a pipe would be waited for.
        if !fs::metadata(path).map_err(open::io)?.is_file() {
            return Err(StoreError::Damaged("something that is no regular file".into()));
        }
        // Says why, if it cannot be read: SQLite does not.
        let file = fs::File::open(path).and_then(|file| file.metadata()).map_err(open::io)?;
        let bytes = |end| fs::metadata(beside(path, end)).ok().map(|file| file.len());
        Ok(Lies {
            file: (file.dev(), file.ino(), file.len(), file.mtime(), file.mtime_nsec()),
            changes: bytes("-wal").unwrap_or(0),
            index: bytes("-shm").is_some(),
            journal: bytes("-journal").is_some_and(|bytes| bytes > 0),
        })
    }
}

/// Reads, if nobody has the database open.
pub(super) fn read<T>(
    path: &Path,
    patience: Duration,
    read: impl Fn(&Connection) -> Result<T, StoreError>,
) -> Result<Found<T>, StoreError> {
    for _ in 0..TRIES {
        let lies = Lies::of(path)?;
        match lies {
            // A program that makes one has a journal for a moment; so has one that lost its power then.
            Lies { journal: true, .. } => return Err(StoreError::Unsettled),
            Lies { changes: 0, .. } => {}
            Lies { index: false, .. } => return Err(StoreError::Unsettled),
            Lies { index: true, .. } => match in_use(path, patience) {
                Ok(connection) => return Ok(Found::InUse(connection)),
                Err(error) if Lies::of(path)? == lies => return Err(error),
                // He has closed it just now.
                Err(_) => continue,
            },
        }
        let found = still(path).and_then(|mut connection| transact(&mut connection, &read));
        if Lies::of(path)?.file == lies.file {
            return found.map(Found::Read);
        }
    }
    Err(StoreError::Busy)
}

/// A connection that reads beside others.
fn in_use(path: &Path, patience: Duration) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    open::settle(&connection, patience)?;
    // The first look is what opens the log of changes.
    let first = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    match first {
        Ok(()) => Ok(connection),
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) =>
        {
            Err(StoreError::Unsettled)
        }
        Err(error) => Err(error.into()),
    }
}

/// A connection to a file that does not change: without locks, without a log of changes.
pub(super) fn still(path: &Path) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let path = std::path::absolute(path).map_err(open::io)?;
    let connection = Connection::open_with_flags(uri(&path), flags)?;
    open::settle(&connection, Duration::ZERO)?;
    Ok(connection)
}

/// An absolute path as SQLite's addresses have it.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            _ => uri += &format!("%{byte:02x}"),
        }
    }
    uri + "?immutable=1"
}
