//! Files that go over from one tenant to another: one of them knows each, so that a line counts for one.

use rusqlite::{Connection, params};

use super::{files, log, numbers};
use crate::commit::{OthersFile, StoreError, TakenOver, Tenant};
use crate::security_log::Deed;

/// Tenants with sources, one look into the index for each.
const TENANTS: &str = "WITH RECURSIVE tenants(tenant) AS (
        SELECT min(tenant) FROM sources
        UNION ALL
        SELECT (SELECT min(tenant) FROM sources WHERE sources.tenant > tenants.tenant) FROM tenants
        WHERE tenants.tenant IS NOT NULL)
     SELECT tenant FROM tenants WHERE tenant IS NOT NULL AND tenant <> ?1";

/// What [`files::known`] reads, and the source's name.
const FILES: &str =
    "SELECT files.number, device, inode, head, head_length, generation, path, offset, line, judged, format, year,
        month, day, latest, foot, seal, sources.name
     FROM files JOIN sources ON sources.tenant = files.tenant AND sources.number = files.source";

/// Files of sources of this name, of other tenants. One that lies nowhere is nobody's: a source that had none yet is kept so,
/// and so is what went over.
pub(super) fn of_others(db: &Connection, tenant: &Tenant, name: &str) -> Result<Vec<OthersFile>, StoreError> {
    let sql = format!(
        "{FILES} WHERE sources.tenant = ?1 AND sources.name = ?2 AND (device <> 0 OR inode <> 0)
         ORDER BY files.number"
    );
    let mut all = Vec::new();
    for other in others(db, tenant)? {
        all.extend(found(db, &sql, &other, params![other.as_str(), name])?);
    }
    Ok(all)
}

/// Files at a place on disk, of other tenants.
pub(super) fn at_others(
    db: &Connection,
    tenant: &Tenant,
    device: u64,
    inode: u64,
) -> Result<Vec<OthersFile>, StoreError> {
    let sql = format!("{FILES} WHERE files.tenant = ?1 AND device = ?2 AND inode = ?3 ORDER BY files.number");
    let mut all = Vec::new();
    for other in others(db, tenant)? {
        all.extend(found(db, &sql, &other, params![other.as_str(), device as i64, inode as i64])?);
    }
    Ok(all)
}

/// Files go over with their positions; one of which nothing is committed, to be read from its start: it came while it was
/// followed. What they were called stays where they were: evidence says it.
pub(super) fn take(
    db: &Connection,
    tenant: &Tenant,
    source: u32,
    taken: &TakenOver,
    now: i64,
) -> Result<(), StoreError> {
    let from = taken.from.as_str();
    for file in &taken.files {
        let number = numbers::next(db, tenant, "file")?;
        db.prepare_cached(
            "INSERT INTO files (tenant, number, source, device, inode, head, head_length, generation, path, offset,
                line, judged, format, year, month, day, latest, foot, seal)
             SELECT ?1, ?2, ?3, device, inode, head, head_length, generation, path, coalesce(offset, 0),
                coalesce(line, 1), coalesce(judged, 0), format, year, month, day, latest, foot, seal
             FROM files WHERE tenant = ?4 AND number = ?5",
        )?
        .execute(params![tenant.as_str(), number, source, from, file])?;
        db.prepare_cached(
            "UPDATE files SET device = 0, inode = 0, head = zeroblob(32), head_length = 0, generation = 1,
                seal = NULL
             WHERE tenant = ?1 AND number = ?2",
        )?
        .execute(params![from, file])?;
    }
    files::forget(db, tenant, source)?;
    log::note(db, &Deed::source_taken(source, &taken.name, &taken.from).of(tenant), now)
}

fn others(db: &Connection, tenant: &Tenant) -> Result<Vec<Tenant>, StoreError> {
    let mut statement = db.prepare_cached(TENANTS)?;
    let names = statement.query_map([tenant.as_str()], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    Ok(names.iter().filter_map(|name| Tenant::new(name)).collect())
}

fn found(
    db: &Connection,
    sql: &str,
    tenant: &Tenant,
    of: &[&dyn rusqlite::ToSql],
) -> Result<Vec<OthersFile>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(of, |row| Ok((row.get::<_, String>(17)?, files::known(row)?)))?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    Ok(rows.into_iter().map(|(source, file)| OthersFile { tenant: tenant.clone(), source, file }).collect())
}
