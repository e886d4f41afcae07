use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use clap_complete::Shell;
use jiff::tz::TimeZone;
use tripline_abi::{ABI_VERSIONS_SERVED, Severity};
use tripline_engine::decode::Format as InputFormat;

use super::zone;

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let served: Vec<String> = ABI_VERSIONS_SERVED.iter().map(u32::to_string).collect();
    format!("{} (rule ABI {})", env!("CARGO_PKG_VERSION"), served.join(", "))
});

const EXAMPLES: &str = "\
Examples:
  tripline check /var/log/auth.log
  journalctl -u ssh | tripline check
  tripline pack new my-pack && tripline pack test my-pack
";

const CHECK_EXAMPLES: &str = "\
Examples:
  tripline check /var/log/auth.log             a file
  tripline check '/var/log/*.log' app.log.2.gz a glob, a rotated file
  journalctl -u ssh | tripline check           standard input
  tripline check --pack my.wasm --only my-pack --matches app.log
  tripline check --format ndjson app.log | jq 'select(.type == \"incident\")'

Exit codes, the first that applies:
  2  wrong use, configuration or pack
  3  an input could not be read to its end, or a pack faulted (the rest was
     checked)
  1  there are incidents at or above --fail-on
  0  there are none
";

const TEST_EXAMPLES: &str = "\
Examples:
  tripline pack test my-pack              builds it, then runs its cases
  tripline pack test my-pack --update     rewrites what the cases expect
  tripline pack test my.wasm --cases dir  a module that is built

Exit codes: 0 all cases hold, 1 a case fails, 2 it does not build or is no pack.
";

/// Detection rules in sandboxed WebAssembly, run on your logs.
#[derive(Debug, Parser)]
#[command(name = "tripline", version = VERSION.as_str(), after_help = EXAMPLES, max_term_width = 100)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    /// When to use colours; `auto` also minds NO_COLOR.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub(super) color: Color,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check logs with rule packs and report incidents.
    Check(CheckArguments),
    /// Make, test and look into rule packs.
    #[command(subcommand, arg_required_else_help = true)]
    Pack(PackCommand),
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES, args_override_self = true)]
pub(super) struct CheckArguments {
    /// Files, folders, globs, or `-` for standard input (also without any FILE in a pipe). Unpacks .gz.
    #[arg(value_name = "FILE|DIR|GLOB|-")]
    pub(super) files: Vec<PathBuf>,

    /// A .wasm file, or a folder of them, beside the built-in packs; may be repeated.
    #[arg(long, value_name = "PATH", help_heading = "Packs")]
    pub(super) pack: Vec<PathBuf>,
    /// Without the built-in packs.
    #[arg(long, help_heading = "Packs")]
    pub(super) no_builtin: bool,
    /// Only the pack of this name; may be repeated.
    #[arg(long, value_name = "NAME", help_heading = "Packs")]
    pub(super) only: Vec<String>,
    /// Settings of packs, in tables [packs.NAME].
    #[arg(long, value_name = "FILE.toml", help_heading = "Packs")]
    pub(super) settings: Option<PathBuf>,

    /// Format of all inputs, if it should not be found for each.
    #[arg(long, value_name = "FORMAT", help_heading = "Input", value_parser = input_formats())]
    pub(super) input_format: Option<InputFormat>,
    /// Year of the first line, where the format has none.
    #[arg(long, value_name = "YEAR", help_heading = "Input", value_parser = value_parser!(i16).range(1970..=9999))]
    pub(super) year: Option<i16>,
    /// Time zone of times without one, and of the report: a name, or an offset like +02:00
    /// [default: the system's].
    #[arg(long, value_name = "ZONE", help_heading = "Input", value_parser = zone::parse, allow_hyphen_values = true)]
    pub(super) timezone: Option<TimeZone>,

    /// A page to read, one JSON object a line, or one JSON document.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(super) format: Format,
    /// Every match of every pattern, too.
    #[arg(long, help_heading = "Output")]
    pub(super) matches: bool,
    /// What packs log, too.
    #[arg(short, long, help_heading = "Output")]
    pub(super) verbose: bool,
    /// Exit with 1 if there is an incident of at least this severity.
    #[arg(long, value_name = "SEVERITY", default_value = "low", help_heading = "Output", value_parser = severities())]
    pub(super) fail_on: Severity,
    /// Threads that match lines [default: one for each core].
    #[arg(long, value_name = "N", help_heading = "Running", value_parser = value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Ndjson,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum PackCommand {
    /// Make a folder with a new pack that builds and passes its tests.
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
pub(super) enum InspectFormat {
    Human,
    Json,
}

fn severities() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::as_str)).try_map(|word| word.parse::<Severity>())
}

fn input_formats() -> impl TypedValueParser<Value = InputFormat> {
    PossibleValuesParser::new(InputFormat::ALL.map(InputFormat::name))
        .try_map(|name| name.parse::<InputFormat>())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Arguments, Command};

    #[test]
    fn the_commands_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_may_repeat() {
        let line = "tripline check --pack a --pack b --only x --only y --year 2023 --year 2024 -v -v f g";
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        let Command::Check(check) = arguments.command else { panic!("expected check") };
        assert_eq!((check.pack.len(), check.only.len(), check.files.len()), (2, 2, 2));
        assert_eq!(check.year, Some(2024));
        assert!(check.verbose);
    }
}
