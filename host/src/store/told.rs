//! What was told of an incident, and what was not.

use rusqlite::{Connection, Params, params};
use serde_json::Value;

use super::database::Database;
use super::held::{self, Held};
use super::{departed, log, outbox};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Policy};
use crate::notices::{Bucket, Reason, Route};
use crate::security_log::Deed;

/// A notice as it stands in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub notice: i64,
    /// The incident; `None`: a digest.
    pub incident: Option<i64>,
    /// Its address.
    pub recipient: String,
    /// By which route.
    pub route: String,
    /// Why it is told: a reason's word.
    pub reason: String,
    /// Where it stands: `queued`, `sending`, `sent`, `deferred`, `dead`, `folded` or `silenced`.
    pub state: String,
    /// When it was put here, nanoseconds since 1970.
    pub created: i64,
    /// Not before this.
    pub due: i64,
    /// Attempts so far.
    pub attempts: u32,
    /// The relay's last words.
    pub words: String,
    /// When the relay took it.
    pub sent: Option<i64>,
    /// The digest that carries it, and where that stands.
    pub digest: Option<(i64, String, Option<i64>)>,
    /// The silence that holds it back.
    pub silence: Option<i64>,
    /// The local part of its message id.
    pub message: String,
    /// Whether it counts among the mails of critical incidents.
    pub critical: bool,
    /// What holds it, if it is queued and was asked for among those that wait.
    pub held: Option<Held>,
}

/// How the outbox stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Notices by state.
    pub states: Vec<(String, u64)>,
    /// When the next one is due.
    pub next: Option<i64>,
    /// Relays that failed: name, failures in a row, when it is tried again, its words.
    pub breakers: Vec<(String, u32, i64, String)>,
    /// Those that were given up, the last first.
    pub dead: Vec<Told>,
    /// What is left for each recipient, and whether that is for critical incidents.
    pub buckets: Vec<(String, bool, Bucket)>,
}

impl Told {
    /// What it is about, in words.
    pub fn about(&self) -> String {
        match self.incident {
            Some(id) => format!("incident {id}"),
            None if self.reason == Reason::Confirm.code() => "confirmation".into(),
            None => "digest".into(),
        }
    }
}

impl OutboxStatus {
    /// Notices that are still to be sent.
    pub fn waiting(&self) -> u64 {
        let waits = |(state, _): &&(String, u64)| ["queued", "deferred", "sending"].contains(&&state[..]);
        self.states.iter().filter(waits).map(|(_, count)| count).sum()
    }
}

const COLUMNS: &str = "n.id, n.incident, n.recipient, n.route, n.reason, n.state, n.created, n.due, n.attempts, \
     n.words, n.sent, n.digest, d.state, d.sent, n.silence, n.message, n.critical";

/// All notices of an incident, in order.
pub(super) fn of(db: &Connection, tenant: &Tenant, incident: i64) -> Result<Vec<Told>, StoreError> {
    rows(db, "n.tenant = ?1 AND n.incident = ?2 ORDER BY n.id LIMIT 10000", tenant, incident)
}

impl Database {
    /// What was told of an incident, and what was not.
    pub fn told(&self, tenant: &Tenant, incident: i64) -> Result<Vec<Told>, StoreError> {
        let told = self.readers.read(|db| of(db, tenant, incident))?;
        self.holding(tenant, told)
    }

    /// Notices that wait, the next first.
    pub fn waiting(&self, tenant: &Tenant, most: u32) -> Result<Vec<Told>, StoreError> {
        let waiting = self.readers.read(|db| waiting(db, tenant, most))?;
        self.holding(tenant, waiting)
    }

    /// The same, with what holds each.
    pub(super) fn holding(&self, tenant: &Tenant, mut all: Vec<Told>) -> Result<Vec<Told>, StoreError> {
        let (policy, now) = (self.policy(), self.clock.now());
        let held = self.readers.read(|db| held::of(db, tenant, &policy, now, &all))?;
        all.iter_mut().zip(held).for_each(|(told, held)| told.held = held);
        Ok(all)
    }

    /// How many notices wait.
    pub fn waits(&self, tenant: &Tenant) -> Result<u64, StoreError> {
        self.readers.read(|db| count(db, tenant))
    }

    /// How the outbox stands. It counts all that was ever sent.
    pub fn outbox(&self, tenant: &Tenant, most: u32) -> Result<OutboxStatus, StoreError> {
        self.readers.read(|db| status(db, tenant, most))
    }

