//! Families of files that are followed: those that came, went, or have another name now.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::mem::{replace, take};
use std::path::{Path, PathBuf};

use super::Event;
use super::feed::{Feed, Halt};
use super::following::{Follow, Following, stem};
use super::input::Input;
use super::naming::{self, Named};
use super::passing::What;
use super::place::Place;
use super::shared::Shared;
use super::silence::{self, Entries, silent};
use crate::commit::{StoreError, Tenant};
use crate::files::{OwnFiles, OwnKind, is_own, name};
use crate::follow::{Held, Listed, Withheld, lies_at, owner};

/// So many sources are opened in a round at most: whoever has more to bring does not wait for thousands of them.
const OPENS: usize = 16;
/// How often it is looked for files that came, went or changed places; nanoseconds.
const LOOK: i64 = 500_000_000;

/// Followed files, each family a source.
pub(super) struct Families {
    /// What the server writes itself, by family, …
    own: Vec<PathBuf>,
    /// … and by where it lies, …
    _own: OwnFiles,
    /// … and what of it was named, which is told once.
    told: HashSet<PathBuf>,
    /// Files that several tenants' entries name.
    disputed: HashSet<PathBuf>,
    /// Files that may be open at once, …
    most_files: usize,
    /// … and how many are named beyond that.
    left_out: usize,
    /// Entries that name nothing.
    entries: Entries,
    /// Families that are to be opened, with their entry; …
    opening: VecDeque<(PathBuf, usize)>,
    /// … of them those that were there when an entry of their tenant named them first, …
    first: HashSet<PathBuf>,
    /// The entries by which it was looked last …
    entries_before: Vec<Follow>,
    /// … and whether those now may be others.
    is_changed: bool,
    /// … and those that have waited for the source that has read them before.
    deferred: HashSet<PathBuf>,
    /// Names under which another source's file lies, and which that is.
    adopted: HashMap<PathBuf, Option<(u64, u64)>>,
    files: Vec<Place<Following>>,
    /// Which files are read, and for whom, …
    held: Held,
    /// … and those under names of one tenant's that are another one's.
    linked: HashSet<PathBuf>,
    looked: Option<i64>,
}

impl Families {
    /// None yet; what the server writes itself is never one.
    pub(super) fn new(own: Vec<PathBuf>, most_files: usize) -> Families {
        Families {
            own: own.iter().map(|path| stem(path)).collect(),
            _own: OwnFiles::claim(OwnKind::Lines, own),
            told: HashSet::new(),
            disputed: HashSet::new(),
            most_files,
            left_out: 0,
            entries: Entries::default(),
            opening: VecDeque::new(),
            first: HashSet::new(),
            entries_before: Vec::new(),
            is_changed: true,
            deferred: HashSet::new(),
            adopted: HashMap::new(),
            files: Vec::new(),
            held: Held::default(),
            linked: HashSet::new(),
            looked: None,
        }
    }

    /// Those that are open.
    pub(super) fn files(&mut self) -> &mut [Place<Following>] {
        &mut self.files
    }

    /// Whose each is, and when all that had come was read.
    pub(super) fn caught(&self) -> impl Iterator<Item = (&Tenant, i64)> {
        self.files.iter().map(|place| (place.input.tenant(), place.caught))
    }

    /// Folders in which they lie, or may come.
    pub(super) fn folders(&self, follow: &[Follow]) -> BTreeSet<PathBuf> {
        let stems = self.files.iter().filter_map(|place| place.input.stem().parent().map(Path::to_path_buf));
        stems.chain(follow.iter().flat_map(Follow::folders)).collect()
    }

    /// Looks what has become of them, if it is time for that; whether it was.
    pub(super) fn look_at(
        &mut self,
        follow: &[Follow],
        now: i64,
        feed: &mut Feed<'_>,
        shared: &Shared<'_>,
    ) -> Result<bool, Halt> {
        let is_due = self.looked.is_none_or(|looked| (now - looked).abs() >= LOOK);
        if is_due {
            self.look(follow, now, feed, shared)?;
            self.looked = Some(now);
        }
        Ok(is_due)
    }

    /// Closes what is followed no longer, or in another way; what of it was read is committed, and read on from there.
    pub(super) fn keep(&mut self, follow: &[Follow], shared: &Shared<'_>) {
        let Named { families, disputed } = Named::look(follow, false, shared.tell);
        let named: HashMap<PathBuf, &Follow> = families.into_iter().collect();
        // Its entries are of the configuration before.
        self.opening.clear();
        self.is_changed = true;
        self.files.retain_mut(|Place { input, silent_after, .. }| match named.get(input.stem()) {
            Some(one) => {
                *silent_after = one.silent_after;
                input.is_as(one)
            }
            None if disputed.contains_key(input.stem()) => false,
            // What a glob named is followed on though its name is not there now.
            None => !input.stem().exists() && follow.iter().any(|one| input.is_as(one)),
        });
        let followed: HashSet<(&Tenant, &str)> =
            self.files.iter().map(|place| (place.input.tenant(), place.input.name())).collect();
        for source in shared.health.sources(None).iter().filter(|source| source.kind == "file") {
            if !followed.contains(&(&source.tenant, &*source.name)) {
                shared.health.source_ended(&source.tenant, &source.name);
            }
        }
    }

