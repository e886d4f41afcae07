//! How a server is told to stop, or to go on with other packs.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Receiver;

use super::batch::Expected;
use super::following::Follow;
use super::sets::PackSets;
use crate::follow::{Wake, Waker};

/// What a server goes on with, from a barrier on; what is `None` stays as it is.
#[derive(Default)]
pub struct Change {
    /// The packs, with their settings.
    pub packs: Option<Arc<PackSets>>,
    /// What is followed. Sources that are followed already and still named are read on.
    pub follow: Option<Vec<Follow>>,
    /// Sources of which something is expected to be brought.
    pub expected: Option<Vec<Expected>>,
}

/// Held by whoever runs a server: stops it, changes it, wakes it.
pub struct Control {
    stop: AtomicBool,
    change: Mutex<Option<Change>>,
    waker: Waker,
    woken: Receiver<()>,
}

impl Default for Control {
    fn default() -> Control {
        let (waker, woken) = Waker::new();
        Control { stop: AtomicBool::new(false), change: Mutex::default(), waker, woken }
    }
}

impl Control {
    /// Something has come: whoever waits for it looks now.
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// What was read is judged and committed, and the server ends.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.wake();
    }

    /// Whether it is to stop.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// From the next barrier on it goes on with this.
    pub fn change(&self, change: Change) {
        let mut waiting = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let Change { packs, follow, expected } = waiting.take().unwrap_or_default();
        *waiting = Some(Change {
            packs: change.packs.or(packs),
            follow: change.follow.or(follow),
            expected: change.expected.or(expected),
        });
        drop(waiting);
        self.wake();
    }

    pub(super) fn is_changing(&self) -> bool {
        self.change.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn take_change(&self) -> Option<Change> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends such a wait.
    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Waits for what changes in folders, and for [`Control::wake`].
    pub(super) fn waits(&self) -> Wake {
        Wake::new(&self.waker, &self.woken)
    }
}

/// Stops the server if its thread panics: the others must not go on as if it were there.
pub(super) struct Guard<'a>(pub(super) &'a Control);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}
