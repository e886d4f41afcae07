use tripline::abi::Severity;
use tripline::incidents::{
    Act, ActError, Actor, Effect, Filter, Happening, IncidentLimits, NewException, Place, Policy, Redaction,
    Resolution, State,
};

use crate::fixture::{Fixture, HOUR, SECOND, decision, pattern, policy, with, with_rule};

fn resolve() -> Act {
    Act::Resolve { resolution: Resolution::FalsePositive, comment: "a test".into() }
}

fn me() -> Actor {
    Actor::user(1000, "alice")
}

#[test]
fn equal_decisions_are_one_incident_and_a_replay_changes_nothing() {
    let fixture = Fixture::new(policy(&[]));
    let both = || vec![decision("r", Some("a"), 1), decision("r", Some("a"), 2), decision("r", Some("b"), 3)];
    let committed = fixture.decide(both());
    assert_eq!((committed.opened.as_slice(), committed.occurrences), ([1, 2].as_slice(), 3));
    let before = fixture.database.incident(&fixture.tenant, 1).unwrap().unwrap();
    assert_eq!((before.count, before.occurrences, before.state), (2, 2, State::Open));
    let committed = fixture.decide(both());
    assert_eq!((committed.known, committed.occurrences, committed.grown.len()), (3, 0, 0));
    assert_eq!(fixture.database.incident(&fixture.tenant, 1).unwrap().unwrap(), before);
    let fixture = fixture.again();
    assert_eq!(fixture.database.incident(&fixture.tenant, 1).unwrap().unwrap(), before);
    let timeline = fixture.database.timeline(&fixture.tenant, 1).unwrap();
    assert_eq!(timeline.len(), 1);
    assert_eq!(timeline[0].what, Happening::Opened { previous: None });
    let evidence = fixture.database.evidence(&fixture.tenant, 1).unwrap();
    assert_eq!(evidence.len(), 2);
    assert_eq!(evidence[1].text.as_deref(), Some(b"line at 2".as_slice()));
    assert!(evidence[1].digest.is_some());
}

#[test]
fn after_it_was_resolved_the_next_decision_opens_a_generation() {
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let act = |act| fixture.database.act(&fixture.tenant, 1, None, act, me()).unwrap();
    act(Act::Acknowledge { hold: None }).unwrap();
    let resolved = act(resolve()).unwrap();
    assert_eq!((resolved.state, resolved.resolution), (State::Resolved, Some(Resolution::FalsePositive)));
    assert!(matches!(act(resolve()), Err(ActError::State { .. })));
    let committed = fixture.decide(vec![decision("r", Some("a"), 1), decision("r", Some("a"), 2)]);
    assert_eq!((committed.known, committed.opened.as_slice()), (1, [2].as_slice()));
    let second = fixture.database.incident(&fixture.tenant, 2).unwrap().unwrap();
    assert_eq!((second.generation, second.previous, second.count), (2, Some(1), 1));
    assert_eq!(act(Act::Reopen { comment: String::new() }), Err(ActError::Superseded { id: 1, latest: 2 }));
    let found = fixture.database.act(&fixture.tenant, 2, Some(99), resolve(), me()).unwrap();
    assert!(matches!(found, Err(ActError::Changed { expected: 99, .. })));
}

#[test]
fn severity_rises_and_never_falls() {
    let fixture = Fixture::new(policy(&[]));
    let of = |severity, offset| with(decision("r", Some("a"), offset), |one| one.severity = severity);
    let mut committed = fixture.decide(vec![of(Severity::Low, 1)]);
    assert_eq!(committed.worst, Some(Severity::Low));
    committed.add(fixture.decide(vec![of(Severity::High, 2)]));
    assert_eq!(committed.worst, Some(Severity::High));
    // What the incident is, not what its last occurrence was.
    assert_eq!(fixture.decide(vec![of(Severity::Low, 3)]).worst, Some(Severity::High));
    assert_eq!(fixture.decide(vec![of(Severity::Low, 3)]).worst, None, "known");
    assert_eq!(fixture.database.incident(&fixture.tenant, 1).unwrap().unwrap().severity, Severity::High);
    let timeline = fixture.database.timeline(&fixture.tenant, 1).unwrap();
    let rose = Happening::SeverityRose { from: Severity::Low, to: Severity::High };
    assert_eq!(timeline.iter().filter(|entry| entry.what == rose).count(), 1);
}

#[test]
fn quiet_for_longer_than_the_window_is_a_new_incident() {
    let fixture = Fixture::new(policy(&[]));
    let of = |offset| with_rule(decision("r", Some("a"), offset), |rule| rule.dedupe_window = Some(60));
    fixture.decide(vec![of(0), of(60), of(120), of(181)]);
    let of = |offset| decision("s", None, offset);
    fixture.decide(vec![of(0), of(3600), of(7201)]);
    let count = |id| fixture.database.incident(&fixture.tenant, id).unwrap().map(|incident| incident.count);
    assert_eq!([count(1), count(2), count(3), count(4)], [Some(3), Some(1), Some(2), Some(1)]);
    assert_eq!(fixture.database.incident(&fixture.tenant, 2).unwrap().unwrap().previous, Some(1));
}

