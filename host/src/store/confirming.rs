//! Recipients that are asked by mail whether they want to be told.
//!
//! ```text
//!   named ─► asked: a notice ─► each attempt draws a token ─► mailed ─► whoever has it ─► confirmed
//!            within a bound     of which the hash is kept                within a week
//! ```
//!
//! A token is in the mail and nowhere else: it is drawn when the mail goes, and drawn anew when that is tried again. What a
//! mail before had in it holds as well, since that may have arrived.
//!
//! Whoever was not asked, or has let the token run out, is asked anew when an operator says so, within the same bound.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::database::Database;
use super::scrubbing;
use super::telling::Work;
use super::tenants::{self, hashed};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::notices::{Asked, Reason, Route};
use crate::token::{ConfirmationSecret, TokenHash};

const DAY: i64 = 24 * 60 * 60 * 1_000_000_000;
/// How long a token holds from when it was mailed.
const HOLDS: i64 = 7 * DAY;
/// How often one address is asked anew within a day, whichever tenants have named it. A mail that is tried again, also by
/// `notify retry`, is the same one.
const MOST: i64 = 3;
/// Tokens of one recipient that hold at the same time: one for each attempt.
const TOKENS: i64 = 8;

impl Database {
    /// Somebody has a token that was mailed: its recipient wants to be told. Answers who that is; `None`: no such token holds.
    pub fn confirm_by_token(
        &self,
        hash: TokenHash,
        actor: Actor,
    ) -> Result<Option<(Tenant, String)>, StoreError> {
        self.write(move |db, this| {
            let Some((tenant, address)) = mailed(db, &hash, this.now)? else { return Ok(None) };
            tenants::confirm(&this.work(db, &tenant), &address, &actor)?;
            Ok(Some((tenant, address)))
        })
    }

    /// Whether a token of this hash was mailed and holds. It is only read: strangers ask that, too.
    pub fn is_mailed(&self, hash: &TokenHash) -> Result<bool, StoreError> {
        let now = self.clock.now();
        self.readers.read(|db| Ok(mailed(db, hash, now)?.is_some()))
    }

    /// Asks a recipient anew that is not confirmed, unless a mail to it is on its way already; answers whether it is asked,
    /// or was asked too often lately. `None`: there is no such recipient to ask.
    pub fn ask_recipient(
        &self,
        tenant: &Tenant,
        address: &str,
        actor: Actor,
    ) -> Result<Option<bool>, StoreError> {
        let address = address.to_string();
        let asked = self.grow(tenant, move |work| {
            let Work { db, tenant, .. } = work;
            let sql = "SELECT r.address, EXISTS (SELECT 1 FROM notices n
                           WHERE n.tenant = r.tenant AND n.recipient = r.address AND n.reason = ?3
                               AND n.state IN ('queued', 'deferred', 'sending'))
                       FROM tenant_recipients r
                       WHERE r.tenant = ?1 AND r.address = ?2 AND r.confirmed IS NULL";
            let key = params![tenant.as_str(), address, Reason::Confirm.code()];
            let found = db
                .prepare_cached(sql)?
                .query_row(key, |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)));
            // As it was named first, however it is written now: what is to be told goes there.
            let Some((address, is_underway)) = found.optional()? else { return Ok(None) };
            Ok(Some(is_underway || ask(work, &address, &actor)?))
        });
        match asked {
            // An operator asks that of others, and hears what is heard of one that was never there.
            Err(StoreError::Departed(_)) => Ok(None),
            asked => asked,
        }
    }
}

/// Who was mailed a token of this hash, which holds.
fn mailed(db: &Connection, hash: &TokenHash, now: i64) -> Result<Option<(Tenant, String)>, StoreError> {
    let sql = "SELECT t.tenant, t.address, t.hash FROM recipient_tokens t
               JOIN tenant_recipients r ON r.tenant = t.tenant AND r.address = t.address
               WHERE t.hash = ?1 AND t.expires > ?2 AND r.confirmed IS NULL";
    let found = db.prepare_cached(sql)?.query_row(params![hash.as_bytes(), now], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, [u8; 32]>(2)?))
    });
    // An index compares as fast as it can; who is believed is not left to it.
    let found = found.optional()?.filter(|(_, _, kept)| hash.is(kept));
    Ok(found.and_then(|(tenant, address, _)| Some((Tenant::new(&tenant)?, address))))
}

