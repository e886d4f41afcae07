//! From what happened to who is told.

use tripline_engine::abi::Severity;

use super::{Pattern, Reason, Route, Routes};
use crate::incidents::Incident;

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

/// Who is told of this.
pub fn plan(routes: &Routes, incident: &Incident, reason: &Reason, now: i64) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::new();
    for route in &routes.0 {
        if route.refuses(incident, reason).is_some() {
            continue;
        }
        // Who gets up for critical ones has asked for it.
        let quiet = route.quiet.as_ref().filter(|_| incident.severity < Severity::Critical);
        let due = quiet.and_then(|quiet| quiet.until(now)).unwrap_or(now);
        for recipient in &route.to {
            if planned.iter().all(|known| known.recipient != *recipient) {
                planned.push(Planned { recipient: recipient.clone(), route: route.name.clone(), due });
            }
        }
    }
    planned
}

impl Route {
    /// Why the route does not take this; `None`: it does.
    pub fn refuses(&self, incident: &Incident, reason: &Reason) -> Option<Refusal> {
        let name = format!("{}/{}", incident.pack, incident.rule);
        let any = |patterns: &[Pattern], texts: &[String]| {
            patterns.is_empty() || patterns.iter().any(|pattern| texts.iter().any(|text| pattern.takes(text)))
        };
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

impl Routes {
    /// How soon an incident that stays open is told again, at the earliest; `None`: never.
    pub fn repeat(&self, incident: &Incident) -> Option<i64> {
        let taking = self.0.iter().filter(|route| route.refuses(incident, &Reason::Repeat).is_none());
        let repeats = taking.filter_map(|route| route.repeat);
        repeats.min().map(|repeat| i64::try_from(repeat.as_nanos()).unwrap_or(i64::MAX))
    }
}
