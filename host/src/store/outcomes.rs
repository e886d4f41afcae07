//! What became of a pack's incidents, rule by rule.

use rusqlite::params;

use super::database::Database;
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Outcome, Resolution};

impl Database {
    /// What became of the incidents of a tenant's pack, by its rules that have opened some.
    pub fn outcomes(&self, tenant: &Tenant, pack: &str) -> Result<Vec<Outcome>, StoreError> {
        let sql = "SELECT rule, count(*), count(resolution), sum(resolution IS ?3) FROM incidents
                   WHERE tenant = ?1 AND pack = ?2 GROUP BY rule ORDER BY rule";
        let key = params![tenant.as_str(), pack, Resolution::FalsePositive.as_str()];
        self.readers.read(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(key, |row| {
                Ok(Outcome {
                    rule: row.get(0)?,
                    incidents: row.get(1)?,
                    resolved: row.get(2)?,
                    false_positives: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
