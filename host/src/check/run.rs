//! The threads of a check.
//!
//! ```text
//!            blocks              matched blocks                runs of events
//!   reader ─────────► matchers ─────────────────► collector ─────────────────► judges ─► folded incidents
//!   one thread        --threads of them           this thread: merges by       each owns some of the packs
//!                                                 time, tells the observer
//!                                                     └─ commits ─► committing thread, with a store only
//! ```
//!
//! Channels are bounded, so memory is, too. The reader reads on in the source that is furthest behind in time. What
//! comes out does not depend on threads: blocks are put back in order before they are merged.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::time::{ClockId, clock_gettime};
use tripline_engine::clock::Clock;
use tripline_engine::fold::Fold;
use tripline_engine::judge::{Judge, JudgeCost, JudgeLimits};
use tripline_engine::line::Block;
use tripline_engine::matcher::{MatchScratch, Matcher, MatcherError, Stages};
use tripline_engine::merge::{Merge, Scanned};
use tripline_engine::pattern::Rarity;
use tripline_engine::sandbox::Sandbox;
use tripline_engine::{PackReport, Report};

use super::barrier::{Barriers, Committing};
use super::collector::{Collected, Collector};
use super::judging::{Judged, Judging};
use super::keeping::settings_digest;
use super::passing::{Numbered, Progress, Scan, Work};
use super::plan::Plan;
use super::prepared;
use super::reading::Reading;
use super::spares::Spares;
use super::spent::Spent;
use super::{CheckOptions, Observer, Outcome, Stop};
use crate::crew;

