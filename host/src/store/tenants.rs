//! Tenants that were added at run time, and whom their incidents are told.

use rusqlite::{Connection, params};
use serde_json::Value;

use super::database::Database;
use super::telling::Work;
use super::{confirming, log, quotas, signers, tokens};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Policy};
use crate::quota::QuotaKind;
use crate::tenants::{KnownTenant, NewTenant, NotAdded, TenantRecipient};
use crate::token::{NewToken, Scope};

/// What a tenant has once it is there; each has its rows beside it.
const NAMES: &str =
    "SELECT name FROM tenants UNION SELECT tenant FROM tokens UNION SELECT tenant FROM sources
    UNION SELECT tenant FROM incidents UNION SELECT tenant FROM scan_runs UNION SELECT tenant FROM states
    UNION SELECT tenant FROM own_packs UNION SELECT tenant FROM silences UNION SELECT tenant FROM exceptions
    UNION SELECT tenant FROM quotas UNION SELECT tenant FROM tenant_signers";

impl Database {
    /// Adds a tenant with a token to bring lines; answers the token's number, and which recipients are not asked whether
    /// they want to be told: they were too often lately.
    pub fn add_tenant(
        &self,
        new: NewTenant,
        actor: Actor,
    ) -> Result<Result<(i64, Vec<String>), NotAdded>, StoreError> {
        let departed = self.departed_tenants();
        self.write(move |db, this| {
            if departed.has(&new.tenant) {
                return Ok(Err(NotAdded::Departed));
            }
            if is_known(db, &new.tenant)? {
                return Ok(Err(NotAdded::Known));
            }
            add(&this.work(db, &new.tenant), &new, &actor).map(Ok)
        })
    }

    /// All tenants that have anything here, by name.
    pub fn known_tenants(&self) -> Result<Vec<KnownTenant>, StoreError> {
        let (now, policy) = (self.clock.now(), self.policy());
        self.readers.read(|db| {
            let mut statement = db.prepare_cached(&format!("{NAMES} ORDER BY 1"))?;
            let names = statement.query_map([], |row| row.get::<_, String>(0))?;
            let names = names.collect::<Result<Vec<_>, _>>()?;
            let tenants = names.iter().filter_map(|name| Tenant::new(name));
            tenants.map(|tenant| known(db, &policy, tenant, now)).collect()
        })
    }

    /// Somebody answers for it that this address wants to be told; answers whether there was one to confirm.
    pub fn confirm_recipient(
        &self,
        tenant: &Tenant,
        address: &str,
        actor: Actor,
    ) -> Result<bool, StoreError> {
        let (tenant, address) = (tenant.clone(), address.to_string());
        self.write(move |db, this| confirm(&this.work(db, &tenant), &address, &actor))
    }
}

/// The same, by whoever answers for it; what was mailed about that holds no more.
pub(super) fn confirm(work: &Work<'_>, address: &str, actor: &Actor) -> Result<bool, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let sql = "UPDATE tenant_recipients SET confirmed = ?3
               WHERE tenant = ?1 AND address = ?2 AND confirmed IS NULL";
    let confirmed = db.prepare_cached(sql)?.execute(params![tenant.as_str(), address, now])?;
    if confirmed > 0 {
        let sql = "DELETE FROM recipient_tokens WHERE tenant = ?1 AND address = ?2";
        db.prepare_cached(sql)?.execute([tenant.as_str(), address])?;
        record(work, "recipient.confirmed", actor, &[("recipient_sha256", hashed(address))])?;
    }
    Ok(confirmed > 0)
}

