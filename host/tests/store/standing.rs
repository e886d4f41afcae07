//! Figures of how it stands, and keys of batches.

use tripline::commit::{BatchKey, Commit, Store, Tenant};
use tripline::incidents::{Act, Actor, Resolution};
use tripline::store::Standing;

use crate::fixture::{Fixture, START, decision, policy};

#[test]
fn incidents_and_notices_are_counted_for_each_tenant() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let database = &fixture.database;
    assert_eq!(database.standing(&fixture.tenant).unwrap(), Standing::default());
    fixture.decide((0..3).map(|n| decision("r", Some(&format!("f{n}")), n)).collect());
    fixture.clock.pass(1);
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    let actor = Actor::named("a", "a");
    database.act(&fixture.tenant, 1, None, resolve, actor).unwrap().unwrap();
    let standing = database.standing(&fixture.tenant).unwrap();
    assert_eq!(standing.incidents, [2, 0, 1]);
    assert!(standing.waiting >= 3);
    assert_eq!(standing.oldest, Some(START));
    let other = Tenant::new("other").unwrap();
    assert_eq!(database.standing(&other).unwrap(), Standing::default());
}

#[test]
fn commits_are_timed() {
    let fixture = Fixture::new(policy(&[]));
    let before = fixture.database.commit_times();
    fixture.decide(vec![decision("r", None, 0)]);
    let after = fixture.database.commit_times();
    let count =
        |times: &tripline::store::CommitTimes| times.times.buckets().map(|(_, count)| count).sum::<u64>();
    assert_eq!(count(&after), count(&before) + 1);
    assert!(after.sum > before.sum && after.failed == 0);
}

#[test]
fn what_a_key_came_with_first_stays() {
    let fixture = Fixture::new(policy(&[]));
    let (tenant, key) = (&fixture.tenant, [7; 32]);
    for body in [[1; 32], [2; 32]] {
        let commit = Commit { batches: vec![BatchKey { key, body }], ..Commit::default() };
        fixture.database.commit(tenant, commit).unwrap();
    }
    assert_eq!(fixture.database.batch(tenant, &key).unwrap(), Some([1; 32]));
    assert_eq!(fixture.database.batch(&Tenant::new("other").unwrap(), &key).unwrap(), None);
}

/// A jump of the clock that is too short to be doubted must not forget what is sent again within a day.
#[test]
fn a_key_is_known_for_a_day_also_by_a_clock_that_jumps() {
    const HOUR: i64 = 3600 * 1_000_000_000;
    let fixture = Fixture::new(policy(&[]));
    let (tenant, key) = (&fixture.tenant, [7; 32]);
    fixture.database.due().unwrap();
    let commit = Commit { batches: vec![BatchKey { key, body: [1; 32] }], ..Commit::default() };
    fixture.database.commit(tenant, commit).unwrap();
    let is_known = || {
        fixture.database.due().unwrap();
        fixture.database.batch(tenant, &key).unwrap().is_some()
    };
    fixture.clock.pass(HOUR);
    assert!(is_known());
    fixture.clock.pass(24 * HOUR);
    assert!(is_known(), "an hour has passed");
    fixture.clock.pass(-24 * HOUR);
    for _ in 0..23 {
        fixture.clock.pass(HOUR);
        assert!(is_known());
    }
    for hours in [23, 2] {
        fixture.database.due().unwrap();
        fixture.clock.pass(hours * HOUR);
    }
    assert!(!is_known(), "it is forgotten after all");
}
