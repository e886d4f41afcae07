//! Who gets the next place for a scan: of the tenants the one that got one least lately, of its schedules the one that has
//! waited longest. So nobody waits for all scans of somebody else.

use std::collections::{HashMap, HashSet};

use crate::commit::Tenant;
use crate::scans::{ScanName, Scheduled, Standing};

/// A schedule whose scan is to be made.
pub(super) struct IsDue<'s> {
    pub(super) scheduled: &'s Scheduled,
    /// For this time.
    pub(super) due: i64,
    pub(super) standing: Standing,
}

#[derive(Default)]
pub(super) struct Turns {
    /// Places that were given so far.
    given: u64,
    /// Which of them each tenant got last.
    last: HashMap<Tenant, u64>,
    /// Schedules that were due in time and found no place: nobody has missed them.
    waiting: HashSet<(Tenant, ScanName)>,
}

impl Turns {
    /// Whose turn it is.
    pub(super) fn first(&self, due: &[IsDue<'_>]) -> Option<usize> {
        let key = |one: &IsDue<'_>| (self.last.get(&one.scheduled.tenant).copied().unwrap_or(0), one.due);
        (0..due.len()).min_by_key(|at| key(&due[*at]))
    }

    /// It got a place.
    pub(super) fn gave(&mut self, tenant: &Tenant, name: &ScanName) {
        self.given += 1;
        self.last.insert(tenant.clone(), self.given);
        self.waiting.remove(&(tenant.clone(), name.clone()));
    }

    /// It found none.
    pub(super) fn waits(&mut self, scheduled: &Scheduled) {
        self.waiting.insert((scheduled.tenant.clone(), scheduled.request.name.clone()));
    }

    /// Whether it found none and got none since.
    pub(super) fn is_waiting(&self, tenant: &Tenant, name: &ScanName) -> bool {
        self.waiting.contains(&(tenant.clone(), name.clone()))
    }

    /// Forgets those that are not configured any more.
    pub(super) fn forget_removed(&mut self, schedules: &[Scheduled]) {
        self.waiting.retain(|(tenant, name)| {
            schedules.iter().any(|one| one.tenant == *tenant && one.request.name == *name)
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scans::{Missed, Request, Schedule, When};

    fn scheduled(tenant: &str, name: &str) -> Scheduled {
        let request = Request {
            name: ScanName::new(name).unwrap(),
            targets: vec!["192.0.2.1".parse().unwrap()],
            ports: "1".parse().unwrap(),
            service: false,
            scripts: Vec::new(),
            every_address: false,
        };
        let when = When::Every(Duration::from_secs(60));
        let schedule = Schedule { when, jitter: Duration::ZERO, missed: Missed::Skip };
        Scheduled { tenant: Tenant::new(tenant).unwrap(), request, schedule }
    }

    #[test]
    fn tenants_have_turns_and_of_one_the_oldest_comes_first() {
        let all: Vec<Scheduled> = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("c", "5"), ("c", "6")]
            .map(|(tenant, name)| scheduled(tenant, name))
            .into();
        // Later ones of `a` have waited longest.
        let times = [30, 20, 10, 40, 50, 45];
        let mut due: Vec<IsDue<'_>> = all
            .iter()
            .zip(times)
            .map(|(scheduled, due)| IsDue { scheduled, due, standing: Standing::default() })
            .collect();
        let (mut turns, mut order) = (Turns::default(), String::new());
        while let Some(first) = turns.first(&due) {
            let one = due.remove(first);
            turns.gave(&one.scheduled.tenant, &one.scheduled.request.name);
            order += one.scheduled.request.name.as_str();
        }
        assert_eq!(order, "346251");
    }

    #[test]
    fn who_waits_is_known_until_it_gets_a_place_or_is_removed() {
        let (one, two) = (scheduled("a", "1"), scheduled("b", "2"));
        let mut turns = Turns::default();
        let waits = |turns: &Turns, one: &Scheduled| turns.is_waiting(&one.tenant, &one.request.name);
        turns.waits(&one);
        turns.waits(&two);
        assert!(waits(&turns, &one) && waits(&turns, &two));
        turns.gave(&one.tenant, &one.request.name);
        assert!(!waits(&turns, &one) && waits(&turns, &two));
        turns.forget_removed(&[one]);
        assert!(!waits(&turns, &two));
    }
}
