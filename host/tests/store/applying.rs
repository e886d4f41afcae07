use sha2::{Digest, Sha256};
use tripline::abi::Severity;
use tripline::commit::{Commit, FileIdentity, Store};
use tripline::decision::Decision;
use tripline::incidents::{
    Act, ActError, Actor, Effect, Filter, Happening, IncidentLimits, NewException, Place, Policy, Redaction,
    Report, Resolution, State,
};
use tripline::security_log::Records;

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
    let both = || vec![decision("r", Some("a"), 1), decision("s", Some("a"), 1)];
    fixture.decide(both());
    // A replay counts nothing twice.
    fixture.decide(both());
    fixture.clock.pass(HOUR);
    fixture.decide(vec![decision("r", Some("b"), 2)]);
    let severity = |id| fixture.database.incident(&fixture.tenant, id).unwrap().unwrap().severity;
    assert_eq!(
        [severity(1), severity(2), severity(3)],
        [Severity::Critical, Severity::Medium, Severity::Medium]
    );
    let all = fixture.database.exceptions(&fixture.tenant, true).unwrap();
    assert_eq!(
        (all[0].count, all[0].last),
        (1, Some(crate::fixture::START)),
        "what it has changed is counted"
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
fn a_fingerprint_keeps_incidents_apart_without_its_secret() {
    let redaction = Redaction::new(&["pw=(?<secret>\\S+)".into()]).unwrap();
    let fixture = Fixture::new(Policy { redaction, ..policy(&[]) });
    let of = |secret: &str, offset| decision("r", Some(&format!("login pw={secret} of bob")), offset);
    let plain = |one: Decision| with(one, |one| (one.title, one.values) = ("login".into(), Vec::new()));
    let all =
        || vec![of("hunter2", 1), of("hunter2", 2), of("correcthorse", 3)].into_iter().map(plain).collect();
    let committed = fixture.decide(all());
    assert_eq!((committed.opened.as_slice(), committed.occurrences), ([1, 2].as_slice(), 3));
    assert_eq!(fixture.decide(all()).known, 3);
    let incident = |id| fixture.database.incident(&fixture.tenant, id).unwrap().unwrap();
    let given = |id| String::from_utf8(incident(id).fingerprint.given().unwrap().to_vec()).unwrap();
    assert!(given(1).starts_with("login pw=[redacted] of bob ") && given(1) != given(2), "{}", given(1));
    let found = |text: &str| {
        let filter = Filter { text: Some(text.into()), ..Filter::default() };
        fixture.database.page(&fixture.tenant, &filter, None, 10).unwrap().incidents.len()
    };
    assert_eq!([found("of bob"), found("hunter2"), found("correcthorse")], [2, 0, 0]);
    // Another installation says otherwise: what stands in security.log is no hash of the secret alone.
    let other = Fixture::new(fixture.policy.clone());
    other.decide(all());
    let theirs = other.database.incident(&other.tenant, 1).unwrap().unwrap();
    assert_ne!(theirs.fingerprint, incident(1).fingerprint);
    let path = fixture.path();
    drop(fixture.database);
    let bytes = std::fs::read(path).unwrap();
    for secret in [&b"hunter2"[..], b"correcthorse"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[test]
fn a_new_pattern_goes_over_what_is_stored() {
    let fixture = Fixture::new(policy(&[]));
    let of = |n: u64, offset| {
        with(decision("r", Some(&format!("pw=hunter{n} of {n}")), offset), |one| {
            one.evidence[0].text = Some(format!("login pw=hunter{n}").into_bytes());
        })
    };
    let limits = IncidentLimits { open_per_rule: 2_000, ..IncidentLimits::default() };
    fixture.database.set_policy(Policy { limits, ..policy(&[]) });
    // More than one step.
    fixture.decide((0..1_200).map(|n| of(n, n)).collect());
    let redaction = Redaction::new(&["pw=(?<secret>\\S+)".into()]).unwrap();
    let own = Policy { redaction, limits, ..policy(&[]) };
    // Whoever does not know all patterns changes nothing.
    fixture.database.set_policy(Policy { partial: true, ..own.clone() });
    assert_eq!(fixture.database.due().unwrap().blotted, 0);
    fixture.database.set_policy(own);
    // One more of the first comes before that: it finds its own incident again no more, and neither is lost.
    assert_eq!(fixture.decide(vec![of(0, 5_000)]).opened, [1_201]);
    assert_eq!(fixture.database.due().unwrap().blotted, 2 * 1_200);
    assert_eq!(fixture.database.due().unwrap().blotted, 0);
    let incident = |id| fixture.database.incident(&fixture.tenant, id).unwrap().unwrap();
    assert_eq!(incident(1_200).title, "Seen pw=[redacted] of 1199");
    assert_eq!(incident(1_200).values, [("ip".to_string(), "pw=[redacted] of 1199".to_string())]);
    // The others are found by what comes from now on.
    let grown = fixture.decide(vec![of(1_199, 6_000), of(7, 6_001)]);
    assert_eq!((grown.grown.as_slice(), grown.opened.len()), ([1_200, 8].as_slice(), 0));
    let evidence = fixture.database.evidence(&fixture.tenant, 5).unwrap();
    assert_eq!(evidence[0].text.as_deref(), Some(b"login pw=[redacted]".as_slice()));
    assert_eq!(evidence[0].digest, Some(Sha256::digest(b"login pw=hunter4").into()));
    let found = |text: &str| {
        let filter = Filter { text: Some(text.into()), ..Filter::default() };
        fixture.database.page(&fixture.tenant, &filter, None, 10).unwrap().incidents.len()
    };
    assert_eq!([found("of 1199"), found("hunter")], [1, 0]);
    let path = fixture.path();
    drop(fixture.database);
    let bytes = std::fs::read(path).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"hunter"));
}

#[test]
fn the_digest_is_of_the_line_as_it_was_read() {
    let redaction = Redaction::new(&["pw=(?<secret>\\S+)".into()]).unwrap();
    let limits = IncidentLimits { evidence_bytes: 20, ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { redaction, limits, ..policy(&[]) });
    let long = b"pw=hunter2 and much more than is kept".to_vec();
    let of = |text: &[u8], offset| {
        with(decision("r", Some("a"), offset), |one| one.evidence[0].text = Some(text.to_vec()))
    };
    // Cut before it came here: what it was of is only known by what came with it.
    let cut = |digest| {
        with(of(b"the beginning", 4), |one| (one.evidence[0].cut, one.evidence[0].digest) = (true, digest))
    };
    let elsewhere = with(cut(None), |one| {
        one.trigger.iter_mut().for_each(|position| position.offset = 5);
        one.evidence[0].position.offset = 5;
    });
    fixture.decide(vec![of(b"short", 1), of(b"pw=hunter2", 2), of(&long, 3), cut(Some([7; 32])), elsewhere]);
    let kept = fixture.database.evidence(&fixture.tenant, 1).unwrap();
    let seen: Vec<_> = kept.iter().map(|one| (one.text.as_deref().unwrap(), one.cut, one.digest)).collect();
    let digest = |text: &[u8]| Some(Sha256::digest(text).into());
    type Seen<'a> = (&'a [u8], bool, Option<[u8; 32]>);
    let expected: [Seen<'_>; 5] = [
        (b"short", false, digest(b"short")),
        (b"pw=[redacted]", false, digest(b"pw=hunter2")),
        (b"pw=[redacted] and mu", true, digest(&long)),
        (b"the beginning", true, Some([7; 32])),
        (b"the beginning", true, None),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn what_a_tail_has_decided_stays_known_until_it_is_settled() {
    let limits = IncidentLimits { retention: Some(HOUR), ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&[]) });
    let source = fixture.database.source(&fixture.tenant, "/var/log/app.log").unwrap().number;
    let identity =
        FileIdentity { device: 1, inode: 1, head: [0; 32], head_length: 9, generation: 0, seal: None };
    let file = |path| fixture.database.file(&fixture.tenant, source, None, &identity, path).unwrap();
    let files = [file("a.log"), file("b.log")];
    let of = |file: u32, offset| {
        with(decision("r", Some(&format!("f{file}")), offset), |one| {
            one.trigger.iter_mut().for_each(|position| position.file = file);
        })
    };
    let tick = || with(decision("r", Some("tick"), 9), |one| one.trigger = None);
    let tail = |files: &[u32], decisions| {
        let commit = Commit { decisions, tails: Some(files.to_vec()), ..Commit::default() };
        fixture.database.commit(&fixture.tenant, commit).unwrap()
    };
    let gone = |ids: &[i64]| {
        for id in ids {
            fixture.database.act(&fixture.tenant, *id, None, resolve(), me()).unwrap().unwrap();
        }
        fixture.clock.pass(HOUR + SECOND);
        assert_eq!(fixture.database.due().unwrap().deleted, ids.len() as u64);
    };
    let all = || vec![of(files[0], 1), of(files[1], 2), tick()];
    assert_eq!(tail(&files, all()).opened.len(), 3);
    gone(&[1, 2, 3]);
    // Judged again, with what has settled since: nothing is new.
    let settled = vec![of(files[0], 1)];
    assert_eq!(fixture.decide(settled).known, 1);
    let again = tail(&files[1..], all());
    assert_eq!((again.known, again.occurrences), (3, 0));
    // The tail of the first file is kept, though this check has not read it; the tick is judged no more.
    assert_eq!(tail(&files[1..], vec![of(files[1], 3)]).opened, [4]);
    assert_eq!(fixture.decide(vec![of(files[0], 1)]).known, 1);
    // Settled, and long gone: what is the same by chance is new.
    assert_eq!(tail(&files, vec![of(files[1], 3)]).known, 1);
    assert_eq!(fixture.decide(vec![of(files[0], 1), of(files[1], 2), tick()]).opened.len(), 2);
}