/// A recipient is to be asked, unless the address was asked too often lately; answers whether it is.
pub(super) fn ask(work: &Work<'_>, address: &str, actor: &Actor) -> Result<bool, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let fields = [("recipient_sha256", hashed(address))];
    if !has_room(work, address)? {
        tenants::record(work, "recipient.not_asked", actor, &fields)?;
        return Ok(false);
    }
    db.prepare_cached(
        "INSERT INTO notices (tenant, recipient, route, reason, critical, state, created, due, message)
         VALUES (?1, ?2, ?3, ?4, 0, 'queued', ?5, ?5, '')",
    )?
    .execute(params![tenant.as_str(), address, Route::TENANT, Reason::Confirm.code(), now])?;
    let notice = db.last_insert_rowid();
    let message = work.message(&[b"confirm", &notice.to_be_bytes(), address.as_bytes()]);
    db.prepare_cached("UPDATE notices SET message = ?2 WHERE id = ?1")?.execute(params![notice, message])?;
    tenants::record(work, "recipient.asked", actor, &fields)?;
    Ok(true)
}

/// Counts that an address is asked once more, if it may be.
fn has_room(work: &Work<'_>, address: &str) -> Result<bool, StoreError> {
    let Work { db, now, .. } = work;
    let hash: [u8; 32] = Sha256::digest(address.to_ascii_lowercase()).into();
    // What a clock wrote that was ahead counts for no longer than anything else.
    db.prepare_cached("DELETE FROM asked WHERE since <= ?1 OR since > ?2")?.execute([now - DAY, *now])?;
    let sql = "INSERT INTO asked (address_sha256, since, count) VALUES (?1, ?2, 1)
               ON CONFLICT DO UPDATE SET count = count + 1 WHERE count < ?3";
    Ok(db.prepare_cached(sql)?.execute(params![hash, now, MOST])? > 0)
}

/// Forgets which addresses were asked a day ago and before, and what a clock wrote that was far ahead; answers how many that
/// were. A hash is all that there is of one, and says not which tenant has named it: so nothing else takes it away.
pub(super) fn forget(db: &Connection, now: i64) -> Result<u64, StoreError> {
    // Who asks right now may have looked at the clock a moment later, and counts.
    let sql = "DELETE FROM asked WHERE since <= ?1 OR since > ?2";
    let span = [now.saturating_sub(DAY), now.saturating_add(DAY)];
    let forgotten = db.prepare_cached(sql)?.execute(span)? as u64;
    if forgotten > 0 {
        scrubbing::begin(db)?;
    }
    Ok(forgotten)
}

/// Gives up a notice that would go now and asks what need not be asked any more; whether it does. It is looked at then, and not
/// when somebody confirms: what is being sent meanwhile, or is queued again, comes back. That is told nobody: who is confirmed
/// has lost nothing.
pub(super) fn give_up(work: &Work<'_>, notice: i64, recipient: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE notices SET state = 'dead', due = ?2, words = 'it need not be asked any more'
               WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM tenant_recipients r
                   WHERE r.tenant = ?3 AND r.address = ?4 AND r.confirmed IS NULL)";
    let key = params![notice, work.now, work.tenant.as_str(), recipient];
    Ok(work.db.prepare_cached(sql)?.execute(key)? > 0)
}

/// What the mail asks that goes now, with a token that nobody has seen.
pub(super) fn content(
    work: &Work<'_>,
    recipient: &str,
    secret: ConfirmationSecret,
) -> Result<Asked, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let sql = "SELECT created, author FROM tenant_recipients WHERE tenant = ?1 AND address = ?2";
    let found = db.prepare_cached(sql)?.query_row(params![tenant.as_str(), recipient], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    });
    let (named, author) = found.optional()?.unwrap_or((*now, String::new()));
    let expires = now.saturating_add(HOLDS);
    db.prepare_cached(
        "INSERT INTO recipient_tokens (tenant, address, hash, created, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![tenant.as_str(), recipient, secret.hash().as_bytes(), now, expires])?;
    db.prepare_cached(
        "DELETE FROM recipient_tokens WHERE tenant = ?1 AND address = ?2 AND (expires <= ?3 OR hash NOT IN (
             SELECT hash FROM recipient_tokens WHERE tenant = ?1 AND address = ?2
             ORDER BY created DESC, hash LIMIT ?4))",
    )?
    .execute(params![tenant.as_str(), recipient, now, TOKENS])?;
    Ok(Asked { author, named, secret, expires })
}

/// Notes what became of a mail that asks.
pub(super) fn told(work: &Work<'_>, event: &str, recipient: &str) -> Result<(), StoreError> {
    tenants::record(work, event, &Actor::deliverer(), &[("recipient_sha256", hashed(recipient))])
}
