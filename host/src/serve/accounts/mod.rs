//! What tenants and their packs use, since the server began and now: written by its threads, read by whoever asks.
//!
//! ```text
//!   collector ─ lines, bytes, time of each block ───┐
//!   judges ──── what was judged since, at barriers ─┼─► accounts ─ each 2 s ─► what was added in the last 10
//!   matchers ── time of each pack's patterns ───────┘     a tenant each, in it a cost for each of its packs
//! ```
//!
//! Nothing of it asks a clock for a line: matchers do for an event whose patterns are tried, and for each block.

mod account;
mod lately;
mod usage;

use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tripline_engine::judge::JudgeCost;
use tripline_engine::matcher::MatchCost;
use tripline_engine::{Configured, PackReport};

use self::account::Account;
use self::lately::Steps;
pub use self::usage::{By, PackCounts, PackUsage, TenantCounts, TenantUsage, Usage};
use super::sets::{PackSet, PackSets};
use crate::commit::{PackState, Tenant};

/// Tenants whose names figures may have that somebody else keeps: each is a series of its own for each of its packs.
const NAMED: usize = 1_000;

/// The accounts of all tenants.
#[derive(Default)]
pub struct Accounts(Mutex<State>);

#[derive(Default)]
struct State {
    tenants: BTreeMap<Tenant, Account>,
    /// How many of them are named.
    named: usize,
    /// Who was deleted: what of it is still underway is nobody's.
    forgotten: HashSet<Tenant>,
    /// What everybody has, with what it has cost those that were deleted.
    operators: Vec<PackReport>,
    steps: Steps,
}

impl Debug for Accounts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}

impl Accounts {
    /// These packs judge from now on, and no instance lives yet; so many bytes are kept of what each remembers.
    pub(super) fn begin(&self, sets: &PackSets, states: Vec<(Tenant, String, u64)>) {
        let mut state = self.lock();
        let mut before = std::mem::take(&mut state.operators);
        let operators = sets.operators().iter().map(|configured| {
            let mut now = report(configured);
            if let Some(at) = before.iter().position(|one| one.name == now.name) {
                let PackReport { matching, judging, .. } = before.swap_remove(at);
                (now.matching, now.judging) = (matching, judging);
            }
            now
        });
        state.operators = operators.collect();
        for (tenant, account) in &mut state.tenants {
            account.keep_to(&sets.of(tenant));
            account.end_all();
        }
        for (tenant, pack, bytes) in states {
            if let Some(account) = state.account(&tenant) {
                account.keep_to(&sets.of(&tenant));
                account.keeps_bytes(&pack, bytes);
            }
        }
    }

    /// Lines of a tenant have come, and matching them took so long.
    pub(super) fn came(&self, tenant: &Tenant, lines: u64, bytes: u64, took: Duration) {
        self.count(tenant, |counts| {
            counts.lines += lines;
            counts.bytes += bytes;
            counts.matching += took;
        });
    }

    /// What judging by a tenant's packs has cost since it was told last, by their numbers, and what they remember now.
    pub(super) fn judged(
        &self,
        tenant: &Tenant,
        set: &Arc<PackSet>,
        costs: &[(usize, JudgeCost)],
        states: &[PackState],
    ) {
        let mut state = self.lock();
        let Some(account) = state.account(tenant) else { return };
        account.keep_to(set);
        costs.iter().for_each(|(pack, since)| account.judged(*pack, *since));
        states.iter().for_each(|state| account.keeps(state));
    }

    /// A tenant has these packs from now on, and they remember this.
    pub(super) fn goes_over(&self, tenant: &Tenant, set: &Arc<PackSet>, states: &[PackState]) {
        let mut state = self.lock();
        if states.is_empty() && !state.tenants.contains_key(tenant) {
            return;
        }
        let Some(account) = state.account(tenant) else { return };
        account.keep_to(set);
        states.iter().for_each(|state| account.keeps(state));
    }

    /// Compiling a pack of a tenant's own has taken so long.
    pub(crate) fn compiled(&self, tenant: &Tenant, pack: &str, cpu: Duration) {
        if let Some(account) = self.lock().account(tenant) {
            account.compiled(pack, cpu);
        }
    }

    /// So many mails of a tenant were sent.
    pub(super) fn mailed(&self, tenant: &Tenant, mails: u64) {
        self.count(tenant, |counts| counts.mails += mails);
    }

    /// A scan of a tenant was made.
    pub(super) fn scanned(&self, tenant: &Tenant) {
        self.count(tenant, |counts| counts.scans += 1);
    }

    /// It is this time by the clock that nobody sets: the window moves, if it is time for that.
    pub(super) fn step(&self, now: i64) {
        let mut state = self.lock();
        if let Some(mark) = state.steps.due(now) {
            state.tenants.values_mut().for_each(|account| account.step(mark));
        }
    }

    /// A tenant was deleted. What its lines have cost the packs that everybody has stays counted there.
    pub fn forget(&self, tenant: &Tenant) {
        let mut state = self.lock();
        state.forgotten.insert(tenant.clone());
        let Some(account) = state.tenants.remove(tenant) else { return };
        state.named -= usize::from(account.is_named());
        for mut gone in account.reports(false) {
            (gone.judging.live, gone.judging.quarantined, gone.matching.suspended) = (0, false, false);
            if let Some(one) = state.operators.iter_mut().find(|one| one.name == gone.name) {
                one.matching += gone.matching;
                one.judging += gone.judging;
            }
        }
    }

