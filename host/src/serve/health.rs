//! How a server stands: written by its threads, read by whoever asks over HTTP.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tripline_engine::PackFault;

use super::Accounts;
use crate::commit::Tenant;

/// Faults of one pack that its author can look at.
const FAULTS: usize = 50;

/// Sources that are remembered; figures of more than these are not kept.
const SOURCES: usize = 10_000;

/// How a server stands. Shared: each thread says what it knows.
#[derive(Debug, Default)]
pub struct Health {
    state: Mutex<State>,
    accounts: Accounts,
}

#[derive(Debug, Default)]
struct State {
    serves: bool,
    stopping: bool,
    store: Option<String>,
    sandbox: bool,
    security_log: bool,
    telling: Option<String>,
    elsewhere: bool,
    barrier: Option<i64>,
    sources: BTreeMap<(Tenant, String), SourceFigures>,
    /// Messages of a source that were lost before they were lines.
    lost: BTreeMap<(Tenant, String), u64>,
    /// The last faults of each pack, the newest last, and when.
    faults: HashMap<(Tenant, String), VecDeque<(i64, PackFault)>>,
}

/// Why a server is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It has not begun yet.
    Starting,
    /// It ends.
    Stopping,
    /// The store does not take what it is given.
    Store,
    /// The machine has no room for one more instance of a pack.
    Sandbox,
    /// security.log cannot be written.
    SecurityLog,
    /// Timers and notices cannot use the database.
    Telling,
    /// Another program has delivered notices for longer than a command does.
    Elsewhere,
}

impl Reason {
    /// Its word.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Starting => "starting",
            Reason::Stopping => "stopping",
            Reason::Store => "store",
            Reason::Sandbox => "sandbox",
            Reason::SecurityLog => "security-log",
            Reason::Telling => "telling",
            Reason::Elsewhere => "delivered-elsewhere",
        }
    }

    /// A sentence for strangers: nothing of paths, nothing of what the system said.
    pub fn sentence(self) -> &'static str {
        match self {
            Reason::Starting => "the server has not begun yet",
            Reason::Stopping => "the server stops",
            Reason::Store => "the database does not take what it is given; it is tried again",
            Reason::Sandbox => "there is no room to run one more pack; it is tried again",
            Reason::SecurityLog => "security.log cannot be written; its records wait in the database",
            Reason::Telling => "timers and notices cannot use the database; it is tried again",
            Reason::Elsewhere => "another program delivers notices; this server does once it no longer does",
        }
    }
}

/// What a source has brought since the server began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFigures {
    /// Whose it is.
    pub tenant: Tenant,
    /// What it is called.
    pub name: String,
    /// How its lines come: `file`, `http`, `syslog` or `program`.
    pub kind: &'static str,
    /// Lines that were read.
    pub lines: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Bytes that are there and were not read yet; `None`: nobody knows.
    pub lag_bytes: Option<u64>,
    /// When something was read last, nanoseconds since 1970.
    pub last: Option<i64>,
}

impl Health {
    /// Of a server that has not begun yet.
    pub fn new() -> Health {
        Health::default()
    }

    /// It has begun.
    pub fn serves(&self) {
        self.lock().serves = true;
    }

    /// It ends.
    pub fn stopping(&self) {
        self.lock().stopping = true;
    }

    /// Whether the store keeps the server waiting, and what it says.
    pub fn store_waits(&self, waits: bool, reason: &str) {
        self.lock().store = waits.then(|| reason.into());
    }

    /// Whether judging waits for room for an instance.
    pub fn sandbox_waits(&self, waits: bool) {
        self.lock().sandbox = waits;
    }

    /// Whether security.log is written.
    pub fn security_log(&self, written: bool) {
        self.lock().security_log = !written;
    }

    /// What keeps timers and notices waiting; `None`: nothing.
    pub fn telling(&self, waits: Option<&str>) {
        self.lock().telling = waits.map(Into::into);
    }

