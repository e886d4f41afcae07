//! A tenant's own pack, as it is kept.

use serde_json::{Map, Value};

use crate::commit::Tenant;
use crate::signing::{KeyId, Signature, Statement};

/// A tenant's pack, and the version of it that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnPack {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its name.
    pub name: String,
    /// Whether it judges.
    pub is_enabled: bool,
    /// What its tenant has set.
    pub settings: Map<String, Value>,
    /// Which version counts.
    pub version: Version,
}

/// A version that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The newest has the highest.
    pub number: u32,
    /// As its manifest says it.
    pub version: String,
    /// SHA-256 of its module.
    pub digest: [u8; 32],
    /// When, nanoseconds since 1970.
    pub pushed: i64,
    /// By whom: an actor's id.
    pub author: String,
    /// Who vouches for it, or says so.
    pub signature: Option<Signature>,
}

impl OwnPack {
    /// What a signature of the version that counts has to say.
    pub(crate) fn statement(&self) -> Statement {
        Statement::kept(&self.name, &self.version.version, self.version.digest)
    }
}

/// A version to be kept.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// The pack's name.
    pub name: String,
    /// As its manifest says it.
    pub version: String,
    /// SHA-256 of its module.
    pub digest: [u8; 32],
    /// Its module.
    pub wasm: Vec<u8>,
    /// What came with it.
    pub signature: Option<Signature>,
    /// Who has signed it, if that was checked.
    pub signer: Option<KeyId>,
}

/// What is done to a pack, beside pushing it.
#[derive(Clone, Debug)]
pub enum Act {
    /// It judges again.
    Enable,
    /// It judges no more.
    Disable,
    /// Another version counts, by its number.
    Version(u32),
    /// These are its settings.
    Settings(Map<String, Value>),
}
