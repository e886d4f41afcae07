//! The threads of a check.
//!
//! ```text
//!            blocks              matched blocks                runs of events
//!   reader ─────────► matchers ─────────────────► collector ─────────────────► judges ─► folded incidents
//!   one thread        --threads of them           this thread: merges by       each owns some of the packs
//!                                                 time, tells the observer
//! ```
//!
//! Channels are bounded, so memory is, too. The reader reads on in the source that is furthest behind in time. What
//! comes out does not depend on threads: blocks are put back in order before they are merged.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, bounded};
use tripline_engine::clock::Clock;
use tripline_engine::fold::Fold;
use tripline_engine::judge::{Judge, JudgeCost, JudgeLimits, Verdicts};
use tripline_engine::line::{Block, LineSettings, Lines};
use tripline_engine::matcher::{MatchLimits, MatchScratch, Matcher, MatcherError};
use tripline_engine::merge::{Merge, Run, Scanned};
use tripline_engine::pattern::Rarity;
use tripline_engine::sandbox::Sandbox;
use tripline_engine::{Fault, PackReport, Report, deliver, suspensions};

use super::inputs::names;
use super::reader::{Piece, Reader};
use super::{CheckOptions, Files, InputError, MatchSeen, Observer, Outcome, Stop};
use crate::builtin;

