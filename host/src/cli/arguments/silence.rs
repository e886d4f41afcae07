use clap::{Args, Subcommand};
use tripline_abi::Severity;

use super::keeping::KeepArguments;
use super::server::ServerArguments;
use super::times::{self, When};
use super::{Format, rule, severities};
use crate::incidents::Place;

const EXAMPLES: &str = "\
Examples:
  tripline silence add --rule 'sshd/*' --for 2h --reason 'moving the bastion'
  tripline silence add --field ip=192.0.2.* --until 2026-12-01 --reason scanner
  tripline silence list
  tripline silence end 3
";

const EXCEPTION_EXAMPLES: &str = "\
Examples:
  tripline exception add --rule 'sshd/*' --field ip --cidr 192.0.2.0/24 --for 30d --reason 'our scanner'
  tripline exception add --rule app-errors/application-error --severity low --reason 'known to be noisy'
  tripline exception list
  tripline exception end 3
";

/// Notices that are held back for a while.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct SilenceArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: SilenceCommand,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SilenceCommand {
    /// Hold notices back; incidents are recorded all the same.
    #[command(after_help = examples!(
        "tripline silence add --rule 'sshd/*' --for 2h --reason 'moving the bastion'",
        "tripline silence add --field ip=192.0.2.* --until 2026-12-01 --reason scanner",
    ))]
    Add {
        #[command(flatten)]
        what: WhatArguments,
        /// At most this severe.
        #[arg(long, value_name = "SEVERITY", value_parser = severities())]
        severity: Option<Severity>,
        /// With this value, with *; may be repeated.
        #[arg(long = "field", value_name = "NAME=VALUE", value_parser = times::pair)]
        fields: Vec<(String, String)>,
        /// From this time on, or so long from now [default: now].
        #[arg(long, value_name = "TIME", value_parser = times::since)]
        start: Option<When>,
        #[command(flatten)]
        end: EndArguments,
    },
    /// List those that are not over.
    #[command(after_help = examples!("tripline silence list", "tripline silence list --all --format json"))]
    List(ListArguments),
    /// End one early.
    #[command(after_help = examples!("tripline silence end 3"))]
    End {
        /// Its number.
        id: i64,
    },
}

/// Decisions that are taken out, or whose severity is changed, without touching a pack.
#[derive(Debug, Args)]
#[command(after_help = EXCEPTION_EXAMPLES)]
pub(in crate::cli) struct ExceptionArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: ExceptionCommand,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ExceptionCommand {
    /// Take decisions out; they are counted and can be listed.
    #[command(after_help = examples!(
        "tripline exception add --rule 'sshd/*' --field ip --cidr 192.0.2.0/24 --for 30d --reason 'our scanner'",
        "tripline exception add --rule app-errors/application-error --severity low --reason 'known to be noisy'",
    ))]
    Add {
        #[command(flatten)]
        what: WhatArguments,
        /// By this value …
        #[arg(long, value_name = "NAME")]
        field: Option<String>,
        /// … which is an address in this network …
        #[arg(long, value_name = "NETWORK", requires = "field", conflicts_with = "value", value_parser = Place::network)]
        cidr: Option<Place>,
        /// … or this text, with *.
        #[arg(long, value_name = "TEXT", requires = "field")]
        value: Option<String>,
        /// Give them this severity instead.
        #[arg(long, value_name = "SEVERITY", value_parser = severities())]
        severity: Option<Severity>,
        #[command(flatten)]
        end: EndArguments,
    },
    /// List those that hold, and what they took out.
    #[command(after_help = examples!("tripline exception list", "tripline exception list --all --format json"))]
    List(ListArguments),
    /// End one.
    #[command(after_help = examples!("tripline exception end 3"))]
    End {
        /// Its number.
        id: i64,
    },
}

/// What a silence and an exception have in common.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhatArguments {
    /// Of this rule: PACK/RULE, with * [default: all].
    #[arg(long, value_name = "RULE", value_parser = rule)]
    pub(in crate::cli) rule: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: String,
}

/// How long it holds; an exception that does not say holds until it is ended.
#[derive(Clone, Copy, Debug, Args)]
pub(in crate::cli) struct EndArguments {
    /// For so long, like 2h or 30d, or until this time.
    #[arg(long = "for", value_name = "TIME", value_parser = times::since, conflicts_with = "until")]
    hold: Option<When>,
    /// Until this time: a date is the start of that day.
    #[arg(long, value_name = "TIME", value_parser = times::since)]
    until: Option<When>,
}

impl EndArguments {
    /// When it ends, if it says so.
    pub(in crate::cli) fn when(self) -> Option<When> {
        self.hold.or(self.until)
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub(in crate::cli) struct ListArguments {
    /// Those that are over, too.
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// A table to read, one JSON object a line, or one JSON document.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(in crate::cli) format: Format,
}
