//! What the passing of time does: acknowledgements run out, quiet incidents resolve themselves, silences end, open
//! incidents are told again, old ones are deleted by the time that is believed. Whoever acts on the database applies what is due.
//!
//! What is due may tell somebody, so it goes by the routes of whoever applies it. One without routes, or with some that are
//! not all there are, would take from those who were told before what becomes of it; it leaves the timers to one that has
//! their routes. Likewise one whose routes never tell again leaves those alone that are to be told again.

use rusqlite::{Connection, params};

use super::incidents::{due, get, update};
use super::telling::{Installation, Work};
use super::{batches, clock, confirming, redacting, scrubbing, search, silences, told};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Happening, Incident, Policy, State};
use crate::notices::Reason;

/// Incidents of one step: a transaction must not take long.
const STEP: u32 = 200;
/// In which a bucket fills.
const HOUR: i64 = 60 * 60 * 1_000_000_000;

/// What was done, and whether there is more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Acknowledgements that ran out.
    pub expired: u64,
    /// Incidents that resolved themselves.
    pub resolved: u64,
    /// Incidents that are told again.
    pub repeated: u64,
    /// Incidents that are told after a silence.
    pub unsilenced: u64,
    /// Incidents that were deleted.
    pub deleted: u64,
    /// Rows of other kinds that are kept no longer: what was excepted, digests of which nothing is left, buckets, how often
    /// addresses were asked.
    pub swept: u64,
    /// Things that were stored before a pattern of redaction was there, and are blotted out now.
    pub blotted: u64,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// Does one step of what is due.
pub(super) fn apply(
    db: &Connection,
    policy: &Policy,
    installation: &Installation,
    now: i64,
) -> Result<Due, StoreError> {
    let mut done = Due::default();
    let believed = clock::advance(db, now)?;
    if let Some(retention) = policy.limits.retention {
        search::settle(db)?;
        done.deleted = delete(db, believed.saturating_sub(retention))?;
        done.swept = sweep(db, believed.saturating_sub(retention), believed)?;
    }
    let (blotted, more) = redacting::step(db, policy, installation.own())?;
    done.blotted = blotted;
    if done.deleted + done.swept + blotted > 0 {
        scrubbing::begin(db)?;
    }
    done.swept += confirming::forget(db, now)?;
    done.swept += batches::forget(db, believed.saturating_sub(batches::KNOWN), STEP)?;
    let step = u64::from(STEP);
    done.more = more || done.deleted == step || done.swept >= step;
    if leaves(db, policy, now)? {
        return Ok(done);
    }
    let each = |condition: &str, what: &mut dyn FnMut(&Work<'_>, Incident) -> Result<(), StoreError>| {
        let found = due(db, condition, now, STEP)?;
        for (tenant, id) in &found {
            if let Some(incident) = get(db, tenant, *id)? {
                what(&Work { db, tenant, policy, installation, now }, incident)?;
            }
        }
        Ok::<_, StoreError>(found.len() as u64)
    };
    done.expired = each("acknowledged_until <= ?1", &mut |work, mut incident| {
        let what = incident.expire(now);
        update(db, &incident)?;
        work.happened(&incident, &Actor::timer(), what, Some(Reason::AcknowledgementExpired))
    })?;
    done.resolved = each("resolves_at <= ?1", &mut |work, mut incident| {
        let what = incident.resolve_itself(now);
        update(db, &incident)?;
        work.happened(&incident, &Actor::timer(), what, Some(Reason::Resolved))
    })?;
    let repeats = policy.routes.0.iter().any(|route| route.repeat_nanos().is_some());
    let due_again = if repeats { "repeats_at <= ?1" } else { "repeats_at <= ?1 AND state = 2" };
    done.repeated = each(due_again, &mut |work, mut incident| {
        let again = work.again(&incident)?;
        incident.repeats_at = again.next;
        update(db, &incident)?;
        match again.planned.is_empty() {
            true => Ok(()),
            false => work.happened(&incident, &Actor::timer(), Happening::Repeated, Some(Reason::Repeat)),
        }
    })?;
    let over = silences::unsettled(db, now)?;
    done.more |= over.len() == silences::UNSETTLED;
    for (tenant, silence) in over {
        silences::settle(db, &tenant, silence)?;
        for (id, held) in silences::held_back(db, &tenant, silence)? {
            let Some(incident) = get(db, &tenant, id)?.filter(|one| one.state == State::Open) else {
                continue;
            };
            let work = Work { db, tenant: &tenant, policy, installation, now };
            work.unsilenced(&incident, silence, held)?;
            done.unsilenced += 1;
        }
    }
    done.more |= [done.expired, done.resolved, done.repeated].contains(&step);
    Ok(done)
}

