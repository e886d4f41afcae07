use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::{maybe, nanoseconds};
use super::{Odd, ScopeWord};
use crate::commit::Tenant;
use crate::token::Token;

/// A token, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenShape {
    #[schema(example = "token")]
    r#type: String,
    /// Its number, among all tokens.
    pub(crate) id: i64,
    /// What people call it.
    name: String,
    scope: ScopeWord,
    /// Whose data it opens.
    tenant: String,
    /// When it was made.
    #[schema(format = DateTime, required)]
    created: Option<String>,
    /// Who made it: an actor's id.
    author: String,
    /// From when on it opens nothing; null: it does not run out.
    #[schema(format = DateTime, required)]
    expires: Option<String>,
    /// When it was revoked; null: it was not.
    #[schema(format = DateTime, required)]
    revoked: Option<String>,
}

impl TokenShape {
    /// What a client works with.
    ///
    /// # Errors
    /// It is not as `FORMAT.md` has it.
    pub(crate) fn read(self) -> Result<Token, Odd> {
        let created = self.created.as_deref().ok_or_else(|| Odd::new("a time", "none"))?;
        Ok(Token {
            id: self.id,
            tenant: Tenant::new(&self.tenant).ok_or_else(|| Odd::new("a tenant's name", &self.tenant[..]))?,
            name: self.name,
            scope: self.scope.into(),
            created: nanoseconds(created)?,
            author: self.author,
            expires: maybe(self.expires.as_deref())?,
            revoked: maybe(self.revoked.as_deref())?,
        })
    }
}
