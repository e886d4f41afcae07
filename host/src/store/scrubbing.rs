//! Deleted rows are overwritten in the file, but the log of changes still has the pages of before. It is taken back, and
//! it is noted until that was done: who reads at that time holds it up, and the program may end before it tries again.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::commit::StoreError;

/// How long readers are waited for. Whoever does what is due next tries again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Something was deleted in this transaction.
pub(super) fn begin(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO scrubbing (one, deletions) VALUES (1, 1)
         ON CONFLICT DO UPDATE SET deletions = deletions + 1",
    )?
    .execute([])?;
    Ok(())
}

/// How many deletions there were since the log of changes was taken back; `None`: none.
pub(super) fn deletions(db: &Connection) -> Result<Option<i64>, StoreError> {
    let mut statement = db.prepare_cached("SELECT deletions FROM scrubbing")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?)
}

/// Takes the log of changes back; `false`: somebody has held it up.
pub(super) fn take_back(path: &Path) -> Result<bool, StoreError> {
    // Not within a transaction: a connection of its own.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // That it was held up is no error to SQLite, but a word in its answer.
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))? == 0)
}

/// All up to so many deletions are gone.
pub(super) fn done(db: &Connection, deletions: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM scrubbing WHERE deletions = ?1")?.execute([deletions])?;
    Ok(())
}
