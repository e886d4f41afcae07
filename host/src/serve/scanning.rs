//! The scanning thread: what is due or asked for is scanned, and what is found goes the way of every line.
//!
//! ```text
//!   schedules ─► due ───┐                                        ┌─► store: run, what is known, findings
//!   HTTP ──────► asked ─┴─► order ─► a thread of its own scans ──┤
//!                                                                └─► intake ─► judged, committed ─► run is judged
//! ```
//!
//! A run's findings are brought with a key of the run: whatever stops in between, they count once.

use std::collections::{HashMap, HashSet};
use std::thread::Scope;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use tripline_engine::decode::{Format, GivenLogSource};

use super::control::Guard;
use super::scans::{Asked, NotBegun, Scans};
use super::shared::Shared;
use super::{Batch, Event, GivenUp, Intake, StreamSettings};
use crate::commit::{BatchKey, StoreError, Tenant};
use crate::incidents::Actor;
use crate::scans::{
    Broken, Due, Host, Order, Overdue, Progress, Reason, Request, RunState, ScanLock, ScanName, ScanSettings,
    ScanStore, Scanned, ScannerKind, Scanning as Making, ScheduleStore, Scheduled, Standing, SystemResolver,
    Watch, choose, findings_key,
};

/// How often it is looked what is due, and what somebody wants broken off.
const LOOK: Duration = Duration::from_secs(1);
/// How long scans may take to end that are broken off.
const END: Duration = Duration::from_secs(10);
/// How often old runs are deleted, nanoseconds.
const FORGET: i64 = 3600 * 1_000_000_000;

pub(super) struct Scanning<'a> {
    shared: &'a Shared<'a>,
    scans: Scans,
    intake: &'a Intake,
    /// Held as long as it scans: nobody else scans for this database.
    alone: Option<ScanLock>,
    /// How schedules stand.
    standings: HashMap<(Tenant, ScanName), Standing>,
    /// Whether there may be findings that nobody has brought.
    brings: bool,
    /// What was brought and is not judged yet.
    brought: HashSet<Brought>,
    forgot: Option<i64>,
    said: (Sender<Said>, Receiver<Said>),
}

/// What is brought.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Brought {
    /// A run's findings.
    Run(Tenant, u64),
    /// That a schedule is overdue, by the time that has passed.
    Overdue(Tenant, ScanName, i64),
}

/// Why a scan is made.
enum Wanted {
    /// It is due, at this time of a schedule.
    At(i64),
    /// Somebody asks for it, and waits for its number.
    Now(Sender<Result<u64, NotBegun>>),
}

/// What other threads say to this one.
enum Said {
    /// A scan was made, by a schedule if there is a time.
    Made { tenant: Tenant, name: ScanName, due: Option<i64>, scanned: Result<Box<Scanned>, StoreError> },
    /// What was brought is judged, or given up.
    Judged(Brought, Result<(), GivenUp>),
}

