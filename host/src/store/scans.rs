//! Runs of scans and their rows.

use std::cell::Cell;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::database::Database;
use super::telling::Work;
use super::writer::Size;
use super::{clock, evidence, incidents, known, log, numbers, open, scrubbing};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Evidence, Incident};
use crate::scans::{
    Baseline, Broken, Keeps, KnownHosts, LONGEST, NewRun, Run, RunEnd, RunState, ScanLock, ScanName,
    ScanStore,
};

const COLUMNS: &str = "number, name, scanner, state, started, ended, addresses, ports, reason, detail, up, unknown, \
                       open, judged, author";
/// How often the lock is asked for that makes its holder the only one that scans.
const LOOKS: u32 = 3;
/// Rows that are deleted in one step: a transaction must not take long.
const STEP: u32 = 5_000;
/// How long it is known at least what scans have found, nanoseconds: twice the longest time between two of a schedule.
const KNOWN: i64 = 2 * LONGEST.as_nanos() as i64;

impl ScanStore for Database {
    fn scanning(&self) -> Result<Option<ScanLock>, StoreError> {
        self.writes()?;
        // Whoever looks whether somebody scans holds it for a moment.
        for _ in 0..LOOKS {
            if let Some(lock) = open::lock_beside(self.path(), "-scans")? {
                return Ok(Some(ScanLock::new(lock)));
            }
            std::thread::sleep(open::LOOK_AGAIN);
        }
        Ok(None)
    }

    fn running(&self) -> Result<Vec<(Tenant, Run)>, StoreError> {
        self.readers.read(|db| {
            let sql = format!("SELECT {COLUMNS}, tenant FROM scan_runs WHERE state = 'running'");
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(15)?, read(row)?)))?;
            let rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
            Ok(rows.filter_map(|(tenant, run)| Tenant::new(&tenant).zip(run)).collect())
        })
    }

    fn begin(&self, tenant: &Tenant, run: NewRun) -> Result<u64, StoreError> {
        self.grow(tenant, move |work| begin(work, &run))
    }

    fn begin_refused(&self, tenant: &Tenant, run: NewRun) -> Result<u64, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| begin(&this.work(db, &tenant), &run))
    }

    fn latest(&self, tenant: &Tenant, baseline: &Baseline) -> Result<Option<i64>, StoreError> {
        self.readers.read(|db| known::latest(db, tenant, baseline))
    }

    fn end(&self, tenant: &Tenant, run: u64, end: Arc<RunEnd>) -> Result<u64, StoreError> {
        // That a scan has come to nothing is told, whatever is stored.
        let is_bare = end.is_bare();
        self.grow_unless(tenant, Size::Large, move |_| Ok(is_bare), move |work| finish(work, run, &end))
    }

    fn unjudged(&self, tenant: &Tenant) -> Result<Vec<Run>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM scan_runs WHERE tenant = ?1 AND judged = 0 AND state <> 'running' ORDER BY number"
        );
        self.readers.read(|db| list(db, &sql, params![tenant.as_str()]))
    }

    fn findings(
        &self,
        tenant: &Tenant,
        run: u64,
        after: u64,
        most: u32,
    ) -> Result<Vec<(u64, String)>, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.readers.read(|db| {
            let sql = "SELECT number, line FROM scan_findings WHERE tenant = ?1 AND run = ?2 AND number > ?3
                       ORDER BY number LIMIT ?4";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(params![tenant.as_str(), run, after, most], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn judged(&self, tenant: &Tenant, run: u64) -> Result<(), StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, _| {
            let sql = "UPDATE scan_runs SET judged = 1 WHERE tenant = ?1 AND number = ?2";
            db.prepare_cached(sql)?.execute(params![tenant.as_str(), run])?;
            Ok(())
        })
    }

    fn runs(&self, tenant: &Tenant, before: Option<u64>, most: u32) -> Result<Vec<Run>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM scan_runs WHERE tenant = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3"
        );
        let before = before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
        self.readers.read(|db| list(db, &sql, params![tenant.as_str(), before, most]))
    }

    fn run(&self, tenant: &Tenant, number: u64) -> Result<Option<Run>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM scan_runs WHERE tenant = ?1 AND number = ?2");
        self.readers.read(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            Ok(statement.query_row(params![tenant.as_str(), number], read).optional()?.flatten())
        })
    }

    fn cancel(&self, tenant: &Tenant, run: u64, actor: &Actor) -> Result<bool, StoreError> {
        let (tenant, by) = (tenant.clone(), log::of(actor));
        self.write(move |db, this| {
            let sql =
                "SELECT cancelled FROM scan_runs WHERE tenant = ?1 AND number = ?2 AND state = 'running'";
            let mut statement = db.prepare_cached(sql)?;
            let cancelled =
                statement.query_row(params![tenant.as_str(), run], |row| row.get(0)).optional()?;
            // Who asks again has not done it.
            if cancelled == Some(false) {
                let sql = "UPDATE scan_runs SET cancelled = 1 WHERE tenant = ?1 AND number = ?2";
                db.prepare_cached(sql)?.execute(params![tenant.as_str(), run])?;
                record(db, &tenant, this.now, "scan.cancelled", run, by)?;
            }
            Ok(cancelled.is_some())
        })
    }

    fn is_cancelled(&self, tenant: &Tenant, run: u64) -> Result<bool, StoreError> {
        self.readers.read(|db| {
            let sql = "SELECT cancelled FROM scan_runs WHERE tenant = ?1 AND number = ?2";
            let mut statement = db.prepare_cached(sql)?;
            let cancelled =
                statement.query_row(params![tenant.as_str(), run], |row| row.get(0)).optional()?;
            Ok(cancelled.unwrap_or(false))
        })
    }

    fn unjudged_of_all(&self) -> Result<Vec<(Tenant, Run)>, StoreError> {
        self.readers.read(|db| {
            let sql = format!(
                "SELECT {COLUMNS}, tenant FROM scan_runs WHERE judged = 0 AND state <> 'running' ORDER BY tenant, number"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(15)?, read(row)?)))?;
            let rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
            Ok(rows.filter_map(|(tenant, run)| Tenant::new(&tenant).zip(run)).collect())
        })
    }

    fn forget(&self, retention: i64) -> Result<u64, StoreError> {
        let (mut runs, mut rows) = (0, 0);
        loop {
            let done = self.write_sized(Size::Large, move |db, this| {
                let believed = clock::advance(db, this.now)?;
                let done = forget(db, believed.saturating_sub(retention))?;
                if done.rows > 0 {
                    scrubbing::begin(db)?;
                }
                Ok(done)
            })?;
            (runs, rows) = (runs + done.runs, rows + done.rows);
            if done.rows < u64::from(STEP) {
                break;
            }
        }
        loop {
            let done = self.write_sized(Size::Large, move |db, this| {
                let believed = clock::advance(db, this.now)?;
                let before = believed.saturating_sub(retention.max(KNOWN));
                Ok(known::forget(db, before, STEP)? + overdue(db, believed.saturating_sub(retention))?)
            })?;
            rows += done;
            if done < u64::from(STEP) {
                break;
            }
        }
        if rows > 0 {
            self.scrub()?;
        }
        Ok(runs)
    }
}

