//! What a happening writes: the timeline, security.log's record, and a notice for everybody who is told.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{log, silences, tenants, timeline};
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Actor, Entry, Happening, Incident, Policy, Silence};
use crate::notices::{Again, Planned, Reason, Route, again, plan};

/// A transaction, whose it is, and when.
pub(super) struct Work<'c> {
    pub(super) db: &'c Connection,
    pub(super) tenant: &'c Tenant,
    pub(super) policy: &'c Policy,
    pub(super) installation: &'c Installation,
    pub(super) now: i64,
}

impl Work<'_> {
    /// Something has happened to an incident whose row is written; who must be told, is told by `reason`.
    pub(super) fn happened(
        &self,
        incident: &Incident,
        actor: &Actor,
        what: Happening,
        reason: Option<Reason>,
    ) -> Result<(), StoreError> {
        self.record(incident, actor, &what)?;
        let entry = Entry { at: self.now, actor: actor.clone(), what };
        timeline::add(self.db, self.tenant, incident.id, &entry)?;
        match reason {
            Some(reason) => self.tell(incident, &reason),
            None => Ok(()),
        }
    }

    /// Security.log's record: ids and hashes, no personal data, so that it may outlive what it tells of.
    fn record(&self, incident: &Incident, actor: &Actor, what: &Happening) -> Result<(), StoreError> {
        if matches!(what, Happening::Occurred { .. } | Happening::Notified { .. }) {
            return Ok(());
        }
        let mut fields = log::of(actor);
        let mut put = |key: &str, value: Value| drop(fields.insert(key.into(), value));
        put("incident", incident.id.into());
        put("pack", incident.pack.clone().into());
        put("rule", incident.rule.clone().into());
        put("severity", incident.severity.as_str().into());
        put("state", incident.state.as_str().into());
        put("generation", incident.generation.into());
        put("fingerprint_sha256", hex(&Sha256::digest(incident.fingerprint.as_bytes())).into());
        match what {
            Happening::Resolved { resolution, .. } => put("resolution", resolution.as_str().into()),
            Happening::SeverityRose { from, .. } => put("before", from.as_str().into()),
            Happening::Undelivered { recipient, .. } => {
                put("recipient_sha256", hex(&Sha256::digest(recipient.as_bytes())).into());
            }
            _ => {}
        }
        log::add(self.db, self.tenant, self.now, &format!("incident.{}", what.code()), &fields)
    }

    /// A silence has ended, and the incident is still open: whom it held something back from is told, also by a command
    /// that does not know their routes. When, says the route that names them now, if one does.
    pub(super) fn unsilenced(
        &self,
        incident: &Incident,
        silence: i64,
        held: Vec<(String, String)>,
    ) -> Result<(), StoreError> {
        self.happened(incident, &Actor::timer(), Happening::SilenceEnded { silence }, None)?;
        let known = plan(&self.policy.routes, incident, &Reason::SilenceEnded, self.now);
        let planned = held.into_iter().map(|(recipient, route)| {
            let known = known.iter().find(|known| known.recipient == recipient).cloned();
            known.unwrap_or(Planned { recipient, route, due: self.now })
        });
        self.queue_all(incident, &Reason::SilenceEnded, planned.collect())
    }

    /// Whoever is to be told by a route.
    fn tell(&self, incident: &Incident, reason: &Reason) -> Result<(), StoreError> {
        let mut planned = match reason {
            Reason::Repeat => self.again(incident)?.planned,
            _ => {
                let routed = plan(&self.policy.routes, incident, reason, self.now);
                self.with_own(routed)?
            }
        };
        if *reason == Reason::Resolved {
            // Whoever was never told of it need not hear that it is over.
            let mut known = Vec::new();
            for one in planned {
                if self.was_told(incident.id, &one.recipient)? {
                    known.push(one);
                }
            }
            planned = known;
        }
        self.queue_all(incident, reason, planned)
    }

    /// Besides those of routes, whom a tenant itself has named and somebody has confirmed.
    fn with_own(&self, mut planned: Vec<Planned>) -> Result<Vec<Planned>, StoreError> {
        for recipient in tenants::told(self.db, self.tenant)? {
            if !planned.iter().any(|one| one.recipient.eq_ignore_ascii_case(&recipient)) {
                planned.push(Planned { recipient, route: Route::TENANT.into(), due: self.now });
            }
        }
        Ok(planned)
    }

    /// An event, and a row in the outbox for each of these.
    fn queue_all(
        &self,
        incident: &Incident,
        reason: &Reason,
        planned: Vec<Planned>,
    ) -> Result<(), StoreError> {
        let detail = match reason {
            Reason::SeverityRose { from } => from.clone(),
            _ => String::new(),
        };
        self.db
            .prepare_cached(
                "INSERT INTO events (tenant, incident, reason, detail, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.tenant.as_str(), incident.id, reason.code(), detail, self.now])?;
        let event = self.db.last_insert_rowid();
        if planned.is_empty() {
            return Ok(());
        }
        let silence = silences::holding(self, incident)?;
        for one in &planned {
            self.queue(incident, event, reason, one, silence.as_ref())?;
        }
        if let Some(silence) = silence {
            let what = Happening::Silenced { silence: silence.id };
            let entry = Entry { at: self.now, actor: silence.author, what };
            timeline::add(self.db, self.tenant, incident.id, &entry)?;
        }
        Ok(())
    }

    /// Who is told again of an open incident. Whoever was never told counts as told when it was opened.
    pub(super) fn again(&self, incident: &Incident) -> Result<Again, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT recipient, max(created) FROM notices WHERE tenant = ?1 AND incident = ?2 GROUP BY recipient",
        )?;
        let key = params![self.tenant.as_str(), incident.id];
        let rows = statement.query_map(key, |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let told = rows.collect::<Result<HashMap<_, _>, _>>()?;
        let last = |recipient: &str| told.get(recipient).copied().unwrap_or(incident.opened);
        Ok(again(&self.policy.routes, incident, self.now, last))
    }

    fn was_told(&self, incident: i64, recipient: &str) -> Result<bool, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT 1 FROM notices WHERE tenant = ?1 AND incident = ?2 AND recipient = ?3 AND state <> 'silenced'
             LIMIT 1",
        )?;
        let key = params![self.tenant.as_str(), incident, recipient];
        Ok(statement.query_row(key, |_| Ok(())).optional()?.is_some())
    }

    fn queue(
        &self,
        incident: &Incident,
        event: i64,
        reason: &Reason,
        planned: &Planned,
        silence: Option<&Silence>,
    ) -> Result<(), StoreError> {
        let critical = incident.severity == tripline_engine::abi::Severity::Critical;
        let message = self.message(&[b"notice", &event.to_be_bytes(), planned.recipient.as_bytes()]);
        self.db
            .prepare_cached(
                "INSERT INTO notices (tenant, event, incident, recipient, route, reason, critical, state, created,
                    due, message, silence)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                self.tenant.as_str(),
                event,
                incident.id,
                planned.recipient,
                planned.route,
                reason.code(),
                critical,
                if silence.is_some() { "silenced" } else { "queued" },
                self.now,
                planned.due,
                message,
                silence.map(|silence| silence.id),
            ])?;
        match silence {
            Some(_) => Ok(()),
            None => self.hurry(incident.id, planned, critical),
        }
    }

    /// What was queued of an incident before, alone or within a digest, goes before what is queued now; so it must not
    /// wait for longer. Else a critical notice would wait for the quiet hours, or for the bucket, of the one before it.
    ///
    /// A relay that asked for patience is only asked again early for a critical one. What is being sent stays what it was
    /// when it took its token: it becomes critical once it waits again.
    fn hurry(&self, incident: i64, planned: &Planned, critical: bool) -> Result<(), StoreError> {
        const SET: &str = "UPDATE notices SET critical = CASE state WHEN 'sending' THEN critical ELSE max(critical, ?4) END,
                due = CASE WHEN state = 'queued' OR ?4 THEN min(due, ?5) ELSE due END
             WHERE state IN ('queued', 'deferred', 'sending')";
        const OF: &str = "tenant = ?1 AND incident = ?2 AND recipient = ?3";
        let key = params![self.tenant.as_str(), incident, planned.recipient, critical, planned.due];
        for sql in [
            format!("{SET} AND {OF}"),
            format!("{SET} AND id IN (SELECT digest FROM notices WHERE {OF} AND state = 'folded')"),
        ] {
            self.db.prepare_cached(&sql)?.execute(key)?;
        }
        Ok(())
    }

    /// The local part of a message id: nobody can guess one, and no two are alike.
    pub(super) fn message(&self, parts: &[&[u8]]) -> String {
        message(&self.installation.epoch, self.tenant, parts)
    }
}

/// What message ids of this database are made of: nobody else has the same.
#[derive(Clone, Copy)]
pub(super) struct Installation {
    /// Of all it ever was, also before a backup of it was restored: threads go on.
    own: [u8; 16],
    /// Of what it became by that: events that have the same number as others, which are lost, are not those.
    epoch: [u8; 16],
}

impl Installation {
    /// What it keeps over restored backups.
    pub(super) fn own(&self) -> &[u8; 16] {
        &self.own
    }

    pub(super) fn read(db: &Connection) -> Result<Installation, StoreError> {
        let read = |row: &Row<'_>| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Option<[u8; 16]>>(1)?));
        let (own, epoch) = db.query_row("SELECT id, epoch FROM installation", [], read)?;
        Ok(Installation { own, epoch: epoch.unwrap_or(own) })
    }
}

/// The local part of the message id that an incident's thread hangs on.
pub(super) fn thread(installation: &Installation, tenant: &Tenant, incident: i64) -> String {
    message(&installation.own, tenant, &[b"incident", &incident.to_be_bytes()])
}

/// The local part of a message id, from what it is about.
fn message(random: &[u8; 16], tenant: &Tenant, parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in [&[&random[..], tenant.as_str().as_bytes()], parts].concat() {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize()[..16])
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
