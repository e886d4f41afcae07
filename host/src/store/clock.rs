//! A clock that jumps ahead must not delete what is not old: a jump counts once it has held for a day.
//!
//! ```text
//!   believed ──────────► now        as long as it goes on by a day at most from look to look
//!   believed │           now        it has jumped, or nobody has looked for long: what is deleted stays as it was …
//!            └────────────► now     … until a day has passed on the clock as it is since then
//! ```
//!
//! What is behind it is believed at once: what was ahead for a while is none of the time that is believed from then on.
//! Who jumps twice, with a look between, and the second time by a day, is believed too early.

use rusqlite::{Connection, OptionalExtension, params};

use crate::commit::StoreError;

const HOUR: i64 = 60 * 60 * 1_000_000_000;
/// What is no jump, and how long one has to hold; nanoseconds.
const DAY: i64 = 24 * HOUR;

/// The time by which something may be deleted, which is not later than now; it goes on as far as it may.
pub(super) fn advance(db: &Connection, now: i64) -> Result<i64, StoreError> {
    let Some((believed, ahead)) = known(db)? else {
        put(db, now, None)?;
        return Ok(now);
    };
    let (next, since) = match ahead {
        _ if now.saturating_sub(believed) <= DAY => (now, None),
        Some(since) if now.saturating_sub(since) >= DAY => (now, None),
        Some(since) if since <= now => (believed, Some(since)),
        _ => (believed, Some(now)),
    };
    // It need not be written each time it is looked at.
    if since != ahead || next < believed || next.saturating_sub(believed) >= HOUR {
        put(db, next, since)?;
    }
    Ok(next)
}

/// The same as it stands.
pub(super) fn believed(db: &Connection, now: i64) -> Result<i64, StoreError> {
    Ok(match known(db)? {
        Some((believed, _)) if now.saturating_sub(believed) > DAY => believed,
        _ => now,
    })
}

fn known(db: &Connection) -> Result<Option<(i64, Option<i64>)>, StoreError> {
    let mut statement = db.prepare_cached("SELECT believed, ahead FROM clock")?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn put(db: &Connection, believed: i64, ahead: Option<i64>) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO clock (one, believed, ahead) VALUES (1, ?1, ?2)
         ON CONFLICT DO UPDATE SET believed = ?1, ahead = ?2",
    )?
    .execute(params![believed, ahead])?;
    Ok(())
}
