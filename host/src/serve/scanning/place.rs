use std::sync::Arc;

use crossbeam_channel::Sender;

use super::super::scans::{NotBegun, ScanPlan, Scans, Underway};
use crate::commit::Tenant;
use crate::scans::{Cancel, Host, Progress, ScanName, Scanner, Watch};

/// A place among the scans that are underway; gone with the scan.
pub(super) struct Place {
    pub(super) scans: Scans,
    pub(super) tenant: Tenant,
    pub(super) name: ScanName,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.scans.leave(&self.tenant, &self.name);
    }
}

impl Place {
    pub(super) fn change(&self, change: impl FnOnce(&mut Underway)) {
        self.scans.change(&self.tenant, &self.name, change);
    }
}

/// What a scan needs to begin.
pub(super) struct Placed {
    pub(super) plan: Arc<ScanPlan>,
    pub(super) scanner: Box<dyn Scanner>,
    pub(super) cancel: Cancel,
    pub(super) place: Place,
}

/// Tells whoever asks how far a scan is.
pub(super) struct Watched<'p> {
    pub(super) place: &'p Place,
    pub(super) cancel: &'p Cancel,
    pub(super) reply: Option<Sender<Result<u64, NotBegun>>>,
}

impl Watch for Watched<'_> {
    fn begun(&mut self, run: Option<u64>) {
        self.place.change(|one| one.run = run);
        if let Some((reply, run)) = self.reply.take().zip(run)
            && reply.send(Ok(run)).is_err()
        {
            // Whoever asked was told that it has not begun.
            self.cancel.cancel();
        }
    }

    fn host(&mut self, host: Host) {
        self.place.change(|one| {
            one.hosts += u64::from(host.up);
            // What was told of the time that it takes was of what is done now.
            one.progress.left = None;
        });
    }

    fn progress(&mut self, progress: &Progress) {
        self.place.change(|one| one.progress = progress.clone());
    }
}

/// For files, which are read at once.
pub(super) struct Unwatched;

impl Watch for Unwatched {
    fn host(&mut self, _: Host) {}

    fn progress(&mut self, _: &Progress) {}
}
