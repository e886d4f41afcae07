//! The scans of a server, for whoever asks for one, follows it or breaks it off.

use std::ffi::OsString;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::quota::OverQuota;
use crate::scans::{
    Addresses, Cancel, ChoiceError, ImportError, Order, OrderError, Progress, Request, ScanName,
    ScanSettings, choose,
};

/// Those who ask at the same time; more are told to come again.
const ASKED: usize = 16;
/// How long a scan may take to begin, since names are resolved before, and a file to be read.
const BEGIN: Duration = Duration::from_secs(30);
/// Files that are read at the same time.
const FILES: usize = 2;

/// What is scanned, and how.
#[derive(Clone, Debug, Default)]
pub struct ScanPlan {
    /// As configured.
    pub settings: ScanSettings,
    /// The `PATH` on which nmap is looked for.
    pub path: Option<OsString>,
}

/// The scans of a server. Cloned, they are the same.
#[derive(Clone)]
pub struct Scans(Arc<Inner>);

struct Inner {
    plan: Mutex<Arc<ScanPlan>>,
    underway: Mutex<Vec<Underway>>,
    ask: Sender<Asked>,
    asked: Receiver<Asked>,
    stopped: AtomicBool,
}

/// What somebody asks for.
pub(super) enum What {
    /// A scan.
    Scan(Request),
    /// That of a schedule, now.
    Schedule(ScanName),
    /// That a file is taken as if it had been scanned here.
    File(ScanName, Box<dyn Read + Send>),
}

/// Who asks for it.
pub(super) struct Asked {
    pub(super) tenant: Tenant,
    pub(super) actor: Actor,
    pub(super) what: What,
    /// Told once: the number of its run, or why there is none.
    pub(super) reply: Sender<Result<u64, NotBegun>>,
}

/// A scan that is being made.
#[derive(Clone, Debug)]
pub struct Underway {
    /// Whose.
    pub tenant: Tenant,
    /// What it is called.
    pub name: ScanName,
    /// Its run; `None`: it is about to begin.
    pub run: Option<u64>,
    /// How far it is.
    pub progress: Progress,
    /// Hosts that it has found.
    pub hosts: u64,
    /// What it looks at, once that is known.
    pub(super) addresses: Addresses,
    pub(super) cancel: Cancel,
    /// A file that is read: it takes no place of a scan.
    is_file: bool,
}

impl Underway {
    fn new(tenant: &Tenant, name: &ScanName, is_file: bool) -> Underway {
        Underway {
            tenant: tenant.clone(),
            name: name.clone(),
            run: None,
            progress: Progress::default(),
            hosts: 0,
            addresses: Addresses::default(),
            cancel: Cancel::default(),
            is_file,
        }
    }

    fn is(&self, tenant: &Tenant, name: &ScanName) -> bool {
        self.tenant == *tenant && self.name == *name
    }
}

/// Why a scan does not begin.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// What is asked for cannot be, or may not be.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// Nothing scans it.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// One of this name is underway.
    #[error("expected one scan `{0}` at a time, found it underway")]
    Underway(ScanName),
    /// As many as may be are underway.
    #[error("expected at most {0} scans at the same time")]
    Busy(usize),
    /// The tenant had as many on this day as it may have, or has as much stored.
    #[error(transparent)]
    Quota(OverQuota),
    /// As many files as may be are read.
    #[error("expected at most {0} files at the same time")]
    Files(usize),
    /// Another program scans for this database.
    #[error("expected no other scan on the database, found one that is running")]
    Alone,
    /// There is no such schedule.
    #[error("expected a schedule of the tenant, found none called `{0}`")]
    NoSchedule(ScanName),
    /// It is no file that can be taken.
    #[error(transparent)]
    File(ImportError),
    /// It cannot be kept.
    #[error(transparent)]
    Store(StoreError),
    /// The server ends.
    #[error("expected a server, and it stops")]
    Stopping,
}

impl From<StoreError> for NotBegun {
    fn from(error: StoreError) -> NotBegun {
        match error {
            StoreError::Over(_, over) => NotBegun::Quota(over),
            other => NotBegun::Store(other),
        }
    }
}

impl From<ImportError> for NotBegun {
    fn from(error: ImportError) -> NotBegun {
        match error {
            ImportError::Store(error) => error.into(),
            other => NotBegun::File(other),
        }
    }
}

impl Scans {
    /// Scans by this plan; they are made once [`super::run`] is called with them.
    pub fn new(plan: ScanPlan) -> Scans {
        let (ask, asked) = bounded(ASKED);
        Scans(Arc::new(Inner {
            plan: Mutex::new(Arc::new(plan)),
            underway: Mutex::default(),
            ask,
            asked,
            stopped: AtomicBool::new(false),
        }))
    }

    /// From now on it is this plan.
    pub fn replan(&self, plan: ScanPlan) {
        *self.0.plan.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
    }

