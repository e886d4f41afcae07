//! The scanning thread: what is due or asked for is scanned, and what is found goes the way of every line.
//!
//! ```text
//!   schedules ─► due, in turns ─┐                                        ┌─► store: run, what is known, findings
//!   HTTP ──────► asked ─────────┴─► order ─► a thread of its own scans ──┤
//!                                                                        └─► intake ─► judged, committed ─► run is judged
//! ```
//!
//! Whatever the store does not take now is tried again; a run that is said to run and is not, is ended.

mod again;
mod asked;
mod due;
mod making;
mod place;
mod standings;
mod turns;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::thread::Scope;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};

use self::standings::Standings;
use self::turns::Turns;
use super::bringing::{Bringing, Brought};
use super::scans::{Asked, NotBegun, ScanPlan, Scans};
use super::shared::Shared;
use super::{Event, GivenUp, Intake};
use crate::commit::{StoreError, Tenant};
use crate::scans::{Missed, RunState, ScanLock, ScanName, ScanStore, Scanned, Standing};

/// How often it is looked what is due, and what somebody wants broken off.
const LOOK: Duration = Duration::from_secs(1);
/// How long scans may take to end that are broken off.
const END: Duration = Duration::from_secs(10);
/// How often old runs are looked for, nanoseconds.
const FORGET: i64 = 3600 * 1_000_000_000;

pub(super) struct Scanning<'a> {
    shared: &'a Shared<'a>,
    scans: Scans,
    /// Held as long as it scans: nobody else scans for this database.
    alone: Option<ScanLock>,
    standings: Standings<'a>,
    turns: Turns,
    bringing: Bringing<'a>,
    /// What was said and could not be kept yet.
    again: VecDeque<Said>,
    /// The plan by which those that are underway were allowed.
    plan: Arc<ScanPlan>,
    /// Scans of which it was told that there is only the lesser scanner for them.
    lesser: HashSet<(Tenant, ScanName)>,
    /// The store takes nothing, and that was told.
    waits: bool,
    forgot: Option<i64>,
    said: (Sender<Said>, Receiver<Said>),
}

/// What other threads say to this one.
pub(super) enum Said {
    /// A scan was made, by a schedule if there is a time.
    Made { tenant: Tenant, name: ScanName, due: Option<Time>, scanned: Result<Box<Scanned>, StoreError> },
    /// What was brought is judged, or given up.
    Judged(Brought, Result<(), GivenUp>),
}

/// A time of a schedule, and how that stood before.
#[derive(Clone, Copy)]
pub(super) struct Time {
    due: i64,
    before: Standing,
    missed: Missed,
}

impl<'a> Scanning<'a> {
    pub(super) fn new(shared: &'a Shared<'a>, scans: Scans, intake: &'a Intake) -> Scanning<'a> {
        let (plan, said) = (scans.plan(), unbounded());
        Scanning {
            shared,
            scans,
            alone: None,
            standings: Standings::new(shared),
            turns: Turns::default(),
            bringing: Bringing::new(shared, intake, said.0.clone()),
            again: VecDeque::new(),
            plan,
            lesser: HashSet::new(),
            waits: false,
            forgot: None,
            said,
        }
    }

    /// Runs until the server is to stop; scans that are underway are broken off.
    pub(super) fn run<'s>(mut self, scope: &'s Scope<'s, 'a>)
    where
        'a: 's,
    {
        let (asked, said) = (self.scans.asked().clone(), self.said.1.clone());
        // A server rests for a tenth of a second; a test for less.
        let look = LOOK.min(self.shared.pause * 10);
        while !self.shared.control.is_stopping() {
            select! {
                recv(asked) -> asked => asked.into_iter().for_each(|asked| self.asked(asked, scope)),
                recv(said) -> said => self.again.extend(said),
                default(look) => {}
            }
            match self.look(scope) {
                Ok(()) => self.waits = false,
                Err(error) => {
                    if !std::mem::replace(&mut self.waits, true) {
                        self.shared.tell(Event::Scanning(error));
                    }
                    std::thread::sleep(self.shared.pause);
                }
            }
        }
        self.scans.stop();
        // What a scan has found until then is kept, and judged after the next start.
        let until = Instant::now() + END;
        while (!self.scans.lock().is_empty() || !said.is_empty()) && Instant::now() < until {
            self.again.extend(said.recv_timeout(self.shared.pause));
            let _ = self.heard();
        }
        // Whoever asked and was not heard.
        for Asked { reply, .. } in asked.try_iter() {
            let _ = reply.send(Err(NotBegun::Stopping));
        }
    }

