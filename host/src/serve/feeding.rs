//! The feeding thread: each source has its turn, and what it read goes to the matchers.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::mem::{replace, take};
use std::path::PathBuf;

use tripline_engine::line::LineSettings;

use super::Event;
use super::batch::{Expected, StreamSettings};
use super::families::Families;
use super::feed::{Feed, Gone, Halt};
use super::following::Follow;
use super::input::Input;
use super::intake::{Intake, Taken};
use super::lanes::Putter;
use super::passing::{Swap, What};
use super::place::Place;
use super::quotas::Quotas;
use super::shared::Shared;
use super::stream::Stream;
use super::turns::Turns;
use crate::commit::{StoreError, Tenant};
use crate::follow::Wake;
use crate::quota;

/// Bytes of one source's turn: one that is written to without end delays another by no more.
const TURN: usize = 256 * 1024;
/// As much of a file whose tenant has no room any more since the round began: it has waited as long as who filled it.
const SMALL_TURN: usize = 16 * 1024;
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
    /// Followed files.
    families: Families,
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
            families: Families::new(own, most_files),
            streams: Vec::new(),
            named: HashMap::new(),
            expected: VecDeque::new(),
            awaited: HashSet::new(),
            brought: VecDeque::new(),
            round: 0,
            passed: now,
            buffer: vec![0; TURN],
        }
    }

    /// Feeds until it is to stop, or to go on with other packs. What was brought before it stops is fed.
    pub(super) fn run(
        &mut self,
        follow: &[Follow],
        expected: &[Expected],
        matchers: &Putter,
        shared: &Shared<'_>,
    ) {
        let mut feed = Feed::new(matchers);
        let mut waits = false;
        self.families.keep(follow, shared);
        self.expect(expected);
        loop {
            let stopping = shared.control.is_stopping();
            if stopping {
                shared.health.stopping();
                self.intake.stop();
            } else if shared.control.is_changing() {
                return;
            }
            if !stopping && self.swap(&mut feed, shared).is_err() {
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

    /// Tenants that have other packs from here on.
    fn swap(&mut self, feed: &mut Feed<'_>, shared: &Shared<'_>) -> Result<(), Gone> {
        for (tenant, sets) in shared.control.take_own() {
            feed.send(&tenant, What::Swap(Swap { own: sets.compiled(&tenant), held: None }))?;
        }
        Ok(())
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
                let before = place.lines();
                more |= place.turn(&mut self.buffer, now, &self.turns, feed, shared)?;
                // What a scan of ours has found is bounded by what may be scanned.
                let brought = if place.input.kind() == "scan" { 0 } else { place.lines() - before };
                if let Some(quotas) = self.intake.quotas().filter(|_| brought > 0) {
                    quotas.spend(place.input.tenant(), brought);
                }
            }
        }
        if !stopping {
            if self.families.look_at(follow, now, feed, shared)? {
                let folders = self.families.folders(follow);
                self.wake.watch(folders.iter().map(PathBuf::as_path));
            }
            more |= self.families.open(follow, now, shared)?;
            for place in from(self.families.files(), self.round) {
                let quotas = self.intake.quotas();
                let waits = |quotas: &Quotas| quotas.wait(place.input.tenant()).is_some();
                if !full.contains(place.input.tenant()) && !quotas.is_some_and(waits) {
                    let before = place.lines();
                    let most = if self.turns.has_room(place.input.tenant()) { TURN } else { SMALL_TURN };
                    more |= place.turn(&mut self.buffer[..most], now, &self.turns, feed, shared)?;
                    if let Some(quotas) = quotas {
                        quotas.spend(place.input.tenant(), place.lines() - before);
                    }
                }
            }
        }
        if (now - self.passed).abs() >= PASS {
            self.passed = now;
            self.pass(feed)?;
            for (tenant, kind, most) in self.intake.quotas().map(Quotas::untold).unwrap_or_default() {
                shared.tell(Event::OverQuota(tenant.clone(), kind, most));
                feed.send(&tenant, What::Decision(Box::new(quota::told(kind, most, now))))?;
            }
            self.families.files().iter_mut().for_each(|place| place.tell(shared.health));
            self.streams.iter_mut().for_each(|place| place.tell(shared.health));
        }
        Ok(more)
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
        let files = self.families.caught();
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
