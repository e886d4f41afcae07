//! Scans from the command line.

mod buffer;
mod due;
mod file;
mod importing;
mod judging;
mod kept;
mod lines;
mod pages;
mod running;
mod telling;
mod there;

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use super::arguments::{ScanArguments, ScanCommand, ScannerExecArguments};
use super::desk::scans::{self, RemoteScans};
use super::exit::Exit;
use super::{Failure, Screen};
use crate::configuration::Configuration;
use crate::scans::{Launch, SIGNALS, guard, launch};

/// Sees to scans.
pub(super) fn run(
    arguments: ScanArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let ScanArguments { command, keep, server } = arguments;
    let there = RemoteScans::named(&keep, &server, configuration)?;
    let desk = |changes| scans::open(&keep, &server, configuration, changes);
    match (command, there) {
        (ScanCommand::Run(arguments), Some(there)) => there::run(arguments, &there, screen),
        (ScanCommand::Run(arguments), None) => running::run(arguments, &keep, configuration, screen),
        (ScanCommand::Import(arguments), Some(there)) => there::import(arguments, &there, screen),
        (ScanCommand::Due(_), Some(_)) => {
            let hint = "a server makes what is due itself";
            Err(Failure::new("expected a database on this machine, found --server").hint(Some(hint)))
        }
        (ScanCommand::Import(arguments), None) => importing::run(arguments, &keep, configuration, screen),
        (ScanCommand::Due(arguments), None) => due::run(arguments, &keep, configuration, screen),
        (ScanCommand::List { limit, format }, _) => kept::list(limit, format, &*desk(false)?, screen),
        (ScanCommand::Show { run, format }, _) => kept::show(run, format, &*desk(false)?, screen),
        (ScanCommand::Diff { run, format }, _) => kept::diff(run, format, &*desk(false)?, screen),
        (ScanCommand::Schedule { format }, _) => kept::schedules(format, &*desk(false)?, screen),
        (ScanCommand::Cancel { run }, _) => kept::cancel(run, &*desk(true)?, screen),
    }
}

/// Guards a scanner, or becomes one.
pub(super) fn exec(arguments: ScannerExecArguments) -> ExitCode {
    let ScannerExecArguments { parent, guarded, privileged, command } = arguments;
    let mut command = command.into_iter();
    let program = command.next().unwrap_or_default().into();
    let asked = Launch { parent, privileged, program, arguments: command.collect() };
    let error = match guarded {
        true => launch(&asked),
        // Who asks the group to end asks the scanner: its guard sees it out.
        false => {
            match ctrlc::set_handler(|| {}).map_err(std::io::Error::other).and_then(|()| guard(&asked)) {
                Ok(status) => return code(status),
                Err(error) => error,
            }
        }
    };
    // Whoever started it reads this, and nobody else.
    eprintln!("{error}");
    ExitCode::from(Exit::Incomplete as u8)
}

/// How it ended, as shells tell it.
fn code(status: ExitStatus) -> ExitCode {
    let signal = status.signal().map(|signal| SIGNALS.saturating_add(signal));
    let code = status.code().or(signal).and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(u8::MAX))
}
