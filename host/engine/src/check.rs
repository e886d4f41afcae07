//! The whole way in one thread: bytes in, incidents out. What embedders and tests use.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Configured;
use crate::clock::{Clock, NoClock};
use crate::decision::Decision;
use crate::fault::{Fault, PackFault};
use crate::fold::{Fold, Incident};
use crate::judge::{Delivery, Judge, JudgeCost, JudgeLimits, Verdicts};
use crate::line::{Block, LineSettings, Lines};
use crate::matcher::{MatchCost, MatchLimits, MatchScratch, Matched, Matcher, MatcherError};
use crate::merge::{Merge, Run, Scanned};
use crate::numbers::Numbers;
use crate::pattern::Rarity;
use crate::sandbox::{LogLine, Sandbox};

/// Bytes of lines that say what is rare in them; of fewer it is not worth it.
const SAMPLE: usize = 256 * 1024;

/// Checks lines of several sources with a set of packs.
///
/// Threads are the embedder's: a program with several cores runs [`Matcher::block`] on all of them and keeps
/// [`Merge`], [`Judge`] and [`Fold`] in order, as this does in one.
pub struct Check {
    matcher: Arc<Matcher>,
    /// Whether what is rare in the lines is a guess.
    guesses: bool,
    scratch: MatchScratch,
    clock: Box<dyn Clock>,
    sources: Vec<Lines>,
    /// Time of each source's last line, if that has one.
    last_times: HashMap<u32, Option<i64>>,
    merge: Merge,
    numbers: Numbers,
    judges: Vec<Judge>,
    fold: Fold,
    verdicts: Verdicts,
    /// Every decision as it came, if somebody wants them unfolded.
    decisions: Option<Vec<Decision>>,
    onlooker: Option<Box<dyn Onlooker>>,
    saves: bool,
    lines: u64,
    matches: u64,
}

/// Sees what is matched, for whoever shows it.
pub trait Onlooker {
    /// A block of this source was matched, and is not judged yet.
    fn matched(&mut self, source: u32, block: &Block, matched: &Matched);
}

/// What came of a check.
#[derive(Debug, Default)]
pub struct Report {
    /// Worst first.
    pub incidents: Vec<Incident>,
    /// Every decision in its pack's order, if [`Check::keep_decisions`] was called.
    pub decisions: Vec<Decision>,
    /// Failures of packs.
    pub faults: Vec<PackFault>,
    /// What packs logged: name and line.
    pub logs: Vec<(String, LogLine)>,
    /// By pack, in their order.
    pub packs: Vec<PackReport>,
    /// Bytes of what each pack saved at the end, in their order, if [`Check::save_states`] was called; `None`: nothing.
    pub states: Vec<Option<usize>>,
    /// Events' lines read.
    pub lines: u64,
    /// Matches of patterns on events that woke a pack.
    pub matches: u64,
}

/// What a pack has cost, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackReport {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Matching for it.
    pub matching: MatchCost,
    /// Judging by it.
    pub judging: JudgeCost,
}

impl Check {
    /// A check of one source, with every bound at its default.
    pub fn new(sandbox: Arc<dyn Sandbox>, packs: &[Configured]) -> Result<Check, MatcherError> {
        Check::with(
            sandbox,
            packs,
            1,
            LineSettings::default(),
            MatchLimits::default(),
            JudgeLimits::default(),
        )
    }

    /// A check of so many sources, with every bound given.
    pub fn with(
        sandbox: Arc<dyn Sandbox>,
        packs: &[Configured],
        sources: usize,
        lines: LineSettings,
        matching: MatchLimits,
        judging: JudgeLimits,
    ) -> Result<Check, MatcherError> {
        let judge = |pack| Judge::new(Arc::clone(&sandbox), pack, judging);
        Ok(Check {
            matcher: Arc::new(Matcher::new(packs, matching, &Rarity::default())?),
            guesses: true,
            scratch: MatchScratch::default(),
            clock: Box::new(NoClock),
            sources: (0..sources).map(|_| Lines::new(lines.clone())).collect(),
            last_times: HashMap::new(),
            merge: Merge::new(sources),
            numbers: Numbers::default(),
            judges: packs.iter().map(judge).collect(),
            fold: Fold::new(),
            verdicts: Verdicts::default(),
            decisions: None,
            onlooker: None,
            saves: false,
            lines: 0,
            matches: 0,
        })
    }

    /// Measures matching by this clock; without one it is not charged.
    pub fn clock(mut self, clock: Box<dyn Clock>) -> Check {
        self.clock = clock;
        self
    }

    /// Events get these numbers of sources and files; else both are counted from 0.
    pub fn numbers(mut self, numbers: Numbers) -> Check {
        self.numbers = numbers;
        self
    }

    /// The lines of one source are read like this, unlike those of the others; before its first byte.
    pub fn lines_of(mut self, source: u32, settings: LineSettings) -> Check {
        self.sources[source as usize] = Lines::new(settings);
        self
    }

    /// Keeps every decision beside the incidents.
    pub fn keep_decisions(mut self) -> Check {
        self.decisions = Some(Vec::new());
        self
    }

    /// Has packs save their states once the input is over.
    pub fn save_states(mut self) -> Check {
        self.saves = true;
        self
    }

