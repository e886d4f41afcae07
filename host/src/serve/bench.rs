//! The packs of one tenant that one thread judges: each has a seat, and an instance while it is used.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tripline_engine::Configured;
use tripline_engine::judge::{BatchLimits, Judge, JudgeCost, JudgeLimits, LifeLimits, Snapshot, Verdicts};
use tripline_engine::sandbox::{Allowance, Sandbox};

use crate::check::settings_digest;
use crate::commit::PackState;

/// A seat that is not used for so long rests, if its pack can save.
const IDLE: Duration = Duration::from_secs(600);
/// How long a tenant's turn is, but for the batch it is in, which is to take no longer: by what it costs, not by how much
/// it is, so that who is cheap keeps up beside who is slow.
pub(super) const TURN: Duration = Duration::from_millis(5);
/// CPU time that replaying what was judged since the last save takes about at most: others wait for all of it.
const REPLAY: Duration = Duration::from_millis(50);

/// A pack's seat at a tenant's bench.
pub(super) enum Seat {
    /// An instance, or what becomes one with its first batch.
    Taken(Box<Sitting>),
    /// All it remembers was committed; its next tick may be due before its next event.
    Resting {
        /// When that is.
        tick: Option<i64>,
    },
}

pub(super) struct Sitting {
    pub(super) judge: Judge,
    settings: [u8; 32],
    /// When it was used last.
    pub(super) used: Instant,
    /// What it had cost when that was told last.
    told: JudgeCost,
}

impl Sitting {
    /// Takes the seat, with what was committed.
    pub(super) fn new(
        configured: &Configured,
        sandbox: &Arc<dyn Sandbox>,
        remembered: Option<PackState>,
        allowance: Allowance,
        verdicts: &mut Verdicts,
    ) -> Sitting {
        let batch = BatchLimits { turn: Some(TURN), ..BatchLimits::default() };
        let life = LifeLimits { replay: Some(REPLAY), allowance, ..LifeLimits::default() };
        let limits = JudgeLimits { batch, life, ..JudgeLimits::default() };
        let mut judge = Judge::new(Arc::clone(sandbox), configured, limits);
        if let Some(PackState { state, version, host, .. }) = remembered {
            judge.restore(Snapshot { state, version, host }, verdicts);
        }
        Sitting {
            judge,
            settings: settings_digest(configured),
            used: Instant::now(),
            told: JudgeCost::default(),
        }
    }

    /// What it remembers, if that has changed.
    pub(super) fn state(&mut self, verdicts: &mut Verdicts) -> Option<PackState> {
        if !self.judge.is_changed() {
            return None;
        }
        let Snapshot { state, version, host } = self.judge.snapshot(verdicts)?;
        let (pack, digest) = (self.judge.pack().name().into(), *self.judge.pack().digest());
        Some(PackState { pack, version, digest, settings: self.settings, state, host })
    }

    /// Whether it loses nothing by leaving: its pack saves, and all of it was committed at the barrier before.
    pub(super) fn may_rest(&self) -> bool {
        self.judge.saves() && !self.judge.is_changed() && !self.judge.is_quarantined()
    }

    /// Whether it has not been used for long.
    pub(super) fn is_idle(&self) -> bool {
        self.used.elapsed() >= IDLE
    }

    /// Leaves the seat.
    pub(super) fn rest(&self) -> Seat {
        Seat::Resting { tick: self.judge.next_tick() }
    }

    /// What the pack has cost at this seat since it was asked last.
    pub(super) fn spent(&mut self) -> JudgeCost {
        let now = self.judge.cost();
        now.since(&std::mem::replace(&mut self.told, now))
    }

    /// The same of one that leaves its seat: its instance lives no more.
    pub(super) fn spent_at_last(&mut self) -> JudgeCost {
        JudgeCost { live: 0, ..self.spent() }
    }
}
