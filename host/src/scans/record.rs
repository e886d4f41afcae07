//! What is kept of scans, and by whom.

use super::addresses::Addresses;
use super::host::words;
use super::known::{Baseline, KnownHosts};
use super::order::ScanName;
use super::ports::Ports;
use super::scanner::{Broken, ScannerKind};
use super::schedule::Standing;
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use std::any::Any;
use std::str::FromStr;
use std::sync::Arc;

words! {
    /// How a run stands.
    RunState {
        /// It runs, or its program has died.
        Running = "running",
        /// It has seen all.
        Done = "done",
        /// It has seen something.
        Partial = "partial",
        /// It has seen nothing.
        Failed = "failed",
        /// Somebody broke it off.
        Cancelled = "cancelled",
    }
}

/// A run that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// The scan's name.
    pub name: ScanName,
    /// Who scans.
    pub scanner: ScannerKind,
    /// Who asked for it.
    pub author: Actor,
    /// When it began, nanoseconds since 1970.
    pub started: i64,
    /// What is asked; `None`: a file that does not say.
    pub addresses: Option<Addresses>,
    /// Which ports.
    pub ports: Option<Ports>,
}

/// What became of a run: kept as a whole, or not at all.
#[derive(Clone)]
pub struct RunEnd {
    /// Who has ended it: who had it made, or who has found that its program died.
    pub by: Actor,
    /// How it ended.
    pub state: RunState,
    /// When.
    pub ended: i64,
    /// Why it is not whole.
    pub broken: Option<Broken>,
    /// Hosts that answered.
    pub up: u64,
    /// Hosts that took too long.
    pub unknown: u64,
    /// Ports that are or may be open.
    pub open: u64,
    /// What it found.
    pub found: Arc<dyn Tells>,
}

impl RunEnd {
    /// Whether nothing was found, and one finding says why: it is kept whatever is stored.
    pub fn is_bare(&self) -> bool {
        match self.state {
            RunState::Failed => true,
            RunState::Cancelled => self.up == 0 && self.unknown == 0,
            RunState::Running | RunState::Done | RunState::Partial => false,
        }
    }
}

/// What is told while it is kept, piece by piece.
pub trait Tells: Send + Sync {
    /// Tells findings, and what is known from now on; answers how many of them are changes.
    fn tell(&self, keeps: &dyn Keeps) -> Result<u64, StoreError>;
}

/// Keeps what is told, in one transaction.
pub trait Keeps {
    /// A finding, as a line.
    fn finding(&self, line: &str) -> Result<(), StoreError>;

    /// What the scans of a baseline have found so far.
    fn known<'k>(&'k self, baseline: &'k Baseline) -> Result<Box<dyn KnownHosts + 'k>, StoreError>;
}

/// A run, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number among all of the tenant.
    pub number: u64,
    /// The scan's name.
    pub name: ScanName,
    /// Who scanned.
    pub scanner: ScannerKind,
    /// Who asked for it: an actor's id.
    pub author: String,
    /// How it stands.
    pub state: RunState,
    /// When it began, nanoseconds since 1970.
    pub started: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// What was asked.
    pub addresses: Option<String>,
    /// Which ports.
    pub ports: Option<String>,
    /// Why it is not whole.
    pub broken: Option<Broken>,
    /// Hosts that answered.
    pub up: u64,
    /// Hosts that took too long.
    pub unknown: u64,
    /// Ports that are or may be open.
    pub open: u64,
    /// Whether rules have judged its findings.
    pub judged: bool,
}

impl Run {
    /// Its program died.
    pub fn die(&mut self) {
        (self.state, self.broken) = (RunState::Failed, Some(Broken::died()));
    }
}

/// Held by the only one that scans; gone with its holder, however that ends.
#[must_use = "dropped, it lets the next one scan"]
pub struct ScanLock(
    #[expect(dead_code, reason = "what it holds is let go when it is dropped")] Box<dyn Any + Send>,
);

