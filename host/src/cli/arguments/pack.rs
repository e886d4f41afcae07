use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

const TEST_EXAMPLES: &str = "\
Examples:
  tripline pack test my-pack              builds it, then runs its cases
  tripline pack test my-pack --update     rewrites what the cases expect
  tripline pack test my.wasm --cases dir  a module that is built

Exit codes: 0 all cases hold, 1 a case fails, 2 it does not build or is no pack.
";

#[derive(Debug, Subcommand)]
#[command(after_help = examples!(
    "tripline pack new my-pack && tripline pack test my-pack",
    "tripline pack inspect my.wasm",
))]
pub(in crate::cli) enum PackCommand {
    /// Make a folder with a new pack that builds and passes its tests.
    #[command(after_help = examples!("tripline pack new my-pack && tripline pack test my-pack"))]
    New {
        /// Name of the pack and of the folder: lower case letters, digits, hyphens.
        name: String,
        /// A checkout of Tripline whose SDK the pack uses.
        #[arg(long, value_name = "PATH")]
        sdk: Option<PathBuf>,
    },
    /// Run a pack's cases on its .wasm, in the sandbox, in batches of several sizes.
    #[command(after_help = TEST_EXAMPLES)]
    Test {
        /// A pack's folder, which is built first, or a module.
        #[arg(value_name = "DIR|FILE.wasm")]
        pack: PathBuf,
        /// The folder with the *.case files [default: `cases` in or beside it].
        #[arg(long, value_name = "DIR")]
        cases: Option<PathBuf>,
        /// Rewrite what the cases expect to what the pack decides.
        #[arg(long)]
        update: bool,
    },
    /// Show what a pack says of itself, what it needs and what it may use. Nothing of it is run.
    #[command(after_help = examples!(
        "tripline pack inspect my.wasm",
        "tripline pack inspect my.wasm --format json",
    ))]
    Inspect {
        /// The module.
        #[arg(value_name = "FILE.wasm")]
        pack: PathBuf,
        /// A page to read, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: InspectFormat,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum InspectFormat {
    Human,
    Json,
}
