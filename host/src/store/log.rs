//! Records for security.log.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde_json::{Map, Value};

use super::database::Database;
use super::open::InUse;
use super::readers::Readers;
use super::{migrations, open};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::security_log::{Deed, Head, Known, Place, Record, Records};

/// Records that are in the file are kept here for so long, so that a file that was lost can be compared.
const KEPT: i64 = 1_000;
/// Records that wait for a file nobody has asked for yet: the newest. A file that is made later begins with the oldest of
/// them, and from then on nothing is dropped before it is in the file.
const WAITING: i64 = 100_000;
/// Records that may be in a log behind the last that is known to be in it: far more than are written at once.
const LOOKED_AT: u32 = 10_000;
/// How often those that are over are looked for.
const EVERY: i64 = 1_000;

impl Database {
    /// What happened to a tenant's incidents, as security.log has it, after this record.
    pub fn happenings(&self, tenant: &Tenant, seq: i64, most: u32) -> Result<Happenings, StoreError> {
        self.readers.read(|db| of_incidents(db, tenant, seq, most))
    }

    /// Adds records of what leaves no row of its own.
    pub fn note(&self, deeds: Vec<Deed>) -> Result<(), StoreError> {
        self.write(move |db, this| deeds.iter().try_for_each(|deed| note(db, deed, this.now)))
    }

    /// The log goes on in another file, whichever that is; its record is the first there.
    pub fn move_log(&self, to: &Path, actor: Actor) -> Result<(), StoreError> {
        let deed = Deed::log_moved(to).by(actor);
        let to = to.as_os_str().as_bytes().to_vec();
        self.write(move |db, this| {
            db.execute("UPDATE log_head SET path = ?1, begins = NULL", [to])?;
            note(db, &deed, this.now)
        })
    }

    /// No log is written any more, and which file it was is forgotten: the newest records wait for another one. That goes on
    /// with the chain, so that the beginning of the one can be told to follow the end of the other.
    pub fn stop_log(&self) -> Result<(), StoreError> {
        self.write(|db, _| {
            db.execute("UPDATE log_head SET path = NULL, begins = NULL", [])?;
            Ok(())
        })
    }

    /// How many records wait for a log that was written before, and where that lies.
    pub fn log_waits(&self) -> Result<Option<(u64, PathBuf)>, StoreError> {
        self.readers.read(|db| {
            let Some(head) = head(db)? else { return Ok(None) };
            let sql = "SELECT count(*) FROM log_records WHERE seq > ?1";
            let waits = db.prepare_cached(sql)?.query_row([head.seq], |row| row.get(0))?;
            Ok(place(db)?.path.map(|path| (waits, path)))
        })
    }
}

impl Records for Database {
    fn head(&self) -> Result<Option<Head>, StoreError> {
        self.readers.read(head)
    }

    fn place(&self) -> Result<Place, StoreError> {
        self.readers.read(place)
    }

    fn after(&self, seq: i64, most: u32) -> Result<Vec<Record>, StoreError> {
        self.readers.read(|db| after(db, seq, most))
    }

    fn written(&self, head: &Head, place: &Place) -> Result<(), StoreError> {
        let (head, place) = (*head, place.clone());
        self.write(move |db, _| written(db, &head, &place))
    }
}

/// Adds the record of a deed.
pub(super) fn note(db: &Connection, deed: &Deed, now: i64) -> Result<(), StoreError> {
    let mut fields = of(&deed.actor);
    fields.extend(deed.fields.clone());
    add(db, &deed.tenant, now, deed.event, &fields)
}

/// The same, to a database of this version that is not open here. It is not migrated for that.
pub fn note_at(path: &Path, deed: &Deed, now: i64) -> Result<(), StoreError> {
    let (_in_use, _) = InUse::take(path, open::PATIENCE)?;
    let mut connection = Connection::open(path)?;
    open::settle(&connection, open::PATIENCE)?;
    let (found, known) = (migrations::version(&connection)? as u64, migrations::NEWEST as u64);
    if found < known {
        return Err(StoreError::Older { found, known });
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    note(&transaction, deed, now)?;
    Ok(transaction.commit()?)
}

/// Adds a record; its number is the next, without a gap.
pub(super) fn add(
    db: &Connection,
    tenant: &Tenant,
    now: i64,
    event: &str,
    fields: &Map<String, Value>,
) -> Result<(), StoreError> {
    let fields = serde_json::to_string(fields).unwrap_or_default();
    db.prepare_cached("INSERT INTO log_records (tenant, at, event, fields) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![tenant.as_str(), now, event, fields])?;
    let seq = db.last_insert_rowid();
    // Nobody has asked for a file, or the one there was is wanted no more.
    if seq % EVERY == 0 && place(db)?.path.is_none() {
        db.prepare_cached("DELETE FROM log_records WHERE seq <= ?1")?.execute([seq - WAITING])?;
    }
    Ok(())
}

/// What the record of an act begins with: who did it, and from where.
pub(super) fn of(actor: &Actor) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("by".into(), actor.id.clone().into());
    fields.insert("from".into(), actor.from.to_string().into());
    fields
}

/// The last line that is known to be in the file.
pub(super) fn head(db: &Connection) -> Result<Option<Head>, StoreError> {
    let mut statement = db.prepare_cached("SELECT seq, hash FROM log_head")?;
    let head = statement.query_row([], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? }));
    Ok(head.optional()?)
}

