//! What the threads of a check hand to each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};

use crossbeam_channel::Sender;
use tripline_engine::Fault;
use tripline_engine::decision::Decision;
use tripline_engine::merge::{Run, Scanned};

use crate::commit::PackState;

pub(super) struct Numbered<T> {
    pub(super) number: u64,
    pub(super) source: u32,
    pub(super) what: T,
}

pub(super) enum Scan {
    Block(Box<Scanned>),
    /// What follows of the source is its tail: events that more bytes may still change. Only with a store.
    Settled,
    /// The source is at its end, or reading it was stopped.
    End,
}

pub(super) enum Work {
    Run(Arc<Run>),
    Suspend(usize, Fault),
    End(Option<i64>),
    Barrier { keeps: Keeps, reply: Sender<Part> },
}

/// What the reader and the collector tell each other.
pub(super) struct Progress {
    /// Bytes on disk that were read.
    pub(super) disk: AtomicU64,
    /// How far each source has been matched, in time.
    pub(super) times: Vec<AtomicI64>,
    /// Blocks of each source that are on their way.
    pub(super) waiting: Vec<AtomicU64>,
    /// The store has failed: nothing more is to be read.
    pub(super) halted: AtomicBool,
}

impl Progress {
    pub(super) fn new(sources: usize) -> Progress {
        Progress {
            disk: AtomicU64::new(0),
            times: (0..sources).map(|_| AtomicI64::new(i64::MIN)).collect(),
            waiting: (0..sources).map(|_| AtomicU64::new(0)).collect(),
            halted: AtomicBool::new(false),
        }
    }
}

/// What one judge's thread adds to a barrier.
#[derive(Default)]
pub(super) struct Part {
    pub(super) decisions: Vec<Decision>,
    pub(super) states: Vec<PackState>,
}

/// How much of what was judged a barrier lets the next run go on behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// Positions, states and decisions.
    All,
    /// Decisions only.
    Decisions,
}
