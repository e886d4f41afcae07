//! Where tenants are: in a database on this machine, or with a server that has one.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::Failure;
use super::super::arguments::{KeepArguments, ServerArguments};
use super::super::kept::Kept;
use super::server::{JSON, Server};
use crate::commit::{CheckerLock, Store, StoreError, Tenant};
use crate::configuration::Configuration;
use crate::http::shapes::{QuotaShape, TenantShape};
use crate::quota::{Quota, QuotaKind};
use crate::report::{listed, strict_json};
use crate::signing::PublicKey;
use crate::tenants::{KnownTenant, NewTenant};
use crate::token::{ConfirmationSecret, TokenSecret};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Purpose {
    /// They are looked at.
    Look,
    /// All that is there of one is read, or something is changed.
    Change,
    /// One is added: the database is made, if it is not there.
    Add,
    /// One is deleted, while nobody else works with its rows.
    Delete,
}

/// A tenant that is asked for.
pub(in crate::cli) struct Asked<'a> {
    pub(in crate::cli) tenant: &'a Tenant,
    pub(in crate::cli) recipients: &'a [String],
    /// Whether they are confirmed at once.
    pub(in crate::cli) confirmed: bool,
    pub(in crate::cli) quota: Quota,
}

/// Tenants, wherever they are.
pub(in crate::cli) trait TenantDesk {
    /// In which zone times are shown.
    fn zone(&self) -> &TimeZone;
    /// Which server it is.
    fn url(&self) -> Option<&str>;
    /// All of them, by name.
    fn list(&self) -> Result<Vec<KnownTenant>, Failure>;
    /// Adds one; answers the number of its token, what is shown of it this once, and whom of its recipients nobody asks.
    fn add(&self, new: &Asked<'_>) -> Result<(i64, TokenSecret, Vec<String>), Failure>;
    /// Asks a recipient anew; answers whether it is asked, or was too often lately, or `None`: there is none to ask.
    fn ask(&self, tenant: &Tenant, recipient: &str) -> Result<Option<bool>, Failure>;
    /// Confirms a recipient; answers whether there was one to confirm.
    fn confirm(&self, tenant: &Tenant, recipient: &str) -> Result<bool, Failure>;
    /// Changes what one may use; answers what that is now, or `None`: there is no such tenant.
    fn set(&self, tenant: &Tenant, quota: &[(QuotaKind, Option<u64>)]) -> Result<Option<Quota>, Failure>;
    /// Says who has to sign its packs; answers which of them judge no more, as far as somebody judges here.
    fn demand(&self, tenant: &Tenant, keys: &[PublicKey]) -> Result<Vec<String>, Failure>;
    /// Writes all its rows; answers how many.
    fn export(&self, tenant: &Tenant, out: &mut dyn Write) -> Result<u64, Failure>;
    /// Deletes one; answers whether there was one.
    fn delete(&self, tenant: &Tenant) -> Result<bool, Failure>;
}

/// Confirms a recipient by what was mailed to it, with the server that is named, or in the database on this machine; answers
/// whose recipient that is.
pub(in crate::cli) fn confirm_by_token(
    keep: &KeepArguments,
    server: &ServerArguments,
    configuration: &Configuration,
    secret: &ConfirmationSecret,
) -> Result<(String, String), Failure> {
    let none =
        || Failure::new("expected a token that was mailed, was not used and is not over, found another");
    let Some(url) = server.url(keep)? else {
        let kept = Kept::open(keep, configuration)?;
        let confirmed = kept.database.confirm_by_token(secret.hash(), kept.actor());
        let confirmed = confirmed.map_err(|error| kept.failed(&error))?;
        kept.due()?;
        return confirmed.map(|(tenant, address)| (tenant.to_string(), address)).ok_or_else(none);
    };
    let server = Server::without_token(&url)?;
    let answer = server.post::<Mailed>("/recipients/confirm", &json!({ "token": secret.show() }))?;
    let Mailed { tenant, address } = answer.map_err(|refused| server.failed(&refused))?;
    Ok((tenant, address))
}

/// The server that is named, or the database on this machine.
pub(in crate::cli) fn open<'c>(
    keep: &KeepArguments,
    server: &ServerArguments,
    configuration: &'c Configuration,
    purpose: Purpose,
) -> Result<Box<dyn TenantDesk + 'c>, Failure> {
    if let Some(url) = server.url(keep)? {
        let zone = configuration.timezone.clone().unwrap_or_else(TimeZone::system);
        let server = Server::new(&url, server.token_file.as_deref(), &keep.tenant)?;
        return Ok(Box::new(Remote { server, url, zone }));
    }
    let kept = match purpose {
        Purpose::Look => Kept::look(keep, configuration)?,
        Purpose::Change | Purpose::Delete => Kept::open(keep, configuration)?,
        Purpose::Add => Kept::make(keep, configuration)?,
    };
    let alone = (purpose == Purpose::Delete).then(|| alone(&kept)).transpose()?;
    Ok(Box::new(Local { kept, configuration, _alone: alone }))
}

