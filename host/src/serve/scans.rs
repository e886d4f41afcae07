//! The scans of a server, for whoever asks for one, follows it or breaks it off.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::scans::{Addresses, Cancel, ChoiceError, OrderError, Progress, Request, ScanName, ScanSettings};

/// Those who ask at the same time; more are told to come again.
const ASKED: usize = 16;
/// How long a scan may take to begin: names are resolved before.
const BEGIN: Duration = Duration::from_secs(30);

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

/// A scan that somebody asks for.
pub(super) struct Asked {
    pub(super) tenant: Tenant,
    pub(super) actor: Actor,
    pub(super) request: Request,
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
    /// Another program scans for this database.
    #[error("expected no other scan on the database, found one that is running")]
    Alone,
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server ends.
    #[error("expected a server, and it stops")]
    Stopping,
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
        if self.0.stopped.load(Relaxed) {
            return Err(NotBegun::Stopping);
        }
        let (reply, told) = bounded(1);
        let most = self.plan().settings.at_once;
        self.0.ask.try_send(Asked { tenant, actor, request, reply }).map_err(|_| NotBegun::Busy(most))?;
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
        let settings = self.plan();
        let (most, of_tenant) = (settings.settings.at_once, settings.settings.at_once_of_tenant);
        let mut underway = self.lock();
        if underway.iter().any(|one| one.tenant == *tenant && one.name == *name) {
            return Err(NotBegun::Underway(name.clone()));
        }
        if underway.len() >= most {
            return Err(NotBegun::Busy(most));
        }
        if underway.iter().filter(|one| one.tenant == *tenant).count() >= of_tenant {
            return Err(NotBegun::Busy(of_tenant));
        }
        let cancel = Cancel::default();
        underway.push(Underway {
            tenant: tenant.clone(),
            name: name.clone(),
            run: None,
            progress: Progress::default(),
            hosts: 0,
            addresses: Addresses::default(),
            cancel: cancel.clone(),
        });
        Ok(cancel)
    }

    /// Leaves it.
    pub(super) fn leave(&self, tenant: &Tenant, name: &ScanName) {
        self.lock().retain(|one| one.tenant != *tenant || one.name != *name);
    }

    /// Changes what is told of one.
    pub(super) fn change(&self, tenant: &Tenant, name: &ScanName, change: impl FnOnce(&mut Underway)) {
        let mut underway = self.lock();
        underway.iter_mut().find(|one| one.tenant == *tenant && one.name == *name).map(change);
    }
}
