//! Time, handed in: what waits and what measures can be told any time by a test.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, RecvTimeoutError};

/// Tells the time and waits for it.
pub trait WallClock: Send + Sync {
    /// Nanoseconds since 1970.
    fn now(&self) -> i64;

    /// Nanoseconds since some moment, which nobody sets: how long something lasts, however the clock is set meanwhile. While
    /// the machine sleeps it stands still.
    fn steady(&self) -> i64 {
        self.now()
    }

    /// Waits until then, or until `woken` is sent something or closed; answers whether it was closed.
    fn wait(&self, until: i64, woken: &Receiver<()>) -> bool;
}

/// What never wakes anybody early.
pub fn never() -> Receiver<()> {
    crossbeam_channel::never()
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn steady(&self) -> i64 {
        static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
        i64::try_from(BEGUN.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }

    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }

    fn wait(&self, until: i64, woken: &Receiver<()>) -> bool {
        // In steps: a clock that is set, or a machine that slept, moves the end.
        let left = until.saturating_sub(self.now()).clamp(0, 60_000_000_000);
        matches!(woken.recv_timeout(Duration::from_nanos(left as u64)), Err(RecvTimeoutError::Disconnected))
    }
}
