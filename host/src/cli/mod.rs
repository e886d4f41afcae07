//! The command line: arguments in, an exit code out. Data goes to standard output, talk to standard error.

mod arguments;
mod check;
mod completions;
mod config;
mod configuration;
mod db;
mod desk;
mod exit;
mod failure;
mod incident;
mod interrupt;
mod kept;
mod log;
mod notify;
mod objects;
mod pack;
mod packs;
#[cfg(feature = "playground")]
mod playground;
mod sandbox;
mod scan;
mod screen;
mod serve;
mod shipping;
mod signals;
mod signatures;
mod silence;
mod tenant;
mod token;
mod top;
mod watch;
mod zone;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::failure::Failure;
use self::screen::Screen;

/// The program: reads the arguments, does what they say, tells how it went.
pub fn main() -> ExitCode {
    let Arguments { color, config, command } = Arguments::parse();
    let screen = Screen::new(color);
    let exit = match command {
        Command::Pack(command) => pack::run(command, &screen),
        #[cfg(feature = "playground")]
        Command::Playground(arguments) => playground::run(arguments, &screen),
        Command::Completions { shell } => completions::run(shell, &screen),
        Command::Top(arguments) => top::run(arguments, &screen),
        Command::Db(command) => db::run(command, &screen),
        Command::Log(command) => log::run(command, config, &screen),
        Command::Config(command) => config::run(command, config, &screen),
        Command::Check(arguments) => {
            configuration::read(config).and_then(|read| check::run(arguments, &read, &screen))
        }
        Command::Serve(arguments) => {
            configuration::read(config).and_then(|read| serve::run(arguments, read, &screen))
        }
        Command::Incident(arguments) => {
            configuration::read(config).and_then(|read| incident::run(arguments, &read, &screen))
        }
        Command::Silence(arguments) => {
            configuration::read(config).and_then(|read| silence::run(arguments, &read, &screen))
        }
        Command::Exception(arguments) => {
            configuration::read(config).and_then(|read| silence::exception(arguments, &read, &screen))
        }
        Command::Scan(arguments) => {
            configuration::read(config).and_then(|read| scan::run(arguments, &read, &screen))
        }
        Command::ScannerExec(arguments) => return scan::exec(arguments),
        Command::Tenant(arguments) => {
            configuration::read(config).and_then(|read| tenant::run(arguments, &read, &screen))
        }
        Command::PackCompile(arguments) => return pack::compile(arguments),
        Command::Token(arguments) => {
            configuration::read(config).and_then(|read| token::run(arguments, &read, &screen))
        }
        Command::Notify(arguments) => {
            configuration::read(config).and_then(|read| notify::run(arguments, &read, &screen))
        }
    };
    exit.unwrap_or_else(|failure| screen.fail(&failure)).into()
}
