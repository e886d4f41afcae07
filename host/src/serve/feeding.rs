//! The feeding thread: each source has its turn, and what it read goes to the matchers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::mem::{replace, take};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;
use tripline_engine::line::LineSettings;

use super::Event;
use super::feed::{Feed, Gone, Halt};
use super::following::{Follow, Following, stem};
use super::input::Input;
use super::intake::{Expected, Intake, StreamSettings, Taken};
use super::naming::{self, Named};
use super::passing::{Fed, What};
use super::place::Place;
use super::shared::Shared;
use super::silence::{self, Entries, silent};
use super::stream::Stream;
use super::turns::Turns;
use crate::commit::{StoreError, Tenant};
use crate::files::{OwnFiles, is_own, name};
use crate::follow::{Listed, Wake, owner};

/// Bytes of one source's turn: one that is written to without end delays another by no more.
const TURN: usize = 256 * 1024;
/// As much of a file whose tenant has no room any more since the round began: it has waited as long as who filled it.
const SMALL_TURN: usize = 16 * 1024;
/// So many sources are opened in a round at most: whoever has more to bring does not wait for thousands of them.
const OPENS: usize = 16;
/// How often it is looked for files that came, went or changed places; nanoseconds.
const LOOK: i64 = 500_000_000;
/// How often it is told how far time has passed; nanoseconds.
const PASS: i64 = 1_000_000_000;

/// Sources and their standing; they outlive a change of packs.
pub(super) struct Feeding {
    intake: Intake,
    /// Room on the way to the judges.
    turns: Turns,
    wake: Wake,
    /// How brought bytes become lines.
    lines: LineSettings,
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
    /// … of them those that were there at first, …
    first: HashSet<PathBuf>,
    /// … and those that have waited for the source that has read them before.
    deferred: HashSet<PathBuf>,
    /// Names under which another source's file lies, and which that is.
    adopted: HashMap<PathBuf, Option<(u64, u64)>>,
    files: Vec<Place<Following>>,
    streams: Vec<Place<Stream>>,
    /// Where the stream of this name is.
    named: HashMap<(Tenant, String), usize>,
    /// Streams that are expected and not there yet …
    expected: VecDeque<Expected>,
    /// … and all that are expected.
    awaited: HashSet<(Tenant, String)>,
    /// Brought, and not given to their source yet.
    brought: VecDeque<Taken>,
    /// Rounds so far: each begins with another source.
    round: usize,
    looked: Option<i64>,
    passed: i64,
    buffer: Vec<u8>,
}

impl Feeding {
    pub(super) fn new(
        intake: Intake,
        turns: Turns,
        lines: LineSettings,
        own: Vec<PathBuf>,
        most_files: usize,
        wake: Wake,
        now: i64,
    ) -> Feeding {
        Feeding {
            intake,
            turns,
            wake,
            lines,
            own: own.iter().map(|path| stem(path)).collect(),
            _own: OwnFiles::claim(own),
            told: HashSet::new(),
            disputed: HashSet::new(),
            most_files,
            left_out: 0,
            entries: Entries::default(),
            opening: VecDeque::new(),
            first: HashSet::new(),
            deferred: HashSet::new(),
            adopted: HashMap::new(),
            files: Vec::new(),
            streams: Vec::new(),
            named: HashMap::new(),
            expected: VecDeque::new(),
            awaited: HashSet::new(),
            brought: VecDeque::new(),
            round: 0,
            looked: None,
            passed: now,
            buffer: vec![0; TURN],
        }
    }

    /// Feeds until it is to stop, or to go on with other packs. What was brought before it stops is fed.
    pub(super) fn run(
        &mut self,
        follow: &[Follow],
        expected: &[Expected],
        matchers: &Sender<Fed>,
        shared: &Shared<'_>,
    ) {
        let mut feed = Feed::new(matchers);
        let mut waits = false;
        self.keep(follow, shared);
        self.expect(expected);
        loop {
            let stopping = shared.control.is_stopping();
            if stopping {
                shared.health.stopping();
                self.intake.stop();
            } else if shared.control.is_changing() {
                return;
            }
            let turn = self.turn(follow, stopping, &mut feed, shared);
            if waits && turn.is_ok() {
                shared.goes_on();
            }
            let waited = replace(&mut waits, matches!(turn, Err(Halt::Store(_))));
            match turn {
                Ok(true) => continue,
                // What waits for room is fed before it ends.
                Ok(false) if stopping && self.is_empty() => return,
                Ok(false) => {}
                Err(Halt::Gone) => return,
                Err(Halt::Store(error)) => {
                    if !waited {
                        shared.waits(error);
                    }
                    if stopping {
                        return;
                    }
                }
            }
            self.wake.wait(shared.pause);
        }
    }

