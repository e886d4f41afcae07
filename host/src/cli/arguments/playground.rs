use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  tripline playground
  tripline playground --pack my.wasm /var/log/auth.log
  tripline playground --export public

The page runs in your browser, packs and all: nothing that you try leaves it. It ends
with Ctrl-C. What --export writes, any web server serves.
";

/// What the playground begins with.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct PlaygroundArguments {
    /// A log to begin with; a .gz is unpacked.
    #[arg(value_name = "LOG")]
    pub(in crate::cli) log: Option<PathBuf>,
    /// A .wasm file, or a folder of them, beside the built-in packs; may be repeated.
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) pack: Vec<PathBuf>,
    /// The port on 127.0.0.1 [default: any that is free].
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    pub(in crate::cli) port: u16,
    /// Only say where it is; open no browser.
    #[arg(long)]
    pub(in crate::cli) no_open: bool,
    /// Write the page's files into this folder instead, for a web server.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["log", "pack", "port", "no_open"])]
    pub(in crate::cli) export: Option<PathBuf>,
}
