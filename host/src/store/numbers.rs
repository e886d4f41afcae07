use rusqlite::{Connection, params};

use crate::commit::{StoreError, Tenant};

/// The last number of this kind that was given, for whoever gives some more and then [`set`]s the last of them.
pub(super) fn last(db: &Connection, tenant: &Tenant, kind: &str) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(last), 0) FROM numbers WHERE tenant = ?1 AND kind = ?2";
    Ok(db.prepare_cached(sql)?.query_row(params![tenant.as_str(), kind], |row| row.get(0))?)
}

/// Notes that numbers up to this one were given.
pub(super) fn set(db: &Connection, tenant: &Tenant, kind: &str, last: i64) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO numbers (tenant, kind, last) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET last = ?3";
    db.prepare_cached(sql)?.execute(params![tenant.as_str(), kind, last])?;
    Ok(())
}

/// The next number of this kind, from 1; none is given twice.
pub(super) fn next(db: &Connection, tenant: &Tenant, kind: &str) -> Result<i64, StoreError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO numbers (tenant, kind, last) VALUES (?1, ?2, 1)
         ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
    )?;
    Ok(statement.query_row(params![tenant.as_str(), kind], |row| row.get(0))?)
}
