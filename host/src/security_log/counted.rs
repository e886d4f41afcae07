use std::collections::HashMap;
use std::hash::Hash;

/// Nanoseconds in which one record tells of all that came.
const MINUTE: i64 = 60_000_000_000;

/// Counts what strangers can make come often, so that it costs one record a minute for each of those whom it comes from.
///
/// ```text
///   comes   │ │ │ │   │       │             │
///   told    1           4 (a minute later)  1
/// ```
#[derive(Debug)]
pub(crate) struct Counted<K> {
    most: usize,
    each: HashMap<K, Count>,
    /// Those that found no room among them.
    others: Count,
}

/// How often it came since it was told, and when that was.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    count: u64,
    told: Option<i64>,
}

impl<K: Eq + Hash + Clone> Counted<K> {
    /// For so many keys at the same time.
    pub(crate) fn new(most: usize) -> Counted<K> {
        Counted { most, each: HashMap::new(), others: Count::default() }
    }

    /// It came from there.
    pub(crate) fn count(&mut self, key: K) {
        let has_room = self.each.len() < self.most;
        let count = match self.each.get_mut(&key) {
            Some(known) => known,
            None if has_room => self.each.entry(key).or_default(),
            None => &mut self.others,
        };
        count.count = count.count.saturating_add(1);
    }

    /// Those that are counted by themselves now.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.each.keys()
    }

    /// Whether it is one of them.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.each.contains_key(key)
    }

    /// What is to be told now, `None` being all that found no room; at the end, everything.
    pub(crate) fn due(&mut self, now: i64, at_end: bool) -> Vec<(Option<K>, u64)> {
        let mut due = Vec::new();
        for (key, count) in &mut self.each {
            due.extend(count.due(now, at_end).map(|count| (Some(key.clone()), count)));
        }
        due.extend(self.others.due(now, at_end).map(|count| (None, count)));
        self.each.retain(|_, count| count.count > 0 || count.is_recent(now));
        due
    }
}

impl Count {
    fn due(&mut self, now: i64, at_end: bool) -> Option<u64> {
        if self.count == 0 || (self.is_recent(now) && !at_end) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.count))
    }

    /// Whether it was told within the last minute. A clock that was set back holds nothing up.
    fn is_recent(&self, now: i64) -> bool {
        self.told.is_some_and(|told| (told..told.saturating_add(MINUTE)).contains(&now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_a_minute_tells_of_all_that_came() {
        let mut counted = Counted::new(2);
        counted.count("a");
        assert_eq!(counted.due(0, false), [(Some("a"), 1)]);
        (0..40).for_each(|_| counted.count("a"));
        assert_eq!(counted.due(1, false), []);
        assert_eq!(counted.due(MINUTE - 1, false), []);
        counted.count("b");
        assert_eq!(counted.due(MINUTE - 1, false), [(Some("b"), 1)]);
        assert_eq!(counted.due(MINUTE, false), [(Some("a"), 40)]);
        // At the end nothing is left untold.
        counted.count("a");
        assert_eq!(counted.due(MINUTE + 1, false), []);
        assert_eq!(counted.due(MINUTE + 1, true), [(Some("a"), 1)]);
        // A clock that was set back.
        counted.count("a");
        assert_eq!(counted.due(5, false), [(Some("a"), 1)]);
    }

    #[test]
    fn however_many_come_it_is_bounded() {
        let mut counted = Counted::new(2);
        (0..1_000).for_each(|key| counted.count(key));
        let mut due = counted.due(0, false);
        due.sort_unstable();
        assert_eq!(due, [(None, 998), (Some(0), 1), (Some(1), 1)]);
        (0..1_000).for_each(|key| counted.count(key));
        assert_eq!(counted.due(1, false), []);
        // Those that are quiet again give their room.
        counted.due(MINUTE, false);
        counted.due(3 * MINUTE, false);
        counted.count(7);
        assert_eq!(counted.due(3 * MINUTE, false), [(Some(7), 1)]);
    }
}
