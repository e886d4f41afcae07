//! A pack's failure: data beside the decisions, never an end to the check.

use std::fmt;
use std::time::Duration;

use tripline_abi::Malformed;

use crate::id::Position;
use crate::sandbox::{LoadError, Trap};

/// What went wrong, and which limit or promise it broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It cannot be made ready to run.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It did not start.
    #[error("it did not start: {0}")]
    Start(Trap),
    /// It ended while it read its settings and state.
    #[error("it ended while it opened: {0}")]
    Open(Trap),
    /// It refused its settings or state; its own words.
    #[error("it refused to open: {0}")]
    Refused(String),
    /// It ended while it judged.
    #[error("{0}")]
    Check(Trap),
    /// Its reply is not as the contract says.
    #[error("its reply is malformed: {0}")]
    Reply(Malformed),
    /// It named an event that it was never handed.
    #[error("it named an event as {what} that it was never handed")]
    Foreign {
        /// `evidence` or `trigger`.
        what: &'static str,
    },
    /// It ended while it saved its state.
    #[error("it ended while it saved its state: {0}")]
    Save(Trap),
    /// It did not judge again what it had judged before.
    #[error("it ended while it judged kept batches again: {0}")]
    Replay(Trap),
    /// Its patterns took more time than they may.
    #[error("its patterns took {used:?} on {tried} events, which is over their budget")]
    Matching {
        /// Taken.
        used: Duration,
        /// Events they were tried on.
        tried: u64,
    },
}

impl Fault {
    /// Whether no event is to blame, so that going on makes no sense.
    pub fn is_without_event(&self) -> bool {
        !matches!(self, Fault::Check(_) | Fault::Reply(_) | Fault::Foreign { .. })
    }

    /// A word for machines.
    pub fn code(&self) -> &'static str {
        let trap = |trap: &Trap| match trap {
            Trap::Panic(_) => "panic",
            Trap::Wasm(_) => "trap",
            Trap::Cpu { .. } => "cpu",
            Trap::Wall { .. } => "wall",
            Trap::Memory { .. } => "memory",
            Trap::Table { .. } => "table",
            Trap::Stack { .. } => "stack",
            Trap::Answer { .. } => "answer",
            Trap::Pointer { .. } => "pointer",
            Trap::Dead => "dead",
            Trap::Host(_) => "host",
        };
        match self {
            Fault::Load(_) => "load",
            Fault::Refused(_) => "refused",
            Fault::Reply(_) => "reply",
            Fault::Foreign { .. } => "foreign",
            Fault::Matching { .. } => "matching",
            Fault::Start(t) | Fault::Open(t) | Fault::Check(t) | Fault::Save(t) | Fault::Replay(t) => trap(t),
        }
    }
}

/// A fault, whose it is, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFault {
    /// The pack.
    pub pack: String,
    /// The rule that ran, if the pack says so.
    pub rule: Option<String>,
    /// The event that set it off; it is skipped. `None`: no event is to blame.
    pub event: Option<Position>,
    /// What went wrong.
    pub fault: Fault,
    /// Whether the pack is out: it faulted without an event, or on more than 1 % of its events.
    pub quarantined: bool,
    /// Whether state was lost: the pack keeps none, and too much had come in since it started; or it did not take the
    /// one that was saved.
    pub state_lost: bool,
}

impl fmt::Display for PackFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pack `{}`", self.pack)?;
        if let Some(rule) = &self.rule {
            write!(f, ", rule `{rule}`")?;
        }
        write!(f, ": {}", self.fault)?;
        match (self.quarantined, &self.event) {
            (true, _) => write!(f, "; it is out"),
            (false, Some(_)) => write!(f, "; the event is skipped"),
            (false, None) if self.state_lost => write!(f, "; it starts without its state"),
            (false, None) => Ok(()),
        }
    }
}
