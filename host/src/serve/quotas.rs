//! What tenants may use, while a server runs: who is over it waits, is told once, and is seen by the operator.
//!
//! ```text
//!   spend(lines), spend_cpu(time) ─► paid ── later by what it costs ──►│
//!                                    now                            over, as long as this is too far ahead
//!   note(stored, mails, scans, …)  ─► over, as long as it is noted
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::commit::Tenant;
use crate::quota::{Quota, QuotaKind};
use crate::wall_clock::WallClock;

const SECOND: i64 = 1_000_000_000;
/// Who has to wait for longer is told to come again after this, and waits on.
const LONGEST: i64 = 3600 * SECOND;
/// A tenant is told again only after it was within its quota for so long.
const QUIET: i64 = 3600 * SECOND;
/// What the store has refused is over its quota for so long after that.
const NOTED: i64 = 60 * SECOND;

/// Who may use how much. Cloned, it is the same.
#[derive(Clone)]
pub struct Quotas(Arc<Inner>);

struct Inner {
    clock: Arc<dyn WallClock>,
    tenants: Mutex<HashMap<Tenant, Own>>,
    /// Held from before quotas are read, where they are kept, until they count here: else what was read before a change could
    /// count after what was read behind it.
    reading: Mutex<()>,
}

#[derive(Default)]
struct Own {
    quota: Quota,
    /// Of what is paid for by time.
    debts: [Debt; DEBTS.len()],
    /// Of what it was over.
    over: BTreeMap<QuotaKind, Over>,
}

/// Kinds that are paid for by time, and how many nanoseconds may be owed: a second's lines may come at once; what judging
/// takes is known only afterwards, and on average is meant.
const DEBTS: [(QuotaKind, i64); 2] = [(QuotaKind::Lines, SECOND), (QuotaKind::Cpu, 10 * SECOND)];

/// Until when what was used is paid for, by the clock that nobody sets.
#[derive(Clone, Copy, Default)]
struct Debt(i64);

/// That it was over.
#[derive(Clone, Copy)]
struct Over {
    /// When last.
    at: i64,
    /// Whether that was told.
    is_told: bool,
    /// How often it went over.
    times: u64,
}

impl Quotas {
    /// Nobody has a quota yet.
    pub fn new(clock: Arc<dyn WallClock>) -> Quotas {
        Quotas(Arc::new(Inner { clock, tenants: Mutex::default(), reading: Mutex::default() }))
    }

    /// From now on these have such quotas, and nobody else; what they have used stays used.
    pub fn set(&self, quotas: impl IntoIterator<Item = (Tenant, Quota)>) {
        let (mut tenants, now) = (self.lock(), self.0.clock.steady());
        let mut quotas: HashMap<Tenant, Quota> = quotas.into_iter().collect();
        for (tenant, own) in tenants.iter_mut() {
            own.put(quotas.remove(tenant).unwrap_or_default(), now);
        }
        for (tenant, quota) in quotas {
            tenants.entry(tenant).or_default().put(quota, now);
        }
    }

    /// This one has it from now on.
    pub fn put(&self, tenant: &Tenant, quota: Quota) {
        let now = self.0.clock.steady();
        self.lock().entry(tenant.clone()).or_default().put(quota, now);
    }

    /// From now on these have such quotas as are read, and nobody else. Of several who change and read them at the same time,
    /// what was written last counts.
    ///
    /// # Errors
    /// They cannot be read, and nothing changes.
    pub fn read_all<Q: IntoIterator<Item = (Tenant, Quota)>, E>(
        &self,
        read: impl FnOnce() -> Result<Q, E>,
    ) -> Result<(), E> {
        let _reading = self.reading();
        self.set(read()?);
        Ok(())
    }

    /// The same of one tenant; answers what it may use.
    ///
    /// # Errors
    /// It cannot be read, and nothing changes.
    pub fn read<E>(&self, tenant: &Tenant, read: impl FnOnce() -> Result<Quota, E>) -> Result<Quota, E> {
        let _reading = self.reading();
        let quota = read()?;
        self.put(tenant, quota);
        Ok(quota)
    }

    /// What it may use.
    pub fn of(&self, tenant: &Tenant) -> Quota {
        self.lock().get(tenant).map(|own| own.quota).unwrap_or_default()
    }

    /// It has brought so many lines.
    pub fn spend(&self, tenant: &Tenant, lines: u64) {
        self.owe(tenant, QuotaKind::Lines, |rate| {
            u128::from(lines) * SECOND as u128 / u128::from(rate.max(1))
        });
    }

    /// Judging and matching its lines has taken so long.
    pub fn spend_cpu(&self, tenant: &Tenant, time: Duration) {
        self.owe(tenant, QuotaKind::Cpu, |percent| time.as_nanos() * 100 / u128::from(percent.max(1)));
    }

