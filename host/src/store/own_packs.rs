//! Packs of tenants' own and their versions.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::database::Database;
use super::log;
use super::telling::Work;
use super::writer::Size;
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::packs::{Act, NewVersion, OwnPack, Version};
use crate::security_log::hex;
use crate::signing::Signature;

/// Versions of a pack that are kept: the newest, and the one that counts.
const VERSIONS: i64 = 5;

impl Database {
    /// The packs of all tenants, with the modules that count, by tenant and name.
    pub fn all_own_packs(&self) -> Result<Vec<OwnPack>, StoreError> {
        self.readers.read(|db| all(db, None))
    }

    /// A tenant's packs, and the versions that count, by name.
    pub fn own_packs(&self, tenant: &Tenant) -> Result<Vec<OwnPack>, StoreError> {
        self.readers.read(|db| all(db, Some(tenant)))
    }

    /// The versions of a tenant's pack, without their modules, the newest first.
    pub fn own_pack_versions(&self, tenant: &Tenant, name: &str) -> Result<Vec<Version>, StoreError> {
        self.readers.read(|db| versions(db, tenant, name))
    }

    /// The module of a version.
    pub fn own_pack_module(
        &self,
        tenant: &Tenant,
        name: &str,
        number: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT wasm FROM own_pack_versions WHERE tenant = ?1 AND name = ?2 AND number = ?3";
        self.readers.read(|db| {
            let found = db.query_row(sql, params![tenant.as_str(), name, number], |row| row.get(0));
            Ok(found.optional()?)
        })
    }

    /// Keeps a version of a tenant's pack, which counts from now on; answers its number.
    pub fn push_pack(&self, tenant: &Tenant, new: NewVersion, actor: Actor) -> Result<u32, StoreError> {
        let (name, digest) = (new.name.clone(), new.digest);
        self.grow_unless(
            tenant,
            // A module is as many pages as it is large.
            Size::Large,
            // What is kept already becomes the newest: that is nothing more.
            move |work| {
                let sql = "SELECT 1 FROM own_pack_versions WHERE tenant = ?1 AND name = ?2 AND digest = ?3";
                Ok(work.db.prepare_cached(sql)?.exists(params![work.tenant.as_str(), name, digest])?)
            },
            move |work| push(work, &new, &actor),
        )
    }

    /// Changes a tenant's pack; answers whether there is one.
    pub fn change_pack(
        &self,
        tenant: &Tenant,
        name: &str,
        act: Act,
        actor: Actor,
    ) -> Result<bool, StoreError> {
        let name = name.to_string();
        self.grow(tenant, move |work| change(work, &name, &act, &actor))
    }
}

