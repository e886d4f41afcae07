//! What programs that died have left.

use super::Scanning;
use super::making::making;
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::scans::{Run, RunState, ScanStore, Scheduled};

/// Runs among which one of the same time is looked for.
const LATEST: u32 = 200;

impl Scanning<'_> {
    /// Ends runs of programs that died. A schedule's scan that was cut off so is due again.
    pub(super) fn tidy(&mut self) -> Result<(), StoreError> {
        let plan = self.scans.plan();
        for (tenant, run) in self.shared.database.running()? {
            let of = |one: &&Scheduled| one.tenant == tenant && one.request.name == run.name;
            if let Some(scheduled) = plan.settings.schedules.iter().find(of) {
                self.again(scheduled, &tenant, &run)?;
            }
        }
        making(self.shared, &Actor::timer(), &plan.settings).tidy()?;
        self.bringing.looks = true;
        Ok(())
    }

    /// Makes it due again, by its policy for what was missed; once: a scan that brings its program down must not do so for
    /// ever. Who is asked twice, since the store failed behind this, finds the same due.
    fn again(&mut self, scheduled: &Scheduled, tenant: &Tenant, run: &Run) -> Result<(), StoreError> {
        let standing = self.standings.of(tenant, &run.name)?;
        let timer = Actor::timer();
        let due = standing.settled.filter(|due| *due <= run.started && run.author == timer.id);
        let Some(due) = due else { return Ok(()) };
        let before = self.shared.database.runs(tenant, Some(run.number), LATEST)?;
        let was_cut = |other: &Run| {
            let is_same = other.name == run.name && other.author == timer.id;
            is_same && other.state == RunState::Failed && other.started >= due
        };
        if before.iter().any(was_cut) {
            return Ok(());
        }
        self.standings.set(tenant, &run.name, scheduled.schedule.unsettled(standing))
    }
}
