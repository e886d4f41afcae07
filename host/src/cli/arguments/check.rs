use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum, value_parser};
use jiff::tz::TimeZone;
use tripline_abi::Severity;
use tripline_engine::decode::Format as InputFormat;

use super::keeping::KeepArguments;
use super::packs::PackArguments;
use super::severities;
use crate::cli::zone;

const CHECK_EXAMPLES: &str = "\
Examples:
  tripline check /var/log/auth.log             a file
  tripline check '/var/log/*.log' app.log.2.gz a glob, a rotated file
  journalctl -u ssh | tripline check           standard input
  tripline check --pack my.wasm --only my-pack --matches app.log
  tripline check app.log --db tripline.db --mail-to oncall@example.org
  tripline check --format ndjson app.log | jq 'select(.type == \"incident\")'
  tripline check --format sarif app.log > app.sarif

Exit codes, the first that applies:
  2  wrong use, configuration or pack
  3  an input could not be read to its end, or a pack faulted (the rest was
     checked)
  4  incidents are stored, and notices of them could not be delivered
  1  there are incidents at or above --fail-on
  0  there are none
";

#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES, args_override_self = true)]
pub(in crate::cli) struct CheckArguments {
    /// Files, folders, globs, or `-` for standard input (also without any FILE in a pipe). Unpacks
    /// .gz, .zst and .xz.
    #[arg(value_name = "FILE|DIR|GLOB|-")]
    pub(in crate::cli) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) packs: PackArguments,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,

    /// What scans found, beside the inputs: files, folders or globs of the format `finding`.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(in crate::cli) findings: Vec<PathBuf>,
    /// Format of all inputs, if it should not be found for each.
    #[arg(long, value_name = "FORMAT", help_heading = "Input", value_parser = input_formats())]
    pub(in crate::cli) input_format: Option<InputFormat>,
    /// Year of the first line, where the format has none.
    #[arg(long, value_name = "YEAR", help_heading = "Input", value_parser = value_parser!(i16).range(1970..=9999))]
    pub(in crate::cli) year: Option<i16>,
    /// Time zone of times without one, and of the report: a name, or an offset like +02:00
    /// [default: the system's; of the report: the configuration's].
    #[arg(long, value_name = "ZONE", help_heading = "Input", value_parser = zone::parse, allow_hyphen_values = true)]
    pub(in crate::cli) timezone: Option<TimeZone>,

    /// A page to read, one JSON object a line, one JSON document, or SARIF 2.1.0.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(in crate::cli) format: CheckFormat,
    /// Every match of every pattern, too.
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) matches: bool,
    /// What packs log, too.
    #[arg(short, long, help_heading = "Output")]
    pub(in crate::cli) verbose: bool,
    /// Where time goes, too: by stage, pack and pattern, on standard error.
    #[arg(long, help_heading = "Output")]
    pub(in crate::cli) stats: bool,
    /// Exit with 1 if there is an incident of at least this severity.
    #[arg(long, value_name = "SEVERITY", default_value = "low", help_heading = "Output", value_parser = severities())]
    pub(in crate::cli) fail_on: Severity,
    /// Threads that match lines [default: one for each core].
    #[arg(long, value_name = "N", help_heading = "Running", value_parser = value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) threads: Option<u16>,
}

/// How a check reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CheckFormat {
    Human,
    Ndjson,
    Json,
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    Human,
    Ndjson,
    Json,
}

pub(super) fn input_formats() -> impl TypedValueParser<Value = InputFormat> {
    PossibleValuesParser::new(InputFormat::ALL.map(InputFormat::name))
        .try_map(|name| name.parse::<InputFormat>())
}
