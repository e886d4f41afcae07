//! A policy that is changed while the database is open.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use tripline::incidents::{Act, Actor, IncidentLimits, Policy, Redaction, Resolution};
use tripline::notices::{End, Leased, Next, Outbox, Route, Routes, Throttle};

use crate::fixture::{Fixture, HOUR, decision, policy, route, with};

fn deliver(fixture: &Fixture) -> Vec<Leased> {
    let mut sent = Vec::new();
    while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
        fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
        sent.push(*leased);
    }
    sent
}

#[test]
fn what_begins_after_a_change_goes_by_the_new_policy() {
    let limits = IncidentLimits { retention: None, evidence_bytes: 4, ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&["before@example.org"]) });
    let secret = |fingerprint, offset| {
        with(decision("r", Some(fingerprint), offset), |one| one.title = "password=hunter2".into())
    };
    fixture.decide(vec![secret("x", 1)]);
    fixture.database.set_policy(Policy {
        limits: IncidentLimits { retention: Some(HOUR), ..IncidentLimits::default() },
        redaction: Redaction::new(&["hunter2".into()]).unwrap(),
        throttle: Throttle { per_hour: 2 },
        ..policy(&["after@example.org"])
    });
    assert_eq!(fixture.database.policy().throttle.per_hour, 2);
    fixture.decide(vec![secret("y", 2)]);
    let incident = |id| fixture.database.incident(&fixture.tenant, id).unwrap().unwrap();
    let texts = |id| {
        let evidence = fixture.database.evidence(&fixture.tenant, id).unwrap();
        (incident(id).title, evidence[0].text.clone().unwrap_or_default().len())
    };
    assert_eq!(texts(1), ("password=hunter2".into(), 4));
    assert_eq!(texts(2), ("password=[redacted]".into(), "line at 2".len()));
    // What was queued before goes to whom it was queued for.
    let to: Vec<String> = deliver(&fixture).into_iter().map(|leased| leased.recipient).collect();
    assert_eq!(to, ["before@example.org", "after@example.org"]);
    // One of two an hour is left: it is the digest of what else there is.
    fixture.decide((0..4).map(|i| secret(["a", "b", "c", "d"][i as usize], 3 + i)).collect());
    assert_eq!(deliver(&fixture).len(), 1);
    assert!(matches!(fixture.database.next("relay").unwrap(), Next::Idle));
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    fixture.database.act(&fixture.tenant, 1, None, resolve, Actor::user(1000, "alice")).unwrap().unwrap();
    fixture.clock.pass(2 * HOUR);
    assert_eq!(fixture.database.due().unwrap().deleted, 1);
}

#[test]
fn what_waits_for_a_lock_begins_by_the_policy_of_when_it_gets_it() {
    let fixture = Fixture::new(policy(&["before@example.org"]));
    let other = Connection::open(fixture.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| fixture.decide(vec![decision("r", Some("x"), 1)]));
        // It is asked for; whether it already waits for the lock makes no difference to what is told.
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_millis(50) && !waiting.is_finished() {
            std::thread::yield_now();
        }
        fixture.database.set_policy(policy(&["after@example.org"]));
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(waiting.join().unwrap().opened, [1]);
    });
    let to: Vec<String> = deliver(&fixture).into_iter().map(|leased| leased.recipient).collect();
    assert_eq!(to, ["after@example.org"]);
}

#[test]
fn a_route_that_begins_to_tell_again_does_so_of_what_is_open_and_goes_on() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    assert_eq!(deliver(&fixture).len(), 1);
    let again = Route { repeat: Some(Duration::from_secs(3600)), ..route(&["a@example.org"]) };
    fixture.database.set_policy(Policy { routes: Routes(vec![again]), ..Policy::default() });
    fixture.clock.pass(HOUR);
    fixture.decide(vec![decision("r", Some("x"), 2)]);
    fixture.clock.pass(HOUR);
    assert_eq!(fixture.database.due().unwrap().repeated, 1);
    assert_eq!(deliver(&fixture).len(), 1);
}
