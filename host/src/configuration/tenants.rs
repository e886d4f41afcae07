//! `[[tenant]]`: what a tenant may use.

use std::collections::BTreeMap;

use super::ConfigurationError;
use super::signatures;
use super::sources::TENANT;
use super::table::{Keys, Table};
use crate::commit::Tenant;
use crate::signing::PublicKey;

type Wrong = ConfigurationError;

/// The keys of `[[tenant]]`.
pub(super) const KEYS: Keys = &["name", "quota", "signed_by"];

/// What a tenant may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Lines a second; `None`: as many as there are.
    pub lines: Option<u64>,
}

impl Quota {
    /// More is no quota.
    pub const MOST_LINES: u64 = 1_000_000_000;
}

/// What is said of tenants: what each may use, and who signs its packs, where that is said.
type Said = (BTreeMap<Tenant, Quota>, BTreeMap<Tenant, Vec<PublicKey>>);

/// Reads `[[tenant]]`.
pub(super) fn read(tables: Vec<Table<'_>>) -> Result<Said, Wrong> {
    let (mut quotas, mut signers) = (BTreeMap::new(), BTreeMap::new());
    for table in tables {
        let name = table.parsed("name", TENANT, Tenant::new)?;
        let name = table.required("name", name)?;
        let mut quota = Quota::default();
        if let Some(table) = table.table("quota", &["lines"])? {
            let lines = table.integer("lines", 1..=Quota::MOST_LINES as i64)?;
            quota.lines = lines.and_then(|lines| u64::try_from(lines).ok());
        }
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
