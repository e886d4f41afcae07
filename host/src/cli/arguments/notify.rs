use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;
use super::keeping::KeepArguments;
use super::server::ServerArguments;

const NOTIFY_EXAMPLES: &str = "\
Examples:
  tripline notify status
  tripline notify why 17 oncall@example.org
  tripline notify flush                       tries what waits now
  tripline notify retry 5                     sends again what was given up
  tripline notify test oncall@example.org
";

const DB_EXAMPLES: &str = "\
Examples:
  tripline db check tripline.db
  tripline db backup tripline.db /backup/tripline-2026-11-24.db
  tripline db restore /backup/tripline-2026-11-24.db tripline.db

They work on files of this machine: there is no --server for them, and a backup
is made where the database lies.
";

const LOG_EXAMPLES: &str = "\
Examples:
  tripline log verify                         as the configuration says
  tripline log verify security.log --db tripline.db
  tripline log verify security.log.2.gz security.log.1 security.log
  tripline log move /srv/log/security.log --db tripline.db

Exit codes: 0 sound, 1 something was tampered with, 2 it cannot be read.
It reads files of this machine: there is no --server for it, since whoever checks a
log should not have to believe the machine that wrote it.
";

/// Notices: what waits, what failed, and why somebody was or was not told.
#[derive(Debug, Args)]
#[command(after_help = NOTIFY_EXAMPLES)]
pub(in crate::cli) struct NotifyArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: NotifyCommand,
    #[command(flatten)]
    pub(in crate::cli) keep: KeepArguments,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum NotifyCommand {
    /// How the outbox stands.
    #[command(after_help = examples!(
        "tripline notify status",
        "tripline notify status --format ndjson | jq 'select(.state == \"dead\")'",
    ))]
    Status {
        /// Tables to read, or the notices that wait or were given up: one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// Try everything that waits for another attempt now; quiet hours go on.
    #[command(after_help = examples!("tripline notify flush"))]
    Flush,
    /// Queue what was given up again: one notice, or all.
    #[command(after_help = examples!(
        "tripline notify retry 5",
        "tripline notify retry           all that was given up",
    ))]
    Retry {
        /// Its number.
        notice: Option<i64>,
    },
    /// Send a test mail and say what the relay answers.
    #[command(after_help = examples!("tripline notify test oncall@example.org"))]
    Test {
        /// To whom.
        #[arg(value_name = "ADDR", value_parser = super::keeping::address)]
        address: String,
    },
    /// Say why somebody was or was not told of an incident.
    #[command(after_help = examples!(
        "tripline notify why 17",
        "tripline notify why 17 oncall@example.org",
    ))]
    Why {
        /// The incident.
        #[arg(value_parser = super::number)]
        incident: i64,
        /// Only this recipient: an address, or its name in the configuration.
        recipient: Option<String>,
        /// Sentences to read, or its notices: one JSON object a line, or one JSON document.
        #[arg(long, value_enum, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
}

#[derive(Debug, Subcommand)]
#[command(after_help = DB_EXAMPLES)]
pub(in crate::cli) enum DbCommand {
    /// Read the whole database and say whether it is sound.
    #[command(after_help = examples!("tripline db check tripline.db"))]
    Check {
        /// The database.
        file: PathBuf,
    },
    /// Copy the database while it is in use.
    #[command(after_help = examples!("tripline db backup tripline.db /backup/tripline-2026-11-24.db"))]
    Backup {
        /// The database.
        file: PathBuf,
        /// The copy; must not be there.
        to: PathBuf,
    },
    /// Put a backup in the place of the database; what was there is kept beside it.
    #[command(after_help = examples!("tripline db restore /backup/tripline-2026-11-24.db tripline.db"))]
    Restore {
        /// The backup.
        backup: PathBuf,
        /// The database; nobody may have it open.
        file: PathBuf,
        /// The log of security events that it goes on with, if neither what was there nor the backup can say.
        #[arg(long, value_name = "FILE")]
        security_log: Option<PathBuf>,
    },
    /// Bring the database to this program's version.
    #[command(after_help = examples!("tripline db migrate tripline.db"))]
    Migrate {
        /// The database.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
#[command(after_help = LOG_EXAMPLES)]
pub(in crate::cli) enum LogCommand {
    /// Check the chain of a log.
    #[command(after_help = LOG_EXAMPLES)]
    Verify {
        /// Its files, the oldest first; unpacks .gz [default: the configuration's log, with its database].
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Also that its ends are as the database knows them.
        #[arg(long, value_name = "FILE")]
        db: Option<PathBuf>,
    },
    /// Go on with the log in another file; the database refuses to by itself.
    #[command(after_help = examples!("tripline log move /var/log/tripline/security.log --db tripline.db"))]
    Move {
        /// The file: a new one, or the log where it lies now.
        file: PathBuf,
        /// The database [default: the configuration's].
        #[arg(long, value_name = "FILE")]
        db: Option<PathBuf>,
    },
    /// Write no log any more: records no longer wait for the file that was written so far.
    #[command(after_help = examples!("tripline log stop --db tripline.db"))]
    Stop {
        /// The database [default: the configuration's].
        #[arg(long, value_name = "FILE")]
        db: Option<PathBuf>,
    },
}