    /// The packs that everybody has, and what they have cost all tenants.
    pub fn packs(&self) -> Vec<PackReport> {
        let state = self.lock();
        let mut packs = state.operators.clone();
        for account in state.tenants.values() {
            for report in account.reports(false) {
                if let Some(one) = packs.iter_mut().find(|one| one.name == report.name) {
                    one.matching += report.matching;
                    one.judging += report.judging;
                }
            }
        }
        packs
    }

    /// A tenant's own packs, and what they have cost.
    pub fn own_packs(&self, tenant: &Tenant) -> Vec<PackReport> {
        self.lock().tenants.get(tenant).map(|account| account.reports(true)).unwrap_or_default()
    }

    /// What a tenant has used, or all of which something has come.
    pub fn usage(&self, tenant: Option<&Tenant>) -> Usage {
        let state = self.lock();
        let all = state.tenants.iter().filter(|(name, _)| tenant.is_none_or(|tenant| tenant == *name));
        Usage {
            window: state.steps.window(),
            tenants: all.map(|(tenant, account)| account.usage(tenant)).collect(),
        }
    }

    fn count(&self, tenant: &Tenant, count: impl FnOnce(&mut TenantCounts)) {
        if let Some(account) = self.lock().account(tenant) {
            count(account.counts());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A tenant's account; `None`: it was deleted.
    fn account(&mut self, tenant: &Tenant) -> Option<&mut Account> {
        if self.forgotten.contains(tenant) {
            return None;
        }
        if !self.tenants.contains_key(tenant) {
            let is_named = self.named < NAMED;
            self.named += usize::from(is_named);
            self.tenants.insert(tenant.clone(), Account::new(is_named));
        }
        self.tenants.get_mut(tenant)
    }
}

fn report(configured: &Configured) -> PackReport {
    let (name, version) =
        (configured.pack.name().into(), configured.pack.manifest().pack.version.to_string());
    PackReport { name, version, matching: MatchCost::default(), judging: JudgeCost::default() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn named(name: &str) -> Configured {
        let manifest = format!(
            r#"{{ "abi": 1, "pack": {{ "name": "{name}", "version": "1.0.0" }}, "every_event": true,
                "rules": [{{ "id": "each", "title": "each", "severity": "low" }}] }}"#
        );
        let pack = tripline_engine::Pack::from_manifest(manifest.as_bytes()).unwrap();
        Configured::new(Arc::new(pack), &serde_json::Map::new()).unwrap()
    }

    /// A pack is compiled before it is the tenant's, and may never be.
    #[test]
    fn what_compiling_takes_is_the_packs_from_when_there_is_one_and_never_nobodys() {
        let (accounts, tenant) = (Accounts::default(), Tenant::new("t").unwrap());
        accounts.compiled(&tenant, "door", 3 * MILLI);
        (0..100).for_each(|number| accounts.compiled(&tenant, &format!("never-{number}"), MILLI));
        let told = || {
            let usage = accounts.usage(Some(&tenant)).tenants.remove(0);
            let packs = usage.packs.iter().map(|one| one.counts.compiling);
            (packs.collect::<Vec<_>>(), usage.judged().compiling)
        };
        assert_eq!(told(), (vec![], 103 * MILLI));
        let own = BTreeMap::from([(tenant.clone(), vec![named("door")])]);
        let sets = PackSets::new(vec![named("all")], own).unwrap();
        accounts.goes_over(&tenant, &sets.of(&tenant), &[]);
        accounts.compiled(&tenant, "door", MILLI);
        // What everybody has of that name is not the tenant's.
        accounts.compiled(&tenant, "all", MILLI);
        assert_eq!(told(), (vec![Duration::ZERO, 4 * MILLI], 105 * MILLI));
        let none = sets.with_own(&tenant, Vec::new()).unwrap();
        accounts.goes_over(&tenant, &none.of(&tenant), &[]);
        assert_eq!(told(), (vec![Duration::ZERO], 105 * MILLI));
    }

    #[test]
    fn so_many_tenants_have_names_and_who_leaves_makes_room() {
        let accounts = Accounts::default();
        let tenant = |number: usize| Tenant::new(&format!("t-{number}")).unwrap();
        let came = |number| accounts.came(&tenant(number), 1, 1, Duration::ZERO);
        (0..NAMED + 2).for_each(came);
        let named = || -> Vec<bool> {
            let found = (NAMED - 1..NAMED + 3).map(|number| accounts.usage(Some(&tenant(number))).tenants);
            found.filter_map(|found| Some(found.first()?.is_named)).collect()
        };
        assert_eq!(named(), [true, false, false]);
        accounts.forget(&tenant(0));
        came(0);
        came(NAMED + 2);
        assert_eq!(named(), [true, false, false, true]);
        assert_eq!(accounts.usage(None).tenants.len(), NAMED + 2, "who was deleted does not come back");
    }
}
