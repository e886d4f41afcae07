//! What is urgent, and what it takes along.

use tripline::abi::Severity;
use tripline::incidents::Policy;
use tripline::incidents::{Act, Resolution};
use tripline::notices::{Content, End, Leased, Next, Outbox, QuietHours, Reason, Route, Routes};
use tripline::wall_clock::WallClock;

use super::outbox::{RELAY, finish, folded, leased, me, of, reason};
use crate::fixture::{Fixture, HOUR, SECOND, START, policy, route};

/// A route that is quiet from now on, for seven hours.
pub(super) fn quiet_route(to: &[&str]) -> Route {
    let (from, to_time) = (hour_of(START), hour_of(START + 7 * HOUR));
    let quiet = QuietHours { from, to: to_time, zone: jiff::tz::TimeZone::UTC };
    Route { quiet: Some(quiet), ..route(to) }
}

fn hour_of(at: i64) -> jiff::civil::Time {
    let at = jiff::Timestamp::from_nanosecond(i128::from(at)).unwrap();
    at.to_zoned(jiff::tz::TimeZone::UTC).time()
}

#[test]
fn a_critical_notice_waits_neither_for_quiet_hours_nor_for_the_ordinary_bucket() {
    let routes = Routes(vec![quiet_route(&["a@example.org"])]);
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    fixture.decide(vec![of(Severity::Medium, "x", 1), of(Severity::Medium, "y", 2)]);
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Wait(START + 7 * HOUR));
    fixture.clock.pass(3 * HOUR);
    fixture.decide(vec![of(Severity::Critical, "x", 3)]);
    for expected in [Reason::First, Reason::SeverityRose { from: "medium".into() }] {
        let one = leased(&fixture);
        assert!(matches!(&one.content, Content::Incident(about) if about.incident.id == 1));
        assert_eq!(reason(&one), expected);
        finish(&fixture, &one, End::Sent(String::new()));
    }
    // The other one goes on waiting.
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Wait(START + 7 * HOUR));

    let fixture = Fixture::new(policy(&["a@example.org"]));
    for i in 0..12 {
        fixture.decide(vec![of(Severity::Medium, &format!("f{i}"), i)]);
        let one = leased(&fixture);
        finish(&fixture, &one, End::Sent(String::new()));
    }
    fixture.decide(vec![of(Severity::Medium, "x", 20)]);
    assert!(matches!(fixture.database.next(RELAY).unwrap(), Next::Wait(_)));
    fixture.decide(vec![of(Severity::Critical, "x", 21)]);
    assert_eq!(reason(&leased(&fixture)), Reason::First);
}

#[test]
fn what_waits_of_an_incident_goes_no_later_than_what_is_told_of_it_next() {
    // Only the worse half is told at night.
    let night = Route { name: "night".into(), severity: Severity::High, ..route(&["a@example.org"]) };
    let routes = Routes(vec![night, quiet_route(&["a@example.org"])]);
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    fixture.decide(vec![of(Severity::Medium, "x", 1)]);
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Wait(START + 7 * HOUR));
    fixture.decide(vec![of(Severity::High, "x", 2)]);
    assert_eq!(reason(&leased(&fixture)), Reason::First);
}

#[test]
fn what_perhaps_arrived_goes_again_as_itself_and_first() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![of(Severity::Low, "unsure", 1), of(Severity::Low, "crashed", 2)]);
    let unsure = leased(&fixture);
    finish(&fixture, &unsure, End::Unsure("the connection broke".into()));
    fixture.clock.pass(5 * SECOND);
    let again = leased(&fixture);
    assert_eq!(again.message, unsure.message);
    finish(&fixture, &again, End::Deferred("451 later".into()));
    // The other one is on its way when the program dies.
    let crashed = leased(&fixture);
    assert_ne!(crashed.message, unsure.message);
    let fixture = fixture.again();
    fixture.database.reclaim().unwrap();
    fixture.clock.pass(60 * SECOND);
    // More than fit, of the same incidents, too.
    fixture.decide(vec![of(Severity::Medium, "unsure", 3), of(Severity::Medium, "crashed", 4)]);
    fixture.decide((10..23).map(|i| of(Severity::Medium, &format!("f{i}"), i)).collect());
    let mut told = Vec::new();
    while let Next::Send(leased) = fixture.database.next(RELAY).unwrap() {
        told.push((leased.message.clone(), folded(&leased)));
        finish(&fixture, &leased, End::Sent(String::new()));
    }
    assert_eq!(told[0], (unsure.message, None));
    assert!(told[1..3].contains(&(crashed.message, None)), "{told:?}");
    let digests: Vec<u64> = told.iter().filter_map(|(_, folded)| *folded).collect();
    assert_eq!(digests.iter().sum::<u64>() as usize + told.len() - digests.len(), 17, "{told:?}");
}

