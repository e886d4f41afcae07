use clap::{Args, ValueEnum};

use super::Format;
use super::keeping::tenant;
use super::server::ServerArguments;
use crate::commit::Tenant;
use crate::http::shapes::ByWord;

const EXAMPLES: &str = "\
Examples:
  tripline top --server https://tripline.example:8480 --token-file operator
  tripline top --sort memory --interval 5
  tripline top --once --format json --tenant shop

A percentage is of one core. What a second brings is of the last ten. Keys: c, m, e, s, l sort, q ends.
";

/// What tenants and packs of a server use.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct TopArguments {
    /// By what those come first that use most.
    #[arg(long, value_enum, value_name = "WHAT", default_value = "cpu")]
    pub(in crate::cli) sort: TopSort,
    /// Seconds until it is asked again.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(in crate::cli) interval: u64,
    /// Print it once; what is no terminal, and programs, have it once anyway.
    #[arg(long)]
    pub(in crate::cli) once: bool,
    /// Tables to read, or objects for programs.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
    pub(in crate::cli) format: Format,
    /// This tenant alone; whoever is no operator sees their own.
    #[arg(long, value_name = "TENANT", value_parser = tenant, help_heading = "Server")]
    pub(in crate::cli) tenant: Option<Tenant>,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TopSort {
    /// CPU time in packs.
    Cpu,
    /// Time in matching.
    Match,
    /// Memory of instances.
    Memory,
    /// Bytes that are kept.
    Stored,
    /// Lines, and events of packs.
    Lines,
}

impl From<TopSort> for ByWord {
    fn from(sort: TopSort) -> ByWord {
        match sort {
            TopSort::Cpu => ByWord::Cpu,
            TopSort::Match => ByWord::Match,
            TopSort::Memory => ByWord::Memory,
            TopSort::Stored => ByWord::Stored,
            TopSort::Lines => ByWord::Lines,
        }
    }
}
