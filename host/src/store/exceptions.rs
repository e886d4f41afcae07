//! Exceptions and their rows.

use rusqlite::{Connection, Row, params};
use serde_json::Value;
use tripline_engine::decision::Decision;

use super::database::Database;
use super::incidents::{severity, signed};
use super::telling::Work;
use super::{log, numbers};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Effect, Exception, NewException, OccurrenceId, Place};
use crate::notices::Pattern;

const COLUMNS: &str =
    "id, rule, field, network, value, severity, until, reason, actor, name, created, ended, count, last";
/// Decisions kept of each exception, to be listed and to be known again.
const KEPT: i64 = 8_192;

/// Behind number 0, without end.
pub(super) const ALL: (i64, i64) = (0, -1);

impl Database {
    /// Adds an exception; answers its number.
    pub fn except(&self, tenant: &Tenant, new: NewException, author: Actor) -> Result<i64, StoreError> {
        self.grow(tenant, move |work| add(work, &new, &author))
    }

    /// Ends an exception; answers whether there was one to end.
    pub fn end_exception(&self, tenant: &Tenant, id: i64, actor: Actor) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| end(&this.work(db, &tenant), id, &actor))
    }

    /// Exceptions that hold, or all there were.
    pub fn exceptions(&self, tenant: &Tenant, past: bool) -> Result<Vec<Exception>, StoreError> {
        let now = self.clock.now();
        self.readers.read(|db| all(db, tenant, now, past, ALL))
    }

    /// So many of them at most, whose numbers are higher than this.
    pub fn exceptions_after(
        &self,
        tenant: &Tenant,
        past: bool,
        after: i64,
        most: u32,
    ) -> Result<Vec<Exception>, StoreError> {
        let now = self.clock.now();
        self.readers.read(|db| all(db, tenant, now, past, (after, i64::from(most))))
    }

    /// Decisions that an exception has taken out, the last first: when, pack, rule, title.
    pub fn excepted(
        &self,
        tenant: &Tenant,
        exception: i64,
        most: u32,
    ) -> Result<Vec<(i64, String, String, String)>, StoreError> {
        self.readers.read(|db| taken(db, tenant, exception, most))
    }
}

/// All that hold now, or all there are.
pub(super) fn all(
    db: &Connection,
    tenant: &Tenant,
    now: i64,
    past: bool,
    (after, most): (i64, i64),
) -> Result<Vec<Exception>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM exceptions
         WHERE tenant = ?1 AND (?2 OR (ended IS NULL AND (until IS NULL OR until > ?3))) AND id > ?4
         ORDER BY id LIMIT ?5"
    ))?;
    let rows = statement.query_map(params![tenant.as_str(), past, now, after, most], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds one.
pub(super) fn add(work: &Work<'_>, new: &NewException, author: &Actor) -> Result<i64, StoreError> {
    let id = numbers::next(work.db, work.tenant, "exception")?;
    let (field, network, value) = match &new.field {
        None => (None, None, None),
        Some((field, Place::Network(network))) => (Some(field), Some(network.to_string()), None),
        Some((field, Place::Text(pattern))) => (Some(field), None, Some(pattern.as_str())),
    };
    let severity = match new.effect {
        Effect::Except => None,
        Effect::Severity(severity) => Some(severity as i64),
    };
    work.db
        .prepare_cached(
            "INSERT INTO exceptions (tenant, id, rule, field, network, value, severity, until, reason, actor, name,
                created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            work.tenant.as_str(),
            id,
            new.rule.as_ref().map(Pattern::as_str),
            field,
            network,
            value,
            severity,
            new.until,
            new.reason,
            author.id,
            author.name,
            work.now
        ])?;
    record(work, "exception.added", id, author)?;
    Ok(id)
}

/// Ends one; answers whether there was one to end.
pub(super) fn end(work: &Work<'_>, id: i64, actor: &Actor) -> Result<bool, StoreError> {
    let ended = work
        .db
        .prepare_cached("UPDATE exceptions SET ended = ?3 WHERE tenant = ?1 AND id = ?2 AND ended IS NULL")?
        .execute(params![work.tenant.as_str(), id, work.now])?;
    if ended > 0 {
        record(work, "exception.ended", id, actor)?;
    }
    Ok(ended > 0)
}

/// Counts decisions whose severity an exception has changed: they are incidents, and need no rows here.
pub(super) fn add_count(work: &Work<'_>, exception: i64, count: u64) -> Result<(), StoreError> {
    work.db
        .prepare_cached("UPDATE exceptions SET count = count + ?3, last = ?4 WHERE tenant = ?1 AND id = ?2")?
        .execute(params![work.tenant.as_str(), exception, signed(count), work.now])?;
    Ok(())
}

/// Counts a decision that an exception has taken out.
pub(super) fn count(
    work: &Work<'_>,
    exception: i64,
    id: OccurrenceId,
    decision: &Decision,
) -> Result<(), StoreError> {
    let number: i64 = work
        .db
        .prepare_cached(
            "UPDATE exceptions SET count = count + 1, last = ?3 WHERE tenant = ?1 AND id = ?2 RETURNING count",
        )?
        .query_row(params![work.tenant.as_str(), exception, work.now], |row| row.get(0))?;
    let rule = &decision.origin.rule.id;
    work.db
        .prepare_cached(
            "INSERT INTO excepted (tenant, id, exception, number, at, pack, rule, title)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            work.tenant.as_str(),
            id.0,
            exception,
            number,
            work.now,
            decision.origin.pack,
            rule,
            decision.title
        ])?;
    work.db
        .prepare_cached("DELETE FROM excepted WHERE tenant = ?1 AND exception = ?2 AND number <= ?3")?
        .execute(params![work.tenant.as_str(), exception, number - KEPT])?;
    Ok(())
}

/// Decisions that an exception has taken out, the last first: when, pack, rule, title.
pub(super) fn taken(
    db: &Connection,
    tenant: &Tenant,
    exception: i64,
    most: u32,
) -> Result<Vec<(i64, String, String, String)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT at, pack, rule, title FROM excepted WHERE tenant = ?1 AND exception = ?2
         ORDER BY number DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), exception, most], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn record(work: &Work<'_>, event: &str, id: i64, actor: &Actor) -> Result<(), StoreError> {
    let mut fields = log::of(actor);
    fields.insert("exception".into(), Value::from(id));
    log::add(work.db, work.tenant, work.now, event, &fields)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Exception> {
    let network: Option<String> = row.get(3)?;
    let place = match (network.and_then(|network| network.parse().ok()), row.get::<_, Option<String>>(4)?) {
        (Some(network), _) => Some(Place::Network(network)),
        (None, value) => value.map(|value| Place::Text(Pattern::new(value))),
    };
    let field: Option<String> = row.get(2)?;
    Ok(Exception {
        id: row.get(0)?,
        new: NewException {
            rule: row.get::<_, Option<String>>(1)?.map(Pattern::new),
            field: field.zip(place),
            effect: match row.get::<_, Option<i64>>(5)? {
                None => Effect::Except,
                Some(number) => Effect::Severity(severity(number)),
            },
            until: row.get(6)?,
            reason: row.get(7)?,
        },
        author: Actor::named(row.get::<_, String>(8)?, row.get::<_, String>(9)?),
        created: row.get(10)?,
        ended: row.get(11)?,
        count: row.get::<_, i64>(12)?.max(0) as u64,
        last: row.get(13)?,
    })
}
