//! Tenants that are added while a server runs; those of the configuration stand there.

use crate::commit::Tenant;
use crate::quota::{Quota, QuotaKind};
use crate::signing::PublicKey;
use crate::token::TokenHash;

/// A tenant to be added, with what it begins with.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// What it is called.
    pub tenant: Tenant,
    /// Whom its incidents are told, once they are confirmed: see [`crate::notices::check_address`].
    pub recipients: Vec<String>,
    /// Whether whoever adds it answers for it that they want to be; else each is asked by mail.
    pub confirmed: bool,
    /// What it may use.
    pub quota: Quota,
    /// What its ingest token is called, and what is kept of that.
    pub token: (String, TokenHash),
}

/// A tenant as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownTenant {
    /// What it is called.
    pub tenant: Tenant,
    /// When it was added, nanoseconds since 1970; `None`: it never was, and has rows of its own, as one of the
    /// configuration has.
    pub created: Option<i64>,
    /// What it may use: as the configuration says, and what that does not say as it was set at run time.
    pub quota: Quota,
    /// What it uses of what the database knows of: bytes that are stored, packs, bytes that these remember, and mails and
    /// scans of this day.
    pub used: Vec<(QuotaKind, u64)>,
    /// What it is over now.
    pub over: Vec<QuotaKind>,
    /// Whom its incidents are told, besides the configuration's recipients.
    pub recipients: Vec<TenantRecipient>,
    /// Who has to sign what it pushes, as it was said at run time.
    pub signed_by: Vec<PublicKey>,
    /// Tokens that hold.
    pub tokens: u64,
    /// Incidents that are not resolved.
    pub open: u64,
}

/// Whom a tenant's incidents are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRecipient {
    /// The address.
    pub address: String,
    /// Since when it is confirmed; `None`: nothing goes there.
    pub confirmed: Option<i64>,
}

/// Why a tenant is not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// There is one of this name.
    #[error("expected the name of no tenant, found one that has rows or tokens")]
    Known,
    /// One of this name was deleted, and what it had in memory is not gone yet.
    #[error("expected the name of no tenant, found one that was deleted since the server began")]
    Departed,
}
