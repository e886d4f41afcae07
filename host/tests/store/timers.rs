use std::time::Duration;

use tripline::abi::Severity;
use tripline::incidents::NewSilence;
use tripline::incidents::{Act, Actor, Policy, Resolution, ResolveAfter, State};
use tripline::notices::{Content, End, Next, Outbox, Reason, Route, Routes};
use tripline::wall_clock::WallClock;

use crate::fixture::{Fixture, HOUR, SECOND, decision, policy, route, with, with_rule};

pub(super) fn me() -> Actor {
    Actor::user(1000, "alice")
}

/// Delivers all that is due; answers why each was told.
pub(super) fn deliver(fixture: &Fixture) -> Vec<Reason> {
    let mut told = Vec::new();
    while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
        let Content::Incident(about) = &leased.content else { panic!("expected no digest") };
        told.push(about.reason.clone());
        fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
    }
    told
}

#[test]
fn an_acknowledgement_runs_out() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let hold = Some(2 * HOUR);
    fixture.database.act(&fixture.tenant, 1, None, Act::Acknowledge { hold }, me()).unwrap().unwrap();
    fixture.clock.pass(2 * HOUR - 1);
    assert_eq!(fixture.database.due().unwrap().expired, 0);
    fixture.clock.pass(1);
    assert_eq!(fixture.database.due().unwrap().expired, 1);
    assert_eq!(fixture.database.incident(&fixture.tenant, 1).unwrap().unwrap().state, State::Open);
    assert_eq!(deliver(&fixture), [Reason::First, Reason::AcknowledgementExpired]);
    assert_eq!(fixture.database.due().unwrap().expired, 0);
}

#[test]
fn quiet_resolves_and_an_occurrence_puts_it_off() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let of = |offset| with_rule(decision("r", Some("a"), offset), |rule| rule.resolve_after = Some(3600));
    fixture.decide(vec![of(1)]);
    fixture.clock.pass(HOUR / 2);
    fixture.decide(vec![of(2)]);
    fixture.clock.pass(HOUR / 2);
    assert_eq!(fixture.database.due().unwrap().resolved, 0);
    fixture.clock.pass(HOUR / 2);
    assert_eq!(fixture.database.due().unwrap().resolved, 1);
    let incident = fixture.database.incident(&fixture.tenant, 1).unwrap().unwrap();
    assert_eq!((incident.state, incident.resolution), (State::Resolved, Some(Resolution::Unknown)));
    assert_eq!(deliver(&fixture), [Reason::First, Reason::Resolved]);
}

#[test]
fn what_stays_open_and_goes_on_is_told_again() {
    let mut again = route(&["a@example.org"]);
    again.repeat = Some(Duration::from_secs(4 * 3600));
    let fixture = Fixture::new(Policy { routes: Routes(vec![again]), ..Policy::default() });
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    fixture.clock.pass(4 * HOUR);
    // Nothing has happened since.
    assert_eq!(fixture.database.due().unwrap().repeated, 1);
    assert_eq!(deliver(&fixture), [Reason::First]);
    fixture.clock.pass(SECOND);
    fixture.decide(vec![decision("r", Some("a"), 2)]);
    fixture.clock.pass(4 * HOUR);
    fixture.database.due().unwrap();
    assert_eq!(deliver(&fixture), [Reason::Repeat]);
    fixture.database.act(&fixture.tenant, 1, None, Act::Acknowledge { hold: None }, me()).unwrap().unwrap();
    fixture.decide(vec![decision("r", Some("a"), 3)]);
    fixture.clock.pass(4 * HOUR);
    fixture.database.due().unwrap();
    assert_eq!(deliver(&fixture), []);
}

/// A route that tells again after so many hours; 0: never.
fn repeating(to: &str, hours: u64) -> Route {
    let repeat = (hours > 0).then(|| Duration::from_secs(hours * 3600));
    Route { name: format!("every {hours}"), repeat, ..route(&[to]) }
}

#[test]
fn each_is_told_again_as_often_as_its_own_route_says() {
    let to = [("a@example.org", 1), ("b@example.org", 0), ("c@example.org", 24)];
    let routes = Routes(to.iter().map(|(to, hours)| repeating(to, *hours)).collect());
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    fixture.decide(vec![decision("r", Some("x"), 0)]);
    for half_hour in 1..=48 {
        fixture.clock.pass(HOUR / 2);
        fixture.decide(vec![decision("r", Some("x"), half_hour)]);
        fixture.database.due().unwrap();
        while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
            fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
        }
    }
    let told = fixture.database.told(&fixture.tenant, 1).unwrap();
    let repeats =
        to.map(|(to, _)| told.iter().filter(|one| one.recipient == to && one.reason == "repeat").count());
    assert_eq!(repeats, [24, 0, 1]);
}

