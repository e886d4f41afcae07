use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Odd;
use crate::quota::{Quota, QuotaKind};

/// What a tenant may use, or uses, by the name of what it is of: `lines` (a second), `cpu_percent` (of one core), `stored`
/// (bytes), `packs`, `module` (bytes), `patterns`, `literals`, `index`, `state` and `memory` (bytes), `mails_per_day`,
/// `scans_per_day`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Quota, example = json!({ "lines": 1000, "stored": 2147483648u64 }))]
pub(crate) struct QuotaShape(BTreeMap<String, u64>);

impl QuotaShape {
    /// What a client works with.
    ///
    /// # Errors
    /// It is not as `FORMAT.md` has it.
    pub(crate) fn read(self) -> Result<Quota, Odd> {
        let mut quota = Quota::default();
        for (name, most) in self.0 {
            let kind = QuotaKind::of(&name).ok_or_else(|| Odd::new("the name of a quota", &name[..]))?;
            quota.set(kind, Some(most));
        }
        Ok(quota)
    }
}
