//! A copy of the database, and the way back.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::migrations;
use super::open::{self, InUse, beside};
use crate::commit::StoreError;

/// Pages copied at once, between which others may write.
const PAGES: i32 = 1024;

/// What a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its version, and the newest that this program knows.
    pub version: (usize, usize),
    /// Bytes.
    pub bytes: u64,
}

/// Reads the whole database and says whether it is sound. It is not changed, not even migrated.
pub fn check(path: &Path) -> Result<Checked, StoreError> {
    fs::metadata(path).map_err(open::io)?;
    let connection = open::reading(path, open::PATIENCE)?;
    let version = migrations::version(&connection)?;
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(StoreError::Damaged(found));
    }
    let broken = connection.prepare("PRAGMA foreign_key_check")?.exists([])?;
    if broken {
        return Err(StoreError::Damaged("rows that belong to nothing".into()));
    }
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    Ok(Checked {
        version: (version, migrations::NEWEST),
        bytes: pragma("page_size")? * pragma("page_count")?,
    })
}

/// Copies the database while others use it; `progress` is told pages left and pages in all. The copy is checked, and
/// takes its name only when it is whole.
pub fn backup(from: &Path, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Checked, StoreError> {
    if to.exists() {
        let error = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "expected a new file, found one");
        return Err(open::io(error));
    }
    let part = beside(to, ".part");
    let copied = copy(from, &part, &mut progress).and_then(|()| check(&part)).and_then(|checked| {
        put(&part, to)?;
        Ok(checked)
    });
    if copied.is_err() {
        let _ = fs::remove_file(&part);
    }
    copied
}

/// Puts a backup in the place of the database; what was there is kept beside it, with the end `.before`.
///
/// Answers `None`, and does nothing, if somebody has the database open.
pub fn restore(
    backup: &Path,
    database: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Option<Checked>, StoreError> {
    let checked = check(backup)?;
    if checked.version.0 > checked.version.1 {
        let (found, known) = checked.version;
        return Err(StoreError::Newer { found: found as u64, known: known as u64 });
    }
    let (_in_use, alone) = InUse::take(database)?;
    if !alone {
        return Ok(None);
    }
    let part = beside(database, ".part");
    if let Err(error) = copy(backup, &part, &mut progress) {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    if database.exists() {
        // What its log of changes holds belongs to it.
        drop(open_to_settle(database));
        fs::rename(database, beside(database, ".before")).map_err(open::io)?;
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(database, end));
        }
    }
    put(&part, database)?;
    Ok(Some(checked))
}

/// Writes the log of changes into the file. A database that is too broken for that is kept as it is.
fn open_to_settle(database: &Path) -> Result<(), StoreError> {
    let connection = Connection::open(database)?;
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
    let source = open::reading(from, open::PATIENCE)?;
    drop(open::create(to, true)?);
    let mut target = Connection::open(to)?;
    let copying = Backup::new(&source, &mut target)?;
    loop {
        match copying.step(PAGES)? {
            StepResult::Done => break,
            StepResult::Busy | StepResult::Locked => std::thread::sleep(Duration::from_millis(20)),
            _ => {}
        }
        let left = copying.progress();
        progress(left.remaining.max(0) as u64, left.pagecount.max(0) as u64);
    }
    drop(copying);
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Syncs the file, gives it its name, and syncs the folder.
fn put(part: &Path, to: &Path) -> Result<(), StoreError> {
    fs::File::open(part).and_then(|file| file.sync_all()).map_err(open::io)?;
    fs::rename(part, to).map_err(open::io)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(open::io)
}
