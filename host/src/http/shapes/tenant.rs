use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time::maybe;
use super::{Odd, QuotaShape};
use crate::commit::Tenant;
use crate::quota::QuotaKind;
use crate::tenants::{KnownTenant, TenantRecipient};

/// A tenant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantShape {
    #[schema(example = "tenant")]
    r#type: String,
    name: String,
    /// When it was added; null: it stands in the configuration, or has rows from when it did.
    #[schema(format = DateTime, required)]
    created: Option<String>,
    /// What it may use: as the configuration says, and what that does not say as it was set at run time. What is not there
    /// is not bounded.
    quota: QuotaShape,
    /// What it uses of that, where the database knows it.
    used: QuotaShape,
    /// What it is over now.
    over: Vec<String>,
    /// Whom its incidents are told, besides the configuration's recipients.
    recipients: Vec<TenantRecipientShape>,
    /// Public keys, of which one has to have signed each pack that it pushes, as it was said at run time; none: as the
    /// configuration says.
    signed_by: Vec<String>,
    /// Tokens that hold.
    tokens: u64,
    /// Incidents that are not resolved.
    open: u64,
}

/// Whom a tenant's incidents are told.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TenantRecipient)]
pub(crate) struct TenantRecipientShape {
    address: String,
    /// Since when it is confirmed; null: nothing goes there.
    #[schema(format = DateTime, required)]
    confirmed: Option<String>,
}

impl TenantShape {
    /// What a client works with.
    ///
    /// # Errors
    /// It is not as `FORMAT.md` has it.
    pub(crate) fn read(self) -> Result<KnownTenant, Odd> {
        let recipient = |one: TenantRecipientShape| {
            let confirmed = maybe(one.confirmed.as_deref())?;
            Ok(TenantRecipient { address: one.address, confirmed })
        };
        let (quota, used) = (self.quota.read()?, self.used.read()?);
        let over = self.over.iter().map(|name| QuotaKind::of(name));
        let key = |text: &String| text.parse().map_err(|_| Odd::new("a public key", &text[..]));
        let signed_by = self.signed_by.iter().map(key).collect::<Result<_, _>>()?;
        Ok(KnownTenant {
            signed_by,
            tenant: Tenant::new(&self.name).ok_or_else(|| Odd::new("a tenant's name", &self.name[..]))?,
            created: maybe(self.created.as_deref())?,
            quota,
            used: used.each().collect(),
            over: over.collect::<Option<_>>().ok_or_else(|| Odd::new("names of quotas", "others"))?,
            recipients: self.recipients.into_iter().map(recipient).collect::<Result<_, _>>()?,
            tokens: self.tokens,
            open: self.open,
        })
    }
}
