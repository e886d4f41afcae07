//! A restored backup goes on where the database in whose place it comes has stopped: what was told since the backup must
//! not be told again as something else.
//!
//! ```text
//!                     the database in its place
//!                     is read                    cannot be read, or is not there
//!   message ids       ──────────── of a new epoch: none is given twice ───────────
//!   numbers           go on behind its own       go on at the next million
//!   revoked tokens    are revoked                hold again, as in the backup
//!   security.log      goes on behind it, with    goes on behind the last line of the file, wherever
//!                     all records it had         that is known to lie, or is said to lie
//! ```
//!
//! Either way security.log says that it was restored.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::backup::Restoring;
use super::{log, looking, migrations, open};
use crate::commit::StoreError;
use crate::security_log::{self, Deed};

/// Where numbers go on of which it is not known how many were given.
const FURTHER: i64 = 1_000_000;
/// Numbers that people and security.log name.
const KINDS: &str = "'incident', 'silence', 'exception', 'scan'";

/// Makes of the copy of a backup what goes on behind `before`, if that can be read.
pub(super) fn go_on(copy: &Path, before: Option<&Path>, restoring: &Restoring<'_>) -> Result<(), StoreError> {
    let mut connection = Connection::open(copy)?;
    open::settle(&connection, open::PATIENCE)?;
    migrations::migrate(&mut connection)?;
    let transaction = connection.transaction()?;
    let backup = newest(&transaction)?;
    // Half of what it says would be worse than nothing: it is all read before anything is changed.
    let known = before.and_then(|before| looking::still(before).ok()).and_then(|before| {
        let known = Known::read(&before, &transaction).ok().flatten()?;
        Some((before, known))
    });
    match &known {
        Some((before, known)) => behind(&transaction, before, known)?,
        None => further(&transaction, restoring.security_log)?,
    }
    transaction.execute("UPDATE installation SET epoch = randomblob(16)", [])?;
    let deed = Deed::restored(backup, known.is_some()).by(restoring.actor.clone());
    log::note(&transaction, &deed, restoring.now)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// What the database that was there has given and revoked.
struct Known {
    version: usize,
    numbers: Vec<(String, String, i64)>,
    sequences: BTreeMap<String, i64>,
    revoked: Vec<([u8; 32], i64)>,
}

impl Known {
    /// `None`: it is none that this one is a backup of, or too old to have told anybody anything.
    fn read(before: &Connection, backup: &Connection) -> Result<Option<Known>, StoreError> {
        open::check(before)?;
        let version = migrations::version(before)?;
        if !(migrations::LOGGED..=migrations::NEWEST).contains(&version) {
            return Ok(None);
        }
        let own = |db: &Connection| {
            db.query_row("SELECT id FROM installation", [], |row| row.get::<_, [u8; 16]>(0))
        };
        if own(before)? != own(backup)? {
            return Ok(None);
        }
        let mut numbers = before.prepare("SELECT tenant, kind, last FROM numbers")?;
        let numbers = numbers.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let numbers = numbers.collect::<Result<_, _>>()?;
        let mut sequences = before.prepare("SELECT name, seq FROM sqlite_sequence")?;
        let sequences = sequences.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut sequences = sequences.collect::<Result<BTreeMap<String, i64>, _>>()?;
        let mut revoked = Vec::new();
        if version >= migrations::TOKENS {
            let mut tokens = before.prepare("SELECT hash, revoked FROM tokens WHERE revoked IS NOT NULL")?;
            let rows = tokens.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            revoked = rows.collect::<Result<_, _>>()?;
            let sql = "SELECT coalesce(max(id), 0) FROM tokens";
            let last: i64 = before.query_row(sql, [], |row| row.get(0))?;
            let known = sequences.entry("tokens".into()).or_default();
            *known = last.max(*known);
        }
        Ok(Some(Known { version, numbers, sequences, revoked }))
    }
}

/// Goes on behind what is known.
fn behind(copy: &Transaction<'_>, before: &Connection, known: &Known) -> Result<(), StoreError> {
    for (tenant, kind, last) in &known.numbers {
        copy.execute(
            "INSERT INTO numbers (tenant, kind, last) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET last = max(last, ?3)",
            params![tenant, kind, last],
        )?;
    }
    for (name, last) in &known.sequences {
        at_least(copy, name, *last)?;
    }
    for (hash, at) in &known.revoked {
        let sql = "UPDATE tokens SET revoked = ?2 WHERE hash = ?1 AND revoked IS NULL";
        copy.execute(sql, params![hash, at])?;
    }
    copy.execute("DELETE FROM log_records", [])?;
    copy.execute("DELETE FROM log_head", [])?;
    let mut add =
        copy.prepare("INSERT INTO log_records (seq, tenant, at, event, fields) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut records =
        before.prepare("SELECT seq, tenant, at, event, fields FROM log_records ORDER BY seq")?;
    let mut rows = records.query([])?;
    while let Some(row) = rows.next()? {
        let texts = (row.get::<_, String>(1)?, row.get::<_, String>(3)?, row.get::<_, String>(4)?);
        add.execute(params![row.get::<_, i64>(0)?, texts.0, row.get::<_, i64>(2)?, texts.1, texts.2])?;
    }
    if let Some(head) = log::head(before)? {
        let place = match known.version >= migrations::PLACED {
            true => log::place(before)?,
            false => security_log::Place::default(),
        };
        log::put(copy, &head, &place)?;
    }
    Ok(())
}

/// Goes on where nothing can have been.
fn further(copy: &Transaction<'_>, said: Option<&Path>) -> Result<(), StoreError> {
    let sql = format!("UPDATE numbers SET last = (last / ?1 + 1) * ?1 WHERE kind IN ({KINDS})");
    copy.execute(&sql, [FURTHER])?;
    for name in ["events", "notices", "tokens"] {
        let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?1";
        let last: i64 = copy.query_row(sql, [name], |row| row.get(0))?;
        at_least(copy, name, (last / FURTHER + 1) * FURTHER)?;
    }
    let own = log::head(copy)?.map_or(0, |head| head.seq);
    let known = log::place(copy)?.path;
    let path = match said {
        Some(said) => Some(security_log::place(said).map_err(open::io)?),
        None => known,
    };
    let Some(path) = path else { return Ok(()) };
    // What the backup has of later records is in the file, or was told otherwise since.
    if let Some(head) = security_log::last(&path).filter(|head| head.seq > own) {
        copy.execute("DELETE FROM log_records WHERE seq <= ?1", [head.seq])?;
        at_least(copy, "log_records", head.seq)?;
        log::put(copy, &head, &security_log::Place { path: Some(path), begins: None })?;
    }
    Ok(())
}

/// The number of the newest record.
fn newest(db: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'log_records'";
    Ok(db.query_row(sql, [], |row| row.get(0))?)
}

/// No row of this table has a number up to this one from now on.
fn at_least(db: &Connection, table: &str, last: i64) -> Result<(), StoreError> {
    let raised =
        db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1", params![table, last])?;
    if raised == 0 {
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![table, last])?;
    }
    Ok(())
}
