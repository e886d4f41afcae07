//! What is told: one incident, as the store knows it at this moment.

use jiff::tz::TimeZone;

use crate::reason::Reason;

/// One mail about one incident, before it has words.
///
/// Every text in it may come from a log or a pack, and is taken as it is: what is shown is made safe when it is
/// rendered, not before.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Whose incident it is.
    pub tenant: String,
    /// Why this mail is sent.
    pub reason: Reason,
    /// Name of the route that chose the recipient.
    pub route: String,
    /// The incident.
    pub incident: IncidentView,
    /// In which times are shown.
    pub zone: TimeZone,
}

/// An incident, as a notice shows it.
#[derive(Clone, Debug, Default)]
pub struct IncidentView {
    /// Its number.
    pub id: i64,
    /// From 1; one more each time that it came back after it was resolved.
    pub generation: u32,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// Whether somebody has to do something.
    pub state: State,
    /// What it was called when it was opened; never changes, so that its mails stay one thread.
    pub subject: String,
    /// What it is called now.
    pub title: String,
    /// What happened, in the rule's words; may have several lines.
    pub summary: String,
    /// The pack that decided it.
    pub pack: String,
    /// The rule in the pack.
    pub rule: String,
    /// What the rule is called.
    pub rule_title: String,
    /// What the rule looks for; may have several lines.
    pub rule_description: String,
    /// The rule's tags.
    pub tags: Vec<String>,
    /// Where the rule's author says more is to be read.
    pub references: Vec<String>,
    /// What the rule found, by name, in its order.
    pub values: Vec<(String, String)>,
    /// How often it happened.
    pub count: u64,
    /// When it first happened, in ns since 1970; `None` if no line said.
    pub first: Option<i64>,
    /// When it last happened, in ns since 1970.
    pub last: Option<i64>,
    /// Who works on it.
    pub assignee: Option<String>,
    /// How it ended.
    pub resolution: Option<String>,
    /// The lines that show it: the first ones and the last ones, in their order.
    pub evidence: Vec<EvidenceView>,
    /// Lines that were evidence as well and are not kept.
    pub evidence_dropped: u64,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nobody has taken it.
    #[default]
    Open,
    /// Somebody has.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl State {
    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Acknowledged => "acknowledged",
            State::Resolved => "resolved",
        }
    }
}

/// An event that shows the incident: mostly one line, sometimes several.
#[derive(Clone, Debug, Default)]
pub struct EvidenceView {
    /// Where it stands, like `auth.log:17`.
    pub place: String,
    /// The bytes as they were read; `None` if they are no longer kept.
    pub text: Option<Vec<u8>>,
    /// Whether it was longer than what is kept.
    pub cut: bool,
}
