//! A pack's folder built into its module, by cargo.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

const TARGET: &str = "wasm32-unknown-unknown";

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error("{}: expected a pack's folder, found no Cargo.toml in it", .0.display())]
    NoManifest(PathBuf),
    #[error("cannot run {program}: {error}")]
    Run { program: String, error: io::Error },
    #[error("Rust's target {TARGET} is not installed")]
    NoTarget,
    #[error("{}: it does not build; cargo says why above", .0.display())]
    Failed(PathBuf),
    #[error("{}: expected cargo to build a .wasm file, it built none", .0.display())]
    NoModule(PathBuf),
}

impl BuildError {
    /// What to do about it, where that is known.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            BuildError::NoTarget => Some("rustup target add wasm32-unknown-unknown"),
            BuildError::Run { .. } => Some("Rust is needed to build a pack: https://rustup.rs"),
            BuildError::NoModule(_) => {
                Some("Cargo.toml needs [lib] with crate-type = [\"cdylib\", \"rlib\"]")
            }
            BuildError::NoManifest(_) => Some("`tripline pack new NAME` makes a pack's folder"),
            BuildError::Failed(_) => None,
        }
    }
}

/// Builds the folder's crate in its release profile; cargo talks on standard error. Answers the module's path.
pub(crate) fn build(folder: &Path) -> Result<PathBuf, BuildError> {
    let manifest = folder.join("Cargo.toml");
    let no_manifest = || BuildError::NoManifest(folder.into());
    let manifest = manifest.canonicalize().map_err(|_| no_manifest())?;
    let folder = manifest.parent().ok_or_else(no_manifest)?;
    has_target(folder)?;
    let output = command("CARGO", "cargo", folder)
        .args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| BuildError::Run { program: "cargo".into(), error })?;
    if !output.status.success() {
        return Err(BuildError::Failed(folder.into()));
    }
    let mut messages = output.stdout.split(|&byte| byte == b'\n');
    messages.find_map(|line| wasm(line, &manifest)).ok_or_else(|| BuildError::NoModule(folder.into()))
}

/// The module that a message of cargo says it has built of this very crate.
fn wasm(message: &[u8], manifest: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_slice(message).ok()?;
    let own =
        message["reason"] == "compiler-artifact" && Path::new(message["manifest_path"].as_str()?) == manifest;
    let files = message["filenames"].as_array().filter(|_| own)?;
    files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
}

/// Asked beforehand: what cargo says of a missing target is a page about `core`.
fn has_target(folder: &Path) -> Result<(), BuildError> {
    let asked =
        command("RUSTC", "rustc", folder).args(["--print", "target-libdir", "--target", TARGET]).output();
    let output = asked.map_err(|error| BuildError::Run { program: "rustc".into(), error })?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    // A rustc that does not answer is cargo's to explain.
    if output.status.success() && !folder.is_dir() { Err(BuildError::NoTarget) } else { Ok(()) }
}

fn command(variable: &str, program: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::var_os(variable).unwrap_or_else(|| program.into()));
    command.current_dir(folder);
    // Flags for this machine say nothing good to another.
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
        command.env_remove(flags);
    }
    command
}