    /// Files that came, went or changed places.
    fn look(
        &mut self,
        follow: &[Follow],
        now: i64,
        feed: &mut Feed<'_>,
        shared: &Shared<'_>,
    ) -> Result<(), Halt> {
        let mut listed = Listed::default();
        for place in &mut self.files {
            if shared.control.is_stopping() || shared.control.is_changing() {
                return Ok(());
            }
            place.input.look(&mut listed, now)?;
        }
        self.hand_over(now, feed, shared)?;
        self.adopt_strangers();
        let Named { families, disputed } = Named::look(follow, self.looked.is_none(), shared.tell);
        let named = families.iter().map(|(stem, one)| (one.tenant.clone(), name(stem)));
        self.held.name(named.collect());
        self.disputed.retain(|stem| disputed.contains_key(stem));
        for (stem, tenants) in disputed {
            if self.disputed.insert(stem.clone()) {
                for tenant in &tenants {
                    feed.send(tenant, What::Decision(Box::new(naming::disputed(&stem, now))))?;
                }
                // Another one may have been named by now which was one tenant's before.
                self.files.retain(|place| place.input.stem() != stem);
                shared.tell(Event::Disputed(stem, tenants.into_iter().collect()));
            }
        }
        self.end_nameless(&families, shared)?;
        let followed: HashSet<&Path> = self.files.iter().map(|place| place.input.stem()).collect();
        let fresh = families.into_iter().filter(|(stem, _)| !followed.contains(&**stem)).collect::<Vec<_>>();
        self.opening.clear();
        let first = if self.is_changed { self.named_first(&fresh, shared) } else { HashSet::new() };
        for (stem, one) in fresh {
            if self.own.contains(&stem) || is_own(&stem) {
                if self.told.insert(stem.clone()) {
                    shared.tell(Event::Own(stem));
                }
                continue;
            }
            if let Some(place) = self.adopted.get(&stem) {
                if *place == lies_at(&stem) {
                    continue;
                }
                self.adopted.remove(&stem);
                self.files.iter_mut().for_each(|place| place.input.disown(&stem));
            }
            if first.contains(&stem) {
                self.first.insert(stem.clone());
            }
            let entry = follow.iter().position(|other| std::ptr::eq(other, one));
            self.opening.extend(entry.map(|entry| (stem, entry)));
        }
        // Of a file and a link to it, the file comes first.
        self.opening.make_contiguous().sort_by_key(|(stem, _)| stem.is_symlink());
        if take(&mut self.is_changed) {
            self.entries_before = follow.to_vec();
        }
        let files = &self.files;
        let is_empty = |one: &Follow| !files.iter().any(|place| place.input.is_of(one));
        for (one, silence) in self.entries.missed(follow, shared.clock.steady(), is_empty) {
            let decision = silent(&silence::name(one), silence, now);
            feed.send(&one.tenant, What::Decision(Box::new(decision)))?;
        }
        Ok(())
    }

    /// Families that no entry of the same tenant named before this configuration: what lies there did not come while it was
    /// followed.
    fn named_first(&self, fresh: &[(PathBuf, &Follow)], shared: &Shared<'_>) -> HashSet<PathBuf> {
        // After those now: what comes in between is named by both.
        let Named { families, .. } = Named::look(&self.entries_before, false, shared.tell);
        let before: HashSet<(&Tenant, &Path)> =
            families.iter().map(|(stem, one)| (&one.tenant, &**stem)).collect();
        let first = fresh.iter().filter(|(stem, one)| !before.contains(&(&one.tenant, &**stem)));
        first.map(|(stem, _)| stem.clone()).collect()
    }

    /// Files that have come under a name of another tenant's entry are let go by who reads them. One that still has a name of
    /// its own stays with its tenant: whoever may make a link must not have another's lines, nor switch them off.
    fn hand_over(&mut self, now: i64, feed: &mut Feed<'_>, shared: &Shared<'_>) -> Result<(), Halt> {
        let with = |place: &Place<Following>| (place.input.tenant().clone(), place.input.withheld().to_vec());
        let wanted = self.files.iter().map(with).filter(|(_, withheld)| !withheld.is_empty());
        let mut linked = HashSet::new();
        for (tenant, withheld) in wanted.collect::<Vec<_>>() {
            for Withheld { path, place, tenant: owner, named } in withheld {
                let mut is_given = named.is_none();
                for other in self.files.iter_mut().filter(|other| *other.input.tenant() == owner) {
                    is_given &= other.input.let_go(place)?;
                }
                if is_given {
                    continue;
                }
                if !self.linked.contains(&path) {
                    feed.send(&tenant, What::Decision(Box::new(naming::disputed(&path, now))))?;
                    shared.tell(Event::Linked(path.clone(), tenant.clone(), owner));
                }
                linked.insert(path);
            }
        }
        self.linked = linked;
        Ok(())
    }

