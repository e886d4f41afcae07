use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::Format;
use super::keeping::KeepArguments;
use super::server::ServerArguments;
use super::times::{self, Span};
use crate::token::{Scope, is_name};

const EXAMPLES: &str = "\
Examples:
  tripline token add --name web-1 --scope ingest
  tripline token add --name jana --scope analyst --expires 90d
  tripline token add --name shipper --scope ingest --tenant shop
  tripline token list
  tripline token revoke 3
  tripline token list --server https://tripline.example:8480 --token-file operator

A token is shown once: only its hash is kept. It is sent to the server as
  Authorization: Bearer tl_…
operator does everything, for all tenants; admin does everything of one tenant,
and sees to its tokens; analyst reads and works incidents off; author reads and
brings packs; reader reads; ingest brings lines, and nothing else.
";

/// Who may use the server.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct TokenArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: TokenCommand,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokenCommand {
    /// Make one, and show it once.
    #[command(after_help = examples!(
        "tripline token add --name web-1 --scope ingest",
        "tripline token add --name jana --scope analyst --expires 90d",
    ))]
    Add {
        /// What it is called: whose it is, or for what.
        #[arg(long, value_name = "NAME", value_parser = name)]
        name: String,
        /// What it may be used for.
        #[arg(long, value_name = "SCOPE", value_parser = scopes())]
        scope: Scope,
        /// After which time it opens nothing any more [default: it does not run out].
        #[arg(long, value_name = "TIME", value_parser = times::lasting)]
        expires: Option<Span>,
        /// Itself, or JSON.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// List them, also those that are over.
    #[command(after_help = examples!(
        "tripline token list",
        "tripline token list --format ndjson",
    ))]
    List {
        /// A table to read, one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// Let one open nothing any more, from now on; who is connected by it is cut off.
    #[command(after_help = examples!("tripline token revoke 3"))]
    Revoke {
        /// Its number.
        id: i64,
    },
}

fn scopes() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(Scope::ALL.map(Scope::as_str))
        .try_map(|word| word.parse::<Scope>().map_err(|()| "expected a scope"))
}

fn name(text: &str) -> Result<String, &'static str> {
    if is_name(text) { Ok(text.into()) } else { Err("expected one line of 1 to 64 bytes") }
}
