//! All that a tenant has: given out, or deleted.
//!
//! Which tables have rows of tenants says the database itself, by their column `tenant`; so a table that is added later is
//! neither forgotten when one leaves nor when one takes all along.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::database::Database;
use super::writer::Size;
use super::{scrubbing, tenants};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;

/// Incidents that are deleted in one transaction: others must not wait for long.
const STEP: u32 = 500;
/// What is kept only to tell whether it is known again is nobody's to have.
const HIDDEN: [(&str, &str); 2] = [("tokens", "hash"), ("recipient_tokens", "hash")];
/// How far numbers went stays, so that none is given twice: message ids are made of them. The other is no row of a tenant's,
/// but how far a pass over all tenants has come.
const STAYS: [&str; 2] = ["numbers", "redacted"];

/// Tenants that were deleted by this program: what it still has of them in memory is not written any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Departed(Arc<Mutex<HashSet<Tenant>>>);

impl Departed {
    pub(super) fn has(&self, tenant: &Tenant) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(tenant)
    }

    /// That something of it may still be written. Asked within the transaction that writes it, since one that begins it to
    /// leave may come between.
    pub(super) fn allow(&self, tenant: &Tenant) -> Result<(), StoreError> {
        if self.has(tenant) { Err(StoreError::Departed(tenant.clone())) } else { Ok(()) }
    }

    fn add(&self, tenant: &Tenant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone());
    }
}

impl Database {
    /// Records that all of a tenant is given out, before it is.
    pub fn note_export(&self, tenant: &Tenant, actor: Actor) -> Result<(), StoreError> {
        let name = tenant.clone();
        self.write(move |db, this| match tenants::is_known(db, &name)? {
            true => tenants::record(&this.work(db, &name), "tenant.exported", &actor, &[]),
            false => Ok(()),
        })
    }

    /// Hands out each row of a tenant, as `{"table": …, "row": {…}}`, all of one state; answers how many these are, or what
    /// the taker has said. Bytes that are no text are `{"base64": …}`.
    pub fn export_tenant<E>(
        &self,
        tenant: &Tenant,
        put: &mut dyn FnMut(&Value) -> Result<(), E>,
    ) -> Result<Result<u64, E>, StoreError> {
        // What only looks may have to read again, and what was handed out is not taken back.
        self.writes()?;
        let put = std::cell::RefCell::new(put);
        self.readers.read(|db| {
            let mut count = 0;
            for (table, column) in tables(db)? {
                let mut statement = db.prepare(&format!("SELECT * FROM {table} WHERE {column} = ?1"))?;
                let names: Vec<String> = statement.column_names().into_iter().map(String::from).collect();
                let mut rows = statement.query([tenant.as_str()])?;
                while let Some(row) = rows.next()? {
                    let mut object = Map::new();
                    for (at, name) in names.iter().enumerate() {
                        if !HIDDEN.contains(&(&table[..], &name[..])) {
                            object.insert(name.clone(), value(row.get_ref(at)?));
                        }
                    }
                    if let Err(error) = (*put.borrow_mut())(&json!({ "table": table, "row": object })) {
                        return Ok(Err(error));
                    }
                    count += 1;
                }
            }
            Ok(Ok(count))
        })
    }

    /// Deletes all that a tenant has, also from the log of changes; answers whether it had anything. What stays is how far
    /// its numbers went, and records that security.log still waits for, which have ids and hashes only; and for a day that
    /// somebody has asked an address, by its hash and without the tenant: else whoever adds and deletes tenants could have
    /// it mailed without end.
    ///
    /// Once it has begun, its tokens open nothing, and nothing of it is written by this program any more. Broken off, it
    /// goes on when it is done again.
    pub fn delete_tenant(&self, tenant: &Tenant, actor: Actor) -> Result<bool, StoreError> {
        let (name, departed) = (tenant.clone(), self.departed_tenants());
        let begun = self.write(move |db, this| {
            if !tenants::is_known(db, &name)? {
                return Ok(false);
            }
            departed.add(&name);
            tenants::record(&this.work(db, &name), "tenant.deleted", &actor, &[])?;
            db.execute("DELETE FROM tokens WHERE tenant = ?1", [name.as_str()])?;
            Ok(true)
        })?;
        if !begun {
            return Ok(false);
        }
        loop {
            let name = tenant.clone();
            let deleted = self.write_sized(Size::Large, move |db, _| {
                scrubbing::begin(db)?;
                // Evidence, notices and the rest go with them.
                let sql = "DELETE FROM incidents WHERE tenant = ?1 AND id IN (
                    SELECT id FROM incidents WHERE tenant = ?1 LIMIT ?2)";
                Ok(db.prepare_cached(sql)?.execute(params![name.as_str(), STEP])?)
            })?;
            if deleted < STEP as usize {
                break;
            }
        }
        let name = tenant.clone();
        self.write_sized(Size::Large, move |db, _| {
            scrubbing::begin(db)?;
            rest(db, &name)
        })?;
        self.scrub()?;
        Ok(true)
    }

    /// Tenants of which nothing is written any more.
    pub(super) fn departed_tenants(&self) -> Departed {
        self.departed_tenants.clone()
    }
}

/// Deletes what a tenant has besides incidents.
fn rest(db: &Connection, tenant: &Tenant) -> Result<(), StoreError> {
    // Until the transaction ends rows may point to what is gone: they go, too.
    db.pragma_update(None, "defer_foreign_keys", "ON")?;
    for (table, column) in tables(db)? {
        let sql = match &table[..] {
            table if STAYS.contains(&table) => continue,
            // Those that are in the file, or that nobody has asked for: as retention deletes them.
            "log_records" => {
                "DELETE FROM log_records WHERE tenant = ?1 AND (seq <= (SELECT seq FROM log_head)
                    OR NOT EXISTS (SELECT 1 FROM log_head WHERE path IS NOT NULL))"
                    .into()
            }
            table => format!("DELETE FROM {table} WHERE {column} = ?1"),
        };
        db.execute(&sql, [tenant.as_str()])?;
    }
    Ok(())
}

/// Tables with rows of tenants, and by which column.
fn tables(db: &Connection) -> Result<Vec<(String, &'static str)>, StoreError> {
    let sql = "SELECT name FROM sqlite_schema AS known WHERE type = 'table'
        AND EXISTS (SELECT 1 FROM pragma_table_info(known.name) WHERE name = 'tenant') ORDER BY name";
    let mut statement = db.prepare(sql)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut tables = names.map(|name| Ok((name?, "tenant"))).collect::<Result<Vec<_>, StoreError>>()?;
    tables.push(("tenants".into(), "name"));
    Ok(tables)
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => text.into(),
            _ => json!({ "base64": STANDARD.encode(bytes) }),
        },
    }
}
