use super::{Corrupt, State, StateReader, StateWriter};
use crate::Event;

/// The latest time that a helper has seen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Clock {
    latest: Option<i64>,
}

impl Clock {
    /// When an event counts: at its time, else when it came in, else at the latest time seen.
    ///
    /// Before any time was seen it counts at 1970: events of a log without times all lie in one window.
    pub(crate) fn time(&mut self, event: &Event<'_>) -> i64 {
        let own = event.time().or_else(|| event.received());
        let time = own.or(self.latest).unwrap_or(0);
        if own.is_some() {
            self.latest = self.latest.max(own);
        }
        time
    }
}

/// Whether two times, the earlier first, lie in a window of so many seconds.
pub(crate) fn within(first: i64, last: i64, secs: i64) -> bool {
    last.saturating_sub(first) <= secs.saturating_mul(1_000_000_000)
}

impl State for Clock {
    fn save(&self, out: &mut StateWriter) {
        self.latest.save(out);
    }

    fn restore(from: &mut StateReader<'_>) -> Result<Self, Corrupt> {
        Ok(Clock { latest: Option::restore(from)? })
    }
}
