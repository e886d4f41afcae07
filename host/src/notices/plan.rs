//! From what happened to who is told.

use tripline_engine::abi::Severity;

use super::{Pattern, Reason, Route, Routes};
use crate::incidents::{Incident, State};

/// A notice that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// To whom.
    pub recipient: String,
    /// By which route.
    pub route: String,
    /// Not before this time: its route has quiet hours.
    pub due: i64,
}

/// Why a route does not take an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is another tenant's.
    Tenant,
    /// It is not severe enough.
    Severity,
    /// Its rule is not among the route's.
    Rule,
    /// It has none of the route's tags.
    Tags,
    /// Its lines come from none of the route's sources.
    Sources,
    /// The route does not tell of what is resolved.
    Resolved,
}

/// Who is told of this. Whoever several routes name is told by the one that lets it go soonest.
pub fn plan(routes: &Routes, incident: &Incident, reason: &Reason, now: i64) -> Vec<Planned> {
    plan_by(routes, incident, reason, now, |_, _| true)
}

fn plan_by(
    routes: &Routes,
    incident: &Incident,
    reason: &Reason,
    now: i64,
    tells: impl Fn(&Route, &str) -> bool,
) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::new();
    for route in routes.0.iter().filter(|route| route.refuses(incident, reason).is_none()) {
        // Who gets up for critical ones has asked for it.
        let quiet = route.quiet.as_ref().filter(|_| incident.severity < Severity::Critical);
        let due = quiet.and_then(|quiet| quiet.until(now)).unwrap_or(now);
        for recipient in route.to.iter().filter(|recipient| tells(route, recipient)) {
            let one = Planned { recipient: recipient.clone(), route: route.name.clone(), due };
            match planned.iter_mut().find(|known| known.recipient == *recipient) {
                None => planned.push(one),
                Some(known) if due < known.due => *known = one,
                Some(_) => {}
            }
        }
    }
    planned
}

/// Who is told again of an incident that stays open, and when to look next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// Who is told now.
    pub planned: Vec<Planned>,
    /// When somebody may be told again, at the earliest; `None`: never.
    pub next: Option<i64>,
}

/// Who is told again: each as often as a route says that names him, since `told`, when he was told last; and only if
/// the incident has occurred since.
pub fn again(routes: &Routes, incident: &Incident, now: i64, told: impl Fn(&str) -> i64) -> Again {
    let due = |route: &Route, to: &str| route.repeat_nanos().map(|repeat| told(to).saturating_add(repeat));
    let tells = |route: &Route, to: &str| {
        incident.state == State::Open
            && incident.occurred > told(to)
            && due(route, to).is_some_and(|due| due <= now)
    };
    let planned = plan_by(routes, incident, &Reason::Repeat, now, tells);
    let mut next = None;
    for route in routes.0.iter().filter(|route| route.refuses(incident, &Reason::Repeat).is_none()) {
        for to in &route.to {
            let (Some(repeat), Some(due)) = (route.repeat_nanos(), due(route, to)) else { continue };
            // Whoever is told now, or had nothing to be told of, is looked at again an interval from now.
            let is_told = planned.iter().any(|one| one.recipient == *to);
            let at = if is_told || due <= now { now.saturating_add(repeat) } else { due };
            next = Some(next.map_or(at, |next: i64| next.min(at)));
        }
    }
    Again { planned, next: next.filter(|_| incident.state != State::Resolved) }
}

impl Route {
    /// Why the route does not take this; `None`: it does.
    pub fn refuses(&self, incident: &Incident, reason: &Reason) -> Option<Refusal> {
        let name = format!("{}/{}", incident.pack, incident.rule);
        let any = |patterns: &[Pattern], texts: &[String]| {
            patterns.is_empty() || patterns.iter().any(|pattern| texts.iter().any(|text| pattern.takes(text)))
        };
        if incident.tenant != self.tenant {
            return Some(Refusal::Tenant);
        }
        if incident.severity < self.severity {
            return Some(Refusal::Severity);
        }
        if !any(&self.rules, &[name]) {
            return Some(Refusal::Rule);
        }
        if !any(&self.tags, &incident.tags) {
            return Some(Refusal::Tags);
        }
        if !any(&self.sources, &incident.sources) {
            return Some(Refusal::Sources);
        }
        (*reason == Reason::Resolved && !self.resolved).then_some(Refusal::Resolved)
    }
}

impl Route {
    /// How often an open incident is told again; every zero nanoseconds would have no end, and is never.
    pub(crate) fn repeat_nanos(&self) -> Option<i64> {
        let repeat = self.repeat.filter(|repeat| !repeat.is_zero());
        repeat.map(|repeat| i64::try_from(repeat.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl Routes {
    /// Something was told of an incident: it is told again no later than this. What was due before stays due.
    pub fn wind(&self, incident: &mut Incident, now: i64) {
        let taking = self.0.iter().filter(|route| route.refuses(incident, &Reason::Repeat).is_none());
        let repeat = taking.filter_map(Route::repeat_nanos).min();
        let at = repeat.map(|repeat| now.saturating_add(repeat));
        incident.repeats_at = [incident.repeats_at, at].into_iter().flatten().min();
    }
}
