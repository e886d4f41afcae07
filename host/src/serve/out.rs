//! A pack that was put out for a tenant: it comes back for a probe, later each time.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};

/// The first probe comes after ten minutes …
const FIRST: i64 = 600 * 1_000_000_000;
/// … and each further one after twice the time, up to about a day.
const DOUBLED: u32 = 7;

/// Whether it is out. One judge's thread at a time puts it out and asks.
#[derive(Default)]
pub(super) struct Out {
    /// Until then, nanoseconds since 1970; 0: it is in.
    until: AtomicI64,
    times: AtomicU32,
}

impl Out {
    /// It is out from now on, until it is time for a probe; `for_good`: until its set changes.
    pub(super) fn put_out(&self, now: i64, for_good: bool) {
        let times = self.times.fetch_add(1, Relaxed).min(DOUBLED);
        let until = if for_good { i64::MAX } else { now.saturating_add(FIRST << times) };
        self.until.store(until, Relaxed);
    }

    /// Whether it is out at this time. What is told to come back goes on as any pack: it is put out again for what would
    /// put out another.
    pub(super) fn is_out(&self, now: i64) -> bool {
        now < self.until.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_probe_comes_later() {
        let out = Out::default();
        assert!(!out.is_out(0));
        let mut now = 0;
        let waits: Vec<i64> = (0..9)
            .map(|_| {
                out.put_out(now, false);
                let begin = now;
                while out.is_out(now) {
                    now += FIRST;
                }
                (now - begin) / FIRST
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 128]);
        out.put_out(now, true);
        assert!(out.is_out(i64::MAX - 1));
    }
}
