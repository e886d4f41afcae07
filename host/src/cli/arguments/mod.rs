/// The end of a command's help.
macro_rules! examples {
    ($($line:literal),+ $(,)?) => { concat!("Examples:\n", $("  ", $line, "\n"),+) };
}

mod check;
mod config;
mod incident;
mod keeping;
mod notify;
mod pack;
mod packs;
#[cfg(feature = "playground")]
mod playground;
mod scan;
mod serve;
mod server;
mod silence;
mod tenant;
mod times;
mod token;
mod top;

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use tripline_abi::{ABI_VERSIONS_SERVED, Severity};

use crate::incidents::State;

pub(super) use self::check::{CheckArguments, CheckFormat, Format};
pub(super) use self::config::ConfigCommand;
pub(super) use self::incident::{ExportFormat, FilterArguments, IncidentArguments, IncidentCommand};
pub(super) use self::keeping::{KeepArguments, Relay};
pub(super) use self::notify::{DbCommand, LogCommand, NotifyArguments, NotifyCommand};
pub(super) use self::pack::{AtServer, InspectFormat, PackCommand, PackCompileArguments};
pub(super) use self::packs::PackArguments;
#[cfg(feature = "playground")]
pub(super) use self::playground::PlaygroundArguments;
pub(super) use self::scan::{
    DueArguments, ImportArguments, JudgeArguments, RunArguments, ScanArguments, ScanCommand,
    ScannerExecArguments,
};
pub(super) use self::serve::{Listen, LogFormat, ServeArguments};
pub(super) use self::server::{ServerArguments, TOKEN};
pub(super) use self::silence::{
    ExceptionArguments, ExceptionCommand, ListArguments, SilenceArguments, SilenceCommand,
};
pub(super) use self::tenant::{TenantArguments, TenantCommand};
pub(super) use self::token::{TokenArguments, TokenCommand};
pub(super) use self::top::TopArguments;

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let served: Vec<String> = ABI_VERSIONS_SERVED.iter().map(u32::to_string).collect();
    format!("{} (rule ABI {})", env!("CARGO_PKG_VERSION"), served.join(", "))
});

const EXAMPLES: &str = "\
Examples:
  tripline check /var/log/auth.log
  journalctl -u ssh | tripline check
  tripline incident list --db tripline.db
  tripline pack new my-pack && tripline pack test my-pack
";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  tripline completions bash > ~/.local/share/bash-completion/completions/tripline
  tripline completions fish > ~/.config/fish/completions/tripline.fish
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
    /// The configuration [default: $TRIPLINE_CONFIG, ./tripline.toml, /etc/tripline/tripline.toml].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Configuration")]
    pub(super) config: Option<PathBuf>,
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
    /// Follow logs, and keep and tell what rules decide, until it is stopped.
    Serve(ServeArguments),
    /// Scan networks, and tell what is open and what is new.
    #[command(arg_required_else_help = true)]
    Scan(ScanArguments),
    /// Work incidents off: list, show, acknowledge, resolve, report.
    #[command(arg_required_else_help = true)]
    Incident(IncidentArguments),
    /// Hold notices back for a while.
    #[command(arg_required_else_help = true)]
    Silence(SilenceArguments),
    /// Take decisions out without touching a pack.
    #[command(arg_required_else_help = true)]
    Exception(ExceptionArguments),
    /// See what was told to whom, and why.
    #[command(arg_required_else_help = true)]
    Notify(NotifyArguments),
    /// See to tenants: add, list, export and delete them.
    #[command(arg_required_else_help = true)]
    Tenant(TenantArguments),
    /// Say who may use the server: make, list and revoke tokens.
    #[command(arg_required_else_help = true)]
    Token(TokenArguments),
    /// See what tenants and packs of a server use, as it happens.
    Top(TopArguments),
    /// Check, copy and restore the database.
    #[command(subcommand, arg_required_else_help = true)]
    Db(DbCommand),
    /// Check the log of security events.
    #[command(subcommand, arg_required_else_help = true)]
    Log(LogCommand),
    /// Check the configuration, or print an example.
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
    /// Make, test and look into rule packs.
    #[command(subcommand, arg_required_else_help = true)]
    Pack(PackCommand),
    /// Try packs on lines in your browser.
    #[cfg(feature = "playground")]
    Playground(PlaygroundArguments),
    #[command(hide = true)]
    ScannerExec(ScannerExecArguments),
    #[command(hide = true)]
    PackCompile(PackCompileArguments),
    /// Print completions for a shell.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// A severity by its word.
fn severities() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::as_str)).try_map(|word| word.parse::<Severity>())
}

/// The number of an incident, as it is or as lists show it.
fn number(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().map_err(|_| "expected the number of an incident, like 17 or #17".into())
}

/// A pattern of `PACK/RULE`. What has neither `/` nor `*` stands for no rule at all.
fn rule(text: &str) -> Result<String, String> {
    match text.contains(['/', '*']) {
        true => Ok(text.into()),
        false => Err(format!("expected PACK/RULE, in which * stands for anything, like {text}/*")),
    }
}

/// A state by its word.
fn states() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::as_str))
        .try_map(|word| word.parse::<State>().map_err(|()| "expected a state"))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Arguments, Command, number, rule};

    #[test]
    fn the_commands_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_that_does_something_shows_examples() {
        let mut commands = vec![("tripline".to_string(), Arguments::command())];
        let mut looked_at = 0;
        while let Some((name, command)) = commands.pop() {
            let below = command.get_subcommands().cloned();
            commands.extend(below.map(|one| (format!("{name} {}", one.get_name()), one)));
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{name}: {help}"));
            assert!(examples.lines().any(|line| line.contains(&name)), "{name}: {help}");
            looked_at += 1;
        }
        assert!(looked_at > 40, "{looked_at}");
    }

    #[test]
    fn numbers_and_rules_are_as_lists_show_them() {
        assert_eq!((number("17"), number("#17")), (Ok(17), Ok(17)));
        assert!(number("x").is_err() && number("##1").is_err() && number("").is_err());
        assert!(rule("sshd/*").is_ok() && rule("*").is_ok());
        assert_eq!(
            rule("sshd").unwrap_err(),
            "expected PACK/RULE, in which * stands for anything, like sshd/*"
        );
    }

    #[test]
    fn flags_may_repeat() {
        let line = "tripline check --pack a --pack b --only x --only y --year 2023 --year 2024 -v -v f g";
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        let Command::Check(check) = arguments.command else { panic!("expected check") };
        assert_eq!((check.packs.pack.len(), check.packs.only.len(), check.files.len()), (2, 2, 2));
        assert_eq!(check.year, Some(2024));
        assert!(check.verbose);
    }
}
