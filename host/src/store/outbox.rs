//! The outbox: what is sent next, and how it ended.
//!
//! ```text
//!   queued ──► sending ──► sent
//!     ▲  │        │ ├────► deferred ──► sending      4xx, the connection: again later, for four days
//!     │  │        │ └────► dead                      5xx, or the attempt failed and it is too old: visible, can be
//!     │  │        │         ▲                        queued again
//!     │  ├────────┴─────────┘                        whom it is for is no recipient any more
//!     │  └──────► folded into a digest, which is a notice of its own
//!     └── retry
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::database::Database;
use super::leasing::lease;
use super::telling::{Installation, Work};
use super::{breakers, confirming, departed, digest, incidents, open, quotas, tenants, timeline, told};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Entry, Happening, Policy};
use crate::notices::{Bucket, DelivererLock, End, Next, Outbox, Reason, Throttle, backoff};
use crate::quota::{QuotaKind, day, next_day};
use crate::token::ConfirmationSecret;

/// What could not be delivered when it is as old as this is given up: four days, as mail servers do (RFC 5321 section 4.5.4.1).
const GIVEN_UP: i64 = 4 * 24 * 60 * 60 * 1_000_000_000;
const TOO_OLD: &str = "not delivered within four days";

impl Outbox for Database {
    fn deliverer(&self) -> Result<Option<DelivererLock>, StoreError> {
        self.writes()?;
        Ok(open::lock_beside(self.path(), "-deliverer")?.map(DelivererLock::new))
    }

    fn reclaim(&self) -> Result<u64, StoreError> {
        self.write(|db, this| reclaim(db, this.now))
    }

    fn next(&self, relay: &str) -> Result<Next, StoreError> {
        let relay = relay.to_string();
        // Drawn here, if it is needed or not: nothing waits for it while the database is held.
        let secret = ConfirmationSecret::draw().map_err(|error| StoreError::Io(Arc::new(error)))?;
        let next = self
            .write(move |db, this| next(db, &this.policy, &this.installation, (&relay, secret), this.now))?;
        crate::crash::point("lease_taken");
        Ok(next)
    }

    fn finish(&self, relay: &str, notice: i64, end: &End) -> Result<bool, StoreError> {
        let (relay, end) = (relay.to_string(), end.clone());
        self.write(move |db, this| {
            finish(db, &this.policy, &this.installation, &relay, notice, &end, this.now)
        })
    }
}

/// Lets go what only waits because the clock was ahead when it was queued or deferred. Of what was queued later than now
/// it is not known until when quiet hours last; a clock that is set back by less than they are looked at keeps them.
pub(super) fn unwind(db: &Connection, now: i64) -> Result<(), StoreError> {
    let sql = "UPDATE notices SET due = ?1 WHERE state IN ('queued', 'deferred') AND due > ?1
            AND (state = 'deferred' AND due > ?2 OR created > ?1 AND due <= created OR created > ?2)";
    db.prepare_cached(sql)?.execute([now, now.saturating_add(breakers::PATIENCE)])?;
    Ok(())
}

/// Takes back what was being sent, and may have arrived; and what a clock that was ahead holds.
pub(super) fn reclaim(db: &Connection, now: i64) -> Result<u64, StoreError> {
    unwind(db, now)?;
    let sql =
        "UPDATE notices SET state = 'deferred', due = ?1, lease = NULL, unsure = 1 WHERE state = 'sending'";
    let reclaimed = db.prepare_cached(sql)?.execute([now])? as u64;
    if reclaimed > 0 {
        told::hurry_all(db)?;
    }
    Ok(reclaimed)
}

/// What waits for one recipient.
pub(super) struct Waiting {
    pub(super) tenant: Tenant,
    pub(super) recipient: String,
    pub(super) critical: bool,
    due: u64,
    /// When the oldest of them was put here.
    since: i64,
}

/// How many mails tenants may still send on this day.
#[derive(Default)]
struct Mails(HashMap<Tenant, Option<(u64, u64)>>);

