//! What all routes share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::HttpLimits;
use super::figures::Figures;
use super::guesses::Guesses;
use super::kept::Kept;
use super::problem::{AGAIN, Problem};
use super::proxies::Proxies;
use super::refusals::Refusals;
use super::room::Room;
use super::sign_ins::SignIns;
use super::sources::HttpSources;
use super::streams::Streams;
use crate::commit::{StoreError, Tenant};
use crate::packs::{PackRefused, Shelf};
use crate::serve::{Health, Intake, NotBegun, Scans};
use crate::store::Database;
use crate::token::Token;
use crate::wall_clock::WallClock;

/// How often it is looked whether the token of what has no end still holds.
const LOOK: Duration = Duration::from_millis(500);

/// What all routes share, as axum's state: `State<Arc<Shared>>`.
pub(super) struct Shared {
    pub(super) database: Arc<Database>,
    pub(super) intake: Intake,
    pub(super) scans: Scans,
    packs: Arc<Shelf>,
    pub(super) health: Arc<Health>,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) limits: HttpLimits,
    /// How each source's lines become events.
    pub(super) streams: Streams,
    pub(super) guesses: Guesses,
    pub(super) sign_ins: SignIns,
    pub(super) refusals: Refusals,
    /// Whom to believe where a request comes from.
    pub(super) proxies: Proxies,
    pub(super) figures: Figures,
    pub(super) kept: Kept,
    /// For bodies that are being read.
    pub(super) room: Room,
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    beginning: Arc<Semaphore>,
    unpacking: Arc<Semaphore>,
    compiling: Arc<Semaphore>,
    /// One turn for each tenant that has packs compiled, as long as it waits or has it.
    compiles: Mutex<HashMap<Tenant, Weak<Semaphore>>>,
    stopping: watch::Receiver<bool>,
    /// How many tokens were revoked here.
    pub(super) revoked: watch::Sender<u64>,
}