/// That no server and no check holds rows of a tenant in memory that it would write again.
fn alone(kept: &Kept) -> Result<CheckerLock, Failure> {
    kept.database.checker().map_err(|error| match error {
        StoreError::Checking => {
            let hint = "a server that runs deletes a tenant itself: --server URL";
            Failure::new("expected nobody else to check or serve by this database").hint(Some(hint))
        }
        error => kept.failed(&error),
    })
}

struct Local<'c> {
    kept: Kept,
    configuration: &'c Configuration,
    _alone: Option<CheckerLock>,
}

impl Local<'_> {
    fn done<T>(&self, done: Result<T, StoreError>) -> Result<T, Failure> {
        done.map_err(|error| self.kept.failed(&error))
    }
}

impl TenantDesk for Local<'_> {
    fn zone(&self) -> &TimeZone {
        &self.kept.zone
    }

    fn url(&self) -> Option<&str> {
        None
    }

    fn list(&self) -> Result<Vec<KnownTenant>, Failure> {
        self.done(self.kept.database.known_tenants())
    }

    fn add(&self, asked: &Asked<'_>) -> Result<(i64, TokenSecret, Vec<String>), Failure> {
        let Asked { tenant, recipients, confirmed, quota } = *asked;
        let secret = TokenSecret::draw().map_err(Failure::new)?;
        let token = ("lines".into(), secret.hash());
        let new =
            NewTenant { tenant: tenant.clone(), recipients: recipients.to_vec(), confirmed, quota, token };
        let added = self.done(self.kept.database.add_tenant(new, self.kept.actor()))?;
        let refused = |error| Failure::new(format!("tenant {tenant}: {error}"));
        let (token, not_asked) = added.map_err(refused)?;
        Ok((token, secret, not_asked))
    }

    fn ask(&self, tenant: &Tenant, recipient: &str) -> Result<Option<bool>, Failure> {
        self.done(self.kept.database.ask_recipient(tenant, recipient, self.kept.actor()))
    }

    fn confirm(&self, tenant: &Tenant, recipient: &str) -> Result<bool, Failure> {
        self.done(self.kept.database.confirm_recipient(tenant, recipient, self.kept.actor()))
    }

    fn set(&self, tenant: &Tenant, quota: &[(QuotaKind, Option<u64>)]) -> Result<Option<Quota>, Failure> {
        self.done(self.kept.database.set_quota(tenant, quota.to_vec(), self.kept.actor()))
    }

    fn demand(&self, tenant: &Tenant, keys: &[PublicKey]) -> Result<Vec<String>, Failure> {
        if self.configuration.demands.tenants.contains_key(tenant) {
            let hint = "change `signed_by` of its [[tenant]]";
            let message = format!("the configuration says who signs for tenant {tenant}");
            return Err(Failure::new(message).hint(Some(hint)));
        }
        match self.done(self.kept.database.set_signers(tenant, keys, self.kept.actor()))? {
            true => Ok(Vec::new()),
            false => Err(Failure::new(format!("there is no tenant {tenant} that was added at run time"))),
        }
    }

    fn export(&self, tenant: &Tenant, out: &mut dyn Write) -> Result<u64, Failure> {
        let mut put = |row: &serde_json::Value| -> io::Result<()> {
            strict_json::write(out, row)?;
            out.write_all(b"\n")
        };
        self.done(self.kept.database.note_export(tenant, self.kept.actor()))?;
        let exported = self.done(self.kept.database.export_tenant(tenant, &mut put))?;
        exported.map_err(|error| Failure::new(format!("cannot write the export: {error}")))
    }

    fn delete(&self, tenant: &Tenant) -> Result<bool, Failure> {
        if self.configuration.names(tenant) {
            let hint = "take its sources, recipients, routes and scans out of the configuration first";
            return Err(Failure::new(format!("tenant {tenant} stands in the configuration")).hint(Some(hint)));
        }
        let deleted = self.done(self.kept.database.delete_tenant(tenant, self.kept.actor()))?;
        self.kept.due()?;
        Ok(deleted)
    }
}