    /// Opens some of the families that are to be opened; whether there are more.
    pub(super) fn open(
        &mut self,
        follow: &[Follow],
        now: i64,
        shared: &Shared<'_>,
    ) -> Result<bool, StoreError> {
        let mut listed = Listed::default();
        for _ in 0..OPENS {
            let Some((stem, entry)) = self.opening.front().cloned() else {
                self.left_out = 0;
                return Ok(false);
            };
            if shared.control.is_stopping() || shared.control.is_changing() {
                return Ok(false);
            }
            if self.open_files() >= self.most_files {
                let left_out = take(&mut self.opening).len();
                if replace(&mut self.left_out, left_out) < left_out {
                    shared.tell(Event::Crowded(self.open_files(), left_out));
                }
                return Ok(false);
            }
            if let Some(one) = follow.get(entry) {
                self.open_one(&stem, one, &mut listed, now, shared)?;
            }
            // Whoever waits for another has gone to the end.
            self.opening.pop_front();
        }
        Ok(!self.opening.is_empty())
    }

    /// Opens a family, unless its file was read by another source of the tenant before: it has only another name, and its
    /// lines would count twice.
    fn open_one(
        &mut self,
        stem: &Path,
        one: &Follow,
        listed: &mut Listed,
        now: i64,
        shared: &Shared<'_>,
    ) -> Result<(), StoreError> {
        let keeping = shared.keeping(&one.tenant);
        if let Some(owner) = owner(stem, &keeping)? {
            let path = PathBuf::from(&owner);
            let waits = self.opening.iter().any(|(other, _)| *other == path);
            if waits && self.deferred.insert(stem.into()) {
                let first = self.opening.front().cloned();
                self.opening.extend(first);
                return Ok(());
            }
            // One that lies beside it and has no file by its own name now.
            let is_gone = path.parent() == stem.parent() && !path.exists() && name(&path) == owner;
            if !self.is_followed(&one.tenant, &owner) && is_gone {
                self.follow(path, one, listed, now, shared)?;
            }
            if self.adopt(&one.tenant, &owner, stem) {
                self.adopted.insert(stem.into(), lies_at(stem));
                // What comes under the name after it is new.
                self.first.remove(stem);
                return Ok(());
            }
        }
        self.follow(stem.into(), one, listed, now, shared)
    }

    fn follow(
        &mut self,
        stem: PathBuf,
        one: &Follow,
        listed: &mut Listed,
        now: i64,
        shared: &Shared<'_>,
    ) -> Result<(), StoreError> {
        let is_first = self.first.contains(&stem);
        let input =
            one.open(stem.clone(), (shared.keeping(&one.tenant), &self.held), is_first, listed, now)?;
        self.first.remove(&stem);
        self.files.push(Place::new(input, one.silent_after, shared.clock));
        shared.tell(Event::Follows(stem));
        Ok(())
    }

    fn is_followed(&self, tenant: &Tenant, name: &str) -> bool {
        self.files.iter().any(|place| place.input.tenant() == tenant && place.input.name() == name)
    }

    /// Leaves a file to the source of this name; whether that is followed.
    fn adopt(&mut self, tenant: &Tenant, owner: &str, path: &Path) -> bool {
        let is_it =
            |place: &&mut Place<Following>| place.input.tenant() == tenant && place.input.name() == owner;
        let owner = self.files.iter_mut().find(is_it);
        owner.map(|place| place.input.adopt(path.into())).is_some()
    }

    /// Files that have come under a name that is followed, and were read by another source before.
    fn adopt_strangers(&mut self) {
        for at in 0..self.files.len() {
            for (path, owner) in self.files[at].input.strangers() {
                let tenant = self.files[at].input.tenant().clone();
                if !self.adopt(&tenant, &owner, &path) {
                    self.files[at].input.own(path);
                }
            }
        }
    }

    /// Families of which nothing is left and that nobody names any more are followed no longer.
    fn end_nameless(&mut self, named: &[(PathBuf, &Follow)], shared: &Shared<'_>) -> Result<(), StoreError> {
        let named: HashSet<&Path> = named.iter().map(|(stem, _)| &**stem).collect();
        let mut over = HashSet::new();
        for place in &mut self.files {
            let is_nameless = !named.contains(place.input.stem()) && place.may_end();
            if is_nameless && place.input.is_over()? {
                over.insert(place.input.stem().to_path_buf());
                shared.health.source_ended(place.input.tenant(), place.input.name());
            }
        }
        self.files.retain(|place| !over.contains(place.input.stem()));
        Ok(())
    }

    /// Files that are open; one that is not there yet may come at any time.
    fn open_files(&self) -> usize {
        self.files.iter().map(|place| place.input.open_files().max(1)).sum()
    }
}
