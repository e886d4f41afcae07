//! Time that is handed in: the engine has no clock of its own.

use std::time::Duration;

/// A clock of the thread that asks, monotonic; what it counts from does not matter.
pub trait Clock: Send + Sync {
    /// CPU time or wall time of this thread, as finely as the platform can.
    fn now(&self) -> Duration;
}

/// Where nothing is measured, nothing is charged.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}
