//! One source that is followed: a rotation family of files.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tripline_engine::line::{Block, LineSettings, Mark};

use super::tail::{Came, Tail};
use crate::check::{Change, Keeping, identify, mark};
use crate::commit::{FilePosition, KnownFile, KnownSource, StoreError};
use crate::files::{
    Begin, File, Found, InputError, InputProblem, Member, Present, Source, is_being_packed, recognise,
};

/// Where a source begins that was never followed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At its oldest file's first line.
    Start,
    /// Behind what is there already.
    End,
}

/// How files are followed.
#[derive(Clone, Debug)]
pub struct FollowSettings {
    /// How bytes become lines; where times without a year belong follows from the files.
    pub lines: LineSettings,
    /// Where a new source begins.
    pub from: From,
    /// Nanoseconds without a further line after which an event is over, that a further line might have joined. 1 s.
    pub quiet: i64,
    /// Nanoseconds for which a renamed or deleted file stays open after its last bytes: its writer may not know yet
    /// that it was rotated. 60 s.
    pub linger: i64,
}

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
    /// It cannot be read; it is tried again when it changes.
    Unread(InputError),
}

/// A family that is followed.
pub(crate) struct Followed {
    stem: PathBuf,
    /// The source's number in the store.
    number: u32,
    settings: FollowSettings,
    /// Open files, oldest first.
    tails: Vec<Tail>,
    /// When the folder had changed last as it was looked at: seconds and nanoseconds.
    folder: Option<(i64, i64)>,
    /// Blocks of files that are closed.
    ended: VecDeque<Block>,
    notes: Vec<FollowNote>,
}

/// A member of the family, as it lies there.
struct Lying {
    path: PathBuf,
    present: Present,
    /// When it was last written.
    modified: Option<i64>,
}

