//! Records for security.log.

use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use crate::commit::{StoreError, Tenant};

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
    Ok(())
}
