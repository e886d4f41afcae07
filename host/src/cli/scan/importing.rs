use std::fs::File;
use std::path::Path;

use super::judging::Judging;
use crate::cli::arguments::{ImportArguments, KeepArguments};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen};
use crate::configuration::Configuration;
use crate::scans::{Host, Progress, Watch};

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

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::new(format!("{}: cannot read it: {error}", path.display())))
}

struct Silent;

impl Watch for Silent {
    fn host(&mut self, _: Host) {}

    fn progress(&mut self, _: &Progress) {}
}
