use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Odd;
use super::time::{maybe, nanoseconds};
use crate::store::{Held, Hold, Told};

/// What is told somebody, and how that stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Notice)]
pub(crate) struct NoticeShape {
    #[schema(example = "notice")]
    r#type: String,
    /// Its number.
    id: i64,
    /// Null: a digest, or a mail that asks whether somebody wants to be told.
    #[schema(required)]
    incident: Option<i64>,
    /// To whom.
    recipient: String,
    /// By which route.
    route: String,
    /// `first`, `severity-rose`, `reopened`, `reopened-by-hand`, `repeat`, `acknowledgement-expired`, `silence-ended`, `resolved`, `digest` or `confirm`.
    reason: String,
    /// `queued`, `sending`, `sent`, `deferred`, `dead`, `folded` or `silenced`.
    state: String,
    /// When it was put into the outbox.
    #[schema(format = DateTime, required)]
    created: Option<String>,
    /// Not before this.
    #[schema(format = DateTime, required)]
    due: Option<String>,
    /// So far.
    attempts: u32,
    /// What came of the last one; may be empty.
    words: String,
    /// When the relay took it.
    #[schema(format = DateTime, required)]
    sent: Option<String>,
    /// The digest that carries it.
    #[schema(required)]
    digest: Option<DigestShape>,
    /// The silence that holds it back.
    #[schema(required)]
    silence: Option<i64>,
    /// Whether it counts among the mails of critical incidents, which have a limit of their own.
    #[serde(default)]
    critical: bool,
    /// What it waits for, if it is queued.
    #[schema(required)]
    held: Option<HeldShape>,
}

/// What holds a notice.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Held)]
pub(crate) struct HeldShape {
    /// `quiet-hours`, `throttle` (the hour's mails are used up) or `relay`.
    by: String,
    /// Until then.
    #[schema(format = DateTime, required)]
    until: Option<String>,
}

/// The digest that carries a notice.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Digest)]
pub(crate) struct DigestShape {
    /// Its number, as a notice.
    id: i64,
    /// Where it stands.
    state: String,
    /// When the relay took it.
    #[schema(format = DateTime, required)]
    sent: Option<String>,
}

impl HeldShape {
    fn read(self) -> Result<Held, Odd> {
        let by = Hold::ALL.into_iter().find(|hold| hold.as_str() == self.by);
        let by = by.ok_or_else(|| Odd::new("quiet-hours, throttle or relay", &self.by))?;
        Ok(Held { by, until: nanoseconds(self.until.as_deref().unwrap_or_default())? })
    }
}

impl NoticeShape {
    /// What a client works with.
    ///
    /// # Errors
    /// It is not as `FORMAT.md` has it.
    pub(crate) fn read(self) -> Result<Told, Odd> {
        let digest =
            |digest: DigestShape| Ok::<_, Odd>((digest.id, digest.state, maybe(digest.sent.as_deref())?));
        Ok(Told {
            notice: self.id,
            incident: self.incident,
            recipient: self.recipient,
            route: self.route,
            reason: self.reason,
            state: self.state,
            created: nanoseconds(self.created.as_deref().unwrap_or_default())?,
            due: nanoseconds(self.due.as_deref().unwrap_or_default())?,
            attempts: self.attempts,
            words: self.words,
            sent: maybe(self.sent.as_deref())?,
            digest: self.digest.map(digest).transpose()?,
            silence: self.silence,
            message: String::new(),
            critical: self.critical,
            held: self.held.map(HeldShape::read).transpose()?,
        })
    }
}
