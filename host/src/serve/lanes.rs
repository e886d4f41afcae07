//! What waits for a matcher: of each tenant in order, and next comes who has cost least.
//!
//! ```text
//!   tenant a   block ▸ block ▸ block     cost 40 ms so far ─► waits until others have cost as much
//!   tenant b   block                     cost  2 ms so far ─► next
//! ```
//!
//! A turn is some milliseconds, in the middle of a block if that is long: what is left of it comes first again. Whoever
//! brings patterns that are slow pays for them with its own turns. Who comes back after a pause begins with what the
//! others stand at: nobody saves up turns by being quiet, and a debt lasts until the others have had as much.
//!
//! A lane is held while its tenant's patterns are built, by another thread than these, and while its tenant goes over to
//! other packs: it waits, and no other does.
//!
//! A turn is paid for when it is over. Until then its tenant may have another matcher as well, but not while nobody knows
//! how its turns are, nor while one takes longer than it should: one matcher is for the others then.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::feed::Gone;
use super::passing::{Fed, What};
use crate::commit::Tenant;

/// How long a tenant's turn is, but for the line it is in.
pub(super) const TURN: Duration = Duration::from_millis(5);
/// A turn that is underway for so long has come upon something that is slow.
const LATE: Duration = Duration::from_millis(20);
/// So many lanes may be empty and stay.
const FEW: usize = 64;

/// What waits, bounded by who feeds: each tenant's blocks have room of their own.
struct Table {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Tenant, Lane>,
    /// Lanes in which something waits, who has cost least first; of equals who has waited for longer.
    turns: BTreeSet<(Duration, u64, Tenant)>,
    /// What who had the last turn had cost before it: who comes back begins here.
    floor: Duration,
    /// Lanes are numbered as they come to have something.
    number: u64,
    /// Lanes that are held: what waits in them comes yet.
    held: usize,
    takers: usize,
    is_closed: bool,
    /// What is taken goes nowhere any more.
    is_over: bool,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Fed>,
    cost: Duration,
    /// Its number in `turns`, if it stands there.
    number: Option<u64>,
    /// Turns that are underway, and since when there is one that was not over.
    underway: usize,
    since: Option<Instant>,
    /// Whether a turn of it has ended.
    is_known: bool,
    /// Nothing of it is given out.
    is_held: bool,
}

impl Lane {
    /// Whether another turn may begin beside those that are underway.
    fn may_begin(&self) -> bool {
        if let Some(Fed { what: What::Swap(_), .. }) = self.waiting.front() {
            // What is left of them comes first again, and is matched by the packs that there are.
            return self.underway == 0;
        }
        match self.since {
            Some(since) if self.underway > 0 => self.is_known && since.elapsed() < LATE,
            _ => true,
        }
    }
}

/// Where it is put; once this is gone, no more comes.
pub(super) struct Putter(Arc<Table>);

/// Where matchers take it; once all are gone, nobody takes any.
pub(super) struct Taker(Arc<Table>);

/// As long as there is this, nothing of its tenant's lane is given out. However it goes, the lane goes on.
pub(super) struct Held {
    table: Arc<Table>,
    tenant: Tenant,
}

/// Once this is gone, nobody is given any: what holds a lane may lie where nobody takes it any more.
pub(super) struct Ender {
    table: Arc<Table>,
    /// Only if its thread panics: what it had taken does not come back, and its lane waits for that.
    if_it_panics: bool,
}

/// Nothing waits yet.
pub(super) fn lanes() -> (Putter, Taker) {
    let state = State { takers: 1, ..State::default() };
    let table = Arc::new(Table { state: Mutex::new(state), came: Condvar::new() });
    (Putter(Arc::clone(&table)), Taker(table))
}

impl Putter {
    /// The last one of its tenant.
    pub(super) fn put(&self, fed: Fed) -> Result<(), Gone> {
        let mut state = self.0.lock();
        if state.takers == 0 {
            return Err(Gone);
        }
        let tenant = fed.tenant.clone();
        state.lane(&tenant).waiting.push_back(fed);
        state.stand(&tenant);
        drop(state);
        self.0.came.notify_one();
        Ok(())
    }
}

impl Taker {
    /// What ends all of them.
    pub(super) fn ender(&self) -> Ender {
        Ender { table: Arc::clone(&self.0), if_it_panics: false }
    }

    /// What ends all of them if the thread that drops it panics.
    pub(super) fn ends_if_it_panics(&self) -> Ender {
        Ender { table: Arc::clone(&self.0), if_it_panics: true }
    }

