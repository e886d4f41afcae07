//! The members of a family, as they lie there.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::notes::Notes;
use crate::files::{InputProblem, Member, Present, is_being_packed};

/// A member of the family.
pub(super) struct Lying {
    pub(super) path: PathBuf,
    pub(super) present: Present,
    /// When it was last written.
    pub(super) modified: Option<i64>,
}

/// Members of a family that can be read, oldest first.
pub(super) fn lying(stem: &Path, notes: &mut Notes) -> Vec<Lying> {
    notes.forget_gone();
    let folder = folder(stem);
    let paths: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => {
            notes.is_looked_at(folder);
            entries.filter_map(|entry| Some(folder.join(entry.ok()?.file_name()))).collect()
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            // Who may not list a folder may still read what is in it.
            notes.unlooked(folder.into(), InputProblem::Io { doing: "read the folder", error });
            vec![stem.into()]
        }
    };
    let members = paths.iter().map(|path| Member::of(path)).filter(|member| member.stem == stem);
    let mut members: Vec<Member> = members.collect();
    members.sort();
    members.dedup_by(|packed, plain| packed.packs(plain) && is_being_packed(&plain.path, &packed.path));
    let mut lying: Vec<Lying> = members.into_iter().filter_map(|member| look(member.path, notes)).collect();
    // A link beside what it leads to is one file; the newest name counts.
    let mut places = BTreeSet::new();
    lying.reverse();
    lying.retain(|lying| places.insert((lying.present.device, lying.present.inode)));
    lying.reverse();
    lying
}

fn look(path: PathBuf, notes: &mut Notes) -> Option<Lying> {
    match Present::look(&path) {
        Ok(Some(present)) => {
            notes.is_looked_at(&path);
            let modified = fs::metadata(&path).and_then(|found| found.modified()).ok();
            let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let modified = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
            Some(Lying { path, present, modified })
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
