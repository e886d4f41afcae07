//! Lines that are brought to a server, over HTTP or syslog: bounded in bytes, and each batch told when it is committed.
//!
//! ```text
//!   listener ─ offer(batch) ─► room? ─► waits for its source's turn ─► judged ─► committed ─► done(Ok)
//!                               └ no ──► Refused::Full                  └ given up ─────────► done(Err)
//! ```

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use tripline_engine::decode::Format;

use crate::commit::{BatchKey, Tenant};

/// How a pushed source's bytes become lines.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSettings {
    /// The format, if it is said; else it is found from the first lines.
    pub format: Option<Format>,
    /// The time zone of stamps that say none.
    pub timezone: TimeZone,
    /// Whether continuation lines join the event before them, within a batch.
    pub join: bool,
    /// Nanoseconds without a line after which the source is an incident of its own; `None`: it may be silent.
    pub silent_after: Option<i64>,
}

/// A source that is expected: it may be silent though it never spoke.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Whose lines it brings.
    pub tenant: Tenant,
    /// What it is called.
    pub source: String,
    /// As with its batches.
    pub settings: StreamSettings,
}

/// Lines that belong together: what one request, datagram or read has brought.
pub struct Batch {
    /// Whose they are: by the credential or the listener, never by what they say.
    pub tenant: Tenant,
    /// What the source is called, like `http/web` or `syslog/udp/0.0.0.0:514`; of one tenant a bounded number.
    pub source: String,
    /// How its bytes become lines; that of the source's first batch holds.
    pub settings: StreamSettings,
    /// Whole lines, each with its line feed; the last one may lack it.
    pub lines: Vec<u8>,
    /// When they came, nanoseconds since 1970.
    pub received: i64,
    /// By what the batch is known if it comes again.
    pub key: Option<BatchKey>,
    /// Told once what became of it.
    pub done: Option<Done>,
}

/// Called once all lines of a batch were judged and all that came of it is on disk; or once it is clear that they will
/// not be. Dropped without a call, the server has ended: the sender sends again.
pub type Done = Box<dyn FnOnce(Result<(), GivenUp>) + Send>;

/// The batch was not committed; its sender has to send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected to commit the lines, and the server stops")]
pub struct GivenUp;

/// Why a batch is not taken; nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// What waits fills the room already.
    #[error("expected room for lines, found {waiting} bytes that wait")]
    Full {
        /// Bytes that wait: of this source, of its tenant, or of all.
        waiting: usize,
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
}

#[derive(Default)]
struct Waiting {
    sources: Vec<Queue>,
    bytes: usize,
    /// Keys of batches that are not committed yet.
    keys: HashSet<(Tenant, [u8; 32])>,
    stopped: bool,
}

struct Queue {
    tenant: Tenant,
    source: String,
    batches: VecDeque<Batch>,
    bytes: usize,
}

impl Intake {
    /// An intake within these limits; `wake` is called when something has come.
    pub fn new(limits: IntakeLimits, wake: impl Fn() + Send + Sync + 'static) -> Intake {
        let (waiting, changed) = (Mutex::default(), Condvar::new());
        Intake(Arc::new(Shared { limits, waiting, changed, wake: Box::new(wake) }))
    }

    /// Takes a batch, if there is room.
    ///
    /// # Errors
    /// There is none, or the batch cannot be taken at all; it comes back, with nothing of it taken.
    pub fn offer(&self, batch: Batch) -> Result<(), (Refused, Box<Batch>)> {
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
        let until = std::time::Instant::now() + patience;
        let mut batch = batch;
        loop {
            match self.offer(batch) {
                Err((Refused::Full { waiting }, back)) => {
                    let left = until.saturating_duration_since(std::time::Instant::now());
                    if left.is_zero() {
                        return Err((Refused::Full { waiting }, back));
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

    /// Nothing is taken any more.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.0.changed.notify_all();
    }

    /// The next batches of each source that has some, at most about so many bytes of each; in turns.
    pub(crate) fn turn(&self, bytes: usize) -> Vec<Batch> {
        let mut waiting = self.lock();
        let waiting = &mut *waiting;
        let mut turn = Vec::new();
        for queue in &mut waiting.sources {
            let mut left = bytes;
            while left > 0 {
                let Some(batch) = queue.batches.pop_front() else { break };
                left = left.saturating_sub(batch.lines.len().max(1));
                queue.bytes -= batch.lines.len();
                waiting.bytes -= batch.lines.len();
                turn.push(batch);
            }
        }
        if !turn.is_empty() {
            self.0.changed.notify_all();
        }
        turn
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
        let own = self.sources.iter().filter(|queue| queue.tenant == batch.tenant);
        match own.clone().find(|queue| queue.source == batch.source) {
            Some(queue) if queue.bytes > 0 && queue.bytes + size > limits.source_bytes => {
                return Some(Refused::Full { waiting: queue.bytes });
            }
            None if own.clone().count() >= limits.sources => {
                return Some(Refused::Sources { most: limits.sources });
            }
            _ => {}
        }
        let of_tenant = own.map(|queue| queue.bytes).sum();
        for (waiting, most) in [(of_tenant, limits.tenant_bytes), (self.bytes, limits.bytes)] {
            if waiting > 0 && waiting + size > most {
                return Some(Refused::Full { waiting });
            }
        }
        let key = batch.key.map(|key| (batch.tenant.clone(), key.key));
        key.is_some_and(|key| self.keys.contains(&key)).then_some(Refused::Underway)
    }

    fn take(&mut self, batch: Batch) {
        let size = batch.lines.len();
        self.bytes += size;
        if let Some(key) = batch.key {
            self.keys.insert((batch.tenant.clone(), key.key));
        }
        let same = |queue: &&mut Queue| queue.tenant == batch.tenant && queue.source == batch.source;
        if let Some(queue) = self.sources.iter_mut().find(same) {
            queue.bytes += size;
            queue.batches.push_back(batch);
            return;
        }
        let (tenant, source) = (batch.tenant.clone(), batch.source.clone());
        self.sources.push(Queue { tenant, source, batches: VecDeque::from([batch]), bytes: size });
    }
}