impl Followed {
    /// Begins to follow the family of this path; it need not be there yet.
    pub(crate) fn open(
        stem: PathBuf,
        keeping: &Keeping,
        settings: FollowSettings,
        now: i64,
    ) -> Result<Followed, StoreError> {
        let known = keeping.store.source(&keeping.tenant, &stem.to_string_lossy())?;
        let (tails, ended, notes) = (Vec::new(), VecDeque::new(), Vec::new());
        let is_new = known.files.is_empty();
        let (number, folder) = (known.number, None);
        let mut followed = Followed { stem, number, settings, tails, folder, ended, notes };
        if is_new && followed.settings.from == From::End {
            followed.pass(&known, keeping)?;
        }
        followed.family(keeping, now)?;
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

    /// Looks whether another file has come under the name.
    pub(crate) fn look(&mut self, keeping: &Keeping, now: i64) -> Result<(), StoreError> {
        // A file that was copied, cut and written to between two looks shows only there.
        let folder = fs::metadata(folder(&self.stem)).ok().map(|found| (found.mtime(), found.mtime_nsec()));
        let is_same = folder.is_some() && folder == self.folder;
        self.folder = folder;
        let there = fs::metadata(&self.stem).ok().filter(fs::Metadata::is_file);
        let newest = self.tails.iter().position(|tail| !tail.is_old);
        match (there, newest) {
            _ if !is_same => self.family(keeping, now),
            (Some(there), Some(at)) if self.tails[at].is_at(there.dev(), there.ino()) => Ok(()),
            (None, None) => Ok(()),
            (None, Some(at)) => {
                // It comes back, or its last bytes are still to be read.
                self.tails[at].is_old = true;
                Ok(())
            }
            (Some(_), _) => self.family(keeping, now),
        }
    }

    /// Reads what has come, at most the buffer full; answers whether there may be more.
    pub(crate) fn read(
        &mut self,
        buffer: &mut [u8],
        keeping: &Keeping,
        now: i64,
    ) -> Result<bool, StoreError> {
        let mut at = 0;
        while let Some(tail) = self.tails.get_mut(at) {
            match tail.read(buffer) {
                Ok(Came::Bytes(_)) => {
                    (tail.came, tail.is_quiet) = (now, false);
                    // What comes now may be of now.
                    tail.lines.set_reference(Some(now));
                    // Before a position behind these bytes is kept: else nobody knew whose it is.
                    know(tail, self.number, keeping)?;
                    // Older files first.
                    return Ok(true);
                }
                Ok(Came::Nothing) if tail.is_old && now - tail.came >= self.settings.linger => self.end(at),
                Ok(Came::Nothing) => {
                    tail.lines.settle();
                    if !tail.is_quiet && now - tail.came >= self.settings.quiet {
                        tail.lines.quiet();
                        tail.is_quiet = true;
                    }
                    at += 1;
                }
                Ok(Came::End) => self.end(at),
                Ok(Came::Cut) => {
                    self.family(keeping, now)?;
                    return Ok(true);
                }
                Err(error) => {
                    let path = tail.path();
                    self.unread(path, InputProblem::Io { doing: "read on", error });
                    self.end(at);
                }
            }
        }
        Ok(false)
    }

    /// The next block of whole lines.
    pub(crate) fn next_block(&mut self) -> Option<Block> {
        self.ended.pop_front().or_else(|| self.tails.iter_mut().find_map(|tail| tail.lines.next_block()))
    }

    /// What has happened since this was last asked.
    pub(crate) fn notes(&mut self) -> Vec<FollowNote> {
        std::mem::take(&mut self.notes)
    }

    /// No more comes of this file: its last line is whole.
    fn end(&mut self, at: usize) {
        let mut tail = self.tails.remove(at);
        tail.lines.end_of_file();
        self.ended.extend(std::iter::from_fn(|| tail.lines.next_block()));
    }

    /// Opens what is there of the family and not open yet, oldest first. Of a file that was cut, a copy is read on where
    /// that was.
    fn family(&mut self, keeping: &Keeping, now: i64) -> Result<(), StoreError> {
        let opened = self.reopen(keeping, now);
        if opened.is_err() {
            // What is not open now is opened at the next look.
            self.folder = None;
        }
        opened
    }

    fn reopen(&mut self, keeping: &Keeping, now: i64) -> Result<(), StoreError> {
        // What cannot be looked at now is told when it is read.
        let cut: Vec<Tail> = self.tails.extract_if(.., |tail| tail.is_cut().unwrap_or(false)).collect();
        for tail in &mut self.tails {
            know(tail, self.number, keeping)?;
        }
        let lying = self.lying();
        let present: Vec<&Present> = lying.iter().map(|lying| &lying.present).collect();
        let mut known = keeping.store.source(&keeping.tenant, &self.stem.to_string_lossy())?;
        for tail in self.tails.iter().chain(&cut) {
            // What is open was read further than the store knows.
            if let Some(file) = known.files.iter_mut().find(|file| file.number == tail.number()) {
                *file = tail.known();
            }
        }
        let found = recognise(&present, &known.files);
        for mut cut in cut {
            if found.iter().any(|found| found.is(cut.number())) {
                continue;
            }
            self.notes.push(FollowNote::Lost { path: cut.path(), change: Change::Cut });
            cut.lines.end_of_file();
            self.ended.extend(std::iter::from_fn(|| cut.lines.next_block()));
        }
        let mut open = Vec::new();
        for tail in &mut self.tails {
            tail.is_old = true;
        }
        let mut done: Option<FilePosition> = None;
        for (lying, found) in lying.iter().zip(&found) {
            if *found == Found::Copy {
                // It is looked at again when the original is cut, or the folder changes.
                continue;
            }
            let position = match found {
                Found::Known(file) => file.position.clone(),
                _ => None,
            };
            let is_newest = lying.path == self.stem;
            let at = |tail: &Tail| tail.is_at(lying.present.device, lying.present.inode);
            let there = self.tails.iter().position(at);
            // What is open is read to its end, also if it was packed meanwhile; and what is packed is open but once.
            let same = || self.tails.iter().position(|tail| found.is(tail.number()));
            if let Some(at) = there.or_else(same) {
                let mut tail = self.tails.remove(at);
                // A packed file that was renamed is opened again, at its mark.
                if there.is_some() || !tail.is_moved(&lying.path) {
                    tail.is_old = there.is_none() || !is_newest;
                    open.push(tail);
                    continue;
                }
            }
            let is_done = position.as_ref().is_some_and(|position| lying.present.ends_at(position.offset));
            let is_fresh = lying.modified.is_some_and(|modified| now - modified < self.settings.linger);
            if is_done && !is_newest && !is_fresh {
                done = position;
                continue;
            }
            open.extend(self.tail(lying, found, done.as_ref(), &known, keeping, now)?);
        }
        // What is left has no name any more.
        open.splice(0..0, self.tails.drain(..));
        self.tails = open;
        Ok(())
    }

    /// Opens a member.
    fn tail(
        &mut self,
        lying: &Lying,
        found: &Found<'_>,
        done: Option<&FilePosition>,
        known: &KnownSource,
        keeping: &Keeping,
        now: i64,
    ) -> Result<Option<Tail>, StoreError> {
        let Lying { path, present, modified } = lying;
        let name = path.to_string_lossy();
        let number = identify(keeping, known, present, found, &name)?;
        let position = match found {
            Found::Known(file) => file.position.as_ref(),
            _ => None,
        };
        let begin = Mark { file: number, ..mark(0, position, done, known) };
        let source = keeping.store.source(&keeping.tenant, &self.stem.to_string_lossy())?;
        let Some(file) = source.files.into_iter().find(|file| file.number == number) else { return Ok(None) };
        let is_newest = *path == self.stem;
        let reference = if is_newest { Some(now) } else { *modified };
        let lines = LineSettings { reference, ..self.settings.lines.clone() };
        let opened = if present.is_packed() {
            Ok(Tail::packed(self.packed(lying, begin), file, begin, lines, now))
        } else {
            Tail::plain(KnownFile { position: None, ..file }, begin, lines, now)
        };
        match opened {
            Ok(mut tail) => {
                tail.is_old = !is_newest;
                Ok(Some(tail))
            }
            Err(error) => {
                self.unread(path.clone(), InputProblem::Io { doing: "open it", error });
                Ok(None)
            }
        }
    }

    /// A packed member as a source of its own.
    fn packed(&self, lying: &Lying, begin: Mark) -> Source {
        let place = Some((lying.present.device, lying.present.inode));
        let begin = Begin { mark: Some(begin), done: false, place };
        let file = File { path: lying.path.clone(), bytes: 0, modified: lying.modified, begin };
        Source { stem: self.stem.clone(), files: vec![file] }
    }

    /// Goes over what is there already.
    fn pass(&mut self, known: &KnownSource, keeping: &Keeping) -> Result<(), StoreError> {
        let mut positions = Vec::new();
        for Lying { path, present, .. } in self.lying() {
            let file = identify(keeping, known, &present, &Found::New, &path.to_string_lossy())?;
            let (offset, line) = match end_of_lines(&path, &present) {
                Ok(end) => end,
                Err(error) => {
                    self.unread(path, InputProblem::Io { doing: "read it", error });
                    continue;
                }
            };
            let (format, year, latest) = (None, None, None);
            positions.push(FilePosition { file, offset, line, judged: offset, format, year, latest });
        }
        let commit = crate::commit::Commit { positions, ..Default::default() };
        keeping.store.commit(&keeping.tenant, commit)?;
        Ok(())
    }

    /// Members of the family that can be read, oldest first.
    fn lying(&mut self) -> Vec<Lying> {
        let folder =
            self.stem.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let paths = entries.filter_map(|entry| Some(folder.join(entry.ok()?.file_name())));
        let mut members: Vec<Member> =
            paths.map(|path| Member::of(&path)).filter(|member| member.stem == self.stem).collect();
        members.sort();
        members.dedup_by(|packed, plain| packed.packs(plain) && is_being_packed(&plain.path, &packed.path));
        let mut lying = Vec::new();
        for Member { path, .. } in members {
            match Present::look(&path) {
                Ok(Some(present)) => {
                    let modified = fs::metadata(&path).and_then(|found| found.modified()).ok();
                    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                    let modified = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
                    lying.push(Lying { path, present, modified });
                }
                Ok(None) => self.unread(path, InputProblem::NotAFile),
                Err(problem) => self.unread(path, problem),
            }
        }
        lying
    }

    fn unread(&mut self, path: PathBuf, problem: InputProblem) {
        self.notes.push(FollowNote::Unread(InputError { path, problem }));
    }
}

/// Has the store know a file by a longer head, if it has grown since it was looked at.
fn know(tail: &mut Tail, source: u32, keeping: &Keeping) -> Result<(), StoreError> {
    // What cannot be read now is told when it is read.
    if let Ok(Some(identity)) = tail.longer() {
        let (path, number) = (tail.path(), Some(tail.number()));
        keeping.store.file(&keeping.tenant, source, number, &identity, &path.to_string_lossy())?;
        tail.is_known_by(identity);
    }
    Ok(())
}

/// Where a family lies.
fn folder(stem: &Path) -> &Path {
    stem.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where the last whole line of a file ends, and the number of the next.
fn end_of_lines(path: &Path, present: &Present) -> io::Result<(u64, u64)> {
    if let Some(bytes) = present.packed_bytes() {
        return Ok((bytes, 1));
    }
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    let (mut read, mut end, mut line) = (0_u64, 0, 1);
    loop {
        let count = io::Read::read(&mut file, &mut buffer)?;
        if count == 0 {
            return Ok((end, line));
        }
        let piece = &buffer[..count];
        line += memchr::memchr_iter(b'\n', piece).count() as u64;
        if let Some(last) = memchr::memrchr(b'\n', piece) {
            end = read + last as u64 + 1;
        }
        read += count as u64;
    }
}
