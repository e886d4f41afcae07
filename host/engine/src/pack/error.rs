use tripline_abi::manifest::ManifestError;
use tripline_abi::{ABI_VERSIONS_SERVED, MANIFEST_SECTION};

/// Why some bytes are no pack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// More than a module may have.
    #[error("expected at most {limit} {what}, found {found}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How much it may have.
        limit: u64,
        /// How much it has.
        found: u64,
    },
    /// No core WebAssembly module.
    #[error("expected a WebAssembly module, found {0}")]
    NotAModule(NotAModule),
    /// A module that breaks the specification; the validator's words.
    #[error("the module is not valid at byte {offset}: {message}")]
    Invalid {
        /// Where, in bytes.
        offset: usize,
        /// What is wrong there.
        message: String,
    },
    /// A WebAssembly proposal that is not served.
    #[error("the module uses the WebAssembly proposal {proposal} at byte {offset}, which is not served")]
    Proposal {
        /// The proposal's name.
        proposal: &'static str,
        /// Where, in bytes.
        offset: usize,
    },
    /// A marker of another ABI version.
    #[error("the module has ABI version {found}, which is too {}; served: {ABI_VERSIONS_SERVED:?}", age(*found))]
    Abi {
        /// The newest version that the module has a marker for.
        found: u32,
    },
    /// No marker at all: a module, but no pack.
    #[error("expected an export tripline_abi_N with N in {ABI_VERSIONS_SERVED:?}, found none: it is no pack")]
    NoAbi,
    /// An import that no pack may have.
    #[error("the module imports {import:?}; a pack may import tripline.log and nothing else")]
    Import {
        /// The import, as `module.name`.
        import: String,
    },
    /// An export that every pack has is not there.
    #[error("the module has no export {name}: expected {expected}")]
    NoExport {
        /// The export's name.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// An import or export of the contract with another type.
    #[error("{name} is {found}, expected {expected}")]
    Type {
        /// The import's or export's name.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// No manifest.
    #[error("the module has no custom section {MANIFEST_SECTION}")]
    NoManifest,
    /// More than one manifest.
    #[error("expected one custom section {MANIFEST_SECTION}, found {0}")]
    Manifests(usize),
    /// A bad manifest.
    #[error("the manifest is refused: {0}")]
    Manifest(#[from] ManifestError),
}

impl PackError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            PackError::NotAModule(NotAModule::Component) => {
                Some("a pack is a core module: build it for wasm32-unknown-unknown, not for wasm32-wasip2")
            }
            PackError::NotAModule(NotAModule::Artifact) => {
                Some("precompiled code is never accepted; give the .wasm file that it was compiled from")
            }
            PackError::NotAModule(NotAModule::Text) => Some("turn the text into a module with wat2wasm"),
            PackError::Import { import } if import.starts_with("wasi") => {
                Some("build it for wasm32-unknown-unknown: a pack has no files, clock, randomness or network")
            }
            PackError::Import { import } if import.starts_with("__wbindgen") || import.starts_with("wbg") => {
                Some("a dependency is built for browsers; leave out its features `js` or `wasm-bindgen`")
            }
            PackError::Limit { what: "bytes of custom sections" | "bytes of module", .. } => {
                Some("leave out debug information: build in release mode, with strip = \"debuginfo\"")
            }
            PackError::Abi { found } if is_newer(*found) => {
                Some("update Tripline, or build with an older SDK")
            }
            PackError::Abi { .. } => Some("build it again with a newer SDK"),
            _ => None,
        }
    }
}

/// What came in the place of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAModule {
    /// No byte.
    #[error("nothing")]
    Empty,
    /// A WebAssembly component.
    #[error("a WebAssembly component")]
    Component,
    /// Machine code, as wasmtime stores it.
    #[error("precompiled machine code")]
    Artifact,
    /// WebAssembly's text format.
    #[error("WebAssembly text")]
    Text,
    /// Something else.
    #[error("something else")]
    Other,
}

/// Looks at the first bytes only.
pub(super) fn core_module(bytes: &[u8]) -> Result<(), PackError> {
    let found = match bytes {
        [] => NotAModule::Empty,
        [b'\0', b'a', b's', b'm', _, _, 0, 0, ..] => return Ok(()),
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => NotAModule::Component,
        [b'\x7f', b'E', b'L', b'F', ..] => NotAModule::Artifact,
        _ if bytes.trim_ascii_start().starts_with(b"(module") => NotAModule::Text,
        _ => NotAModule::Other,
    };
    Err(PackError::NotAModule(found))
}

fn is_newer(version: u32) -> bool {
    ABI_VERSIONS_SERVED.iter().all(|&served| version > served)
}

fn age(version: u32) -> &'static str {
    if is_newer(version) { "new" } else { "old" }
}
