use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::maybe;
use super::{Odd, SeverityWord};
use crate::incidents::{Actor, Effect, Exception, NewException, Place};
use crate::notices::Pattern;

/// Decisions that are taken out, or whose severity is changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Exception)]
pub(crate) struct ExceptionShape {
    #[schema(example = "exception")]
    r#type: String,
    /// Its number.
    pub(crate) id: i64,
    /// `PACK/RULE` with `*`; null: any.
    #[schema(required)]
    rule: Option<String>,
    /// The value that must hold; null: any decision of the rule.
    #[schema(required)]
    field: Option<String>,
    /// What the value must be: an address in this network …
    #[schema(required)]
    network: Option<String>,
    /// … or this text, with `*`.
    #[schema(required)]
    value: Option<String>,
    /// What its decisions get; null: they are taken out.
    #[schema(required)]
    severity: Option<SeverityWord>,
    /// Null: until it is ended.
    #[schema(format = DateTime, required)]
    until: Option<String>,
    /// Decisions it has applied to.
    taken: u64,
    /// Who made it.
    author: String,
    /// Why.
    reason: String,
}

impl ExceptionShape {
    /// What a client works with.
    ///
    /// # Errors
    /// It is not as `FORMAT.md` has it.
    pub(crate) fn read(self) -> Result<Exception, Odd> {
        let network =
            |text: String| text.parse().map(Place::Network).map_err(|_| Odd::new("a network", text));
        let place = match (self.network, self.value) {
            (Some(text), _) => Some(network(text)?),
            (None, value) => value.map(|value| Place::Text(Pattern::new(value))),
        };
        Ok(Exception {
            id: self.id,
            new: NewException {
                rule: self.rule.map(Pattern::new),
                field: self.field.zip(place),
                effect: self.severity.map_or(Effect::Except, |severity| Effect::Severity(severity.into())),
                until: maybe(self.until.as_deref())?,
                reason: self.reason,
            },
            author: Actor::named("", self.author),
            created: 0,
            ended: None,
            count: self.taken,
            last: None,
        })
    }
}
