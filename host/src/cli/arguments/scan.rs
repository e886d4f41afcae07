use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use tripline_abi::Severity;

use super::keeping::KeepArguments;
use super::packs::PackArguments;
use super::server::ServerArguments;
use super::{Format, severities};
use crate::scans::{Ports, ScanName, ScannerKind, Script, Target};

const EXAMPLES: &str = "\
Examples:
  tripline scan run 192.0.2.0/24 --ports 22,80,443,8000-8100
  tripline scan run web.example.org --ports 443 --service --script ssl-cert --db tripline.db
  tripline scan import nmap.xml --name dmz --db tripline.db
  tripline scan diff --db tripline.db

What may be scanned stands in tripline.toml; without it, nothing may:
  [[scan.allow]]
  networks = [\"192.0.2.0/24\"]
";

const RUN_EXAMPLES: &str = "\
Examples:
  tripline scan run 192.0.2.0/24 --ports 1-1024 --name dmz --db tripline.db
  tripline scan run web.example.org 2001:db8::7 --ports 443 --service
  tripline scan run --schedule dmz --server https://tripline.example

Exit codes are those of `tripline check`, also with --server, whose own packs judge; 3 is also a scan that did not see all.
";

/// Sees to scans.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ScanArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: ScanCommand,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ScanCommand {
    /// Scan, tell what is open and what is new, and have rules judge it.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArguments),
    /// Take files that nmap or masscan wrote as XML, as if they had been scanned here, the oldest first.
    #[command(after_help = examples!(
        "nmap -oX dmz.xml …; tripline scan import dmz.xml --name dmz --db tripline.db",
        "tripline scan import masscan.xml --format json",
    ))]
    Import(ImportArguments),
    /// List the latest scans.
    #[command(after_help = examples!("tripline scan list", "tripline scan list --format ndjson"))]
    List {
        /// At most so many.
        #[arg(long, value_name = "N", default_value = "50")]
        limit: u32,
        /// A table to read, one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// Show a scan: what was open, and what was new.
    #[command(after_help = examples!("tripline scan show 3", "tripline scan show 3 --format json"))]
    Show {
        /// Its number.
        #[arg(value_name = "RUN", value_parser = run_number)]
        run: u64,
        /// A page to read, one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// Break a scan off that is underway; what it has found until then is kept.
    #[command(after_help = examples!("tripline scan cancel 3", "tripline scan cancel 3 --server https://tripline.example"))]
    Cancel {
        /// Its number.
        #[arg(value_name = "RUN", value_parser = run_number)]
        run: u64,
    },
    /// List the scans that are made again and again, and when.
    #[command(after_help = examples!("tripline scan schedule", "tripline scan schedule --format json"))]
    Schedule {
        /// A table to read, one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// Make the scans of schedules that are due, one after the other, where no server does: for cron.
    #[command(after_help = examples!("tripline scan due", "tripline scan due --config /etc/tripline/tripline.toml"))]
    Due(DueArguments),
    /// Show what a scan found otherwise than the one before it.
    #[command(after_help = examples!("tripline scan diff", "tripline scan diff 3"))]
    Diff {
        /// Its number [default: the latest].
        #[arg(value_name = "RUN", value_parser = run_number)]
        run: Option<u64>,
        /// A page to read, one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RunArguments {
    /// Addresses, networks and names of hosts.
    #[arg(value_name = "TARGET", required_unless_present = "schedule", value_parser = target)]
    pub(in crate::cli) targets: Vec<Target>,
    /// Which ports, by TCP.
    #[arg(long, value_name = "PORTS", required_unless_present = "schedule", value_parser = ports, help_heading = "Scan")]
    pub(in crate::cli) ports: Option<Ports>,
    /// Make the scan of this schedule now, whether or not it is due: targets and ports stand there.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = name,
        help_heading = "Scan",
        conflicts_with_all = ["targets", "ports", "service", "script", "every_address", "name"]
    )]
    pub(in crate::cli) schedule: Option<ScanName>,
    /// Ask open ports what listens there: nmap's -sV, which probes each.
    #[arg(long, help_heading = "Scan")]
    pub(in crate::cli) service: bool,
    /// Run this script of nmap's; may be repeated. The configuration lists those that may be asked for.
    #[arg(long, value_name = "NAME", value_parser = script, help_heading = "Scan")]
    pub(in crate::cli) script: Vec<Script>,
    /// Take each address for a host, and look for its ports without asking first whether it is one.
    #[arg(long, help_heading = "Scan")]
    pub(in crate::cli) every_address: bool,
    /// What scans [default: nmap, if it is there].
    #[arg(long, value_name = "SCANNER", value_parser = scanners(), help_heading = "Scan")]
    pub(in crate::cli) scanner: Option<ScannerKind>,
    /// What the scan is called: it is compared with the last one of this name.
    #[arg(long, value_name = "NAME", default_value = ScanName::ADHOC, value_parser = name, help_heading = "Scan")]
    pub(in crate::cli) name: ScanName,
    #[command(flatten)]
    pub(in crate::cli) judge: JudgeArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArguments {
    /// XML of nmap or masscan, packed by gzip or not; - is standard input.
    #[arg(value_name = "FILE.xml", required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// What the scan is called: it is compared with the last one of this name.
    #[arg(long, value_name = "NAME", default_value = ScanName::ADHOC, value_parser = name, help_heading = "Scan")]
    pub(in crate::cli) name: ScanName,
    #[command(flatten)]
    pub(in crate::cli) judge: JudgeArguments,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DueArguments {
    #[command(flatten)]
    pub(in crate::cli) judge: JudgeArguments,
}

/// How findings are judged, and how that is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct JudgeArguments {
    #[command(flatten)]
    pub(in crate::cli) packs: PackArguments,
    /// A page to read, one JSON object a line, or one JSON document.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(in crate::cli) format: Format,
    /// What packs log, too.
    #[arg(short, long, help_heading = "Output")]
    pub(in crate::cli) verbose: bool,
    /// Exit with 1 if there is an incident of at least this severity.
    #[arg(long, value_name = "SEVERITY", default_value = "low", help_heading = "Output", value_parser = severities())]
    pub(in crate::cli) fail_on: Severity,
}

/// Becomes a scanner that dies with whoever started it. For tripline itself.
#[derive(Debug, Args)]
#[command(after_help = examples!("tripline scanner-exec --parent PID -- /usr/bin/nmap …"))]
pub(in crate::cli) struct ScannerExecArguments {
    /// Who started it.
    #[arg(long, value_name = "PID")]
    pub(in crate::cli) parent: i32,
    /// Become the scanner now: another one guards it.
    #[arg(long)]
    pub(in crate::cli) guarded: bool,
    /// Let it get what rights its file has.
    #[arg(long)]
    pub(in crate::cli) privileged: bool,
    /// The scanner and its arguments.
    #[arg(last = true, required = true)]
    pub(in crate::cli) command: Vec<OsString>,
}

fn target(text: &str) -> Result<Target, String> {
    text.parse().map_err(|error: crate::scans::TargetError| error.to_string())
}

fn ports(text: &str) -> Result<Ports, String> {
    text.parse().map_err(|error: crate::scans::PortsError| error.to_string())
}

fn script(text: &str) -> Result<Script, String> {
    text.parse().map_err(|error: crate::scans::ScriptError| error.to_string())
}

fn name(text: &str) -> Result<ScanName, &'static str> {
    ScanName::new(text).ok_or("expected 1 to 64 lower case letters, digits and hyphens")
}

fn run_number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let number = digits.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| "expected the number of a scan, like 3".into())
}

/// Those that scan here.
fn scanners() -> impl TypedValueParser<Value = ScannerKind> {
    let kinds = [ScannerKind::Nmap, ScannerKind::Connect];
    PossibleValuesParser::new(kinds.map(ScannerKind::as_str))
        .try_map(|word| word.parse::<ScannerKind>().map_err(|()| "expected a scanner"))
}
