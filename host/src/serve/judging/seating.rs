//! Who sits: a pack takes its seat with what was committed of it, and leaves it when all it remembers is on disk.

use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use tripline_engine::Fault;
use tripline_engine::sandbox::Allowance;

use super::{Judging, Seat, Sitting};
use crate::commit::{Store, StoreError, Tenant};

impl Judging<'_> {
    /// Seats a pack; `false`: the store cannot say what it remembers, and the server stops. Until it can, all wait.
    pub(super) fn seated(&mut self, tenant: &Tenant, pack: usize) -> bool {
        self.patiently(|judging| judging.sit(tenant, pack))
    }

    /// Asks until the store can say it; `false`: it cannot, and the server stops.
    pub(super) fn patiently(&mut self, mut ask: impl FnMut(&mut Self) -> Result<(), StoreError>) -> bool {
        let mut waits = false;
        loop {
            match ask(self) {
                Ok(()) => {
                    if waits {
                        self.bar.shared.goes_on();
                    }
                    return true;
                }
                Err(error) => {
                    if !waits {
                        self.bar.shared.waits(error);
                    }
                    waits = true;
                    if self.bar.shared.control.is_stopping() {
                        return false;
                    }
                    std::thread::sleep(self.bar.shared.pause);
                }
            }
        }
    }

    fn sit(&mut self, tenant: &Tenant, pack: usize) -> Result<(), StoreError> {
        let bench = match self.benches.get_mut(tenant) {
            Some(bench) => bench,
            None => self.benches.entry(tenant.clone()).or_default(),
        };
        let set = self.bar.sets.of(tenant);
        bench.seats.resize_with(set.packs().len(), || None);
        let Some(seat) = bench.seats.get_mut(pack) else { return Ok(()) };
        if let Some(Seat::Taken(_)) = seat {
            return Ok(());
        }
        let is_unwritten = self.unwritten.iter().any(|(of, one, _)| of == tenant && *one == pack);
        if is_unwritten || set.out(pack).is_some_and(|out| out.is_out(self.bar.shared.clock.now())) {
            return Ok(());
        }
        let configured = &set.packs()[pack];
        let states = self.bar.shared.database.states(tenant)?;
        let is_own = pack >= self.bar.sets.operators().len();
        let allowance = match is_own {
            true => self.bar.allowance(tenant, configured.pack.name(), &states),
            false => Allowance::default(),
        };
        let remembered = states.into_iter().find(|state| state.pack == configured.pack.name());
        let mut sitting =
            Sitting::new(configured, self.bar.sandbox, remembered, allowance, &mut bench.verdicts);
        let ours = |(of, suspended, _): &&(Tenant, usize, Fault)| of == tenant && *suspended == pack;
        for (_, _, fault) in self.suspended.iter().filter(ours) {
            sitting.judge.suspend(fault.clone(), &mut bench.verdicts);
        }
        bench.touched = true;
        // Its instance lives, though nothing may come for it for long.
        let spent = [(pack, sitting.spent())];
        self.bar.costs(tenant, &spent);
        *seat = Some(Seat::Taken(Box::new(sitting)));
        self.sitting += 1;
        if self.sitting > self.bar.seats {
            self.bar.crowded.store(true, Relaxed);
        }
        Ok(())
    }

    /// Lets those rest that have not been used for long; or for longest, if there are too many. What the others remember is
    /// on disk, if it is not busy there.
    pub(super) fn rest(&mut self, busy: &HashSet<Tenant>) {
        let over = self.sitting.saturating_sub(self.bar.seats);
        let mut longest: Vec<Instant> = Vec::new();
        if over > 0 {
            let may_rest = self.sittings(busy).filter(|sitting| sitting.may_rest());
            longest = may_rest.map(|sitting| sitting.used).collect();
            longest.sort_unstable();
        }
        let until = longest.get(over.saturating_sub(1)).or(longest.last()).copied();
        let mut left = 0;
        for (tenant, bench) in self.benches.iter_mut().filter(|(tenant, _)| !busy.contains(*tenant)) {
            let mut spent = Vec::new();
            for (pack, seat) in bench.seats.iter_mut().enumerate() {
                let Some(Seat::Taken(sitting)) = seat else { continue };
                let is_longest = until.is_some_and(|until| sitting.used <= until);
                if sitting.may_rest() && (is_longest || sitting.is_idle()) {
                    spent.push((pack, sitting.spent_at_last()));
                    *seat = Some(sitting.rest());
                }
            }
            if !spent.is_empty() {
                left += spent.len();
                self.bar.costs(tenant, &spent);
            }
        }
        self.sitting -= left;
    }

    fn sittings(&self, busy: &HashSet<Tenant>) -> impl Iterator<Item = &Sitting> {
        let benches = self.benches.iter().filter(|(tenant, _)| !busy.contains(*tenant));
        let seats = benches.flat_map(|(_, bench)| bench.seats.iter().flatten());
        seats.filter_map(|seat| match seat {
            Seat::Taken(sitting) => Some(&**sitting),
            Seat::Resting { .. } => None,
        })
    }
}
