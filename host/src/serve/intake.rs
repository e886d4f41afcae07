//! Lines that are brought to a server, over HTTP or syslog: bounded in bytes, and each batch told when it is committed.
//!
//! ```text
//!   listener ─ offer(batch) ─► room? ─► waits for its source's turn ─► judged ─► committed ─► done(Ok)
//!                               └ no ──► Refused::Full                  └ given up ─────────► done(Err)
//! ```

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::batch::Batch;
use super::quotas::Quotas;
use crate::commit::Tenant;

/// Why a batch is not taken; nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// What waits fills the room already.
    #[error("expected room for lines, found {waiting} bytes that wait")]
    Full {
        /// Bytes that wait: of this source, of its tenant, or of all.
        waiting: usize,
    },
    /// The tenant has brought more lines a second than it may, or judging what it has brought takes longer than it may.
    #[error(
        "expected no more lines a second, and no more time for judging them, than the tenant's quota, found more"
    )]
    Quota {
        /// After so long it may go on.
        wait: Duration,
    },
    /// A batch with this key is on its way.
    #[error("expected one batch with this key, found another that is not committed yet")]
    Underway,
    /// The tenant has brought lines of too many sources.
    #[error("expected at most {most} sources of a tenant")]
    Sources {
        /// So many it may have.
        most: usize,
    },
    /// The server ends.
    #[error("expected a server, and it stops")]
    Stopping,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct IntakeLimits {
    /// Bytes of all sources. 64 MiB.
    pub bytes: usize,
    /// Bytes of one tenant: one that floods, from however many sources, leaves room for the others. 32 MiB.
    pub tenant_bytes: usize,
    /// Bytes of one source: one that floods leaves room for the others. 8 MiB; a batch that is larger waits alone.
    pub source_bytes: usize,
    /// Sources of a tenant. 1,000.
    pub sources: usize,
}

impl Default for IntakeLimits {
    fn default() -> IntakeLimits {
        IntakeLimits { bytes: 64 << 20, tenant_bytes: 32 << 20, source_bytes: 8 << 20, sources: 1_000 }
    }
}

/// Where listeners bring what they have taken. Cloned, it is the same.
#[derive(Clone)]
pub struct Intake(Arc<Shared>);

struct Shared {
    limits: IntakeLimits,
    waiting: Mutex<Waiting>,
    /// Something has come, or room.
    changed: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
    quotas: OnceLock<Quotas>,
}

/// A batch that was given out. Its bytes wait until its room is dropped.
pub(crate) struct Taken {
    pub(crate) batch: Batch,
    pub(super) room: Room,
}

impl std::ops::Deref for Taken {
    type Target = Batch;

    fn deref(&self) -> &Batch {
        &self.batch
    }
}

/// What a batch takes of its source's, its tenant's and all room; given back when it is dropped.
pub(crate) struct Room {
    intake: Intake,
    tenant: Tenant,
    source: String,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut waiting = self.intake.lock();
        waiting.bytes -= self.bytes;
        if let Some(own) = waiting.tenants.get_mut(&self.tenant) {
            own.bytes -= self.bytes;
            if let Some(queue) = own.sources.get_mut(&self.source) {
                queue.bytes -= self.bytes;
                queue.underway -= 1;
                if queue.underway == 0 {
                    own.sources.remove(&self.source);
                }
            }
        }
        drop(waiting);
        self.intake.0.changed.notify_all();
    }
}

#[derive(Default)]
struct Waiting {
    tenants: HashMap<Tenant, OfTenant>,
    /// Sources that have something, each once; whose turn is next comes first.
    ready: VecDeque<(Tenant, String)>,
    bytes: usize,
    /// Keys of batches that are not committed yet.
    keys: HashSet<(Tenant, [u8; 32])>,
    /// Sources that the configuration names: they are not kept out by what others have named.
    expected: HashSet<(Tenant, String)>,
    stopped: bool,
}

/// What waits of one tenant.
#[derive(Default)]
struct OfTenant {
    /// Those of which something waits.
    sources: HashMap<String, Queue>,
    /// All that were named so far, but for those that are expected and what the server brings itself.
    named: HashSet<String>,
    bytes: usize,
}

#[derive(Default)]
struct Queue {
    batches: VecDeque<Batch>,
    /// Batches that wait, and that were given out and are not read yet.
    underway: usize,
    bytes: usize,
}

