//! More tenants than instances: those that rest remember, and nobody else's events are theirs.

use tripline::abi::Guest;
use tripline::commit::Tenant;
use tripline::serve::Expected;

use crate::remembering::{Remembering, configured};
use crate::running::{Running, settings};

/// Could save, and says each time that there is nothing to.
struct Unsaved(Remembering);

impl Guest for Unsaved {
    fn manifest() -> &'static [u8] {
        Remembering::manifest()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        Remembering::open(frame).map(Unsaved)
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        self.0.check(batch, reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn who_rests_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::new(folder.path(), 2, Vec::new());
    let tenants: Vec<String> = (0..10).map(|number| format!("tenant-{number}")).collect();
    for _ in 0..3 {
        for tenant in &tenants {
            running.commit(tenant);
        }
    }
    for tenant in &tenants {
        let counts = running.counts(tenant);
        // Three events, each with a number of its own: whoever had forgotten would have counted the first again.
        let events: Vec<u64> =
            counts.iter().filter(|((rule, _), _)| rule == "event").map(|(_, count)| *count).collect();
        assert_eq!(events, [1, 1, 1], "{tenant}: {counts:?}");
    }
    let packs = running.health.accounts().packs();
    let judging = packs[0].judging;
    assert_eq!((judging.events, judging.faults), (30, 0));
    assert!(judging.starts > 20, "10 tenants took 2 places in turns: {judging:?}");
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}

#[test]
fn who_saves_nothing_does_not_rest() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::of::<Unsaved>(folder.path(), 1, Vec::new(), Box::new(|_| {}), configured());
    for _ in 0..3 {
        ["one", "two", "three"].iter().for_each(|tenant| running.commit(tenant));
    }
    for tenant in ["one", "two", "three"] {
        let counts = running.counts(tenant);
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [1, 1, 1], "{tenant}: {counts:?}");
    }
}

#[test]
fn ticks_wake_who_rests() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 1, Vec::new());
    let tenants = ["one", "two", "three"];
    tenants.iter().for_each(|tenant| running.commit(tenant));
    running.pass(65);
    for tenant in tenants {
        let ticks = |running: &Running| {
            running
                .counts(tenant)
                .iter()
                .filter(|((rule, _), _)| rule == "tick")
                .map(|(_, count)| *count)
                .sum::<u64>()
        };
        running.until("each has its tick", |running| ticks(running) == 1);
    }
}

/// Thousands may remember something: a start makes no instance of any.
#[test]
fn who_remembers_rests_when_a_server_begins() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = ["one", "two", "three"];
    let mut running = Running::new(folder.path(), 16, Vec::new());
    tenants.iter().for_each(|tenant| running.commit(tenant));
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
    // Time passes for who has a source.
    let expected = tenants.map(|tenant| Expected {
        tenant: Tenant::new(tenant).unwrap(),
        source: "program/test".into(),
        settings: settings(None),
    });
    let running = Running::new(folder.path(), 16, expected.into());
    running.commit("four");
    let judging = running.health.accounts().packs()[0].judging;
    assert_eq!((judging.starts, judging.events), (1, 1), "{judging:?}");
    running.pass(65);
    let ticks = |tenant| {
        let counts = running.counts(tenant);
        counts.iter().filter(|((rule, _), _)| rule == "tick").map(|(_, count)| *count).sum::<u64>()
    };
    running.until("each has its tick", |_| tenants.iter().all(|tenant| ticks(tenant) == 1));
}
