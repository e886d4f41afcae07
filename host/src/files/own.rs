//! Files that this program writes itself: no logs, and harm is done by opening them.
//!
//! SQLite's locks on a database belong to the whole process: whoever closes any handle on one of its files drops them all,
//! and another program may then write into the middle of what is read here. So it is one list for the process, and files are
//! compared by device and inode before they are opened, whatever name or link has led to them.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
#[cfg(feature = "store")]
use std::path::Path;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

static OWN: Mutex<Vec<(OwnKind, PathBuf)>> = Mutex::new(Vec::new());

/// What a file of the program's own is.
#[cfg_attr(not(feature = "store"), expect(dead_code, reason = "a library alone has no files of its own"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnKind {
    /// One that a database lies in, or that lies beside it for it: nothing but SQLite and its locks may write it.
    Database,
    /// One that the program writes by lines: security.log, a token, its own output.
    Lines,
}

/// Files are the program's own until it is dropped, whether or not they are there yet.
#[cfg(feature = "store")]
#[must_use]
pub(crate) struct OwnFiles(OwnKind, Vec<PathBuf>);

#[cfg(feature = "store")]
impl OwnFiles {
    /// These are, whatever becomes of them under their names.
    pub(crate) fn claim(kind: OwnKind, paths: Vec<PathBuf>) -> OwnFiles {
        own().extend(paths.iter().map(|path| (kind, path.clone())));
        OwnFiles(kind, paths)
    }
}

#[cfg(feature = "store")]
impl Drop for OwnFiles {
    fn drop(&mut self) {
        let mut all = own();
        for path in &self.1 {
            // Somebody else may have claimed it, too.
            if let Some(at) = all.iter().position(|(kind, own)| *kind == self.0 && own == path) {
                all.swap_remove(at);
            }
        }
    }
}

fn own() -> MutexGuard<'static, Vec<(OwnKind, PathBuf)>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the program's own files lie now, by device and inode.
pub(crate) struct Places(BTreeSet<(u64, u64)>);

impl Places {
    pub(crate) fn look() -> Places {
        Places::of(|_| true)
    }

    fn of(wanted: impl Fn(OwnKind) -> bool) -> Places {
        let own = own();
        let wanted = own.iter().filter(|(kind, _)| wanted(*kind));
        let found = wanted.filter_map(|(_, path)| fs::metadata(path).ok()).collect::<Vec<_>>();
        Places(found.iter().map(|found| (found.dev(), found.ino())).collect())
    }

    pub(crate) fn has(&self, found: &Metadata) -> bool {
        self.0.contains(&(found.dev(), found.ino()))
    }
}

/// Whether what lies under this name is the program's own.
#[cfg(feature = "store")]
pub(crate) fn is_own(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| Places::look().has(&found))
}

/// Whether what lies under this name is a file that a database of this program lies in.
#[cfg(feature = "store")]
pub(crate) fn is_database(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| Places::of(|kind| kind == OwnKind::Database).has(&found))
}

/// What is wrong with a file that is the program's own.
pub(crate) fn refusal() -> io::Error {
    #[derive(Debug, thiserror::Error)]
    #[error("expected a log, found a file that this program writes itself")]
    struct Refusal;
    io::Error::other(Refusal)
}

#[cfg(all(test, feature = "store"))]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::present::open;
    use super::super::{InputProblem, expand};
    use super::*;

    #[test]
    fn own_files_are_found_by_whatever_name_and_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["t.db", "app.log"] {
            fs::write(path(name), "line\n").unwrap();
        }
        symlink(path("t.db"), path("app.log.1")).unwrap();
        fs::hard_link(path("t.db"), path("other.log")).unwrap();
        let own = OwnFiles::claim(OwnKind::Database, vec![path("t.db"), path("t.db-wal")]);
        fs::write(path("t.db-wal"), "line\n").unwrap();
        for name in ["t.db", "t.db-wal", "app.log.1", "other.log"] {
            assert!(is_own(&path(name)) && open(&path(name)).is_err(), "{name}");
        }
        assert!(open(&path("app.log")).is_ok());
        for argument in [folder.path().to_path_buf(), path("*")] {
            let found = expand(&[argument]);
            let files: Vec<&Path> =
                found.sources.iter().flat_map(|one| &one.files).map(|file| &*file.path).collect();
            assert_eq!((files, found.errors.len()), (vec![&*path("app.log")], 0));
        }
        let named = expand(&[path("t.db")]);
        assert!(named.sources.is_empty());
        assert!(matches!(named.errors[0].problem, InputProblem::Io { .. }), "{:?}", named.errors);
        let said = OwnFiles::claim(OwnKind::Lines, vec![path("app.log")]);
        assert!(
            is_own(&path("app.log")) && !is_database(&path("app.log")) && is_database(&path("other.log"))
        );
        drop((own, said));
        assert!(!is_own(&path("t.db")) && open(&path("other.log")).is_ok());
    }
}
