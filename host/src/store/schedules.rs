//! How schedules stand, and their rows.

use rusqlite::{OptionalExtension, Row, params};

use super::database::Database;
use crate::commit::{StoreError, Tenant};
use crate::scans::{ScanName, ScheduleStore, Standing};

const GET: &str = "SELECT since, settled, whole, told FROM scan_schedules WHERE tenant = ?1 AND name = ?2";

impl ScheduleStore for Database {
    fn stands(&self, tenant: &Tenant, name: &ScanName) -> Result<Option<Standing>, StoreError> {
        self.readers.read(|db| {
            let mut statement = db.prepare_cached(GET)?;
            Ok(statement.query_row(params![tenant.as_str(), name.as_str()], read).optional()?)
        })
    }

    fn stands_since(&self, tenant: &Tenant, name: &ScanName, now: i64) -> Result<Standing, StoreError> {
        match self.stands(tenant, name)? {
            Some(known) => Ok(known),
            None => {
                let standing = Standing { since: now, ..Standing::default() };
                self.set_standing(tenant, name, standing)?;
                Ok(standing)
            }
        }
    }

    fn standings(&self) -> Result<Vec<(Tenant, ScanName, Standing)>, StoreError> {
        self.readers.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT since, settled, whole, told, tenant, name FROM scan_schedules")?;
            let rows = statement.query_map([], |row| {
                let (tenant, name): (String, String) = (row.get(4)?, row.get(5)?);
                Ok((Tenant::new(&tenant), ScanName::new(&name), read(row)?))
            })?;
            let rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
            Ok(rows.filter_map(|(tenant, name, standing)| Some((tenant?, name?, standing))).collect())
        })
    }

    fn forget_standing(&self, tenant: &Tenant, name: &ScanName) -> Result<(), StoreError> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.write(move |db, _| {
            let sql = "DELETE FROM scan_schedules WHERE tenant = ?1 AND name = ?2";
            db.prepare_cached(sql)?.execute(params![tenant.as_str(), name.as_str()])?;
            Ok(())
        })
    }

    fn set_standing(&self, tenant: &Tenant, name: &ScanName, standing: Standing) -> Result<(), StoreError> {
        let (tenant, name) = (tenant.clone(), name.clone());
        self.write(move |db, _| {
            let Standing { since, settled, whole, told } = standing;
            db.prepare_cached(
                "INSERT INTO scan_schedules (tenant, name, since, settled, whole, told) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET since = ?3, settled = ?4, whole = ?5, told = ?6",
            )?
            .execute(params![tenant.as_str(), name.as_str(), since, settled, whole, told])?;
            Ok(())
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Standing> {
    Ok(Standing { since: row.get(0)?, settled: row.get(1)?, whole: row.get(2)?, told: row.get(3)? })
}