    /// Lets everything of a tenant that failed go again at once; answers how many notices can go now. A relay is
    /// everybody's: that it is tried early serves the others, too.
    pub fn flush(&self, tenant: &Tenant, actor: Actor) -> Result<u64, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| {
            flush(db, &tenant, this.now)?;
            let count = outbox::can_go(&this.work(db, &tenant))?;
            log::note(db, &Deed::notices_flushed(count).of(&tenant).by(actor), this.now)?;
            Ok(count)
        })
    }

    /// Queues what was given up again: one notice, or all; answers how many. What is for somebody who is no recipient any
    /// more stays as it is: [`Database::departed`].
    pub fn retry(&self, tenant: &Tenant, notice: Option<i64>, actor: Actor) -> Result<u64, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| {
            let gone = departed::dead(db, &this.policy, &tenant, notice)?;
            let count = retry(db, &tenant, notice, &gone, this.now)?;
            if count > 0 {
                log::note(db, &Deed::notices_retried(count).of(&tenant).by(actor), this.now)?;
            }
            Ok(count)
        })
    }

    /// How many of what was given up, one notice or all, are for somebody who is no recipient any more.
    pub fn departed(&self, tenant: &Tenant, notice: Option<i64>) -> Result<u64, StoreError> {
        let policy = self.policy();
        let count = |db: &Connection| Ok(departed::dead(db, &policy, tenant, notice)?.len() as u64);
        self.readers.read(count)
    }
}

/// As the index of what waits says it: else SQLite reads all that was ever sent.
const WAITS: &str = "n.tenant = ?1 AND n.state IN ('queued', 'deferred', 'sending')";

/// Whether somebody was told, or is to be, by a route that these do not know: of one tenant, or of any.
pub(super) fn by_others(
    db: &Connection,
    policy: &Policy,
    tenant: Option<&Tenant>,
) -> Result<bool, StoreError> {
    let routes = policy.routes.0.iter().map(|route| &route.name[..]);
    let known: Vec<&str> = routes.chain([Route::TENANT]).collect();
    // A digest is of notices that have their own.
    let sql = "SELECT 1 FROM notices WHERE incident IS NOT NULL AND (?2 IS NULL OR tenant = ?2)
         AND route NOT IN (SELECT value FROM json_each(?1)) LIMIT 1";
    let key = params![Value::from(known).to_string(), tenant.map(Tenant::as_str)];
    Ok(db.prepare_cached(sql)?.exists(key)?)
}

/// Those that wait, oldest first.
pub(super) fn waiting(db: &Connection, tenant: &Tenant, most: u32) -> Result<Vec<Told>, StoreError> {
    rows(db, &format!("{WAITS} ORDER BY n.due, n.id LIMIT ?2"), tenant, i64::from(most))
}

/// How many wait.
pub(super) fn count(db: &Connection, tenant: &Tenant) -> Result<u64, StoreError> {
    let mut statement = db.prepare_cached(&counting())?;
    Ok(statement.query_row([tenant.as_str()], |row| row.get(0))?)
}

fn counting() -> String {
    format!("SELECT count(*) FROM notices n WHERE {WAITS}")
}

