use std::process::ExitCode;

use tripline_abi::Severity;

use crate::check::Outcome;

/// How a command ended. The codes are a promise; of several the first one here applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// The arguments, the configuration or a pack is wrong: nothing, or not all, was done.
    Wrong = 2,
    /// An input could not be read to its end, or a pack faulted; the rest was checked.
    Incomplete = 3,
    /// All is stored, and notices could not be delivered: not yet, or the relay has refused them.
    Undelivered = 4,
    /// There is an incident at or above `--fail-on`, or a case that does not hold.
    Found = 1,
    /// All is well.
    Clean = 0,
}

impl Exit {
    /// How a check ended.
    pub(super) fn of(outcome: &Outcome, fail_on: Severity, delivered: bool) -> Exit {
        let incomplete = !outcome.errors.is_empty() || !outcome.report.faults.is_empty() || outcome.stopped;
        let found = outcome.report.incidents.iter().any(|incident| incident.severity >= fail_on);
        match (incomplete, delivered, found) {
            (true, _, _) => Exit::Incomplete,
            (false, false, _) => Exit::Undelivered,
            (false, true, true) => Exit::Found,
            (false, true, false) => Exit::Clean,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
