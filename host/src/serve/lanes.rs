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
    takers: usize,
    is_closed: bool,
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
    /// Whether a turn of it has ended: its patterns are compiled.
    is_known: bool,
}

impl Lane {
    /// Whether another turn may begin beside those that are underway.
    fn may_begin(&self) -> bool {
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
    /// What is first of who has cost least; `None`: no more comes.
    pub(super) fn take(&self) -> Option<Fed> {
        let mut state = self.0.lock();
        loop {
            if let Some(fed) = state.next() {
                return Some(fed);
            }
            if state.is_closed && state.turns.is_empty() {
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
        let lane = state.lane(tenant);
        let was_held = !lane.may_begin();
        lane.underway = lane.underway.saturating_sub(1);
        (lane.since, lane.is_known) = ((lane.underway > 0).then(Instant::now), true);
        let stood = lane.number.take().map(|number| (lane.cost, number, tenant.clone()));
        lane.cost += cost;
        if let Some(stood) = stood {
            state.turns.remove(&stood);
            state.stand(tenant);
        }
        drop(state);
        if was_held {
            self.0.came.notify_all();
        }
    }

    /// What is left of it comes first again; its turn was charged.
    pub(super) fn put_back(&self, fed: Fed) {
        let mut state = self.0.lock();
        let tenant = fed.tenant.clone();
        state.lane(&tenant).waiting.push_front(fed);
        state.stand(&tenant);
        drop(state);
        self.0.came.notify_one();
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

    /// A lane in which something waits stands in its place.
    fn stand(&mut self, tenant: &Tenant) {
        let Some(lane) = self.lanes.get_mut(tenant).filter(|lane| lane.number.is_none()) else { return };
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
        if let What::Block { .. } = fed.what {
            lane.underway += 1;
            lane.since.get_or_insert_with(Instant::now);
        }
        if !lane.waiting.is_empty() {
            self.stand(&tenant);
        }
        if self.lanes.len() > 2 * self.turns.len() + FEW {
            // Debts that the others have had, too, are none.
            let has_work = |lane: &Lane| !lane.waiting.is_empty() || lane.underway > 0;
            self.lanes.retain(|_, lane| has_work(lane) || lane.cost > self.floor);
        }
        Some(fed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use tripline_engine::line::{LineSettings, Lines};
    use tripline_engine::matcher::Begun;

    use super::super::turns::Turns;
    use super::*;
    use crate::follow::Waker;

    const MILLI: Duration = Duration::from_millis(1);

    fn fed(tenant: &str, number: u64) -> Fed {
        Fed { number, joined: false, tenant: Tenant::new(tenant).unwrap(), what: What::Passed(0) }
    }

    /// Takes so many, each at what its tenant's turns cost; whose they were, and their numbers.
    fn taken(taker: &Taker, count: usize, costs: &[(&str, u32)]) -> Vec<(String, u64)> {
        let mut taken = Vec::new();
        for _ in 0..count {
            let Fed { tenant, number, .. } = taker.take().unwrap();
            let cost = costs.iter().find(|(name, _)| *name == tenant.as_str()).unwrap().1;
            taker.charge(&tenant, MILLI * cost);
            taken.push((tenant.as_str().to_string(), number));
        }
        taken
    }

    #[test]
    fn who_is_cheap_has_as_much_time_and_not_as_many_turns() {
        let (putter, taker) = lanes();
        for number in 0..40 {
            for tenant in ["slow", "quick"] {
                putter.put(fed(tenant, number)).unwrap_or_else(|_| panic!());
            }
        }
        let order = taken(&taker, 44, &[("slow", 10), ("quick", 1)]);
        let slow = order.iter().filter(|(tenant, _)| tenant == "slow").count();
        assert_eq!(slow, 4, "{order:?}");
        // Each in its order.
        for tenant in ["slow", "quick"] {
            let own: Vec<u64> = order.iter().filter(|(of, _)| of == tenant).map(|(_, n)| *n).collect();
            assert!(own.is_sorted() && own[0] == 0, "{own:?}");
        }
    }

    #[test]
    fn one_that_comes_is_next_behind_the_turns_that_are_underway() {
        let (putter, taker) = lanes();
        (0..100).for_each(|number| putter.put(fed("slow", number)).unwrap_or_else(|_| panic!()));
        taken(&taker, 20, &[("slow", 5)]);
        let underway = taker.take().unwrap();
        putter.put(fed("quiet", 0)).unwrap_or_else(|_| panic!());
        taker.charge(&underway.tenant, MILLI * 5);
        taker.put_back(underway);
        assert_eq!(
            taken(&taker, 2, &[("slow", 5), ("quiet", 1)]),
            [("quiet".into(), 0), ("slow".into(), 20)]
        );
    }

    /// Nine that are quiet wait for one turn of the one that is slow, all together, however slow it was before.
    #[test]
    fn many_that_are_quiet_come_before_one_that_is_slow() {
        let (putter, taker) = lanes();
        (0..100).for_each(|number| putter.put(fed("slow", number)).unwrap_or_else(|_| panic!()));
        taken(&taker, 50, &[("slow", 5)]);
        let names: Vec<String> = (0..9).map(|number| format!("quiet-{number}")).collect();
        for name in &names {
            putter.put(fed(name, 0)).unwrap_or_else(|_| panic!());
        }
        let costs: Vec<(&str, u32)> = names.iter().map(|name| (&**name, 1)).chain([("slow", 5)]).collect();
        let order: Vec<String> = taken(&taker, 10, &costs).into_iter().map(|(tenant, _)| tenant).collect();
        assert_eq!(order[..9], names[..]);
    }

    /// One whose turns nobody knows yet, and one whose turn does not end, have one matcher and not the others.
    #[test]
    fn nobody_has_all_matchers_with_turns_that_do_not_end() {
        let (putter, taker) = lanes();
        let turns = Turns::new(1, Waker::new().0);
        let slow = Tenant::new("slow").unwrap();
        for _ in 0..4 {
            let mut lines = Lines::new(LineSettings { live: true, ..LineSettings::default() });
            lines.push(b"a\n");
            lines.end_of_batch();
            let (block, turn) = (lines.next_block().unwrap(), turns.take(&slow));
            let what = What::Block { source: 1, block, begun: Begun::default(), took: Duration::ZERO, turn };
            putter.put(Fed { what, ..fed("slow", 0) }).unwrap_or_else(|_| panic!());
        }
        let next = || taker.0.lock().next();
        assert!(next().is_some());
        assert!(next().is_none(), "its patterns may be compiled now");
        putter.put(fed("quiet", 0)).unwrap_or_else(|_| panic!());
        assert_eq!(next().unwrap().tenant.as_str(), "quiet");
        taker.charge(&slow, MILLI);
        assert!(next().is_some() && next().is_some(), "one that is known has as many as there are");
        taker.0.lock().lanes.get_mut(&slow).unwrap().since = Instant::now().checked_sub(2 * LATE);
        assert!(next().is_none());
        taker.charge(&slow, MILLI);
        assert!(next().is_some());
    }

    #[test]
    fn a_debt_lasts_and_nothing_is_saved_up() {
        let (putter, taker) = lanes();
        let put = |tenant, number| putter.put(fed(tenant, number)).unwrap_or_else(|_| panic!());
        put("other", 0);
        put("slow", 0);
        let costs = [("slow", 100), ("other", 1)];
        taken(&taker, 2, &costs);
        // Its lane is empty; it owes what the others have not had yet.
        (1..60).for_each(|number| put("other", number));
        put("slow", 1);
        let order = taken(&taker, 59, &costs);
        assert!(order.iter().all(|(tenant, _)| tenant == "other"), "{order:?}");
        // Who was quiet for long has one turn, not all that it did not have.
        taken(&taker, 1, &costs);
        (0..3).for_each(|number| put("quiet", number));
        (60..63).for_each(|number| put("other", number));
        let order = taken(&taker, 4, &[("slow", 100), ("other", 1), ("quiet", 1)]);
        let quiet = order.iter().filter(|(tenant, _)| tenant == "quiet").count();
        assert_eq!(quiet, 2, "{order:?}");
    }

    #[test]
    fn it_ends_with_either_side() {
        let (putter, taker) = lanes();
        putter.put(fed("a", 0)).unwrap_or_else(|_| panic!());
        let other = taker.clone();
        drop(putter);
        assert!(taker.take().is_some() && other.take().is_none(), "what waits is taken first");
        let (putter, taker) = lanes();
        let other = taker.clone();
        drop(taker);
        assert!(putter.put(fed("a", 0)).is_ok());
        drop(other);
        assert!(putter.put(fed("a", 1)).is_err());
    }
}