    /// Closes what is followed no longer, or in another way; what of it was read is committed, and read on from there.
    fn keep(&mut self, follow: &[Follow], shared: &Shared<'_>) {
        let Named { families, disputed } = Named::look(follow, false, shared.tell);
        let named: HashMap<PathBuf, &Follow> = families.into_iter().collect();
        // Its entries are of the configuration before.
        self.opening.clear();
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

    /// Streams that are expected from now on. One that is no longer may be silent.
    fn expect(&mut self, expected: &[Expected]) {
        self.intake.expect(expected.iter().map(|one| (one.tenant.clone(), one.source.clone())));
        self.expected.clear();
        let before = take(&mut self.awaited);
        for one in expected {
            let name = (one.tenant.clone(), one.source.clone());
            match self.named.get(&name) {
                Some(at) => self.streams[*at].may_be_silent_for(one.settings.silent_after),
                None => self.expected.push_back(one.clone()),
            }
            self.awaited.insert(name);
        }
        for at in before.difference(&self.awaited).filter_map(|name| self.named.get(name)) {
            self.streams[*at].may_be_silent_for(None);
        }
    }

    /// Whether all that was brought is fed.
    fn is_empty(&self) -> bool {
        let streams = self.streams.iter().all(|place| place.input.oldest().is_none());
        self.brought.is_empty() && streams && self.intake.is_empty()
    }

    /// A round: a turn for each source of a tenant that has room at its beginning; whether one of them has more. Files
    /// wait once it is to stop.
    fn turn(
        &mut self,
        follow: &[Follow],
        stopping: bool,
        feed: &mut Feed<'_>,
        shared: &Shared<'_>,
    ) -> Result<bool, Halt> {
        let now = shared.clock.now();
        let full = self.turns.full();
        self.round = self.round.wrapping_add(1);
        let mut more = self.bring(&full, now, shared)?;
        for place in from(&mut self.streams, self.round) {
            if !full.contains(place.input.tenant()) {
                more |= place.turn(&mut self.buffer, now, &self.turns, feed, shared)?;
            }
        }
        if !stopping {
            if self.looked.is_none_or(|looked| (now - looked).abs() >= LOOK) {
                self.look(follow, now, feed, shared)?;
                self.looked = Some(now);
            }
            more |= self.open(follow, now, shared)?;
            for place in from(&mut self.files, self.round) {
                if !full.contains(place.input.tenant()) {
                    let most = if self.turns.has_room(place.input.tenant()) { TURN } else { SMALL_TURN };
                    more |= place.turn(&mut self.buffer[..most], now, &self.turns, feed, shared)?;
                }
            }
        }
        if (now - self.passed).abs() >= PASS {
            self.passed = now;
            self.pass(feed)?;
            self.files.iter_mut().for_each(|place| place.tell(shared.health));
            self.streams.iter_mut().for_each(|place| place.tell(shared.health));
        }
        Ok(more)
    }

    /// Files that came, went or changed places.
    fn look(
        &mut self,
        follow: &[Follow],
        now: i64,
        feed: &mut Feed<'_>,
        shared: &Shared<'_>,
    ) -> Result<(), Halt> {
        let is_first = self.looked.is_none();
        let mut listed = Listed::default();
        for place in &mut self.files {
            if shared.control.is_stopping() || shared.control.is_changing() {
                return Ok(());
            }
            place.input.look(&mut listed, now)?;
        }
        self.adopt_strangers();
        let Named { families, disputed } = Named::look(follow, is_first, shared.tell);
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
            if is_first {
                self.first.insert(stem.clone());
            }
            let entry = follow.iter().position(|other| std::ptr::eq(other, one));
            self.opening.extend(entry.map(|entry| (stem, entry)));
        }
        let files = &self.files;
        let is_empty = |one: &Follow| !files.iter().any(|place| place.input.is_of(one));
        for (one, silence) in self.entries.missed(follow, shared.clock.steady(), is_empty) {
            let decision = silent(&silence::name(one), silence, now);
            feed.send(&one.tenant, What::Decision(Box::new(decision)))?;
        }
        let stems = self.files.iter().filter_map(|place| place.input.stem().parent().map(Path::to_path_buf));
        let folders: BTreeSet<PathBuf> = stems.chain(follow.iter().flat_map(Follow::folders)).collect();
        self.wake.watch(folders.iter().map(PathBuf::as_path));
        Ok(())
    }

