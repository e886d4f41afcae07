//! A copy of the database, and the way back.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::open::{self, InUse, beside};
use super::readers::Readers;
use super::{migrations, restored};
use crate::commit::StoreError;
use crate::incidents::Actor;

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

/// Why a copy is not made, and of which file that is said.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CopyError {
    /// It cannot be used.
    #[error("{}: {error}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        error: StoreError,
    },
    /// There is a file where none may be.
    #[error("{}: expected no file, found one", path.display())]
    There {
        /// It.
        path: PathBuf,
    },
    /// There is another copy that is being made, or was not finished.
    #[error("{}: expected no file, found one", path.display())]
    Left {
        /// It.
        path: PathBuf,
    },
}

impl CopyError {
    fn of(path: &Path) -> impl Fn(StoreError) -> CopyError + use<> {
        let path = path.to_path_buf();
        move |error| CopyError::Store { path: path.clone(), error }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            CopyError::Store { error, .. } => error.hint(),
            CopyError::There { .. } => None,
            CopyError::Left { .. } => {
                Some("a copy that was killed leaves it; if no other is being made, delete it")
            }
        }
    }
}

/// How a backup is put in the place of a database.
pub struct Restoring<'r> {
    /// Who does it.
    pub actor: &'r Actor,
    /// When, nanoseconds since 1970.
    pub now: i64,
    /// Where security.log lies, if the database in its place cannot say.
    pub security_log: Option<&'r Path>,
}

/// Reads the whole database and says whether it is sound. It is not changed, not even migrated.
pub fn check(path: &Path) -> Result<Checked, StoreError> {
    match Readers::looking(path.into(), open::PATIENCE).read(checked) {
        // What a power cut has left is taken back first, as whoever opens it does.
        Err(StoreError::Unsettled) => {
            let settled = open::reading(path, open::PATIENCE).and_then(|connection| checked(&connection));
            match settled {
                // It cannot be taken back from here: SQLite only says that it cannot open something.
                Err(StoreError::Io(_)) => Err(StoreError::Unsettled),
                settled => settled,
            }
        }
        checked => checked,
    }
}

