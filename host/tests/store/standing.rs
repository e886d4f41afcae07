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
    let actor = Actor { id: "a".into(), name: "a".into() };
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
