//! `[[tenant]]`: what a tenant may use.

use std::collections::BTreeMap;

use super::ConfigurationError;
use super::sources::TENANT;
use super::table::{Keys, Table};
use crate::commit::Tenant;
use crate::quota::{Quota, QuotaKind, Unit};

type Wrong = ConfigurationError;

/// The keys of `[[tenant]]`.
pub(super) const KEYS: Keys = &["name", "quota"];
/// Those of its quota.
const QUOTA: [&str; QuotaKind::ALL.len()] = {
    let mut keys = [""; QuotaKind::ALL.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = QuotaKind::ALL[at].as_str();
        at += 1;
    }
    keys
};

/// Reads `[[tenant]]`.
pub(super) fn read(tables: Vec<Table<'_>>) -> Result<BTreeMap<Tenant, Quota>, Wrong> {
    let mut quotas = BTreeMap::new();
    for table in tables {
        let name = table.parsed("name", TENANT, Tenant::new)?;
        let name = table.required("name", name)?;
        let quota = match table.table("quota", &QUOTA)? {
            Some(table) => quota(&table)?,
            None => Quota::default(),
        };
        if quotas.contains_key(&name.value) {
            return Err(name.expected("a tenant that stands here once", &name.value));
        }
        quotas.insert(name.value, quota);
    }
    Ok(quotas)
}

fn quota(table: &Table<'_>) -> Result<Quota, Wrong> {
    let mut quota = Quota::default();
    for kind in QuotaKind::ALL {
        let most = match kind.unit() {
            Unit::Bytes => {
                table.parsed(kind.as_str(), &kind.expected(), |text| kind.read(text))?.map(|most| most.value)
            }
            Unit::Count | Unit::Percent => {
                let (least, most) = kind.range();
                let number = table.integer(kind.as_str(), least as i64..=most as i64)?;
                number.and_then(|number| u64::try_from(number).ok())
            }
        };
        quota.set(kind, most);
    }
    Ok(quota)
}
