//! What the configuration says of tenants, for whoever has to know what goes before what was set at run time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Quota;
use crate::commit::Tenant;

/// What the configuration says that tenants may use. Cloned, it is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantQuotas(Arc<BTreeMap<Tenant, Quota>>);

impl TenantQuotas {
    /// What it says of this one.
    pub fn of(&self, tenant: &Tenant) -> Quota {
        self.0.get(tenant).copied().unwrap_or_default()
    }

    /// Whether it says anything of this one.
    pub fn has(&self, tenant: &Tenant) -> bool {
        self.0.contains_key(tenant)
    }

    /// All of which it says something.
    pub fn each(&self) -> impl Iterator<Item = (&Tenant, &Quota)> {
        self.0.iter()
    }
}

impl From<BTreeMap<Tenant, Quota>> for TenantQuotas {
    fn from(quotas: BTreeMap<Tenant, Quota>) -> TenantQuotas {
        TenantQuotas(Arc::new(quotas))
    }
}