#[test]
fn nothing_overtakes_a_digest() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let all = || (0..13).map(|i| of(Severity::Medium, &format!("f{i}"), i)).collect();
    fixture.decide(all());
    let digest = leased(&fixture);
    assert_eq!(folded(&digest), Some(13));
    finish(&fixture, &digest, End::Deferred("451 later".into()));
    let resolve = Act::Resolve { resolution: Resolution::TruePositive, comment: String::new() };
    let act = |id| fixture.database.act(&fixture.tenant, id, None, resolve.clone(), me()).unwrap().unwrap();
    act(1);
    assert!(matches!(fixture.database.next(RELAY).unwrap(), Next::Wait(_)));
    // Nor does another digest.
    (2..=13).for_each(|id| drop(act(id)));
    assert!(matches!(fixture.database.next(RELAY).unwrap(), Next::Wait(_)));
    fixture.clock.pass(5 * SECOND);
    let again = leased(&fixture);
    assert_eq!((&again.message, folded(&again)), (&digest.message, Some(13)));
    finish(&fixture, &again, End::Sent(String::new()));
    let last = leased(&fixture);
    assert_eq!(folded(&last), Some(13));
    finish(&fixture, &last, End::Sent(String::new()));
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
}

#[test]
fn a_critical_notice_takes_the_digest_before_it_along() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide((0..13).map(|i| of(Severity::Medium, &format!("f{i}"), i)).collect());
    let digest = leased(&fixture);
    finish(&fixture, &digest, End::Deferred("451 later".into()));
    fixture.decide(vec![of(Severity::Critical, "f3", 100)]);
    let first = leased(&fixture);
    assert_eq!(first.message, digest.message);
    finish(&fixture, &first, End::Sent(String::new()));
    assert_eq!(reason(&leased(&fixture)), Reason::SeverityRose { from: "medium".into() });
}

#[test]
fn what_is_being_sent_when_a_critical_notice_comes_does_not_hold_it_up() {
    for end in [End::Deferred("451 later".into()), End::Unsure("the connection broke".into())] {
        let fixture = Fixture::new(policy(&["a@example.org"]));
        fixture.decide(vec![of(Severity::Medium, "x", 1)]);
        let mut first = leased(&fixture);
        for _ in 0..6 {
            finish(&fixture, &first, End::Deferred("451 later".into()));
            fixture.clock.pass(HOUR);
            first = leased(&fixture);
        }
        fixture.clock.pass(SECOND);
        fixture.decide(vec![of(Severity::Critical, "x", 2)]);
        fixture.clock.pass(SECOND);
        finish(&fixture, &first, end);
        // A relay that did not answer is left alone for a moment, whatever waits.
        fixture.clock.pass(5 * SECOND);
        let again = leased(&fixture);
        assert_eq!(again.message, first.message);
        // Early once: it has asked for patience since.
        finish(&fixture, &again, End::Deferred("451 later".into()));
        let Next::Wait(at) = fixture.database.next(RELAY).unwrap() else { panic!("expected to wait") };
        assert!(at > fixture.clock.now() + 30 * SECOND);
    }
}

#[test]
fn a_digest_that_is_being_sent_when_a_critical_notice_comes_does_not_hold_it_up() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide((0..13).map(|i| of(Severity::Medium, &format!("f{i}"), i)).collect());
    let digest = leased(&fixture);
    fixture.clock.pass(1);
    fixture.decide(vec![of(Severity::Critical, "f3", 100)]);
    finish(&fixture, &digest, End::Deferred("451 later".into()));
    assert_eq!(leased(&fixture).message, digest.message);
}

#[test]
fn what_is_queued_again_is_as_urgent_as_what_waits_behind_it() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let refuse = |leased: Leased| finish(&fixture, &leased, End::Refused("550 no such user".into()));
    fixture.decide(vec![of(Severity::Medium, "x", 1)]);
    refuse(leased(&fixture));
    fixture.decide((0..13).map(|i| of(Severity::Medium, &format!("d{i}"), 10 + i)).collect());
    let digest = leased(&fixture);
    assert_eq!(folded(&digest), Some(13));
    refuse(digest);
    // All that may go within the hour has gone.
    for i in 0..12 {
        fixture.decide(vec![of(Severity::Medium, &format!("f{i}"), 30 + i)]);
        let one = leased(&fixture);
        finish(&fixture, &one, End::Sent(String::new()));
    }
    fixture.decide(vec![of(Severity::Critical, "x", 50), of(Severity::Critical, "d3", 51)]);
    assert_eq!(fixture.database.retry(&fixture.tenant, None, me()).unwrap(), 2);
    let mut told = Vec::new();
    while let Next::Send(one) = fixture.database.next(RELAY).unwrap() {
        told.push(folded(&one).map_or_else(|| format!("{:?}", reason(&one)), |of| format!("digest of {of}")));
        finish(&fixture, &one, End::Sent(String::new()));
    }
    let rose = "SeverityRose { from: \"medium\" }";
    assert_eq!(told, ["First", "digest of 13", rose, rose]);
}