    /// What is first of who has cost least; `None`: no more comes.
    pub(super) fn take(&self) -> Option<Fed> {
        let mut state = self.0.lock();
        loop {
            if state.is_over {
                return None;
            }
            if let Some(mut fed) = state.next() {
                if let What::Swap(swap) = &mut fed.what {
                    swap.held = Some(Held { table: Arc::clone(&self.0), tenant: fed.tenant.clone() });
                }
                return Some(fed);
            }
            if state.is_closed && state.turns.is_empty() && state.held == 0 {
                // Others wait for the same.
                self.0.came.notify_all();
                return None;
            }
            state = self.0.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A turn of this tenant is over, and has cost so much.
    pub(super) fn charge(&self, tenant: &Tenant, cost: Duration) {
        let mut state = self.0.lock();
        let was_held = state.charge(tenant, cost);
        drop(state);
        if was_held {
            self.0.came.notify_all();
        }
    }

    /// The same, and what is left of it comes first again.
    pub(super) fn put_back(&self, fed: Fed, cost: Duration) {
        let mut state = self.0.lock();
        let was_held = state.charge(&fed.tenant, cost);
        state.put_first(fed);
        drop(state);
        match was_held {
            true => self.0.came.notify_all(),
            false => self.0.came.notify_one(),
        }
    }

    /// This was no turn: it comes first again, once its lane is held no more. `None`: it is already, by somebody else.
    pub(super) fn hold(&self, fed: Fed) -> Option<Held> {
        let mut state = self.0.lock();
        let tenant = fed.tenant.clone();
        let lane = state.lane(&tenant);
        lane.underway = lane.underway.saturating_sub(1);
        lane.since = (lane.underway > 0).then(Instant::now);
        let is_new = state.hold(&tenant);
        state.put_first(fed);
        drop(state);
        // The others of its lane may have been what was waited for.
        self.0.came.notify_all();
        is_new.then(|| Held { table: Arc::clone(&self.0), tenant })
    }
}

impl Held {
    /// Its tenant.
    pub(super) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Whether what waits in its lane is taken by nobody any more.
    pub(super) fn is_over(&self) -> bool {
        self.table.lock().is_over
    }

    /// What its lane is held for has cost so much, as a turn does.
    pub(super) fn charge(&self, cost: Duration) {
        self.table.lock().lane(&self.tenant).cost += cost;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.table.lock();
        state.held -= 1;
        state.lane(&self.tenant).is_held = false;
        state.stand(&self.tenant);
        drop(state);
        self.table.came.notify_all();
    }
}

impl Clone for Taker {
    fn clone(&self) -> Taker {
        self.0.lock().takers += 1;
        Taker(Arc::clone(&self.0))
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.0.lock().takers -= 1;
    }
}

impl Drop for Ender {
    fn drop(&mut self) {
        if self.if_it_panics && !std::thread::panicking() {
            return;
        }
        self.table.lock().is_over = true;
        self.table.came.notify_all();
    }
}

impl Drop for Putter {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.came.notify_all();
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A tenant's lane; one that is empty stands no better than the others.
    fn lane(&mut self, tenant: &Tenant) -> &mut Lane {
        let lane = self.lanes.entry(tenant.clone()).or_default();
        if lane.waiting.is_empty() {
            lane.cost = lane.cost.max(self.floor);
        }
        lane
    }

    /// A turn is over; whether others may have waited for that.
    fn charge(&mut self, tenant: &Tenant, cost: Duration) -> bool {
        let lane = self.lane(tenant);
        let was_held = !lane.may_begin();
        lane.underway = lane.underway.saturating_sub(1);
        (lane.since, lane.is_known) = ((lane.underway > 0).then(Instant::now), true);
        lane.cost += cost;
        self.leave(tenant, cost);
        self.stand(tenant);
        was_held
    }

    fn put_first(&mut self, fed: Fed) {
        let tenant = fed.tenant.clone();
        self.lane(&tenant).waiting.push_front(fed);
        self.stand(&tenant);
    }

    /// Nothing of this lane is given out from now on; `false`: nothing was before.
    fn hold(&mut self, tenant: &Tenant) -> bool {
        self.leave(tenant, Duration::ZERO);
        let lane = self.lane(tenant);
        let is_new = !std::mem::replace(&mut lane.is_held, true);
        self.held += usize::from(is_new);
        is_new
    }

    /// A lane stands no more, of whose cost so much was added since it did.
    fn leave(&mut self, tenant: &Tenant, since: Duration) {
        let Some(lane) = self.lanes.get_mut(tenant) else { return };
        if let Some(number) = lane.number.take() {
            self.turns.remove(&(lane.cost.saturating_sub(since), number, tenant.clone()));
        }
    }

    /// A lane in which something waits, and which is not held, stands in its place.
    fn stand(&mut self, tenant: &Tenant) {
        let may = |lane: &&mut Lane| lane.number.is_none() && !lane.is_held && !lane.waiting.is_empty();
        let Some(lane) = self.lanes.get_mut(tenant).filter(may) else { return };
        lane.number = Some(self.number);
        self.turns.insert((lane.cost, self.number, tenant.clone()));
        self.number += 1;
    }

    fn next(&mut self) -> Option<Fed> {
        let may =
            |(.., tenant): &&(Duration, u64, Tenant)| self.lanes.get(tenant).is_none_or(Lane::may_begin);
        let turn = self.turns.iter().find(may)?.clone();
        self.turns.remove(&turn);
        let (cost, _, tenant) = turn;
        self.floor = self.floor.max(cost);
        let lane = self.lanes.get_mut(&tenant)?;
        lane.number = None;
        let fed = lane.waiting.pop_front()?;
        match fed.what {
            What::Block { .. } => {
                lane.underway += 1;
                lane.since.get_or_insert_with(Instant::now);
            }
            What::Swap(_) => {
                self.hold(&tenant);
            }
            _ => {}
        }
        self.stand(&tenant);
        if self.lanes.len() > 2 * self.turns.len() + FEW {
            // Debts that the others have had, too, are none.
            let has_work = |lane: &Lane| !lane.waiting.is_empty() || lane.underway > 0 || lane.is_held;
            self.lanes.retain(|_, lane| has_work(lane) || lane.cost > self.floor);
        }
        Some(fed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;