fn checked(connection: &Connection) -> Result<Checked, StoreError> {
    let version = migrations::version(connection)?;
    // Of a newer one it is not known what is sound.
    if version > migrations::NEWEST {
        return Err(StoreError::Newer { found: version as u64, known: migrations::NEWEST as u64 });
    }
    if !migrations::is_ours(connection)? {
        return Err(StoreError::Damaged("an empty file".into()));
    }
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

/// Copies the database while others use it; `progress` is told pages left, at last 0, and pages in all. The copy is
/// checked, and takes its name only when it is whole.
pub fn backup(from: &Path, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Checked, CopyError> {
    if to.exists() {
        return Err(CopyError::There { path: to.into() });
    }
    // What cannot be copied leaves nothing.
    match Readers::looking(from.into(), open::PATIENCE).read(migrations::version) {
        // That is settled by the copy.
        Ok(_) | Err(StoreError::Unsettled) => {}
        Err(error) => return Err(CopyError::of(from)(error)),
    }
    let part = Part::create(to)?;
    copy((from, to), part.path(), &mut progress)?;
    let checked = check(part.path()).map_err(CopyError::of(from))?;
    part.put_new(to)?;
    Ok(checked)
}

/// Puts a backup in the place of the database; what was there is kept beside it, with the end `.before`, or if that is
/// taken, `.before.2` and so on.
///
/// ```text
///   t.db.part     the copy, whole and synced
///   t.db          ══ hard link ══► t.db.before      from here on it has two names
///   t.db-wal      ── rename ─────► t.db.before-wal  changes that could not be written into it belong to it
///   t.db.part     ── rename ─────► t.db             at no time is there none
/// ```
///
/// It is brought to the newest version, and goes on where the one in its place has stopped. Answers
/// `None`, and does nothing, if somebody has the database open.
pub fn restore(
    backup: &Path,
    database: &Path,
    restoring: &Restoring<'_>,
    mut progress: impl FnMut(u64, u64),
) -> Result<Option<Checked>, CopyError> {
    let failed = CopyError::of(database);
    check(backup).map_err(CopyError::of(backup))?;
    let Some(_alone) = InUse::take_alone(database).map_err(&failed)? else { return Ok(None) };
    let part = Part::create(database)?;
    copy((backup, database), part.path(), &mut progress)?;
    let there = fs::metadata(database).ok();
    // What its log of changes holds belongs to it. Of an empty file SQLite would delete it on opening.
    let is_whole = there.as_ref().is_some_and(|there| there.len() > 0) && settle(database).is_ok();
    restored::go_on(part.path(), is_whole.then_some(database), restoring).map_err(&failed)?;
    let checked = check(part.path()).map_err(&failed)?;
    if there.is_some() {
        keep(database).map_err(&failed)?;
    }
    part.put(database)?;
    Ok(Some(checked))
}

/// Keeps the database, and what of its changes is not in it, under another name, which nothing has yet.
fn keep(database: &Path) -> Result<(), StoreError> {
    let names = (1..).map(|number: u32| match number {
        1 => beside(database, ".before"),
        _ => beside(database, &format!(".before.{number}")),
    });
    let is_free = |before: &PathBuf| {
        ["", "-wal", "-shm"].iter().all(|end| fs::symlink_metadata(beside(before, end)).is_err())
    };
    let before = names.into_iter().find(is_free).unwrap_or_default();
    // Not all file systems have links.
    if fs::hard_link(database, &before).is_err() {
        fs::copy(database, &before).and_then(|_| fs::File::open(&before)?.sync_all()).map_err(open::io)?;
    }
    for end in ["-wal", "-shm"] {
        match fs::rename(beside(database, end), beside(&before, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(open::io(error)),
            _ => {}
        }
    }
    sync_folder(database)
}

/// Writes the log of changes into the file. A database that is too broken for that is kept as it is, and so is its log:
/// SQLite would delete it on closing.
fn settle(database: &Path) -> Result<(), StoreError> {
    let connection = Connection::open(database)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    open::check(&connection)?;
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// Copies what the source is now: others may write meanwhile, and that is not in it.
fn copy(
    (from, to): (&Path, &Path),
    part: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), CopyError> {
    let source = open::reading(from, open::PATIENCE).map_err(CopyError::of(from))?;
    // Without a look of its own, SQLite begins again each time that somebody has written.
    let look = "BEGIN; SELECT count(*) FROM sqlite_schema;";
    source.execute_batch(look).map_err(|error| CopyError::of(from)(error.into()))?;
    copied(&source, part, progress).map_err(CopyError::of(to))
}

fn copied(source: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
    let mut target = Connection::open(to)?;
    let copying = Backup::new(source, &mut target)?;
    loop {
        let step = copying.step(PAGES)?;
        let left = copying.progress();
        progress(left.remaining.max(0) as u64, left.pagecount.max(0) as u64);
        match step {
            StepResult::Done => break,
            StepResult::Busy | StepResult::Locked => std::thread::sleep(Duration::from_millis(20)),
            _ => {}
        }
    }
    drop(copying);
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// A copy that is being made. It is ours: where a file or a link is already, it is not made. Dropped, it is gone.
struct Part(Option<PathBuf>);

impl Part {
    /// An empty one for this file, beside it.
    fn create(to: &Path) -> Result<Part, CopyError> {
        let part = beside(to, ".part");
        let mut options = fs::OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(&part) {
            Ok(_) => Ok(Part(Some(part))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(CopyError::Left { path: part }),
            Err(error) => Err(CopyError::of(to)(open::io(error))),
        }
    }

    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    /// Gives it its name, under which another may be.
    fn put(mut self, to: &Path) -> Result<(), CopyError> {
        let failed = CopyError::of(to);
        self.sync().map_err(&failed)?;
        fs::rename(self.path(), to).map_err(open::io).map_err(&failed)?;
        self.0 = None;
        sync_folder(to).map_err(&failed)
    }

    /// Gives it its name, under which nothing may be, not even since it was looked for.
    fn put_new(mut self, to: &Path) -> Result<(), CopyError> {
        let failed = CopyError::of(to);
        self.sync().map_err(&failed)?;
        match renameat_with(CWD, self.path(), CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => self.0 = None,
            Err(Errno::EXIST) => return Err(CopyError::There { path: to.into() }),
            // Not all file systems can; a link takes no other's name either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                fs::hard_link(self.path(), to).map_err(open::io).map_err(&failed)?;
            }
            Err(error) => return Err(failed(open::io(error))),
        }
        drop(self);
        sync_folder(to).map_err(failed)
    }

    fn sync(&self) -> Result<(), StoreError> {
        fs::File::open(self.path()).and_then(|file| file.sync_all()).map_err(open::io)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(part) = &self.0 {
            let _ = fs::remove_file(part);
        }
    }
}

fn sync_folder(file: &Path) -> Result<(), StoreError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(open::io)
}
