//! How a tenant's incidents and notices stand, in figures.

use std::time::Duration;

use rusqlite::Connection;
use tripline_engine::judge::Times;

use crate::commit::{StoreError, Tenant};
use crate::incidents::State;

/// How a tenant's incidents and notices stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Incidents by state, in the order of [`State::ALL`].
    pub incidents: [u64; State::ALL.len()],
    /// Notices that are still to be sent.
    pub waiting: u64,
    /// When the oldest of them was put into the outbox, nanoseconds since 1970.
    pub oldest: Option<i64>,
}

/// How long the store's commits have taken since it was opened: waiting for locks, the work, and the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitTimes {
    /// Commits by how long each took.
    pub times: Times,
    /// All of it.
    pub sum: Duration,
    /// Those that failed; they count above, too.
    pub failed: u64,
}

/// Looked up in indices alone, but for notices that wait.
pub(super) fn standing(db: &Connection, tenant: &Tenant) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    let sql = "SELECT state, count(*) FROM incidents WHERE tenant = ?1 GROUP BY state";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([tenant.as_str()])?;
    while let Some(row) = rows.next()? {
        if let Some(count) = standing.incidents.get_mut(row.get::<_, usize>(0)?) {
            *count = row.get(1)?;
        }
    }
    let sql = "SELECT count(*), min(created) FROM notices
               WHERE tenant = ?1 AND state IN ('queued', 'deferred', 'sending')";
    let waits = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    (standing.waiting, standing.oldest) = db.prepare_cached(sql)?.query_row([tenant.as_str()], waits)?;
    Ok(standing)
}
