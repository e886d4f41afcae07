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
        // The report of what is stored has a bound.
        let stored = outcome.committed.as_ref().and_then(|committed| committed.worst);
        let shown = outcome.report.incidents.iter().map(|incident| incident.severity);
        let found = shown.chain(stored).any(|severity| severity >= fail_on);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tripline_engine::Report;

    use super::*;
    use crate::check::Files;
    use crate::commit::Committed;

    #[test]
    fn what_is_stored_and_not_shown_counts() {
        let of = |worst| {
            let outcome = Outcome {
                report: Report::default(),
                errors: Vec::new(),
                files: Files::default(),
                bytes: 0,
                elapsed: Duration::ZERO,
                spent: None,
                stopped: false,
                refused: false,
                notes: Vec::new(),
                committed: Some(Committed { worst, ..Committed::default() }),
                store_error: None,
            };
            Exit::of(&outcome, Severity::High, true)
        };
        assert_eq!([None, Some(Severity::Medium)].map(of), [Exit::Clean; 2]);
        assert_eq!([Some(Severity::High), Some(Severity::Critical)].map(of), [Exit::Found; 2]);
    }
}
