use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tripline_engine::Configured;

use super::chain::hex;
use crate::check::settings_digest;
use crate::commit::Tenant;
use crate::incidents::Actor;
use crate::token::Scope;

/// What the last record of a log says that was stopped.
pub(super) const STOPPED: &str = "log.stopped";

/// A security-relevant act that leaves no row of its own, for its record. Like all records it has ids and hashes only.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// Whose it is.
    pub tenant: Tenant,
    /// Who did it, and from where.
    pub actor: Actor,
    /// What it was, as the record's `event` says it.
    pub event: &'static str,
    /// The rest.
    pub fields: Map<String, Value>,
}

/// Acts on packs that were refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused<'a> {
    /// What was wanted.
    pub(crate) act: &'a str,
    /// Why it was refused, in a word.
    pub(crate) reason: &'a str,
    /// Of which pack the last was; nothing, if that is no pack's name.
    pub(crate) pack: &'a str,
    /// How many they are.
    pub(crate) count: u64,
}

impl Deed {
    /// One of the server itself, of nobody's tenant.
    fn new<const N: usize>(event: &'static str, fields: [(&str, Value); N]) -> Deed {
        let fields = fields.map(|(name, value)| (name.to_string(), value)).into_iter().collect();
        Deed { tenant: Tenant::default(), actor: Actor::server(), event, fields }
    }

    /// The same, of this tenant.
    #[must_use]
    pub fn of(self, tenant: &Tenant) -> Deed {
        Deed { tenant: tenant.clone(), ..self }
    }

    /// The same, done by somebody else than the server.
    #[must_use]
    pub fn by(self, actor: Actor) -> Deed {
        Deed { actor, ..self }
    }

    /// A token was used for the first time since the server began.
    pub fn signed_in(scope: Scope) -> Deed {
        Deed::new("sign_in.accepted", [("scope", scope.as_str().into())])
    }

    /// Requests were refused for their token: as many since the last record of the same address.
    pub fn refused(count: u64) -> Deed {
        Deed::new("sign_in.refused", [("count", count.into())])
    }

    /// A server goes on by this configuration, of which this is the hash, and by these packs with their settings.
    pub fn settings_loaded(configuration: Option<&[u8; 32]>, packs: &[Configured]) -> Deed {
        let mut each: Vec<[u8; 32]> = packs
            .iter()
            .map(|one| Sha256::new().chain_update(one.pack.digest()).chain_update(settings_digest(one)))
            .map(|hash| hash.finalize().into())
            .collect();
        each.sort_unstable();
        let of_packs = Sha256::digest(each.concat());
        Deed::new(
            "settings.loaded",
            [
                ("configuration_sha256", of_configuration(configuration)),
                ("packs", packs.len().into()),
                ("packs_sha256", hex(&of_packs).into()),
            ],
        )
    }

    /// A changed configuration, of which this is the hash if it could be read, or changed packs, were not taken.
    pub fn settings_refused(configuration: Option<&[u8; 32]>) -> Deed {
        Deed::new("settings.refused", [("configuration_sha256", of_configuration(configuration))])
    }

    /// A source goes on with files that were another tenant's until now; by the hash of its name.
    pub fn source_taken(source: u32, name: &str, from: &Tenant) -> Deed {
        let name = hex(&Sha256::digest(name));
        Deed::new(
            "source.taken_over",
            [("source", source.into()), ("name_sha256", name.into()), ("from_tenant", from.as_str().into())],
        )
    }

    /// A pack faulted: so often since its last record.
    pub fn pack_faulted(pack: &str, count: u64) -> Deed {
        Deed::new("pack.faulted", [("pack", pack.into()), ("count", count.into())])
    }

    /// A pack was put out: it faulted too often, or without an event.
    pub fn pack_out(pack: &str) -> Deed {
        Deed::new("pack.out", [("pack", pack.into())])
    }

    /// A pack judges no more, since it is not signed as is demanded.
    pub fn pack_unsigned(pack: &str) -> Deed {
        Deed::new("pack.unsigned", [("pack", pack.into())])
    }

    /// Acts on packs of a tenant's own were refused: so often since their last record.
    pub(crate) fn pack_refused(refused: &Refused<'_>) -> Deed {
        let Refused { act, reason, pack, count } = *refused;
        Deed::new(
            "pack.refused",
            [("act", act.into()), ("reason", reason.into()), ("pack", pack.into()), ("count", count.into())],
        )
    }

    /// What waits for another attempt was let go at once.
    pub fn notices_flushed(count: u64) -> Deed {
        Deed::new("notices.flushed", [("notices", count.into())])
    }

    /// What was given up was queued again.
    pub fn notices_retried(count: u64) -> Deed {
        Deed::new("notices.retried", [("notices", count.into())])
    }

    /// Somebody has a copy of the database.
    pub fn backed_up() -> Deed {
        Deed::new("database.backed_up", [])
    }

    /// A backup took the place of the database.
    pub fn restored(backup: i64, was_read: bool) -> Deed {
        Deed::new(
            "database.restored",
            [("backup_seq", backup.into()), ("replaced", if was_read { "read" } else { "unread" }.into())],
        )
    }

    /// The log goes on in another file.
    pub fn log_moved(to: &Path) -> Deed {
        use std::os::unix::ffi::OsStrExt;
        let path = hex(&Sha256::digest(to.as_os_str().as_bytes()));
        Deed::new("log.moved", [("path_sha256", path.into())])
    }

    /// No log is written any more: the last record of the one that was.
    pub fn log_stopped() -> Deed {
        Deed::new(STOPPED, [])
    }
}

fn of_configuration(hash: Option<&[u8; 32]>) -> Value {
    hash.map_or(Value::Null, |hash| hex(hash).into())
}
