//! One source that is followed: a rotation family of files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tripline_engine::line::Block;

use super::held::{Claim, Held, Place};
use super::lying::{Entry, Listed, entries, folder, members};
use super::notes::Notes;
use super::tail::{Came, End, TICK, Tail};
use super::taking::Withheld;
use super::{FollowNote, FollowSettings};
use crate::check::Keeping;
use crate::commit::{KnownFile, StoreError};
use crate::files::{InputProblem, name};

/// A family that is followed.
pub(crate) struct Followed {
    pub(super) stem: PathBuf,
    /// The source's number in the store.
    pub(super) number: u32,
    pub(super) settings: FollowSettings,
    /// Open files, oldest first.
    pub(super) tails: Vec<Tail>,
    /// How the folder was when it was looked at.
    pub(super) folder: Option<Folder>,
    /// Blocks of files that are closed.
    pub(super) ended: VecDeque<Block>,
    /// Files that are closed, until the store knows how far they were read.
    pub(super) closed: Vec<(KnownFile, Claim)>,
    /// The newest file that was read to its end when nobody could open it any more: what lies where it lay is no loss.
    pub(super) gone: Option<u32>,
    /// Where packed files ended that were read to their ends, by their seals.
    pub(super) ends: BTreeMap<u64, u64>,
    /// Which member was a copy of which file when they were looked at.
    pub(super) copies: BTreeMap<Place, u32>,
    pub(super) notes: Notes,
    /// Its members, as they were when they were looked at.
    pub(super) entries: Vec<Entry>,
    /// Members of which all was read and that are closed, with their lengths: who has one open may write to it again.
    pub(super) left: Vec<(PathBuf, u64)>,
    /// Its members by other names.
    pub(super) adopted: BTreeSet<PathBuf>,
    /// Files under its names that another source has read …
    pub(super) strangers: Vec<(PathBuf, String)>,
    /// … and such that it reads all the same, since that source is not followed.
    pub(super) own: BTreeSet<PathBuf>,
    /// Which files are read, by whatever source.
    pub(super) held: Held,
    /// Files under its names that are another tenant's.
    pub(super) withheld: Vec<Withheld>,
    /// So often in a row it moved while it was looked at.
    pub(super) put_off: u32,
    /// When bytes came last, nanoseconds since 1970.
    came: Option<i64>,
}

/// What time it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Nanoseconds since 1970, by a clock that may be set.
    pub(crate) wall: i64,
    /// Nanoseconds by a clock that nobody sets.
    pub(crate) steady: i64,
}

/// When a folder had changed last, and who may read it: seconds and nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Folder {
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Folder {
    fn look(path: &Path) -> Option<Folder> {
        let found = fs::metadata(path).ok()?;
        let (modified, changed) = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
        Some(Folder { modified, changed })
    }

    /// Whether it changed just now: what changes it again may bear the same time.
    fn is_fresh(&self, now: i64) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
        now.saturating_sub(changed).saturating_abs() < TICK
    }
}

impl Followed {
    /// Begins to follow the family of this path; it need not be there yet.
    pub(crate) fn open(
        stem: PathBuf,
        keeping: &Keeping,
        settings: FollowSettings,
        held: &Held,
        listed: &mut Listed,
        now: i64,
    ) -> Result<Followed, StoreError> {
        let number = keeping.store.source(&keeping.tenant, &name(&stem))?.number;
        let mut followed = Followed {
            stem,
            number,
            settings,
            tails: Vec::new(),
            folder: None,
            ended: VecDeque::new(),
            closed: Vec::new(),
            gone: None,
            ends: BTreeMap::new(),
            copies: BTreeMap::new(),
            notes: Notes::default(),
            entries: Vec::new(),
            left: Vec::new(),
            adopted: BTreeSet::new(),
            strangers: Vec::new(),
            own: BTreeSet::new(),
            held: held.clone(),
            withheld: Vec::new(),
            put_off: 0,
            came: None,
        };
        followed.inherit(keeping)?;
        let known = keeping.store.source(&keeping.tenant, &name(&followed.stem))?;
        if known.files.iter().all(|file| file.position.is_none()) {
            followed.begin(&known, keeping, listed)?;
        }
        followed.family(keeping, listed, now)?;
        Ok(followed)
    }

