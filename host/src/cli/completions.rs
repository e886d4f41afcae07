use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::arguments::Arguments;
use super::exit::Exit;
use super::{Failure, Screen};

/// Prints completions for a shell.
pub(super) fn run(shell: Shell, screen: &Screen) -> Result<Exit, Failure> {
    // Into memory first: clap_complete panics when a pipe closes.
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "tripline", &mut script);
    screen.put(|out| out.write_all(&script))?;
    Ok(Exit::Clean)
}
