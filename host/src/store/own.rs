//! Which notices this program has queued: a command answers for its own, and for nobody else's.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::database::Database;
use super::told::{self, Told};
use crate::commit::{StoreError, Tenant};

/// Ranges that are kept; behind them, what others queue in between counts as ours. Nobody asks a server.
const MOST: usize = 1_000;

/// What was queued by this program, by number. What one transaction queues is a range: nobody else writes meanwhile.
#[derive(Debug, Default)]
pub(super) struct Own(Mutex<Queued>);

#[derive(Clone, Debug, Default)]
struct Queued {
    /// The first and the last of each range.
    notices: Vec<(i64, i64)>,
    /// Whether anything happened of which somebody could be told.
    events: bool,
}

impl Own {
    /// Does the work, and remembers what it queues.
    pub(super) fn of<T>(
        &self,
        db: &Connection,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (notices, events) = (last(db, "notices")?, last(db, "events")?);
        let done = work()?;
        let (now, happened) = (last(db, "notices")?, last(db, "events")? > events);
        if now > notices || happened {
            let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            own.events |= happened;
            if now > notices {
                own.add(notices + 1, now);
            }
        }
        Ok(done)
    }

    fn queued(&self) -> Queued {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Queued {
    fn add(&mut self, first: i64, last: i64) {
        let is_full = self.notices.len() >= MOST;
        match self.notices.last_mut().filter(|(_, end)| is_full || *end + 1 == first) {
            Some((_, end)) => *end = last,
            None => self.notices.push((first, last)),
        }
    }
}

/// The number that a table gave last.
fn last(db: &Connection, table: &str) -> Result<i64, StoreError> {
    let mut statement = db.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?;
    Ok(statement.query_row([table], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Those of these ranges that wait, by themselves or within a digest.
const WAITING: &str = "n.tenant = ?1 AND n.state IN ('queued', 'deferred', 'sending') AND (
    n.incident IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(?2) r
        WHERE n.id BETWEEN json_extract(r.value, '$[0]') AND json_extract(r.value, '$[1]'))
    OR n.incident IS NULL AND EXISTS (SELECT 1 FROM notices m, json_each(?2) r WHERE m.digest = n.id
        AND m.id BETWEEN json_extract(r.value, '$[0]') AND json_extract(r.value, '$[1]')))";

impl Database {
    /// How many notices of a tenant wait that this program has queued, and the first of them.
    pub fn own_waiting(&self, tenant: &Tenant, most: u32) -> Result<(u64, Vec<Told>), StoreError> {
        let own = self.own.queued().notices;
        if own.is_empty() {
            return Ok((0, Vec::new()));
        }
        let ranges = Value::from_iter(own.iter().map(|(first, last)| Value::from_iter([*first, *last])));
        let ranges = ranges.to_string();
        let (count, waiting) = self.readers.read(|db| {
            let sql = format!("SELECT count(*) FROM notices n WHERE {WAITING}");
            let key = params![tenant.as_str(), ranges];
            let count = db.prepare_cached(&sql)?.query_row(key, |row| row.get(0))?;
            let which = format!("{WAITING} ORDER BY n.due, n.id LIMIT ?3");
            Ok((count, told::select(db, &which, params![tenant.as_str(), ranges, most])?))
        })?;
        Ok((count, self.holding(tenant, waiting)?))
    }

    /// Whether something has happened here of which others are told: by routes that are not known here.
    pub fn tells_less(&self, tenant: &Tenant) -> Result<bool, StoreError> {
        let policy = self.policy();
        if !self.own.queued().events || !policy.may_be_partial() {
            return Ok(false);
        }
        self.readers.read(|db| told::by_others(db, &policy, Some(tenant)))
    }

    /// The number of the last notice that was queued, by whomever.
    pub fn last_notice(&self) -> Result<i64, StoreError> {
        self.readers.read(|db| last(db, "notices"))
    }

    /// Whether something that could go now was queued behind this number.
    pub fn queued_behind(&self, notice: i64) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let sql = "SELECT 1 FROM notices WHERE state = 'queued' AND id > ?1 AND due <= ?2 LIMIT 1";
        self.readers.read(|db| Ok(db.prepare_cached(sql)?.exists([notice, now])?))
    }
}