    /// The source's number in the store.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The path that is followed.
    pub(crate) fn stem(&self) -> &Path {
        &self.stem
    }

    /// Files that are open.
    pub(crate) fn open_files(&self) -> usize {
        self.tails.len()
    }

    /// Bytes on disk that are not read yet, of open files that are not packed.
    pub(crate) fn lag(&self) -> u64 {
        self.tails.iter().map(Tail::unread).sum()
    }

    /// When bytes came last, nanoseconds since 1970; `None`: none came since it is followed.
    #[cfg(test)]
    pub(super) fn silent_since(&self) -> Option<i64> {
        self.came
    }

    /// Whether this file is open, and was not cut since.
    #[cfg(test)]
    pub(super) fn has_open(&self, device: u64, inode: u64) -> bool {
        self.tails.iter().any(|tail| tail.is_at(device, inode) && tail.is_cut().is_ok_and(|cut| !cut))
    }

    /// A file that has come under a name of another source, and was read by this one before.
    pub(crate) fn adopt(&mut self, path: PathBuf) {
        self.adopted.insert(path);
        self.folder = None;
    }

    /// Another file lies there now.
    pub(crate) fn disown(&mut self, path: &Path) {
        if self.adopted.remove(path) {
            self.folder = None;
        }
    }

    /// Files under its names that another source has read before, with that source's name: they are that one's.
    pub(crate) fn strangers(&mut self) -> Vec<(PathBuf, String)> {
        std::mem::take(&mut self.strangers)
    }

    /// It reads such a file itself.
    pub(crate) fn own(&mut self, path: PathBuf) {
        self.own.insert(path);
        self.folder = None;
    }

    /// Whether nothing is left of it, and the store knows how far it was read.
    pub(crate) fn is_over(&mut self, keeping: &Keeping) -> Result<bool, StoreError> {
        if !self.tails.is_empty() || !self.ended.is_empty() || !self.entries.is_empty() {
            return Ok(false);
        }
        self.known(keeping)?;
        Ok(self.closed.is_empty())
    }

    /// Looks whether another file has come under the name.
    pub(crate) fn look(
        &mut self,
        keeping: &Keeping,
        listed: &mut Listed,
        now: i64,
    ) -> Result<(), StoreError> {
        let folder = Folder::look(folder(&self.stem));
        let is_same = folder.is_some_and(|folder| self.folder == Some(folder) && !folder.is_fresh(now));
        let is_due = self.folder.is_none()
            || self.notes.is_due()
            || self.has_grown()
            || self.is_given(&keeping.tenant);
        self.folder = folder;
        if is_due || folder.is_none() {
            return self.family(keeping, listed, now);
        }
        // A file that was copied, cut and written to between two looks shows only there; but most of what changes a folder
        // is of other families.
        if !is_same {
            let members = members(&self.stem, &self.adopted, &mut self.notes, listed);
            if entries(&members, &self.stem) != self.entries {
                return self.family(keeping, listed, now);
            }
        }
        let there = fs::metadata(&self.stem).ok().filter(fs::Metadata::is_file);
        let newest = self.tails.iter().position(|tail| !tail.is_old);
        match (there, newest) {
            (Some(there), Some(at)) if self.tails[at].is_at(there.dev(), there.ino()) => Ok(()),
            (None, None) => Ok(()),
            (None, Some(at)) => {
                // It comes back, or its last bytes are still to be read.
                self.tails[at].is_old = true;
                Ok(())
            }
            (Some(_), _) => self.family(keeping, listed, now),
        }
    }

