use super::file::in_order;
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
    for file in in_order(&arguments.files) {
        let _waiting = screen.waiting(format!("reading {}", file.path.display()));
        let imported =
            file.open().and_then(|input| judging.import(&arguments.name, &file.path, input, &mut Silent));
        match imported {
            Ok(one) => scanned.push(one),
            // The others are taken all the same.
            Err(failure) => failures.push(failure),
        }
    }
    judging.finish(scanned, failures, Vec::new())
}

struct Silent;

impl Watch for Silent {
    fn host(&mut self, _: Host) {}

    fn progress(&mut self, _: &Progress) {}
}