impl Mails {
    /// `None`: as many as there are.
    fn left(&mut self, work: &Work<'_>) -> Result<Option<u64>, StoreError> {
        let known = match self.0.get(work.tenant) {
            Some(known) => *known,
            None => {
                let most = quotas::in_force(work.db, work.policy, work.tenant)?.most(QuotaKind::Mails);
                let sent = most.map(|_| quotas::mails(work.db, work.tenant, work.now)).transpose()?;
                let known = most.zip(sent);
                self.0.insert(work.tenant.clone(), known);
                known
            }
        };
        Ok(known.map(|(most, sent)| most.saturating_sub(sent)))
    }

    fn most(&self, tenant: &Tenant) -> u64 {
        self.0.get(tenant).copied().flatten().map_or(u64::MAX, |(most, _)| most)
    }
}

/// What to send now, or when to look again.
pub(super) fn next(
    db: &Connection,
    policy: &Policy,
    installation: &Installation,
    (relay, secret): (&str, ConfirmationSecret),
    now: i64,
) -> Result<Next, StoreError> {
    if let Some(closed) = breakers::closed(db, relay, now)? {
        return Ok(if next_due(db, i64::MIN)?.is_some() { Next::Wait(closed) } else { Next::Idle });
    }
    let mut again = next_due(db, now)?;
    let all = waiting(db, now)?;
    let mut departed = Vec::new();
    for Waiting { tenant, recipient, .. } in &all {
        let work = Work { db, tenant, policy, installation, now };
        if !tenants::may_be_told(db, policy, tenant, recipient)? {
            departed.push((recipient.clone(), departed::give_up(&work, recipient)?));
        }
    }
    departed.retain(|(_, count)| *count > 0);
    if !departed.is_empty() {
        return Ok(Next::Departed(departed));
    }
    let mut mails = Mails::default();
    for waiting in all {
        let work = Work { db, tenant: &waiting.tenant, policy, installation, now };
        let left = mails.left(&work)?;
        if left == Some(0) {
            let most = mails.most(&waiting.tenant);
            if quotas::tell(&work, QuotaKind::Mails, most)? {
                return Ok(Next::OverQuota(waiting.tenant.clone(), QuotaKind::Mails, most));
            }
            let at = next_day(now);
            again = Some(again.map_or(at, |again| again.min(at)));
            continue;
        }
        let bucket = bucket(&work, &waiting)?;
        let tokens = policy.throttle.tokens(bucket);
        if tokens == 0 {
            let at = policy.throttle.next(bucket);
            again = Some(again.map_or(at, |again| again.min(at)));
            continue;
        }
        // What is left over from the day before goes as one, and so does what would use up the day.
        let is_late = left.is_some() && waiting.since < day(now);
        if waiting.due > tokens || is_late || left.is_some_and(|left| waiting.due > left) {
            digest::fold(&work, &waiting.recipient, waiting.critical)?;
        }
        if let Some(leased) = lease(&work, &waiting, &secret)? {
            put_bucket(&work, &waiting, policy.throttle.taken(bucket))?;
            return Ok(Next::Send(Box::new(leased)));
        }
    }
    Ok(again.map_or(Next::Idle, Next::Wait))
}

/// When the first one that waits after this time is due.
fn next_due(db: &Connection, now: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT min(due) FROM notices WHERE state IN ('queued', 'deferred') AND due > ?1";
    Ok(db.prepare_cached(sql)?.query_row([now], |row| row.get(0))?)
}

/// Who has something due; whoever has waited longest first.
fn waiting(db: &Connection, now: i64) -> Result<Vec<Waiting>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT tenant, recipient, critical, count(*), min(created) FROM notices
         WHERE state IN ('queued', 'deferred') AND due <= ?1
         GROUP BY tenant, recipient, critical ORDER BY critical DESC, min(due), min(id)",
    )?;
    let rows = statement.query_map([now], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?, row.get(4)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (tenant, recipient, critical, due, since) = row?;
        let due = due.max(0) as u64;
        found.extend(Tenant::new(&tenant).map(|tenant| Waiting { tenant, recipient, critical, due, since }));
    }
    Ok(found)
}