    /// Whether somebody has written to a file that is closed.
    fn has_grown(&self) -> bool {
        let is_other = |(path, length): &(PathBuf, u64)| {
            fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() != *length)
        };
        self.left.iter().any(is_other)
    }

    /// Reads what has come, at most the buffer full; answers whether there may be more.
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        keeping: &Keeping,
        moment: Moment,
    ) -> Result<bool, StoreError> {
        let Moment { wall: now, steady } = moment;
        let mut at = 0;
        while let Some(tail) = self.tails.get_mut(at) {
            // It may not have been taken when it was told.
            know(tail, self.number, keeping)?;
            // A clock that is set closes no file early.
            let silence = steady - *tail.came.get_or_insert(steady);
            match tail.read(buffer, now) {
                Ok(Came::Bytes(count)) => {
                    (tail.came, tail.is_quiet) = (Some(steady), false);
                    if count > 0 {
                        self.came = Some(now);
                    }
                    // What comes now may be of now.
                    tail.lines.set_reference(Some(now));
                    tail.learn();
                    know(tail, self.number, keeping)?;
                    // Older files first.
                    return Ok(true);
                }
                Ok(Came::Nothing) if tail.is_old && silence >= self.settings.linger => {
                    if tail.is_nameless() {
                        self.gone = self.gone.max(Some(tail.number()));
                    }
                    self.end(at, End::Whole);
                }
                Ok(Came::Nothing) => {
                    self.notes.is_read(tail.known_path());
                    tail.lines.settle();
                    if !tail.is_quiet && silence >= self.settings.quiet {
                        tail.lines.quiet();
                        tail.is_quiet = true;
                    }
                    at += 1;
                }
                Ok(Came::End) => {
                    self.notes.is_read(tail.known_path());
                    self.end(at, End::Whole);
                }
                Ok(Came::Cut) => {
                    self.family(keeping, &mut Listed::default(), now)?;
                    // What moves too fast is looked at later, and not at once again.
                    return Ok(self.put_off == 0);
                }
                // Its folder has changed: it is looked for under another name.
                Err(InputProblem::Moved) => self.end(at, End::Broken),
                Err(InputProblem::Io { error, .. })
                    if tail.is_packed() && error.kind() == ErrorKind::NotFound =>
                {
                    self.end(at, End::Broken);
                }
                Err(problem) => {
                    // What is packed is unpacked from its start each time: only if it has changed.
                    let (path, is_passing) = (tail.path(), !tail.is_packed());
                    self.notes.unread(path, problem, is_passing);
                    self.end(at, End::Broken);
                }
            }
        }
        Ok(false)
    }

    /// The next block of whole lines.
    pub(crate) fn next_block(&mut self) -> Option<Block> {
        let mut known = self.tails.iter_mut().filter(|tail| tail.is_known);
        self.ended.pop_front().or_else(|| known.find_map(Tail::next_block))
    }

    /// What has happened since this was last asked.
    pub(crate) fn notes(&mut self) -> Vec<FollowNote> {
        self.notes.take()
    }

    /// No more is read of this file.
    fn end(&mut self, at: usize, end: End) {
        let tail = self.tails.remove(at);
        if !tail.is_packed() {
            // Another file that began alike was taken for it while it was open.
            self.folder = None;
        }
        self.close(tail, end);
    }

    /// What has come of a file comes out, and how far that is is remembered until the store knows: the file may be found
    /// again before, renamed or packed.
    pub(super) fn close(&mut self, tail: Tail, end: End) {
        let (known, blocks, claim) = tail.end(end);
        if let (End::Whole, Some(seal), Some(position)) = (end, known.identity.seal, &known.position) {
            self.ends.insert(seal, position.offset);
        }
        self.ended.extend(blocks);
        self.closed.retain(|(closed, _)| closed.number != known.number);
        self.closed.push((known, claim));
    }
}

/// Has the store know a file by what it begins with, before a position behind that is kept: else nobody knew whose it is.
pub(super) fn know(tail: &mut Tail, source: u32, keeping: &Keeping) -> Result<(), StoreError> {
    if !tail.is_known {
        let known = tail.known();
        keeping.store.file(&keeping.tenant, source, Some(known.number), &known.identity, &known.path)?;
        tail.is_known = true;
    }
    Ok(())
}
