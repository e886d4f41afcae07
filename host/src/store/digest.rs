//! Many notices as one.

use std::collections::HashMap;

use rusqlite::params;

use super::incidents::{read, select, severity};
use super::leasing::reason;
use super::telling::Work;
use crate::commit::StoreError;
use crate::notices::Digest;

/// Incidents that a digest shows one by one.
const SHOWN: u32 = 12;

/// Folds all that waits for a recipient, and is not held by quiet hours, into one digest. A digest that waits and
/// that no relay has seen goes into the new one.
///
/// Left out is what perhaps arrived: it goes again with its own message id, or it would be there twice under two. And
/// what follows something that is left out, or that waits within a digest which a relay has seen: a digest must not
/// overtake what was told of an incident before.
pub(super) fn fold(work: &Work<'_>, recipient: &str, critical: bool) -> Result<(), StoreError> {
    const WHICH: &str = "tenant = ?1 AND recipient = ?2 AND critical = ?3 AND state IN ('queued', 'deferred')
        AND incident IS NOT NULL AND (due <= ?4 OR attempts > 0) AND unsure = 0 AND NOT EXISTS (
            SELECT 1 FROM notices e LEFT JOIN notices d ON d.id = e.digest
            WHERE e.tenant = notices.tenant AND e.incident = notices.incident AND e.recipient = notices.recipient
                AND e.id < notices.id
                AND (e.state = 'sending' OR e.state IN ('queued', 'deferred')
                        AND (e.unsure OR e.due > ?4 AND e.attempts = 0)
                    OR e.state = 'folded' AND (d.state IN ('deferred', 'sending')
                        OR d.state = 'queued' AND (d.attempts > 0 OR d.unsure OR d.critical <> ?3))))";
    let key = params![work.tenant.as_str(), recipient, critical, work.now];
    let count: i64 = work
        .db
        .prepare_cached(&format!("SELECT count(*) FROM notices WHERE {WHICH}"))?
        .query_row(key, |row| row.get(0))?;
    if count < 2 {
        return Ok(());
    }
    work.db
        .prepare_cached(
            "INSERT INTO notices (tenant, recipient, route, reason, critical, state, created, due, message)
             VALUES (?1, ?2, '', 'digest', ?3, 'queued', ?4, ?4, '')",
        )?
        .execute(key)?;
    let digest = work.db.last_insert_rowid();
    let message = work.message(&[b"digest", &digest.to_be_bytes(), recipient.as_bytes()]);
    work.db
        .prepare_cached("UPDATE notices SET message = ?2 WHERE id = ?1")?
        .execute(params![digest, message])?;
    // Which ones is settled before the first of them changes.
    work.db
        .prepare_cached(&format!(
            "UPDATE notices SET state = 'folded', digest = ?5 WHERE id IN (SELECT id FROM notices WHERE {WHICH})"
        ))?
        .execute(params![work.tenant.as_str(), recipient, critical, work.now, digest])?;
    const UNSEEN: &str = "SELECT id FROM notices WHERE tenant = ?1 AND recipient = ?2 AND critical = ?3
        AND state = 'queued' AND reason = 'digest' AND attempts = 0 AND unsure = 0 AND id <> ?4";
    let unseen = params![work.tenant.as_str(), recipient, critical, digest];
    for sql in [
        format!("UPDATE notices SET digest = ?4 WHERE digest IN ({UNSEEN})"),
        format!("DELETE FROM notices WHERE id IN ({UNSEEN})"),
    ] {
        work.db.prepare_cached(&sql)?.execute(unseen)?;
    }
    Ok(())
}

/// What a digest says.
pub(super) fn content(work: &Work<'_>, digest: i64) -> Result<Digest, StoreError> {
    let mut told = Digest::default();
    (told.notices, told.incidents, told.span) = work
        .db
        .prepare_cached(
            "SELECT count(*), count(DISTINCT incident), coalesce(min(created), 0), coalesce(max(created), 0)
             FROM notices WHERE digest = ?1",
        )?
        .query_row([digest], |row| Ok((row.get(0)?, row.get(1)?, (row.get(2)?, row.get(3)?))))?;
    let sql = "SELECT coalesce(group_concat(DISTINCT route), '') FROM notices WHERE digest = ?1";
    told.route = work.db.prepare_cached(sql)?.query_row([digest], |row| row.get(0))?;
    let mut statement = work.db.prepare_cached(
        "SELECT pack || '/' || rule, max(severity), count(*), sum(count) FROM incidents
         WHERE tenant = ?1 AND id IN (SELECT incident FROM notices WHERE digest = ?2)
         GROUP BY pack, rule ORDER BY 2 DESC, 3 DESC, 1 LIMIT 50",
    )?;
    let rows = statement.query_map(params![work.tenant.as_str(), digest], |row| {
        Ok((row.get(0)?, severity(row.get(1)?), row.get(2)?, row.get(3)?))
    })?;
    told.by_rule = rows.collect::<Result<_, _>>()?;
    // The last thing that is told of each.
    let mut statement = work.db.prepare_cached(
        "SELECT n.incident, n.reason, coalesce(e.detail, '') FROM notices n LEFT JOIN events e ON e.id = n.event
         WHERE n.digest = ?1 ORDER BY n.id",
    )?;
    let rows = statement.query_map([digest], |row| {
        Ok((row.get::<_, i64>(0)?, reason(&row.get::<_, String>(1)?, &row.get::<_, String>(2)?)))
    })?;
    let reasons = rows.collect::<Result<HashMap<_, _>, _>>()?;
    let mut statement = select(
        work.db,
        "WHERE tenant = ?1 AND id IN (SELECT incident FROM notices WHERE digest = ?2)
         ORDER BY severity DESC, count DESC, id LIMIT ?3",
    )?;
    let rows =
        statement.query_map(params![work.tenant.as_str(), digest, SHOWN], |row| read(row, work.tenant))?;
    for incident in rows {
        let incident = incident?;
        let reason = reasons.get(&incident.id).cloned().unwrap_or(crate::notices::Reason::First);
        told.worst.push((incident, reason));
    }
    Ok(told)
}
