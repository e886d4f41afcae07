//! A pack that has been checked, without running any of it.
//!
//! ```text
//! bytes ─► size ─► a core module? ─► counts ─► proposals ─► marker ─► imports ─► exports ─► manifest ─► Pack
//! ```

mod contract;
mod error;
mod limits;
mod parts;
mod proposals;
mod work;

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tripline_abi::ABI_VERSION;
use tripline_abi::manifest::Manifest;

pub use self::error::{NotAModule, PackError};
pub use self::limits::PackLimits;

use self::contract::Contract;
use self::proposals::Validated;

/// A checked pack: its module is valid, within [`PackLimits`], uses the proposals that are served and no other,
/// imports at most `tripline.log`, exports what the ABI asks for, and carries one good manifest.
#[derive(Clone)]
pub struct Pack {
    manifest: Arc<Manifest>,
    wasm: Arc<[u8]>,
    digest: [u8; 32],
    abi: u32,
    imports: Vec<String>,
    saves: bool,
}

impl Pack {
    /// Checks a module within the default limits.
    pub fn read(wasm: impl Into<Arc<[u8]>>) -> Result<Pack, PackError> {
        Self::read_within(wasm, &PackLimits::default())
    }

    /// Checks a module within these limits.
    pub fn read_within(wasm: impl Into<Arc<[u8]>>, limits: &PackLimits) -> Result<Pack, PackError> {
        let wasm = wasm.into();
        limits.check("bytes of module", limits.module_bytes, wasm.len())?;
        error::core_module(&wasm)?;
        // Counted before they are validated: a bomb should cost one look.
        let manifests = parts::count(&wasm, limits)?;
        let Validated { types, stack } = proposals::validate(&wasm)?;
        limits.check("values on a function's stack", limits.stack_values, stack)?;
        let Contract { abi, imports, saves } = contract::check(types.as_ref())?;
        let manifest = match manifests.as_slice() {
            [] => return Err(PackError::NoManifest),
            [json] => Manifest::parse(json)?,
            more => return Err(PackError::Manifests(more.len())),
        };
        let digest = Sha256::digest(&wasm).into();
        Ok(Pack { manifest: Arc::new(manifest), wasm, digest, abi, imports, saves })
    }

    /// A pack without a module, for a [`tripline_abi::Guest`] that runs natively. Its digest is the manifest's.
    pub fn from_manifest(json: &[u8]) -> Result<Pack, PackError> {
        Ok(Pack {
            manifest: Arc::new(Manifest::parse(json)?),
            wasm: Arc::default(),
            digest: Sha256::digest(json).into(),
            abi: ABI_VERSION,
            imports: Vec::new(),
            saves: true,
        })
    }

    /// The pack's name, as its manifest says it.
    pub fn name(&self) -> &str {
        &self.manifest.pack.name
    }

    /// What the pack says of itself.
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// The module's bytes; empty for a native pack.
    pub fn wasm(&self) -> &Arc<[u8]> {
        &self.wasm
    }

    /// SHA-256 of the module: what a pack is addressed by.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The digest in lower case hexadecimal.
    pub fn digest_hex(&self) -> String {
        self.digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect()
    }

    /// Bytes of the module.
    pub fn size(&self) -> usize {
        self.wasm.len()
    }

    /// The ABI version that it is run with.
    pub fn abi(&self) -> u32 {
        self.abi
    }

    /// What it imports, as `module.name`: nothing, or `tripline.log`.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Whether it can save its state (export `tripline_save`); what cannot starts empty after a restart.
    pub fn saves(&self) -> bool {
        self.saves
    }
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or_default()
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pack({} {}, {} bytes)", self.name(), self.manifest.pack.version, self.size())
    }
}
