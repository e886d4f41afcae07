use tripline_engine::abi::Severity;

use super::{Actor, Incident};
use crate::notices::Pattern;

/// Holds notices back for a while: a maintenance window, a known fault. Incidents are recorded all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// Its number, from 1, for each tenant.
    pub id: i64,
    /// What it is.
    pub new: NewSilence,
    /// Who made it.
    pub author: Actor,
    /// When it was made, nanoseconds since 1970.
    pub created: i64,
    /// When somebody ended it early.
    pub ended: Option<i64>,
}

/// What a silence holds back, when and why. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewSilence {
    /// `PACK/RULE`, with `*`; `None`: any.
    pub rule: Option<Pattern>,
    /// At most this severity; `None`: any.
    pub severity: Option<Severity>,
    /// Values by name, with `*`.
    pub fields: Vec<(String, Pattern)>,
    /// From when on.
    pub starts: i64,
    /// Until when.
    pub ends: i64,
    /// Why.
    pub reason: String,
}

impl Silence {
    /// When it is over.
    pub fn ends(&self) -> i64 {
        self.ended.unwrap_or(i64::MAX).min(self.new.ends)
    }

    /// Whether it holds at this time.
    pub fn holds(&self, now: i64) -> bool {
        self.new.starts <= now && now < self.ends()
    }

    /// Whether it is about this incident.
    pub fn takes(&self, incident: &Incident) -> bool {
        let NewSilence { rule, severity, fields, .. } = &self.new;
        let name = format!("{}/{}", incident.pack, incident.rule);
        rule.as_ref().is_none_or(|rule| rule.takes(&name))
            && severity.is_none_or(|most| incident.severity <= most)
            && fields.iter().all(|(name, wanted)| {
                incident.values.iter().any(|(known, value)| known == name && wanted.takes(value))
            })
    }
}
