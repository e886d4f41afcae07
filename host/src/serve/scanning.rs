//! The scanning thread: what is due or asked for is scanned, and what is found goes the way of every line.
//!
//! ```text
//!   schedules ─► due ───┐                                        ┌─► store: run, what is known, findings
//!   HTTP ──────► asked ─┴─► order ─► a thread of its own scans ──┤
//!                                                                └─► intake ─► judged, committed ─► run is judged
//! ```
//!
//! Whatever the store does not take now is tried again; a run that is said to run and is not, is ended.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::thread::{Builder, Scope};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};

use super::bringing::{Bringing, Brought};
use super::control::Guard;
use super::scans::{Asked, NotBegun, ScanPlan, Scans, Underway};
use super::shared::Shared;
use super::{Event, GivenUp, Intake};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::scans::{
    Broken, Cancel, Due, Host, Missed, Order, Patience, Progress, Reason, Request, RunState, ScanLock,
    ScanName, ScanSettings, ScanStore, Scanned, Scanner, ScannerKind, Scanning as Making, ScheduleStore,
    Scheduled, Standing, SystemResolver, Watch, choose,
};

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
    /// How schedules stand.
    standings: HashMap<(Tenant, ScanName), Standing>,
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

/// Why a scan is made.
enum Wanted {
    /// It is due, at this time of a schedule, which is settled up to then.
    At(Time),
    /// Somebody asks for it, and waits for its number.
    Now(Sender<Result<u64, NotBegun>>),
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
            standings: HashMap::new(),
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
        self.forget_removed(&plan.settings.schedules)?;
        for scheduled in &plan.settings.schedules {
            self.settle(scheduled, scope)?;
        }
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

