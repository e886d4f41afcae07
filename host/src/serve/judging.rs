//! A judge's thread: some packs of each tenant, each one's events in order; after some milliseconds another tenant has its
//! turn.
//!
//! ```text
//!   tenant a   sshd ■ instance    app-errors ■ instance
//!   tenant b   sshd ▪ resting                             rests: saved, committed, dropped
//!                   └─ its next event or tick ─► restored from what was committed
//! ```

mod going_over;
mod seating;

use std::collections::HashMap;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use tripline_engine::judge::{Judge, JudgeCost, Verdicts, has_to_tick, next_tick};
use tripline_engine::merge::Run;
use tripline_engine::sandbox::{Allowance, Sandbox};
use tripline_engine::{Fault, Numbers, deliver};

use super::bench::{Seat, Sitting, TURN};
use super::modules::Modules;
use super::passing::{Part, Until, Work};
use super::queue::{Queue, Task};
use super::remembered::Remembered;
use super::sets::PackSets;
use super::shared::Shared;
use crate::commit::{PackState, StoreError, Tenant};
use crate::quota::QuotaKind;

/// What all judges of a server have.
#[derive(Clone, Copy)]
pub(super) struct Bar<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) sets: &'a PackSets,
    pub(super) sandbox: &'a Arc<dyn Sandbox>,
    /// The same, as it keeps what it has loaded.
    pub(super) modules: &'a Modules,
    /// Decisions of all judges so far.
    pub(super) decided: &'a AtomicU64,
    /// A judge has more instances than it may: they can rest after the next barrier.
    pub(super) crowded: &'a AtomicBool,
    /// Instances of one judge that may sit.
    pub(super) seats: usize,
    /// What tenants' own packs remember.
    pub(super) remembered: &'a Remembered,
}

impl Bar<'_> {
    /// Packs of a tenant have cost this where no mark tells it.
    fn costs(&self, tenant: &Tenant, spent: &[(usize, JudgeCost)]) {
        self.shared.health.accounts().judged(tenant, &self.sets.of(tenant), spent, &[]);
        if let Some(quotas) = self.shared.quotas {
            quotas.spend_cpu(tenant, spent.iter().map(|(_, cost)| cost.cpu).sum());
        }
    }

    /// What an instance of a pack of a tenant's own may have by its quota: of what packs remember, what the others leave.
    fn allowance(&self, tenant: &Tenant, name: &str, states: &[PackState]) -> Allowance {
        let own = self.sets.own(tenant);
        let is_own = |state: &&PackState| own.iter().any(|one| one.pack.name() == state.pack);
        self.remembered.begin(tenant, states.iter().filter(is_own));
        let memory = self.most(tenant, QuotaKind::Memory).unwrap_or(u64::MAX);
        let state = self.most(tenant, QuotaKind::State);
        let state = state.map_or(u64::MAX, |most| self.remembered.left(tenant, name, most));
        Allowance { memory, state }
    }

    fn most(&self, tenant: &Tenant, kind: QuotaKind) -> Option<u64> {
        self.shared.quotas.and_then(|quotas| quotas.of(tenant).most(kind))
    }
}

/// Judges of which this one is the one with the number.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) number: usize,
    pub(super) of: usize,
}

pub(super) struct Judging<'a> {
    bar: Bar<'a>,
    share: Share,
    benches: HashMap<Tenant, Bench>,
    sitting: usize,
    suspended: Vec<(Tenant, usize, Fault)>,
    /// Packs that were put out at a mark which is not on disk yet: what they come back with may not be, either. And how
    /// many marks of their tenant have come since: with the second, it is.
    unwritten: Vec<(Tenant, usize, u8)>,
    queue: Queue,
}

/// The clock is looked at after so many events that were only gathered, and after each batch.
const EVENTS: usize = 64;

#[derive(Default)]
struct Bench {
    /// For each pack; `None`: it was not woken yet, or another judge has it.
    seats: Vec<Option<Seat>>,
    verdicts: Verdicts,
    /// How many of its decisions were counted.
    counted: usize,
    touched: bool,
}