impl ScanLock {
    /// What is held, and let go when it is dropped.
    pub fn new(held: impl Any + Send) -> ScanLock {
        ScanLock(Box::new(held))
    }
}

/// Where it is kept how schedules stand.
pub trait ScheduleStore: Send + Sync {
    /// How a tenant's schedule of this name stands, if it is known.
    fn stands(&self, tenant: &Tenant, name: &ScanName) -> Result<Option<Standing>, StoreError>;

    /// How a tenant's schedule of this name stands; one that is new is known from this time on.
    fn stands_since(&self, tenant: &Tenant, name: &ScanName, now: i64) -> Result<Standing, StoreError>;

    /// How all stand, of all tenants.
    fn standings(&self) -> Result<Vec<(Tenant, ScanName, Standing)>, StoreError>;

    /// Forgets how it stands: whoever adds a schedule of this name again adds a new one.
    fn forget_standing(&self, tenant: &Tenant, name: &ScanName) -> Result<(), StoreError>;

    /// Keeps how it stands.
    fn set_standing(&self, tenant: &Tenant, name: &ScanName, standing: Standing) -> Result<(), StoreError>;
}

/// Where scans are kept.
pub trait ScanStore: Send + Sync {
    /// Makes its holder the only one that scans, in this and any other process; `None`: somebody else does. Runs that
    /// are still said to run are of programs that died.
    fn scanning(&self) -> Result<Option<ScanLock>, StoreError>;

    /// Runs of all tenants that are said to run.
    fn running(&self) -> Result<Vec<(Tenant, Run)>, StoreError>;

    /// Keeps that a run begins, if its tenant may have more stored; answers its number.
    fn begin(&self, tenant: &Tenant, run: NewRun) -> Result<u64, StoreError>;

    /// The same of one that is not made, whatever is stored: else nobody would hear of it.
    fn begin_refused(&self, tenant: &Tenant, run: NewRun) -> Result<u64, StoreError>;

    /// When the last scan of a baseline ended; `None`: there was none.
    fn latest(&self, tenant: &Tenant, baseline: &Baseline) -> Result<Option<i64>, StoreError>;

    /// Keeps what became of a run, if its tenant may have as much stored, or it has failed; answers how many of its findings
    /// are changes. One that has ended stays as it is.
    fn end(&self, tenant: &Tenant, run: u64, end: Arc<RunEnd>) -> Result<u64, StoreError>;

    /// Runs whose findings no rule has judged, the oldest first.
    fn unjudged(&self, tenant: &Tenant) -> Result<Vec<Run>, StoreError>;

    /// A run's findings as lines, by their numbers: those behind this one, at most so many.
    fn findings(
        &self,
        tenant: &Tenant,
        run: u64,
        after: u64,
        most: u32,
    ) -> Result<Vec<(u64, String)>, StoreError>;

    /// Keeps that rules have judged a run's findings.
    fn judged(&self, tenant: &Tenant, run: u64) -> Result<(), StoreError>;

    /// The latest runs, of those before this one, at most so many.
    fn runs(&self, tenant: &Tenant, before: Option<u64>, most: u32) -> Result<Vec<Run>, StoreError>;

    /// The run with this number.
    fn run(&self, tenant: &Tenant, number: u64) -> Result<Option<Run>, StoreError>;

    /// Asks whoever makes this run to break it off, and records who asked; `false`: no such run is underway.
    fn cancel(&self, tenant: &Tenant, run: u64, actor: &Actor) -> Result<bool, StoreError>;

    /// Whether somebody has asked for that.
    fn is_cancelled(&self, tenant: &Tenant, run: u64) -> Result<bool, StoreError>;

    /// Runs of all tenants whose findings no rule has judged, the oldest first.
    fn unjudged_of_all(&self) -> Result<Vec<(Tenant, Run)>, StoreError>;

    /// Deletes runs that ended longer ago than this (nanoseconds), by the time that is believed; what is known from them
    /// stays. Answers how many.
    fn forget(&self, retention: i64) -> Result<u64, StoreError>;
}