impl<'a> Scanning<'a> {
    pub(super) fn new(shared: &'a Shared<'a>, scans: Scans, intake: &'a Intake) -> Scanning<'a> {
        Scanning {
            shared,
            scans,
            intake,
            alone: None,
            standings: HashMap::new(),
            brings: true,
            brought: HashSet::new(),
            forgot: None,
            said: unbounded(),
        }
    }

    /// Runs until the server is to stop; scans that are underway are broken off.
    pub(super) fn run<'s>(mut self, scope: &'s Scope<'s, 'a>)
    where
        'a: 's,
    {
        let (asked, said) = (self.scans.asked().clone(), self.said.1.clone());
        while !self.shared.control.is_stopping() {
            let begun = select! {
                recv(asked) -> asked => asked.map_or(Ok(()), |asked| self.asked(asked, scope)),
                recv(said) -> said => said.map_or(Ok(()), |said| self.heard(said)),
                default(LOOK.min(self.shared.pause)) => Ok(()),
            };
            let looked = begun.and_then(|()| self.look(scope));
            if let Err(error) = looked {
                self.shared.tell(Event::Scanning(error));
                std::thread::sleep(self.shared.pause);
            }
        }
        self.scans.lock().iter().for_each(|one| one.cancel.cancel());
        // What a scan has found until then is kept, and judged after the next start.
        let until = Instant::now() + END;
        while !self.scans.lock().is_empty() && Instant::now() < until {
            if let Ok(said) = said.recv_timeout(self.shared.pause)
                && let Err(error) = self.heard(said)
            {
                self.shared.tell(Event::Scanning(error));
            }
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
        let plan = self.scans.plan();
        self.forget_removed(&plan.settings.schedules)?;
        for scheduled in &plan.settings.schedules {
            self.settle(scheduled, scope)?;
        }
        let underway: Vec<_> = self.scans.lock().iter().map(|one| (one.tenant.clone(), one.run)).collect();
        for (tenant, run) in underway.into_iter().filter_map(|(tenant, run)| Some((tenant, run?))) {
            if self.shared.database.is_cancelled(&tenant, run)? {
                self.scans.cancel(&tenant, run);
            }
        }
        if std::mem::take(&mut self.brings) {
            self.bring()?;
        }
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
        let may = !self.scans.plan().settings.allow.is_empty();
        Ok(may || self.alone.is_some() || self.brings && self.has_left()?)
    }

    fn has_left(&mut self) -> Result<bool, StoreError> {
        let left = !self.shared.database.unjudged_of_all()?.is_empty()
            || !self.shared.database.running()?.is_empty();
        self.brings = left;
        Ok(left)
    }

    /// Whether nobody else scans for this database. Runs of programs that died are ended.
    fn is_alone(&mut self) -> Result<bool, StoreError> {
        if self.alone.is_none() {
            self.alone = self.shared.database.scanning()?;
            if self.alone.is_some() {
                let all = self.shared.database.standings()?.into_iter();
                self.standings = all.map(|(tenant, name, standing)| ((tenant, name), standing)).collect();
                making(self.shared, &Actor::timer(), &self.scans.plan().settings).tidy()?;
                self.brings = true;
            }
        }
        Ok(self.alone.is_some())
    }

    /// Makes a scan that somebody asks for.
    fn asked<'s>(&mut self, asked: Asked, scope: &'s Scope<'s, 'a>) -> Result<(), StoreError>
    where
        'a: 's,
    {
        let Asked { tenant, actor, request, reply } = asked;
        let begun = match self.is_alone() {
            Ok(true) => self.begin(tenant, actor, request, Wanted::Now(reply.clone()), scope),
            Ok(false) => Err(NotBegun::Alone),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = begun {
            // Whoever asked may have gone.
            let _ = reply.send(Err(error));
        }
        Ok(())
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
            Due::Now(due) => {
                match self.begin(tenant.clone(), Actor::timer(), request.clone(), Wanted::At(due), scope) {
                    Ok(()) => self.stands(tenant, name, Standing { settled: Some(due), ..standing })?,
                    // When there is a place it is made, or missed by then.
                    Err(NotBegun::Busy(_) | NotBegun::Underway(_) | NotBegun::Alone | NotBegun::Stopping) => {
                    }
                    Err(NotBegun::Store(error)) => return Err(error),
                    Err(NotBegun::Choice(error)) => {
                        self.refuse(tenant, name, Broken::new(Reason::Exit, error.to_string()))?;
                        self.stands(tenant, name, Standing { settled: Some(due), ..standing })?;
                    }
                    // What may be scanned is asked when it begins.
                    Err(NotBegun::Order(_)) => {}
                }
            }
            Due::Missed(due) => {
                self.shared.tell(Event::ScanMissed(tenant.clone(), name.clone()));
                self.stands(tenant, name, Standing { settled: Some(due), ..standing })?;
            }
            Due::At(_) | Due::Never => {}
        }
        let standing = self.standing(tenant, name, now)?;
        if let Some(overdue) = schedule.overdue(name.as_str(), &standing, now) {
            self.overdue(tenant, name, overdue, now);
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

    /// Begins a scan on a thread of its own, which resolves what is asked, and scans if that is allowed.
    fn begin<'s>(
        &self,
        tenant: Tenant,
        actor: Actor,
        request: Request,
        wanted: Wanted,
        scope: &'s Scope<'s, 'a>,
    ) -> Result<(), NotBegun>
    where
        'a: 's,
    {
        let plan = self.scans.plan();
        let settings = plan.settings.clone();
        let chosen = choose(None, &request, &settings, plan.path.as_deref())?;
        let cancel = self.scans.enter(&tenant, &request.name)?;
        let (scans, said, shared) = (self.scans.clone(), self.said.0.clone(), self.shared);
        scope.spawn(move || {
            let _guard = Guard(shared.control);
            let making = making(shared, &actor, &settings);
            let name = request.name.clone();
            let (due, reply) = match wanted {
                Wanted::At(due) => (Some(due), None),
                Wanted::Now(reply) => (None, Some(reply)),
            };
            let place = Place { scans, tenant: tenant.clone(), name: name.clone() };
            let order = Order::check(&request, &tenant, &settings, &SystemResolver::default());
            let scanned = match order {
                Ok(order) => {
                    let mut watched = Watched { place: &place, reply };
                    making.run(&tenant, &order, &*chosen.scanner, &mut watched, &cancel)
                }
                Err(error) => match reply {
                    // Whoever asked hears it; of a schedule nobody would.
                    Some(reply) => {
                        let _ = reply.send(Err(error.into()));
                        return;
                    }
                    None => {
                        let why = error.broken();
                        making.refuse(&tenant, &name, chosen.scanner.kind(), why)
                    }
                },
            };
            drop(place);
            let scanned = scanned.map(Box::new);
            // The server has ended.
            let _ = said.send(Said::Made { tenant, name, due, scanned });
        });
        Ok(())
    }

    /// Keeps that a scheduled scan could not be made.
    fn refuse(&mut self, tenant: &Tenant, name: &ScanName, why: Broken) -> Result<(), StoreError> {
        let (actor, plan) = (Actor::timer(), self.scans.plan());
        let making = making(self.shared, &actor, &plan.settings);
        let scanned = making.refuse(tenant, name, ScannerKind::Nmap, why)?;
        self.shared.tell(Event::Scanned(tenant.clone(), Box::new(scanned)));
        self.brings = true;
        Ok(())
    }

    fn heard(&mut self, said: Said) -> Result<(), StoreError> {
        match said {
            Said::Made { tenant, name, due, scanned } => {
                let scanned = scanned?;
                let is_whole = scanned.state == RunState::Done;
                self.shared.tell(Event::Scanned(tenant.clone(), scanned));
                self.brings = true;
                if let Some(due) = due.filter(|_| is_whole) {
                    let standing = self.standing(&tenant, &name, self.shared.clock.now())?;
                    self.stands(&tenant, &name, Standing { whole: Some(due), ..standing })?;
                }
            }
            Said::Judged(brought, judged) => {
                self.brought.remove(&brought);
                match (judged, brought) {
                    // It is brought again.
                    (Err(GivenUp), _) => self.brings = true,
                    (Ok(()), Brought::Run(tenant, run)) => self.shared.database.judged(&tenant, run)?,
                    (Ok(()), Brought::Overdue(tenant, name, due)) => {
                        let standing = self.standing(&tenant, &name, self.shared.clock.now())?;
                        self.stands(&tenant, &name, Standing { told: Some(due), ..standing })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Brings the findings of runs that no rule has judged.
    fn bring(&mut self) -> Result<(), StoreError> {
        for (tenant, run) in self.shared.database.unjudged_of_all()? {
            let brought = Brought::Run(tenant.clone(), run.number);
            if self.brought.contains(&brought) {
                continue;
            }
            let lines = self.shared.database.findings(&tenant, run.number)?;
            let mut text = lines.join("\n").into_bytes();
            text.push(b'\n');
            self.offer(tenant, &run.name, text, brought);
        }
        Ok(())
    }

    fn overdue(&mut self, tenant: &Tenant, name: &ScanName, overdue: Overdue, now: i64) {
        let brought = Brought::Overdue(tenant.clone(), name.clone(), overdue.due);
        if self.brought.contains(&brought) {
            return;
        }
        let mut text = overdue.finding(now).line(&Overdue::origin(name)).into_bytes();
        text.push(b'\n');
        self.offer(tenant.clone(), name, text, brought);
    }

    /// Brings lines to the rules; without room, again later.
    fn offer(&mut self, tenant: Tenant, name: &ScanName, lines: Vec<u8>, brought: Brought) {
        let (said, told) = (self.said.0.clone(), brought.clone());
        let batch = Batch {
            tenant,
            source: name.source(),
            settings: StreamSettings {
                format: Some(Format::Finding),
                timezone: TimeZone::UTC,
                log_source: GivenLogSource::default(),
                join: false,
                silent_after: None,
            },
            received: self.shared.clock.now(),
            key: Some(brought.key(&lines)),
            lines,
            done: Some(Box::new(move |judged| {
                // The server has ended.
                let _ = said.send(Said::Judged(told, judged));
            })),
        };
        match self.intake.offer(batch) {
            Ok(()) => drop(self.brought.insert(brought)),
            Err(_) => self.brings = true,
        }
    }
}

/// Who scans, and where that is kept.
fn making<'m>(shared: &'m Shared<'_>, actor: &'m Actor, settings: &ScanSettings) -> Making<'m> {
    let store = Some(&**shared.database as &dyn ScanStore);
    Making { store, clock: shared.clock, actor, closed_after: settings.closed_after }
}

impl Brought {
    /// By what it is known if it comes again.
    fn key(&self, lines: &[u8]) -> BatchKey {
        let key = match self {
            Brought::Run(_, run) => findings_key(*run),
            Brought::Overdue(_, name, due) => Sha256::digest(format!("scan\0{name}\0{due}")).into(),
        };
        BatchKey { key, body: Sha256::digest(lines).into() }
    }
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

/// Tells whoever asks how far a scan is.
struct Watched<'p> {
    place: &'p Place,
    reply: Option<Sender<Result<u64, NotBegun>>>,
}

impl Watched<'_> {
    fn change(&self, change: impl FnOnce(&mut super::Underway)) {
        let Place { scans, tenant, name } = self.place;
        scans.change(tenant, name, change);
    }
}

impl Watch for Watched<'_> {
    fn begun(&mut self, run: Option<u64>) {
        self.change(|one| one.run = run);
        if let Some((reply, run)) = self.reply.take().zip(run) {
            // Whoever asked may have gone.
            let _ = reply.send(Ok(run));
        }
    }

    fn host(&mut self, host: Host) {
        self.change(|one| one.hosts += u64::from(host.up));
    }

    fn progress(&mut self, progress: &Progress) {
        self.change(|one| one.progress = progress.clone());
    }
}