struct Remote {
    server: Server,
    url: String,
    zone: TimeZone,
}

#[derive(Deserialize)]
struct Tenants {
    tenants: Vec<TenantShape>,
}

#[derive(Deserialize)]
struct Mailed {
    tenant: String,
    address: String,
}

#[derive(Deserialize)]
struct Demanded {
    left_out: Vec<String>,
}

#[derive(Deserialize)]
struct Added {
    token: i64,
    secret: String,
    not_asked: Vec<String>,
}

#[derive(Deserialize)]
struct Reached {
    asked: bool,
}

#[derive(Deserialize)]
struct Changed {
    quota: QuotaShape,
}

impl TenantDesk for Remote {
    fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn url(&self) -> Option<&str> {
        Some(&self.url)
    }

    fn list(&self) -> Result<Vec<KnownTenant>, Failure> {
        let found = self.server.get::<Tenants>("/tenants", &[])?;
        let Tenants { tenants } = found.map_err(|refused| self.server.failed(&refused))?;
        let read = tenants.into_iter().map(TenantShape::read).collect::<Result<_, _>>();
        read.map_err(|odd| self.server.odd(&odd))
    }

    fn add(&self, asked: &Asked<'_>) -> Result<(i64, TokenSecret, Vec<String>), Failure> {
        let Asked { tenant, recipients, confirmed, quota } = *asked;
        let quota = listed::quota(&quota);
        let body = json!({
            "name": tenant.as_str(), "recipients": recipients, "confirmed": confirmed, "quota": quota,
        });
        let added = self.server.post::<Added>("/tenants", &body)?;
        let Added { token, secret, not_asked } = added.map_err(|refused| self.server.failed(&refused))?;
        let odd = || self.server.odd(&"expected a token's secret, found something else");
        Ok((token, TokenSecret::read(&secret).ok_or_else(odd)?, not_asked))
    }

    fn ask(&self, tenant: &Tenant, recipient: &str) -> Result<Option<bool>, Failure> {
        let path = format!("/tenants/{tenant}/recipients/ask");
        match self.server.post::<Reached>(&path, &json!({ "address": recipient }))? {
            Ok(Reached { asked }) => Ok(Some(asked)),
            Err(refused) if refused.is(404) => Ok(None),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }

    fn confirm(&self, tenant: &Tenant, recipient: &str) -> Result<bool, Failure> {
        let path = format!("/tenants/{tenant}/recipients/confirm");
        let answer = self.server.post::<serde_json::Value>(&path, &json!({ "address": recipient }))?;
        match answer {
            Ok(_) => Ok(true),
            Err(refused) if refused.is(404) => Ok(false),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }

    fn set(&self, tenant: &Tenant, quota: &[(QuotaKind, Option<u64>)]) -> Result<Option<Quota>, Failure> {
        let quota = quota.iter().map(|(kind, most)| (kind.as_str().to_string(), Value::from(*most)));
        let body = json!({ "quota": quota.collect::<Map<_, _>>() });
        match self.server.patch::<Changed>(&format!("/tenants/{tenant}"), &body)? {
            Ok(Changed { quota }) => quota.read().map(Some).map_err(|odd| self.server.odd(&odd)),
            Err(refused) if refused.is(404) => Ok(None),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }

    fn demand(&self, tenant: &Tenant, keys: &[PublicKey]) -> Result<Vec<String>, Failure> {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let body = json!({ "signed_by": keys }).to_string();
        let path = format!("/tenants/{tenant}/signers");
        let answer = self.server.put::<Demanded>(&path, &JSON, body.as_bytes())?;
        answer.map(|demanded| demanded.left_out).map_err(|refused| self.server.failed(&refused))
    }

    fn export(&self, tenant: &Tenant, out: &mut dyn Write) -> Result<u64, Failure> {
        self.server.lines(&format!("/tenants/{tenant}/export"), out)
    }

    fn delete(&self, tenant: &Tenant) -> Result<bool, Failure> {
        match self.server.delete(&format!("/tenants/{tenant}"))? {
            Ok(()) => Ok(true),
            Err(refused) if refused.is(404) => Ok(false),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }
}
