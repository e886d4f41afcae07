//! What the threads of a server hand to each other.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use tripline_engine::decision::Decision;
use tripline_engine::judge::JudgeCost;
use tripline_engine::line::Block;
use tripline_engine::matcher::{Begun, Matched};
use tripline_engine::merge::Run;
use tripline_engine::sandbox::LogLine;
use tripline_engine::{Fault, PackFault};

use super::batch::Done;
use super::lanes::Held;
use super::prepared::Compiled;
use super::sets::PackSet;
use super::turns::Turn;
use crate::commit::{BatchKey, Commit, PackState, Tenant};

/// What was fed, in the order in which it came of its tenant.
pub(super) struct Fed {
    /// Of its tenant, from 0.
    pub(super) number: u64,
    /// What comes next belongs to it: one is not committed without the other.
    pub(super) joined: bool,
    pub(super) tenant: Tenant,
    pub(super) what: What,
}

pub(super) enum What {
    /// Lines of a source, how far they are matched, and how long that took.
    Block { source: u32, block: Block, begun: Begun, took: Duration, turn: Turn },
    /// The same, with what was matched in them.
    Matched { source: u32, block: Block, matched: Matched, took: Duration, turn: Turn },
    /// All lines of a batch have gone before.
    Batch(Ack),
    /// All that had come by this time has gone before.
    Passed(i64),
    /// Something that the server itself has found.
    Decision(Box<Decision>),
    /// The tenant has other packs from here on.
    Swap(Swap),
}

/// Other packs of one tenant, which count once all that came of it before is on disk.
pub(super) struct Swap {
    /// They, behind the operator's; `None`: it has none of its own any more.
    pub(super) own: Option<Arc<Compiled>>,
    /// What keeps what comes behind it waiting, from when it is taken on.
    pub(super) held: Option<Held>,
}

/// Who waits for a batch's commit.
pub(super) struct Ack {
    pub(super) key: Option<BatchKey>,
    pub(super) done: Option<Done>,
}

/// Of some tenants a prefix of all that came, judged.
pub(super) struct Barrier {
    pub(super) commits: Vec<(Tenant, Commit)>,
    /// Who waits until it is on disk.
    pub(super) acks: Vec<(Tenant, Ack)>,
}

/// What judges are handed.
pub(super) enum Work {
    Run(Tenant, Arc<Run>, Arc<Turn>),
    /// It is this time, and all that had come of the tenant by then has gone before.
    Passed(Tenant, i64),
    /// The tenant's pack of this number is out: its patterns are over their budget.
    Suspend(Tenant, usize, Fault),
    /// What went before of the tenant is a prefix: its part is wanted once that is judged.
    Mark(Tenant, Until, Sender<Part>),
    /// The tenant has other packs than these from now on; all that the others are to remember is on disk.
    Come(Tenant, Arc<PackSet>),
    /// Who has not been used for long may rest, but for tenants whose last part is not on disk.
    Rest(Arc<HashSet<Tenant>>),
}

/// What a mark ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Nothing: judging goes on.
    Next,
    /// Judging by the packs that the tenant has.
    Swap,
}

/// What one judge's thread adds to a tenant's barrier.
#[derive(Default)]
pub(super) struct Part {
    pub(super) tenant: Tenant,
    pub(super) decisions: Vec<Decision>,
    pub(super) states: Vec<PackState>,
    pub(super) faults: Vec<PackFault>,
    pub(super) logs: Vec<(String, LogLine)>,
    /// What packs have cost since the last one, by their numbers.
    pub(super) costs: Vec<(usize, JudgeCost)>,
}
