use rusqlite::{Connection, params};

use crate::commit::{StoreError, Tenant};

/// The next number of this kind, from 1; none is given twice.
pub(super) fn next(db: &Connection, tenant: &Tenant, kind: &str) -> Result<i64, StoreError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO numbers (tenant, kind, last) VALUES (?1, ?2, 1)
         ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
    )?;
    Ok(statement.query_row(params![tenant.as_str(), kind], |row| row.get(0))?)
}
