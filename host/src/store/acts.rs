//! What people do to incidents, and what they report.

use super::database::Database;
use super::incidents;
use crate::commit::{Store, StoreError, Tenant};
use crate::incidents::{Act, ActError, Actor, Incident, Report, State};
use crate::notices::Reason;

impl Database {
    /// Somebody does something to an incident; `version`: only if nobody has changed it since.
    pub fn act(
        &self,
        tenant: &Tenant,
        id: i64,
        version: Option<i64>,
        act: Act,
        actor: Actor,
    ) -> Result<Result<Incident, ActError>, StoreError> {
        let tenant = tenant.clone();
        self.write(move |db, this| {
            let Some(mut incident) = incidents::get(db, &tenant, id)? else {
                return Ok(Err(ActError::Unknown { id }));
            };
            if let Some(expected) = version.filter(|version| *version != incident.version) {
                return Ok(Err(ActError::Changed { id, expected, found: incident.version }));
            }
            if matches!(act, Act::Reopen { .. }) && incident.state == State::Resolved {
                let latest =
                    incidents::latest(db, &tenant, &incident.pack, &incident.rule, &incident.fingerprint)?;
                if let Some(latest) = latest.filter(|latest| latest.id != id) {
                    return Ok(Err(ActError::Superseded { id, latest: latest.id }));
                }
            }
            let happening = match incident.act(&act, &this.policy.limits, this.now) {
                Ok(happening) => happening,
                Err(error) => return Ok(Err(error)),
            };
            if let Act::Reopen { .. } = act {
                // While it was resolved, nothing was told again.
                this.policy.routes.wind(&mut incident, this.now);
            }
            incidents::update(db, &incident)?;
            let reason = match act {
                Act::Resolve { .. } => Some(Reason::Resolved),
                Act::Reopen { .. } => Some(Reason::ReopenedByHand),
                _ => None,
            };
            this.work(db, &tenant).happened(&incident, &actor, happening, reason)?;
            Ok(Ok(incidents::get(db, &tenant, id)?.unwrap_or(incident)))
        })
    }

    /// A person or a program reports an incident; answers its number. What an exception covers has none: 0.
    pub fn report(&self, tenant: &Tenant, report: Report, actor: Actor) -> Result<i64, StoreError> {
        let committed = self.commit(tenant, report.commit(actor, self.clock.now()))?;
        Ok(committed.opened.first().or(committed.grown.first()).copied().unwrap_or(0))
    }
}