    /// Opens some of the families that are to be opened; whether there are more.
    fn open(&mut self, follow: &[Follow], now: i64, shared: &Shared<'_>) -> Result<bool, StoreError> {
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
        let input = one.open(stem.clone(), shared.keeping(&one.tenant), is_first, listed, now)?;
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

    /// Gives what was brought to its sources, but for tenants that are full; whether there was something.
    fn bring(&mut self, full: &HashSet<Tenant>, now: i64, shared: &Shared<'_>) -> Result<bool, StoreError> {
        while let Some(Expected { tenant, source, settings }) = self.expected.front() {
            self.stream(&(tenant.clone(), source.clone()), &settings.clone(), now, shared)?;
            self.expected.pop_front();
        }
        if self.brought.is_empty() {
            // What waits is counted by the intake only: whose last turn failed has to read that first.
            let has_read = |at: &usize| self.streams[*at].input.oldest().is_none();
            let may = |name: &(Tenant, String)| {
                !full.contains(&name.0) && self.named.get(name).is_none_or(has_read)
            };
            self.brought.extend(self.intake.turn(TURN, may));
        }
        let came = !self.brought.is_empty();
        while let Some(batch) = self.brought.pop_front() {
            match self.stream(
                &(batch.tenant.clone(), batch.source.clone()),
                &batch.settings.clone(),
                now,
                shared,
            ) {
                Ok(at) => self.streams[at].input.bring(batch),
                Err(error) => {
                    self.brought.push_front(batch);
                    return Err(error);
                }
            }
        }
        Ok(came)
    }

    /// The stream of this name.
    fn stream(
        &mut self,
        name: &(Tenant, String),
        settings: &StreamSettings,
        now: i64,
        shared: &Shared<'_>,
    ) -> Result<usize, StoreError> {
        if let Some(at) = self.named.get(name) {
            return Ok(*at);
        }
        let lines = LineSettings { reference: Some(now), ..self.lines.clone() };
        let (keeping, database) = (shared.keeping(&name.0), shared.database);
        let input = Stream::open(&name.1, settings, lines, &keeping, database)?;
        self.named.insert(name.clone(), self.streams.len());
        self.streams.push(Place::new(input, settings.silent_after, shared.clock));
        Ok(self.streams.len() - 1)
    }

    /// How far the time of each tenant has passed: all that had come by then was fed.
    fn pass(&self, feed: &mut Feed<'_>) -> Result<(), Gone> {
        let files = self.files.iter().map(|place| (place.input.tenant(), place.caught));
        let streams = self.streams.iter().map(|place| {
            let waits = place.input.oldest().unwrap_or(i64::MAX);
            (place.input.tenant(), place.caught.min(waits))
        });
        let mut caught: BTreeMap<&Tenant, i64> = BTreeMap::new();
        for (tenant, time) in files.chain(streams) {
            let least = caught.entry(tenant).or_insert(time);
            *least = (*least).min(time);
        }
        // Who has more than a turn's bytes has caught up with its turn only.
        let waiting = self.intake.oldest();
        for (tenant, least) in &mut caught {
            *least = waiting.get(*tenant).map_or(*least, |oldest| (*least).min(*oldest));
        }
        for (tenant, time) in caught {
            feed.send(tenant, What::Passed(time))?;
        }
        Ok(())
    }
}

/// Device and inode of what lies under a name.
fn lies_at(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// All of them, the first one being another in each round.
fn from<T>(places: &mut [T], round: usize) -> impl Iterator<Item = &mut T> {
    let (before, after) = places.split_at_mut(round % places.len().max(1));
    after.iter_mut().chain(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_begins_with_another_source() {
        let round = |round| from(&mut [1, 2, 3], round).map(|place| *place).collect::<Vec<_>>();
        assert_eq!([round(0), round(1), round(5)], [[1, 2, 3], [2, 3, 1], [3, 1, 2]]);
        assert_eq!(from(&mut [0; 0], 7).count(), 0);
    }
}