impl Database {
    /// Whether somebody scans for this database; nothing is written. A run that is said to run is of a program that died,
    /// if nobody does.
    pub fn is_scanning(&self) -> bool {
        open::is_locked_beside(self.path(), "-scans")
    }

    /// The incidents behind this one that a run's findings are evidence of, with it, at most so many, by their numbers.
    pub fn incidents_of_run(
        &self,
        tenant: &Tenant,
        run: &Run,
        after: i64,
        most: u32,
    ) -> Result<Vec<(Incident, Vec<Evidence>)>, StoreError> {
        self.readers.read(|db| {
            let (source, since) = (run.name.source(), run.started);
            let found = incidents::of_held(db, tenant, (&source, run.number), since, after, most)?;
            let whole = |one: Incident| Ok((evidence::of(db, tenant, one.id)?, one));
            found.into_iter().map(|one| whole(one).map(|(evidence, one)| (one, evidence))).collect()
        })
    }
}

/// Keeps what a run has found, as it is told.
struct Keeping<'a> {
    db: &'a Connection,
    tenant: &'a Tenant,
    run: u64,
    ended: i64,
    /// How many were told.
    findings: Cell<u64>,
}

impl Keeps for Keeping<'_> {
    fn finding(&self, line: &str) -> Result<(), StoreError> {
        self.findings.set(self.findings.get() + 1);
        let sql = "INSERT INTO scan_findings (tenant, run, number, line) VALUES (?1, ?2, ?3, ?4)";
        let mut add = self.db.prepare_cached(sql)?;
        add.execute(params![self.tenant.as_str(), self.run, self.findings.get(), line])?;
        Ok(())
    }

    fn known<'k>(&'k self, baseline: &'k Baseline) -> Result<Box<dyn KnownHosts + 'k>, StoreError> {
        Ok(Box::new(known::Stored::open(self.db, self.tenant, baseline, self.ended)?))
    }
}

/// Keeps that a run begins; answers its number.
fn begin(work: &Work<'_>, run: &NewRun) -> Result<u64, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let number = numbers::next(db, tenant, "scan")?;
    db.prepare_cached(
        "INSERT INTO scan_runs (tenant, number, name, scanner, author, state, started, addresses, ports)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        tenant.as_str(),
        number,
        run.name.as_str(),
        run.scanner.as_str(),
        run.author.id,
        RunState::Running.as_str(),
        run.started,
        run.addresses.as_ref().map(|addresses| addresses.to_string()),
        run.ports.as_ref().map(|ports| ports.to_string()),
    ])?;
    record(db, tenant, *now, "scan.begun", number as u64, log::of(&run.author))?;
    Ok(number as u64)
}