    /// What is scanned, and how.
    pub fn plan(&self) -> Arc<ScanPlan> {
        Arc::clone(&self.0.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a scan now; answers the number of its run once it has begun. It may wait for that.
    ///
    /// # Errors
    /// It has not begun, and nothing of it is kept.
    pub fn start(&self, tenant: Tenant, actor: Actor, request: Request) -> Result<u64, NotBegun> {
        self.can_be(&tenant, &request)?;
        self.ask(tenant, actor, What::Scan(request))
    }

    /// Makes the scan of a schedule now, as [`Scans::start`] does.
    ///
    /// # Errors
    /// It has not begun, and nothing of it is kept.
    pub fn start_schedule(&self, tenant: Tenant, actor: Actor, name: ScanName) -> Result<u64, NotBegun> {
        let plan = self.plan();
        let mut own = plan.settings.schedules.iter().filter(|one| one.tenant == tenant);
        let found = own.find(|one| one.request.name == name);
        let scheduled = found.ok_or_else(|| NotBegun::NoSchedule(name.clone()))?;
        self.can_be(&tenant, &scheduled.request)?;
        self.ask(tenant, actor, What::Schedule(name))
    }

    /// Takes a file of nmap or masscan as if its scan had been made here; answers the number of its run once it is kept.
    ///
    /// # Errors
    /// It is not taken, and nothing of it is kept.
    pub fn import(
        &self,
        tenant: Tenant,
        actor: Actor,
        name: ScanName,
        file: impl Read + Send + 'static,
    ) -> Result<u64, NotBegun> {
        self.ask(tenant, actor, What::File(name, Box::new(file)))
    }

    /// Whoever asks for what cannot be is told so, and not to come again.
    fn can_be(&self, tenant: &Tenant, request: &Request) -> Result<(), NotBegun> {
        let plan = self.plan();
        Order::precheck(request, tenant, &plan.settings)?;
        choose(None, request, &plan.settings, plan.path.as_deref())?;
        Ok(())
    }

    fn ask(&self, tenant: Tenant, actor: Actor, what: What) -> Result<u64, NotBegun> {
        if self.0.stopped.load(Relaxed) {
            return Err(NotBegun::Stopping);
        }
        let (reply, told) = bounded(1);
        let most = self.plan().settings.at_once;
        self.0.ask.try_send(Asked { tenant, actor, what, reply }).map_err(|_| NotBegun::Busy(most))?;
        told.recv_timeout(BEGIN).unwrap_or(Err(NotBegun::Busy(most)))
    }

    /// Breaks a run off; `false`: it is not underway.
    pub fn cancel(&self, tenant: &Tenant, run: u64) -> bool {
        let underway = self.lock();
        let of = |one: &&Underway| one.tenant == *tenant && one.run == Some(run);
        underway.iter().find(of).map(|one| one.cancel.cancel()).is_some()
    }

    /// Breaks all of them off, and takes no more.
    pub(super) fn stop(&self) {
        self.0.stopped.store(true, Relaxed);
        self.lock().iter().for_each(|one| one.cancel.cancel());
    }

    /// Breaks those off that look at what may not be scanned any more.
    pub(super) fn disallow(&self, settings: &ScanSettings) {
        for one in self.lock().iter() {
            if settings.allowed(&one.tenant).refused(&one.addresses).is_some() {
                one.cancel.cancel();
            }
        }
    }

    /// How a run stands that is underway.
    pub fn underway(&self, tenant: &Tenant, run: u64) -> Option<Underway> {
        self.lock().iter().find(|one| one.tenant == *tenant && one.run == Some(run)).cloned()
    }

    pub(super) fn asked(&self) -> &Receiver<Asked> {
        &self.0.asked
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Underway>> {
        // Every change is whole.
        self.0.underway.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place among those that are underway.
    pub(super) fn enter(&self, tenant: &Tenant, name: &ScanName) -> Result<Cancel, NotBegun> {
        let plan = self.plan();
        let (most, of_tenant) = (plan.settings.at_once, plan.settings.at_once_of_tenant);
        let mut underway = self.lock();
        let scans = || underway.iter().filter(|one| !one.is_file);
        let all = scans().count();
        let own = scans().filter(|one| one.tenant == *tenant).count();
        if underway.iter().any(|one| one.is(tenant, name)) {
            return Err(NotBegun::Underway(name.clone()));
        }
        if all >= most {
            return Err(NotBegun::Busy(most));
        }
        if own >= of_tenant {
            return Err(NotBegun::Busy(of_tenant));
        }
        let new = Underway::new(tenant, name, false);
        let cancel = new.cancel.clone();
        underway.push(new);
        Ok(cancel)
    }

    /// Takes one for a file: what it is compared with must not change meanwhile.
    pub(super) fn enter_with_file(&self, tenant: &Tenant, name: &ScanName) -> Result<(), NotBegun> {
        let mut underway = self.lock();
        if underway.iter().any(|one| one.is(tenant, name)) {
            return Err(NotBegun::Underway(name.clone()));
        }
        if underway.iter().filter(|one| one.is_file).count() >= FILES {
            return Err(NotBegun::Files(FILES));
        }
        underway.push(Underway::new(tenant, name, true));
        Ok(())
    }

    /// Whether as many scans are underway as may be.
    pub(super) fn is_full(&self) -> bool {
        let most = self.plan().settings.at_once;
        self.lock().iter().filter(|one| !one.is_file).count() >= most
    }

    /// Leaves it.
    pub(super) fn leave(&self, tenant: &Tenant, name: &ScanName) {
        self.lock().retain(|one| !one.is(tenant, name));
    }

    /// Changes what is told of one.
    pub(super) fn change(&self, tenant: &Tenant, name: &ScanName, change: impl FnOnce(&mut Underway)) {
        let mut underway = self.lock();
        underway.iter_mut().find(|one| one.is(tenant, name)).map(change);
    }
}
