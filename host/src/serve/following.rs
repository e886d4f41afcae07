//! Files that are followed, as sources: what globs and folders name, whether or not it is there yet.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use tripline_engine::line::Block;

use super::Event;
use super::input::{Came, Input};
use super::passing::Ack;
use crate::check::Keeping;
use crate::commit::{StoreError, Tenant};
use crate::files::{InputProblem, Member, expand, name};
use crate::follow::{FollowNote, FollowSettings, Followed, From, Held, Listed, Moment, Withheld};

/// Files of one tenant that are followed in one way.
#[derive(Clone, Debug)]
pub struct Follow {
    /// Files, folders and globs.
    pub paths: Vec<PathBuf>,
    /// Whose lines they are.
    pub tenant: Tenant,
    /// How they are followed.
    pub settings: FollowSettings,
    /// Nanoseconds without a line after which a source is an incident of its own; `None`: it may be silent.
    pub silent_after: Option<i64>,
}

impl Follow {
    /// The families that are named. A name that is no glob is followed before it is there.
    pub(super) fn stems(&self, is_first: bool, tell: &(dyn Fn(Event) + Sync)) -> Vec<PathBuf> {
        let mut stems = Vec::new();
        for file in &self.paths {
            let is_glob = file.to_str().is_some_and(|text| text.contains(['*', '?', '[']));
            if !is_glob && !fs::metadata(file).is_ok_and(|found| found.is_dir()) {
                stems.push(stem(file));
                continue;
            }
            let inputs = expand(std::slice::from_ref(file));
            stems.extend(inputs.sources.iter().map(|source| source.stem().to_path_buf()));
            // A glob that names nothing yet is no error, and an error is told once.
            for error in inputs.errors.into_iter().filter(|_| is_first) {
                if !matches!(error.problem, InputProblem::NothingThere) {
                    tell(Event::Input(error));
                }
            }
        }
        stems.sort();
        stems.dedup();
        stems
    }

    /// Folders in which files may come that are named.
    pub(super) fn folders(&self) -> impl Iterator<Item = PathBuf> {
        self.paths.iter().filter_map(|path| {
            let folder = if path.is_dir() { path } else { path.parent()? };
            // Those that a glob names show with their first file.
            let is_glob = folder.to_str().is_some_and(|text| text.contains(['*', '?', '[']));
            (!is_glob).then(|| absolute(folder).ok()).flatten()
        })
    }

    /// Begins to follow a family; `is_first`: it was there when an entry of its tenant named it first.
    pub(super) fn open(
        &self,
        stem: PathBuf,
        (keeping, held): (Keeping, &Held),
        is_first: bool,
        listed: &mut Listed,
        now: i64,
    ) -> Result<Following, StoreError> {
        let (given, mut settings) = (self.settings.clone(), self.settings.clone());
        if !is_first {
            // It came while its entry was followed: all of it is new.
            settings.from = From::Start;
        }
        let called = name(&stem);
        let followed = Followed::open(stem, &keeping, settings, held, listed, now)?;
        Ok(Following { followed, keeping, name: called, given, paths: self.paths.clone(), now })
    }
}

/// The family's path, the same however it was named.
pub(super) fn stem(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.into());
    Member::of(&path).stem
}

/// A family that is followed.
pub(super) struct Following {
    followed: Followed,
    keeping: Keeping,
    name: String,
    /// How it was to be followed when it was opened, …
    given: FollowSettings,
    /// … and by what it was named.
    paths: Vec<PathBuf>,
    /// When it was read last.
    now: i64,
}

impl Following {
    /// The path that is followed.
    pub(super) fn stem(&self) -> &Path {
        self.followed.stem()
    }

    /// Whether that is how it is followed.
    pub(super) fn is_as(&self, one: &Follow) -> bool {
        *self.tenant() == one.tenant && self.given == one.settings
    }

    /// Whether this entry named it.
    pub(super) fn is_of(&self, one: &Follow) -> bool {
        *self.tenant() == one.tenant && self.paths == one.paths
    }

    /// Files that are open.
    pub(super) fn open_files(&self) -> usize {
        self.followed.open_files()
    }

    /// Looks whether files came, went or changed places.
    pub(super) fn look(&mut self, listed: &mut Listed, now: i64) -> Result<(), StoreError> {
        self.followed.look(&self.keeping, listed, now)
    }

    /// Reads on a file of its own that has another name now.
    pub(super) fn adopt(&mut self, path: PathBuf) {
        self.followed.adopt(path);
    }

    /// Another file has that name now.
    pub(super) fn disown(&mut self, path: &Path) {
        self.followed.disown(path);
    }

    /// Files that have come under its names, with the source that has read them before.
    pub(super) fn strangers(&mut self) -> Vec<(PathBuf, String)> {
        self.followed.strangers()
    }

    /// Reads such a file itself.
    pub(super) fn own(&mut self, path: PathBuf) {
        self.followed.own(path);
    }

    /// Files under its names that are another tenant's.
    pub(super) fn withheld(&self) -> &[Withheld] {
        self.followed.withheld()
    }

    /// Lets another tenant have a file that it reads, once what it has read is committed. `false`: the file still has a name
    /// of its own.
    pub(super) fn let_go(&mut self, place: (u64, u64)) -> Result<bool, StoreError> {
        Ok(!self.followed.holds(place) || self.followed.let_go(place, &self.keeping)?)
    }

    /// Whether nothing is left of it, and all that was is committed.
    pub(super) fn is_over(&mut self) -> Result<bool, StoreError> {
        self.followed.is_over(&self.keeping)
    }
}

impl Input for Following {
    fn tenant(&self) -> &Tenant {
        &self.keeping.tenant
    }

    fn number(&self) -> u32 {
        self.followed.number()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "file"
    }

    fn lag(&self) -> Option<u64> {
        Some(self.followed.lag())
    }

    fn read(&mut self, buffer: &mut [u8], now: i64) -> Result<Came, StoreError> {
        self.read_at(buffer, now, now)
    }

    fn read_at(&mut self, buffer: &mut [u8], now: i64, steady: i64) -> Result<Came, StoreError> {
        self.now = now;
        let moment = Moment { wall: now, steady };
        Ok(if self.followed.read(buffer, &self.keeping, moment)? { Came::More } else { Came::Nothing })
    }

    fn next_block(&mut self) -> Option<Block> {
        Some(Block { received: Some(self.now), ..self.followed.next_block()? })
    }

    fn acks(&mut self) -> Vec<Ack> {
        Vec::new()
    }

    fn notes(&mut self) -> Vec<FollowNote> {
        self.followed.notes()
    }
}