/// Which file the log is.
pub(super) fn place(db: &Connection) -> Result<Place, StoreError> {
    let mut statement = db.prepare_cached("SELECT path, begins FROM log_head")?;
    let place = statement.query_row([], |row| {
        let path = row.get::<_, Option<Vec<u8>>>(0)?.map(|path| PathBuf::from(OsStr::from_bytes(&path)));
        Ok(Place { path, begins: row.get(1)? })
    });
    Ok(place.optional()?.unwrap_or_default())
}

/// What a database of whatever version knows of its log, behind the record `after` or else behind the last that is known
/// to be in it. It is only looked at.
pub fn log_known(path: &Path, behind: Option<i64>) -> Result<Known, StoreError> {
    Readers::looking(path.into(), open::PATIENCE).read(|db| {
        let version = migrations::version(db)?;
        if version < migrations::LOGGED {
            // Nothing was ever written.
            return Ok(Known::default());
        }
        let head = head(db)?;
        let begins = if version < migrations::PLACED { None } else { place(db)?.begins };
        let behind = behind.unwrap_or_else(|| head.map_or(0, |head| head.seq));
        Ok(Known { head, begins, due: after(db, behind, LOOKED_AT)? })
    })
}

/// Records after this number.
pub(super) fn after(db: &Connection, seq: i64, most: u32) -> Result<Vec<Record>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, at, tenant, event, fields FROM log_records WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let rows = statement.query_map(params![seq, most], |row| {
        let fields = serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default();
        let tenant = Tenant::new(&row.get::<_, String>(2)?).unwrap_or_default();
        Ok(Record { seq: row.get(0)?, at: row.get(1)?, tenant, event: row.get(3)?, fields })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What happened to a tenant's incidents.
#[derive(Clone, Debug, Default)]
pub struct Happenings {
    /// In order.
    pub records: Vec<Record>,
    /// The last record that was looked at: whoever goes on there misses nothing.
    pub last: i64,
    /// Whether records before these are no longer known.
    pub gap: bool,
}

/// What happened to a tenant's incidents after this record.
pub(super) fn of_incidents(
    db: &Connection,
    tenant: &Tenant,
    seq: i64,
    most: u32,
) -> Result<Happenings, StoreError> {
    let sql = "SELECT min(seq), max(seq) FROM log_records";
    let known = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
    let (first, newest) = db.prepare_cached(sql)?.query_row([], known)?;
    let gap = first.is_some_and(|first| seq < first - 1);
    let mut statement = db.prepare_cached(
        "SELECT seq, at, event, fields FROM log_records
         WHERE seq > ?1 AND tenant = ?2 AND event GLOB 'incident.*' ORDER BY seq LIMIT ?3",
    )?;
    let rows = statement.query_map(params![seq, tenant.as_str(), most], |row| {
        let fields = serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default();
        Ok(Record { seq: row.get(0)?, at: row.get(1)?, tenant: tenant.clone(), event: row.get(2)?, fields })
    })?;
    let records = rows.collect::<Result<Vec<_>, _>>()?;
    // Not past what was not read yet.
    let full = records.len() as u64 >= u64::from(most);
    let last = match (records.last(), full) {
        (Some(last), true) => last.seq,
        _ => newest.unwrap_or(seq).max(seq),
    };
    Ok(Happenings { records, last, gap })
}

/// All up to this one are in the file at this place.
pub(super) fn written(db: &Connection, head: &Head, place: &Place) -> Result<(), StoreError> {
    put(db, head, place)?;
    db.prepare_cached("DELETE FROM log_records WHERE seq <= ?1")?.execute([head.seq - KEPT])?;
    Ok(())
}

/// The last line that is known to be in the file, and where that lies; one that is known already is not taken back.
pub(super) fn put(db: &Connection, head: &Head, place: &Place) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO log_head (one, seq, hash, path, begins) VALUES (1, ?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET seq = ?1, hash = ?2, path = ?3, begins = ?4 WHERE ?1 > seq",
    )?
    .execute(params![
        head.seq,
        head.hash,
        place.path.as_ref().map(|path| path.as_os_str().as_bytes()),
        place.begins
    ])?;
    Ok(())
}
