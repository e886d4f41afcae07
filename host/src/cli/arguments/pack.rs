use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;
use super::keeping::tenant;
use super::server::ServerArguments;
use crate::commit::Tenant;

const TEST_EXAMPLES: &str = "\
Examples:
  tripline pack test my-pack              builds it, then runs its cases
  tripline pack test my-pack --update     rewrites what the cases expect
  tripline pack test my.wasm --cases dir  a module that is built

Exit codes: 0 all cases hold, 1 a case fails, 2 it does not build or is no pack.
";

const VERIFY_EXAMPLES: &str = "\
Examples:
  tripline pack verify my.wasm --signed-by tripline-pack-key-1:…
  tripline pack verify my.wasm --signed-by \"$(cat release.key.pub)\" --signature my.sig

Exit codes: 0 it is signed so, 1 it is not, 2 the module or the signature cannot be read.
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
    /// Make a key that signs packs: a secret file, and the public key that whoever demands signatures is given.
    #[command(after_help = examples!("tripline pack keygen release.key"))]
    Keygen {
        /// A new file, which only you can read; FILE.pub has the public key.
        #[arg(value_name = "FILE")]
        key: PathBuf,
    },
    /// Sign a module: that it is this version of this pack.
    #[command(after_help = examples!("tripline pack sign my.wasm --key release.key"))]
    Sign {
        /// The module.
        #[arg(value_name = "FILE.wasm")]
        pack: PathBuf,
        /// The secret key, a file that only you can read.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where the signature goes [default: FILE.wasm.sig].
        #[arg(long, short, value_name = "FILE.sig")]
        output: Option<PathBuf>,
    },
    /// Tell whether one of these keys has signed a module.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// The module.
        #[arg(value_name = "FILE.wasm")]
        pack: PathBuf,
        /// A public key; may be repeated.
        #[arg(long, value_name = "KEY", required = true)]
        signed_by: Vec<String>,
        /// Its signature [default: FILE.wasm.sig].
        #[arg(long, value_name = "FILE.sig")]
        signature: Option<PathBuf>,
    },
    /// Bring a pack to a running server, where it judges your tenant's lines; a newer version takes the older one's place.
    #[command(after_help = examples!(
        "tripline pack push my.wasm --server https://tripline.example:8480 --token-file token",
    ))]
    Push {
        /// The module.
        #[arg(value_name = "FILE.wasm")]
        pack: PathBuf,
        /// Its signature [default: FILE.wasm.sig, if that is there].
        #[arg(long, value_name = "FILE.sig")]
        signature: Option<PathBuf>,
        #[command(flatten)]
        at: AtServer,
    },
    /// List a server's packs: what everybody has, and what is your tenant's own, with what each has cost.
    #[command(after_help = examples!(
        "tripline pack list --server https://tripline.example:8480 --token-file token",
    ))]
    List {
        /// A table to read, or objects for programs.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
        #[command(flatten)]
        at: AtServer,
    },
    /// Let the version count again that was pushed before.
    #[command(after_help = examples!("tripline pack rollback my-pack"))]
    Rollback {
        /// The pack's name.
        name: String,
        #[command(flatten)]
        at: AtServer,
    },
    /// Let a pack of your tenant's own judge again.
    #[command(after_help = examples!("tripline pack enable my-pack"))]
    Enable {
        /// The pack's name.
        name: String,
        #[command(flatten)]
        at: AtServer,
    },
    /// Let a pack of your tenant's own judge no more; it is kept, with what it remembers.
    #[command(after_help = examples!("tripline pack disable my-pack"))]
    Disable {
        /// The pack's name.
        name: String,
        #[command(flatten)]
        at: AtServer,
    },
    /// Give a pack of your tenant's own other settings.
    #[command(after_help = examples!("tripline pack set my-pack settings.json"))]
    Set {
        /// The pack's name.
        name: String,
        /// A JSON object of all that differs from its defaults.
        #[arg(value_name = "FILE.json")]
        settings: PathBuf,
        #[command(flatten)]
        at: AtServer,
    },
    /// Show what went wrong with a pack of your tenant's own since the server began.
    #[command(after_help = examples!("tripline pack faults my-pack"))]
    Faults {
        /// The pack's name.
        name: String,
        /// A table to read, or objects for programs.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
        #[command(flatten)]
        at: AtServer,
    },
}

/// The server that has the packs.
#[derive(Debug, Args)]
pub(in crate::cli) struct AtServer {
    /// Whose packs these are: the token has to be of this tenant.
    #[arg(long, value_name = "TENANT", default_value = Tenant::DEFAULT, value_parser = tenant, help_heading = "Server")]
    pub(in crate::cli) tenant: Tenant,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

/// Compiles a module within limits, and dies with whoever started it. For tripline itself.
#[derive(Debug, Args)]
#[command(after_help = examples!("tripline pack-compile --parent PID --cpu 30 --memory 2147483648 < my.wasm"))]
pub(in crate::cli) struct PackCompileArguments {
    /// Who started it.
    #[arg(long, value_name = "PID")]
    pub(in crate::cli) parent: i32,
    /// Seconds of CPU time.
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) cpu: u64,
    /// Bytes of memory.
    #[arg(long, value_name = "BYTES")]
    pub(in crate::cli) memory: u64,
    /// Where machine code is kept.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) cache: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum InspectFormat {
    Human,
    Json,
}