#[test]
fn what_is_queued_again_together_is_as_urgent_as_the_worst_of_it() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    for severity in [Severity::Medium, Severity::Critical] {
        fixture.decide(vec![of(severity, "x", severity as u64)]);
        let refused = leased(&fixture);
        finish(&fixture, &refused, End::Refused("550 no such user".into()));
    }
    for i in 0..12 {
        fixture.decide(vec![of(Severity::Medium, &format!("f{i}"), 30 + i)]);
        let one = leased(&fixture);
        finish(&fixture, &one, End::Sent(String::new()));
    }
    assert_eq!(fixture.database.retry(&fixture.tenant, None, me()).unwrap(), 2);
    for expected in [Reason::First, Reason::SeverityRose { from: "medium".into() }] {
        let one = leased(&fixture);
        assert_eq!(reason(&one), expected);
        finish(&fixture, &one, End::Sent(String::new()));
    }
}

#[test]
fn of_two_routes_to_an_address_the_one_that_is_not_quiet_counts() {
    let awake = Route { name: "awake".into(), ..route(&["a@example.org"]) };
    let routes = Routes(vec![quiet_route(&["a@example.org"]), awake]);
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    fixture.decide(vec![of(Severity::Medium, "x", 1)]);
    let one = leased(&fixture);
    assert!(matches!(&one.content, Content::Incident(about) if about.route == "awake"));
}

#[test]
fn a_flush_leaves_quiet_hours_alone() {
    let quiet = quiet_route(&["a@example.org"]);
    let routes = Routes(vec![quiet, route(&["b@example.org"])]);
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    fixture.decide(vec![of(Severity::Medium, "x", 1)]);
    let one = leased(&fixture);
    assert_eq!(one.recipient, "b@example.org");
    finish(&fixture, &one, End::Deferred("451 later".into()));
    assert_eq!(fixture.database.flush(&fixture.tenant, me()).unwrap(), 1);
    let one = leased(&fixture);
    assert_eq!(one.recipient, "b@example.org");
    finish(&fixture, &one, End::Sent(String::new()));
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Wait(START + 7 * HOUR));
}

/// A notice took its token when it was not critical yet; what it gives back belongs there.
#[test]
fn a_token_goes_back_where_it_came_from() {
    for end in [
        End::Deferred("451 later".into()),
        End::Refused("550 no such user".into()),
        End::Relay("no route".into()),
    ] {
        let fixture = Fixture::new(policy(&["a@example.org"]));
        // Both buckets have been used, so that neither is at its brim.
        fixture.decide(vec![of(Severity::Critical, "y", 1), of(Severity::Low, "z", 2)]);
        for _ in 0..2 {
            let used = leased(&fixture);
            finish(&fixture, &used, End::Sent(String::new()));
        }
        let levels = |fixture: &Fixture| {
            let buckets = fixture.database.outbox(&fixture.tenant, 10).unwrap().buckets;
            let mut levels: Vec<(bool, i64)> =
                buckets.iter().map(|(_, critical, bucket)| (*critical, bucket.level)).collect();
            levels.sort_unstable();
            levels
        };
        let before = levels(&fixture);
        fixture.decide(vec![of(Severity::Low, "x", 3)]);
        let first = leased(&fixture);
        // It becomes critical while it is being sent.
        fixture.clock.pass(1);
        fixture.decide(vec![of(Severity::Critical, "x", 4)]);
        finish(&fixture, &first, end.clone());
        let after = levels(&fixture);
        assert_eq!(after[1], before[1], "{end}: the critical one was not touched");
        assert!(after[0].1 >= before[0].1, "{end}: the other has its token again");
        if matches!(end, End::Refused(_)) {
            continue;
        }
        // What waits before a critical one is as urgent.
        fixture.clock.pass(HOUR);
        let again = leased(&fixture);
        assert_eq!(again.notice, first.notice);
        assert!(levels(&fixture)[1].1 < levels(&fixture)[0].1, "{end}: it has taken a critical token");
    }
}

/// The same over a crash: what was being sent waits again, as urgent as what waits behind it.
#[test]
fn what_is_taken_back_is_as_urgent_as_what_is_behind_it() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    let first = leased(&fixture);
    fixture.clock.pass(1);
    fixture.decide(vec![of(Severity::Critical, "x", 2), of(Severity::Low, "y", 3)]);
    let fixture = fixture.again();
    assert_eq!(fixture.database.reclaim().unwrap(), 1);
    let again = leased(&fixture);
    assert_eq!(again.notice, first.notice);
    finish(&fixture, &again, End::Sent(String::new()));
    assert!(matches!(reason(&leased(&fixture)), Reason::SeverityRose { .. }));
}