#[test]
fn a_rise_and_a_reopening_wind_the_repeats_up() {
    let bad = Route { severity: Severity::High, ..repeating("a@example.org", 1) };
    let routes = Routes(vec![bad, repeating("a@example.org", 0)]);
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    let of = |severity, offset| with(decision("r", Some("x"), offset), |one| one.severity = severity);
    let occurs_and_an_hour_passes = |offset| {
        fixture.clock.pass(SECOND);
        fixture.decide(vec![of(Severity::Low, offset)]);
        fixture.clock.pass(HOUR);
        fixture.database.due().unwrap();
    };
    fixture.decide(vec![of(Severity::Low, 1)]);
    occurs_and_an_hour_passes(2);
    assert_eq!(deliver(&fixture), [Reason::First]);
    fixture.decide(vec![of(Severity::High, 3)]);
    occurs_and_an_hour_passes(4);
    assert_eq!(deliver(&fixture), [Reason::SeverityRose { from: "low".into() }, Reason::Repeat]);
    let act = |act| fixture.database.act(&fixture.tenant, 1, None, act, me()).unwrap().unwrap();
    act(Act::Resolve { resolution: Resolution::Expected, comment: String::new() });
    fixture.clock.pass(2 * HOUR);
    fixture.database.due().unwrap();
    act(Act::Reopen { comment: String::new() });
    occurs_and_an_hour_passes(5);
    assert_eq!(deliver(&fixture), [Reason::Resolved, Reason::ReopenedByHand, Reason::Repeat]);
}

#[test]
fn a_command_without_routes_leaves_timers_to_one_that_has_them() {
    let routes = Routes(vec![repeating("a@example.org", 1)]);
    let mut fixture = Fixture::new(Policy { routes, ..Policy::default() });
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    fixture.decide(vec![decision("r", Some("y"), 1)]);
    assert_eq!(deliver(&fixture).len(), 2);
    let hold = Some(HOUR);
    fixture.database.act(&fixture.tenant, 1, None, Act::Acknowledge { hold }, me()).unwrap().unwrap();
    fixture.clock.pass(SECOND);
    fixture.decide(vec![decision("r", Some("y"), 2)]);
    fixture.clock.pass(2 * HOUR);
    // Nobody would be told by these.
    let own = std::mem::take(&mut fixture.policy);
    let mut fixture = fixture.again();
    let done = fixture.database.due().unwrap();
    assert_eq!((done.expired, done.repeated), (0, 0));
    // These tell somebody, and nobody again.
    fixture.policy = policy(&["b@example.org"]);
    let mut fixture = fixture.again();
    assert_eq!((fixture.database.due().unwrap().repeated, deliver(&fixture).len()), (0, 1));
    fixture.policy = own;
    let fixture = fixture.again();
    fixture.database.due().unwrap();
    assert_eq!(deliver(&fixture), [Reason::Repeat]);
}

#[test]
fn what_an_operator_says_of_quiet_goes_before_what_rules_say() {
    let ruled = |fingerprint| {
        let decision = decision("r", Some(fingerprint), 1);
        with_rule(decision, |rule| rule.resolve_after = Some(3600))
    };
    for (says, expected) in [
        (ResolveAfter::AsRuled, [true, false]),
        (ResolveAfter::Quiet(2 * HOUR), [false, false]),
        (ResolveAfter::Quiet(SECOND), [true, true]),
        (ResolveAfter::Never, [false, false]),
    ] {
        let mut policy = policy(&[]);
        policy.limits.resolve_after = says;
        let fixture = Fixture::new(policy);
        fixture.decide(vec![ruled("x"), decision("silent", Some("y"), 1)]);
        fixture.clock.pass(HOUR);
        fixture.database.due().unwrap();
        let state = |id| fixture.database.incident(&fixture.tenant, id).unwrap().unwrap().state;
        assert_eq!([state(1), state(2)].map(|state| state == State::Resolved), expected, "{says:?}");
    }
    // What changes counts for an incident once it happens again.
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![ruled("x")]);
    let mut never = policy(&[]);
    never.limits.resolve_after = ResolveAfter::Never;
    fixture.database.set_policy(never);
    fixture.decide(vec![with(ruled("x"), |again| again.trigger.as_mut().unwrap().offset = 2)]);
    fixture.clock.pass(HOUR);
    fixture.database.due().unwrap();
    let incident = fixture.database.incident(&fixture.tenant, 1).unwrap().unwrap();
    assert_eq!((incident.count, incident.state), (2, State::Open));
}