impl<'a> Judging<'a> {
    pub(super) fn new(bar: Bar<'a>, share: Share) -> Judging<'a> {
        Judging {
            bar,
            share,
            benches: HashMap::new(),
            sitting: 0,
            suspended: Vec::new(),
            unwritten: Vec::new(),
            queue: Queue::default(),
        }
    }

    /// Who remembers something may have a tick that is due before its next event: its seat rests until then.
    pub(super) fn seat(&mut self, tenant: &Tenant, remembering: &[String]) -> Result<(), StoreError> {
        let set = self.bar.sets.of(tenant);
        for (pack, configured) in set.packs().iter().enumerate() {
            let has_ticks = configured.pack.manifest().tick.is_some() && self.is_ours(tenant, pack);
            let name = configured.pack.name();
            if !has_ticks || !remembering.iter().any(|one| one == name) {
                continue;
            }
            let state = self.bar.shared.database.pack_state(tenant, name)?;
            let tick = state.and_then(|state| next_tick(&configured.pack, &state.host));
            let seats = &mut self.benches.entry(tenant.clone()).or_default().seats;
            seats.resize_with(set.packs().len(), || None);
            seats[pack] = Some(Seat::Resting { tick });
        }
        Ok(())
    }

    /// Judges in turns: what has come is sorted by tenant first, so that who has little does not wait behind who has much.
    pub(super) fn run(mut self, work: &Receiver<Work>) {
        loop {
            let next = match self.queue.is_empty() {
                true => work.recv().ok(),
                false => work.try_recv().ok(),
            };
            match next {
                Some(work) => self.take(work),
                None if self.queue.is_empty() => return,
                // Without what was to be judged it is no prefix: nothing of it may be committed.
                None if !self.turn() => return,
                None => {}
            }
        }
    }

    fn take(&mut self, work: Work) {
        match work {
            Work::Run(tenant, run, turn) => {
                let mut woken: Vec<usize> = Vec::new();
                deliver(&run, &Numbers::default(), |pack, _| {
                    if !woken.contains(&pack) {
                        woken.push(pack);
                    }
                });
                woken.retain(|pack| self.is_ours(&tenant, *pack));
                if !woken.is_empty() {
                    let next = run.events.start;
                    self.queue.push(tenant, Task::Run { run, woken, next, _turn: turn });
                }
            }
            Work::Passed(tenant, time) => self.queue.push(tenant, Task::Passed(time)),
            Work::Mark(tenant, until, parts) => self.queue.push(tenant, Task::Mark(until, parts)),
            // Nothing of it waits here: it has left its bench.
            Work::Come(tenant, before) => self.come(&tenant, &before),
            Work::Suspend(tenant, pack, fault) => {
                self.suspended.push((tenant.clone(), pack, fault.clone()));
                if let Some(Bench { seats, verdicts, touched, .. }) = self.benches.get_mut(&tenant)
                    && let Some(Some(Seat::Taken(sitting))) = seats.get_mut(pack)
                {
                    sitting.judge.suspend(fault, verdicts);
                    *touched = true;
                } else if self.is_ours(&tenant, pack) {
                    // What was never woken is out, too: that is told where it sits.
                    self.seated(&tenant, pack);
                }
            }
            Work::Rest(busy) => {
                self.unwritten.retain(|(tenant, ..)| busy.contains(tenant));
                self.rest(&busy);
            }
        }
    }

    /// A turn of the tenant whose turn it is; `false`, as with [`Judging::seated`].
    fn turn(&mut self) -> bool {
        let Some(tenant) = self.queue.begin() else { return true };
        let until = self.bar.shared.steady() + TURN;
        while let Some(task) = self.queue.pop(&tenant) {
            match task {
                Task::Run { run, woken, next, _turn } => {
                    let Some(next) = self.some(&tenant, &run, &woken, next, until) else { return false };
                    if next < run.events.end {
                        self.queue.put_back(&tenant, Task::Run { run, woken, next, _turn });
                    }
                }
                Task::Passed(time) => {
                    if !self.passed(&tenant, time) {
                        return false;
                    }
                }
                Task::Mark(until, parts) => match self.advance(&tenant) {
                    true => self.queue.put_back(&tenant, Task::Mark(until, parts)),
                    false => {
                        let part = match until {
                            Until::Next => self.part(&tenant),
                            Until::Swap => self.leave(&tenant),
                        };
                        // The collector waits for it, or is gone.
                        drop(parts.send(part));
                    }
                },
            }
            self.count(&tenant);
            if self.bar.shared.steady() >= until {
                break;
            }
        }
        self.queue.end(tenant);
        true
    }

    /// Gathers events of a run, and judges each batch that is full, until the turn is over; where it goes on.
    fn some(
        &mut self,
        tenant: &Tenant,
        run: &Run,
        woken: &[usize],
        from: usize,
        until: Duration,
    ) -> Option<usize> {
        if !woken.iter().all(|pack| self.seated(tenant, *pack)) {
            return None;
        }
        let Some(Bench { seats, verdicts, touched, .. }) = self.benches.get_mut(tenant) else {
            return Some(run.events.end);
        };
        *touched = true;
        let numbers = Numbers::default();
        let (mut next, mut is_over) = (from, false);
        while next < run.events.end && !is_over {
            let one = Run { scanned: Arc::clone(&run.scanned), events: next..next + 1 };
            let mut has_judged = false;
            deliver(&one, &numbers, |pack, delivery| {
                // One batch at a time, though the event may wake several packs.
                if let Some(judge) = judge(seats, pack).filter(|judge| !judge.is_ready_for(&delivery))
                    && !has_judged
                {
                    has_judged = judge.advance(verdicts);
                }
            });
            if !has_judged {
                deliver(&one, &numbers, |pack, delivery| {
                    judge(seats, pack).into_iter().for_each(|judge| judge.push(&delivery, verdicts));
                });
                next += 1;
            }
            is_over = (has_judged || next % EVENTS == 0) && self.bar.shared.steady() >= until;
        }
        let now = Instant::now();
        for pack in woken {
            if let Some(Some(Seat::Taken(sitting))) = seats.get_mut(*pack) {
                sitting.used = now;
            }
        }
        Some(next)
    }

    /// Judges one batch of what a tenant's packs have gathered; `false`: nothing is left.
    fn advance(&mut self, tenant: &Tenant) -> bool {
        let Some(Bench { seats, verdicts, .. }) = self.benches.get_mut(tenant) else { return false };
        (0..seats.len()).any(|pack| judge(seats, pack).is_some_and(|judge| judge.advance(verdicts)))
    }

    /// The ticks that are due by now; `false`, as with [`Judging::seated`].
    fn passed(&mut self, tenant: &Tenant, time: i64) -> bool {
        let Some(bench) = self.benches.get(tenant) else { return true };
        let (set, now) = (self.bar.sets.of(tenant), self.bar.shared.clock.now());
        let is_due = |(pack, seat): (usize, &Option<Seat>)| {
            let tick = match seat.as_ref()? {
                Seat::Taken(sitting) => sitting.judge.next_tick(),
                Seat::Resting { tick } => *tick,
            };
            has_to_tick(&set.packs()[pack].pack, tick, time, now).then_some(pack)
        };
        let due: Vec<usize> = bench.seats.iter().enumerate().filter_map(is_due).collect();
        for pack in due {
            if !self.seated(tenant, pack) {
                return false;
            }
            let Some(Bench { seats, verdicts, touched, .. }) = self.benches.get_mut(tenant) else { break };
            if let Some(Some(Seat::Taken(sitting))) = seats.get_mut(pack) {
                // They are judged at the mark that follows.
                sitting.judge.passed(time, now, verdicts);
                *touched = true;
            }
        }
        true
    }

    fn is_ours(&self, tenant: &Tenant, pack: usize) -> bool {
        let tenant: usize = tenant.as_str().bytes().map(usize::from).sum();
        (tenant + pack) % self.share.of == self.share.number
    }

    /// What a tenant's packs have for a barrier.
    fn part(&mut self, tenant: &Tenant) -> Part {
        // A mark is set when the part before was sent to the store, and that is sent when the one before it is on disk.
        self.unwritten.iter_mut().filter(|(of, ..)| of == tenant).for_each(|(.., marks)| *marks += 1);
        self.unwritten.retain(|(of, _, marks)| of != tenant || *marks < 2);
        let Some(bench) = self.benches.get_mut(tenant).filter(|bench| bench.touched) else {
            return Part { tenant: tenant.clone(), ..Part::default() };
        };
        bench.touched = false;
        let (set, now) = (self.bar.sets.of(tenant), self.bar.shared.clock.now());
        let (mut states, mut costs) = (Vec::new(), Vec::new());
        for (pack, seat) in bench.seats.iter_mut().enumerate() {
            let Some(Seat::Taken(sitting)) = seat else { continue };
            if let Some(state) = sitting.state(&mut bench.verdicts) {
                // What its tenant's other packs remember was less when it took its seat.
                let most = || self.bar.most(tenant, QuotaKind::State);
                let is_own = set.is_own(pack);
                match if is_own { self.bar.remembered.take(tenant, &state, most()) } else { Ok(()) } {
                    Ok(()) => states.push(state),
                    Err(fault) => sitting.judge.suspend(fault, &mut bench.verdicts),
                }
            }
            sitting.judge.taken();
            let is_out = sitting.judge.is_quarantined();
            costs.push((pack, if is_out { sitting.spent_at_last() } else { sitting.spent() }));
            if is_out {
                // It comes back as a new instance, with what was committed before it was put out.
                if let Some(out) = set.out(pack) {
                    let for_good = self.suspended.iter().any(|(of, one, _)| of == tenant && *one == pack);
                    out.put_out(now, for_good);
                }
                self.unwritten.push((tenant.clone(), pack, 0));
                *seat = Some(sitting.rest());
                self.sitting -= 1;
            }
        }
        let Verdicts { decisions, faults, logs } = take(&mut bench.verdicts);
        bench.counted = 0;
        Part { tenant: tenant.clone(), decisions, states, faults, logs, costs }
    }

    /// Counts what was decided for this tenant since.
    fn count(&mut self, tenant: &Tenant) {
        let Some(bench) = self.benches.get_mut(tenant) else { return };
        let more = bench.verdicts.decisions.len() - bench.counted;
        bench.counted += more;
        self.bar.decided.fetch_add(more as u64, Relaxed);
    }
}

/// Who judges by this pack, if it has an instance.
fn judge(seats: &mut [Option<Seat>], pack: usize) -> Option<&mut Judge> {
    match seats.get_mut(pack) {
        Some(Some(Seat::Taken(sitting))) => Some(&mut sitting.judge),
        _ => None,
    }
}