    /// What there is to do.
    fn look<'s>(&mut self, scope: &'s Scope<'s, 'a>) -> Result<(), StoreError>
    where
        'a: 's,
    {
        if !self.is_wanted()? || !self.is_alone()? {
            return Ok(());
        }
        self.heard()?;
        let plan = self.scans.plan();
        if !Arc::ptr_eq(&plan, &self.plan) {
            self.scans.disallow(&plan.settings);
            self.plan = Arc::clone(&plan);
        }
        let schedules = &plan.settings.schedules;
        self.standings.forget_removed(schedules)?;
        self.turns.forget_removed(schedules);
        self.settle(schedules, scope)?;
        let underway: Vec<_> = self.scans.lock().iter().map(|one| (one.tenant.clone(), one.run)).collect();
        if underway.is_empty() && self.again.is_empty() && !self.shared.database.running()?.is_empty() {
            // Its thread has ended, and could not keep that.
            self.tidy()?;
        }
        for (tenant, run) in underway.into_iter().filter_map(|(tenant, run)| Some((tenant, run?))) {
            if self.shared.database.is_cancelled(&tenant, run)? {
                self.scans.cancel(&tenant, run);
            }
        }
        self.bringing.bring()?;
        let now = self.shared.clock.now();
        let retention =
            plan.settings.retention.filter(|_| self.forgot.is_none_or(|at| (now - at).abs() >= FORGET));
        if let Some(retention) = retention {
            self.shared.database.forget(retention)?;
            self.forgot = Some(now);
        }
        Ok(())
    }

    /// Whether anything may be scanned, or was and nobody has judged it.
    fn is_wanted(&mut self) -> Result<bool, StoreError> {
        let settings = &self.scans.plan().settings;
        if !settings.allow.is_empty() || !settings.schedules.is_empty() || self.alone.is_some() {
            return Ok(true);
        }
        if self.bringing.looks {
            let database = self.shared.database;
            self.bringing.looks = !database.unjudged_of_all()?.is_empty() || !database.running()?.is_empty();
        }
        Ok(self.bringing.looks)
    }

    /// Whether nobody else scans for this database. Runs of programs that died are ended.
    fn is_alone(&mut self) -> Result<bool, StoreError> {
        if self.alone.is_none()
            && let Some(lock) = self.shared.database.scanning()?
        {
            self.standings.load()?;
            self.tidy()?;
            self.alone = Some(lock);
        }
        Ok(self.alone.is_some())
    }

    /// Keeps what others have said; what cannot be kept now is kept later.
    fn heard(&mut self) -> Result<(), StoreError> {
        while let Some(said) = self.again.front() {
            match said {
                Said::Made { tenant, name, due, scanned } => {
                    let (tenant, name, due) = (tenant.clone(), name.clone(), *due);
                    if let (Some(time), Ok(scanned)) = (due, scanned) {
                        let state = scanned.state;
                        self.made(&tenant, &name, time, state)?;
                    }
                    self.bringing.looks = true;
                    if let Some(Said::Made { scanned, .. }) = self.again.pop_front() {
                        match scanned {
                            Ok(scanned) => self.shared.tell(Event::Scanned(tenant, scanned)),
                            Err(error) => self.shared.tell(Event::Scanning(error)),
                        }
                    }
                }
                Said::Judged(brought, judged) => {
                    let (brought, judged) = (brought.clone(), judged.is_ok());
                    match &brought {
                        Brought::Run(tenant, run) if judged => self.shared.database.judged(tenant, *run)?,
                        Brought::Overdue(tenant, name, due) if judged => {
                            let standing = self.standings.of(tenant, name)?;
                            self.standings.set(tenant, name, Standing { told: Some(*due), ..standing })?;
                        }
                        Brought::Run(..) | Brought::Overdue(..) => {}
                    }
                    self.again.pop_front();
                    self.bringing.ended(&brought, judged);
                }
            }
        }
        Ok(())
    }

    /// A scan of a schedule has ended so.
    fn made(
        &mut self,
        tenant: &Tenant,
        name: &ScanName,
        time: Time,
        state: RunState,
    ) -> Result<(), StoreError> {
        let standing = self.standings.of(tenant, name)?;
        let standing = match state {
            RunState::Done => Standing { whole: Some(time.due), ..standing },
            // The server's own end is no end of the scan: the next one makes up for it.
            RunState::Cancelled if self.shared.control.is_stopping() && time.missed == Missed::Once => {
                Standing { settled: time.before.settled, ..standing }
            }
            _ => return Ok(()),
        };
        self.standings.set(tenant, name, standing)
    }
}