/// Keeps what became of a run; answers how many of its findings are changes.
fn finish(work: &Work<'_>, run: u64, end: &RunEnd) -> Result<u64, StoreError> {
    let Work { db, tenant, now, .. } = work;
    // Somebody was faster, or this is asked again after it was kept.
    if !is_running(db, tenant, run)? {
        return Ok(0);
    }
    let broken = end.broken.as_ref();
    let (reason, detail) = broken.map(|broken| (broken.reason.as_str(), &broken.detail)).unzip();
    let keeping = Keeping { db, tenant, run, ended: end.ended, findings: Cell::new(0) };
    let changes = end.found.tell(&keeping)?;
    // What nothing was found in, no rule has to judge.
    let judged = keeping.findings.get() == 0;
    db.prepare_cached(
        "UPDATE scan_runs SET state = ?3, ended = ?4, reason = ?5, detail = ?6, up = ?7, unknown = ?8,
             open = ?9, judged = ?10
         WHERE tenant = ?1 AND number = ?2",
    )?
    .execute(params![
        tenant.as_str(),
        run,
        end.state.as_str(),
        end.ended,
        reason,
        detail,
        end.up,
        end.unknown,
        end.open,
        judged
    ])?;
    let mut fields = log::of(&end.by);
    fields.insert("state".into(), Value::from(end.state.as_str()));
    record(db, tenant, *now, "scan.ended", run, fields)?;
    Ok(changes)
}

/// Whether a run has begun, and not ended.
fn is_running(db: &Connection, tenant: &Tenant, run: u64) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM scan_runs WHERE tenant = ?1 AND number = ?2 AND state = 'running'";
    db.prepare_cached(sql)?.exists(params![tenant.as_str(), run])
}

/// Says so in security.log: who had what scanned, and what became of it, by number.
fn record(
    db: &Connection,
    tenant: &Tenant,
    now: i64,
    event: &str,
    run: u64,
    mut fields: Map<String, Value>,
) -> Result<(), StoreError> {
    fields.insert("scan".into(), run.into());
    log::add(db, tenant, now, event, &fields)
}

/// What one step has deleted: runs, and rows of them and of their findings.
#[derive(Default)]
struct Forgotten {
    runs: u64,
    rows: u64,
}

/// Deletes a step of what ended before this time: a run may have more findings than a transaction should delete, so it
/// goes once it has none.
fn forget(db: &Connection, before: i64) -> Result<Forgotten, StoreError> {
    let sql = "SELECT tenant, number FROM scan_runs WHERE ended < ?1 AND judged = 1 ORDER BY ended LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![before, STEP], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
    let mut done = Forgotten::default();
    for (tenant, number) in &found {
        let sql = "DELETE FROM scan_findings WHERE (tenant, run, number) IN
             (SELECT tenant, run, number FROM scan_findings WHERE tenant = ?1 AND run = ?2 LIMIT ?3)";
        let left = u64::from(STEP).saturating_sub(done.rows);
        done.rows += db.prepare_cached(sql)?.execute(params![tenant, number, left])? as u64;
        if done.rows >= u64::from(STEP) {
            break;
        }
        // How far its findings were judged: nobody brings them again.
        let sql = "DELETE FROM files WHERE tenant = ?1 AND device = 0 AND inode = ?2 AND source IN
             (SELECT number FROM sources WHERE tenant = ?1 AND name LIKE 'scan:%')";
        done.rows += db.prepare_cached(sql)?.execute(params![tenant, number])? as u64;
        let sql = "DELETE FROM scan_runs WHERE tenant = ?1 AND number = ?2";
        done.rows += db.prepare_cached(sql)?.execute(params![tenant, number])? as u64;
        done.runs += 1;
    }
    Ok(done)
}

/// Deletes a step of what was judged of schedules that were overdue before this time: each is a file of that time.
fn overdue(db: &Connection, before: i64) -> Result<u64, StoreError> {
    // No run has a number as high as a time.
    const TIME: i64 = 1_000_000_000_000_000;
    let sql = "DELETE FROM files WHERE (tenant, number) IN
         (SELECT files.tenant, files.number FROM files
          JOIN sources ON sources.tenant = files.tenant AND sources.number = files.source
          WHERE files.device = 0 AND files.inode BETWEEN ?1 AND ?2 AND sources.name LIKE 'scan:%' LIMIT ?3)";
    Ok(db.prepare_cached(sql)?.execute(params![TIME, before.saturating_sub(1), STEP])? as u64)
}

fn list(db: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Run>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// `None`: a row that this program does not understand.
fn read(row: &Row<'_>) -> rusqlite::Result<Option<Run>> {
    let (name, scanner, state): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let (Some(name), Ok(scanner), Ok(state)) = (ScanName::new(&name), scanner.parse(), state.parse()) else {
        return Ok(None);
    };
    let reason = row.get::<_, Option<String>>(8)?.and_then(|reason| reason.parse().ok());
    let detail = row.get::<_, Option<String>>(9)?.unwrap_or_default();
    Ok(Some(Run {
        number: row.get(0)?,
        name,
        scanner,
        author: row.get(14)?,
        state,
        started: row.get(4)?,
        ended: row.get(5)?,
        addresses: row.get(6)?,
        ports: row.get(7)?,
        broken: reason.map(|reason| Broken { reason, detail }),
        up: row.get(10)?,
        unknown: row.get(11)?,
        open: row.get(12)?,
        judged: row.get(13)?,
    }))
}
