//! Incidents and their rows.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, named_params, params};
use tripline_engine::abi::Severity;

use crate::commit::{StoreError, Tenant};
use crate::incidents::{Fingerprint, Incident, Resolution, State};

const COLUMNS: &str = "id, pack, rule, fingerprint, generation, previous, state, resolution, severity, subject, title, \
     summary, fields, tags, sources, count, occurrences, first, last, opened, changed, occurred, acknowledged_until, \
     resolve_after, repeats_at, assignee, evidence_dropped, overflow, version";

/// The incident with this number.
pub(super) fn get(db: &Connection, tenant: &Tenant, id: i64) -> Result<Option<Incident>, StoreError> {
    let mut statement = select(db, "WHERE tenant = ?1 AND id = ?2")?;
    Ok(statement.query_row(params![tenant.as_str(), id], |row| read(row, tenant)).optional()?)
}

/// The latest generation of what has this fingerprint.
pub(super) fn latest(
    db: &Connection,
    tenant: &Tenant,
    pack: &str,
    rule: &str,
    fingerprint: &Fingerprint,
) -> Result<Option<Incident>, StoreError> {
    let mut statement = select(
        db,
        "WHERE tenant = ?1 AND pack = ?2 AND rule = ?3 AND fingerprint = ?4 ORDER BY generation DESC LIMIT 1",
    )?;
    let key = params![tenant.as_str(), pack, rule, fingerprint.as_bytes()];
    Ok(statement.query_row(key, |row| read(row, tenant)).optional()?)
}

/// How many incidents of a rule are not resolved.
pub(super) fn open_of_rule(
    db: &Connection,
    tenant: &Tenant,
    pack: &str,
    rule: &str,
) -> Result<u64, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT count(*) FROM incidents WHERE tenant = ?1 AND pack = ?2 AND rule = ?3 AND state IN (0, 1)",
    )?;
    Ok(statement.query_row(params![tenant.as_str(), pack, rule], |row| row.get(0))?)
}

/// Numbers of incidents that this condition holds for; `?1` is the time, `?2` how many at most.
pub(super) fn due(
    db: &Connection,
    condition: &str,
    now: i64,
    most: u32,
) -> Result<Vec<(Tenant, i64)>, StoreError> {
    let sql = format!("SELECT tenant, id FROM incidents WHERE {condition} LIMIT ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params![now, most], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (tenant, id) = row?;
        found.extend(Tenant::new(&tenant).map(|tenant| (tenant, id)));
    }
    Ok(found)
}

/// Incidents behind this one that lines of a file of this number in memory are evidence of, at most so many, by their
/// numbers. Only those are looked at that have changed since then.
pub(super) fn of_held(
    db: &Connection,
    tenant: &Tenant,
    (source, number): (&str, u64),
    since: i64,
    after: i64,
    most: u32,
) -> Result<Vec<Incident>, StoreError> {
    let mut statement = select(
        db,
        "WHERE tenant = ?1 AND id > ?2 AND changed >= ?3 AND EXISTS (
             SELECT 1 FROM evidence WHERE evidence.tenant = incidents.tenant AND evidence.incident = incidents.id
             AND evidence.file IN (
                 SELECT files.number FROM files
                 JOIN sources ON sources.tenant = files.tenant AND sources.number = files.source
                 WHERE files.tenant = ?1 AND files.device = 0 AND files.inode = ?4 AND sources.name = ?5))
         ORDER BY id LIMIT ?6",
    )?;
    let rows = statement
        .query_map(params![tenant.as_str(), after, since, number, source, most], |row| read(row, tenant))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes a new incident.
pub(super) fn insert(db: &Connection, incident: &Incident) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO incidents (tenant, id, pack, rule, fingerprint, generation, previous, state, resolution,
            severity, subject, title, summary, fields, tags, sources, count, occurrences, first, last, opened,
            changed, occurred, acknowledged_until, resolve_after, resolves_at, repeats_at, assignee,
            evidence_dropped, overflow, version)
         VALUES (:tenant, :id, :pack, :rule, :fingerprint, :generation, :previous, :state, :resolution,
            :severity, :subject, :title, :summary, :fields, :tags, :sources, :count, :occurrences, :first, :last,
            :opened, :changed, :occurred, :acknowledged_until, :resolve_after, :resolves_at, :repeats_at,
            :assignee, :evidence_dropped, :overflow, 1)",
    )?;
    write(&mut statement, incident, true)
}

/// Writes what may have changed of an incident, and counts its version.
pub(super) fn update(db: &Connection, incident: &Incident) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "UPDATE incidents SET state = :state, resolution = :resolution, severity = :severity, title = :title,
            summary = :summary, fields = :fields, sources = :sources, count = :count, occurrences = :occurrences,
            first = :first, last = :last, changed = :changed, occurred = :occurred,
            acknowledged_until = :acknowledged_until, resolves_at = :resolves_at, repeats_at = :repeats_at,
            assignee = :assignee, evidence_dropped = :evidence_dropped, version = version + 1
         WHERE tenant = :tenant AND id = :id",
    )?;
    write(&mut statement, incident, false)
}

