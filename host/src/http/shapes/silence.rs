use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::time::maybe;
use super::{Odd, SeverityWord};
use crate::incidents::{Actor, NewSilence, Silence};
use crate::notices::Pattern;

/// Notices that are held back for a while.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Silence)]
pub(crate) struct SilenceShape {
    #[schema(example = "silence")]
    r#type: String,
    /// Its number.
    pub(crate) id: i64,
    /// `PACK/RULE` with `*`; null: any.
    #[schema(required)]
    rule: Option<String>,
    /// At most this; null: any.
    #[schema(required)]
    severity: Option<SeverityWord>,
    /// Values by name, with `*`.
    #[schema(value_type = HashMap<String, String>)]
    fields: Map<String, Value>,
    /// From when on.
    #[schema(format = DateTime, required)]
    starts: Option<String>,
    /// Until when; what was ended early, ends then.
    #[schema(format = DateTime, required)]
    ends: Option<String>,
    /// Who made it.
    author: String,
    /// Why.
    reason: String,
}

impl SilenceShape {
    /// What a client works with.
    ///
    /// # Errors
    /// It is not as `FORMAT.md` has it.
    pub(crate) fn read(self) -> Result<Silence, Odd> {
        let pattern = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, Pattern::new(text))),
            other => Err(Odd::new("a text", other.to_string())),
        };
        let missing = || Odd::new("a time", "none");
        let starts = maybe(self.starts.as_deref())?.ok_or_else(missing)?;
        Ok(Silence {
            id: self.id,
            new: NewSilence {
                rule: self.rule.map(Pattern::new),
                severity: self.severity.map(Into::into),
                fields: self.fields.into_iter().map(pattern).collect::<Result<_, _>>()?,
                starts,
                ends: maybe(self.ends.as_deref())?.ok_or_else(missing)?,
                reason: self.reason,
            },
            author: Actor::named("", self.author),
            created: starts,
            ended: None,
        })
    }
}
