//! Many incidents in one mail.

use jiff::tz::TimeZone;

/// What came in a time in which there was more than one mail for each would be good for.
#[derive(Clone, Debug)]
pub struct Digest {
    /// Whose incidents they are.
    pub tenant: String,
    /// Name of the route that chose the recipient.
    pub route: String,
    /// Notices' incidents, all of them.
    pub count: u64,
    /// By rule, the worst first.
    pub by_rule: Vec<RuleCount>,
    /// The worst incidents, the worst first; a dozen or so.
    pub worst: Vec<IncidentLine>,
    /// Incidents that are not among the worst.
    pub left_out: u64,
    /// Begin of that time, in ns since 1970.
    pub from: i64,
    /// Its end, in ns since 1970.
    pub to: i64,
    /// In which times are shown.
    pub zone: TimeZone,
}

/// How much a rule has found.
#[derive(Clone, Debug)]
pub struct RuleCount {
    /// The rule, with its pack.
    pub rule: String,
    /// The highest severity among its incidents.
    pub severity: String,
    /// Its incidents.
    pub incidents: u64,
    /// How often they happened.
    pub occurrences: u64,
}

/// One incident in one line.
#[derive(Clone, Debug)]
pub struct IncidentLine {
    /// Its number.
    pub id: i64,
    /// Its severity.
    pub severity: String,
    /// What it is called.
    pub title: String,
    /// How often it happened.
    pub count: u64,
    /// When it last happened, in ns since 1970.
    pub last: Option<i64>,
    /// Code of the reason for which there would have been a notice.
    pub reason: String,
}
