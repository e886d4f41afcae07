//! Who or what did what to an incident, when.

use super::{Actor, Resolution};
use tripline_engine::abi::Severity;

/// One line of an incident's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was recorded, nanoseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actor: Actor,
    /// What happened.
    pub what: Happening,
}

/// What happens to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was opened; `previous` is the generation before it.
    Opened {
        /// Its id.
        previous: Option<i64>,
    },
    /// There were so many more occurrences; consecutive ones within an hour are one entry.
    Occurred {
        /// How many.
        count: u64,
    },
    /// Its severity rose.
    SeverityRose {
        /// What it was.
        from: Severity,
        /// What it is.
        to: Severity,
    },
    /// Somebody looks at it, until then.
    Acknowledged {
        /// When it is open again, nanoseconds since 1970.
        until: i64,
    },
    /// The acknowledgement ran out.
    AcknowledgementExpired,
    /// It is somebody's now; `None`: nobody's.
    Assigned {
        /// Whose.
        to: Option<String>,
    },
    /// Somebody said something.
    Commented {
        /// What.
        text: String,
    },
    /// It is done.
    Resolved {
        /// What it was.
        resolution: Resolution,
        /// Why; may be empty.
        comment: String,
    },
    /// It is not done after all.
    Reopened {
        /// Why; may be empty.
        comment: String,
    },
    /// It is open still, and has occurred since the last notice.
    Repeated,
    /// A silence that held its notices back is over.
    SilenceEnded {
        /// The silence's id.
        silence: i64,
    },
    /// Notices were held back by a silence.
    Silenced {
        /// The silence's id.
        silence: i64,
    },
    /// A notice was handed to a relay.
    Notified {
        /// Why it was sent.
        reason: String,
        /// To whom.
        recipient: String,
    },
    /// A notice was given up.
    Undelivered {
        /// To whom.
        recipient: String,
        /// The relay's words.
        words: String,
    },
}

impl Happening {
    /// Its word, in the timeline and in security.log.
    pub fn code(&self) -> &'static str {
        match self {
            Happening::Opened { .. } => "opened",
            Happening::Occurred { .. } => "occurred",
            Happening::SeverityRose { .. } => "severity-rose",
            Happening::Acknowledged { .. } => "acknowledged",
            Happening::AcknowledgementExpired => "acknowledgement-expired",
            Happening::Assigned { .. } => "assigned",
            Happening::Commented { .. } => "commented",
            Happening::Resolved { .. } => "resolved",
            Happening::Reopened { .. } => "reopened",
            Happening::Repeated => "repeated",
            Happening::SilenceEnded { .. } => "silence-ended",
            Happening::Silenced { .. } => "silenced",
            Happening::Notified { .. } => "notified",
            Happening::Undelivered { .. } => "undelivered",
        }
    }
}
