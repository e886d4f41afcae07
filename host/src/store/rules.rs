//! Rules that have decided, and what they say of themselves.

use rusqlite::Connection;
use tripline_engine::decision::HOST;

use super::database::Database;
use super::states;
use crate::commit::{StoreError, Tenant};
use crate::notices::Pattern;

impl Database {
    /// Whether a name with `*` may stand for a rule: one that has opened an incident, the host's own, or any of a pack that
    /// remembers something here, unless it is one of those whose rules the caller `knows`.
    pub fn has_rule(&self, tenant: &Tenant, rule: &Pattern, knows: &[&str]) -> Result<bool, StoreError> {
        let (decided, packs) =
            self.readers.read(|db| Ok((names(db, tenant)?, states::packs(db, tenant)?)))?;
        let pack = rule.as_str().split_once('/').map_or(rule.as_str(), |(pack, _)| pack);
        let pack = Pattern::new(pack);
        let unknown = packs.iter().map(|pack| &pack[..]).filter(|name| !knows.contains(name));
        Ok(decided.iter().any(|name| rule.takes(name)) || unknown.chain([HOST]).any(|name| pack.takes(name)))
    }
}

fn names(db: &Connection, tenant: &Tenant) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare_cached("SELECT pack || '/' || rule FROM rules WHERE tenant = ?1")?;
    Ok(statement.query_map([tenant.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?)
}
