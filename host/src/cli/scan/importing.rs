use std::fs::File;
use std::path::Path;

use super::judging::Judging;
use crate::cli::arguments::{ImportArguments, KeepArguments};
use crate::cli::desk::scans::{RemoteScans, ScanDesk};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen};
use crate::configuration::Configuration;
use crate::scans::{Host, Progress, RunState, Watch};

/// Takes files of scans that were made elsewhere.
pub(super) fn run(
    arguments: ImportArguments,
    keep: &KeepArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let judging = Judging::open(arguments.judge, keep, configuration, screen)?;
    let (mut scanned, mut failures) = (Vec::new(), Vec::new());
    for path in &arguments.files {
        let _waiting = screen.waiting(format!("reading {}", path.display()));
        match open(path).and_then(|file| judging.import(&arguments.name, path, file, &mut Silent)) {
            Ok(one) => scanned.push(one),
            // The others are taken all the same.
            Err(failure) => failures.push(failure),
        }
    }
    judging.finish(scanned, failures, Vec::new())
}

/// Has a server take them, which judges them, too.
pub(super) fn run_there(
    arguments: ImportArguments,
    server: &RemoteScans,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let (format, mut is_whole) = (arguments.judge.format, true);
    for path in &arguments.files {
        let waiting = screen.waiting(format!("reading {}", path.display()));
        let taken = open(path).and_then(|file| server.import(&arguments.name, path, file));
        drop(waiting);
        match taken {
            Ok(run) => {
                is_whole &= run.state == RunState::Done;
                super::kept::put(&run, server.findings(run.number)?, format, server.zone(), screen)?;
            }
            // The others are taken all the same.
            Err(failure) => {
                is_whole = false;
                screen.fail(&failure);
            }
        }
    }
    Ok(if is_whole { Exit::Clean } else { Exit::Incomplete })
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::new(format!("{}: cannot read it: {error}", path.display())))
}

struct Silent;

impl Watch for Silent {
    fn host(&mut self, _: Host) {}

    fn progress(&mut self, _: &Progress) {}
}
