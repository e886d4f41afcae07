//! How a server is told to stop, or to go on with other packs.

use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Receiver;

use super::batch::Expected;
use super::following::Follow;
use super::sets::PackSets;
use crate::commit::Tenant;
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

/// Tenants that have other packs in these, each once.
type Own = Vec<(Tenant, Arc<PackSets>)>;

/// What was asked for and is not done yet.
#[derive(Default)]
struct Waiting {
    change: Option<Change>,
    own: Own,
}

/// Held by whoever runs a server: stops it, changes it, wakes it.
pub struct Control {
    stop: AtomicBool,
    waiting: Mutex<Waiting>,
    waker: Waker,
    woken: Receiver<()>,
}

impl Default for Control {
    fn default() -> Control {
        let (waker, woken) = Waker::new();
        Control { stop: AtomicBool::new(false), waiting: Mutex::default(), waker, woken }
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

    /// From the next barrier on it goes on with this; until that is on disk, everybody waits.
    pub fn change(&self, change: Change) {
        let mut waiting = self.lock();
        let Change { packs, follow, expected } = waiting.change.take().unwrap_or_default();
        if change.packs.is_some() {
            // Whoever says all packs knows what was said of one tenant's before.
            waiting.own.clear();
        }
        waiting.change = Some(Change {
            packs: change.packs.or(packs),
            follow: change.follow.or(follow),
            expected: change.expected.or(expected),
        });
        drop(waiting);
        self.wake();
    }

    /// From that tenant's next barrier on its packs are those that it has in these, in which the operator's are the same:
    /// all that it has brought before is judged by those that it has now. Nobody else waits for that.
    pub fn change_own(&self, tenant: &Tenant, packs: Arc<PackSets>) {
        let mut waiting = self.lock();
        match &mut waiting.change {
            // What is said later has what was said before.
            Some(Change { packs: Some(all), .. }) => *all = packs,
            _ => {
                waiting.own.retain(|(of, _)| of != tenant);
                waiting.own.push((tenant.clone(), packs));
            }
        }
        drop(waiting);
        self.wake();
    }

    pub(super) fn is_changing(&self) -> bool {
        self.lock().change.is_some()
    }

    /// What is to change for everybody, and with it what is to for one.
    pub(super) fn take_change(&self) -> Option<(Change, Own)> {
        let mut waiting = self.lock();
        let change = waiting.change.take()?;
        Some((change, take(&mut waiting.own)))
    }

    /// What is to change for one tenant each, if nothing is for everybody.
    pub(super) fn take_own(&self) -> Own {
        let mut waiting = self.lock();
        if waiting.change.is_some() { Vec::new() } else { take(&mut waiting.own) }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every change is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    /// What is said later has what was said before, whether it is of one tenant or of all.
    #[test]
    fn the_last_word_counts() {
        let sets = || Arc::new(PackSets::shared(Vec::new()).unwrap());
        let [a, b] = ["a", "b"].map(|name| Tenant::new(name).unwrap());
        let control = Control::default();
        let (first, second, third) = (sets(), sets(), sets());
        control.change_own(&a, Arc::clone(&first));
        control.change_own(&b, Arc::clone(&second));
        control.change_own(&a, Arc::clone(&third));
        let own = control.take_own();
        assert!(own.len() == 2 && own[0].0 == b && Arc::ptr_eq(&own[1].1, &third));
        assert!(control.take_own().is_empty());
        // Of all, without packs: what was said of one goes with it.
        control.change_own(&a, Arc::clone(&first));
        control.change(Change { follow: Some(Vec::new()), ..Change::default() });
        assert!(control.take_own().is_empty(), "it comes with the other");
        let (change, own) = control.take_change().unwrap();
        assert!(change.packs.is_none() && Arc::ptr_eq(&own[0].1, &first));
        // With packs: they are the last word, and one that comes later is instead of them.
        control.change_own(&a, first);
        control.change(Change { packs: Some(second), ..Change::default() });
        control.change_own(&b, Arc::clone(&third));
        let (change, own) = control.take_change().unwrap();
        assert!(own.is_empty() && Arc::ptr_eq(&change.packs.unwrap(), &third));
    }
}
