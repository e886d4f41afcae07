//! A source's messages on their way to the intake.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tripline_engine::line::Messages;

use super::ledger::Ledger;
use super::{SyslogSource, Trouble};
use crate::serve::{Batch, Intake, Refused};
use crate::wall_clock::WallClock;

/// Bytes of a batch: what comes faster than this waits for the next one.
const BATCH: usize = 256 * 1024;
/// So long a message waits for others: a batch for each would cost more than the messages do.
const GATHER: Duration = Duration::from_millis(10);

/// Whole messages of one source that are not offered yet.
pub(super) struct Gathered {
    source: SyslogSource,
    name: String,
    intake: Intake,
    clock: Arc<dyn WallClock>,
    pub(super) ledger: Ledger,
    messages: Messages,
    /// When the first of them came, by both clocks.
    since: Option<(Instant, i64)>,
}

impl Gathered {
    pub(super) fn new(
        source: SyslogSource,
        intake: Intake,
        clock: Arc<dyn WallClock>,
        ledger: Ledger,
        limit: usize,
    ) -> Gathered {
        let (name, messages) = (source.name(), Messages::new(limit));
        Gathered { source, name, intake, clock, ledger, messages, since: None }
    }

    /// Where further messages go.
    pub(super) fn messages(&mut self) -> &mut Messages {
        if self.messages.count == 0 {
            self.since = Some((Instant::now(), self.clock.now()));
        }
        &mut self.messages
    }

    /// Whether no more should be gathered before these are offered.
    pub(super) fn is_large(&self) -> bool {
        self.messages.lines.len() >= BATCH
    }

    /// How long they may wait for others; `None`: there are none.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let (since, _) = self.since.filter(|_| self.messages.count > 0)?;
        let left = GATHER.saturating_sub(now.saturating_duration_since(since));
        Some(if self.is_large() { Duration::ZERO } else { left })
    }

    /// Whether their tenant has brought more than it may.
    pub(super) fn is_over(&self) -> bool {
        self.intake.quotas().is_some_and(|quotas| quotas.wait(&self.source.tenant).is_some())
    }

    /// Offers them; `false`: there is no room, and they are here still.
    pub(super) fn offer(&mut self, patience: Duration) -> bool {
        self.brought(|intake, batch| match patience.is_zero() {
            true => intake.offer(batch),
            false => intake.offer_within(batch, patience),
        })
    }

    /// The same of what is left at the end, which waits for no quota.
    pub(super) fn offer_last(&mut self, patience: Duration) -> bool {
        self.brought(|intake, batch| intake.offer_last(batch, patience))
    }

    fn brought(&mut self, offer: impl FnOnce(&Intake, Batch) -> Result<(), (Refused, Box<Batch>)>) -> bool {
        let Some((_, received)) = self.since.filter(|_| self.messages.count > 0) else {
            self.since = None;
            return true;
        };
        let batch = Batch {
            file: None,
            tenant: self.source.tenant.clone(),
            source: self.name.clone(),
            settings: self.source.settings.clone(),
            lines: std::mem::take(&mut self.messages.lines),
            received,
            key: None,
            done: None,
        };
        match offer(&self.intake, batch) {
            Ok(()) => self.over(),
            Err((Refused::Full { .. } | Refused::Quota { .. }, back)) => {
                self.messages.lines = back.lines;
                return false;
            }
            Err((Refused::Sources { .. }, _)) => self.lose(Trouble::Sources),
            // It has no key that another could have.
            Err((Refused::Stopping | Refused::Underway, _)) => self.lose(Trouble::Stopping),
        }
        true
    }

    /// They are lost.
    pub(super) fn lose(&mut self, trouble: Trouble) {
        self.ledger.add(trouble, self.messages.count);
        self.messages.lines.clear();
        self.over();
    }

    fn over(&mut self) {
        self.ledger.add(Trouble::Cut, self.messages.cut);
        (self.messages.count, self.messages.cut, self.since) = (0, 0, None);
    }
}
