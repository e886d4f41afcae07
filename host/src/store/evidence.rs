//! Evidence and its rows: of the first occurrences and of the last.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use tripline_engine::decision;

use super::files;
use super::room::{self, Room};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Evidence, Incident, IncidentLimits};

/// What is kept of one incident, while it changes.
#[derive(Default)]
pub(super) struct Kept {
    rows: Vec<Row>,
    /// Number of the last row there ever was.
    last: i64,
    /// Rows that are to go from the disk.
    gone: Vec<i64>,
}

/// A row, by what tells it from others.
struct Row {
    number: i64,
    file: Option<u32>,
    offset: u64,
    /// What is to be written; `None`: it is on disk.
    fresh: Option<Evidence>,
}

/// What stands in the place of a file's name where the evidence is what somebody has reported; its line is the report's
/// number.
const REPORT: &str = "report";

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
        let mut statement = db.prepare_cached(
            "SELECT number, file, offset FROM evidence WHERE tenant = ?1 AND incident = ?2 ORDER BY number",
        )?;
        let rows = statement.query_map(params![tenant.as_str(), incident], |row| {
            let offset = row.get::<_, i64>(2)? as u64;
            Ok(Row { number: row.get(0)?, file: row.get(1)?, offset, fresh: None })
        })?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(Kept { last: rows.last().map_or(0, |row| row.number), rows, gone: Vec::new() })
    }

    /// Takes what an incident says of itself now: a report's title, details and values, which the next one takes the place
    /// of. Answers whether something was let go for it.
    pub(super) fn take_report(
        &mut self,
        incident: &Incident,
        limits: &IncidentLimits,
        room: &mut Room,
    ) -> bool {
        let said = [&incident.title, &incident.summary].into_iter().filter(|text| !text.is_empty()).cloned();
        let values = incident.values.iter().map(|(name, value)| format!("{name}: {value}"));
        let mut text = said.chain(values).collect::<Vec<_>>().join("\n").into_bytes();
        let cut = text.len() > limits.evidence_bytes;
        text.truncate(limits.evidence_bytes);
        let number = incident.occurrences;
        let (name, text, captures) = (REPORT.into(), Some(text), Vec::new());
        let fresh =
            Evidence { file: None, name, offset: number, line: number, text, cut, captures, digest: None };
        self.push(None, number, fresh, limits, room)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes one more, if there is room; the oldest beyond the first few goes. Answers whether something was let go.
    pub(super) fn take(
        &mut self,
        mut evidence: decision::Evidence,
        name: &str,
        limits: &IncidentLimits,
        room: &mut Room,
    ) -> bool {
        let (file, offset) = (Some(evidence.position.file), evidence.position.offset);
        if self.rows.iter().any(|row| row.file == file && row.offset == offset) {
            return false;
        }
        evidence.shorten(limits.evidence_bytes);
        let decision::Evidence { position, text, cut, captures, digest } = evidence;
        let (name, line) = (name.into(), position.line);
        // Most of what is taken goes again before it is written: the digest of a text that is whole can wait.
        let fresh = Evidence { file, name, offset, line, text, cut, captures, digest };
        self.push(file, offset, fresh, limits, room)
    }

    fn push(
        &mut self,
        file: Option<u32>,
        offset: u64,
        fresh: Evidence,
        limits: &IncidentLimits,
        room: &mut Room,
    ) -> bool {
        // What is there stays: the new one would be the next to go.
        if !room.take(room::bytes(&fresh)) {
            return true;
        }
        self.last += 1;
        self.rows.push(Row { number: self.last, file, offset, fresh: Some(fresh) });
        let over = self.rows.len() > 2 * limits.evidence.max(1);
        if over {
            let row = self.rows.remove(limits.evidence.max(1));
            match row.fresh {
                Some(fresh) => room.give_back(room::bytes(&fresh)),
                None => self.gone.push(row.number),
            }
        }
        over
    }

    /// Writes what has changed.
    pub(super) fn save(self, db: &Connection, tenant: &Tenant, incident: i64) -> Result<(), StoreError> {
        let mut delete =
            db.prepare_cached("DELETE FROM evidence WHERE tenant = ?1 AND incident = ?2 AND number = ?3")?;
        for number in self.gone {
            delete.execute(params![tenant.as_str(), incident, number])?;
        }
        let mut insert = db.prepare_cached(
            "INSERT INTO evidence (tenant, incident, number, file, name, offset, line, text, cut, captures, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for Row { number, fresh, .. } in self.rows {
            let Some(row) = fresh else { continue };
            let captures: Vec<u8> = row
                .captures
                .iter()
                .flat_map(|(from, to)| [from.to_be_bytes(), to.to_be_bytes()].concat())
                .collect();
            let [offset, line] = [row.offset, row.line].map(super::incidents::signed);
            let whole = row.text.as_ref().filter(|_| !row.cut);
            let digest = row.digest.or_else(|| whole.map(|text| Sha256::digest(text).into()));
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
                digest
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
