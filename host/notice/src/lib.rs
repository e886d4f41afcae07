//! What a notice says.

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Reason {
    First,
    SeverityRose { from: String },
    Reopened,
    Repeat,
    AcknowledgementExpired,
    SilenceEnded,
    Resolved,
    Digest,
    Test,
}
impl Reason {
    /// code
    pub fn code(&self) -> &'static str {
        match self {
            Reason::First => "first",
            Reason::SeverityRose { .. } => "severity-rose",
            Reason::Reopened => "reopened",
            Reason::Repeat => "repeat",
            Reason::AcknowledgementExpired => "acknowledgement-expired",
            Reason::SilenceEnded => "silence-ended",
            Reason::Resolved => "resolved",
            Reason::Digest => "digest",
            Reason::Test => "test",
        }
    }
}
