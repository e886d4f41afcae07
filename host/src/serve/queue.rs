//! What waits for a judge's thread: of each tenant in order, and tenants in turns.
//!
//! ```text
//!   tenant a   run ▸ run ▸ run ▸ mark     its turn: some milliseconds, and the batch it is in; then the next tenant's
//!   tenant b   run ▸ mark
//! ```

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crossbeam_channel::Sender;
use tripline_engine::merge::Run;

use super::passing::{Part, Until};
use super::turns::Turn;
use crate::commit::Tenant;

/// What is to be done for a tenant.
pub(super) enum Task {
    /// Events that woke packs of ours, the next one being this; the block has its place until they are judged.
    Run { run: Arc<Run>, woken: Vec<usize>, next: usize, _turn: Arc<Turn> },
    /// It is this time.
    Passed(i64),
    /// The tenant's part is wanted.
    Mark(Until, Sender<Part>),
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

    /// The tenant's last task. Of times that come one after the other the last one says it all.
    pub(super) fn push(&mut self, tenant: Tenant, task: Task) {
        let tasks = self.tasks.entry(tenant.clone()).or_default();
        if tasks.is_empty() {
            self.turns.push_back(tenant);
        }
        if let (Some(Task::Passed(last)), Task::Passed(time)) = (tasks.back_mut(), &task) {
            *last = (*last).max(*time);
            return;
        }
        tasks.push_back(task);
    }

    /// The tenant whose turn it is now; [`Queue::end`] ends it.
    pub(super) fn begin(&mut self) -> Option<Tenant> {
        self.turns.pop_front()
    }

    /// The first task of the tenant whose turn it is.
    pub(super) fn pop(&mut self, tenant: &Tenant) -> Option<Task> {
        self.tasks.get_mut(tenant)?.pop_front()
    }

    /// What is left of the task comes first again.
    pub(super) fn put_back(&mut self, tenant: &Tenant, left: Task) {
        if let Some(tasks) = self.tasks.get_mut(tenant) {
            tasks.push_front(left);
        }
    }

    /// What is left of the tenant's tasks waits for its next turn.
    pub(super) fn end(&mut self, tenant: Tenant) {
        match self.tasks.get(&tenant).is_none_or(VecDeque::is_empty) {
            true => drop(self.tasks.remove(&tenant)),
            false => self.turns.push_back(tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_pass_while_nobody_judges_are_one() {
        let (mut queue, tenant) = (Queue::default(), Tenant::default());
        let (parts, _) = crossbeam_channel::unbounded();
        [1, 3, 2].into_iter().for_each(|time| queue.push(tenant.clone(), Task::Passed(time)));
        queue.push(tenant.clone(), Task::Mark(Until::Next, parts));
        queue.push(tenant, Task::Passed(4));
        let mut times = Vec::new();
        let tenant = queue.begin().unwrap();
        while let Some(task) = queue.pop(&tenant) {
            times.push(if let Task::Passed(time) = task { Some(time) } else { None });
        }
        queue.end(tenant);
        assert!(queue.is_empty());
        // What lies behind a mark is of the next part.
        assert_eq!(times, [Some(3), None, Some(4)]);
    }
}
