//! Where barriers go, one at a time, and what comes back for each that is on disk.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::super::passing::Barrier;
use super::SOON;
use crate::commit::Tenant;

/// Who brings much waits for a commit for so many times as long as the last one took: the more is in one, the less each
/// costs.
const SPARE: u32 = 4;

/// The committing thread, as the collector sees it.
pub(in super::super) struct Disk {
    barriers: Sender<Barrier>,
    stored: Receiver<()>,
    /// Whose barrier is on its way, and since when; `None`: there is none.
    underway: Option<(HashSet<Tenant>, Instant)>,
    /// How long the last one took.
    took: Duration,
}

impl Disk {
    pub(in super::super) fn new(barriers: Sender<Barrier>, stored: Receiver<()>) -> Disk {
        Disk { barriers, stored, underway: None, took: Duration::ZERO }
    }

    /// Sends one of these tenants; none is underway. `false`: the last one was given up.
    pub(super) fn send(&mut self, barrier: Barrier, tenants: HashSet<Tenant>) -> bool {
        let is_sent = self.barriers.send(barrier).is_ok();
        self.underway = is_sent.then(|| (tenants, Instant::now()));
        is_sent
    }

    /// Receives something for each that is on disk: [`Disk::stored`] has to know.
    pub(super) fn answers(&self) -> &Receiver<()> {
        &self.stored
    }

    /// The barrier that was underway is on disk.
    pub(super) fn stored(&mut self) {
        if let Some((_, since)) = self.underway.take() {
            self.took = since.elapsed();
        }
    }

    /// Whether the barrier before is on disk.
    pub(super) fn has_stored(&mut self) -> bool {
        if self.underway.is_some() && self.stored.try_recv().is_ok() {
            self.stored();
        }
        self.underway.is_none()
    }

    /// Whose barrier is underway.
    pub(super) fn underway(&self) -> impl Iterator<Item = &Tenant> {
        self.underway.iter().flat_map(|(tenants, _)| tenants)
    }

    /// How long who brings much waits for what is to be committed with it.
    pub(super) fn soon(&self, every: Duration) -> Duration {
        (self.took * SPARE).clamp(SOON, every.max(SOON))
    }
}
