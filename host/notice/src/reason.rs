//! Why a mail is sent.

/// Why this mail, and why now; each mail's footer says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The incident was opened.
    First,
    /// The incident is worse than it was.
    SeverityRose {
        /// What its severity was before.
        from: String,
    },
    /// It was resolved, and happened again.
    Reopened,
    /// Somebody took back that it is resolved.
    ReopenedByHand,
    /// It is still open, and the route asks to be told again.
    Repeat,
    /// Somebody took it, and did not finish in time.
    AcknowledgementExpired,
    /// It was silenced, is not any more, and still open.
    SilenceEnded,
    /// It is over.
    Resolved,
    /// There were more notices than the limit allows; they are folded.
    Digest,
    /// Somebody has named the address for a tenant's incidents: does it want to be told?
    Confirm,
    /// Somebody asked for a mail, to see whether it comes.
    Test,
}

impl Reason {
    /// One word for machines: in the store, in the mail's `X-Tripline-Reason`.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::First => "first",
            Reason::SeverityRose { .. } => "severity-rose",
            Reason::Reopened => "reopened",
            Reason::ReopenedByHand => "reopened-by-hand",
            Reason::Repeat => "repeat",
            Reason::AcknowledgementExpired => "acknowledgement-expired",
            Reason::SilenceEnded => "silence-ended",
            Reason::Resolved => "resolved",
            Reason::Digest => "digest",
            Reason::Confirm => "confirm",
            Reason::Test => "test",
        }
    }

    /// The reason of this word. What a word does not say is left out: `from` is empty.
    pub fn of(code: &str) -> Option<Reason> {
        let all = [
            Reason::First,
            Reason::SeverityRose { from: String::new() },
            Reason::Reopened,
            Reason::ReopenedByHand,
            Reason::Repeat,
            Reason::AcknowledgementExpired,
            Reason::SilenceEnded,
            Reason::Resolved,
            Reason::Digest,
            Reason::Confirm,
            Reason::Test,
        ];
        all.into_iter().find(|reason| reason.code() == code)
    }

    /// The same for people: goes on after "You get this mail because: ", without a full stop.
    ///
    /// What it says of severities comes from the incident and is not made safe here.
    pub fn sentence(&self) -> String {
        let fixed = match self {
            Reason::SeverityRose { from } => return format!("its severity rose, it was {from} before"),
            Reason::First => "first notice of this incident",
            Reason::Reopened => "it was resolved, and happened again",
            Reason::ReopenedByHand => "it was resolved, and somebody has reopened it",
            Reason::Repeat => "it is still open",
            Reason::AcknowledgementExpired => "it was acknowledged, not resolved in time, and is open again",
            Reason::SilenceEnded => "a silence ended, and it is still open",
            Reason::Resolved => "it was resolved",
            Reason::Digest => "there were more notices than the limit allows, here they are together",
            Reason::Confirm => "somebody has named this address, and it is not confirmed",
            Reason::Test => "somebody asked for a test",
        };
        fixed.into()
    }
}
