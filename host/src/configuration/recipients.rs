//! `[recipients]`: names for addresses, each of one tenant.

use std::collections::BTreeMap;

use super::sources::TENANT;
use super::table::{Given, Keys, Named, Table, nearest};
use super::{ConfigurationError, Problem, mail};
use crate::commit::Tenant;

type Wrong = ConfigurationError;

/// Who may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Whose: only its incidents are told there.
    pub tenant: Tenant,
    /// The address.
    pub address: String,
}

/// The keys of a recipient that is no text.
pub(super) const KEYS: Keys = &["address", "tenant"];

/// Reads `[recipients]`.
pub(super) fn read(named: Vec<(String, Named<'_>)>) -> Result<BTreeMap<String, Recipient>, Wrong> {
    named.into_iter().map(|(name, given)| Ok((name, recipient(given)?))).collect()
}

fn recipient(given: Named<'_>) -> Result<Recipient, Wrong> {
    let (tenant, address) = match given {
        Named::Text(address) => (Tenant::default(), address),
        Named::Table(table) => {
            let address = table.text("address")?;
            (tenant(&table)?, table.required("address", address)?)
        }
    };
    Ok(Recipient { tenant, address: mail::address(address)? })
}

/// Whose something is.
pub(super) fn tenant(table: &Table<'_>) -> Result<Tenant, Wrong> {
    let tenant = table.parsed("tenant", TENANT, Tenant::new)?;
    Ok(tenant.map(|tenant| tenant.value).unwrap_or_default())
}

/// The address of this name, which must be one of the tenant's.
pub(super) fn address(
    name: &Given<'_, &str>,
    tenant: &Tenant,
    recipients: &BTreeMap<String, Recipient>,
) -> Result<String, Wrong> {
    let (key, text) = (name.key.clone(), name.value.to_string());
    match recipients.get(name.value) {
        Some(recipient) if recipient.tenant == *tenant => Ok(recipient.address.clone()),
        Some(Recipient { tenant: owner, .. }) => {
            let (tenant, owner) = (tenant.clone(), owner.clone());
            Err(name.wrong(Problem::OthersRecipient { key, name: text, tenant, owner }))
        }
        None => {
            let own = recipients.iter().filter(|(_, recipient)| recipient.tenant == *tenant);
            let nearest = nearest(name.value, own.map(|(name, _)| name.as_str()));
            Err(name.wrong(Problem::Recipient { key, name: text, nearest }))
        }
    }
}
