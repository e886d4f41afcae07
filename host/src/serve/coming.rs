//! Blocks come back from the matchers in any order: here each tenant's are in order again, and none waits for another's.

use std::collections::{BTreeMap, HashMap};

use super::passing::{Fed, What};
use crate::commit::Tenant;

/// How far all tenants have come.
#[derive(Default)]
pub(super) struct Coming(HashMap<Tenant, Order>);

#[derive(Default)]
struct Order {
    /// The number of what comes next; what has a later one waits.
    next: u64,
    early: BTreeMap<u64, Fed>,
    /// What comes next belongs to what came last: one is not committed without the other.
    is_joined: bool,
}

impl Coming {
    /// Takes what came; what is next of its tenant, as far as it has come.
    pub(super) fn come(&mut self, fed: Fed) -> Vec<What> {
        let order = match self.0.get_mut(&fed.tenant) {
            Some(order) => order,
            None => self.0.entry(fed.tenant.clone()).or_default(),
        };
        order.early.insert(fed.number, fed);
        let mut all = Vec::new();
        while let Some(Fed { what, joined, .. }) = order.early.remove(&order.next) {
            order.next += 1;
            order.is_joined = joined;
            all.push(what);
        }
        all
    }

    /// Whether what belongs to the last of a tenant has not come yet.
    pub(super) fn is_joined(&self, tenant: &Tenant) -> bool {
        self.0.get(tenant).is_some_and(|order| order.is_joined)
    }

    /// No more comes; tenants of which something lacks what belongs to it.
    pub(super) fn end(&mut self) -> Vec<Tenant> {
        let all = self.0.drain();
        all.filter_map(|(tenant, order)| order.is_joined.then_some(tenant)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    fn fed(tenant: &str, number: u64, joined: bool) -> Fed {
        let what = What::Passed(i64::try_from(number).unwrap());
        Fed { number, joined, tenant: Tenant::new(tenant).unwrap(), what }
    }

    fn numbers(all: Vec<What>) -> Vec<i64> {
        let number = |what| if let What::Passed(number) = what { number } else { -1 };
        all.into_iter().map(number).collect()
    }

    #[test]
    fn each_tenant_has_its_own_order_and_waits_for_no_other() {
        let mut coming = Coming::default();
        // The first block of one takes long.
        assert!(numbers(coming.come(fed("slow", 1, false))).is_empty());
        assert_eq!(numbers(coming.come(fed("quick", 0, false))), [0]);
        assert_eq!(numbers(coming.come(fed("quick", 1, false))), [1]);
        assert!(numbers(coming.come(fed("slow", 3, false))).is_empty());
        assert_eq!(numbers(coming.come(fed("slow", 0, false))), [0, 1]);
        assert_eq!(numbers(coming.come(fed("slow", 2, false))), [2, 3]);
    }

    #[test]
    fn what_belongs_together_is_known_until_it_has_come() {
        let mut coming = Coming::default();
        let [a, b] = ["a", "b"].map(|name| Tenant::new(name).unwrap());
        coming.come(fed("a", 0, true));
        coming.come(fed("b", 0, false));
        assert!(coming.is_joined(&a) && !coming.is_joined(&b));
        coming.come(fed("a", 1, false));
        assert!(!coming.is_joined(&a));
        coming.come(fed("b", 1, true));
        assert_eq!(coming.end(), [b]);
    }
}
