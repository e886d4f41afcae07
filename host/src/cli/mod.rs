//! The command line: arguments in, an exit code out. Data goes to standard output, talk to standard error.

mod arguments;
mod check;
mod completions;
mod exit;
mod failure;
mod interrupt;
mod pack;
mod packs;
mod sandbox;
mod screen;
mod settings;
mod watch;
mod zone;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::failure::Failure;
use self::screen::Screen;

/// The program: reads the arguments, does what they say, tells how it went.
pub fn main() -> ExitCode {
    let Arguments { color, command } = Arguments::parse();
    let screen = Screen::new(color);
    let exit = match command {
        Command::Check(arguments) => check::run(arguments, &screen),
        Command::Pack(command) => pack::run(command, &screen),
        Command::Completions { shell } => completions::run(shell, &screen),
    };
    exit.unwrap_or_else(|failure| screen.fail(&failure)).into()
}
