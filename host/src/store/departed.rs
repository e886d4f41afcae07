//! Notices to somebody who is no recipient any more: given up when they would go, and never queued again while he is none.
//!
//! What a flag has named is nobody's list: it goes to whom it was queued for.

use rusqlite::{Connection, params};

use super::outbox::told;
use super::telling::Work;
use super::tenants;
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Happening, Policy};
use crate::notices::{End, Route};

/// Notices of one step: a transaction must not take long.
const STEP: u32 = 200;

/// That a notice `n` is not of a flag alone: a digest is if all that it carries is.
const LISTED: &str = "(n.incident IS NOT NULL AND n.route <> ?2
    OR n.incident IS NULL AND EXISTS (SELECT 1 FROM notices m WHERE m.digest = n.id AND m.route <> ?2))";

/// Gives up what is due to this address; answers how many notices that were.
pub(super) fn give_up(work: &Work<'_>, recipient: &str) -> Result<usize, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let mut statement = db.prepare_cached(&format!(
        "SELECT n.id FROM notices n WHERE n.tenant = ?1 AND n.recipient = ?3 AND n.state IN ('queued', 'deferred')
            AND n.due <= ?4 AND {LISTED} ORDER BY n.id LIMIT {STEP}"
    ))?;
    let key = params![tenant.as_str(), Route::FLAG, recipient, now];
    let ids = statement.query_map(key, |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
    let words = End::Departed.words();
    for id in &ids {
        db.prepare_cached("UPDATE notices SET state = 'dead', due = ?2, words = ?3 WHERE id = ?1")?
            .execute(params![id, now, words])?;
        told(work, *id, &Happening::Undelivered { recipient: recipient.into(), words: words.into() })?;
    }
    Ok(ids.len())
}

/// Notices that were given up, one or all of a tenant, and whose recipient is none any more.
pub(super) fn dead(
    db: &Connection,
    policy: &Policy,
    tenant: &Tenant,
    notice: Option<i64>,
) -> Result<Vec<i64>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT n.id, n.recipient FROM notices n
         WHERE n.tenant = ?1 AND n.state = 'dead' AND (?3 IS NULL OR n.id = ?3) AND {LISTED} ORDER BY n.id"
    ))?;
    let rows = statement.query_map(params![tenant.as_str(), Route::FLAG, notice], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let all = rows.collect::<Result<Vec<_>, _>>()?;
    let mut gone = Vec::new();
    for (id, recipient) in all {
        if !tenants::may_be_told(db, policy, tenant, &recipient)? {
            gone.push(id);
        }
    }
    Ok(gone)
}
