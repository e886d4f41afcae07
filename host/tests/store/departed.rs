//! Somebody who is taken out of the recipients gets nothing any more, whatever was queued for him.

use tripline::commit::Tenant;
use tripline::incidents::{Actor, Policy};
use tripline::notices::{End, Leased, Next, Outbox, Recipients, Route, Routes, Throttle};
use tripline::store::{Hold, Told};

use crate::fixture::{Fixture, HOUR, decision, policy, route};

const RELAY: &str = "relay";
const ADA: &str = "ada@example.org";
const BOB: &str = "bob@example.org";

fn me() -> Actor {
    Actor::user(1000, "alice")
}

/// A configuration that lists these, and tells all of them of everything.
fn configured(to: &[&str]) -> Policy {
    let recipients = to.iter().map(|to| (Tenant::default(), (*to).to_string())).collect();
    Policy { recipients, ..policy(to) }
}

fn sent(fixture: &Fixture) -> Leased {
    let Next::Send(leased) = fixture.database.next(RELAY).unwrap() else { panic!("expected a notice") };
    fixture.database.finish(RELAY, leased.notice, &End::Sent("250 ok".into())).unwrap();
    *leased
}

fn told(fixture: &Fixture, incident: i64, to: &str) -> Told {
    let mut told = fixture.database.told(&fixture.tenant, incident).unwrap();
    told.retain(|one| one.recipient == to);
    told.pop().unwrap()
}

#[test]
fn what_waits_for_somebody_who_is_gone_is_given_up_and_can_be_explained() {
    let mut fixture = Fixture::new(configured(&[ADA, BOB]));
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    // As after a reload, and as after a restart with a changed configuration.
    fixture.policy = configured(&[ADA]);
    let fixture = fixture.again();
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Departed(vec![(BOB.into(), 1)]));
    assert_eq!(sent(&fixture).recipient, ADA);
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
    let gone = told(&fixture, 1, BOB);
    assert_eq!((&*gone.state, gone.attempts, &*gone.words), ("dead", 0, End::Departed.words()));
    // Nor does he get it by another try, unless he is back.
    assert_eq!(fixture.database.retry(&fixture.tenant, Some(gone.notice), me()).unwrap(), 0);
    assert_eq!(fixture.database.retry(&fixture.tenant, None, me()).unwrap(), 0);
    assert_eq!(fixture.database.departed(&fixture.tenant, None).unwrap(), 1);
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
    fixture.database.set_policy(configured(&[ADA, BOB]));
    assert_eq!(fixture.database.departed(&fixture.tenant, None).unwrap(), 0);
    assert_eq!(fixture.database.retry(&fixture.tenant, None, me()).unwrap(), 1);
    assert_eq!(sent(&fixture).recipient, BOB);
}

#[test]
fn what_was_deferred_or_folded_is_given_up_too() {
    let mut first = configured(&[BOB]);
    first.throttle = Throttle { per_hour: 1 };
    let fixture = Fixture::new(first);
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    let Next::Send(leased) = fixture.database.next(RELAY).unwrap() else { panic!("expected a notice") };
    fixture.database.finish(RELAY, leased.notice, &End::Deferred("451 later".into())).unwrap();
    fixture.decide((2..5).map(|n| decision("r", Some(&format!("x{n}")), n)).collect());
    fixture.clock.pass(HOUR);
    // Several at once are a digest.
    let Next::Send(digest) = fixture.database.next(RELAY).unwrap() else { panic!("expected a digest") };
    fixture.database.finish(RELAY, digest.notice, &End::Deferred("451 later".into())).unwrap();
    fixture.database.set_policy(configured(&[ADA]));
    fixture.clock.pass(HOUR);
    let Next::Departed(to) = fixture.database.next(RELAY).unwrap() else { panic!("expected nothing to go") };
    assert!(to.iter().all(|(recipient, _)| recipient == BOB), "{to:?}");
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
    assert_eq!(fixture.database.waits(&fixture.tenant).unwrap(), 0);
}

#[test]
fn whom_a_flag_has_named_is_on_no_list_and_another_tenants_list_is_not_ones_own() {
    let flag = Route { name: Route::FLAG.into(), ..route(&[BOB]) };
    let fixture = Fixture::new(Policy { routes: Routes(vec![flag]), ..Policy::default() });
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    fixture.database.set_policy(configured(&[ADA]));
    assert_eq!(sent(&fixture).recipient, BOB);
    // Of a route of the configuration the list of the incident's tenant counts.
    let plant = Tenant::new("plant").unwrap();
    let others: Recipients = [(plant, BOB.to_string())].into_iter().collect();
    fixture.database.set_policy(Policy { recipients: others, ..policy(&[BOB]) });
    fixture.decide(vec![decision("r", Some("y"), 2)]);
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Departed(vec![(BOB.into(), 1)]));
    // Who knows no list sends to whom it was queued for.
    fixture.database.set_policy(policy(&[BOB]));
    fixture.database.retry(&fixture.tenant, None, me()).unwrap();
    assert_eq!(sent(&fixture).recipient, BOB);
}

#[test]
fn what_a_notice_waits_for_is_said() {
    let mut policy = configured(&[ADA]);
    policy.throttle = Throttle { per_hour: 1 };
    let fixture = Fixture::new(policy);
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    sent(&fixture);
    fixture.decide(vec![decision("r", Some("y"), 2)]);
    let held = |fixture: &Fixture| fixture.database.waiting(&fixture.tenant, 9).unwrap()[0].held.unwrap();
    assert_eq!((held(&fixture).by, held(&fixture).until), (Hold::Throttle, crate::fixture::START + HOUR));
    fixture.clock.pass(HOUR);
    assert_eq!(fixture.database.waiting(&fixture.tenant, 9).unwrap()[0].held, None);
    let Next::Send(leased) = fixture.database.next(RELAY).unwrap() else { panic!("expected a notice") };
    fixture.database.finish(RELAY, leased.notice, &End::Relay("connection refused".into())).unwrap();
    assert_eq!(held(&fixture).by, Hold::Relay);
}
