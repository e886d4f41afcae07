use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tripline_engine::sandbox::Trap;

use crate::Limits;
use crate::ticker::{TICK, Ticker};

/// Measures the calls of one instance.
pub(crate) struct Meter {
    ticker: Arc<Ticker>,
    /// The thread's CPU time when the call began.
    began: Duration,
    first_tick: u64,
    budget: Duration,
    wall: Duration,
    total: Duration,
}

impl Meter {
    pub(crate) fn new(ticker: Arc<Ticker>) -> Meter {
        let zero = Duration::ZERO;
        Meter { ticker, began: zero, first_tick: 0, budget: zero, wall: zero, total: zero }
    }

    /// A call with so many entries begins on this thread.
    pub(crate) fn begin(&mut self, limits: &Limits, entries: u32) {
        self.budget = limits.cpu_base.saturating_add(limits.cpu_entry.saturating_mul(entries));
        self.wall = limits.wall;
        self.first_tick = self.ticker.ticks();
        self.began = thread_cpu();
    }

    /// Which limit of time the call has passed, if any; asked at ticks.
    pub(crate) fn passed(&self) -> Option<Trap> {
        let used = thread_cpu().saturating_sub(self.began);
        if used >= self.budget {
            return Some(Trap::Cpu { used, limit: self.budget });
        }
        let ticks = u32::try_from(self.ticker.ticks().saturating_sub(self.first_tick)).unwrap_or(u32::MAX);
        let used = TICK.saturating_mul(ticks);
        (used >= self.wall).then_some(Trap::Wall { used, limit: self.wall })
    }

    /// The call has ended.
    pub(crate) fn end(&mut self) {
        self.total += thread_cpu().saturating_sub(self.began);
    }

    /// CPU time of all calls.
    pub(crate) fn total(&self) -> Duration {
        self.total
    }
}

/// CPU time of the calling thread, which is the one that runs the guest.
fn thread_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