fn all(db: &Connection, tenant: Option<&Tenant>) -> Result<Vec<OwnPack>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT p.tenant, p.name, p.enabled, p.settings, v.number, v.version, v.digest, v.pushed, v.author, v.signature
         FROM own_packs p JOIN own_pack_versions v
             ON v.tenant = p.tenant AND v.name = p.name AND v.number = p.current
         WHERE ?1 IS NULL OR p.tenant = ?1 ORDER BY p.tenant, p.name",
    )?;
    let rows = statement.query_map([tenant.map(Tenant::as_str)], |row| {
        let (tenant, settings): (String, String) = (row.get(0)?, row.get(3)?);
        let (name, is_enabled) = (row.get(1)?, row.get(2)?);
        let settings = serde_json::from_str::<Map<String, Value>>(&settings).ok();
        let version = version(row, 4)?;
        let pack = |(tenant, settings)| OwnPack { tenant, name, is_enabled, settings, version };
        Ok(Tenant::new(&tenant).zip(settings).map(pack))
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn versions(db: &Connection, tenant: &Tenant, name: &str) -> Result<Vec<Version>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT number, version, digest, pushed, author, signature FROM own_pack_versions
         WHERE tenant = ?1 AND name = ?2 ORDER BY number DESC",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), name], |row| version(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn version(row: &Row<'_>, at: usize) -> rusqlite::Result<Version> {
    let signature: Option<String> = row.get(at + 5)?;
    Ok(Version {
        number: row.get(at)?,
        version: row.get(at + 1)?,
        digest: row.get(at + 2)?,
        pushed: row.get(at + 3)?,
        author: row.get(at + 4)?,
        // It was read before it was written.
        signature: signature.and_then(|text| Signature::read(text.as_bytes()).ok()),
    })
}

fn push(work: &Work<'_>, new: &NewVersion, actor: &Actor) -> Result<u32, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let tenant = tenant.as_str();
    let sql = "SELECT coalesce(max(number), 0) + 1 FROM own_pack_versions WHERE tenant = ?1 AND name = ?2";
    let number: u32 = db.prepare_cached(sql)?.query_row(params![tenant, new.name], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO own_packs (tenant, name, current, enabled, settings) VALUES (?1, ?2, ?3, 1, '{}')
         ON CONFLICT DO UPDATE SET current = ?3",
    )?
    .execute(params![tenant, new.name, number])?;
    let signature = new.signature.as_ref().map(Signature::to_string);
    // The same module again is the newest now. Who vouched for it still does, unless one comes who is known to: a claim that
    // nobody can check takes no signature away.
    let is_proven = new.signer.is_some();
    db.prepare_cached(
        "INSERT INTO own_pack_versions (tenant, name, number, version, digest, pushed, author, wasm, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (tenant, name, digest)
             DO UPDATE SET number = ?3, pushed = ?6, author = ?7,
                 signature = CASE WHEN ?10 THEN ?9 ELSE coalesce(signature, ?9) END",
    )?
    .execute(params![
        tenant, new.name, number, new.version, new.digest, now, actor.id, new.wasm, signature, is_proven
    ])?;
    db.prepare_cached(
        "DELETE FROM own_pack_versions WHERE tenant = ?1 AND name = ?2 AND number <= (
             SELECT number FROM own_pack_versions WHERE tenant = ?1 AND name = ?2
             ORDER BY number DESC LIMIT 1 OFFSET ?3)",
    )?
    .execute(params![tenant, new.name, VERSIONS])?;
    let signer = new.signer.map(|key| ("signed_by", key.to_string().into()));
    let fields = [Some(("sha256", hex(&new.digest).into())), signer];
    record(work, "pack.pushed", &new.name, actor, &fields.into_iter().flatten().collect::<Vec<_>>())?;
    Ok(number)
}

fn change(work: &Work<'_>, name: &str, act: &Act, actor: &Actor) -> Result<bool, StoreError> {
    let Work { db, tenant, .. } = work;
    let of = |column: &str| format!("UPDATE own_packs SET {column} = ?3 WHERE tenant = ?1 AND name = ?2");
    let tenant = tenant.as_str();
    let (event, changed) = match act {
        Act::Enable => ("pack.enabled", db.execute(&of("enabled"), params![tenant, name, true])?),
        Act::Disable => ("pack.disabled", db.execute(&of("enabled"), params![tenant, name, false])?),
        Act::Version(number) => {
            ("pack.rolled_back", db.execute(&of("current"), params![tenant, name, number])?)
        }
        Act::Settings(settings) => {
            let settings = Value::Object(settings.clone()).to_string();
            ("pack.settings_changed", db.execute(&of("settings"), params![tenant, name, settings])?)
        }
    };
    if changed == 0 {
        return Ok(false);
    }
    let sql = "SELECT v.digest FROM own_packs p JOIN own_pack_versions v
                   ON v.tenant = p.tenant AND v.name = p.name AND v.number = p.current
               WHERE p.tenant = ?1 AND p.name = ?2";
    let digest: [u8; 32] = db.prepare_cached(sql)?.query_row([tenant, name], |row| row.get(0))?;
    record(work, event, name, actor, &[("sha256", hex(&digest).into())])?;
    Ok(true)
}

fn record(
    work: &Work<'_>,
    event: &str,
    name: &str,
    actor: &Actor,
    more: &[(&str, Value)],
) -> Result<(), StoreError> {
    let mut fields = log::of(actor);
    fields.insert("pack".into(), name.into());
    fields.extend(more.iter().map(|(key, value)| (key.to_string(), value.clone())));
    log::add(work.db, work.tenant, work.now, event, &fields)
}
