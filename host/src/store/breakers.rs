//! Relays that failed, and are left alone for a while: all notices wait then, and none is to blame.

use rusqlite::{Connection, OptionalExtension, params};

use crate::commit::StoreError;
use crate::notices::backoff;

/// Longer than a relay is ever left alone.
pub(super) const PATIENCE: i64 = 15 * 60 * 1_000_000_000;

/// Until when a relay is left alone; `None`: it is not.
pub(super) fn closed(db: &Connection, relay: &str, now: i64) -> Result<Option<i64>, StoreError> {
    let mut statement = db.prepare_cached("SELECT closed_at FROM breakers WHERE relay = ?1")?;
    let closed = statement.query_row([relay], |row| row.get::<_, i64>(0)).optional()?;
    // One that is longer was closed by a clock that was ahead.
    Ok(closed.filter(|closed| *closed > now && closed.saturating_sub(now) <= PATIENCE))
}

/// A relay works.
pub(super) fn opened(db: &Connection, relay: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM breakers WHERE relay = ?1")?.execute([relay])?;
    Ok(())
}

/// A relay failed once more.
pub(super) fn failed(db: &Connection, relay: &str, words: &str, now: i64) -> Result<(), StoreError> {
    let failures: u32 = db
        .prepare_cached(
            "INSERT INTO breakers (relay, failures, closed_at, words) VALUES (?1, 1, ?2, ?3)
             ON CONFLICT DO UPDATE SET failures = failures + 1, words = ?3 RETURNING failures",
        )?
        .query_row(params![relay, now, words], |row| row.get(0))?;
    let closed = now.saturating_add(backoff(failures, now as u64));
    db.prepare_cached("UPDATE breakers SET closed_at = ?2 WHERE relay = ?1")?
        .execute(params![relay, closed])?;
    Ok(())
}
