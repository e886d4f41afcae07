//! `[[tenant]]`: what a tenant may use.

use std::collections::BTreeMap;

use super::ConfigurationError;
use super::signatures;
use super::sources::TENANT;
use super::table::{Keys, Table};
use crate::commit::Tenant;
use crate::quota::{Quota, QuotaKind, Unit};
use crate::signing::PublicKey;

type Wrong = ConfigurationError;

/// The keys of `[[tenant]]`.
pub(super) const KEYS: Keys = &["name", "quota", "signed_by"];
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

/// What is said of tenants: what each may use, and who signs its packs, where that is said.
type Said = (BTreeMap<Tenant, Quota>, BTreeMap<Tenant, Vec<PublicKey>>);

/// Reads `[[tenant]]`.
pub(super) fn read(tables: Vec<Table<'_>>) -> Result<Said, Wrong> {
    let (mut quotas, mut signers) = (BTreeMap::new(), BTreeMap::new());
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
        let keys = signatures::keys(&table, "signed_by")?;
        if !keys.is_empty() {
            signers.insert(name.value.clone(), keys);
        }
        quotas.insert(name.value, quota);
    }
    Ok((quotas, signers))
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
