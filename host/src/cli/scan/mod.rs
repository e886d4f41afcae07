//! Scans from the command line.

mod importing;
mod judging;
mod kept;
mod running;

use std::process::ExitCode;

use super::arguments::{ScanArguments, ScanCommand, ScannerExecArguments};
use super::exit::Exit;
use super::{Failure, Screen};
use crate::configuration::Configuration;
use crate::scans::{Launch, launch};

/// Sees to scans.
pub(super) fn run(
    arguments: ScanArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let keep = arguments.keep;
    match arguments.command {
        ScanCommand::Run(arguments) => running::run(arguments, &keep, configuration, screen),
        ScanCommand::Import(arguments) => importing::run(arguments, &keep, configuration, screen),
        ScanCommand::List { limit, format } => kept::list(limit, format, &keep, configuration, screen),
        ScanCommand::Show { run, format } => kept::show(run, format, &keep, configuration, screen),
        ScanCommand::Diff { run, format } => kept::diff(run, format, &keep, configuration, screen),
    }
}

/// Becomes the scanner.
pub(super) fn exec(arguments: ScannerExecArguments) -> ExitCode {
    let ScannerExecArguments { parent, privileged, command } = arguments;
    let mut command = command.into_iter();
    let program = command.next().unwrap_or_default().into();
    let error = launch(&Launch { parent, privileged, program, arguments: command.collect() });
    // Whoever started it reads this, and nobody else.
    eprintln!("{error}");
    ExitCode::from(Exit::Incomplete as u8)
}
