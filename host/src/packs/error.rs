//! Why a pack is not taken.

use tripline_engine::PackError;
use tripline_engine::abi::manifest::SettingsError;
use tripline_engine::matcher::MatcherError;

use super::CompileError;
use crate::commit::{StoreError, Tenant};
use crate::quota::OverQuota;
use crate::signing::Unsigned;

/// Why a tenant's pack is not taken, or not changed; what was there goes on.
#[derive(Debug, thiserror::Error)]
pub enum PackRefused {
    /// It is no pack, or too large.
    #[error("the module: {0}")]
    Module(PackError),
    /// The manifest says another name.
    #[error("expected a pack of the name `{asked}`, found `{found}` in its manifest")]
    Name {
        /// What was asked for.
        asked: String,
        /// What the manifest says.
        found: String,
    },
    /// The operator has a pack of this name.
    #[error("expected a name of its own, found `{0}`, the name of a pack that the operator has")]
    Taken(String),
    /// The tenant has as many as it may have.
    #[error("expected at most {0} packs of one tenant")]
    Many(usize),
    /// The tenant may not use as much.
    #[error("{0}")]
    Quota(#[from] OverQuota),
    /// Somebody else changed it.
    #[error("expected pack `{0}` as it was when this began, found that somebody has changed it meanwhile")]
    Meanwhile(String),
    /// Its patterns cannot be matched.
    #[error(transparent)]
    Matcher(MatcherError),
    /// It is not signed as is demanded, or what came with it is of another module.
    #[error("its signature: {0}")]
    Unsigned(#[from] Unsigned),
    /// Signatures are demanded, and one is kept that is signed so and is newer, or another one of the same version.
    #[error("expected a version above {present}, since signatures are demanded, found {found}")]
    Lower {
        /// The highest that is kept and signed as is demanded.
        present: String,
        /// What came.
        found: String,
    },
    /// The configuration says who signs for it.
    #[error("expected a tenant of which the configuration does not say who signs its packs, found `{0}`")]
    Configured(Tenant),
    /// Stored or given settings do not fit it.
    #[error("its settings: {0}")]
    Settings(SettingsError),
    /// It is not compiled.
    #[error("compiling it: {0}")]
    Compile(CompileError),
    /// It cannot be opened with its settings and what is remembered.
    #[error("it does not open: {0}")]
    Open(String),
    /// The tenant has no such pack, or no such version of it.
    #[error("there is no {0}")]
    Unknown(String),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for PackRefused {
    fn from(error: StoreError) -> PackRefused {
        match error {
            StoreError::Over(_, over) => PackRefused::Quota(over),
            other => PackRefused::Store(other),
        }
    }
}

impl PackRefused {
    /// Why, in a word; `None`: nobody has refused it, the database failed or no process was to be had.
    pub fn reason(&self) -> Option<&'static str> {
        Some(match self {
            PackRefused::Module(_) => "module",
            PackRefused::Name { .. } => "name",
            PackRefused::Taken(_) => "taken",
            PackRefused::Many(_) => "many",
            PackRefused::Quota(_) => "quota",
            PackRefused::Meanwhile(_) => "meanwhile",
            PackRefused::Matcher(_) => "patterns",
            PackRefused::Unsigned(_) => "unsigned",
            PackRefused::Lower { .. } => "lower",
            PackRefused::Configured(_) => "configured",
            PackRefused::Settings(_) => "settings",
            PackRefused::Compile(CompileError::Refused(_)) => "compiler",
            PackRefused::Compile(CompileError::Ended(_)) => "compiler-ended",
            PackRefused::Open(_) => "open",
            PackRefused::Unknown(_) => "unknown",
            PackRefused::Compile(CompileError::Process(_)) | PackRefused::Store(_) => return None,
        })
    }
}
