//! What an operator should know of followed files; each thing is told once.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::mem::Discriminant;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::check::Change;
use crate::commit::Tenant;
use crate::files::{InputError, InputProblem};

/// What an operator should know of a followed file.
#[derive(Debug)]
pub enum FollowNote {
    /// It was cut or replaced, and nothing that was found has what was written before.
    Lost {
        /// Its path.
        path: PathBuf,
        /// What became of it.
        change: Change,
    },
    /// It was read for another tenant until now, and is read on from there.
    TakenOver {
        /// Its path.
        path: PathBuf,
        /// Whose it was.
        from: Tenant,
        /// Whose it is.
        tenant: Tenant,
    },
    /// It cannot be read; it is tried again, and told again when it is another file or for another reason.
    Unread(InputError),
}

/// Notes that wait to be told, and what was told of files that cannot be read.
#[derive(Default)]
pub(super) struct Notes {
    waiting: Vec<FollowNote>,
    unread: BTreeMap<PathBuf, Unread>,
}

/// What was told of a file that cannot be read.
struct Unread {
    told: (Option<Place>, Why),
    stamp: Option<Stamp>,
    /// It was looked at for its first bytes only.
    is_look: bool,
    /// It is worth a try though nothing of it has changed.
    is_passing: bool,
}

/// Device and inode.
type Place = (u64, u64);
type Why = (Discriminant<InputProblem>, Option<(ErrorKind, Option<i32>)>);

/// What changes when a file may be readable now: it is another, its content, or who may read it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    place: Place,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let found = fs::metadata(path).ok()?;
        Some(Stamp {
            place: (found.dev(), found.ino()),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

impl Notes {
    pub(super) fn lost(&mut self, path: PathBuf, change: Change) {
        self.waiting.push(FollowNote::Lost { path, change });
    }

    pub(super) fn taken(&mut self, path: PathBuf, from: Tenant, tenant: Tenant) {
        self.waiting.push(FollowNote::TakenOver { path, from, tenant });
    }

    /// A file could not be looked at.
    pub(super) fn unlooked(&mut self, path: PathBuf, problem: InputProblem) {
        let is_refused = |error: &std::io::Error| error.kind() == ErrorKind::PermissionDenied;
        let is_passing = matches!(&problem, InputProblem::Io { error, .. } if !is_refused(error));
        self.add(path, problem, true, is_passing);
    }

    /// A file could not be opened or read on. `is_passing`: it is tried again though nothing of it has changed.
    pub(super) fn unread(&mut self, path: PathBuf, problem: InputProblem, is_passing: bool) {
        self.add(path, problem, false, is_passing);
    }

    fn add(&mut self, path: PathBuf, problem: InputProblem, is_look: bool, is_passing: bool) {
        let stamp = Stamp::of(&path);
        let io = match &problem {
            InputProblem::Io { error, .. } => Some((error.kind(), error.raw_os_error())),
            _ => None,
        };
        // When it was written does not count: a log that nobody may read is written all day.
        let told = (stamp.map(|stamp| stamp.place), (std::mem::discriminant(&problem), io));
        let unread = Unread { told, stamp, is_look, is_passing };
        let before = self.unread.insert(path.clone(), unread);
        if before.is_none_or(|before| before.told != told) {
            self.waiting.push(FollowNote::Unread(InputError { path, problem }));
        }
    }

    /// Its first bytes could be looked at.
    pub(super) fn is_looked_at(&mut self, path: &Path) {
        if self.unread.get(path).is_some_and(|unread| unread.is_look) {
            self.unread.remove(path);
        }
    }

    /// It could be read.
    pub(super) fn is_read(&mut self, path: &Path) {
        if !self.unread.is_empty() {
            self.unread.remove(path);
        }
    }

    /// Whether it could not be read, and nothing of it has changed since.
    pub(super) fn is_left_alone(&self, path: &Path) -> bool {
        self.unread
            .get(path)
            .is_some_and(|unread| !unread.is_look && !unread.is_passing && unread.stamp == Stamp::of(path))
    }

    /// Whether something that could not be read is worth another try.
    pub(super) fn is_due(&self) -> bool {
        self.unread.iter().any(|(path, unread)| unread.is_passing || unread.stamp != Stamp::of(path))
    }

    /// What is not there any more was told for the last time.
    pub(super) fn forget_gone(&mut self) {
        self.unread.retain(|path, _| fs::symlink_metadata(path).is_ok());
    }

    /// What has happened since this was last asked.
    pub(super) fn take(&mut self) -> Vec<FollowNote> {
        std::mem::take(&mut self.waiting)
    }
}
