use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;
use super::keeping::{KeepArguments, address, tenant};
use super::server::ServerArguments;
use crate::commit::Tenant;
use crate::quota::{QuotaKind, Unread};

const EXAMPLES: &str = "\
Examples:
  tripline tenant add plant --recipient soc@plant.example --syslog 192.0.2.1:5514
  tripline tenant confirm plant soc@plant.example
  tripline tenant signers plant --signed-by tripline-pack-key-1:…
  tripline tenant list
  tripline tenant export plant --output plant.ndjson
  tripline tenant delete plant --yes
  tripline tenant list --server https://tripline.example:8480 --token-file operator

A tenant sees its own rows alone. Its other tokens are made with
  tripline token add --tenant plant --scope admin --name NAME
";

/// Whose rows there are.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct TenantArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: TenantCommand,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TenantCommand {
    /// Add one with a token to bring lines, and print what sends them here.
    #[command(after_help = examples!(
        "tripline tenant add plant --recipient soc@plant.example",
        "tripline tenant add plant --syslog 192.0.2.1:5514 --format json",
    ))]
    Add {
        /// What it is called: 1 to 64 lower case letters, digits and hyphens.
        #[arg(value_name = "NAME", value_parser = tenant)]
        name: Tenant,
        /// Tell this address of its incidents, once it has confirmed that by what is mailed to it; may be repeated.
        #[arg(long, value_name = "ADDR", value_parser = address)]
        recipient: Vec<String>,
        /// You answer for it that the recipients want to be told: they are confirmed at once.
        #[arg(long, requires = "recipient")]
        confirmed: bool,
        /// It may use so much, like lines=1000 (a second), stored=2GiB, mails_per_day=200; may be repeated [default: as
        /// much as there is].
        #[arg(long, value_name = "KEY=VALUE", value_parser = quota)]
        quota: Vec<Changed>,
        /// Where its syslog reaches the server: an address with a port that nobody else listens on.
        #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5514", value_parser = reached)]
        syslog: SocketAddr,
        /// To read, or JSON.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// Answer for it that a recipient wants to be told, or, as one, confirm it by what was mailed.
    #[command(after_help = examples!(
        "tripline tenant confirm plant soc@plant.example",
        "tripline tenant confirm --token tlc_… --server https://tripline.example:8480",
    ))]
    Confirm {
        /// The tenant.
        #[arg(value_name = "NAME", value_parser = tenant, required_unless_present = "token")]
        name: Option<Tenant>,
        /// Its recipient.
        #[arg(value_name = "ADDR", value_parser = address, required_unless_present = "token")]
        recipient: Option<String>,
        /// What the mail has that asks whether an address wants to be told; it holds once, and needs nothing else.
        #[arg(long, value_name = "TOKEN", conflicts_with_all = ["name", "recipient"])]
        token: Option<String>,
    },
    /// Ask a recipient by mail anew that is not confirmed: it was not asked, its mail was lost, or what that had in it is over.
    #[command(after_help = examples!("tripline tenant ask plant soc@plant.example"))]
    Ask {
        /// The tenant.
        #[arg(value_name = "NAME", value_parser = tenant)]
        name: Tenant,
        /// Its recipient.
        #[arg(value_name = "ADDR", value_parser = address)]
        recipient: String,
    },
    /// Say whose signatures packs need that a tenant pushes which was added at run time.
    #[command(after_help = examples!(
        "tripline tenant signers plant --signed-by tripline-pack-key-1:…",
        "tripline tenant signers plant --as-configured",
    ))]
    Signers {
        /// The tenant.
        #[arg(value_name = "NAME", value_parser = tenant)]
        name: Tenant,
        /// One of these public keys has to have signed each; may be repeated.
        #[arg(
            long,
            value_name = "KEY",
            required_unless_present = "as_configured",
            conflicts_with = "as_configured"
        )]
        signed_by: Vec<String>,
        /// As the configuration says it of everybody.
        #[arg(long)]
        as_configured: bool,
    },
    /// Change what one may use. What the configuration says of it goes before that.
    #[command(after_help = examples!(
        "tripline tenant set plant --quota lines=1000 --quota stored=2GiB",
        "tripline tenant set plant --quota lines=none",
    ))]
    Set {
        /// The tenant.
        #[arg(value_name = "NAME", value_parser = tenant)]
        name: Tenant,
        /// It may use so much of lines (a second), cpu_percent (of a core), stored, packs, module, patterns, literals,
        /// index, state, memory, mails_per_day or scans_per_day; none: as much as there is; may be repeated.
        #[arg(long, value_name = "KEY=VALUE", value_parser = quota, required = true)]
        quota: Vec<Changed>,
    },
    /// Show one, with what it may use and what it uses.
    #[command(after_help = examples!("tripline tenant show plant", "tripline tenant show plant --format json"))]
    Show {
        /// The tenant.
        #[arg(value_name = "NAME", value_parser = tenant)]
        name: Tenant,
        /// To read, or JSON.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// List all that have anything here.
    #[command(after_help = examples!("tripline tenant list", "tripline tenant list --format ndjson"))]
    List {
        /// A table to read, one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// Write all rows of one, a JSON object a line.
    #[command(after_help = examples!(
        "tripline tenant export plant > plant.ndjson",
        "tripline tenant export plant --output plant.ndjson",
    ))]
    Export {
        /// The tenant.
        #[arg(value_name = "NAME", value_parser = tenant)]
        name: Tenant,
        /// A new file, which only you can read [default: standard output].
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Delete one with all its rows and tokens. How far its numbers went stays, and security.log.
    #[command(after_help = examples!("tripline tenant delete plant --yes"))]
    Delete {
        /// The tenant.
        #[arg(value_name = "NAME", value_parser = tenant)]
        name: Tenant,
        /// It is meant: nothing brings it back.
        #[arg(long)]
        yes: bool,
    },
}

/// A quota that is set, or taken away.
pub(in crate::cli) type Changed = (QuotaKind, Option<u64>);

fn quota(text: &str) -> Result<Changed, Unread> {
    QuotaKind::assigned(text)
}

/// Where somebody else can reach a server: not any address, nor any port.
fn reached(text: &str) -> Result<SocketAddr, &'static str> {
    const EXPECTED: &str = "expected an address that others reach, with a port, like 192.0.2.1:5514";
    let at: SocketAddr = text.parse().map_err(|_| EXPECTED)?;
    let any = |ip: IpAddr| ip.is_unspecified() || ip.is_multicast();
    if any(at.ip()) || at.port() == 0 { Err(EXPECTED) } else { Ok(at) }
}
