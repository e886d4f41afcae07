//! Records for security.log.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value};

use super::database::Database;
use super::readers::Readers;
use super::{migrations, open};
use crate::commit::{StoreError, Tenant};
use crate::security_log::{Head, Record, Records};

/// Records that are in the file are kept here for so long, so that a file that was lost can be compared.
const KEPT: i64 = 1_000;
/// Records that wait for a file nobody has asked for yet: the newest. A file that is made later begins with the oldest of
/// them, and from then on nothing is dropped before it is in the file.
const WAITING: i64 = 100_000;
/// How often those that are over are looked for.
const EVERY: i64 = 1_000;

impl Database {
    /// What happened to a tenant's incidents, as security.log has it, after this record.
    pub fn happenings(&self, tenant: &Tenant, seq: i64, most: u32) -> Result<Happenings, StoreError> {
        self.readers.read(|db| of_incidents(db, tenant, seq, most))
    }
}

impl Records for Database {
    fn head(&self) -> Result<Option<Head>, StoreError> {
        self.readers.read(head)
    }

    fn after(&self, seq: i64, most: u32) -> Result<Vec<Record>, StoreError> {
        self.readers.read(|db| after(db, seq, most))
    }

    fn written(&self, head: &Head) -> Result<(), StoreError> {
        let head = *head;
        self.write(move |db, _| written(db, &head))
    }
}

/// Adds a record; its number is the next, without a gap.
pub(super) fn add(
    db: &Connection,
    tenant: &Tenant,
    now: i64,
    event: &str,
    fields: &Map<String, Value>,
) -> Result<(), StoreError> {
    let fields = serde_json::to_string(fields).unwrap_or_default();
    db.prepare_cached("INSERT INTO log_records (tenant, at, event, fields) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![tenant.as_str(), now, event, fields])?;
    let seq = db.last_insert_rowid();
    if seq % EVERY == 0 && head(db)?.is_none() {
        db.prepare_cached("DELETE FROM log_records WHERE seq <= ?1")?.execute([seq - WAITING])?;
    }
    Ok(())
}

/// The last line that is known to be in the file.
pub(super) fn head(db: &Connection) -> Result<Option<Head>, StoreError> {
    let mut statement = db.prepare_cached("SELECT seq, hash FROM log_head")?;
    let head = statement.query_row([], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? }));
    Ok(head.optional()?)
}

/// The same, of a database that is only looked at, of whatever version.
pub fn log_head(path: &Path) -> Result<Option<Head>, StoreError> {
    Readers::looking(path.into(), open::PATIENCE).read(|db| match migrations::version(db)? {
        // Nothing was ever written.
        version if version < migrations::LOGGED => Ok(None),
        _ => head(db),
    })
}

/// Records after this number.
pub(super) fn after(db: &Connection, seq: i64, most: u32) -> Result<Vec<Record>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, at, tenant, event, fields FROM log_records WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let rows = statement.query_map(params![seq, most], |row| {
        let fields = serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default();
        let tenant = Tenant::new(&row.get::<_, String>(2)?).unwrap_or_default();
        Ok(Record { seq: row.get(0)?, at: row.get(1)?, tenant, event: row.get(3)?, fields })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What happened to a tenant's incidents.
#[derive(Clone, Debug, Default)]
pub struct Happenings {
    /// In order.
    pub records: Vec<Record>,
    /// The last record that was looked at: whoever goes on there misses nothing.
    pub last: i64,
    /// Whether records before these are no longer known.
    pub gap: bool,
}

/// What happened to a tenant's incidents after this record.
pub(super) fn of_incidents(
    db: &Connection,
    tenant: &Tenant,
    seq: i64,
    most: u32,
) -> Result<Happenings, StoreError> {
    let sql = "SELECT min(seq), max(seq) FROM log_records";
    let known = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
    let (first, newest) = db.prepare_cached(sql)?.query_row([], known)?;
    let gap = first.is_some_and(|first| seq < first - 1);
    let mut statement = db.prepare_cached(
        "SELECT seq, at, event, fields FROM log_records
         WHERE seq > ?1 AND tenant = ?2 AND event GLOB 'incident.*' ORDER BY seq LIMIT ?3",
    )?;
    let rows = statement.query_map(params![seq, tenant.as_str(), most], |row| {
        let fields = serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default();
        Ok(Record { seq: row.get(0)?, at: row.get(1)?, tenant: tenant.clone(), event: row.get(2)?, fields })
    })?;
    let records = rows.collect::<Result<Vec<_>, _>>()?;
    // Not past what was not read yet.
    let full = records.len() as u64 >= u64::from(most);
    let last = match (records.last(), full) {
        (Some(last), true) => last.seq,
        _ => newest.unwrap_or(seq).max(seq),
    };
    Ok(Happenings { records, last, gap })
}

/// All up to this one are in the file.
pub(super) fn written(db: &Connection, head: &Head) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO log_head (one, seq, hash) VALUES (1, ?1, ?2)
         ON CONFLICT DO UPDATE SET seq = ?1, hash = ?2 WHERE ?1 > seq",
    )?
    .execute(params![head.seq, head.hash])?;
    db.prepare_cached("DELETE FROM log_records WHERE seq <= ?1")?.execute([head.seq - KEPT])?;
    Ok(())
}
