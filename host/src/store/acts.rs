//! What people do to incidents, and what they report.

use super::database::Database;
use super::telling::Work;
use super::writer::Size;
use super::{incidents, timeline};
use crate::commit::{Store, StoreError, Tenant};
use crate::incidents::{Act, ActError, Actor, Incident, Report, State};
use crate::notices::Reason;

/// How often an incident is acknowledged though its tenant has as much stored as it may: each is a row that stays.
const ACKNOWLEDGED: u64 = 16;

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
        let asked = act.clone();
        self.grow_unless(
            tenant,
            Size::Small,
            move |work| is_needed(work, id, &asked),
            move |work| done(work, id, version, &act, &actor),
        )
    }

    /// A person or a program reports an incident; answers its number. What an exception covers has none: 0.
    pub fn report(&self, tenant: &Tenant, report: Report, actor: Actor) -> Result<i64, StoreError> {
        let committed = self.commit(tenant, report.commit(actor, self.clock.now()))?;
        Ok(committed.opened.first().or(committed.grown.first()).copied().unwrap_or(0))
    }
}

/// Whether incidents are worked off by it, without a word: it is done whatever is stored.
fn is_needed(work: &Work<'_>, id: i64, act: &Act) -> Result<bool, StoreError> {
    Ok(match act {
        Act::Resolve { comment, .. } => comment.is_empty(),
        Act::Acknowledge { .. } => {
            timeline::acknowledged(work.db, work.tenant, id, ACKNOWLEDGED)? < ACKNOWLEDGED
        }
        Act::Assign { .. } | Act::Comment { .. } | Act::Reopen { .. } => false,
    })
}

fn done(
    work: &Work<'_>,
    id: i64,
    version: Option<i64>,
    act: &Act,
    actor: &Actor,
) -> Result<Result<Incident, ActError>, StoreError> {
    let Work { db, tenant, policy, now, .. } = work;
    let Some(mut incident) = incidents::get(db, tenant, id)? else {
        return Ok(Err(ActError::Unknown { id }));
    };
    if let Some(expected) = version.filter(|version| *version != incident.version) {
        return Ok(Err(ActError::Changed { id, expected, found: incident.version }));
    }
    if matches!(act, Act::Reopen { .. }) && incident.state == State::Resolved {
        let latest = incidents::latest(db, tenant, &incident.pack, &incident.rule, &incident.fingerprint)?;
        if let Some(latest) = latest.filter(|latest| latest.id != id) {
            return Ok(Err(ActError::Superseded { id, latest: latest.id }));
        }
    }
    let happening = match incident.act(act, &policy.limits, *now) {
        Ok(happening) => happening,
        Err(error) => return Ok(Err(error)),
    };
    if let Act::Reopen { .. } = act {
        // While it was resolved, nothing was told again.
        policy.routes.wind(&mut incident, *now);
    }
    incidents::update(db, &incident)?;
    let reason = match act {
        Act::Resolve { .. } => Some(Reason::Resolved),
        Act::Reopen { .. } => Some(Reason::ReopenedByHand),
        _ => None,
    };
    work.happened(&incident, actor, happening, reason)?;
    Ok(Ok(incidents::get(db, tenant, id)?.unwrap_or(incident)))
}