/// How the outbox stands.
pub(super) fn status(db: &Connection, tenant: &Tenant, most: u32) -> Result<OutboxStatus, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT state, count(*) FROM notices WHERE tenant = ?1 GROUP BY state ORDER BY state",
    )?;
    let states = statement.query_map([tenant.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let states = states.collect::<Result<_, _>>()?;
    let sql = "SELECT min(due) FROM notices WHERE tenant = ?1 AND state IN ('queued', 'deferred')";
    let next = db.prepare_cached(sql)?.query_row([tenant.as_str()], |row| row.get(0))?;
    let which = "n.tenant = ?1 AND n.state = 'dead' ORDER BY n.id DESC LIMIT ?2";
    let dead = rows(db, which, tenant, i64::from(most))?;
    Ok(OutboxStatus { states, next, breakers: breakers(db)?, dead, buckets: buckets(db, tenant)? })
}

/// Relays that failed.
pub(super) fn breakers(db: &Connection) -> Result<Vec<(String, u32, i64, String)>, StoreError> {
    let sql = "SELECT relay, failures, closed_at, words FROM breakers ORDER BY relay";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is left for a tenant's recipients.
pub(super) fn buckets(db: &Connection, tenant: &Tenant) -> Result<Vec<(String, bool, Bucket)>, StoreError> {
    let sql = "SELECT recipient, critical, level, at FROM buckets WHERE tenant = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([tenant.as_str()], |row| {
        Ok((row.get(0)?, row.get(1)?, Bucket { level: row.get(2)?, at: row.get(3)? }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Lets everything that failed go again at once. Quiet hours go on: what they hold has not failed.
fn flush(db: &Connection, tenant: &Tenant, now: i64) -> Result<(), StoreError> {
    outbox::unwind(db, now)?;
    db.prepare_cached("DELETE FROM breakers")?.execute([])?;
    let sql = "UPDATE notices SET due = ?2 WHERE tenant = ?1 AND state = 'deferred' AND due > ?2";
    db.prepare_cached(sql)?.execute(params![tenant.as_str(), now])?;
    Ok(())
}

/// Queues what was given up again: one notice, or all but some; answers how many.
fn retry(
    db: &Connection,
    tenant: &Tenant,
    notice: Option<i64>,
    but: &[i64],
    now: i64,
) -> Result<u64, StoreError> {
    let sql = "UPDATE notices SET state = 'queued', due = ?3, created = ?3, attempts = 0
         WHERE tenant = ?1 AND state = 'dead' AND (?2 IS NULL OR id = ?2)
            AND id NOT IN (SELECT value FROM json_each(?4))";
    let but = Value::from(but.to_vec()).to_string();
    let count = db.prepare_cached(sql)?.execute(params![tenant.as_str(), notice, now, but])? as u64;
    hurry(db, tenant)?;
    Ok(count)
}

/// What waits before a critical notice of its incident, alone or within a digest, is as urgent: nothing overtakes it.
fn hurry(db: &Connection, tenant: &Tenant) -> Result<(), StoreError> {
    db.prepare_cached(&hurrying("n.tenant = ?1"))?.execute([tenant.as_str()])?;
    Ok(())
}

/// The same, of all tenants.
pub(super) fn hurry_all(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached(&hurrying("true"))?.execute([])?;
    Ok(())
}

fn hurrying(of: &str) -> String {
    format!(
        "WITH ahead (id, due) AS (
            SELECT CASE e.state WHEN 'folded' THEN e.digest ELSE e.id END, min(n.due)
            FROM notices n JOIN notices e
                ON e.tenant = n.tenant AND e.incident = n.incident AND e.recipient = n.recipient AND e.id < n.id
            WHERE {of} AND n.state IN ('queued', 'deferred') AND n.critical
                AND e.state IN ('queued', 'deferred', 'folded')
            GROUP BY 1)
        UPDATE notices SET critical = 1, due = min(notices.due, ahead.due) FROM ahead
        WHERE notices.id = ahead.id AND notices.state IN ('queued', 'deferred') AND NOT notices.critical"
    )
}

fn selecting(which: &str) -> String {
    format!("SELECT {COLUMNS} FROM notices n LEFT JOIN notices d ON d.id = n.digest WHERE {which}")
}

fn rows(db: &Connection, which: &str, tenant: &Tenant, second: i64) -> Result<Vec<Told>, StoreError> {
    select(db, which, params![tenant.as_str(), second])
}

/// The notices `n` that are such.
pub(super) fn select(db: &Connection, which: &str, key: impl Params) -> Result<Vec<Told>, StoreError> {
    let mut statement = db.prepare_cached(&selecting(which))?;
    let rows = statement.query_map(key, |row| {
        let digest = match (row.get(11)?, row.get(12)?) {
            (Some(digest), Some(state)) => Some((digest, state, row.get(13)?)),
            _ => None,
        };
        Ok(Told {
            notice: row.get(0)?,
            incident: row.get(1)?,
            recipient: row.get(2)?,
            route: row.get(3)?,
            reason: row.get(4)?,
            state: row.get(5)?,
            created: row.get(6)?,
            due: row.get(7)?,
            attempts: row.get(8)?,
            words: row.get(9)?,
            sent: row.get(10)?,
            digest,
            silence: row.get(14)?,
            message: row.get(15)?,
            critical: row.get(16)?,
            held: None,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrations;

    #[test]
    fn what_waits_is_found_without_reading_what_was_sent() {
        let mut db = Connection::open_in_memory().unwrap();
        migrations::migrate(&mut db).unwrap();
        for sql in [selecting(&format!("{WAITS} ORDER BY n.due, n.id LIMIT ?2")), counting()] {
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let mut rows = statement.raw_query();
            let mut plan = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                plan.push(row.get::<_, String>(3).unwrap());
            }
            let of_notices = plan[0].replace("COVERING ", "");
            assert_eq!(of_notices, "SEARCH n USING INDEX notices_open (tenant=?)", "{sql}");
            assert!(plan.iter().all(|step| !step.contains("SCAN") && !step.contains("SORT")), "{plan:?}");
        }
    }
}
