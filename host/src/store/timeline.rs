//! Timelines and their rows.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Entry, Happening, Resolution};

/// Occurrences within this are one entry.
const TOGETHER: i64 = 60 * 60 * 1_000_000_000;
/// Entries kept of one incident; people's entries are never let go.
const KEPT: i64 = 1_000;

/// Adds an entry.
pub(super) fn add(db: &Connection, tenant: &Tenant, incident: i64, entry: &Entry) -> Result<(), StoreError> {
    if let Happening::Occurred { count } = entry.what
        && grown(db, tenant, incident, entry, count)?
    {
        return Ok(());
    }
    db.prepare_cached(
        "INSERT INTO timeline (tenant, incident, number, at, actor, name, what, detail)
         SELECT ?1, ?2, coalesce(max(number), 0) + 1, ?3, ?4, ?5, ?6, ?7 FROM timeline
         WHERE tenant = ?1 AND incident = ?2",
    )?
    .execute(params![
        tenant.as_str(),
        incident,
        entry.at,
        entry.actor.id,
        entry.actor.name,
        entry.what.code(),
        detail(&entry.what).to_string()
    ])?;
    // What happens by itself may happen for ever.
    db.prepare_cached(
        "DELETE FROM timeline WHERE tenant = ?1 AND incident = ?2
            AND what IN ('occurred', 'notified', 'undelivered', 'repeated', 'silenced', 'silence-ended',
                'acknowledgement-expired')
            AND number <= (SELECT max(number) FROM timeline WHERE tenant = ?1 AND incident = ?2) - ?3",
    )?
    .execute(params![tenant.as_str(), incident, KEPT])?;
    Ok(())
}

/// Adds occurrences to the last entry, if that tells of some by the same and is not old.
fn grown(
    db: &Connection,
    tenant: &Tenant,
    incident: i64,
    entry: &Entry,
    count: u64,
) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT number, at, what, detail, actor FROM timeline WHERE tenant = ?1 AND incident = ?2
         ORDER BY number DESC LIMIT 1",
    )?;
    let last = statement
        .query_row(params![tenant.as_str(), incident], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
                row.get::<_, String>(4)?,
            ))
        })
        .optional()?;
    let Some((number, at, what, before, actor)) = last else { return Ok(false) };
    if what != entry.what.code() || actor != entry.actor.id || entry.at.saturating_sub(at) > TOGETHER {
        return Ok(false);
    }
    let before: Value = serde_json::from_str(&before).unwrap_or_default();
    let count = before["count"].as_u64().unwrap_or(0).saturating_add(count);
    db.prepare_cached("UPDATE timeline SET detail = ?4 WHERE tenant = ?1 AND incident = ?2 AND number = ?3")?
        .execute(params![tenant.as_str(), incident, number, json!({ "count": count }).to_string()])?;
    Ok(true)
}

/// How often an incident was acknowledged; at most so many are counted.
pub(super) fn acknowledged(
    db: &Connection,
    tenant: &Tenant,
    incident: i64,
    most: u64,
) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM timeline
         WHERE tenant = ?1 AND incident = ?2 AND what = 'acknowledged' LIMIT ?3)";
    let key = params![tenant.as_str(), incident, most];
    Ok(db.prepare_cached(sql)?.query_row(key, |row| row.get(0))?)
}

/// An incident's timeline, oldest first.
pub(super) fn of(db: &Connection, tenant: &Tenant, incident: i64) -> Result<Vec<Entry>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT at, actor, name, what, detail FROM timeline WHERE tenant = ?1 AND incident = ?2 ORDER BY number",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), incident], |row| {
        let actor = Actor::named(row.get::<_, String>(1)?, row.get::<_, String>(2)?);
        Ok((row.get(0)?, actor, row.get::<_, String>(3)?, row.get::<_, String>(4)?))
    })?;
    let mut entries = Vec::new();
    for row in rows {
        let (at, actor, what, detail) = row?;
        let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        // A newer program's words are left to it.
        entries.extend(happening(&what, &detail).map(|what| Entry { at, actor, what }));
    }
    Ok(entries)
}

/// What a happening says beside its word.
pub(super) fn detail(what: &Happening) -> Value {
    match what {
        Happening::Opened { previous } => json!({ "previous": previous }),
        Happening::Occurred { count } => json!({ "count": count }),
        Happening::SeverityRose { from, to } => json!({ "from": from.as_str(), "to": to.as_str() }),
        Happening::Acknowledged { until } => json!({ "until": until }),
        Happening::Assigned { to } => json!({ "to": to }),
        Happening::Commented { text } => json!({ "text": text }),
        Happening::Resolved { resolution, comment } => {
            json!({ "resolution": resolution.as_str(), "comment": comment })
        }
        Happening::Reopened { comment } => json!({ "comment": comment }),
        Happening::AcknowledgementExpired | Happening::Repeated => json!({}),
        Happening::SilenceEnded { silence } | Happening::Silenced { silence } => {
            json!({ "silence": silence })
        }
        Happening::Notified { reason, recipient } => json!({ "reason": reason, "recipient": recipient }),
        Happening::Undelivered { recipient, words } => json!({ "recipient": recipient, "words": words }),
    }
}

fn happening(what: &str, detail: &Value) -> Option<Happening> {
    let text = |key: &str| detail[key].as_str().unwrap_or_default().to_string();
    let number = |key: &str| detail[key].as_i64().unwrap_or_default();
    Some(match what {
        "opened" => Happening::Opened { previous: detail["previous"].as_i64() },
        "occurred" => Happening::Occurred { count: number("count").max(0) as u64 },
        "severity-rose" => {
            Happening::SeverityRose { from: text("from").parse().ok()?, to: text("to").parse().ok()? }
        }
        "acknowledged" => Happening::Acknowledged { until: number("until") },
        "acknowledgement-expired" => Happening::AcknowledgementExpired,
        "assigned" => Happening::Assigned { to: detail["to"].as_str().map(String::from) },
        "commented" => Happening::Commented { text: text("text") },
        "resolved" => Happening::Resolved {
            resolution: text("resolution").parse().unwrap_or(Resolution::Unknown),
            comment: text("comment"),
        },
        "reopened" => Happening::Reopened { comment: text("comment") },
        "repeated" => Happening::Repeated,
        "silence-ended" => Happening::SilenceEnded { silence: number("silence") },
        "silenced" => Happening::Silenced { silence: number("silence") },
        "notified" => Happening::Notified { reason: text("reason"), recipient: text("recipient") },
        "undelivered" => Happening::Undelivered { recipient: text("recipient"), words: text("words") },
        _ => return None,
    })
}
