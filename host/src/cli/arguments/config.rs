use std::path::PathBuf;

use clap::Subcommand;

use super::PackArguments;

const EXAMPLES: &str = "\
Examples:
  tripline config example > tripline.toml
  tripline config check tripline.toml

Exit codes: 0 it can be used, 2 it cannot.
";

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) enum ConfigCommand {
    /// Say what is read from where, and what a server could not use: packs and their settings, files of TLS, secrets.
    ///
    /// Secrets are looked for as whoever runs this, with their environment.
    #[command(after_help = examples!(
        "tripline config check",
        "tripline config check /etc/tripline/tripline.toml",
        "tripline config check --pack mine.wasm tripline.toml",
    ))]
    Check {
        /// The file [default: as all commands look for it].
        file: Option<PathBuf>,
        #[command(flatten)]
        packs: PackArguments,
    },
    /// Print a configuration with every key and a comment for each.
    #[command(after_help = examples!("tripline config example > tripline.toml"))]
    Example,
}
