//! Evidence and its rows: of the first occurrences and of the last.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use tripline_engine::decision;

use super::files;
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Evidence, IncidentLimits};

/// What is kept of one incident, while it changes.
pub(super) struct Kept {
    rows: Vec<(i64, Evidence)>,
    /// Number of the first row that is not on disk yet.
    fresh: i64,
    next: i64,
    gone: Vec<i64>,
}

/// Names of files by their numbers.
#[derive(Default)]
pub(super) struct Names(HashMap<u32, String>);

impl Names {
    pub(super) fn of(&mut self, db: &Connection, tenant: &Tenant, file: u32) -> Result<&str, StoreError> {
        Ok(match self.0.entry(file) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                place.insert(files::name(db, tenant, file)?.unwrap_or_else(|| "-".into()))
            }
        })
    }
}

impl Kept {
    /// What is on disk.
    pub(super) fn load(db: &Connection, tenant: &Tenant, incident: i64) -> Result<Kept, StoreError> {
        let rows = rows(db, tenant, incident)?;
        let next = rows.last().map_or(1, |(number, _)| number + 1);
        Ok(Kept { rows, fresh: next, next, gone: Vec::new() })
    }

    /// Takes one more; the oldest beyond the first few goes. Answers whether something was let go.
    pub(super) fn take(
        &mut self,
        evidence: &decision::Evidence,
        name: &str,
        limits: &IncidentLimits,
    ) -> bool {
        let decision::Evidence { position, text, cut, captures } = evidence;
        let known = |row: &Evidence| row.file == Some(position.file) && row.offset == position.offset;
        if self.rows.iter().any(|(_, row)| known(row)) {
            return false;
        }
        let text = text.as_ref().map(|text| text[..text.len().min(limits.evidence_bytes)].to_vec());
        let short =
            text.as_ref().is_some_and(|kept| evidence.text.as_ref().is_some_and(|t| t.len() > kept.len()));
        let within = |(_, end): &&(u32, u32)| text.as_ref().is_some_and(|text| *end as usize <= text.len());
        let row = Evidence {
            file: Some(position.file),
            name: name.into(),
            offset: position.offset,
            line: position.line,
            cut: *cut || short,
            captures: captures.iter().filter(within).copied().collect(),
            digest: text.as_ref().map(|text| Sha256::digest(text).into()),
            text,
        };
        self.rows.push((self.next, row));
        self.next += 1;
        let over = self.rows.len() > 2 * limits.evidence.max(1);
        if over {
            let (number, _) = self.rows.remove(limits.evidence.max(1));
            self.gone.push(number);
        }
        over
    }

    /// Writes what has changed.
    pub(super) fn save(self, db: &Connection, tenant: &Tenant, incident: i64) -> Result<(), StoreError> {
        let mut delete =
            db.prepare_cached("DELETE FROM evidence WHERE tenant = ?1 AND incident = ?2 AND number = ?3")?;
        for number in self.gone.into_iter().filter(|number| *number < self.fresh) {
            delete.execute(params![tenant.as_str(), incident, number])?;
        }
        let mut insert = db.prepare_cached(
            "INSERT INTO evidence (tenant, incident, number, file, name, offset, line, text, cut, captures, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for (number, row) in self.rows.into_iter().filter(|(number, _)| *number >= self.fresh) {
            let captures: Vec<u8> = row
                .captures
                .iter()
                .flat_map(|(from, to)| [from.to_be_bytes(), to.to_be_bytes()].concat())
                .collect();
            let [offset, line] = [row.offset, row.line].map(super::incidents::signed);
            insert.execute(params![
                tenant.as_str(),
                incident,
                number,
                row.file,
                row.name,
                offset,
                line,
                row.text,
                row.cut,
                captures,
                row.digest
            ])?;
        }
        Ok(())
    }
}

/// An incident's evidence, in the order in which it was named.
pub(super) fn of(db: &Connection, tenant: &Tenant, incident: i64) -> Result<Vec<Evidence>, StoreError> {
    Ok(rows(db, tenant, incident)?.into_iter().map(|(_, evidence)| evidence).collect())
}

fn rows(db: &Connection, tenant: &Tenant, incident: i64) -> Result<Vec<(i64, Evidence)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT number, file, name, offset, line, text, cut, captures, digest FROM evidence
         WHERE tenant = ?1 AND incident = ?2 ORDER BY number",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), incident], |row| {
        let captures: Vec<u8> = row.get(7)?;
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_be_bytes);
        let evidence = Evidence {
            file: row.get(1)?,
            name: row.get(2)?,
            offset: row.get::<_, i64>(3)? as u64,
            line: row.get::<_, i64>(4)? as u64,
            text: row.get(5)?,
            cut: row.get(6)?,
            captures: captures.chunks_exact(8).map(|pair| (word(&pair[..4]), word(&pair[4..]))).collect(),
            digest: row.get(8)?,
        };
        Ok((row.get(0)?, evidence))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
