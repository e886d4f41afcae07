//! What packs cost.

use std::ops::AddAssign;
use std::time::Duration;

/// What a pack has cost, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JudgeCost {
    /// Events delivered.
    pub events: u64,
    /// Matches delivered with them.
    pub matches: u64,
    /// Batches judged.
    pub batches: u64,
    /// Decisions taken.
    pub decisions: u64,
    /// Faults.
    pub faults: u64,
    /// Log lines that are not in [`Verdicts::logs`](super::Verdicts::logs), since they were over a limit.
    pub logs_dropped: u64,
    /// CPU time in the pack.
    pub cpu: Duration,
    /// Bytes of its memory, at most.
    pub memory: u64,
    /// Bytes of memory of the instance that lives; 0: none does.
    pub live: u64,
    /// Instances started.
    pub starts: u64,
    /// Whether it is out.
    pub quarantined: bool,
    /// Batches by the CPU time that each took.
    pub times: Times,
}

impl JudgeCost {
    /// What was added since `before`, which was its cost then. What is no count is as it is now.
    #[must_use]
    pub fn since(&self, before: &JudgeCost) -> JudgeCost {
        JudgeCost {
            events: self.events.saturating_sub(before.events),
            matches: self.matches.saturating_sub(before.matches),
            batches: self.batches.saturating_sub(before.batches),
            decisions: self.decisions.saturating_sub(before.decisions),
            faults: self.faults.saturating_sub(before.faults),
            logs_dropped: self.logs_dropped.saturating_sub(before.logs_dropped),
            cpu: self.cpu.saturating_sub(before.cpu),
            starts: self.starts.saturating_sub(before.starts),
            times: self.times.since(&before.times),
            memory: self.memory,
            live: self.live,
            quarantined: self.quarantined,
        }
    }
}

impl AddAssign for JudgeCost {
    fn add_assign(&mut self, other: JudgeCost) {
        self.events += other.events;
        self.matches += other.matches;
        self.batches += other.batches;
        self.decisions += other.decisions;
        self.faults += other.faults;
        self.logs_dropped += other.logs_dropped;
        self.cpu += other.cpu;
        self.memory = self.memory.max(other.memory);
        self.live += other.live;
        self.starts += other.starts;
        self.quarantined |= other.quarantined;
        self.times += other.times;
    }
}

/// How often something took how long: a histogram whose bounds are powers of two of a microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times([u64; Times::BUCKETS]);

impl Times {
    /// So many bounds: the first is 1 µs, the last takes all that is longer than 4 seconds.
    pub const BUCKETS: usize = 24;

    /// Counts one.
    pub fn count(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - micros.leading_zeros()) as usize;
        self.0[bucket.min(Times::BUCKETS - 1)] += 1;
    }

    /// Each bound in seconds and how many were below it and not below the one before; the last has none.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bound = |bucket: usize| match bucket + 1 {
            Times::BUCKETS => f64::INFINITY,
            _ => (1_u64 << bucket) as f64 / 1e6,
        };
        self.0.iter().enumerate().map(move |(bucket, count)| (bound(bucket), *count))
    }
}

impl Times {
    fn since(&self, before: &Times) -> Times {
        let mut since = *self;
        since.0.iter_mut().zip(before.0).for_each(|(own, before)| *own = own.saturating_sub(before));
        since
    }
}

impl AddAssign for Times {
    fn add_assign(&mut self, other: Times) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_below_their_bound() {
        let mut times = Times::default();
        let micros = [0, 1, 2, 3, 4, 1_000, 10_000_000];
        micros.into_iter().for_each(|micros| times.count(Duration::from_micros(micros)));
        let counted: Vec<(f64, u64)> = times.buckets().filter(|(_, count)| *count > 0).collect();
        let expected = [(1e-6, 1), (2e-6, 1), (4e-6, 2), (8e-6, 1), (1_024e-6, 1), (f64::INFINITY, 1)];
        assert_eq!(counted, expected);
        let mut twice = times;
        twice += times;
        assert_eq!(twice.buckets().map(|(_, count)| count).sum::<u64>(), 14);
        assert_eq!(twice.since(&times), times);
    }

    #[test]
    fn what_was_added_since_is_added_again() {
        let second = Duration::from_secs(1);
        let mut before = JudgeCost { events: 3, cpu: second, memory: 10, live: 10, ..JudgeCost::default() };
        before.times.count(second);
        let mut now = JudgeCost { events: 5, faults: 1, cpu: 3 * second, live: 0, ..before };
        now.times.count(second);
        let since = now.since(&before);
        assert_eq!((since.events, since.faults, since.cpu, since.live), (2, 1, 2 * second, 0));
        let mut sum = JudgeCost { live: 0, ..before };
        sum += since;
        assert_eq!(sum, now);
    }
}