impl Intake {
    /// An intake within these limits; `wake` is called when something has come.
    pub fn new(limits: IntakeLimits, wake: impl Fn() + Send + Sync + 'static) -> Intake {
        let (waiting, changed) = (Mutex::default(), Condvar::new());
        Intake(Arc::new(Shared { limits, waiting, changed, wake: Box::new(wake), quotas: OnceLock::new() }))
    }

    /// From now on nobody brings more than these allow. Once in its life.
    pub fn keep_to(&self, quotas: Quotas) {
        let _ = self.0.quotas.set(quotas);
    }

    /// What tenants may bring.
    pub fn quotas(&self) -> Option<&Quotas> {
        self.0.quotas.get()
    }

    /// Takes a batch, if there is room.
    ///
    /// # Errors
    /// There is none, or the batch cannot be taken at all; it comes back, with nothing of it taken.
    pub fn offer(&self, batch: Batch) -> Result<(), (Refused, Box<Batch>)> {
        // What a scan of ours has found is bounded by what may be scanned.
        let quotas = self.quotas().filter(|_| batch.file.is_none());
        if let Some(wait) = quotas.and_then(|quotas| quotas.wait(&batch.tenant)) {
            return Err((Refused::Quota { wait }, Box::new(batch)));
        }
        self.offer_beyond(batch)
    }

    /// As [`Intake::offer`], whatever the tenant's quota says.
    fn offer_beyond(&self, batch: Batch) -> Result<(), (Refused, Box<Batch>)> {
        let mut waiting = self.lock();
        match waiting.refuses(&batch, &self.0.limits) {
            Some(refused) => return Err((refused, Box::new(batch))),
            None => waiting.take(batch),
        }
        drop(waiting);
        self.0.changed.notify_all();
        (self.0.wake)();
        Ok(())
    }

    /// As [`Intake::offer`], and waits for room: a listener that can make its sender wait.
    ///
    /// # Errors
    /// There was no room for so long, or the batch cannot be taken at all.
    pub fn offer_within(&self, batch: Batch, patience: Duration) -> Result<(), (Refused, Box<Batch>)> {
        self.within(batch, patience, Intake::offer)
    }

    /// The last batch of a listener that ends: it waits for room, and not for a quota, which nobody pays for in that time.
    /// What has come is brought, though its tenant has brought more than it may.
    ///
    /// # Errors
    /// As with [`Intake::offer_within`], but for the quota.
    pub fn offer_last(&self, batch: Batch, patience: Duration) -> Result<(), (Refused, Box<Batch>)> {
        self.within(batch, patience, Intake::offer_beyond)
    }

    fn within(
        &self,
        mut batch: Batch,
        patience: Duration,
        offer: impl Fn(&Intake, Batch) -> Result<(), (Refused, Box<Batch>)>,
    ) -> Result<(), (Refused, Box<Batch>)> {
        let until = std::time::Instant::now() + patience;
        loop {
            match offer(self, batch) {
                Err((refused @ (Refused::Full { .. } | Refused::Quota { .. }), back)) => {
                    let left = until.saturating_duration_since(std::time::Instant::now());
                    if left.is_zero() {
                        return Err((refused, back));
                    }
                    batch = *back;
                    // Room may have come since: the wait is short, and looked at again.
                    let guard = self.lock();
                    let step = left.min(Duration::from_millis(50));
                    drop(self.0.changed.wait_timeout(guard, step).unwrap_or_else(PoisonError::into_inner));
                }
                other => return other,
            }
        }
    }

    /// These sources have a place, whatever else is named; from now on, instead of those before.
    pub fn expect(&self, sources: impl IntoIterator<Item = (Tenant, String)>) {
        self.lock().expected = sources.into_iter().collect();
    }

    /// These were named before the server began.
    pub fn remember(&self, sources: impl IntoIterator<Item = (Tenant, String)>) {
        let mut waiting = self.lock();
        for (tenant, source) in sources {
            waiting.tenants.entry(tenant).or_default().named.insert(source);
        }
    }

