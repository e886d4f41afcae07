//! Recipients that are asked by mail whether they want to be told.
//!
//! ```text
//!   named ─► asked: a notice ─► each attempt draws a token ─► mailed ─► whoever has it ─► confirmed
//!            within a bound     of which the hash is kept                within a week
//! ```
//!
//! A token is in the mail and nowhere else: it is drawn when the mail goes, and drawn anew when that is tried again. What a
//! mail before had in it holds as well, since that may have arrived.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::database::Database;
use super::telling::Work;
use super::tenants::{self, hashed};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::notices::{Asked, Reason, Route};
use crate::token::{ConfirmationSecret, TokenHash};

const DAY: i64 = 24 * 60 * 60 * 1_000_000_000;
/// How long a token holds from when it was mailed.
const HOLDS: i64 = 7 * DAY;
/// Mails that ask one address within a day, whichever tenants have named it.
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
            let sql = "SELECT t.tenant, t.address, t.hash FROM recipient_tokens t
                       JOIN tenant_recipients r ON r.tenant = t.tenant AND r.address = t.address
                       WHERE t.hash = ?1 AND t.expires > ?2 AND r.confirmed IS NULL";
            let found = db.prepare_cached(sql)?.query_row(params![hash.as_bytes(), this.now], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, [u8; 32]>(2)?))
            });
            // An index compares as fast as it can; who is believed is not left to it.
            let found = found.optional()?.filter(|(_, _, kept)| hash.is(kept));
            let Some((tenant, address, _)) = found else { return Ok(None) };
            let Some(tenant) = Tenant::new(&tenant) else { return Ok(None) };
            tenants::confirm(&this.work(db, &tenant), &address, &actor)?;
            Ok(Some((tenant, address)))
        })
    }
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

/// Counts one more mail to an address, if it may have one.
fn has_room(work: &Work<'_>, address: &str) -> Result<bool, StoreError> {
    let Work { db, now, .. } = work;
    let hash: [u8; 32] = Sha256::digest(address.to_ascii_lowercase()).into();
    // What a clock wrote that was ahead counts for no longer than anything else.
    db.prepare_cached("DELETE FROM asked WHERE since <= ?1 OR since > ?2")?.execute([now - DAY, *now])?;
    let sql = "INSERT INTO asked (address_sha256, since, count) VALUES (?1, ?2, 1)
               ON CONFLICT DO UPDATE SET count = count + 1 WHERE count < ?3";
    Ok(db.prepare_cached(sql)?.execute(params![hash, now, MOST])? > 0)
}

/// Gives up what is due to an address and asks what need not be asked any more; answers how many notices that were.
pub(super) fn give_up(work: &Work<'_>, recipient: &str) -> Result<usize, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let sql = "UPDATE notices SET state = 'dead', due = ?3, words = 'it need not be asked any more'
               WHERE tenant = ?1 AND recipient = ?2 AND state IN ('queued', 'deferred') AND due <= ?3 AND reason = ?4
                   AND NOT EXISTS (SELECT 1 FROM tenant_recipients r
                       WHERE r.tenant = ?1 AND r.address = ?2 AND r.confirmed IS NULL)";
    let key = params![tenant.as_str(), recipient, now, Reason::Confirm.code()];
    Ok(db.prepare_cached(sql)?.execute(key)?)
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