/// What is handed in of it.
pub(super) struct Parts {
    pub(super) database: Arc<Database>,
    pub(super) intake: Intake,
    pub(super) scans: Scans,
    pub(super) packs: Arc<Shelf>,
    pub(super) health: Arc<Health>,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) limits: HttpLimits,
    pub(super) streams: HttpSources,
    pub(super) proxies: Vec<IpNet>,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Shared {
    pub(super) fn new(parts: Parts) -> Shared {
        let Parts { database, intake, scans, packs, health, clock, limits, .. } = parts;
        let Parts { streams, proxies, stopping, .. } = parts;
        Shared {
            database,
            intake,
            scans,
            packs,
            health,
            clock,
            guesses: Guesses::new(&limits),
            sign_ins: SignIns::default(),
            refusals: Refusals::default(),
            proxies: Proxies::new(proxies),
            figures: Figures::default(),
            kept: Kept::default(),
            room: Room::new(limits.held_bytes, limits.held_bytes_of_tenant),
            reads: Arc::new(Semaphore::new(limits.reads)),
            writes: Arc::new(Semaphore::new(limits.writes)),
            beginning: Arc::new(Semaphore::new(limits.beginning)),
            unpacking: Arc::new(Semaphore::new(limits.unpacking)),
            compiling: Arc::new(Semaphore::new(limits.compiling)),
            compiles: Mutex::default(),
            limits,
            streams: Streams::new(streams),
            stopping,
            revoked: watch::Sender::default(),
        }
    }

    /// Asks the database something, on a thread that may wait for it.
    ///
    /// # Errors
    /// There was no turn in time, or the database cannot answer.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.turn(&self.reads, ask).await
    }

    /// Changes something in the database, on a thread that may wait for it; answers once it is on disk. That a tenant has as
    /// much stored as it may, it was told by the database; who asks how tenants stand sees it, too.
    ///
    /// # Errors
    /// There was no turn in time, or the database cannot do it.
    pub(super) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let quotas = self.intake.quotas().cloned();
        self.turn(&self.writes, move |database| {
            change(database).inspect_err(|error| {
                if let (Some(quotas), StoreError::Over(tenant, over)) = (quotas, error) {
                    quotas.note(tenant, over.kind, true);
                }
            })
        })
        .await
    }

    /// Begins a scan, which may take its time: names are resolved before.
    ///
    /// # Errors
    /// There was no turn in time, or it has not begun.
    pub(super) async fn begin<T: Send + 'static>(
        self: &Arc<Self>,
        begin: impl FnOnce(&Scans) -> Result<T, NotBegun> + Send + 'static,
    ) -> Result<T, Problem> {
        let scans = self.scans.clone();
        self.turn(&self.beginning, move |_| begin(&scans)).await
    }

    /// Changes packs of a tenant, which are compiled before: one at a time of each tenant, so that whoever pushes many, or slow
    /// ones, has no more than one place; and none for who has spent its time.
    ///
    /// # Errors
    /// It is over its quota, there was no turn in time, or it is not changed.
    pub(super) async fn compile<T: Send + 'static>(
        self: &Arc<Self>,
        tenant: &Tenant,
        change: impl FnOnce(&Shelf) -> Result<T, PackRefused> + Send + 'static,
    ) -> Result<T, Problem> {
        if let Some(wait) = self.intake.quotas().and_then(|quotas| quotas.wait(tenant)) {
            return Err(Problem::full("the tenant is over its quota").retry_after(wait));
        }
        let busy =
            || Problem::unavailable("another pack of the tenant's is being compiled").retry_after(AGAIN);
        let own = timeout(self.limits.turn, self.compiles_of(tenant).acquire_owned()).await;
        let own = own.map_err(|_| busy())?.map_err(|_| busy())?;
        self.shelve(move |packs| {
            let _own = own;
            change(packs)
        })
        .await
    }

    fn compiles_of(&self, tenant: &Tenant) -> Arc<Semaphore> {
        let mut turns = self.compiles.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = turns.get(tenant).and_then(Weak::upgrade);
        turn.unwrap_or_else(|| {
            let turn = Arc::new(Semaphore::new(1));
            turns.insert(tenant.clone(), Arc::downgrade(&turn));
            turn
        })
    }

    /// Changes packs without compiling any.
    ///
    /// # Errors
    /// There was no turn in time, or it is not changed.
    pub(super) async fn put_out<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Shelf) -> Result<T, PackRefused> + Send + 'static,
    ) -> Result<T, Problem> {
        let packs = Arc::clone(&self.packs);
        self.turn(&self.writes, move |_| change(&packs)).await
    }

    /// Changes packs, which may take its time: what is new is compiled before.
    ///
    /// # Errors
    /// There was no turn in time, or it is not changed.
    pub(super) async fn shelve<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Shelf) -> Result<T, PackRefused> + Send + 'static,
    ) -> Result<T, Problem> {
        let packs = Arc::clone(&self.packs);
        self.turn(&self.compiling, move |_| change(&packs)).await
    }

    /// Asks what is kept of packs, on a thread that may wait for the database.
    ///
    /// # Errors
    /// There was no turn in time, or it cannot be answered.
    pub(super) async fn shelf<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Shelf) -> Result<T, PackRefused> + Send + 'static,
    ) -> Result<T, Problem> {
        let packs = Arc::clone(&self.packs);
        self.turn(&self.reads, move |_| ask(&packs)).await
    }

    /// Does what takes its time, though it waits for nothing.
    ///
    /// # Errors
    /// There was no turn in time, or what it says itself.
    pub(super) async fn unpack<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.turn(&self.unpacking, move |_| work()).await
    }

    async fn turn<T: Send + 'static, E: Send + 'static>(
        self: &Arc<Self>,
        turns: &Arc<Semaphore>,
        work: impl FnOnce(&Database) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        Problem: From<E>,
    {
        let busy = || Problem::unavailable("the server is busy").retry_after(AGAIN);
        let turn = timeout(self.limits.turn, Arc::clone(turns).acquire_owned()).await;
        let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        let database = Arc::clone(&self.database);
        let done = tokio::task::spawn_blocking(move || {
            // Given back when the work ends, whether or not somebody still waits for it.
            let _turn = turn;
            work(&database)
        });
        Ok(done.await.map_err(|error| Problem::internal(&error))??)
    }

    /// Resolves once a token opens nothing any more: what has no end of its own ends then, also if nobody takes what it
    /// says. Who revokes it here is heard at once; who does so in the database, and time, are looked for.
    pub(super) async fn over(self: &Arc<Self>, token: &Token) {
        let mut revoked = self.revoked.subscribe();
        loop {
            // An error: it was time to look.
            let _ = timeout(LOOK, revoked.changed()).await;
            let (tenant, id, now) = (token.tenant.clone(), token.id, self.clock.now());
            let found = self.read(move |database| database.token_of(&tenant, id)).await;
            // A database that is busy is asked again.
            if found.is_ok_and(|found| !found.is_some_and(|token| token.holds(now))) {
                return;
            }
        }
    }

    /// Resolves once the server is to stop: what has no end of its own ends then.
    pub(super) async fn stopping(&self) {
        raised(&mut self.stopping.clone()).await;
    }
}

/// Resolves once it is said.
pub(super) async fn raised(stopping: &mut watch::Receiver<bool>) {
    // An error: whoever could say so is gone.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
