//! The calling thread: puts matched blocks back in order, merges sources by time, and hands runs to the judges.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_channel::{Receiver, Sender};
use tripline_engine::matcher::Matcher;
use tripline_engine::merge::{Merge, Run};
use tripline_engine::{deliver, suspensions};

use super::run::{Numbered, Progress, Scan, Work};
use super::{CheckOptions, Files, MatchSeen, Observer};

pub(super) struct Collector<'a> {
    pub(super) merge: Merge,
    pub(super) matcher: &'a Matcher,
    pub(super) options: &'a CheckOptions,
    pub(super) files: &'a Files,
    pub(super) progress: &'a Progress,
    pub(super) judges: Vec<Sender<Work>>,
    pub(super) suspended: Vec<bool>,
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
                self.take(source, what);
            }
            self.release(observer);
            observer.read(self.progress.disk.load(Relaxed));
        }
    }

    fn take(&mut self, source: u32, what: Scan) {
        let Scan::Block(scanned) = what else { return self.merge.finish(source) };
        self.lines += scanned.block.lines.len() as u64;
        self.matches += scanned.matched.matches();
        // Also if it has none: what is last must not depend on blocks.
        self.last_times.insert(source, scanned.matched.last_time);
        self.merge.push(*scanned);
        self.progress.times[source as usize].store(self.merge.read(source), Relaxed);
        self.progress.waiting[source as usize].fetch_sub(1, Relaxed);
    }

    fn release(&mut self, observer: &mut dyn Observer) {
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
        deliver(run, |pack, delivery| {
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
                    file: self.files.name(delivery.position.source, delivery.position.file),
                    line: delivery.position.line,
                    text: delivery.line,
                    pack: &manifest.pack.name,
                    pattern: &pattern.name,
                    captures: named.collect(),
                });
            }
        });
    }

    pub(super) fn finish(self) -> Collected {
        let end = self.last_times.values().copied().flatten().max();
        for judge in &self.judges {
            let _ = judge.send(Work::End(end));
        }
        Collected { lines: self.lines, matches: self.matches }
    }
}