#[test]
fn who_reports_stands_in_timeline_and_log() {
    let fixture = Fixture::new(policy(&[]));
    let report = |severity| Report { fingerprint: Some("laptop".into()), ..Report::new(severity, "lost") };
    let bob = Actor::user(1001, "bob");
    let report = |severity, actor: &Actor| {
        fixture.clock.pass(SECOND);
        fixture.database.report(&fixture.tenant, report(severity), actor.clone()).unwrap()
    };
    assert_eq!(report(Severity::Low, &me()), 1);
    for actor in [&me(), &me(), &bob] {
        assert_eq!(report(Severity::Low, actor), 1);
    }
    assert_eq!(report(Severity::High, &bob), 1);
    let timeline = fixture.database.timeline(&fixture.tenant, 1).unwrap();
    let seen: Vec<_> = timeline.iter().map(|entry| (&entry.actor.name[..], entry.what.clone())).collect();
    let rose = Happening::SeverityRose { from: Severity::Low, to: Severity::High };
    // Each says of his own how often.
    let expected = [
        ("alice", Happening::Opened { previous: None }),
        ("alice", Happening::Occurred { count: 2 }),
        ("bob", Happening::Occurred { count: 2 }),
        ("bob", rose),
    ];
    assert_eq!(seen, expected);
    let records = fixture.database.after(0, 10).unwrap();
    let by: Vec<_> = records.iter().map(|record| (&record.event[..], record.fields["by"].as_str())).collect();
    assert_eq!(by, [("incident.opened", Some("uid:1000")), ("incident.severity-rose", Some("uid:1001"))]);
}

#[test]
fn what_happens_by_itself_is_let_go_and_what_people_say_is_not() {
    let fixture = Fixture::new(policy(&[]));
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let act = |act| fixture.database.act(&fixture.tenant, 1, None, act, me()).unwrap().unwrap();
    for _ in 0..1_100 {
        act(Act::Acknowledge { hold: Some(SECOND) });
        fixture.clock.pass(2 * SECOND);
        assert_eq!(fixture.database.due().unwrap().expired, 1);
    }
    let timeline = fixture.database.timeline(&fixture.tenant, 1).unwrap();
    let count = |code| timeline.iter().filter(|entry| entry.what.code() == code).count();
    assert_eq!((count("opened"), count("acknowledged")), (1, 1_100));
    assert!(count("acknowledgement-expired") <= 501, "{}", count("acknowledgement-expired"));
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
