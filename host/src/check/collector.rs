//! The calling thread: puts matched blocks back in order, merges sources by time, and hands runs to the judges.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_channel::{Receiver, Sender};
use tripline_engine::matcher::Matcher;
use tripline_engine::merge::{Merge, Run, Scanned};
use tripline_engine::{deliver, suspensions};

use super::barrier::Barriers;
use super::passing::{Keeps, Numbered, Progress, Scan, Work};
use super::plan::Plan;
use super::spares::Spares;
use super::{CheckOptions, MatchSeen, Observer};
use crate::commit::{Committed, StoreError};

pub(super) struct Collector<'a> {
    pub(super) merge: Merge,
    pub(super) matcher: &'a Matcher,
    pub(super) options: &'a CheckOptions,
    pub(super) plan: &'a Plan,
    pub(super) progress: &'a Progress,
    pub(super) spares: &'a Spares,
    pub(super) judges: Vec<Sender<Work>>,
    pub(super) suspended: Vec<bool>,
    /// With a store only.
    pub(super) barriers: Option<Barriers<'a>>,
    /// How many sources have settled.
    pub(super) settled: usize,
    /// All have: how many of them have brought their tail.
    pub(super) tails: Option<usize>,
    /// Time of each source's last line, if that has one.
    pub(super) last_times: BTreeMap<u32, Option<i64>>,
    pub(super) lines: u64,
    pub(super) matches: u64,
}

pub(super) struct Collected {
    pub(super) lines: u64,
    pub(super) matches: u64,
}

impl Collector<'_> {
    pub(super) fn run(&mut self, scanned: &Receiver<Numbered<Scan>>, observer: &mut dyn Observer) {
        let mut early: BTreeMap<u64, (u32, Scan)> = BTreeMap::new();
        let mut next = 0;
        for Numbered { number, source, what } in scanned {
            early.insert(number, (source, what));
            while let Some((source, what)) = early.remove(&next) {
                next += 1;
                match what {
                    Scan::Block(scanned) => self.take(source, scanned),
                    Scan::Settled => self.settle(source, observer),
                    Scan::End => self.end(source),
                }
            }
            // Tails are put in order when all of them are there: each source has said that there is no more of it.
            if self.tails.is_none_or(|tails| tails == self.plan.sources.len()) {
                self.release(observer);
            }
            if self.tails.is_none() && self.barriers.as_ref().is_some_and(Barriers::is_due) {
                self.barrier(Keeps::All);
            }
            observer.read(self.progress.disk.load(Relaxed));
        }
    }

    /// All of a source that no further byte can change has come.
    fn settle(&mut self, source: u32, observer: &mut dyn Observer) {
        self.merge.finish(source);
        self.settled += 1;
        if self.settled == self.plan.sources.len() {
            self.release(observer);
            self.barrier(Keeps::All);
            self.tails = Some(0);
        }
    }

    fn end(&mut self, source: u32) {
        match &mut self.tails {
            Some(tails) => *tails += 1,
            None if self.barriers.is_none() => self.merge.finish(source),
            // It was stopped, and may go on below the others.
            None => {}
        }
    }

    fn barrier(&mut self, keeps: Keeps) {
        if let Some(barriers) = &mut self.barriers {
            barriers.commit(&mut self.merge, &self.judges, keeps);
            if barriers.has_failed() {
                self.progress.halted.store(true, Relaxed);
            }
        }
    }

    fn take(&mut self, source: u32, scanned: Box<Scanned>) {
        self.lines += scanned.block.lines.len() as u64;
        self.matches += scanned.matched.matches();
        if !scanned.block.lines.is_empty() {
            // Also if the line has none: what is last must not depend on blocks.
            self.last_times.insert(source, scanned.matched.last_time);
        }
        if let Some(done) = self.merge.push(*scanned) {
            self.spares.give(done);
        }
        self.progress.times[source as usize].store(self.merge.read(source), Relaxed);
        self.progress.waiting[source as usize].fetch_sub(1, Relaxed);
    }

    fn release(&mut self, observer: &mut dyn Observer) {
        if self.barriers.as_ref().is_some_and(Barriers::has_failed) {
            return;
        }
        while let Some(run) = self.merge.next_run() {
            if self.options.matches {
                self.tell(&run, observer);
            }
            let run = Arc::new(run);
            for judge in &self.judges {
                // A judge that is gone has panicked: joining it tells.
                let _ = judge.send(Work::Run(Arc::clone(&run)));
            }
            for (pack, fault) in suspensions(self.matcher).enumerate() {
                if let Some(fault) = fault.filter(|_| !self.suspended[pack]) {
                    self.suspended[pack] = true;
                    let _ = self.judges[pack % self.judges.len()].send(Work::Suspend(pack, fault));
                }
            }
        }
    }

    fn tell(&self, run: &Run, observer: &mut dyn Observer) {
        deliver(run, &self.plan.numbers, |pack, delivery| {
            let manifest = self.options.packs[pack].pack.manifest();
            for seen in delivery.matches {
                let pattern = &manifest.patterns[seen.pattern as usize];
                let place = match &pattern.field {
                    None => delivery.event.message(),
                    Some(field) => {
                        delivery.event.field(delivery.line, field.as_bytes()).map(|field| field.value)
                    }
                };
                let value = place.map(|place| delivery.event.text(delivery.line, place)).unwrap_or_default();
                let captured = delivery.event.captures(seen).iter();
                let named = pattern.captures.iter().zip(captured).filter_map(|(name, captured)| {
                    let (start, end) = (*captured)?;
                    Some((&name[..], value.get(start as usize..end as usize)?))
                });
                observer.matched(&MatchSeen {
                    file: self.plan.files.name(delivery.position.source, delivery.position.file),
                    line: delivery.position.line,
                    text: delivery.line,
                    pack: &manifest.pack.name,
                    pattern: &pattern.name,
                    captures: named.collect(),
                });
            }
        });
    }

    /// With a store, what was stopped has no tail and no last tick: the next run goes on right there.
    pub(super) fn finish(mut self) -> (Collected, Option<(Committed, Option<StoreError>)>) {
        let is_over = self.barriers.is_none() || self.tails.is_some();
        if is_over && !self.last_times.is_empty() {
            let end = self.last_times.values().copied().flatten().max();
            for judge in &self.judges {
                let _ = judge.send(Work::End(end));
            }
        }
        self.barrier(if is_over { Keeps::Decisions } else { Keeps::All });
        let collected = Collected { lines: self.lines, matches: self.matches };
        (collected, self.barriers.map(Barriers::finish))
    }
}
