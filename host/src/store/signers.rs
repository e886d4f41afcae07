//! Whose signatures are demanded of tenants that were added at run time.

use rusqlite::{Connection, params};

use super::database::Database;
use super::tenants;
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::signing::PublicKey;

impl Database {
    /// Who may sign what this tenant pushes, as it was said at run time.
    pub fn signers(&self, tenant: &Tenant) -> Result<Vec<PublicKey>, StoreError> {
        self.readers.read(|db| of(db, tenant))
    }

    /// From now on these may; answers whether a tenant of this name was added at run time.
    pub fn set_signers(&self, tenant: &Tenant, keys: &[PublicKey], actor: Actor) -> Result<bool, StoreError> {
        let (tenant, keys) = (tenant.clone(), keys.to_vec());
        self.write(move |db, this| {
            let sql = "SELECT 1 FROM tenants WHERE name = ?1";
            if !db.prepare_cached(sql)?.exists([tenant.as_str()])? {
                return Ok(false);
            }
            db.execute("DELETE FROM tenant_signers WHERE tenant = ?1", [tenant.as_str()])?;
            for key in &keys {
                // One that is named twice is one.
                let sql = "INSERT INTO tenant_signers (tenant, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                db.prepare_cached(sql)?.execute(params![tenant.as_str(), key.to_string()])?;
            }
            let ids = keys.iter().map(|key| key.id().to_string()).collect::<Vec<_>>();
            let fields = [("signed_by", ids.into())];
            tenants::record(&this.work(db, &tenant), "tenant.signers_changed", &actor, &fields)?;
            Ok(true)
        })
    }
}

/// What cannot be read any more is an error: a demand is never less than was said.
pub(super) fn of(db: &Connection, tenant: &Tenant) -> Result<Vec<PublicKey>, StoreError> {
    let mut statement = db.prepare_cached("SELECT key FROM tenant_signers WHERE tenant = ?1 ORDER BY key")?;
    let rows = statement.query_map([tenant.as_str()], |row| row.get::<_, String>(0))?;
    let mut keys = Vec::new();
    for text in rows {
        let key = text?.parse().map_err(|error| StoreError::Damaged(format!("tenant_signers: {error}")))?;
        keys.push(key);
    }
    Ok(keys)
}
