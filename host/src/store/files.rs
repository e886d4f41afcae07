//! Sources, their files, and how far each was read.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::numbers;
use crate::commit::{FileIdentity, FilePosition, KnownFile, KnownSource, StoreError, Tenant};

/// Files of a source that are remembered; the oldest are forgotten.
const REMEMBERED: i64 = 1_000;

/// The source of this name; added, if it is new.
pub(super) fn source(db: &Connection, tenant: &Tenant, name: &str) -> Result<KnownSource, StoreError> {
    let mut statement = db.prepare_cached("SELECT number FROM sources WHERE tenant = ?1 AND name = ?2")?;
    let found = statement.query_row(params![tenant.as_str(), name], |row| row.get(0)).optional()?;
    let number: u32 = match found {
        Some(number) => number,
        None => {
            let number = numbers::next(db, tenant, "source")?;
            db.prepare_cached("INSERT INTO sources (tenant, number, name) VALUES (?1, ?2, ?3)")?
                .execute(params![tenant.as_str(), number, name])?;
            u32::try_from(number).map_err(|_| StoreError::Damaged("too many sources".into()))?
        }
    };
    let mut statement = db.prepare_cached(
        "SELECT number, device, inode, head, head_length, generation, path, offset, line, judged, format, year,
            month, day, latest, foot, seal
         FROM files WHERE tenant = ?1 AND source = ?2 ORDER BY number",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), number], known)?;
    Ok(KnownSource { number, files: rows.collect::<Result<_, _>>()? })
}

/// Sources whose names senders have given them.
pub(super) fn named_by_senders(db: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    // What comes behind all of a prefix: `0` is the next character after `/`.
    let mut statement =
        db.prepare_cached("SELECT tenant, name FROM sources WHERE name >= 'http/' AND name < 'http0'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Files of all sources that were read at a place on disk, with their sources' names.
pub(super) fn at(
    db: &Connection,
    tenant: &Tenant,
    device: u64,
    inode: u64,
) -> Result<Vec<(String, KnownFile)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT files.number, device, inode, head, head_length, generation, path, offset, line, judged, format, year,
            month, day, latest, foot, seal, sources.name
         FROM files JOIN sources ON sources.tenant = files.tenant AND sources.number = files.source
         WHERE files.tenant = ?1 AND device = ?2 AND inode = ?3 ORDER BY files.number",
    )?;
    let place = params![tenant.as_str(), device as i64, inode as i64];
    let rows = statement.query_map(place, |row| Ok((row.get(17)?, known(row)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a file, or knows it better from now on.
pub(super) fn file(
    db: &Connection,
    tenant: &Tenant,
    source: u32,
    known: Option<u32>,
    identity: &FileIdentity,
    path: &str,
) -> Result<u32, StoreError> {
    let FileIdentity { device, inode, head, head_length, generation, seal } = identity;
    let (device, inode, seal) = (*device as i64, *inode as i64, seal.map(|seal| seal as i64));
    if let Some(number) = known {
        db.prepare_cached(
            "UPDATE files SET device = ?3, inode = ?4, head = ?5, head_length = ?6, generation = ?7, path = ?8,
                seal = ?9
             WHERE tenant = ?1 AND number = ?2",
        )?
        .execute(params![tenant.as_str(), number, device, inode, head, head_length, generation, path, seal])?;
        return Ok(number);
    }
    let number = numbers::next(db, tenant, "file")?;
    db.prepare_cached(
        "INSERT INTO files (tenant, number, source, device, inode, head, head_length, generation, path, seal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        tenant.as_str(),
        number,
        source,
        device,
        inode,
        head,
        head_length,
        generation,
        path,
        seal
    ])?;
    forget(db, tenant, source)?;
    u32::try_from(number).map_err(|_| StoreError::Damaged("too many files".into()))
}

/// Forgets the oldest files of a source that has too many.
pub(super) fn forget(db: &Connection, tenant: &Tenant, source: u32) -> Result<(), StoreError> {
    db.prepare_cached(
        "DELETE FROM files WHERE tenant = ?1 AND source = ?2 AND number <= (
            SELECT number FROM files WHERE tenant = ?1 AND source = ?2 ORDER BY number DESC LIMIT 1 OFFSET ?3)",
    )?
    .execute(params![tenant.as_str(), source, REMEMBERED])?;
    Ok(())
}

/// Notes how far a file was read.
pub(super) fn position(db: &Connection, tenant: &Tenant, position: &FilePosition) -> Result<(), StoreError> {
    let FilePosition { file, offset, line, judged, format, year, latest, foot } = position;
    let (years, month, day) = year.map_or((None, None, None), |(y, m, d)| (Some(y), Some(m), Some(d)));
    let [offset, line, judged] = [*offset, *line, *judged].map(super::incidents::signed);
    db.prepare_cached(
        "UPDATE files SET offset = ?3, line = ?4, judged = ?5, format = ?6, year = ?7, month = ?8, day = ?9,
            latest = ?10, foot = ?11
         WHERE tenant = ?1 AND number = ?2",
    )?
    .execute(params![
        tenant.as_str(),
        file,
        offset,
        line,
        judged,
        format.as_ref().map(ToString::to_string),
        years,
        month,
        day,
        latest,
        foot
    ])?;
    Ok(())
}

/// What a file was called when it was read last.
pub(super) fn name(db: &Connection, tenant: &Tenant, number: u32) -> Result<Option<String>, StoreError> {
    let mut statement = db.prepare_cached("SELECT path FROM files WHERE tenant = ?1 AND number = ?2")?;
    Ok(statement.query_row(params![tenant.as_str(), number], |row| row.get(0)).optional()?)
}

pub(super) fn known(row: &Row<'_>) -> rusqlite::Result<KnownFile> {
    let number = row.get(0)?;
    let unsigned = |column| row.get::<_, i64>(column).map(|number| number as u64);
    let identity = FileIdentity {
        device: unsigned(1)?,
        inode: unsigned(2)?,
        head: row.get(3)?,
        head_length: row.get(4)?,
        generation: row.get(5)?,
        seal: row.get::<_, Option<i64>>(16)?.map(|seal| seal as u64),
    };
    let format: Option<String> = row.get(10)?;
    let year = match (row.get(11)?, row.get(12)?, row.get(13)?) {
        (Some(year), Some(month), Some(day)) => Some((year, month, day)),
        _ => None,
    };
    let position = match row.get::<_, Option<i64>>(7)? {
        None => None,
        Some(offset) => Some(FilePosition {
            file: number,
            offset: offset as u64,
            line: unsigned(8)?,
            judged: unsigned(9)?,
            format: format.and_then(|name| name.parse().ok()),
            year,
            latest: row.get(14)?,
            foot: row.get(15)?,
        }),
    };
    Ok(KnownFile { number, identity, path: row.get(6)?, position })
}