    /// Whether another program delivers, and has for long.
    pub fn delivered_elsewhere(&self, for_long: bool) {
        self.lock().elsewhere = for_long;
    }

    /// It begins to serve at this time: until the first barrier, that is when there was one last.
    pub fn began(&self, now: i64) {
        self.lock().barrier.get_or_insert(now);
    }

    /// A barrier was committed at this time.
    pub fn barrier(&self, now: i64) {
        self.lock().barrier = Some(now);
    }

    /// What a source has brought so far.
    pub fn source(&self, figures: SourceFigures) {
        let mut state = self.lock();
        let key = (figures.tenant.clone(), figures.name.clone());
        if state.sources.len() < SOURCES || state.sources.contains_key(&key) {
            state.sources.insert(key, figures);
        }
    }

    /// So many messages of a source were lost before anybody could judge them.
    pub fn lost(&self, tenant: &Tenant, name: &str, count: u64) {
        let mut state = self.lock();
        let key = (tenant.clone(), name.to_string());
        if state.lost.len() < SOURCES || state.lost.contains_key(&key) {
            *state.lost.entry(key).or_default() += count;
        }
    }

    /// What was lost since the server began, by tenant and source.
    pub fn all_lost(&self) -> Vec<(Tenant, String, u64)> {
        let state = self.lock();
        let lost = state.lost.iter();
        lost.map(|((tenant, name), count)| (tenant.clone(), name.clone(), *count)).collect()
    }

    /// A source is no longer read.
    pub fn source_ended(&self, tenant: &Tenant, name: &str) {
        self.lock().sources.remove(&(tenant.clone(), name.to_string()));
    }

    /// Whether lines that come now are taken and told.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), Vec<Reason>> {
        let state = self.lock();
        let mut reasons = Vec::new();
        let mut because = |holds: bool, reason| reasons.extend(holds.then_some(reason));
        because(state.stopping, Reason::Stopping);
        because(!state.serves, Reason::Starting);
        because(state.store.is_some(), Reason::Store);
        because(state.sandbox, Reason::Sandbox);
        because(state.security_log, Reason::SecurityLog);
        because(state.telling.is_some(), Reason::Telling);
        because(state.elsewhere, Reason::Elsewhere);
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    /// Whether it ends.
    pub fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// When a barrier was committed last, nanoseconds since 1970; before the first, when the server began.
    pub fn last_barrier(&self) -> Option<i64> {
        self.lock().barrier
    }

    /// The sources of a tenant, or all, by tenant and name.
    pub fn sources(&self, tenant: Option<&Tenant>) -> Vec<SourceFigures> {
        let state = self.lock();
        let of = |figures: &&SourceFigures| tenant.is_none_or(|tenant| figures.tenant == *tenant);
        state.sources.values().filter(of).cloned().collect()
    }

    /// What tenants and their packs use.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// A tenant was deleted: nothing of it is shown any more, nor counted.
    pub fn forget(&self, tenant: &Tenant) {
        self.accounts.forget(tenant);
        let mut state = self.lock();
        state.sources.retain(|(of, _), _| of != tenant);
        state.lost.retain(|(of, _), _| of != tenant);
        state.faults.retain(|(of, _), _| of != tenant);
    }

    /// A tenant's pack has faulted.
    pub fn fault(&self, tenant: &Tenant, at: i64, fault: &PackFault) {
        let mut state = self.lock();
        let faults = state.faults.entry((tenant.clone(), fault.pack.clone())).or_default();
        if faults.len() == FAULTS {
            faults.pop_front();
        }
        faults.push_back((at, fault.clone()));
    }

    /// The last faults of a tenant's pack, the newest first, and when.
    pub fn faults(&self, tenant: &Tenant, pack: &str) -> Vec<(i64, PackFault)> {
        let state = self.lock();
        let faults = state.faults.get(&(tenant.clone(), pack.to_string()));
        faults.into_iter().flatten().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole: whoever panicked has left a state that holds.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
