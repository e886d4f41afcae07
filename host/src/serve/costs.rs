//! What packs have cost, for whoever asks how a server stands.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tripline_engine::judge::JudgeCost;
use tripline_engine::matcher::{MatchCost, Matcher};
use tripline_engine::{Configured, PackReport};

use super::sets::PackSets;
use crate::commit::Tenant;

/// Of more tenants than these it is said so often: of thousands that takes a while.
const FEW: usize = 100;
const OFTEN: Duration = Duration::from_secs(1);

/// What each tenant's packs have cost.
#[derive(Default)]
pub(super) struct Costs {
    judging: HashMap<(Tenant, usize), JudgeCost>,
    /// When it was said last.
    said: Option<Instant>,
}

/// Of the operator's packs, and of each tenant's own.
type Reports = (Vec<PackReport>, HashMap<Tenant, Vec<PackReport>>);

impl Costs {
    /// Judging by this pack of a tenant has cost so much until now.
    pub(super) fn put(&mut self, tenant: &Tenant, pack: usize, cost: JudgeCost) {
        self.judging.insert((tenant.clone(), pack), cost);
    }

    /// What the operator's packs have cost all tenants, and each tenant its own; `None`: it was said a moment ago.
    pub(super) fn reports(&mut self, sets: &PackSets) -> Option<Reports> {
        let is_soon = self.said.is_some_and(|said| said.elapsed() < OFTEN);
        if is_soon && sets.met_count() > FEW {
            return None;
        }
        let operators = sets.operators();
        let mut all = vec![(MatchCost::default(), JudgeCost::default()); operators.len()];
        let mut own = HashMap::new();
        for (tenant, set) in sets.met() {
            let judging = |pack| self.judging.get(&(tenant.clone(), pack)).copied().unwrap_or_default();
            let none = || vec![MatchCost::default(); set.packs().len()];
            let costs = set.met().map_or_else(none, Matcher::costs).into_iter().enumerate();
            let mut costs = costs.map(|(pack, matching)| (matching, judging(pack)));
            for (sum, (matching, judging)) in all.iter_mut().zip(costs.by_ref()) {
                sum.0 += matching;
                sum.1 += judging;
            }
            let packs = set.packs().iter().skip(operators.len());
            let reports: Vec<PackReport> = packs.zip(costs).map(report).collect();
            if !reports.is_empty() {
                own.insert(tenant, reports);
            }
        }
        self.said = Some(Instant::now());
        Some((operators.iter().zip(all).map(report).collect(), own))
    }
}

fn report((configured, (matching, judging)): (&Configured, (MatchCost, JudgeCost))) -> PackReport {
    let (name, version) =
        (configured.pack.name().into(), configured.pack.manifest().pack.version.to_string());
    PackReport { name, version, matching, judging }
}
