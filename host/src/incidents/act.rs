//! What people do to incidents.

use super::given::{self, GivenError, NAME, PROSE};
use super::{Happening, Incident, IncidentLimits, Resolution, State};

const SECOND: i64 = 1_000_000_000;

/// Something a person does to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Looks at it; for so many nanoseconds, else as long as is usual.
    Acknowledge {
        /// How long.
        hold: Option<i64>,
    },
    /// Gives it to somebody, or takes it away.
    Assign {
        /// To whom.
        to: Option<String>,
    },
    /// Says something.
    Comment {
        /// What.
        text: String,
    },
    /// Is done with it.
    Resolve {
        /// What it was.
        resolution: Resolution,
        /// Why; may be empty.
        comment: String,
    },
    /// Is not done after all.
    Reopen {
        /// Why; may be empty.
        comment: String,
    },
}

/// Why an act cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// There is no such incident.
    #[error("there is no incident {id}")]
    Unknown {
        /// What was asked for.
        id: i64,
    },
    /// Its state does not allow it.
    #[error("incident {id}: expected it to be {expected}, found it {found}")]
    State {
        /// The incident.
        id: i64,
        /// What the act needs.
        expected: &'static str,
        /// What it is.
        found: State,
    },
    /// An equal incident has been opened since.
    #[error("incident {id}: expected the latest generation, found incident {latest} after it")]
    Superseded {
        /// The incident.
        id: i64,
        /// The one after it.
        latest: i64,
    },
    /// Somebody else has changed it since it was read.
    #[error("incident {id}: expected version {expected}, found {found}: somebody has changed it")]
    Changed {
        /// The incident.
        id: i64,
        /// What was read.
        expected: i64,
        /// What it is.
        found: i64,
    },
}

impl Act {
    /// Whether what somebody wrote is within its bounds.
    ///
    /// # Errors
    /// What is not.
    pub fn check(&self) -> Result<(), GivenError> {
        match self {
            // It would be open again before anybody sees that it is not.
            Act::Acknowledge { hold: Some(hold) } if *hold < SECOND => Err(GivenError::Short { key: "for" }),
            Act::Acknowledge { .. } | Act::Assign { to: None } => Ok(()),
            Act::Assign { to: Some(to) } => given::line("to", to, NAME),
            Act::Comment { text } if text.trim().is_empty() => Err(GivenError::Nothing { key: "text" }),
            Act::Comment { text } => given::prose("text", text, PROSE),
            Act::Resolve { comment, .. } | Act::Reopen { comment } => given::prose("comment", comment, PROSE),
        }
    }
}

impl Incident {
    /// Does it, and says what happened.
    pub fn act(&mut self, act: &Act, limits: &IncidentLimits, now: i64) -> Result<Happening, ActError> {
        let happening = match act {
            Act::Acknowledge { hold } => {
                self.must_be("open or acknowledged", self.state != State::Resolved)?;
                let until = now.saturating_add(hold.unwrap_or(limits.acknowledge_for));
                (self.state, self.acknowledged_until) = (State::Acknowledged, Some(until));
                Happening::Acknowledged { until }
            }
            Act::Assign { to } => {
                self.assignee.clone_from(to);
                Happening::Assigned { to: to.clone() }
            }
            Act::Comment { text } => Happening::Commented { text: text.clone() },
            Act::Resolve { resolution, comment } => {
                self.must_be("open or acknowledged", self.state != State::Resolved)?;
                self.resolve(*resolution);
                Happening::Resolved { resolution: *resolution, comment: comment.clone() }
            }
            Act::Reopen { comment } => {
                self.must_be("resolved", self.state == State::Resolved)?;
                (self.state, self.resolution) = (State::Open, None);
                // Else its old quiet would resolve it at once.
                self.occurred = now;
                Happening::Reopened { comment: comment.clone() }
            }
        };
        self.changed = now;
        Ok(happening)
    }

    /// Its acknowledgement has run out.
    pub fn expire(&mut self, now: i64) -> Happening {
        (self.state, self.acknowledged_until, self.changed) = (State::Open, None, now);
        Happening::AcknowledgementExpired
    }

    /// It has been quiet for long enough.
    pub fn resolve_itself(&mut self, now: i64) -> Happening {
        self.resolve(Resolution::Unknown);
        self.changed = now;
        Happening::Resolved { resolution: Resolution::Unknown, comment: "quiet".into() }
    }

    fn resolve(&mut self, resolution: Resolution) {
        self.state = State::Resolved;
        self.resolution = Some(resolution);
        self.acknowledged_until = None;
    }

    fn must_be(&self, expected: &'static str, holds: bool) -> Result<(), ActError> {
        if holds { Ok(()) } else { Err(ActError::State { id: self.id, expected, found: self.state }) }
    }
}
