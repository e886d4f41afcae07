//! Evidence and its rows: of the first occurrences and of the last.

use std::borrow::Cow;
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
pub(super) struct Kept<'c> {
    rows: Vec<Row<'c>>,
    /// Number of the last row there ever was.
    last: i64,
    /// Rows that are to go from the disk.
    gone: Vec<i64>,
}

/// A row, by what tells it from others.
struct Row<'c> {
    number: i64,
    file: Option<u32>,
    offset: u64,
    /// What is to be written; `None`: it is on disk.
    fresh: Option<Fresh<'c>>,
}

/// What is to be written. Most of it is let go before that, so what can wait until then does: copies, names and digests.
struct Fresh<'c> {
    text: Text<'c>,
    /// What it takes of the tenant's room.
    bytes: u64,
}

enum Text<'c> {
    /// An event's.
    Event(Cow<'c, decision::Evidence>),
    /// What somebody has reported.
    Report { text: Vec<u8>, cut: bool },
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

impl<'c> Kept<'c> {
    /// What is on disk.
    pub(super) fn load(db: &Connection, tenant: &Tenant, incident: i64) -> Result<Kept<'c>, StoreError> {
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
        let bytes = room::bytes(REPORT, Some(&text), 0);
        let fresh = Fresh { text: Text::Report { text, cut }, bytes };
        self.push(None, incident.occurrences, fresh, limits, room)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes one more, if there is room; the oldest beyond the first few goes. Answers whether something was let go.
    pub(super) fn take(
        &mut self,
        mut evidence: Cow<'c, decision::Evidence>,
        name: &str,
        limits: &IncidentLimits,
        room: &mut Room,
    ) -> bool {
        let (file, offset) = (Some(evidence.position.file), evidence.position.offset);
        if self.rows.iter().any(|row| row.file == file && row.offset == offset) {
            return false;
        }
        if !evidence.fits(limits.evidence_bytes) {
            evidence.to_mut().shorten(limits.evidence_bytes);
        }
        let bytes = room::bytes(name, evidence.text.as_deref(), evidence.captures.len());
        self.push(file, offset, Fresh { text: Text::Event(evidence), bytes }, limits, room)
    }

    fn push(
        &mut self,
        file: Option<u32>,
        offset: u64,
        fresh: Fresh<'c>,
        limits: &IncidentLimits,
        room: &mut Room,
    ) -> bool {
        // What is there stays: the new one would be the next to go.
        if !room.take(fresh.bytes) {
            return true;
        }
        self.last += 1;
        self.rows.push(Row { number: self.last, file, offset, fresh: Some(fresh) });
        let over = self.rows.len() > 2 * limits.evidence.max(1);
        if over {
            let row = self.rows.remove(limits.evidence.max(1));
            match row.fresh {
                Some(fresh) => room.give_back(fresh.bytes),
                None => self.gone.push(row.number),
            }
        }
        over
    }

    /// Writes what has changed.
    pub(super) fn save(
        self,
        db: &Connection,
        tenant: &Tenant,
        incident: i64,
        names: &mut Names,
    ) -> Result<(), StoreError> {
        let mut delete =
            db.prepare_cached("DELETE FROM evidence WHERE tenant = ?1 AND incident = ?2 AND number = ?3")?;
        for number in self.gone {
            delete.execute(params![tenant.as_str(), incident, number])?;
        }
        let mut insert = db.prepare_cached(
            "INSERT INTO evidence (tenant, incident, number, file, name, offset, line, text, cut, captures, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for Row { number, file, offset, fresh } in self.rows {
            let Some(Fresh { text, .. }) = fresh else { continue };
            let (name, line) = match (&text, file) {
                (Text::Event(evidence), Some(file)) => (names.of(db, tenant, file)?, evidence.position.line),
                _ => (REPORT, offset),
            };
            let [offset, line] = [offset, line].map(super::incidents::signed);
            let (text, cut, captures, digest) = match &text {
                Text::Event(of) => (of.text.as_deref(), of.cut, &of.captures[..], of.digest),
                Text::Report { text, cut } => (Some(&text[..]), *cut, &[][..], None),
            };
            let whole = text.filter(|_| !cut);
            let digest = digest.or_else(|| whole.map(|text| Sha256::digest(text).into()));
            let captures: Vec<u8> = captures
                .iter()
                .flat_map(|(from, to)| [from.to_be_bytes(), to.to_be_bytes()])
                .flatten()
                .collect();
            insert.execute(params![
                tenant.as_str(),
                incident,
                number,
                file,
                name,
                offset,
                line,
                text,
                cut,
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