/// Runs a check to its end, or until `stop` is set.
pub fn run(
    options: CheckOptions,
    sandbox: Arc<dyn Sandbox>,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Result<Outcome, MatcherError> {
    let started = Instant::now();
    let (plan, _alone, refused) = match &options.store {
        None => (Plan::from_start(&options.sources), None, None),
        // Until all is committed, nobody else checks.
        Some(keeping) => match keeping.store.checker().and_then(|lock| {
            let plan = Plan::from_store(&options.sources, keeping)?;
            Ok((plan, lock))
        }) {
            Ok((plan, lock)) => (plan, Some(lock), None),
            // Nothing is read then.
            Err(error) => (Plan::default(), None, Some(error)),
        },
    };
    let mut reading = Reading::new(&options, &plan);
    let mut rarity = Rarity::default();
    reading.sample(&mut rarity);
    let threads = options.threads.max(1);
    let matcher = prepared::matcher(&options.packs, threads, &rarity)?;
    let progress = Progress::new(plan.sources.len());
    let decided = AtomicU64::new(0);
    let ahead = ahead(threads, options.store.is_some());
    // As many as there can be between the reader and the judges: what is let go of is taken freshly again.
    let spares = Spares::new(ahead * 3 + threads + 4);
    let (to_matchers, blocks) = bounded::<Numbered<Block>>(ahead);
    let (to_collector, scanned) = bounded::<Numbered<Scan>>(ahead);

    let (collected, kept, judged, read, stages) = std::thread::scope(|scope| {
        let (matcher, progress, spares) = (&matcher, &progress, &spares);
        let from_reader = to_collector.clone();
        let reader = scope.spawn(move || reading.run(&to_matchers, &from_reader, progress, spares, stop));
        let merged = plan.sources.len() > 1;
        let match_blocks = || {
            let (blocks, to_collector) = (blocks.clone(), to_collector.clone());
            let scratch = scratch(options.stats);
            scope.spawn(move || match_blocks(matcher, merged, &blocks, &to_collector, spares, scratch))
        };
        let matching: Vec<_> = (0..threads).map(|_| match_blocks()).collect();
        // Whoever holds a sender keeps the other end waiting.
        drop((blocks, to_collector));
        let owners = threads.min(options.packs.len()).max(1);
        let kept = options.store.is_some().then_some(&decided);
        let mut judges: Vec<Judging<'_>> =
            (0..owners).map(|_| Judging::new(&plan.numbers, spares, kept)).collect();
        for (pack, configured) in options.packs.iter().enumerate() {
            let judge = Judge::new(Arc::clone(&sandbox), configured, JudgeLimits::default());
            let remembered = plan.states.iter().find(|state| state.pack == configured.pack.name());
            judges[pack % owners].add(pack, judge, settings_digest(configured), remembered);
        }
        let (senders, handles): (Vec<_>, Vec<_>) = (judges.into_iter())
            .map(|judging| {
                let (sender, receiver) = bounded::<Work>(ahead.max(4));
                (sender, scope.spawn(move || judging.run(&receiver)))
            })
            .unzip();
        let barriers = options.store.as_ref().map(|keeping| {
            let (committing, disk) = Committing::new(keeping);
            scope.spawn(move || committing.run());
            Barriers::new(keeping, disk, names(&options), (&plan.kept, &plan.looked), &decided)
        });
        let mut collector = Collector {
            merge: merge(&plan),
            matcher,
            options: &options,
            plan: &plan,
            progress,
            spares,
            barriers,
            settled: 0,
            tails: None,
            judges: senders,
            suspended: vec![false; options.packs.len()],
            last_times: BTreeMap::new(),
            lines: 0,
            matches: 0,
        };
        collector.run(&scanned, observer);
        let (collected, kept) = collector.finish();
        let judged: Vec<Judged> = handles.into_iter().map(joined).collect();
        let mut stages = Stages::default();
        matching.into_iter().filter_map(joined).for_each(|own| stages.add(&own));
        (collected, kept, judged, joined(reader), stages)
    });
    let (committed, failed) = kept.unzip();
    let is_refused = refused.is_some();
    let store_error = refused.or(failed.flatten());
    let report = report(&options, &matcher, collected, judged);
    Ok(Outcome {
        report,
        errors: plan.errors.into_iter().chain(read.errors).collect(),
        files: plan.files,
        bytes: read.bytes,
        elapsed: started.elapsed(),
        spent: options.stats.then(|| Spent::of(read.time, stages, &options.packs)),
        stopped: stop.load(Relaxed) || store_error.is_some(),
        refused: is_refused,
        notes: plan.notes,
        committed,
        store_error,
    })
}

/// Blocks that may wait between two threads. Where several run at once none is to wait for another that sleeps; where one does,
/// what it hands on is to be in its cache still. Blocks of a check that keeps what it finds are twice as large.
fn ahead(threads: usize, keeps: bool) -> usize {
    match threads {
        1 => 2,
        _ if keeps => threads * 2,
        _ => threads * 4,
    }
}

/// As many threads as there are cores.
pub fn default_threads() -> usize {
    crew::cores()
}

/// The packs' names.
fn names(options: &CheckOptions) -> Vec<String> {
    options.packs.iter().map(|configured| configured.pack.name().to_string()).collect()
}

/// The merge of sources that go on where they were.
fn merge(plan: &Plan) -> Merge {
    let mut merge = Merge::new(plan.sources.len());
    for (source, latest) in (0..).zip(&plan.latest) {
        merge.resume(source, *latest);
    }
    merge
}

/// What a thread answers. If it panicked, so does its caller: what is left of the check would look like a whole one.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

fn match_blocks(
    matcher: &Matcher,
    merged: bool,
    blocks: &Receiver<Numbered<Block>>,
    to_collector: &Sender<Numbered<Scan>>,
    spares: &Spares,
    mut scratch: MatchScratch,
) -> Option<Stages> {
    for Numbered { number, source, what: block } in blocks {
        if let Some(matched) = spares.matched() {
            scratch.reuse(matched);
        }
        let matched = matcher.block(&block, merged, &MonotonicClock, &mut scratch);
        let what = Scan::Block(Box::new(Scanned { source, block, matched }));
        if to_collector.send(Numbered { number, source, what }).is_err() {
            break;
        }
    }
    scratch.stages()
}

/// A matcher's memory; one that measures costs more.
fn scratch(stats: bool) -> MatchScratch {
    if stats { MatchScratch::profiled(Box::new(MonotonicClock)) } else { MatchScratch::default() }
}

/// Wall time: reading a thread's CPU time is a system call, which would cost as much as matching. What it counts from stays as
/// it comes: to take a start from it costs a fifth of the clock.
pub(crate) struct MonotonicClock;

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        let now = clock_gettime(ClockId::Monotonic);
        Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
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
