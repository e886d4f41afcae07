//! What packs remember.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::clock;
use super::database::Database;
use super::telling::Work;
use crate::commit::{PackState, StoreError, Tenant};

/// That a pack is used is noted no more often than this, in nanoseconds: not at each barrier.
const NOTED: i64 = 24 * 3600 * 1_000_000_000;

/// Of all packs of a tenant.
pub(super) fn all(db: &Connection, tenant: &Tenant) -> Result<Vec<PackState>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT pack, version, digest, settings, state, host FROM states WHERE tenant = ?1 ORDER BY pack",
    )?;
    let rows = statement.query_map([tenant.as_str()], state)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Of one pack of a tenant, if it remembers something.
pub(super) fn one(db: &Connection, tenant: &Tenant, pack: &str) -> Result<Option<PackState>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT pack, version, digest, settings, state, host FROM states WHERE tenant = ?1 AND pack = ?2",
    )?;
    Ok(statement.query_row([tenant.as_str(), pack], state).optional()?)
}

fn state(row: &Row<'_>) -> rusqlite::Result<PackState> {
    Ok(PackState {
        pack: row.get(0)?,
        version: row.get(1)?,
        digest: row.get(2)?,
        settings: row.get(3)?,
        state: row.get(4)?,
        host: row.get(5)?,
    })
}

/// Tenants and those of their packs that remember something.
pub(super) fn remembering(db: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = db.prepare_cached("SELECT tenant, pack FROM states ORDER BY tenant, pack")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Database {
    /// How many bytes are kept of what each tenant's packs remember, by tenant and pack. Nothing of it is read.
    pub fn state_sizes(&self) -> Result<Vec<(Tenant, String, u64)>, StoreError> {
        let sql = "SELECT tenant, pack, coalesce(length(state), 0) + length(host) FROM states ORDER BY 1, 2";
        self.readers.read(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?));
            let rows = statement.query_map([], row)?.collect::<Result<Vec<_>, _>>()?;
            let sizes = rows.into_iter().filter_map(|(tenant, pack, bytes)| {
                Some((Tenant::new(&tenant)?, pack, u64::try_from(bytes).unwrap_or(0)))
            });
            Ok(sizes.collect())
        })
    }
}

/// Packs of a tenant that remember something.
pub(super) fn packs(db: &Connection, tenant: &Tenant) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare_cached("SELECT pack FROM states WHERE tenant = ?1")?;
    Ok(statement.query_map([tenant.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Puts a state in the place of the one before.
pub(super) fn put(db: &Connection, tenant: &Tenant, state: &PackState, now: i64) -> Result<(), StoreError> {
    let PackState { pack, version, digest, settings, state, host } = state;
    db.prepare_cached(
        "INSERT INTO states (tenant, pack, version, digest, settings, state, host, saved)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET version = ?3, digest = ?4, settings = ?5, state = ?6, host = ?7, saved = ?8",
    )?
    .execute(params![tenant.as_str(), pack, version, digest, settings, state, host, now])?;
    Ok(())
}

/// Notes that these packs are used, and forgets the states of those that have not been for the retention time: what
/// they saved may say as much of people as incidents do.
pub(super) fn used(work: &Work<'_>, packs: &[String]) -> Result<(), StoreError> {
    let Some(retention) = work.policy.limits.retention.filter(|_| !packs.is_empty()) else { return Ok(()) };
    let Work { db, tenant, now, .. } = work;
    let mut note =
        db.prepare_cached("UPDATE states SET saved = ?3 WHERE tenant = ?1 AND pack = ?2 AND saved < ?4")?;
    for pack in packs {
        note.execute(params![tenant.as_str(), pack, now, now.saturating_sub(NOTED.min(retention))])?;
    }
    db.prepare_cached("DELETE FROM states WHERE tenant = ?1 AND saved < ?2")?
        .execute(params![tenant.as_str(), clock::believed(db, *now)?.saturating_sub(retention)])?;
    Ok(())
}
