//! What the last check decided of events that more bytes may still change, and of ticks behind all it had read.
//!
//! Each check judges them again, so their ids are known for as long as they are not settled: also when the incident they
//! belong to has been deleted, or has had more occurrences than are kept.

use std::collections::HashSet;

use rusqlite::{Connection, params};
use serde_json::Value;
use tripline_engine::decision::Decision;

use crate::commit::{StoreError, Tenant};
use crate::incidents::OccurrenceId;

/// The tails of a commit, and those that were before.
#[derive(Default)]
pub(super) struct Tails<'c> {
    /// Files whose tails this commit has judged; `None`: it has none.
    files: Option<&'c [u32]>,
    /// What was decided of them, and of ticks.
    ids: Vec<(OccurrenceId, Option<u32>)>,
    /// What was decided before; `None`: nobody has asked.
    before: Option<HashSet<[u8; 16]>>,
}

impl<'c> Tails<'c> {
    /// A commit begins, with the tails of these files.
    pub(super) fn begin(&mut self, files: Option<&'c [u32]>) {
        self.files = files;
    }

    /// Notes a decision of the commit, if it is of a tail that will be judged again.
    pub(super) fn note(&mut self, id: OccurrenceId, decision: &Decision) {
        let Some(files) = &self.files else { return };
        let file = decision.trigger.map(|position| position.file);
        if file.is_none_or(|file| files.contains(&file)) {
            self.ids.push((id, file));
        }
    }

    /// Whether it was decided of a tail before.
    pub(super) fn is_known(
        &mut self,
        db: &Connection,
        tenant: &Tenant,
        id: OccurrenceId,
    ) -> Result<bool, StoreError> {
        if let Some(before) = &self.before {
            return Ok(before.contains(&id.0));
        }
        let mut statement = db.prepare_cached("SELECT id FROM tails WHERE tenant = ?1")?;
        let rows = statement.query_map([tenant.as_str()], |row| row.get(0))?;
        let before = self.before.insert(rows.collect::<Result<_, _>>()?);
        Ok(before.contains(&id.0))
    }

    /// Puts what was decided in the place of what was decided of the same files, and of ticks, before.
    pub(super) fn save(&self, db: &Connection, tenant: &Tenant) -> Result<(), StoreError> {
        let Some(files) = &self.files else { return Ok(()) };
        let judged = Value::from(*files).to_string();
        db.prepare_cached(
            "DELETE FROM tails WHERE tenant = ?1 AND (file IS NULL OR file IN (SELECT value FROM json_each(?2)))",
        )?
        .execute(params![tenant.as_str(), judged])?;
        let mut insert =
            db.prepare_cached("INSERT OR IGNORE INTO tails (tenant, id, file) VALUES (?1, ?2, ?3)")?;
        for (id, file) in &self.ids {
            insert.execute(params![tenant.as_str(), id.0, file])?;
        }
        Ok(())
    }
}