/// Runs a check to its end, or until `stop` is set.
pub fn run(
    options: CheckOptions,
    sandbox: Arc<dyn Sandbox>,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Outcome, MatcherError> {
    let started = Instant::now();
    let files = names(&options.sources);
    let mut reading = Reading::new(&options);
    let mut rarity = Rarity::default();
    reading.sample(&mut rarity);
    let matcher = Matcher::new(&options.packs, MatchLimits::default(), &rarity)?;
    for (number, configured) in options.packs.iter().enumerate() {
        // Ours are tried by their own tests.
        if !builtin::is_builtin(&configured.pack) {
            matcher.try_cost(number, &configured.pack, &MonotonicClock)?;
        }
    }
    let threads = options.threads.max(1);
    let progress = Progress::new(options.sources.len());
    let (to_matchers, blocks) = bounded::<Numbered<Block>>(threads * 2);
    let (to_collector, scanned) = bounded::<Numbered<Scan>>(threads * 2);

    let (collected, judged, read) = std::thread::scope(|scope| {
        let (matcher, progress) = (&matcher, &progress);
        let from_reader = to_collector.clone();
        let reader = scope.spawn(move || reading.run(&to_matchers, &from_reader, progress, stop));
        for _ in 0..threads {
            let (blocks, to_collector) = (blocks.clone(), to_collector.clone());
            let merged = options.sources.len() > 1;
            scope.spawn(move || match_blocks(matcher, merged, &blocks, &to_collector));
        }
        // Whoever holds a sender keeps the other end waiting.
        drop((blocks, to_collector));
        let owners = threads.min(options.packs.len()).max(1);
        let mut judges: Vec<Judging> = (0..owners).map(|_| Judging::default()).collect();
        for (pack, configured) in options.packs.iter().enumerate() {
            let judge = Judge::new(Arc::clone(&sandbox), configured, JudgeLimits::default());
            judges[pack % owners].judges.push((pack, judge));
        }
        let (senders, handles): (Vec<_>, Vec<_>) = (judges.into_iter())
            .map(|judging| {
                let (sender, receiver) = bounded::<Work>(4);
                (sender, scope.spawn(move || judging.run(&receiver)))
            })
            .unzip();
        let mut collector = Collector {
            merge: Merge::new(options.sources.len()),
            matcher,
            options: &options,
            files: &files,
            progress,
            judges: senders,
            suspended: vec![false; options.packs.len()],
            last_times: BTreeMap::new(),
            lines: 0,
            matches: 0,
        };
        collector.run(&scanned, observer);
        let collected = collector.finish();
        let judged: Vec<Judged> = handles.into_iter().filter_map(|handle| handle.join().ok()).collect();
        (collected, judged, reader.join().unwrap_or_default())
    });
    let report = report(&options, &matcher, collected, judged);
    Ok(Outcome {
        report,
        errors: read.errors,
        files,
        bytes: read.bytes,
        elapsed: started.elapsed(),
        stopped: stop.load(Relaxed),
    })
}

/// As many threads as there are cores.
pub fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

struct Numbered<T> {
    number: u64,
    source: u32,
    what: T,
}

enum Scan {
    Block(Box<Scanned>),
    /// The source is at its end.
    End,
}

enum Work {
    Run(Arc<Run>),
    Suspend(usize, Fault),
    End(Option<i64>),
}

/// What the reader and the collector tell each other.
struct Progress {
    /// Bytes on disk that were read.
    disk: AtomicU64,
    /// How far each source has been matched, in time.
    times: Vec<AtomicI64>,
    /// Blocks of each source that are on their way.
    waiting: Vec<AtomicU64>,
}

impl Progress {
    fn new(sources: usize) -> Progress {
        Progress {
            disk: AtomicU64::new(0),
            times: (0..sources).map(|_| AtomicI64::new(i64::MIN)).collect(),
            waiting: (0..sources).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

struct Reading {
    sources: Vec<Option<(Reader, Lines)>>,
    read: Read,
    number: u64,
    disk_done: u64,
}

#[derive(Default)]
struct Read {
    bytes: u64,
    errors: Vec<InputError>,
}

impl Reading {
    fn new(options: &CheckOptions) -> Reading {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_nanos()).ok();
        let open = |source: &super::Source| {
            let settings = LineSettings {
                year: options.year,
                format: options.format,
                timezone: options.timezone.clone(),
                reference: source.files.first().map_or(now, |file| file.modified),
                ..LineSettings::default()
            };
            Some((Reader::new(source.clone()), Lines::new(settings)))
        };
        Reading {
            sources: options.sources.iter().map(open).collect(),
            read: Read::default(),
            number: 0,
            disk_done: 0,
        }
    }

    /// Reads a first piece, so that the index knows what is rare in these lines.
    fn sample(&mut self, rarity: &mut Rarity) {
        let Some(Some((reader, lines))) = self.sources.first_mut() else { return };
        match reader.read() {
            Ok(Piece::Bytes(bytes)) => {
                rarity.learn(&bytes[..bytes.len().min(64 * 1024)]);
                self.read.bytes += bytes.len() as u64;
                lines.push(bytes);
            }
            Ok(_) => next_file(reader, lines),
            Err(error) => {
                self.read.errors.push(error);
                next_file(reader, lines);
            }
        }
    }

    fn run(
        mut self,
        matchers: &Sender<Numbered<Block>>,
        collector: &Sender<Numbered<Scan>>,
        progress: &Progress,
        stop: &AtomicBool,
    ) -> Read {
        while let Some(source) = self.furthest_behind(progress) {
            let Some(Some((reader, lines))) = self.sources.get_mut(source) else { break };
            let mut ended = stop.load(Relaxed);
            // A block's worth at a time, so that choosing a source costs nothing.
            let mut block = lines.next_block();
            while block.is_none() && !ended {
                match reader.read() {
                    Ok(Piece::Bytes(bytes)) => {
                        self.read.bytes += bytes.len() as u64;
                        lines.push(bytes);
                        ended = stop.load(Relaxed);
                    }
                    Ok(Piece::EndOfFile) => next_file(reader, lines),
                    Ok(Piece::End) => ended = true,
                    Err(error) => {
                        self.read.errors.push(error);
                        next_file(reader, lines);
                    }
                }
                block = lines.next_block();
            }
            let disk = reader.disk_bytes();
            progress.disk.store(self.disk_done + disk, Relaxed);
            if ended && block.is_none() {
                lines.finish();
            }
            while let Some(what) = block.or_else(|| lines.next_block()) {
                block = None;
                progress.waiting[source].fetch_add(1, Relaxed);
                if matchers.send(Numbered { number: self.number, source: source as u32, what }).is_err() {
                    return self.read;
                }
                self.number += 1;
            }
            if ended {
                let end = Numbered { number: self.number, source: source as u32, what: Scan::End };
                if collector.send(end).is_err() {
                    return self.read;
                }
                self.number += 1;
                self.disk_done += disk;
                self.sources[source] = None;
            }
        }
        self.read
    }

    /// The source that merging waits for, as far as is known.
    fn furthest_behind(&self, progress: &Progress) -> Option<usize> {
        let open = (0..self.sources.len()).filter(|&source| self.sources[source].is_some());
        open.min_by_key(|&source| {
            let waiting = progress.waiting[source].load(Relaxed);
            (waiting > 8, progress.times[source].load(Relaxed), waiting)
        })
    }
}

/// A file is at its end: what follows is of the next, with its own latest time.
fn next_file(reader: &Reader, lines: &mut Lines) {
    lines.end_of_file();
    if let Some(modified) = reader.modified() {
        lines.set_reference(Some(modified));
    }
}

fn match_blocks(
    matcher: &Matcher,
    merged: bool,
    blocks: &Receiver<Numbered<Block>>,
    to_collector: &Sender<Numbered<Scan>>,
) {
    let mut scratch = MatchScratch::default();
    for Numbered { number, source, what: block } in blocks {
        let matched = matcher.block(&block, merged, &MonotonicClock, &mut scratch);
        let what = Scan::Block(Box::new(Scanned { source, block, matched }));
        if to_collector.send(Numbered { number, source, what }).is_err() {
            return;
        }
    }
}

/// Wall time: reading a thread's CPU time is a system call, which would cost as much as matching.
struct MonotonicClock;

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

struct Collector<'a> {
    merge: Merge,
    matcher: &'a Matcher,
    options: &'a CheckOptions,
    files: &'a Files,
    progress: &'a Progress,
    judges: Vec<Sender<Work>>,
    suspended: Vec<bool>,
    /// Time of each source's last line, if that has one.
    last_times: BTreeMap<u32, Option<i64>>,
    lines: u64,
    matches: u64,
}

struct Collected {
    lines: u64,
    matches: u64,
}

impl Collector<'_> {
    fn run(&mut self, scanned: &Receiver<Numbered<Scan>>, observer: &mut dyn Observer) {
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

    fn finish(self) -> Collected {
        let end = self.last_times.values().copied().flatten().max();
        for judge in &self.judges {
            let _ = judge.send(Work::End(end));
        }
        Collected { lines: self.lines, matches: self.matches }
    }
}

/// Some of the packs, judged in one thread.
#[derive(Default)]
struct Judging {
    judges: Vec<(usize, Judge)>,
    verdicts: Verdicts,
    fold: Fold,
}

struct Judged {
    fold: Fold,
    verdicts: Verdicts,
    costs: Vec<(usize, JudgeCost)>,
}

impl Judging {
    fn run(mut self, work: &Receiver<Work>) -> Judged {
        for work in work {
            match work {
                Work::Run(run) => deliver(&run, |pack, delivery| {
                    if let Some((_, judge)) = self.judges.iter_mut().find(|(number, _)| *number == pack) {
                        judge.push(&delivery, &mut self.verdicts);
                    }
                }),
                Work::Suspend(pack, fault) => {
                    if let Some((_, judge)) = self.judges.iter_mut().find(|(number, _)| *number == pack) {
                        judge.suspend(fault, &mut self.verdicts);
                    }
                }
                Work::End(time) => {
                    for (_, judge) in &mut self.judges {
                        judge.end(time, &mut self.verdicts);
                    }
                }
            }
            for decision in self.verdicts.decisions.drain(..) {
                self.fold.add(decision);
            }
        }
        let costs = self.judges.iter().map(|(pack, judge)| (*pack, judge.cost())).collect();
        Judged { fold: self.fold, verdicts: self.verdicts, costs }
    }
}

fn report(options: &CheckOptions, matcher: &Matcher, collected: Collected, judged: Vec<Judged>) -> Report {
    let mut report = Report { lines: collected.lines, matches: collected.matches, ..Report::default() };
    let mut costs = vec![JudgeCost::default(); options.packs.len()];
    let mut fold = Fold::new();
    for judged in judged {
        fold.join(judged.fold);
        report.faults.extend(judged.verdicts.faults);
        report.logs.extend(judged.verdicts.logs);
        for (pack, cost) in judged.costs {
            costs[pack] = cost;
        }
    }
    // Within a pack they stay in order.
    report.faults.sort_by(|a, b| a.pack.cmp(&b.pack));
    report.incidents = fold.finish();
    let packs = options.packs.iter().zip(costs).zip(matcher.costs());
    report.packs = packs
        .map(|((configured, judging), matching)| PackReport {
            name: configured.pack.name().into(),
            version: configured.pack.manifest().pack.version.to_string(),
            matching,
            judging,
        })
        .collect();
    report
}
