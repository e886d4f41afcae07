use clap::{Args, Subcommand, ValueEnum};
use tripline_abi::Severity;

use super::keeping::KeepArguments;
use super::server::ServerArguments;
use super::times::{self, Span};
use super::{number, rule, severities, states};
use crate::incidents::{Resolution, State};

const EXAMPLES: &str = "\
Examples:
  tripline incident list --state open --severity high
  tripline incident show 17
  tripline incident ack 17 --for 4h
  tripline incident resolve 17 --as false-positive --comment 'our scanner'
  tripline incident report --severity high --title 'Laptop lost' < details.txt
  tripline incident export --format csv --since 7d > week.csv
";

/// What a person does with incidents.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct IncidentArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: IncidentCommand,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum IncidentCommand {
    /// List incidents, the latest change first.
    #[command(after_help = examples!(
        "tripline incident list",
        "tripline incident list --severity high --since 24h",
        "tripline incident list --all --search 192.0.2.7 --format ndjson",
    ))]
    List {
        #[command(flatten)]
        filter: FilterArguments,
        /// At most so many.
        #[arg(long, value_name = "N", default_value = "50")]
        limit: u32,
        /// A table to read, one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: super::Format,
    },
    /// Show one with its evidence and timeline.
    #[command(after_help = examples!(
        "tripline incident show 17",
        "tripline incident show 17 --format json | jq .evidence",
    ))]
    Show {
        /// Its number.
        #[arg(value_parser = number)]
        id: i64,
        /// A page to read, or JSON.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: super::Format,
    },
    /// Say that you look at them; after a while they are open again.
    #[command(after_help = examples!(
        "tripline incident ack 17 18",
        "tripline incident ack 17 --for 4h",
    ))]
    Ack {
        /// Their numbers.
        #[arg(required = true, value_parser = number)]
        ids: Vec<i64>,
        /// For how long [default: 24h, or the configuration's].
        #[arg(long = "for", value_name = "TIME", value_parser = times::lasting)]
        hold: Option<Span>,
    },
    /// Give one to somebody.
    #[command(after_help = examples!(
        "tripline incident assign 17 jana",
        "tripline incident assign 17          takes it away",
    ))]
    Assign {
        /// Its number.
        #[arg(value_parser = number)]
        id: i64,
        /// To whom; nobody takes it away.
        to: Option<String>,
    },
    /// Say something about one.
    #[command(after_help = examples!("tripline incident comment 17 'asked the owner of the machine'"))]
    Comment {
        /// Its number.
        #[arg(value_parser = number)]
        id: i64,
        /// What.
        text: String,
    },
    /// Be done with them.
    #[command(after_help = examples!(
        "tripline incident resolve 17 18",
        "tripline incident resolve 17 --as false-positive --comment 'our scanner'",
    ))]
    Resolve {
        /// Their numbers.
        #[arg(required = true, value_parser = number)]
        ids: Vec<i64>,
        /// What they were.
        #[arg(long = "as", value_name = "WHAT", default_value = "true-positive", value_parser = resolutions())]
        resolution: Resolution,
        /// Why.
        #[arg(long, value_name = "TEXT", default_value = "")]
        comment: String,
    },
    /// Not be done after all.
    #[command(after_help = examples!("tripline incident reopen 17 --comment 'it was not our scanner'"))]
    Reopen {
        /// Their numbers.
        #[arg(required = true, value_parser = number)]
        ids: Vec<i64>,
        /// Why.
        #[arg(long, value_name = "TEXT", default_value = "")]
        comment: String,
    },
    /// Report an incident; details come from standard input.
    #[command(after_help = examples!(
        "tripline incident report --severity high --title 'Laptop lost' < details.txt",
        "tripline incident report --title 'Backup failed' --fingerprint backup --value host=web-1 --tag backup < /dev/null",
    ))]
    Report {
        /// How bad it is.
        #[arg(long, value_name = "SEVERITY", default_value = "medium", value_parser = severities())]
        severity: Severity,
        /// What it is, in one line.
        #[arg(long, value_name = "TEXT")]
        title: String,
        /// What equal reports share; without it each is an incident of its own.
        #[arg(long, value_name = "TEXT")]
        fingerprint: Option<String>,
        /// A named value; may be repeated.
        #[arg(long = "value", value_name = "NAME=VALUE", value_parser = times::pair)]
        values: Vec<(String, String)>,
        /// A word to route by; may be repeated.
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
    },
    /// Put out incidents for other programs.
    #[command(after_help = examples!(
        "tripline incident export --since 7d > week.csv",
        "tripline incident export --all --format json > all.ndjson",
    ))]
    Export {
        #[command(flatten)]
        filter: FilterArguments,
        /// A table, or one JSON object a line.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "csv")]
        format: ExportFormat,
    },
}

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct FilterArguments {
    /// In this state; may be repeated [default: open and acknowledged].
    #[arg(long, value_name = "STATE", value_parser = states())]
    pub(in crate::cli) state: Vec<State>,
    /// In any state.
    #[arg(long, conflicts_with = "state")]
    pub(in crate::cli) all: bool,
    /// At least this severe.
    #[arg(long, value_name = "SEVERITY", value_parser = severities())]
    pub(in crate::cli) severity: Option<Severity>,
    /// Of this rule: PACK/RULE, with *.
    #[arg(long, value_name = "RULE", value_parser = rule)]
    pub(in crate::cli) rule: Option<String>,
    /// With lines of this source, as `incident show` names it, with *.
    #[arg(long, value_name = "SOURCE")]
    pub(in crate::cli) source: Option<String>,
    /// Somebody's.
    #[arg(long, value_name = "WHO")]
    pub(in crate::cli) assignee: Option<String>,
    /// Changed within this time, like 24h or 7d, or since this time.
    #[arg(long, value_name = "TIME", value_parser = times::since)]
    pub(in crate::cli) since: Option<times::When>,
    /// With this in title, summary, fingerprint or values.
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) search: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
    Csv,
    Json,
}

fn resolutions() -> impl clap::builder::TypedValueParser<Value = Resolution> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(Resolution::ALL.map(Resolution::as_str))
        .try_map(|word| word.parse::<Resolution>().map_err(|()| "expected a resolution"))
}
