use std::fmt;

use super::Reason;
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Evidence, Incident};
use crate::quota::QuotaKind;
use crate::token::ConfirmationSecret;

/// Held by the only one that delivers; gone with its holder, however that ends.
#[must_use = "dropped, it lets the next one deliver"]
pub struct DelivererLock(
    #[expect(dead_code, reason = "what it holds is let go when it is dropped")] Box<dyn Send>,
);

impl DelivererLock {
    /// What is held, and let go when it is dropped.
    pub fn new(held: impl Send + 'static) -> DelivererLock {
        DelivererLock(Box::new(held))
    }
}

/// Where notices wait until they are delivered. One deliverer works on it at a time.
pub trait Outbox: Send + Sync {
    /// Makes its holder the only one that delivers, in this and any other process; `None`: somebody else does.
    fn deliverer(&self) -> Result<Option<DelivererLock>, StoreError>;

    /// Takes back what a deliverer before this one left unfinished: it may have been delivered, and has the same
    /// message id when it goes again.
    fn reclaim(&self) -> Result<u64, StoreError>;

    /// What to do next for this relay; what it hands out is on disk as being sent.
    fn next(&self, relay: &str) -> Result<Next, StoreError>;

    /// How it ended; answers whether the notice is given up by that.
    fn finish(&self, relay: &str, notice: i64, end: &End) -> Result<bool, StoreError>;
}

/// What a deliverer does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Sends this.
    Send(Box<Leased>),
    /// So many were given up just now: whom they are for is no recipient any more. Asks again.
    Departed(Vec<(String, usize)>),
    /// A tenant was told just now that it may send no more than so many mails a day: what is over it waits. Asks again.
    OverQuota(Tenant, QuotaKind, u64),
    /// Waits until this time: for a retry, a token, the next day, the end of quiet hours, the breaker.
    Wait(i64),
    /// Nothing waits.
    Idle,
}

/// A notice that is being sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Leased {
    /// Its number.
    pub notice: i64,
    /// Whose it is.
    pub tenant: Tenant,
    /// Its address.
    pub recipient: String,
    /// The local part of its message id.
    pub message: String,
    /// The local part of the id that its thread hangs on; a digest has none.
    pub thread: Option<String>,
    /// When it was put here.
    pub created: i64,
    /// What it says.
    pub content: Content,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Something about one incident.
    Incident(Box<About>),
    /// Many at once.
    Digest(Digest),
    /// Whether somebody wants to be told at all.
    Confirm(Box<Asked>),
}

/// Somebody is asked whether they want to be told of a tenant's incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Who has named them, in words.
    pub author: String,
    /// When, nanoseconds since 1970.
    pub named: i64,
    /// What confirms it.
    pub secret: ConfirmationSecret,
    /// Until when.
    pub expires: i64,
}

/// Something about one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// The incident as it is now.
    pub incident: Incident,
    /// Its evidence.
    pub evidence: Vec<Evidence>,
    /// What its rule says of itself.
    pub rule: RuleText,
    /// Why it is told.
    pub reason: Reason,
    /// By which route.
    pub route: String,
}

/// What a rule says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleText {
    /// One line.
    pub title: String,
    /// What it sees and how.
    pub description: String,
    /// Where to read more.
    pub references: Vec<String>,
}

/// Many notices as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digest {
    /// How many notices.
    pub notices: u64,
    /// By which routes.
    pub route: String,
    /// Of how many incidents.
    pub incidents: u64,
    /// By rule: `PACK/RULE`, highest severity, incidents, occurrences.
    pub by_rule: Vec<(String, tripline_engine::abi::Severity, u64, u64)>,
    /// The worst incidents, each with why it is told.
    pub worst: Vec<(Incident, Reason)>,
    /// When the first and the last of them were put here.
    pub span: (i64, i64),
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The relay has taken it.
    Sent(String),
    /// The relay wants it later.
    Deferred(String),
    /// The relay will never take it for this recipient.
    Refused(String),
    /// The relay could not be used at all.
    Relay(String),
    /// The relay may have taken it.
    Unsure(String),
    /// It was not tried: whom it is for is no recipient any more.
    Departed,
}

impl End {
    /// The relay's words, or ours.
    pub fn words(&self) -> &str {
        match self {
            End::Sent(words)
            | End::Deferred(words)
            | End::Refused(words)
            | End::Relay(words)
            | End::Unsure(words) => words,
            End::Departed => "no recipient any more",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Sent(words) => write!(f, "sent: {words}"),
            End::Deferred(words) => write!(f, "deferred: {words}"),
            End::Refused(words) => write!(f, "refused: {words}"),
            End::Relay(words) => write!(f, "the relay cannot be used: {words}"),
            End::Unsure(words) => write!(f, "perhaps sent: {words}"),
            End::Departed => f.write_str(self.words()),
        }
    }
}