    /// Shows each block to somebody.
    pub fn onlooker(mut self, onlooker: Box<dyn Onlooker>) -> Check {
        self.onlooker = Some(onlooker);
        self
    }

    /// The patterns of all packs.
    pub fn matcher(&self) -> &Arc<Matcher> {
        &self.matcher
    }

    /// Takes bytes of the first source, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.feed_source(0, bytes);
    }

    /// Takes bytes of a source, cut anywhere.
    pub fn feed_source(&mut self, source: u32, bytes: &[u8]) {
        self.sources[source as usize].push(bytes);
        self.match_blocks(source);
        self.judge();
    }

    /// There is no more: what is left is judged, and decisions are folded.
    pub fn finish(mut self) -> Report {
        for source in 0..self.sources.len() as u32 {
            self.sources[source as usize].finish();
            self.match_blocks(source);
            self.merge.finish(source);
        }
        self.judge();
        let end = self.last_times.values().copied().flatten().max();
        for judge in &mut self.judges {
            judge.end(end, &mut self.verdicts);
        }
        self.suspend();
        let states = if self.saves { self.states() } else { Vec::new() };
        self.take_decisions();
        let costs = self.matcher.costs();
        let report = |(judge, matching): (&Judge, MatchCost)| PackReport {
            name: judge.pack().name().into(),
            version: judge.pack().manifest().pack.version.to_string(),
            matching,
            judging: judge.cost(),
        };
        Report {
            packs: self.judges.iter().zip(costs).map(report).collect(),
            incidents: self.fold.finish(),
            decisions: self.decisions.unwrap_or_default(),
            faults: self.verdicts.faults,
            logs: self.verdicts.logs,
            states,
            lines: self.lines,
            matches: self.matches,
        }
    }

    fn states(&mut self) -> Vec<Option<usize>> {
        let verdicts = &mut self.verdicts;
        let state = |judge: &mut Judge| judge.snapshot(verdicts)?.state.map(|state| state.len());
        self.judges.iter_mut().map(state).collect()
    }

    fn match_blocks(&mut self, source: u32) {
        let merged = self.sources.len() > 1;
        while let Some(block) = self.sources[source as usize].next_block() {
            self.learn(&block.bytes);
            let matched = self.matcher.block(&block, merged, &*self.clock, &mut self.scratch);
            self.lines += block.lines.len() as u64;
            self.matches += matched.matches();
            if !block.lines.is_empty() {
                // Also if the line has none: what is last must not depend on blocks.
                self.last_times.insert(source, matched.last_time);
            }
            if let Some(onlooker) = &mut self.onlooker {
                onlooker.matched(source, &block, &matched);
            }
            if let Some(done) = self.merge.push(Scanned { source, block, matched }) {
                self.reuse(done);
            }
        }
    }

    /// The first bytes that are enough say what is rare, unless somebody else has the matcher, too.
    fn learn(&mut self, bytes: &[u8]) {
        if let (true, Some(sample)) = (self.guesses, bytes.get(..SAMPLE)) {
            self.guesses = false;
            if let Some(matcher) = Arc::get_mut(&mut self.matcher) {
                let mut rarity = Rarity::default();
                rarity.learn(sample);
                matcher.learn(&rarity);
            }
        }
    }

    fn judge(&mut self) {
        while let Some(run) = self.merge.next_run() {
            deliver(&run, &self.numbers, |pack, delivery| {
                if let Some(judge) = self.judges.get_mut(pack) {
                    judge.push(&delivery, &mut self.verdicts);
                }
            });
            if let Some(done) = Arc::into_inner(run.scanned) {
                self.reuse(done);
            }
            self.suspend();
            self.take_decisions();
        }
    }

    /// What is done with has memory for what comes.
    fn reuse(&mut self, Scanned { source, block, matched }: Scanned) {
        self.sources[source as usize].reuse(block);
        self.scratch.reuse(matched);
    }

    fn suspend(&mut self) {
        for (judge, fault) in self.judges.iter_mut().zip(suspensions(&self.matcher)) {
            if let Some(fault) = fault {
                judge.suspend(fault, &mut self.verdicts);
            }
        }
    }

    fn take_decisions(&mut self) {
        for decision in self.verdicts.decisions.drain(..) {
            if let Some(decisions) = &mut self.decisions {
                decisions.push(decision.clone());
            }
            self.fold.add(decision);
        }
    }
}

/// Hands each event of a run to each pack that it woke.
pub fn deliver(run: &Run, numbers: &Numbers, mut to: impl FnMut(usize, Delivery<'_>)) {
    let Scanned { source, block, matched } = &*run.scanned;
    for i in run.events.clone() {
        let event = matched.event(i);
        let line = &block.lines[event.line()];
        let text = &block.bytes[line.start as usize..line.end as usize];
        let position = numbers.position(*source, line);
        for (pack, matches) in event.wakes() {
            to(
                pack,
                Delivery { position, received: block.received, line: text, cut: line.cut, event, matches },
            );
        }
    }
}

/// For each pack the fault of its patterns, if they are over their budget.
pub fn suspensions(matcher: &Matcher) -> impl Iterator<Item = Option<Fault>> {
    let fault =
        |cost: MatchCost| cost.suspended.then_some(Fault::Matching { used: cost.time, tried: cost.tried });
    matcher.costs().into_iter().map(fault)
}