/// How many notices of a tenant can go now: they are due, and the hour's mails are not used up.
pub(super) fn can_go(work: &Work<'_>) -> Result<u64, StoreError> {
    let mut count = 0;
    if Mails::default().left(work)? == Some(0) {
        return Ok(0);
    }
    for waiting in waiting(work.db, work.now)?.iter().filter(|waiting| waiting.tenant == *work.tenant) {
        let tokens = work.policy.throttle.tokens(bucket(work, waiting)?);
        count += if tokens > 0 { waiting.due } else { 0 };
    }
    Ok(count)
}

fn bucket(work: &Work<'_>, of: &Waiting) -> Result<Bucket, StoreError> {
    let Work { db, tenant, policy, now, .. } = work;
    let mut statement = db.prepare_cached(
        "SELECT level, at FROM buckets WHERE tenant = ?1 AND recipient = ?2 AND critical = ?3",
    )?;
    let known = statement.query_row(params![tenant.as_str(), of.recipient, of.critical], |row| {
        Ok(Bucket { level: row.get(0)?, at: row.get(1)? })
    });
    let throttle: &Throttle = &policy.throttle;
    Ok(known.optional()?.map_or_else(|| throttle.full(*now), |bucket| throttle.refilled(bucket, *now)))
}

fn put_bucket(work: &Work<'_>, of: &Waiting, bucket: Bucket) -> Result<(), StoreError> {
    work.db
        .prepare_cached(
            "INSERT INTO buckets (tenant, recipient, critical, level, at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET level = ?4, at = ?5",
        )?
        .execute(params![work.tenant.as_str(), of.recipient, of.critical, bucket.level, bucket.at])?;
    Ok(())
}

