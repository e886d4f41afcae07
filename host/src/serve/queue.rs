//! What waits for a judge's thread: of each tenant in order, and tenants in turns.
//!
//! ```text
//!   tenant a   run ▸ run ▸ run ▸ mark     its turn: some events, until a batch was judged; then the next tenant's
//!   tenant b   run ▸ mark
//! ```

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crossbeam_channel::Sender;
use tripline_engine::merge::Run;

use super::passing::Part;
use super::turns::Turn;
use crate::commit::Tenant;

/// What is to be done for a tenant.
pub(super) enum Task {
    /// Events that woke packs of ours, the next one being this; the block has its place until they are judged.
    Run { run: Arc<Run>, woken: Vec<usize>, next: usize, _turn: Arc<Turn> },
    /// It is this time.
    Passed(i64),
    /// The tenant's part is wanted.
    Mark(Sender<Part>),
}

/// Tasks by tenant.
#[derive(Default)]
pub(super) struct Queue {
    tasks: HashMap<Tenant, VecDeque<Task>>,
    /// Tenants that have some, each once; whose turn is next comes first. Not the one whose turn it is.
    turns: VecDeque<Tenant>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// The tenant's last task.
    pub(super) fn push(&mut self, tenant: Tenant, task: Task) {
        let tasks = self.tasks.entry(tenant.clone()).or_default();
        if tasks.is_empty() {
            self.turns.push_back(tenant);
        }
        tasks.push_back(task);
    }

    /// The first task of the tenant whose turn it is; [`Queue::put_back`] ends the turn.
    pub(super) fn pop(&mut self) -> Option<(Tenant, Task)> {
        let tenant = self.turns.pop_front()?;
        let task = self.tasks.get_mut(&tenant).and_then(VecDeque::pop_front)?;
        Some((tenant, task))
    }

    /// What is left of the task goes on with the tenant's next turn.
    pub(super) fn put_back(&mut self, tenant: Tenant, left: Option<Task>) {
        let Some(tasks) = self.tasks.get_mut(&tenant) else { return };
        if let Some(left) = left {
            tasks.push_front(left);
        }
        match tasks.is_empty() {
            true => drop(self.tasks.remove(&tenant)),
            false => self.turns.push_back(tenant),
        }
    }
}
