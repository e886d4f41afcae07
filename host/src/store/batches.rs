//! Batches that came with a key: one that comes again was judged already.

use rusqlite::{Connection, OptionalExtension, params};

use crate::commit::{BatchKey, StoreError, Tenant};

/// How long a key is known, nanoseconds: whoever sends again does so within a day. By a clock that may be ahead by as much
/// and is believed, so that it is twice that.
pub(super) const KNOWN: i64 = 2 * 24 * 3600 * 1_000_000_000;

/// What the batch with this key came with, if it was committed.
pub(super) fn body(db: &Connection, tenant: &Tenant, key: &[u8; 32]) -> Result<Option<[u8; 32]>, StoreError> {
    let mut statement = db.prepare_cached("SELECT body FROM batches WHERE tenant = ?1 AND key = ?2")?;
    Ok(statement.query_row(params![tenant.as_str(), key], |row| row.get(0)).optional()?)
}

/// Knows these from now on. What one came with first stays: with something else it was not judged.
pub(super) fn add(
    db: &Connection,
    tenant: &Tenant,
    batches: &[BatchKey],
    now: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO batches (tenant, key, body, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    let mut add = db.prepare_cached(sql)?;
    for BatchKey { key, body } in batches {
        add.execute(params![tenant.as_str(), key, body, now])?;
    }
    Ok(())
}

/// Forgets those of before this time, at most so many; answers how many.
pub(super) fn forget(db: &Connection, before: i64, most: u32) -> Result<u64, StoreError> {
    let sql =
        "DELETE FROM batches WHERE (tenant, key) IN (SELECT tenant, key FROM batches WHERE at < ?1 LIMIT ?2)";
    Ok(db.prepare_cached(sql)?.execute(params![before, most])? as u64)
}
