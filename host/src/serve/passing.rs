//! What the threads of a server hand to each other.

use std::sync::Arc;

use crossbeam_channel::Sender;
use tripline_engine::decision::Decision;
use tripline_engine::judge::JudgeCost;
use tripline_engine::line::Block;
use tripline_engine::matcher::Matched;
use tripline_engine::merge::Run;
use tripline_engine::sandbox::LogLine;
use tripline_engine::{Fault, PackFault};

use super::intake::Done;
use crate::commit::{BatchKey, Commit, PackState, Tenant};

/// What was fed, in the order in which it came.
pub(super) struct Fed {
    pub(super) number: u64,
    pub(super) tenant: Tenant,
    pub(super) what: What,
}

pub(super) enum What {
    /// Lines of a source.
    Block { source: u32, block: Block },
    /// The same, with what was matched in them.
    Matched { source: u32, block: Block, matched: Matched },
    /// All lines of a batch have gone before.
    Batch(Ack),
    /// All that had come by this time has gone before.
    Passed(i64),
    /// Something that the server itself has found.
    Decision(Box<Decision>),
}

/// Who waits for a batch's commit.
pub(super) struct Ack {
    pub(super) key: Option<BatchKey>,
    pub(super) done: Option<Done>,
}

/// A prefix of all that came, judged.
pub(super) struct Barrier {
    pub(super) commits: Vec<(Tenant, Commit)>,
    /// Who waits until it is on disk.
    pub(super) acks: Vec<(Tenant, Ack)>,
}

/// What judges are handed.
pub(super) enum Work {
    Run(Tenant, Arc<Run>),
    /// Of all tenants: it is this time, and all that had come by then has gone before.
    Passed(Tenant, i64),
    Suspend(usize, Fault),
    Barrier(Sender<Vec<Part>>),
}

/// What one judge's thread adds to a tenant's barrier.
pub(super) struct Part {
    pub(super) tenant: Tenant,
    pub(super) decisions: Vec<Decision>,
    pub(super) states: Vec<PackState>,
    pub(super) faults: Vec<PackFault>,
    pub(super) logs: Vec<(String, LogLine)>,
    /// What packs have cost since the last one, by their numbers.
    pub(super) costs: Vec<(usize, JudgeCost)>,
}