fn add(work: &Work<'_>, new: &NewTenant, actor: &Actor) -> Result<(i64, Vec<String>), StoreError> {
    let (db, name, now) = (work.db, new.tenant.as_str(), work.now);
    db.prepare_cached("INSERT INTO tenants (name, created, author) VALUES (?1, ?2, ?3)")?
        .execute(params![name, now, actor.id])?;
    for (kind, most) in new.quota.each() {
        quotas::set(work, kind, Some(most))?;
    }
    record(work, "tenant.added", actor, &[("recipients", new.recipients.len().into())])?;
    let mut not_asked = Vec::new();
    for address in &new.recipients {
        // One that is named twice is one.
        let sql = "INSERT INTO tenant_recipients (tenant, address, created, author) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO NOTHING";
        let is_new = db.prepare_cached(sql)?.execute(params![name, address, now, actor.name])? > 0;
        match is_new {
            true if new.confirmed => drop(confirm(work, address, actor)?),
            true if !confirming::ask(work, address, actor)? => not_asked.push(address.clone()),
            true | false => {}
        }
    }
    let (called, hash) = new.token.clone();
    let token = NewToken { tenant: new.tenant.clone(), name: called, scope: Scope::Ingest, expires: None };
    Ok((tokens::add(work, &token, &hash, actor)?, not_asked))
}

/// Whether a tenant of this name has anything here.
pub(super) fn is_known(db: &Connection, tenant: &Tenant) -> Result<bool, StoreError> {
    let sql = format!("SELECT 1 FROM ({NAMES}) WHERE name = ?1");
    Ok(db.prepare_cached(&sql)?.exists([tenant.as_str()])?)
}

fn known(db: &Connection, policy: &Policy, tenant: Tenant, now: i64) -> Result<KnownTenant, StoreError> {
    let name = tenant.as_str();
    let sql = "SELECT (SELECT created FROM tenants WHERE name = ?1),
        (SELECT count(*) FROM tokens WHERE tenant = ?1 AND revoked IS NULL AND (expires IS NULL OR expires > ?2)),
        (SELECT count(*) FROM incidents WHERE tenant = ?1 AND state IN (0, 1))";
    let (created, tokens, open) = db
        .prepare_cached(sql)?
        .query_row(params![name, now], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let recipients = recipients(db, &tenant)?;
    let quota = quotas::in_force(db, policy, &tenant)?;
    let used = quotas::used(db, &tenant, now)?;
    let is_over = |(kind, used): &&(QuotaKind, u64)| quota.is_over(*kind, *used);
    let over = used.iter().filter(is_over).map(|(kind, _)| *kind).collect();
    let signed_by = signers::of(db, &tenant)?;
    Ok(KnownTenant { tenant, created, quota, used, over, recipients, signed_by, tokens, open })
}

fn recipients(db: &Connection, tenant: &Tenant) -> Result<Vec<TenantRecipient>, StoreError> {
    let sql = "SELECT address, confirmed FROM tenant_recipients WHERE tenant = ?1 ORDER BY address";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([tenant.as_str()], |row| {
        Ok(TenantRecipient { address: row.get(0)?, confirmed: row.get(1)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Addresses that a tenant's incidents are told, besides those of routes.
pub(super) fn told(db: &Connection, tenant: &Tenant) -> Result<Vec<String>, StoreError> {
    let all = recipients(db, tenant)?.into_iter();
    Ok(all.filter(|one| one.confirmed.is_some()).map(|one| one.address).collect())
}

/// Whether a tenant's notices go to this address: by the configuration, or because it was confirmed.
pub(super) fn may_be_told(
    db: &Connection,
    policy: &Policy,
    tenant: &Tenant,
    address: &str,
) -> Result<bool, StoreError> {
    if policy.recipients.has(tenant, address) {
        return Ok(true);
    }
    let sql = "SELECT 1 FROM tenant_recipients WHERE tenant = ?1 AND address = ?2 AND confirmed IS NOT NULL";
    Ok(db.prepare_cached(sql)?.exists(params![tenant.as_str(), address])?)
}

pub(super) fn hashed(address: &str) -> Value {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(address.to_ascii_lowercase());
    hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// Security.log's record of an act on a tenant.
pub(super) fn record(
    work: &Work<'_>,
    event: &str,
    actor: &Actor,
    more: &[(&str, Value)],
) -> Result<(), StoreError> {
    let mut fields = log::of(actor);
    fields.extend(more.iter().map(|(name, value)| (name.to_string(), value.clone())));
    log::add(work.db, work.tenant, work.now, event, &fields)
}
