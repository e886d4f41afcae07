use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why somebody was or was not told of an incident, in sentences for people; their words may change.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Answer)]
pub(crate) struct AnswerShape {
    /// The incident's number.
    incident: i64,
    /// Its title.
    title: String,
    /// How bad it is.
    severity: String,
    /// How far it is.
    state: String,
    /// What is so for everybody.
    notes: Vec<String>,
    /// Whom a route names or a notice went to.
    recipients: Vec<RecipientShape>,
}

/// What is to be said of one recipient.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = AnsweredRecipient)]
pub(crate) struct RecipientShape {
    /// The address.
    address: String,
    /// In order.
    sentences: Vec<SentencesShape>,
}

/// Sentences that belong together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Sentences)]
pub(crate) struct SentencesShape {
    /// Whether they tell more of those before them.
    more: bool,
    /// May have several lines.
    text: String,
}