fn write(statement: &mut CachedStatement<'_>, incident: &Incident, new: bool) -> Result<(), StoreError> {
    let fields = pairs(&incident.values);
    let sources = serde_json::Value::from(incident.sources.clone()).to_string();
    let both = named_params! {
        ":tenant": incident.tenant.as_str(),
        ":id": incident.id,
        ":state": incident.state as i64,
        ":resolution": incident.resolution.map(Resolution::as_str),
        ":severity": incident.severity as i64,
        ":title": incident.title,
        ":summary": incident.summary,
        ":fields": fields,
        ":sources": sources,
        ":count": signed(incident.count),
        ":occurrences": signed(incident.occurrences),
        ":first": incident.first,
        ":last": incident.last,
        ":changed": incident.changed,
        ":occurred": incident.occurred,
        ":acknowledged_until": incident.acknowledged_until,
        ":resolves_at": incident.resolves_at(),
        ":repeats_at": incident.repeats_at,
        ":assignee": incident.assignee,
        ":evidence_dropped": signed(incident.evidence_dropped),
    };
    if !new {
        statement.execute(both)?;
        return Ok(());
    }
    let tags = serde_json::Value::from(incident.tags.clone()).to_string();
    let once = named_params! {
        ":pack": incident.pack,
        ":rule": incident.rule,
        ":fingerprint": incident.fingerprint.as_bytes(),
        ":generation": incident.generation,
        ":previous": incident.previous,
        ":subject": incident.subject,
        ":tags": tags,
        ":opened": incident.opened,
        ":resolve_after": incident.resolve_after,
        ":overflow": incident.overflow,
    };
    statement.execute(&[both, once].concat()[..])?;
    Ok(())
}

/// A statement over all columns of incidents.
pub(super) fn select<'c>(db: &'c Connection, rest: &str) -> Result<CachedStatement<'c>, StoreError> {
    select_from(db, "incidents", rest)
}

/// The same, where incidents are found by way of other tables.
pub(super) fn select_from<'c>(
    db: &'c Connection,
    from: &str,
    rest: &str,
) -> Result<CachedStatement<'c>, StoreError> {
    Ok(db.prepare_cached(&format!("SELECT {COLUMNS} FROM {from} {rest}"))?)
}

/// An incident from its row.
pub(super) fn read(row: &Row<'_>, tenant: &Tenant) -> rusqlite::Result<Incident> {
    let state = State::ALL.get(row.get::<_, usize>(6)?).copied().unwrap_or(State::Open);
    let resolution: Option<String> = row.get(7)?;
    let unsigned = |column| row.get::<_, i64>(column).map(|number| number.max(0) as u64);
    Ok(Incident {
        tenant: tenant.clone(),
        id: row.get(0)?,
        pack: row.get(1)?,
        rule: row.get(2)?,
        fingerprint: Fingerprint::from_bytes(row.get(3)?),
        generation: row.get(4)?,
        previous: row.get(5)?,
        state,
        resolution: resolution.and_then(|word| word.parse().ok()),
        severity: severity(row.get(8)?),
        subject: row.get(9)?,
        title: row.get(10)?,
        summary: row.get(11)?,
        values: unpair(&row.get::<_, String>(12)?),
        tags: texts(&row.get::<_, String>(13)?),
        sources: texts(&row.get::<_, String>(14)?),
        count: unsigned(15)?,
        occurrences: unsigned(16)?,
        first: row.get(17)?,
        last: row.get(18)?,
        opened: row.get(19)?,
        changed: row.get(20)?,
        occurred: row.get(21)?,
        acknowledged_until: row.get(22)?,
        resolve_after: row.get(23)?,
        repeats_at: row.get(24)?,
        assignee: row.get(25)?,
        evidence_dropped: unsigned(26)?,
        overflow: row.get(27)?,
        version: row.get(28)?,
    })
}

/// A severity by its number.
pub(super) fn severity(number: i64) -> Severity {
    usize::try_from(number).ok().and_then(|i| Severity::ALL.get(i).copied()).unwrap_or(Severity::Critical)
}

/// SQLite's integers are signed; no count gets there.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Named values as JSON: pairs, since names may repeat.
pub(super) fn pairs(values: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| serde_json::Value::from(vec![name.clone(), value.clone()]);
    serde_json::Value::from(values.iter().map(pair).collect::<Vec<_>>()).to_string()
}

pub(super) fn unpair(json: &str) -> Vec<(String, String)> {
    serde_json::from_str::<Vec<(String, String)>>(json).unwrap_or_default()
}

pub(super) fn texts(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}
