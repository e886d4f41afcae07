//! How many came how far, and what stopped the others.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) findings: u64,
    made: BTreeMap<&'static str, u64>,
    reached: BTreeMap<&'static str, u64>,
    stopped: BTreeMap<(&'static str, String), u64>,
    counted: BTreeMap<(&'static str, String), u64>,
    slowest: (Duration, u64),
    compiled: u64,
    compiling: Duration,
    longest: Duration,
}

impl Tally {
    pub(crate) fn made(&mut self, kind: &'static str, seed: u64, took: Duration) {
        *self.made.entry(kind).or_default() += 1;
        self.slowest = self.slowest.max((took, seed));
    }

    /// It came so far.
    pub(crate) fn reach(&mut self, stage: &'static str) {
        *self.reached.entry(stage).or_default() += 1;
    }

    /// It came no further, for this reason.
    pub(crate) fn stop(&mut self, stage: &'static str, why: String) {
        *self.stopped.entry((stage, why)).or_default() += 1;
    }

    /// Something that stops nothing.
    pub(crate) fn count(&mut self, what: &'static str, kind: String) {
        *self.counted.entry((what, kind)).or_default() += 1;
    }

    pub(crate) fn compiled(&mut self, took: Duration) {
        self.compiled += 1;
        self.compiling += took;
        self.longest = self.longest.max(took);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.made {
            writeln!(f, "made      {count:8}  {kind}")?;
        }
        let mean = self.compiling / u32::try_from(self.compiled.max(1)).unwrap_or(u32::MAX);
        let (compiled, longest) = (self.compiled, self.longest);
        writeln!(f, "compiled  {compiled:8}  in {mean:.1?} each, the longest in {longest:.1?}")?;
        for (stage, count) in &self.reached {
            writeln!(f, "reached   {count:8}  {stage}")?;
        }
        for ((stage, why), count) in &self.stopped {
            writeln!(f, "stopped   {count:8}  {stage}: {why}")?;
        }
        for ((what, kind), count) in &self.counted {
            writeln!(f, "{what:9} {count:8}  {kind}")?;
        }
        write!(f, "slowest   {:8.1?}  seed {}", self.slowest.0, self.slowest.1)
    }
}