#[test]
fn what_is_over_the_limit_is_one_incident() {
    let limits = IncidentLimits { open_per_rule: 10, ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&["a@example.org"]) });
    for batch in 0..10 {
        let one = |i| decision("r", Some(&format!("f{i}")), i);
        fixture.decide((batch * 1000..(batch + 1) * 1000).map(one).collect());
    }
    let page = fixture.database.page(&fixture.tenant, &Filter::default(), None, 100).unwrap();
    assert_eq!(page.incidents.len(), 11);
    let overflow = page.incidents.iter().find(|incident| incident.overflow).unwrap();
    assert_eq!((overflow.count, overflow.title.as_str()), (9_990, "A rule (9990 more)"));
    assert_eq!(overflow.subject, "A rule: more than 10 incidents");
    let evidence = fixture.database.evidence(&fixture.tenant, overflow.id).unwrap();
    assert_eq!((evidence.len() as u64, overflow.evidence_dropped), (32, 9_990 - 32));
}

#[test]
fn exceptions_count_what_they_take_out() {
    let fixture = Fixture::new(policy(&[]));
    let network = Place::Network("192.0.2.0/24".parse().unwrap());
    let new = NewException {
        rule: Some(pattern("demo/*")),
        field: Some(("ip".into(), network)),
        effect: Effect::Except,
        until: Some(fixture_end()),
        reason: "our scanner".into(),
    };
    let id = fixture.database.except(&fixture.tenant, new, me()).unwrap();
    let decisions = || vec![decision("r", Some("192.0.2.7"), 1), decision("r", Some("198.51.100.7"), 2)];
    let committed = fixture.decide(decisions());
    assert_eq!((committed.excepted, committed.opened.len()), (1, 1));
    // A replay counts nothing twice.
    let committed = fixture.decide(decisions());
    assert_eq!((committed.excepted, committed.known), (0, 2));
    let all = fixture.database.exceptions(&fixture.tenant, false).unwrap();
    assert_eq!((all.len(), all[0].count), (1, 1));
    assert_eq!(fixture.database.excepted(&fixture.tenant, id, 10).unwrap()[0].3, "Seen 192.0.2.7");
    assert!(fixture.database.end_exception(&fixture.tenant, id, me()).unwrap());
    assert!(!fixture.database.end_exception(&fixture.tenant, id, me()).unwrap());
    assert_eq!(fixture.decide(vec![decision("r", Some("192.0.2.7"), 3)]).opened.len(), 1);
}

fn fixture_end() -> i64 {
    crate::fixture::START + HOUR
}

#[test]
fn an_exception_may_change_the_severity_and_ends_by_itself() {
    let fixture = Fixture::new(policy(&[]));
    let new = NewException {
        rule: Some(pattern("demo/r")),
        field: None,
        effect: Effect::Severity(Severity::Critical),
        until: Some(fixture_end()),
        reason: "audit".into(),
    };
    fixture.database.except(&fixture.tenant, new, me()).unwrap();
    fixture.decide(vec![decision("r", Some("a"), 1), decision("s", Some("a"), 1)]);
    fixture.clock.pass(HOUR);
    fixture.decide(vec![decision("r", Some("b"), 2)]);
    let severity = |id| fixture.database.incident(&fixture.tenant, id).unwrap().unwrap().severity;
    assert_eq!(
        [severity(1), severity(2), severity(3)],
        [Severity::Critical, Severity::Medium, Severity::Medium]
    );
}

#[test]
fn secrets_are_blotted_out_before_anything_is_stored() {
    let redaction = Redaction::new(&["pw=(?<secret>\\S+)".into()]).unwrap();
    let fixture = Fixture::new(Policy { redaction, ..policy(&[]) });
    let secret = with(decision("r", Some("a"), 1), |one| {
        one.title = "login pw=hunter2".into();
        one.evidence[0].text = Some(b"user=x pw=hunter2".to_vec());
    });
    fixture.decide(vec![secret]);
    let incident = fixture.database.incident(&fixture.tenant, 1).unwrap().unwrap();
    assert_eq!(
        (incident.title.as_str(), incident.subject.as_str()),
        ("login pw=[redacted]", "login pw=[redacted]")
    );
    let path = fixture.path();
    drop(fixture.database);
    let bytes = std::fs::read(path).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
}

#[test]
fn pages_go_back_in_time_and_filter() {
    let fixture = Fixture::new(policy(&[]));
    for i in 0..25 {
        fixture.decide(vec![decision(if i % 2 == 0 { "even" } else { "odd" }, Some(&format!("f{i}")), i)]);
        fixture.clock.pass(SECOND);
    }
    let page = |filter: &Filter, after| fixture.database.page(&fixture.tenant, filter, after, 10).unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let found = page(&Filter::default(), after);
        seen.extend(found.incidents.iter().map(|incident| incident.id));
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<_>>());
    let odd = Filter { rule: Some(pattern("demo/odd")), ..Filter::default() };
    assert_eq!(page(&odd, None).incidents.len(), 10);
    let any = Filter { rule: Some(pattern("*/even")), text: Some("F24".into()), ..Filter::default() };
    assert_eq!(page(&any, None).incidents.len(), 1);
    let none = Filter { text: Some("100%".into()), ..Filter::default() };
    assert_eq!(page(&none, None).incidents.len(), 0);
    let states = Filter { states: vec![State::Resolved], ..Filter::default() };
    assert_eq!(page(&states, None).incidents.len(), 0);
}