    fn owe(&self, tenant: &Tenant, kind: QuotaKind, cost: impl Fn(u64) -> u128) {
        let now = self.0.clock.steady();
        let mut tenants = self.lock();
        let Some(own) = tenants.get_mut(tenant) else { return };
        let Some(most) = own.quota.most(kind) else { return };
        let cost = i64::try_from(cost(most)).unwrap_or(i64::MAX);
        for (debt, (of, ahead)) in own.debts.iter_mut().zip(DEBTS) {
            if of == kind {
                debt.0 = debt.0.max(now).saturating_add(cost);
                if debt.wait(now, ahead).is_some() {
                    went_over(&mut own.over, kind, now, false);
                    return;
                }
            }
        }
    }

    /// Something that is not paid for by time was refused, or not done, since it is over this quota; whether the tenant
    /// `is_told` of it already. Answers whether it was within it before, for long enough to be told of again.
    pub fn note(&self, tenant: &Tenant, kind: QuotaKind, is_told: bool) -> bool {
        let now = self.0.clock.steady();
        went_over(&mut self.lock().entry(tenant.clone()).or_default().over, kind, now, is_told)
    }

    /// For how long it may bring nothing; `None`: it may.
    pub fn wait(&self, tenant: &Tenant) -> Option<Duration> {
        let now = self.0.clock.steady();
        self.lock().get(tenant)?.wait(now)
    }

    /// Whether one is over any of its quotas now; `None`: it has none.
    pub fn is_over(&self, tenant: &Tenant) -> Option<bool> {
        let (tenants, now) = (self.lock(), self.0.clock.steady());
        let own = tenants.get(tenant).filter(|own| !own.quota.is_empty())?;
        Some(own.quota.each().any(|(kind, _)| own.is_over(kind, now)))
    }

    /// Tenants with each quota that they have, whether they are over it now, and how often they went over.
    pub fn all(&self) -> Vec<(Tenant, QuotaKind, bool, u64)> {
        let now = self.0.clock.steady();
        let mut all = Vec::new();
        for (tenant, own) in self.lock().iter() {
            for (kind, _) in own.quota.each() {
                let times = own.over.get(&kind).map_or(0, |over| over.times);
                all.push((tenant.clone(), kind, own.is_over(kind, now), times));
            }
        }
        all.sort_unstable();
        all
    }

    /// Tenants that are over and were not told yet: of what, and what each may use.
    pub(super) fn untold(&self) -> Vec<(Tenant, QuotaKind, u64)> {
        let mut untold = Vec::new();
        for (tenant, Own { quota, over, .. }) in self.lock().iter_mut() {
            for (kind, over) in over.iter_mut().filter(|(_, over)| !over.is_told) {
                if let Some(most) = quota.most(*kind) {
                    over.is_told = true;
                    untold.push((tenant.clone(), *kind, most));
                }
            }
        }
        untold.sort_unstable();
        untold
    }

    fn reading(&self) -> MutexGuard<'_, ()> {
        // Nothing is behind it that could be half changed.
        self.0.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tenant, Own>> {
        // Every change is whole.
        self.0.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn went_over(over: &mut BTreeMap<QuotaKind, Over>, kind: QuotaKind, now: i64, is_told: bool) -> bool {
    let before = over.get(&kind).copied();
    let was_quiet = before.is_none_or(|before| now.saturating_sub(before.at) >= QUIET);
    let is_told = is_told || before.is_some_and(|before| before.is_told) && !was_quiet;
    let times = before.map_or(0, |before| before.times) + 1;
    over.insert(kind, Over { at: now, is_told, times });
    was_quiet
}

impl Own {
    /// It may use so much from now on: what it owes is paid for at the new rate.
    fn put(&mut self, quota: Quota, now: i64) {
        for (debt, (kind, _)) in self.debts.iter_mut().zip(DEBTS) {
            *debt = match (self.quota.most(kind), quota.most(kind)) {
                (Some(before), Some(most)) => debt.at(before, most, now),
                _ => Debt::default(),
            };
        }
        self.quota = quota;
    }

    fn wait(&self, now: i64) -> Option<Duration> {
        let waits = self.debts.iter().zip(DEBTS).filter(|(_, (kind, _))| self.quota.most(*kind).is_some());
        waits.filter_map(|(debt, (_, ahead))| debt.wait(now, ahead)).max()
    }

    fn is_over(&self, kind: QuotaKind, now: i64) -> bool {
        match DEBTS.iter().zip(&self.debts).find(|((of, _), _)| *of == kind) {
            Some(((_, ahead), debt)) => debt.wait(now, *ahead).is_some(),
            None => self.over.get(&kind).is_some_and(|over| now.saturating_sub(over.at) < NOTED),
        }
    }
}

impl Debt {
    /// The same for who may use `most` instead of what it was before.
    fn at(self, before: u64, most: u64, now: i64) -> Debt {
        let left = i128::from(self.0.saturating_sub(now).max(0));
        let left = left.saturating_mul(before.into()) / i128::from(most.max(1));
        Debt(now.saturating_add(i64::try_from(left).unwrap_or(i64::MAX)))
    }

    fn wait(self, now: i64, ahead: i64) -> Option<Duration> {
        let left = self.0.saturating_sub(now).saturating_sub(ahead).min(LONGEST);
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_nanos)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;
