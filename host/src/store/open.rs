use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::migrations;
use crate::commit::StoreError;

/// How long a lock of another program is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What the writer keeps of the database in memory, at most.
const CACHE_KIB: i64 = 16 * 1024;
/// Pages in the log of changes after which they are brought into the file: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Between two looks at a lock that is waited for.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Says that a database is in use: everybody who has it open holds it shared.
///
/// A lock on a file of its own: closing any other handle on the database itself would drop SQLite's locks on it.
pub(super) struct InUse(File);

impl InUse {
    /// Takes it; `true`: nobody else has it, and nobody gets it before [`InUse::share`].
    pub(super) fn take(database: &Path, patience: Duration) -> Result<(InUse, bool), StoreError> {
        let in_use = InUse(open_beside(database, "-users")?);
        if in_use.try_alone() {
            return Ok((in_use, true));
        }
        in_use.waited(FlockOperation::NonBlockingLockShared, patience)?;
        Ok((in_use, false))
    }

    /// Takes it for oneself, now or not at all.
    pub(super) fn take_alone(database: &Path) -> Result<Option<InUse>, StoreError> {
        let in_use = InUse(open_beside(database, "-users")?);
        Ok(in_use.try_alone().then_some(in_use))
    }

    /// Says so to whoever would put another in its place, if that can be said without writing: that it is in use is said
    /// in a file that only its owner may open, and that is there once it was opened.
    pub(super) fn glance(database: &Path, patience: Duration) -> Result<Option<InUse>, StoreError> {
        let Ok(file) = File::open(beside(database, "-users")) else { return Ok(None) };
        let in_use = InUse(file);
        in_use.waited(FlockOperation::NonBlockingLockShared, patience)?;
        Ok(Some(in_use))
    }

    /// Waits until nobody else has it; nobody gets it before [`InUse::share`].
    pub(super) fn alone(&self, patience: Duration) -> Result<(), StoreError> {
        self.waited(FlockOperation::NonBlockingLockExclusive, patience).map_err(|error| match error {
            StoreError::Busy => StoreError::InUse,
            other => other,
        })
    }

    /// Lets others in. Whoever asks in this moment may get it alone first: it is waited for.
    pub(super) fn share(&self, patience: Duration) -> Result<(), StoreError> {
        self.waited(FlockOperation::NonBlockingLockShared, patience)
    }

    fn try_alone(&self) -> bool {
        flock(&self.0, FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    /// Looked at again and again: a blocking flock cannot be given a bound.
    fn waited(&self, lock: FlockOperation, patience: Duration) -> Result<(), StoreError> {
        let started = Instant::now();
        loop {
            match flock(&self.0, lock) {
                Ok(()) => return Ok(()),
                Err(Errno::WOULDBLOCK | Errno::INTR) if started.elapsed() < patience => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => return Err(StoreError::Busy),
                Err(error) => return Err(io(error)),
            }
        }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// A lock beside the database that one process holds at a time.
pub(super) fn lock_beside(database: &Path, end: &str) -> Result<Option<File>, StoreError> {
    let file = open_beside(database, end)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(io(error)),
    }
}

/// Whether somebody holds such a lock, or may. Nothing is written; who asks for the lock meanwhile asks again.
pub(super) fn is_locked_beside(database: &Path, end: &str) -> bool {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    match options.open(beside(database, end)) {
        Ok(file) => flock(&file, FlockOperation::NonBlockingLockShared).is_err(),
        // Somebody else's may be held.
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}

/// A file beside the database, readable by its owner alone. A link is not followed.
pub(super) fn open_beside(database: &Path, end: &str) -> Result<File, StoreError> {
    let path = beside(database, end);
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    match options.clone().create_new(true).open(&path) {
        Ok(file) => {
            // As SQLite does with its own files: what root makes must not keep the owner out.
            if rustix::process::geteuid().is_root()
                && let Ok(about) = std::fs::metadata(database)
            {
                std::os::unix::fs::fchown(&file, Some(about.uid()), Some(about.gid())).map_err(io)?;
            }
            Ok(file)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(&path).map_err(io),
        Err(error) => Err(io(error)),
    }
}

/// All that lies under the database's name and beside it, whether or not it is there.
pub(super) fn files(database: &Path) -> Vec<PathBuf> {
    let ends = ["", "-wal", "-shm", "-journal", "-users", "-checker", "-deliverer", "-scans"];
    // Where it lies is not to depend on the folder that the program is in.
    let database = std::path::absolute(database).unwrap_or_else(|_| database.into());
    ends.iter().map(|end| beside(&database, end)).collect()
}

/// The database's file, made by us, so that nobody else ever could read it.
fn create(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600).open(path).map_err(io)
}

/// The path with this end.
pub(super) fn beside(database: &Path, end: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(end);
    path.into()
}

pub(super) fn io(error: impl Into<std::io::Error>) -> StoreError {
    StoreError::Io(Arc::new(error.into()))
}

/// The connection that writes; the database is made if it is not there, and brought to the newest version, for which
/// nobody else may have it open.
pub(super) fn writing(
    path: &Path,
    patience: Duration,
    max_bytes: Option<u64>,
    (in_use, alone): (&InUse, bool),
) -> Result<Connection, StoreError> {
    drop(create(path)?);
    let unclean = alone && std::fs::metadata(beside(path, "-wal")).is_ok_and(|wal| wal.len() > 0);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    settle(&connection, patience)?;
    // A newer program's database stays as it is: its version is looked at first.
    let found = migrations::version(&connection)?;
    if found > migrations::NEWEST {
        return Err(StoreError::Newer { found: found as u64, known: migrations::NEWEST as u64 });
    }
    // An older server that has it open would go on with tables that are no longer what it knows.
    if found < migrations::NEWEST && !alone {
        in_use.alone(patience)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    // With SQLite's own two megabytes, pages go to the disk in the middle of a barrier, and again at its end.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // What may have to be taken back of one of several jobs stays in memory, too.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Barriers write the same pages again and again: they are brought into the file less often.
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    if unclean {
        check(&connection)?;
    }
    migrations::migrate(&mut connection)?;
    if let Some(bytes) = max_bytes {
        let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        connection.pragma_update(None, "max_page_count", bytes.div_ceil(page.max(1)).max(1) as i64)?;
    }
    connection.execute(
        "INSERT INTO installation (one, id, created) VALUES (1, randomblob(16), unixepoch() * 1000000000)
         ON CONFLICT DO NOTHING",
        [],
    )?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn reading(path: &Path, patience: Duration) -> Result<Connection, StoreError> {
    // A power cut before the database has its log of changes leaves a journal, which only who writes takes back.
    if std::fs::metadata(beside(path, "-journal")).is_ok_and(|journal| journal.len() > 0) {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(patience)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settle(&connection, patience)?;
    Ok(connection)
}

/// What SQLite finds wrong with the database; nothing is well.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Damaged(found)) }
}

pub(super) fn settle(connection: &Connection, patience: Duration) -> Result<(), StoreError> {
    connection.busy_timeout(patience)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // A file that shrinks under a map is a crash.
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}
