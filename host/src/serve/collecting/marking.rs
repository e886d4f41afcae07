//! Barriers: when marks are set, what comes of judges that have reached them, and what goes to the store together.

use std::collections::HashSet;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tripline_engine::abi::STATE_BYTES;
use tripline_engine::line::Foot;
use tripline_engine::sandbox::Trap;
use tripline_engine::{Fault, PackFault};

use super::{Collecting, DECISIONS, Gone, Open, Pending, SOON};
use crate::commit::{FilePosition, Tenant};
use crate::quota::QuotaKind;
use crate::serve::Event;
use crate::serve::passing::{Barrier, Part, Until, Work};

/// So many bytes are little.
const LITTLE: usize = 64 * 1024;

impl Collecting<'_> {
    /// Whether marks are to be set.
    pub(super) fn is_due(&self, decided: u64, elapsed: Duration) -> bool {
        let mut waits = self.since.iter().filter(|(tenant, _)| self.is_free(tenant)).peekable();
        if waits.peek().is_none() {
            return false;
        }
        let swaps =
            || self.swaps.keys().any(|tenant| self.since.contains_key(tenant) && self.is_free(tenant));
        let crowded = self.judged.crowded.load(Relaxed);
        crowded
            || decided >= DECISIONS
            || elapsed >= self.shared.every
            || swaps()
            || elapsed >= SOON && waits.any(|(_, pending)| self.has_waited(pending, elapsed))
    }

    /// Whether whoever waits for a batch's commit has waited long enough for what is to be committed with it. Who has much
    /// waits for more; who has little does not, whatever others have.
    fn has_waited(&self, pending: &Pending, elapsed: Duration) -> bool {
        let soon = if pending.bytes <= LITTLE { SOON } else { self.disk.soon(self.shared.every) };
        !pending.acks.is_empty() && elapsed >= soon
    }

    /// Whether all that came is on disk.
    pub(super) fn is_done(&mut self) -> bool {
        let waits = !self.since.is_empty() || !self.open.is_empty() || !self.ready.is_empty();
        !waits && self.swaps.is_empty() && self.disk.has_stored()
    }

    /// Sets a mark for each tenant of which something has come.
    pub(super) fn mark(&mut self) -> Result<(), Gone> {
        self.judged.crowded.store(false, Relaxed);
        self.rest()?;
        let judges = &self.judged.judges;
        let tenants: Vec<Tenant> = self.since.keys().filter(|tenant| self.is_free(tenant)).cloned().collect();
        for tenant in tenants {
            let until = if self.swaps.contains_key(&tenant) { Until::Swap } else { Until::Next };
            for judge in judges {
                judge.send(Work::Mark(tenant.clone(), until, self.parts.0.clone())).map_err(|_| Gone)?;
            }
            let mut pending = self.since.remove(&tenant).unwrap_or_default();
            pending.turns.clear();
            self.open.insert(tenant, Open { pending, missing: judges.len() });
        }
        Ok(())
    }

    /// Tells judges whose parts are not on disk: a seat rests when all it remembers is.
    pub(super) fn rest(&self) -> Result<(), Gone> {
        let waiting = self.open.keys().chain(self.ready.keys());
        let busy: HashSet<Tenant> = self.disk.underway().chain(waiting).cloned().collect();
        let busy = Arc::new(busy);
        let mut judges = self.judged.judges.iter();
        judges.try_for_each(|judge| judge.send(Work::Rest(Arc::clone(&busy))).map_err(|_| Gone))
    }

    /// A judge has come to a tenant's mark.
    pub(super) fn part(&mut self, part: Part) {
        let Part { tenant, decisions, states, faults, logs, costs } = part;
        for fault in faults {
            self.noted(&tenant, &fault);
            self.shared.faults.count(&tenant, &fault);
            self.shared.health.fault(&tenant, self.shared.clock.now(), &fault);
            self.shared.tell(Event::Fault(tenant.clone(), fault));
        }
        for (pack, line) in logs {
            self.shared.tell(Event::Log(tenant.clone(), pack, line));
        }
        self.shared.health.accounts().judged(&tenant, &self.sets.of(&tenant), &costs, &states);
        self.spend(&tenant, costs.iter().map(|(_, since)| since.cpu).sum());
        let Some(open) = self.open.get_mut(&tenant) else { return };
        open.pending.commit.decisions.extend(decisions);
        open.pending.commit.states.extend(states);
        open.missing -= 1;
        if open.missing == 0
            && let Some(Open { pending, .. }) = self.open.remove(&tenant)
        {
            if self.ready.is_empty() {
                self.waits = Instant::now();
            }
            self.ready.insert(tenant, pending);
        }
    }

    /// A fault whose limit was the tenant's quota is one of that, too.
    fn noted(&self, tenant: &Tenant, fault: &PackFault) {
        let is_own = self.sets.own(tenant).iter().any(|one| one.pack.name() == fault.pack);
        let Some(quotas) = self.shared.quotas.filter(|_| is_own) else { return };
        let (Fault::Start(trap) | Fault::Open(trap) | Fault::Check(trap) | Fault::Save(trap)) = &fault.fault
        else {
            return;
        };
        let quota = quotas.of(tenant);
        let kind = match trap {
            Trap::Memory { limit, .. } if quota.most(QuotaKind::Memory) == Some(*limit) => QuotaKind::Memory,
            // What others remember is not left to it.
            Trap::Answer { what: "state", limit, .. }
                if *limit < STATE_BYTES as u64
                    && quota.most(QuotaKind::State).is_some_and(|most| *limit <= most) =>
            {
                QuotaKind::State
            }
            _ => return,
        };
        quotas.note(tenant, kind, false);
    }

    /// Hands on all that is ready, if the store is free; what is soon ready goes with it. `false`: it was given up.
    pub(super) fn commit(&mut self) -> bool {
        let is_time = self.open.is_empty() || self.waits.elapsed() >= SOON;
        if self.ready.is_empty() || !is_time || !self.disk.has_stored() {
            return true;
        }
        let tenants = self.ready.keys().cloned().collect();
        let (mut commits, mut acks) = (Vec::new(), Vec::new());
        for (tenant, Pending { mut commit, positions, acks: waiting, .. }) in take(&mut self.ready) {
            acks.extend(waiting.into_iter().map(|ack| (tenant.clone(), ack)));
            // Taken of each file once, not of each block.
            let foot = |foot: Option<Foot>| foot.map(|foot| Sha256::digest(&foot.bytes).into());
            let positions = positions.into_values();
            commit.positions.extend(positions.map(|(at, last)| FilePosition { foot: foot(last), ..at }));
            commit.packs = self.sets.of(&tenant).packs().iter().map(|one| one.pack.name().into()).collect();
            if !commit.is_empty() {
                commits.push((tenant, commit));
            }
        }
        self.disk.send(Barrier { commits, acks }, tenants)
    }
}
