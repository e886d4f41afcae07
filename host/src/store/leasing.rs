//! What a mail takes from the outbox that goes now, and what it says.

use rusqlite::{Connection, OptionalExtension, params};

use super::outbox::Waiting;
use super::telling::{Work, thread};
use super::{confirming, digest, evidence, incidents};
use crate::commit::StoreError;
use crate::notices::{About, Content, Leased, Reason, RuleText};
use crate::token::ConfirmationSecret;

/// A notice that may go.
struct Oldest {
    notice: i64,
    event: Option<i64>,
    incident: Option<i64>,
    route: String,
    reason: String,
    message: String,
    created: i64,
}

impl Oldest {
    fn asks(&self) -> bool {
        self.incident.is_none() && self.reason == Reason::Confirm.code()
    }
}

/// The oldest that may go: what was told of an incident before, alone or within a digest, goes before it.
fn oldest(work: &Work<'_>, of: &Waiting) -> Result<Option<Oldest>, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let mut statement = db.prepare_cached(
        "SELECT n.id, n.event, n.incident, n.route, n.reason, n.message, n.created FROM notices n
         WHERE n.tenant = ?1 AND n.recipient = ?2 AND n.critical = ?3 AND n.state IN ('queued', 'deferred')
            AND n.due <= ?4 AND NOT EXISTS (
                SELECT 1 FROM notices e LEFT JOIN notices d ON d.id = e.digest
                WHERE e.tenant = n.tenant AND e.incident = n.incident AND e.recipient = n.recipient AND e.id < n.id
                    AND (e.state IN ('queued', 'deferred', 'sending')
                        OR e.state = 'folded' AND d.state IN ('queued', 'deferred', 'sending')))
         ORDER BY n.id LIMIT 1",
    )?;
    let row = statement.query_row(params![tenant.as_str(), of.recipient, of.critical, now], |row| {
        Ok(Oldest {
            notice: row.get(0)?,
            event: row.get(1)?,
            incident: row.get(2)?,
            route: row.get(3)?,
            reason: row.get(4)?,
            message: row.get(5)?,
            created: row.get(6)?,
        })
    });
    Ok(row.optional()?)
}

/// Takes what goes next.
pub(super) fn lease(
    work: &Work<'_>,
    of: &Waiting,
    secret: &ConfirmationSecret,
) -> Result<Option<Leased>, StoreError> {
    let Work { db, tenant, now, .. } = work;
    let oldest = loop {
        let Some(oldest) = oldest(work, of)? else { return Ok(None) };
        if !oldest.asks() || !confirming::give_up(work, oldest.notice, &of.recipient)? {
            break oldest;
        }
    };
    let asks = oldest.asks();
    let Oldest { notice, event, incident, route, reason, message, created } = oldest;
    db.prepare_cached(
        "UPDATE notices SET state = 'sending', lease = ?2, attempts = attempts + 1 WHERE id = ?1",
    )?
    .execute(params![notice, now])?;
    let content = match incident {
        None if asks => Content::Confirm(Box::new(confirming::content(work, &of.recipient, secret.clone())?)),
        None => Content::Digest(digest::content(work, notice)?),
        Some(incident) => {
            let Some(incident) = incidents::get(db, tenant, incident)? else { return Ok(None) };
            let reason = reason_of(db, event, &reason)?;
            let rule = rule_text(work, &incident.pack, &incident.rule)?;
            let evidence = evidence::of(db, tenant, incident.id)?;
            Content::Incident(Box::new(About { incident, evidence, rule, reason, route }))
        }
    };
    let thread = incident.map(|incident| thread(work.installation, tenant, incident));
    let (tenant, recipient) = ((*tenant).clone(), of.recipient.clone());
    Ok(Some(Leased { notice, tenant, recipient, message, thread, created, content }))
}

/// The reason with what its event says.
fn reason_of(db: &Connection, event: Option<i64>, code: &str) -> Result<Reason, StoreError> {
    let mut statement = db.prepare_cached("SELECT detail FROM events WHERE id = ?1")?;
    let detail: Option<String> = statement.query_row([event], |row| row.get(0)).optional()?;
    Ok(reason(code, &detail.unwrap_or_default()))
}

/// A reason by its word.
pub(super) fn reason(code: &str, detail: &str) -> Reason {
    match Reason::of(code) {
        Some(Reason::SeverityRose { .. }) => Reason::SeverityRose { from: detail.into() },
        reason => reason.unwrap_or(Reason::First),
    }
}

fn rule_text(work: &Work<'_>, pack: &str, rule: &str) -> Result<RuleText, StoreError> {
    let mut statement = work.db.prepare_cached(
        "SELECT title, description, links FROM rules WHERE tenant = ?1 AND pack = ?2 AND rule = ?3",
    )?;
    let text = statement.query_row(params![work.tenant.as_str(), pack, rule], |row| {
        let references = incidents::texts(&row.get::<_, String>(2)?);
        Ok(RuleText { title: row.get(0)?, description: row.get(1)?, references })
    });
    Ok(text.optional()?.unwrap_or_default())
}
