//! More than a recipient is told one by one: what folds into a digest is in it once, wherever the program dies.

use std::thread;

use crate::oracle::World;

const INCIDENTS: u64 = 20;
/// As often as each place is passed on the way of twenty incidents to a digest, about.
const HITS: u32 = 6;

/// Whether the place was reached.
#[track_caller]
fn dies_at(point: &str, hit: u32) -> bool {
    let crash = format!("{point}:{hit}");
    let world = World::new(INCIDENTS, Vec::new());
    let died = world.check(Some(&crash)).status.code().is_none();
    world.drain(&crash);
    let window = ["after_250", "before_mark_sent", "before_commit"];
    world.judge(&crash, usize::from(died && window.contains(&point)));
    assert!(world.digests() > 0, "{crash}: nothing was folded");
    died
}

#[test]
fn what_folds_into_a_digest_is_told_once_wherever_it_dies() {
    let places = ["before_commit", "after_commit", "lease_taken", "after_250", "before_mark_sent"];
    thread::scope(|scope| {
        let each = places
            .map(|point| scope.spawn(move || (point, (1..=HITS).filter(|hit| dies_at(point, *hit)).count())));
        for one in each {
            let (point, reached) = one.join().unwrap();
            let least = if point.contains("commit") { HITS as usize } else { 1 };
            assert!(reached >= least, "{point} was reached {reached} times");
        }
    });
}