#[test]
fn flags_leave_timers_to_the_configuration_that_has_told_somebody() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let quiet = |decision| with_rule(decision, |rule| rule.resolve_after = Some(7200));
    fixture.decide(vec![decision("r", Some("x"), 1), quiet(decision("q", Some("y"), 1))]);
    assert_eq!(deliver(&fixture).len(), 2);
    let hold = Some(HOUR);
    fixture.database.act(&fixture.tenant, 1, None, Act::Acknowledge { hold }, me()).unwrap().unwrap();
    fixture.clock.pass(2 * HOUR);
    let own = policy(&["a@example.org"]);
    let flag = Route { name: "--mail-to".into(), ..route(&["b@example.org"]) };
    let flags = Policy { routes: Routes(vec![flag]), partial: true, ..Policy::default() };
    fixture.database.set_policy(flags.clone());
    let done = fixture.database.due().unwrap();
    assert_eq!((done.expired, done.resolved, deliver(&fixture).len()), (0, 0, 0));
    fixture.database.set_policy(own);
    let done = fixture.database.due().unwrap();
    assert_eq!((done.expired, done.resolved), (1, 1));
    let to: Vec<String> = (1..=2)
        .flat_map(|id| fixture.database.told(&fixture.tenant, id).unwrap())
        .map(|told| told.recipient)
        .collect();
    assert_eq!(to, ["a@example.org"; 4]);
    // Where nobody was told by anything but flags, they run them.
    let fixture = Fixture::new(flags);
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    assert_eq!(deliver(&fixture), [Reason::First]);
    fixture.database.act(&fixture.tenant, 1, None, Act::Acknowledge { hold }, me()).unwrap().unwrap();
    fixture.clock.pass(HOUR);
    assert_eq!(fixture.database.due().unwrap().expired, 1);
    assert_eq!(deliver(&fixture), [Reason::AcknowledgementExpired]);
}

/// Whoever a silence held something back from is told when it is over, by whichever command comes first: each has
/// addresses of its own, and all call their route the same.
#[test]
fn whom_a_silence_held_back_from_is_told_by_a_command_that_tells_others() {
    let flags = |to: &str| {
        let flag = Route { name: "--mail-to".into(), ..route(&[to]) };
        Policy { routes: Routes(vec![flag]), partial: true, ..Policy::default() }
    };
    let fixture = Fixture::new(flags("a@example.org"));
    let new = NewSilence {
        starts: fixture.clock.now(),
        ends: fixture.clock.now() + HOUR,
        reason: "moving".into(),
        ..NewSilence::default()
    };
    fixture.database.silence(&fixture.tenant, new, me()).unwrap();
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    // Something was held back twice from the one, and once from the other.
    fixture.decide(vec![with(decision("r", Some("x"), 2), |one| one.severity = Severity::High)]);
    fixture.database.set_policy(flags("b@example.org"));
    fixture.decide(vec![with(decision("r", Some("x"), 3), |one| one.severity = Severity::Critical)]);
    fixture.database.set_policy(flags("c@example.org"));
    fixture.clock.pass(HOUR);
    assert_eq!(fixture.database.due().unwrap().unsilenced, 1);
    let mut told = Vec::new();
    while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
        told.push(leased.recipient.clone());
        fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
    }
    assert_eq!(told, ["a@example.org", "b@example.org"]);
    assert_eq!(fixture.database.due().unwrap().unsilenced, 0);
}

/// A route that tells again every zero seconds tells never: nothing else would have an end.
#[test]
fn a_repeat_of_zero_is_none() {
    let zero = Route { repeat: Some(Duration::ZERO), ..route(&["a@example.org"]) };
    let fixture = Fixture::new(Policy { routes: Routes(vec![zero]), ..Policy::default() });
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    fixture.decide(vec![decision("r", Some("a"), 2)]);
    fixture.clock.pass(HOUR);
    assert_eq!(fixture.database.due().unwrap().repeated, 0);
    assert_eq!(deliver(&fixture), [Reason::First]);
}