    fn tidy(&mut self) -> Result<(), StoreError> {
        making(self.shared, &Actor::timer(), &self.scans.plan().settings).tidy()?;
        self.bringing.looks = true;
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
            self.tidy()?;
            let all = self.shared.database.standings()?.into_iter();
            self.standings = all.map(|(tenant, name, standing)| ((tenant, name), standing)).collect();
            self.alone = Some(lock);
        }
        Ok(self.alone.is_some())
    }

    /// Makes a scan that somebody asks for.
    fn asked<'s>(&mut self, asked: Asked, scope: &'s Scope<'s, 'a>)
    where
        'a: 's,
    {
        let Asked { tenant, actor, request, reply } = asked;
        let begun = match self.is_alone() {
            Ok(true) => match self.place(&tenant, &request) {
                Ok(placed) => {
                    self.begin(tenant, actor, request, Wanted::Now(reply), placed, scope);
                    return;
                }
                Err(error) => error,
            },
            Ok(false) => NotBegun::Alone,
            Err(error) => error.into(),
        };
        // Whoever asked may have gone.
        let _ = reply.send(Err(begun));
    }

    /// Makes a schedule's scan if it is due, and tells if there should have been one.
    fn settle<'s>(&mut self, scheduled: &Scheduled, scope: &'s Scope<'s, 'a>) -> Result<(), StoreError>
    where
        'a: 's,
    {
        let Scheduled { tenant, request, schedule } = scheduled;
        let (name, now) = (&request.name, self.shared.clock.now());
        let standing = self.standing(tenant, name, now)?;
        match schedule.due(name.as_str(), &standing, now) {
            Due::Now(due) => match self.place(tenant, request) {
                // Settled first: what cannot be kept is not made, and tried again.
                Ok(placed) => {
                    self.stands(tenant, name, Standing { settled: Some(due), ..standing })?;
                    let wanted = Wanted::At(Time { due, before: standing, missed: schedule.missed });
                    self.begin(tenant.clone(), Actor::timer(), request.clone(), wanted, placed, scope);
                }
                Err(NotBegun::Choice(error)) => {
                    self.stands(tenant, name, Standing { settled: Some(due), ..standing })?;
                    self.refuse(tenant, name, Broken::new(Reason::Exit, error.to_string()))?;
                }
                // When there is a place it is made, or missed by then.
                Err(_) => {}
            },
            Due::Missed(due) => {
                self.stands(tenant, name, Standing { settled: Some(due), ..standing })?;
                self.shared.tell(Event::ScanMissed(tenant.clone(), name.clone()));
            }
            Due::At(_) | Due::Never => {}
        }
        let standing = self.standing(tenant, name, now)?;
        if let Some(overdue) = schedule.overdue(name.as_str(), &standing, now) {
            self.bringing.overdue(tenant, name, overdue, now);
        }
        Ok(())
    }

    /// Forgets how those stand that are not configured any more: one that comes again later is not overdue since then.
    fn forget_removed(&mut self, schedules: &[Scheduled]) -> Result<(), StoreError> {
        let is_there = |(tenant, name): &(Tenant, ScanName)| {
            schedules.iter().any(|one| one.tenant == *tenant && one.request.name == *name)
        };
        let removed: Vec<_> = self.standings.keys().filter(|key| !is_there(key)).cloned().collect();
        for (tenant, name) in removed {
            self.shared.database.forget_standing(&tenant, &name)?;
            self.standings.remove(&(tenant, name));
        }
        Ok(())
    }

    fn standing(&mut self, tenant: &Tenant, name: &ScanName, now: i64) -> Result<Standing, StoreError> {
        let key = (tenant.clone(), name.clone());
        if let Some(standing) = self.standings.get(&key) {
            return Ok(*standing);
        }
        let standing = self.shared.database.stands_since(tenant, name, now)?;
        self.standings.insert(key, standing);
        Ok(standing)
    }

    fn stands(&mut self, tenant: &Tenant, name: &ScanName, standing: Standing) -> Result<(), StoreError> {
        self.shared.database.set_standing(tenant, name, standing)?;
        self.standings.insert((tenant.clone(), name.clone()), standing);
        Ok(())
    }

    /// A scanner and a place for a scan.
    fn place(&mut self, tenant: &Tenant, request: &Request) -> Result<Placed, NotBegun> {
        let plan = self.scans.plan();
        let chosen = choose(None, request, &plan.settings, plan.path.as_deref())?;
        let cancel = self.scans.enter(tenant, &request.name)?;
        let place = Place { scans: self.scans.clone(), tenant: tenant.clone(), name: request.name.clone() };
        if chosen.lesser && self.lesser.insert((tenant.clone(), request.name.clone())) {
            self.shared.tell(Event::ScanLesser(tenant.clone(), request.name.clone()));
        }
        Ok(Placed { plan, scanner: chosen.scanner, cancel, place })
    }

    /// Begins a scan on a thread of its own, which resolves what is asked, and scans if that is allowed.
    fn begin<'s>(
        &self,
        tenant: Tenant,
        actor: Actor,
        request: Request,
        wanted: Wanted,
        placed: Placed,
        scope: &'s Scope<'s, 'a>,
    ) where
        'a: 's,
    {
        let (said, shared) = (self.said.0.clone(), self.shared);
        let thread = Builder::new().name("scan".into());
        let begun = thread.spawn_scoped(scope, move || {
            let _guard = Guard(shared.control);
            let Placed { plan, scanner, cancel, place } = placed;
            let making = making(shared, &actor, &plan.settings);
            let name = request.name.clone();
            let (due, reply) = match wanted {
                Wanted::At(time) => (Some(time), None),
                Wanted::Now(reply) => (None, Some(reply)),
            };
            let order = Order::check(&request, &tenant, &plan.settings, &SystemResolver::default());
            let scanned = match order {
                Ok(order) => {
                    place.change(|one| one.addresses = order.addresses().clone());
                    let mut watched = Watched { place: &place, cancel: &cancel, reply };
                    let scanned = making.run(&tenant, &order, &*scanner, &mut watched, &cancel);
                    if let (Some(reply), Err(error)) = (watched.reply, &scanned) {
                        // It could not be kept that it begins.
                        let _ = reply.send(Err(error.clone().into()));
                        return;
                    }
                    scanned
                }
                Err(error) => match reply {
                    // Whoever asked hears it; of a schedule nobody would.
                    Some(reply) => {
                        let _ = reply.send(Err(error.into()));
                        return;
                    }
                    None => making.refuse(&tenant, &name, scanner.kind(), error.broken()),
                },
            };
            let scanned = scanned.map(Box::new);
            // The server has ended.
            let _ = said.send(Said::Made { tenant, name, due, scanned });
            drop(place);
        });
        if let Err(error) = begun {
            // Whoever asked is told that it has not begun, since nobody holds the other end any more.
            self.shared.tell(Event::Scanning(StoreError::Io(Arc::new(error))));
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
                            let standing = self.standing(tenant, name, self.shared.clock.now())?;
                            self.stands(tenant, name, Standing { told: Some(*due), ..standing })?;
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
        let standing = self.standing(tenant, name, self.shared.clock.now())?;
        let standing = match state {
            RunState::Done => Standing { whole: Some(time.due), ..standing },
            // The server's own end is no end of the scan: the next one makes up for it.
            RunState::Cancelled if self.shared.control.is_stopping() && time.missed == Missed::Once => {
                Standing { settled: time.before.settled, ..standing }
            }
            _ => return Ok(()),
        };
        self.stands(tenant, name, standing)
    }
}

/// Who scans, and where that is kept.
fn making<'m>(shared: &'m Shared<'_>, actor: &'m Actor, settings: &ScanSettings) -> Making<'m> {
    let store = Some(&**shared.database as &dyn ScanStore);
    let patience = Some(shared as &dyn Patience);
    Making { store, clock: shared.clock, actor, closed_after: settings.closed_after, patience }
}

/// A place among the scans that are underway; gone with the scan.
struct Place {
    scans: Scans,
    tenant: Tenant,
    name: ScanName,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.scans.leave(&self.tenant, &self.name);
    }
}

impl Place {
    fn change(&self, change: impl FnOnce(&mut Underway)) {
        self.scans.change(&self.tenant, &self.name, change);
    }
}

/// What a scan needs to begin.
struct Placed {
    plan: Arc<ScanPlan>,
    scanner: Box<dyn Scanner>,
    cancel: Cancel,
    place: Place,
}

/// Tells whoever asks how far a scan is.
struct Watched<'p> {
    place: &'p Place,
    cancel: &'p Cancel,
    reply: Option<Sender<Result<u64, NotBegun>>>,
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
        self.place.change(|one| one.hosts += u64::from(host.up));
    }

    fn progress(&mut self, progress: &Progress) {
        self.place.change(|one| one.progress = progress.clone());
    }
}
