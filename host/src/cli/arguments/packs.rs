use std::path::PathBuf;

use clap::Args;

/// Which packs judge, with which settings.
#[derive(Debug, Args)]
pub(in crate::cli) struct PackArguments {
    /// A .wasm file, or a folder of them, beside the built-in packs; may be repeated.
    #[arg(long, value_name = "PATH", help_heading = "Packs")]
    pub(in crate::cli) pack: Vec<PathBuf>,
    /// Without the built-in packs.
    #[arg(long, help_heading = "Packs")]
    pub(in crate::cli) no_builtin: bool,
    /// Only the pack of this name; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = "Packs")]
    pub(in crate::cli) only: Vec<String>,
    /// Settings of packs, in tables [packs.NAME].
    #[arg(long, value_name = "FILE.toml", help_heading = "Packs")]
    pub(in crate::cli) settings: Option<PathBuf>,
}
