use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};
use jiff::tz::TimeZone;
use tripline_engine::decode::Format as InputFormat;

use super::check::input_formats;
use super::keeping::KeepArguments;
use super::packs::PackArguments;
use crate::cli::zone;

const EXAMPLES: &str = "\
Examples:
  tripline serve /var/log/auth.log '/var/log/app/*.log'
  tripline serve --from-start --db tripline.db --security-log security.log app.log
  tripline serve --config /etc/tripline/tripline.toml

It goes on where it stopped: what was written meanwhile is read first, also from
rotated files. The first SIGTERM or Ctrl-C ends it in good order, within 30 seconds;
the second at once. SIGHUP, or a change of their files, reads configuration and packs
again, and nothing is lost by that.
";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(in crate::cli) struct ServeArguments {
    /// Files, folders and globs to follow, besides the configuration's; they need not be there yet.
    #[arg(value_name = "FILE|DIR|GLOB")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Read files that were never followed from their start, rotated ones too [default: from their end].
    #[arg(long, help_heading = "Input")]
    pub(in crate::cli) from_start: bool,
    /// Format of all files, if it should not be found for each.
    #[arg(long, value_name = "FORMAT", help_heading = "Input", value_parser = input_formats())]
    pub(in crate::cli) input_format: Option<InputFormat>,
    /// Time zone of times without one: a name, or an offset like +02:00 [default: the system's].
    #[arg(long, value_name = "ZONE", help_heading = "Input", value_parser = zone::parse, allow_hyphen_values = true)]
    pub(in crate::cli) timezone: Option<TimeZone>,

    #[command(flatten)]
    pub(in crate::cli) packs: PackArguments,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,

    /// Where HTTP is taken, or `off` [default: the configuration's, or 127.0.0.1:8480].
    #[arg(long, value_name = "ADDR", help_heading = "Running", value_parser = listen)]
    pub(in crate::cli) listen: Option<Listen>,
    /// Threads that match lines [default: one for each core].
    #[arg(long, value_name = "N", help_heading = "Running", value_parser = value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) threads: Option<u16>,

    /// How it says what happens, on standard error.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(in crate::cli) log_format: LogFormat,
    /// Also say each HTTP request.
    #[arg(short, long, help_heading = "Output")]
    pub(in crate::cli) verbose: bool,
}

/// An address, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Listen(pub(in crate::cli) Option<SocketAddr>);

fn listen(text: &str) -> Result<Listen, String> {
    if text == "off" {
        return Ok(Listen(None));
    }
    let at = text.parse().map_err(|_| "expected an address with a port, like 127.0.0.1:8480, or off")?;
    Ok(Listen(Some(at)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
