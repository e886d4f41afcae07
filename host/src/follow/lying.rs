//! The members of a family, as they lie there.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::held::Place;
use super::notes::Notes;
use crate::files::{InputProblem, Member, Present, is_being_packed};

/// A member of the family.
pub(super) struct Lying {
    pub(super) path: PathBuf,
    pub(super) present: Present,
    /// When it was last written.
    pub(super) modified: Option<i64>,
    /// Whether it has the family's name.
    pub(super) is_newest: bool,
}

/// Folders that were listed, each once: many families may lie in one.
#[derive(Default)]
pub(crate) struct Listed(HashMap<PathBuf, HashMap<PathBuf, Vec<Member>>>);

impl Listed {
    /// Files whose names belong to a family.
    pub(super) fn members(&mut self, stem: &Path) -> io::Result<Vec<Member>> {
        let folder = folder(stem);
        if !self.0.contains_key(folder) {
            let mut families: HashMap<PathBuf, Vec<Member>> = HashMap::new();
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                listed => Some(listed?),
            };
            for entry in entries.into_iter().flatten().filter_map(Result::ok) {
                let member = Member::of(&folder.join(entry.file_name()));
                families.entry(member.stem.clone()).or_default().push(member);
            }
            self.0.insert(folder.into(), families);
        }
        Ok(self.0.get(folder).and_then(|families| families.get(stem)).cloned().unwrap_or_default())
    }
}

/// What shows that a member is another, or has changed. The newest one changes all the time, and is read anyway.
#[derive(PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    place: Option<Place>,
    /// Its length, and when it changed.
    content: Option<(u64, i64, i64)>,
}

impl Entry {
    /// Device and inode.
    pub(super) fn place(&self) -> Option<Place> {
        self.place
    }

    /// Whether the same file has the same name.
    pub(super) fn lies_as(&self, other: &Entry) -> bool {
        (&self.path, self.place) == (&other.path, other.place)
    }
}

/// Members of a family, oldest first.
pub(super) fn members(
    stem: &Path,
    adopted: &BTreeSet<PathBuf>,
    notes: &mut Notes,
    listed: &mut Listed,
) -> Vec<Member> {
    notes.forget_gone();
    let folder = folder(stem);
    let mut members = match listed.members(stem) {
        Ok(members) => {
            notes.is_looked_at(folder);
            members
        }
        Err(error) => {
            // Who may not list a folder may still read what is in it.
            notes.unlooked(folder.into(), InputProblem::Io { doing: "read the folder", error });
            vec![Member::of(stem)]
        }
    };
    let there = adopted.iter().filter(|path| fs::symlink_metadata(path).is_ok());
    members.extend(there.map(|path| Member::adopted(stem, path)));
    members.sort();
    members.dedup_by(|packed, plain| packed.packs(plain) && is_being_packed(&plain.path, &packed.path));
    members
}

/// By what it shows that there is something new among them.
pub(super) fn entries(members: &[Member], stem: &Path) -> Vec<Entry> {
    let entry = |member: &Member| {
        let found = fs::metadata(&member.path).ok();
        Entry {
            path: member.path.clone(),
            place: found.as_ref().map(|found| (found.dev(), found.ino())),
            content: found
                .filter(|_| member.path != stem)
                .map(|found| (found.len(), found.ctime(), found.ctime_nsec())),
        }
    };
    members.iter().map(entry).collect()
}

/// Those of them that can be read.
pub(super) fn lying(members: Vec<Member>, stem: &Path, notes: &mut Notes) -> Vec<Lying> {
    let mut lying: Vec<Lying> =
        members.into_iter().filter_map(|member| look(member.path, stem, notes)).collect();
    // A link beside what it leads to is one file; the newest name counts.
    let mut places = BTreeSet::new();
    lying.reverse();
    lying.retain(|lying| places.insert((lying.present.device, lying.present.inode)));
    lying.reverse();
    lying
}

fn look(path: PathBuf, stem: &Path, notes: &mut Notes) -> Option<Lying> {
    match Present::look(&path) {
        Ok(Some(present)) => {
            notes.is_looked_at(&path);
            let modified = fs::metadata(&path).and_then(|found| found.modified()).ok();
            let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let modified = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
            let is_newest = path == stem;
            Some(Lying { path, present, modified, is_newest })
        }
        Ok(None) => {
            notes.unlooked(path, InputProblem::NotAFile);
            None
        }
        // It has gone since its folder was read, or is a link to what is not there yet.
        Err(InputProblem::Io { error, .. }) if error.kind() == ErrorKind::NotFound => None,
        Err(problem) => {
            notes.unlooked(path, problem);
            None
        }
    }
}

/// Where a family lies.
pub(super) fn folder(stem: &Path) -> &Path {
    stem.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
