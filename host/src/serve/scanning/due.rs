//! Scans of schedules that are due.

use std::thread::Scope;

use super::super::Event;
use super::super::scans::NotBegun;
use super::making::{Wanted, making};
use super::turns::IsDue;
use super::{Scanning, Time};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::scans::{Broken, Due, Reason, ScanName, ScannerKind, Scheduled, Standing};

/// Whether a schedule found a place for its scan.
enum Found {
    Place,
    /// None for its tenant, or none at all.
    None,
    /// It needs none now.
    NoNeed,
}

impl<'a> Scanning<'a> {
    /// Makes scans that are due, as far as there are places, and tells of those that should have been made.
    pub(super) fn settle<'s>(
        &mut self,
        schedules: &[Scheduled],
        scope: &'s Scope<'s, 'a>,
    ) -> Result<(), StoreError>
    where
        'a: 's,
    {
        let now = self.shared.clock.now();
        let mut due = Vec::new();
        for scheduled in schedules {
            due.extend(self.is_due(scheduled, now)?);
        }
        while let Some(first) = self.turns.first(&due) {
            let next = due.remove(first);
            if let Found::None = self.make(&next, scope)? {
                self.turns.waits(next.scheduled);
                let (tenant, is_full) = (&next.scheduled.tenant, self.scans.is_full());
                let turns = &mut self.turns;
                // Nor do these find one.
                due.retain(|other| {
                    let waits = is_full || other.scheduled.tenant == *tenant;
                    if waits {
                        turns.waits(other.scheduled);
                    }
                    !waits
                });
            }
        }
        for Scheduled { tenant, request, schedule } in schedules {
            let standing = self.standings.of(tenant, &request.name)?;
            if let Some(overdue) = schedule.overdue(request.name.as_str(), &standing, now) {
                self.bringing.overdue(tenant, &request.name, overdue, now);
            }
        }
        Ok(())
    }

    /// Whether a schedule's scan is to be made now; tells of what was missed.
    fn is_due<'d>(&mut self, scheduled: &'d Scheduled, now: i64) -> Result<Option<IsDue<'d>>, StoreError> {
        let Scheduled { tenant, request, schedule } = scheduled;
        let standing = self.standings.of(tenant, &request.name)?;
        let due = match schedule.due(request.name.as_str(), &standing, now) {
            Due::Now(due) => due,
            // Somebody was there for it, and had no place.
            Due::Missed(due) if self.turns.is_waiting(tenant, &request.name) => due,
            Due::Missed(due) => {
                self.standings.set(tenant, &request.name, Standing { settled: Some(due), ..standing })?;
                self.shared.tell(Event::ScanMissed(tenant.clone(), request.name.clone()));
                return Ok(None);
            }
            Due::At(_) | Due::Never => return Ok(None),
        };
        Ok(Some(IsDue { scheduled, due, standing }))
    }

    /// Makes one, if there is a place.
    fn make<'s>(&mut self, one: &IsDue<'_>, scope: &'s Scope<'s, 'a>) -> Result<Found, StoreError>
    where
        'a: 's,
    {
        let IsDue { scheduled: Scheduled { tenant, request, schedule }, due, standing } = one;
        let settled = Standing { settled: Some(*due), ..*standing };
        match self.place(tenant, request) {
            // Settled first: what cannot be kept is not made, and tried again.
            Ok(placed) => {
                self.standings.set(tenant, &request.name, settled)?;
                self.turns.gave(tenant, &request.name);
                let time = Some(Time { due: *due, before: *standing, missed: schedule.missed });
                let wanted = Wanted { time, reply: None };
                self.begin(tenant.clone(), Actor::timer(), request.clone(), wanted, placed, scope);
                Ok(Found::Place)
            }
            Err(NotBegun::Choice(error)) => {
                self.standings.set(tenant, &request.name, settled)?;
                let why = Broken::new(Reason::NoScanner, error.to_string());
                self.refuse(tenant, &request.name, why)?;
                Ok(Found::NoNeed)
            }
            Err(NotBegun::Quota(over)) => {
                self.standings.set(tenant, &request.name, settled)?;
                self.refuse(tenant, &request.name, Broken::new(Reason::Quota, over.to_string()))?;
                Ok(Found::NoNeed)
            }
            // What is still planned of one that was deleted is not made, and holds up nobody else's.
            Err(NotBegun::Store(StoreError::Departed(_))) => Ok(Found::NoNeed),
            Err(NotBegun::Store(error)) => Err(error),
            // When there is a place it is made.
            Err(NotBegun::Busy(_)) => Ok(Found::None),
            // The one before has not ended: when it has, it is made, or missed by then.
            Err(_) => Ok(Found::NoNeed),
        }
    }

    /// Keeps that a scheduled scan could not be made.
    fn refuse(&mut self, tenant: &Tenant, name: &ScanName, why: Broken) -> Result<(), StoreError> {
        let (actor, plan) = (Actor::timer(), self.scans.plan());
        let making = making(self.shared, &actor, &plan.settings);
        let scanned = making.refuse(tenant, name, ScannerKind::Nmap, why)?;
        self.shared.tell(Event::Scanned(tenant.clone(), Box::new(scanned)));
        self.bringing.looks = true;
        Ok(())
    }
}