/// How an attempt ended; answers whether the notice is given up by that. It never is before it was tried.
pub(super) fn finish(
    db: &Connection,
    policy: &Policy,
    installation: &Installation,
    relay: &str,
    notice: i64,
    end: &End,
    now: i64,
) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT tenant, recipient, critical, attempts, reason, lease, created FROM notices
         WHERE id = ?1 AND state = 'sending'",
    )?;
    let row = statement.query_row([notice], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get::<_, u32>(3)?,
            row.get::<_, String>(4)?,
            row.get::<_, Option<i64>>(5)?,
            row.get::<_, i64>(6)?,
        ))
    });
    // Its incident may have been deleted meanwhile.
    let Some((tenant, recipient, critical, attempts, reason, lease, created)) = row.optional()? else {
        return Ok(false);
    };
    let Some(tenant) = Tenant::new(&tenant) else { return Ok(false) };
    let of = Waiting { tenant: tenant.clone(), recipient, critical, due: 0, since: now };
    let work = Work { db, tenant: &tenant, policy, installation, now };
    let put = |state: &str, due: i64, words: &str| -> Result<(), StoreError> {
        let sent = (state == "sent").then_some(now);
        db.prepare_cached(
            "UPDATE notices SET state = ?2, due = ?3, words = ?4, sent = ?5, lease = NULL WHERE id = ?1",
        )?
        .execute(params![notice, state, due, words, sent])?;
        Ok(())
    };
    let behind = critical_behind(&work, notice, &of.recipient, lease.unwrap_or(now))?;
    let later = now.saturating_add(backoff(attempts, notice as u64));
    let later = behind.map_or(later, |due| due.min(later));
    let is_old = created <= now.saturating_sub(GIVEN_UP);
    let asks = reason == Reason::Confirm.code();
    let give_up = |words: &str| {
        put("dead", now, words)?;
        if asks {
            confirming::told(&work, "recipient.unreached", &of.recipient)?;
        }
        told(&work, notice, &Happening::Undelivered { recipient: of.recipient.clone(), words: words.into() })
    };
    match end {
        End::Sent(words) => {
            put("sent", now, words)?;
            if asks {
                confirming::told(&work, "recipient.mailed", &of.recipient)?;
            }
            told(&work, notice, &Happening::Notified { reason, recipient: of.recipient.clone() })?;
        }
        End::Refused(words) => give_up(words)?,
        End::Departed => give_up(end.words())?,
        End::Deferred(words) | End::Relay(words) if is_old => give_up(&format!("{TOO_OLD}: {words}"))?,
        End::Deferred(words) => put("deferred", later, words)?,
        End::Unsure(words) => {
            match is_old {
                true => give_up(&format!("{TOO_OLD}: {words}"))?,
                false => put("deferred", later, words)?,
            }
            // From now on it can only go as itself: its id is what tells the second from the first.
            db.prepare_cached("UPDATE notices SET unsure = 1 WHERE id = ?1")?.execute([notice])?;
        }
        End::Relay(words) => {
            // Not its fault: it counts as an attempt of the relay's.
            put("queued", now, words)?;
            db.prepare_cached("UPDATE notices SET attempts = attempts - 1 WHERE id = ?1")?
                .execute([notice])?;
        }
    }
    if behind.is_some() {
        // Had it waited, it had become as urgent. What has ended is not looked at again.
        db.prepare_cached(
            "UPDATE notices SET critical = 1 WHERE id = ?1 AND state IN ('queued', 'deferred')",
        )?
        .execute([notice])?;
    }
    // What may have arrived has used its token.
    if matches!(end, End::Deferred(_) | End::Refused(_) | End::Relay(_)) {
        let bucket = bucket(&work, &of)?;
        put_bucket(&work, &of, policy.throttle.given_back(bucket))?;
    }
    match end {
        End::Relay(words) | End::Unsure(words) => breakers::failed(db, relay, words, now)?,
        End::Sent(_) | End::Deferred(_) | End::Refused(_) | End::Departed => {
            breakers::opened(db, relay)?;
        }
    }
    Ok(matches!(end, End::Refused(_) | End::Departed) || is_old && !matches!(end, End::Sent(_)))
}

/// When a critical notice is due that was queued behind this one while it was being sent: one that waited before has
/// had its early attempt.
fn critical_behind(
    work: &Work<'_>,
    notice: i64,
    recipient: &str,
    lease: i64,
) -> Result<Option<i64>, StoreError> {
    let mut statement = work.db.prepare_cached(
        "SELECT min(n.due) FROM notices n
         WHERE n.tenant = ?1 AND n.recipient = ?2 AND n.id > ?3 AND n.created > ?4 AND n.critical
            AND n.state IN ('queued', 'deferred')
            AND n.incident IN (SELECT incident FROM notices WHERE id = ?3 OR digest = ?3)",
    )?;
    Ok(statement.query_row(params![work.tenant.as_str(), recipient, notice, lease], |row| row.get(0))?)
}

/// Notes in the timeline of its incident, or of all its digest's, what became of a notice.
pub(super) fn told(work: &Work<'_>, notice: i64, what: &Happening) -> Result<(), StoreError> {
    let mut statement = work.db.prepare_cached(
        "SELECT DISTINCT incident FROM notices WHERE (id = ?1 OR digest = ?1) AND incident IS NOT NULL",
    )?;
    let rows = statement.query_map([notice], |row| row.get::<_, i64>(0))?;
    for id in rows.collect::<Result<Vec<_>, _>>()? {
        if let Happening::Undelivered { .. } = what {
            if let Some(incident) = incidents::get(work.db, work.tenant, id)? {
                work.happened(&incident, &Actor::deliverer(), what.clone(), None)?;
            }
        } else {
            let entry = Entry { at: work.now, actor: Actor::deliverer(), what: what.clone() };
            timeline::add(work.db, work.tenant, id, &entry)?;
        }
    }
    Ok(())
}
