//! How far a conversation has come, shared by the thread that has it and the one that waits.
//!
//! A server that sends a byte now and then resets every timeout of a socket. So the one that waits has a deadline of
//! its own, and what it gives up must not hand the mail over afterwards: the mail would be tried again as well.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether the server may have the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It cannot.
    Before,
    /// It may.
    Handed,
}

/// The stage, and until when it may go on.
pub(super) struct Progress {
    state: Mutex<State>,
    deadline: Instant,
}

struct State {
    stage: Stage,
    given_up: bool,
}

impl Progress {
    /// A conversation that begins now.
    pub(super) fn new(whole: Duration) -> Progress {
        let state = State { stage: Stage::Before, given_up: false };
        Progress { state: Mutex::new(state), deadline: Instant::now() + whole }
    }

    /// Time that is left.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Asks to hand the mail over; refused if nobody waits any more.
    pub(super) fn hand_over(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.given_up {
            state.stage = Stage::Handed;
        }
        !state.given_up
    }

    /// Waits no more; the stage stays what it is.
    pub(super) fn give_up(&self) -> Stage {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.given_up = true;
        state.stage
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Progress, Stage};

    #[test]
    fn what_was_given_up_is_not_handed_over() {
        let progress = Progress::new(Duration::ZERO);
        assert_eq!(progress.left(), Duration::ZERO);
        assert_eq!(progress.give_up(), Stage::Before);
        assert!(!progress.hand_over());
        assert_eq!(progress.give_up(), Stage::Before);
    }

    #[test]
    fn what_was_handed_over_stays_so() {
        let progress = Progress::new(Duration::from_secs(1));
        assert!(progress.hand_over());
        assert_eq!(progress.give_up(), Stage::Handed);
    }
}
