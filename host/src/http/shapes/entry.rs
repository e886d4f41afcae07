use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::{maybe, nanoseconds};
use super::{Odd, ResolutionWord, SeverityWord};
use crate::incidents::{Actor, Entry, Happening};

/// A line of a timeline. What it has beside `at`, `by` and `what` depends on `what`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Entry)]
pub(crate) struct EntryShape {
    /// When it was recorded.
    #[schema(format = DateTime, required)]
    at: Option<String>,
    /// Who or what did it.
    by: String,
    /// `opened`, `occurred`, `severity-rose`, `acknowledged`, `acknowledgement-expired`, `assigned`, `commented`,
    /// `resolved`, `reopened`, `repeated`, `silence-ended`, `silenced`, `notified` or `undelivered`.
    what: String,
    /// Of `opened`: the generation before, or null.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, required = false)]
    previous: Option<Option<i64>>,
    /// Of `occurred`: how many times more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    count: Option<u64>,
    /// Of `severity-rose`: what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    from: Option<SeverityWord>,
    /// Of `severity-rose`: what it is. Of `assigned`: whose it is, or null.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false)]
    to: Option<Option<String>>,
    /// Of `acknowledged`: when it is open again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    until: Option<String>,
    /// Of `commented`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    /// Of `resolved`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resolution: Option<ResolutionWord>,
    /// Of `resolved` and `reopened`; may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    comment: Option<String>,
    /// Of `silenced` and `silence-ended`: the silence's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    silence: Option<i64>,
    /// Of `notified`: why it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Of `notified` and `undelivered`: to whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recipient: Option<String>,
    /// Of `undelivered`: the relay's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    words: Option<String>,
}

/// A key that may be missing, or there with null.
mod present {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

impl EntryShape {
    /// `None`: a word that this program does not know.
    pub(super) fn read(self) -> Result<Option<Entry>, Odd> {
        let odd = || Odd::new("all that belongs to the entry", self.what.clone());
        let text = |text: &Option<String>| text.clone().ok_or_else(odd);
        let what = match &self.what[..] {
            "opened" => Happening::Opened { previous: self.previous.flatten() },
            "occurred" => Happening::Occurred { count: self.count.ok_or_else(odd)? },
            "severity-rose" => Happening::SeverityRose {
                from: self.from.ok_or_else(odd)?.into(),
                to: self.to.clone().flatten().and_then(|to| to.parse().ok()).ok_or_else(odd)?,
            },
            "acknowledged" => {
                Happening::Acknowledged { until: maybe(self.until.as_deref())?.ok_or_else(odd)? }
            }
            "acknowledgement-expired" => Happening::AcknowledgementExpired,
            "assigned" => Happening::Assigned { to: self.to.clone().flatten() },
            "commented" => Happening::Commented { text: text(&self.text)? },
            "resolved" => Happening::Resolved {
                resolution: self.resolution.ok_or_else(odd)?.into(),
                comment: text(&self.comment)?,
            },
            "reopened" => Happening::Reopened { comment: text(&self.comment)? },
            "repeated" => Happening::Repeated,
            "silence-ended" => Happening::SilenceEnded { silence: self.silence.ok_or_else(odd)? },
            "silenced" => Happening::Silenced { silence: self.silence.ok_or_else(odd)? },
            "notified" => {
                Happening::Notified { reason: text(&self.reason)?, recipient: text(&self.recipient)? }
            }
            "undelivered" => {
                Happening::Undelivered { recipient: text(&self.recipient)?, words: text(&self.words)? }
            }
            _ => return Ok(None),
        };
        let at = nanoseconds(self.at.as_deref().unwrap_or_default())?;
        Ok(Some(Entry { at, actor: Actor::named("", self.by), what }))
    }
}
