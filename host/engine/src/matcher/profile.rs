use std::time::Duration;

use crate::clock::Clock;

/// Where one thread's matching spends its time. Only where somebody asks: reading a clock for each pattern that is
/// tried costs about as much as a cheap pattern does.
pub(super) struct Profile {
    clock: Box<dyn Clock>,
    stages: Stages,
}

/// Times of the stages of matching.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    /// The look at the raw bytes.
    pub prefilter: Duration,
    /// Lines that became events.
    pub decode: Duration,
    /// How many did.
    pub decoded: u64,
    /// Each pattern's verifying, numbered through all packs in their order.
    pub patterns: Vec<PatternCost>,
}

/// What verifying one pattern has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatternCost {
    /// In all.
    pub time: Duration,
    /// Values that were searched.
    pub tried: u64,
    /// Of those the ones that it matched.
    pub found: u64,
}

impl Profile {
    pub(super) fn new(clock: Box<dyn Clock>) -> Profile {
        Profile { clock, stages: Stages::default() }
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    pub(super) fn prefiltered(&mut self, since: Duration) {
        self.stages.prefilter += self.since(since);
    }

    pub(super) fn decoded(&mut self, since: Duration) {
        self.stages.decode += self.since(since);
        self.stages.decoded += 1;
    }

    /// One pass was for all of these: each has an equal share of it, whatever it brought about.
    pub(super) fn looked(&mut self, patterns: impl Iterator<Item = usize> + Clone, since: Duration) {
        let time = self.since(since) / (patterns.clone().count() as u32).max(1);
        for pattern in patterns {
            let cost = self.cost(pattern);
            cost.time += time;
            cost.tried += 1;
        }
    }

    /// A pattern was tried; `first`: no pass was made for it on this value before.
    pub(super) fn verified(&mut self, pattern: usize, first: bool, found: bool, since: Duration) {
        let time = self.since(since);
        let cost = self.cost(pattern);
        cost.time += time;
        cost.tried += u64::from(first);
        cost.found += u64::from(found);
    }

    fn cost(&mut self, pattern: usize) -> &mut PatternCost {
        if self.stages.patterns.len() <= pattern {
            self.stages.patterns.resize(pattern + 1, PatternCost::default());
        }
        &mut self.stages.patterns[pattern]
    }

    pub(super) fn finish(self) -> Stages {
        self.stages
    }

    fn since(&self, before: Duration) -> Duration {
        self.clock.now().saturating_sub(before)
    }
}

impl Stages {
    /// Adds those of another thread.
    pub fn add(&mut self, other: &Stages) {
        self.prefilter += other.prefilter;
        self.decode += other.decode;
        self.decoded += other.decoded;
        if self.patterns.len() < other.patterns.len() {
            self.patterns.resize(other.patterns.len(), PatternCost::default());
        }
        for (sum, cost) in self.patterns.iter_mut().zip(&other.patterns) {
            sum.time += cost.time;
            sum.tried += cost.tried;
            sum.found += cost.found;
        }
    }
}
