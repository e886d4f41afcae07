//! Silences and their rows.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::database::Database;
use super::incidents::{pairs, severity, unpair};
use super::telling::Work;
use super::{log, numbers};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Incident, NewSilence, Silence};
use crate::notices::Pattern;

const COLUMNS: &str = "id, rule, severity, fields, starts, ends, reason, actor, name, created, ended";

/// Silences that are settled at once.
pub(super) const UNSETTLED: usize = 100;

/// Behind number 0, without end.
const ALL: (i64, i64) = (0, -1);

impl Database {
    /// Adds a silence; answers its number.
    pub fn silence(&self, tenant: &Tenant, new: NewSilence, author: Actor) -> Result<i64, StoreError> {
        self.grow(tenant, move |work| add(work, &new, &author))
    }

    /// Ends a silence early; answers whether there was one to end.
    pub fn end_silence(&self, tenant: &Tenant, id: i64, actor: Actor) -> Result<bool, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| end(&this.work(db, &tenant), id, &actor))
    }

    /// Silences that are not over, or all there were.
    pub fn silences(&self, tenant: &Tenant, past: bool) -> Result<Vec<Silence>, StoreError> {
        let now = self.clock.now();
        self.readers.read(|db| all(db, tenant, now, past, ALL))
    }

    /// So many of them at most, whose numbers are higher than this.
    pub fn silences_after(
        &self,
        tenant: &Tenant,
        past: bool,
        after: i64,
        most: u32,
    ) -> Result<Vec<Silence>, StoreError> {
        let now = self.clock.now();
        self.readers.read(|db| all(db, tenant, now, past, (after, i64::from(most))))
    }
}

/// All that are not over, or all there are.
pub(super) fn all(
    db: &Connection,
    tenant: &Tenant,
    now: i64,
    past: bool,
    (after, most): (i64, i64),
) -> Result<Vec<Silence>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM silences WHERE tenant = ?1 AND (?2 OR (ended IS NULL AND ends > ?3))
            AND id > ?4 ORDER BY id LIMIT ?5"
    ))?;
    let rows = statement.query_map(params![tenant.as_str(), past, now, after, most], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The first silence that holds for an incident now.
pub(super) fn holding(work: &Work<'_>, incident: &Incident) -> Result<Option<Silence>, StoreError> {
    let mut all = all(work.db, work.tenant, work.now, false, ALL)?.into_iter();
    Ok(all.find(|silence| silence.holds(work.now) && silence.takes(incident)))
}

/// Adds one.
pub(super) fn add(work: &Work<'_>, new: &NewSilence, author: &Actor) -> Result<i64, StoreError> {
    let id = numbers::next(work.db, work.tenant, "silence")?;
    let fields: Vec<(String, String)> =
        new.fields.iter().map(|(name, pattern)| (name.clone(), pattern.as_str().into())).collect();
    work.db
        .prepare_cached(
            "INSERT INTO silences (tenant, id, rule, severity, fields, starts, ends, reason, actor, name, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            work.tenant.as_str(),
            id,
            new.rule.as_ref().map(Pattern::as_str),
            new.severity.map(|severity| severity as i64),
            pairs(&fields),
            new.starts,
            new.ends,
            new.reason,
            author.id,
            author.name,
            work.now
        ])?;
    record(work, "silence.added", id, author)?;
    Ok(id)
}

/// Ends one early; answers whether there was one to end.
pub(super) fn end(work: &Work<'_>, id: i64, actor: &Actor) -> Result<bool, StoreError> {
    let ended = work
        .db
        .prepare_cached(
            "UPDATE silences SET ended = ?3 WHERE tenant = ?1 AND id = ?2 AND ended IS NULL AND ends > ?3",
        )?
        .execute(params![work.tenant.as_str(), id, work.now])?;
    if ended > 0 {
        record(work, "silence.ended", id, actor)?;
    }
    Ok(ended > 0)
}

/// Those that are over, and whose incidents nobody has looked at since; at most [`UNSETTLED`].
pub(super) fn unsettled(db: &Connection, now: i64) -> Result<Vec<(Tenant, i64)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT tenant, id FROM silences WHERE settled = 0 AND (ends <= ?1 OR ended IS NOT NULL) LIMIT ?2",
    )?;
    let rows =
        statement.query_map(params![now, UNSETTLED], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (tenant, id) = row?;
        found.extend(Tenant::new(&tenant).map(|tenant| (tenant, id)));
    }
    Ok(found)
}

/// Incidents whose notices a silence holds back, and from whom: each recipient, and the route by which it was last.
pub(super) fn held_back(db: &Connection, tenant: &Tenant, silence: i64) -> Result<HeldBack, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT incident, recipient, route, max(id) FROM notices
         WHERE tenant = ?1 AND silence = ?2 AND state = 'silenced' AND incident IS NOT NULL
         GROUP BY incident, recipient ORDER BY incident, min(id)",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), silence], |row| {
        Ok((row.get::<_, i64>(0)?, (row.get(1)?, row.get(2)?)))
    })?;
    let mut held = HeldBack::new();
    for row in rows {
        let (incident, from) = row?;
        held.entry(incident).or_default().push(from);
    }
    Ok(held)
}

/// By incident: recipients, each with the route that names it.
pub(super) type HeldBack = BTreeMap<i64, Vec<(String, String)>>;

/// What it held back has been looked at.
pub(super) fn settle(db: &Connection, tenant: &Tenant, silence: i64) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE silences SET settled = 1 WHERE tenant = ?1 AND id = ?2")?
        .execute(params![tenant.as_str(), silence])?;
    Ok(())
}

fn record(work: &Work<'_>, event: &str, id: i64, actor: &Actor) -> Result<(), StoreError> {
    let mut fields = log::of(actor);
    fields.insert("silence".into(), Value::from(id));
    log::add(work.db, work.tenant, work.now, event, &fields)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Silence> {
    let fields = unpair(&row.get::<_, String>(3)?);
    Ok(Silence {
        id: row.get(0)?,
        new: NewSilence {
            rule: row.get::<_, Option<String>>(1)?.map(Pattern::new),
            severity: row.get::<_, Option<i64>>(2)?.map(severity),
            fields: fields.into_iter().map(|(name, pattern)| (name, Pattern::new(pattern))).collect(),
            starts: row.get(4)?,
            ends: row.get(5)?,
            reason: row.get(6)?,
        },
        author: Actor::named(row.get::<_, String>(7)?, row.get::<_, String>(8)?),
        created: row.get(9)?,
        ended: row.get(10)?,
    })
}