    /// Nothing is taken any more.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.0.changed.notify_all();
    }

    /// The next batches of each source that has some, at most about so many bytes of each, in turns; of sources that
    /// have room.
    pub(crate) fn turn(&self, bytes: usize, has_room: impl Fn(&(Tenant, String)) -> bool) -> Vec<Taken> {
        let mut waiting = self.lock();
        let mut turn = Vec::new();
        for _ in 0..waiting.ready.len() {
            waiting.turn(bytes, &has_room, &mut turn);
        }
        drop(waiting);
        let taken = |batch: Batch| {
            let (tenant, source, bytes) = (batch.tenant.clone(), batch.source.clone(), batch.lines.len());
            Taken { batch, room: Room { intake: self.clone(), tenant, source, bytes } }
        };
        turn.into_iter().map(taken).collect()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().ready.is_empty()
    }

    /// When that came of each tenant which has waited for longest.
    pub(super) fn oldest(&self) -> HashMap<Tenant, i64> {
        let waiting = self.lock();
        let mut oldest = HashMap::new();
        for (tenant, source) in &waiting.ready {
            let queue = waiting.tenants.get(tenant).and_then(|own| own.sources.get(source));
            if let Some(first) = queue.and_then(|queue| queue.batches.front()) {
                let least = oldest.entry(tenant.clone()).or_insert(first.received);
                *least = first.received.min(*least);
            }
        }
        oldest
    }

    /// Batches with these keys are known by the store from now on, or come again.
    pub(super) fn settled<'k>(&self, keys: impl IntoIterator<Item = &'k (Tenant, [u8; 32])>) {
        let mut waiting = self.lock();
        for key in keys {
            waiting.keys.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked has left whole batches: none is half taken.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn refuses(&self, batch: &Batch, limits: &IntakeLimits) -> Option<Refused> {
        if self.stopped {
            return Some(Refused::Stopping);
        }
        let size = batch.lines.len();
        let own = self.tenants.get(&batch.tenant);
        if let Some(own) = own
            && let Some(queue) = own.sources.get(&batch.source)
            && queue.bytes > 0
            && queue.bytes + size > limits.source_bytes
        {
            return Some(Refused::Full { waiting: queue.bytes });
        }
        let named = own.map_or(0, |own| own.named.len());
        let is_new = own.is_none_or(|own| !own.named.contains(&batch.source));
        if self.is_counted(batch) && is_new && named >= limits.sources {
            return Some(Refused::Sources { most: limits.sources });
        }
        let of_tenant = own.map_or(0, |own| own.bytes);
        for (waiting, most) in [(of_tenant, limits.tenant_bytes), (self.bytes, limits.bytes)] {
            if waiting > 0 && waiting + size > most {
                return Some(Refused::Full { waiting });
            }
        }
        let key = batch.key.map(|key| (batch.tenant.clone(), key.key));
        key.is_some_and(|key| self.keys.contains(&key)).then_some(Refused::Underway)
    }

    /// What the configuration names, and what the server brings itself, is not kept out by what senders have named.
    fn is_counted(&self, batch: &Batch) -> bool {
        batch.file.is_none() && !self.expected.contains(&(batch.tenant.clone(), batch.source.clone()))
    }

    fn take(&mut self, batch: Batch) {
        let (size, is_counted) = (batch.lines.len(), self.is_counted(&batch));
        self.bytes += size;
        if let Some(key) = batch.key {
            self.keys.insert((batch.tenant.clone(), key.key));
        }
        let (tenant, source) = (batch.tenant.clone(), batch.source.clone());
        let own = self.tenants.entry(tenant.clone()).or_default();
        own.bytes += size;
        if is_counted {
            own.named.insert(source.clone());
        }
        let queue = own.sources.entry(source.clone()).or_default();
        queue.bytes += size;
        queue.underway += 1;
        if queue.batches.is_empty() {
            self.ready.push_back((tenant, source));
        }
        queue.batches.push_back(batch);
    }

    /// The next batches of the source whose turn it is, at most about so many bytes.
    fn turn(&mut self, bytes: usize, has_room: &impl Fn(&(Tenant, String)) -> bool, turn: &mut Vec<Batch>) {
        let Some(name) = self.ready.pop_front() else { return };
        if !has_room(&name) {
            return self.ready.push_back(name);
        }
        let (tenant, source) = name;
        let Some(own) = self.tenants.get_mut(&tenant) else { return };
        let Some(queue) = own.sources.get_mut(&source) else { return };
        let mut left = bytes;
        while left > 0 {
            let Some(batch) = queue.batches.pop_front() else { break };
            left = left.saturating_sub(batch.lines.len().max(1));
            turn.push(batch);
        }
        if !queue.batches.is_empty() {
            self.ready.push_back((tenant, source));
        }
    }
}

#[cfg(test)]
mod tests;
