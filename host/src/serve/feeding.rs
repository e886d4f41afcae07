//! The feeding thread: each source has its turn, and what it read goes to the matchers.

use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::Event;
use super::passing::Fed;
use crate::check::Keeping;
use crate::commit::StoreError;
use crate::files::{InputProblem, Member, expand};
use crate::follow::{FollowSettings, Followed, From};
use crate::wall_clock::WallClock;

/// Bytes of one source's turn: one that is written to without end delays another by no more.
const TURN: usize = 256 * 1024;
/// How often it is looked for files that came, went or changed places; nanoseconds.
const LOOK: i64 = 500_000_000;

pub(super) struct Feeding<'a> {
    files: &'a [PathBuf],
    settings: FollowSettings,
    keeping: &'a Keeping,
    clock: &'a dyn WallClock,
    tell: &'a (dyn Fn(Event) + Sync),
    sources: Vec<Followed>,
    looked: Option<i64>,
    number: u64,
}

impl<'a> Feeding<'a> {
    pub(super) fn new(
        files: &'a [PathBuf],
        settings: &FollowSettings,
        keeping: &'a Keeping,
        clock: &'a dyn WallClock,
        tell: &'a (dyn Fn(Event) + Sync),
    ) -> Feeding<'a> {
        let (sources, looked, number) = (Vec::new(), None, 0);
        Feeding { files, settings: settings.clone(), keeping, clock, tell, sources, looked, number }
    }

    pub(super) fn run(mut self, matchers: &Sender<Fed>, pause: Duration, stop: &AtomicBool) {
        let mut buffer = vec![0; TURN];
        let mut waits = false;
        while !stop.load(Relaxed) {
            let turn = self.turn(&mut buffer, matchers);
            if waits && turn.is_ok() {
                (self.tell)(Event::GoesOn);
            }
            let waited = std::mem::replace(&mut waits, turn.is_err());
            match turn {
                Ok(Some(true)) => {}
                Ok(Some(false)) => std::thread::sleep(pause),
                // The collector is gone.
                Ok(None) => return,
                Err(error) => {
                    if !waited {
                        (self.tell)(Event::Waits(error));
                    }
                    std::thread::sleep(pause);
                }
            }
        }
    }

    /// A turn for each source; whether one of them has more. `None`: nobody takes blocks any more.
    fn turn(&mut self, buffer: &mut [u8], matchers: &Sender<Fed>) -> Result<Option<bool>, StoreError> {
        let now = self.clock.now();
        if self.looked.is_none_or(|looked| (now - looked).abs() >= LOOK) {
            self.look(now)?;
            self.looked = Some(now);
        }
        let mut more = false;
        for source in &mut self.sources {
            more |= source.read(buffer, self.keeping, now)?;
            while let Some(block) = source.next_block() {
                let fed = Fed { number: self.number, source: source.number(), block };
                self.number += 1;
                if matchers.send(fed).is_err() {
                    return Ok(None);
                }
            }
            source.notes().into_iter().for_each(|note| (self.tell)(Event::File(note)));
        }
        Ok(Some(more))
    }

    /// Files that came, went or changed places.
    fn look(&mut self, now: i64) -> Result<(), StoreError> {
        for source in &mut self.sources {
            source.look(self.keeping, now)?;
        }
        for stem in self.stems() {
            if self.sources.iter().all(|source| source.stem() != stem) {
                let mut settings = self.settings.clone();
                if self.looked.is_some() {
                    // It came while others were followed: all of it is new.
                    settings.from = From::Start;
                }
                let source = Followed::open(stem.clone(), self.keeping, settings, now)?;
                self.sources.push(source);
                (self.tell)(Event::Follows(stem));
            }
        }
        Ok(())
    }

    /// The families that are named. A name that is no glob is followed before it is there.
    fn stems(&self) -> Vec<PathBuf> {
        let mut stems = Vec::new();
        for file in self.files {
            let is_glob = file.to_str().is_some_and(|text| text.contains(['*', '?', '[']));
            if !is_glob && !fs::metadata(file).is_ok_and(|found| found.is_dir()) {
                stems.push(stem(file));
                continue;
            }
            let inputs = expand(std::slice::from_ref(file));
            stems.extend(inputs.sources.iter().map(|source| source.stem().to_path_buf()));
            // A glob that names nothing yet is no error, and an error is told once.
            for error in inputs.errors.into_iter().filter(|_| self.looked.is_none()) {
                if !matches!(error.problem, InputProblem::NothingThere) {
                    (self.tell)(Event::Input(error));
                }
            }
        }
        stems.sort();
        stems.dedup();
        stems
    }
}

/// The family's path, the same however it was named.
fn stem(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.into());
    Member::of(&path).stem
}
