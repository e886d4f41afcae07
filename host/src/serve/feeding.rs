//! The feeding thread: each source has its turn, and what it read goes to the matchers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::mem::{replace, take};
use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;
use tripline_engine::line::LineSettings;

use super::Event;
use super::feed::{Feed, Gone, Halt};
use super::following::{Follow, Following, stem};
use super::input::Input;
use super::intake::{Batch, Expected, Intake, StreamSettings};
use super::passing::{Fed, What};
use super::place::Place;
use super::shared::Shared;
use super::stream::Stream;
use super::turns::Turns;
use crate::commit::{StoreError, Tenant};
use crate::follow::Wake;

/// Bytes of one source's turn: one that is written to without end delays another by no more.
const TURN: usize = 256 * 1024;
/// As much of a file whose tenant has no room any more since the round began: it has waited as long as who filled it.
const SMALL_TURN: usize = 16 * 1024;
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
    /// What the server writes itself, and whether that was told.
    own: Vec<(PathBuf, bool)>,
    files: Vec<Place<Following>>,
    streams: Vec<Place<Stream>>,
    /// Where the stream of this name is.
    named: HashMap<(Tenant, String), usize>,
    /// Streams that are expected and not there yet …
    expected: VecDeque<Expected>,
    /// … and all that are expected.
    awaited: HashSet<(Tenant, String)>,
    /// Brought, and not given to their source yet.
    brought: VecDeque<Batch>,
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
        wake: Wake,
        now: i64,
    ) -> Feeding {
        Feeding {
            intake,
            turns,
            wake,
            lines,
            own: own.into_iter().map(|path| (stem(&path), false)).collect(),
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
        let mut named: HashMap<PathBuf, &Follow> = HashMap::new();
        for one in follow {
            for stem in one.stems(false, shared.tell) {
                named.entry(stem).or_insert(one);
            }
        }
        self.files.retain_mut(|Place { input, silent_after, .. }| match named.get(input.stem()) {
            Some(one) => {
                *silent_after = one.silent_after;
                input.is_as(one)
            }
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
                self.look(follow, now, shared)?;
                self.looked = Some(now);
            }
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
    fn look(&mut self, follow: &[Follow], now: i64, shared: &Shared<'_>) -> Result<(), StoreError> {
        let is_first = self.looked.is_none();
        for place in &mut self.files {
            place.input.look(now)?;
        }
        for one in follow {
            for stem in one.stems(is_first, shared.tell) {
                if let Some((_, told)) = self.own.iter_mut().find(|(own, _)| *own == stem) {
                    if !replace(told, true) {
                        shared.tell(Event::Own(stem));
                    }
                    continue;
                }
                // What several name belongs to the first.
                if !self.files.iter().any(|place| place.input.stem() == stem) {
                    let input = one.open(stem.clone(), shared.keeping(&one.tenant), is_first, now)?;
                    self.files.push(Place::new(input, one.silent_after, now));
                    shared.tell(Event::Follows(stem));
                }
            }
        }
        let stems = self.files.iter().filter_map(|place| place.input.stem().parent().map(Path::to_path_buf));
        let folders: BTreeSet<PathBuf> = stems.chain(follow.iter().flat_map(Follow::folders)).collect();
        self.wake.watch(folders.iter().map(PathBuf::as_path));
        Ok(())
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
        self.streams.push(Place::new(input, settings.silent_after, now));
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
