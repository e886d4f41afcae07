//! What became of a pack's incidents, rule by rule, and of what packs remember, in bytes.

use tripline::commit::{Commit, PackState, Store, Tenant};
use tripline::incidents::{Act, Actor, Outcome, Resolution};

use crate::fixture::{Fixture, decision, policy};

fn outcome(rule: &str, incidents: u64, resolved: u64, false_positives: u64) -> Outcome {
    Outcome { rule: rule.into(), incidents, resolved, false_positives }
}

#[test]
fn false_positives_are_counted_by_rule_and_tenant() {
    let fixture = Fixture::new(policy(&[]));
    let (database, tenant) = (&fixture.database, &fixture.tenant);
    assert_eq!(database.outcomes(tenant, "demo").unwrap(), []);
    fixture.decide((0..4).map(|n| decision("login", Some(&format!("f{n}")), n)).collect());
    fixture.decide(vec![decision("door", Some("f"), 9)]);
    let act = |id, act| database.act(tenant, id, None, act, Actor::named("a", "a")).unwrap().unwrap();
    let resolve = |id, resolution| act(id, Act::Resolve { resolution, comment: String::new() });
    resolve(1, Resolution::FalsePositive);
    resolve(2, Resolution::FalsePositive);
    resolve(3, Resolution::TruePositive);
    let found = database.outcomes(tenant, "demo").unwrap();
    assert_eq!(found, [outcome("door", 1, 0, 0), outcome("login", 4, 3, 2)]);
    // What was taken back is no false positive any more.
    act(2, Act::Reopen { comment: String::new() });
    assert_eq!(database.outcomes(tenant, "demo").unwrap()[1], outcome("login", 4, 2, 1));
    assert_eq!(database.outcomes(tenant, "dem").unwrap(), []);
    assert_eq!(database.outcomes(&Tenant::new("other").unwrap(), "demo").unwrap(), []);
}

#[test]
fn what_packs_remember_is_known_in_bytes() {
    let fixture = Fixture::new(policy(&[]));
    let state = |pack: &str, state: Option<Vec<u8>>| PackState {
        pack: pack.into(),
        version: "1.0.0".into(),
        digest: [1; 32],
        settings: [2; 32],
        state,
        host: vec![0; 5],
    };
    let states = vec![state("a", Some(vec![0; 100])), state("b", None)];
    fixture.database.commit(&fixture.tenant, Commit { states, ..Commit::default() }).unwrap();
    let tenant = fixture.tenant.clone();
    let expected = [(tenant.clone(), "a".to_string(), 105), (tenant, "b".to_string(), 5)];
    assert_eq!(fixture.database.state_sizes().unwrap(), expected);
}
