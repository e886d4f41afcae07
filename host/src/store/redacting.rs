//! What was stored before a pattern of redaction was there.
//!
//! Patterns change with the configuration, so each set of them goes over all incidents once: from the first to the last, in
//! steps of which the database knows how far they came. What came meanwhile was redacted when it was stored.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::applying::mark;
use super::incidents::{pairs, unpair};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Fingerprint, Policy, Redaction};

/// Incidents of one step: a transaction must not take long.
const STEP: u32 = 500;

/// Does one step; answers how many things were blotted out, and whether there is more to do.
pub(super) fn step(
    db: &Connection,
    policy: &Policy,
    installation: &[u8; 16],
) -> Result<(u64, bool), StoreError> {
    // Who does not know the database's own patterns leaves it as it is.
    if policy.partial || policy.redaction.is_empty() {
        return Ok((0, false));
    }
    let patterns = policy.redaction.digest();
    let mut statement =
        db.prepare_cached("SELECT tenant, incident, done FROM redacted WHERE patterns = ?1")?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let known: Option<(String, i64, bool)> = statement.query_row([patterns], row).optional()?;
    let (tenant, id) = match known {
        Some((_, _, true)) => return Ok((0, false)),
        Some((tenant, id, false)) => (tenant, id),
        None => (String::new(), 0),
    };
    let mut statement = db.prepare_cached(
        "SELECT tenant, id FROM incidents WHERE (tenant, id) > (?1, ?2) ORDER BY tenant, id LIMIT ?3",
    )?;
    let rows = statement.query_map(params![tenant, id, STEP], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
    let mut changed = 0;
    for (tenant, id) in &found {
        if let Some(tenant) = Tenant::new(tenant) {
            changed += incident(db, &policy.redaction, installation, &tenant, *id)?;
            changed += evidence(db, &policy.redaction, &tenant, *id)?;
        }
    }
    let done = found.len() < STEP as usize;
    if done {
        changed += excepted(db, &policy.redaction)?;
    }
    let (tenant, id) = found.last().cloned().unwrap_or((tenant, id));
    db.prepare_cached(
        "INSERT INTO redacted (one, patterns, tenant, incident, done) VALUES (1, ?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET patterns = ?1, tenant = ?2, incident = ?3, done = ?4",
    )?
    .execute(params![patterns, tenant, id, done])?;
    Ok((changed, !done))
}

/// An incident's own texts.
fn incident(
    db: &Connection,
    redaction: &Redaction,
    installation: &[u8; 16],
    tenant: &Tenant,
    id: i64,
) -> Result<u64, StoreError> {
    let key = params![tenant.as_str(), id];
    let mut statement = db.prepare_cached(
        "SELECT fingerprint, subject, title, summary, fields FROM incidents WHERE tenant = ?1 AND id = ?2",
    )?;
    let (fingerprint, texts, fields) = statement.query_row(key, |row| {
        let texts: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        Ok((Fingerprint::from_bytes(row.get(0)?), texts, unpair(&row.get::<_, String>(4)?)))
    })?;
    let before = (fingerprint.clone(), texts.clone(), fields.clone());
    let given = fingerprint.given().map(<[u8]>::to_vec);
    let mut fingerprint = fingerprint;
    if let Some(mut given) = given
        && redaction.fingerprint(&mut given, |given| mark(installation, tenant, given))
    {
        fingerprint = Fingerprint::given_as(&given);
    }
    let (mut texts, mut fields) = (texts, fields);
    texts.iter_mut().chain(fields.iter_mut().map(|(_, value)| value)).for_each(|text| redaction.text(text));
    if before == (fingerprint.clone(), texts.clone(), fields.clone()) {
        return Ok(0);
    }
    let [subject, title, summary] = texts;
    let mut update = db.prepare_cached(
        "UPDATE OR IGNORE incidents SET fingerprint = ?3, subject = ?4, title = ?5, summary = ?6, fields = ?7
         WHERE tenant = ?1 AND id = ?2",
    )?;
    let fields = pairs(&fields);
    let mut put = |fingerprint: &[u8]| {
        update.execute(params![tenant.as_str(), id, fingerprint, subject, title, summary, fields])
    };
    if put(fingerprint.as_bytes())? == 0 {
        // An equal decision has opened one of its own since; this one stands for itself from now on.
        put(&[fingerprint.as_bytes(), format!(" {id}").as_bytes()].concat())?;
    }
    for sql in [
        "UPDATE texts SET indexed = coalesce(indexed, text),
            text = (SELECT text FROM searched WHERE tenant = ?1 AND id = ?2)
         WHERE tenant = ?1 AND incident = ?2",
        // What is indexed says it still.
        "UPDATE texts SET indexed = NULL WHERE tenant = ?1 AND incident = ?2",
    ] {
        db.prepare_cached(sql)?.execute(key)?;
    }
    Ok(1)
}

/// Number, text, whether it is cut, digest.
type Line = (i64, Vec<u8>, bool, Option<[u8; 32]>);

/// Its lines.
fn evidence(db: &Connection, redaction: &Redaction, tenant: &Tenant, id: i64) -> Result<u64, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT number, text, cut, digest FROM evidence
         WHERE tenant = ?1 AND incident = ?2 AND text IS NOT NULL",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), id], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let rows: Vec<Line> = rows.collect::<Result<_, _>>()?;
    let mut changed = 0;
    for (number, text, cut, digest) in rows {
        let Some(blotted) = redaction.blotted(&text) else { continue };
        let digest = digest.or_else(|| (!cut).then(|| Sha256::digest(&text).into()));
        db.prepare_cached(
            "UPDATE evidence SET text = ?4, captures = X'', digest = ?5
             WHERE tenant = ?1 AND incident = ?2 AND number = ?3",
        )?
        .execute(params![tenant.as_str(), id, number, blotted, digest])?;
        changed += 1;
    }
    Ok(changed)
}

/// Titles of what exceptions took out.
fn excepted(db: &Connection, redaction: &Redaction) -> Result<u64, StoreError> {
    let mut statement = db.prepare_cached("SELECT tenant, id, title FROM excepted")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let title: String = row.get(2)?;
        let mut blotted = title.clone();
        redaction.text(&mut blotted);
        if blotted != title {
            found.push((row.get::<_, String>(0)?, row.get::<_, [u8; 16]>(1)?, blotted));
        }
    }
    let mut update = db.prepare_cached("UPDATE excepted SET title = ?3 WHERE tenant = ?1 AND id = ?2")?;
    for (tenant, id, title) in &found {
        update.execute(params![tenant, id, title])?;
    }
    Ok(found.len() as u64)
}