/// Whether what is due is left to somebody else: others were told by routes that these do not know.
///
/// By the names of routes, not by addresses: an address that a flag names counts for its command alone, and two commands
/// with different ones would each leave all to the other, for ever. Whom a silence held back from is told all the same.
fn leaves(db: &Connection, policy: &Policy, now: i64) -> Result<bool, StoreError> {
    if !policy.may_be_partial() {
        return Ok(false);
    }
    // Who was told is only looked for if there is something to leave: all that was ever sent is read for it.
    let pending = "SELECT 1 WHERE EXISTS (SELECT 1 FROM incidents WHERE acknowledged_until <= ?1)
            OR EXISTS (SELECT 1 FROM incidents WHERE resolves_at <= ?1)
            OR EXISTS (SELECT 1 FROM incidents WHERE repeats_at <= ?1)
            OR EXISTS (SELECT 1 FROM silences WHERE settled = 0 AND (ends <= ?1 OR ended IS NOT NULL))";
    if !db.prepare_cached(pending)?.exists([now])? {
        return Ok(true);
    }
    told::by_others(db, policy, None)
}

/// Deletes incidents that were resolved before this time, with all that was kept of them.
fn delete(db: &Connection, before: i64) -> Result<u64, StoreError> {
    let found = due(db, "state = 2 AND changed < ?1 ORDER BY changed", before, STEP)?;
    for (tenant, id) in &found {
        delete_one(db, tenant, *id)?;
    }
    Ok(found.len() as u64)
}

fn delete_one(db: &Connection, tenant: &Tenant, id: i64) -> Result<(), StoreError> {
    let key = params![tenant.as_str(), id];
    for sql in [
        "DELETE FROM notices WHERE tenant = ?1 AND incident = ?2",
        "DELETE FROM occurrences WHERE tenant = ?1 AND incident = ?2",
        "DELETE FROM incidents WHERE tenant = ?1 AND id = ?2",
    ] {
        db.prepare_cached(sql)?.execute(key)?;
    }
    Ok(())
}

/// Deletes what names people and belongs to no incident: titles of what was excepted before this time, digests whose
/// incidents are all gone, buckets that are full again, which are as if they had never been used, and silences, exceptions
/// and tokens that were over before this time; of security.log's records those that are in the file, or that nobody has
/// asked for.
///
/// A silence stays for as long as there is a notice that it held back, since that is why it was not sent; so does an
/// exception while what it took out is known.
fn sweep(db: &Connection, before: i64, now: i64) -> Result<u64, StoreError> {
    let mut swept = 0;
    for (sql, time) in [
        (
            "DELETE FROM excepted WHERE (tenant, id) IN (SELECT tenant, id FROM excepted WHERE at < ?1 LIMIT ?2)",
            before,
        ),
        (
            "DELETE FROM notices WHERE id IN (
                SELECT id FROM notices d WHERE d.incident IS NULL AND d.created < ?1 AND d.state <> 'sending'
                    AND NOT EXISTS (SELECT 1 FROM notices m WHERE m.digest = d.id) LIMIT ?2)",
            before,
        ),
        (
            "DELETE FROM buckets WHERE (tenant, recipient, critical) IN (
                SELECT tenant, recipient, critical FROM buckets WHERE at < ?1 LIMIT ?2)",
            now.saturating_sub(HOUR),
        ),
        (
            "DELETE FROM silences WHERE (tenant, id) IN (
                SELECT tenant, id FROM silences s WHERE settled = 1 AND min(ends, coalesce(ended, ends)) < ?1
                    AND NOT EXISTS (SELECT 1 FROM notices n
                        WHERE n.tenant = s.tenant AND n.silence = s.id AND n.state = 'silenced') LIMIT ?2)",
            before,
        ),
        (
            "DELETE FROM exceptions WHERE (tenant, id) IN (
                SELECT tenant, id FROM exceptions e WHERE coalesce(ended, until) < ?1
                    AND NOT EXISTS (SELECT 1 FROM excepted x WHERE x.tenant = e.tenant AND x.exception = e.id)
                LIMIT ?2)",
            before,
        ),
        (
            "DELETE FROM tokens WHERE id IN (
                SELECT id FROM tokens WHERE min(coalesce(revoked, expires), coalesce(expires, revoked)) < ?1 LIMIT ?2)",
            before,
        ),
        (
            "DELETE FROM log_records WHERE seq IN (
                SELECT seq FROM (SELECT seq, at FROM log_records ORDER BY seq LIMIT ?2) WHERE at < ?1
                    AND (seq <= (SELECT seq FROM log_head) OR NOT EXISTS (SELECT 1 FROM log_head WHERE path IS NOT NULL)))",
            before,
        ),
    ] {
        swept += db.prepare_cached(sql)?.execute(params![time, STEP])? as u64;
    }
    Ok(swept)
}
