//! One tenant's account: what came of it, and what each of its packs has cost it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tripline_engine::PackReport;
use tripline_engine::judge::JudgeCost;
use tripline_engine::matcher::MatchCost;

use super::lately::Lately;
use super::usage::{PackCounts, PackUsage, TenantCounts, TenantUsage};
use crate::commit::{PackState, Tenant};
use crate::serve::sets::PackSet;

pub(super) struct Account {
    /// Whether figures may have its name.
    is_named: bool,
    counts: TenantCounts,
    lately: Lately<TenantCounts>,
    /// The packs it has; they count the cost of matching.
    set: Option<Arc<PackSet>>,
    /// What each of them has cost, in their order.
    packs: Vec<Cost>,
    /// What those have cost that it has no more.
    gone: PackCounts,
    /// What compiling those has taken that it does not have yet, or never, by name.
    compiled: HashMap<String, Duration>,
}

/// Names of packs that a tenant may not have yet; of more it is known only what they have taken together.
const NAMES: usize = 64;

/// What a pack has cost a tenant.
struct Cost {
    name: String,
    version: String,
    is_own: bool,
    judging: JudgeCost,
    /// What matching has cost in the sets before this one.
    matching: MatchCost,
    /// What compiling its versions has taken.
    compiling: Duration,
    /// Bytes that are kept of what it remembers.
    state: u64,
    lately: Lately<PackCounts>,
}

impl Account {
    pub(super) fn new(is_named: bool) -> Account {
        let (counts, lately, gone) = (TenantCounts::default(), Lately::default(), PackCounts::default());
        let (packs, compiled) = (Vec::new(), HashMap::new());
        Account { is_named, counts, lately, set: None, packs, gone, compiled }
    }

    pub(super) fn is_named(&self) -> bool {
        self.is_named
    }

    /// What is counted of the tenant itself.
    pub(super) fn counts(&mut self) -> &mut TenantCounts {
        &mut self.counts
    }

    /// These are its packs from now on; of those that it keeps, also in another version, counting goes on.
    pub(super) fn keep_to(&mut self, set: &Arc<PackSet>) {
        if self.set.as_ref().is_some_and(|own| Arc::ptr_eq(own, set)) {
            return;
        }
        let matched = self.matched();
        for (cost, matched) in self.packs.iter_mut().zip(matched) {
            cost.matching += matched;
            // A set begins with all of its packs in.
            (cost.matching.suspended, cost.judging.quarantined) = (false, false);
        }
        self.set = Some(Arc::clone(set));
        let mut before = std::mem::take(&mut self.packs);
        let packs = set.packs().iter().enumerate().map(|(number, configured)| {
            let (name, is_own) = (configured.pack.name(), set.is_own(number));
            let version = configured.pack.manifest().pack.version.to_string();
            let found = before.iter().position(|cost| cost.name == name && cost.is_own == is_own);
            let cost = found.map(|at| before.swap_remove(at));
            let cost = cost.unwrap_or_else(|| Cost::new(name.into(), is_own));
            Cost { version, ..cost }
        });
        self.packs = packs.collect();
        for cost in self.packs.iter_mut().filter(|cost| cost.is_own) {
            cost.compiling += self.compiled.remove(&cost.name).unwrap_or_default();
        }
        for cost in before {
            self.gone += cost.counts(&MatchCost::default());
        }
    }

    /// No instance lives any more, and what is kept is said anew.
    pub(super) fn end_all(&mut self) {
        self.packs.iter_mut().for_each(|cost| (cost.judging.live, cost.state) = (0, 0));
    }

    /// What judging by a pack of its set has cost since it was told last.
    pub(super) fn judged(&mut self, pack: usize, since: JudgeCost) {
        let Some(cost) = self.packs.get_mut(pack) else { return };
        cost.judging.live = 0;
        cost.judging += since;
        // Who comes back for a probe is in again.
        cost.judging.quarantined = since.quarantined;
    }

    /// Compiling a pack of the tenant's own has taken so long.
    pub(super) fn compiled(&mut self, pack: &str, cpu: Duration) {
        if let Some(cost) = self.packs.iter_mut().find(|cost| cost.is_own && cost.name == pack) {
            cost.compiling += cpu;
        } else if self.compiled.len() < NAMES || self.compiled.contains_key(pack) {
            *self.compiled.entry(pack.into()).or_default() += cpu;
        } else {
            self.gone.compiling += cpu;
        }
    }

    /// A pack remembers this.
    pub(super) fn keeps(&mut self, state: &PackState) {
        let bytes = state.state.as_ref().map_or(0, Vec::len) + state.host.len();
        self.keeps_bytes(&state.pack, bytes as u64);
    }

    /// A pack remembers so many bytes.
    pub(super) fn keeps_bytes(&mut self, pack: &str, bytes: u64) {
        if let Some(cost) = self.packs.iter_mut().find(|cost| cost.name == pack) {
            cost.state = bytes;
        }
    }

    /// A step of the window, at this mark.
    pub(super) fn step(&mut self, mark: usize) {
        self.lately.step(mark, self.counts);
        let matched = self.matched();
        for (cost, matched) in self.packs.iter_mut().zip(matched) {
            let counts = cost.counts(&matched);
            cost.lately.step(mark, counts);
        }
    }

    /// As it is read.
    pub(super) fn usage(&self, tenant: &Tenant) -> TenantUsage {
        let packs = self.packs.iter().zip(self.matched()).map(|(cost, matched)| PackUsage {
            pack: Some(cost.name.clone()),
            version: Some(cost.version.clone()),
            is_own: cost.is_own,
            is_out: cost.judging.quarantined || matched.suspended,
            counts: cost.counts(&matched),
            lately: cost.lately.added(),
            memory: cost.judging.live,
            state: cost.state,
        });
        TenantUsage {
            tenant: tenant.clone(),
            is_named: self.is_named,
            counts: self.counts,
            lately: self.lately.added(),
            stored: None,
            gone: PackCounts {
                compiling: self.gone.compiling + self.compiled.values().sum::<Duration>(),
                ..self.gone
            },
            packs: packs.collect(),
        }
    }

    /// Its own packs, or those that everybody has, as reports have them.
    pub(super) fn reports(&self, own: bool) -> Vec<PackReport> {
        let packs = self.packs.iter().zip(self.matched()).filter(|(cost, _)| cost.is_own == own);
        let report = |(cost, mut matching): (&Cost, MatchCost)| {
            matching += cost.matching;
            let (name, version) = (cost.name.clone(), cost.version.clone());
            PackReport { name, version, matching, judging: cost.judging }
        };
        packs.map(report).collect()
    }

    /// What matching has cost each pack of its set so far.
    fn matched(&self) -> Vec<MatchCost> {
        self.set.as_ref().map(|set| set.costs()).unwrap_or_default()
    }
}

impl Cost {
    fn new(name: String, is_own: bool) -> Cost {
        Cost {
            name,
            version: String::new(),
            is_own,
            judging: JudgeCost::default(),
            matching: MatchCost::default(),
            compiling: Duration::ZERO,
            state: 0,
            lately: Lately::default(),
        }
    }

    fn counts(&self, matched: &MatchCost) -> PackCounts {
        PackCounts {
            events: self.judging.events,
            matches: self.judging.matches,
            decisions: self.judging.decisions,
            faults: self.judging.faults,
            cpu: self.judging.cpu,
            matching: self.matching.time + matched.time,
            compiling: self.compiling,
        }
    }
}
