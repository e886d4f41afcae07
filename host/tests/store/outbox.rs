use std::sync::Arc;

use tripline::abi::Severity;
use tripline::commit::{Commit, Store, Tenant};
use tripline::decision::Decision;
use tripline::incidents::Policy;
use tripline::incidents::{Act, Actor, NewSilence, Resolution};
use tripline::notices::{Content, End, Leased, Next, Outbox, Reason, Routes};

use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::WallClock;

use super::urgent::quiet_route;
use crate::fixture::{Fixture, HOUR, SECOND, START, decision, pattern, policy, route, with};

pub(super) const RELAY: &str = "relay";

pub(super) fn me() -> Actor {
    Actor::user(1000, "alice")
}

pub(super) fn of(severity: Severity, fingerprint: &str, offset: u64) -> Decision {
    with(decision("r", Some(fingerprint), offset), |one| one.severity = severity)
}

#[track_caller]
pub(super) fn leased(fixture: &Fixture) -> Leased {
    match fixture.database.next(RELAY).unwrap() {
        Next::Send(leased) => *leased,
        other => panic!("expected something to send, found {other:?}"),
    }
}

pub(super) fn finish(fixture: &Fixture, leased: &Leased, end: End) {
    fixture.database.finish(RELAY, leased.notice, &end).unwrap();
}

/// How many notices a digest is of; `None`: it is none.
pub(super) fn folded(leased: &Leased) -> Option<u64> {
    match &leased.content {
        Content::Digest(digest) => Some(digest.notices),
        Content::Incident(_) | Content::Confirm(_) => None,
    }
}

pub(super) fn reason(leased: &Leased) -> Reason {
    match &leased.content {
        Content::Incident(about) => about.reason.clone(),
        Content::Digest(_) => Reason::Digest,
        Content::Confirm(_) => Reason::Confirm,
    }
}

#[test]
fn each_recipient_is_told_once_and_in_order() {
    let fixture = Fixture::new(policy(&["a@example.org", "b@example.org"]));
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    fixture.decide(vec![of(Severity::High, "x", 2)]);
    let resolve = Act::Resolve { resolution: Resolution::TruePositive, comment: String::new() };
    fixture.database.act(&fixture.tenant, 1, None, resolve, me()).unwrap().unwrap();
    let mut told = Vec::new();
    let mut ids = Vec::new();
    while let Next::Send(leased) = fixture.database.next(RELAY).unwrap() {
        told.push((leased.recipient.clone(), reason(&leased)));
        ids.push(leased.message.clone());
        finish(&fixture, &leased, End::Sent("250 ok".into()));
    }
    for recipient in ["a@example.org", "b@example.org"] {
        let of: Vec<_> =
            told.iter().filter(|(to, _)| to == recipient).map(|(_, reason)| reason.clone()).collect();
        assert_eq!(of, [Reason::First, Reason::SeverityRose { from: "low".into() }, Reason::Resolved]);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    // A restart sends nothing again.
    let fixture = fixture.again();
    fixture.database.reclaim().unwrap();
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
}

#[test]
fn a_crash_while_sending_sends_again_with_the_same_message_id() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    let first = leased(&fixture);
    let fixture = fixture.again();
    assert_eq!(fixture.database.reclaim().unwrap(), 1);
    let second = leased(&fixture);
    assert_eq!((&first.message, &first.thread), (&second.message, &second.thread));
}

#[test]
fn one_that_is_deferred_holds_back_what_follows_of_its_incident_only() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    let first = leased(&fixture);
    finish(&fixture, &first, End::Deferred("451 later".into()));
    fixture.decide(vec![of(Severity::High, "x", 2), of(Severity::Low, "y", 3)]);
    let other = leased(&fixture);
    assert!(matches!(&other.content, Content::Incident(about) if about.incident.id == 2));
    finish(&fixture, &other, End::Sent(String::new()));
    let Next::Wait(at) = fixture.database.next(RELAY).unwrap() else { panic!("expected to wait") };
    assert!(at > START && at <= START + 5 * SECOND);
    fixture.clock.pass(5 * SECOND);
    let again = leased(&fixture);
    assert_eq!(again.message, first.message);
    finish(&fixture, &again, End::Sent(String::new()));
    assert_eq!(reason(&leased(&fixture)), Reason::SeverityRose { from: "low".into() });
}

#[test]
fn a_dead_recipient_touches_nobody_else_and_can_be_tried_again() {
    let fixture = Fixture::new(policy(&["dead@example.org", "b@example.org"]));
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    for _ in 0..2 {
        let leased = leased(&fixture);
        let end = match leased.recipient.as_str() {
            "dead@example.org" => End::Refused("550 no such user".into()),
            _ => End::Sent(String::new()),
        };
        finish(&fixture, &leased, end);
    }
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
    let status = fixture.database.outbox(&fixture.tenant, 10).unwrap();
    assert_eq!(status.states, [("dead".to_string(), 1), ("sent".to_string(), 1)]);
    assert_eq!((status.dead.len(), status.dead[0].words.as_str()), (1, "550 no such user"));
    assert_eq!(fixture.database.retry(&fixture.tenant, None, me()).unwrap(), 1);
    assert_eq!(leased(&fixture).recipient, "dead@example.org");
}

#[test]
fn more_than_fit_are_one_digest_and_nothing_is_dropped() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide((0..13).map(|i| of(Severity::Medium, &format!("f{i}"), i)).collect());
    let digest = leased(&fixture);
    let Content::Digest(told) = &digest.content else { panic!("expected a digest") };
    assert_eq!((told.notices, told.incidents, told.worst.len()), (13, 13, 12));
    assert_eq!(told.by_rule, [("demo/r".to_string(), Severity::Medium, 13, 13)]);
    finish(&fixture, &digest, End::Sent(String::new()));
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
    // Eleven tokens are left: these go one by one, the rest waits for a token, together.
    fixture.decide((13..24).map(|i| of(Severity::Medium, &format!("f{i}"), i)).collect());
    for _ in 13..24 {
        let one = leased(&fixture);
        assert!(matches!(one.content, Content::Incident(_)));
        finish(&fixture, &one, End::Sent(String::new()));
    }
    fixture.decide((24..30).map(|i| of(Severity::Medium, &format!("f{i}"), i)).collect());
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Wait(START + HOUR / 12));
    // Critical has a bucket of its own.
    fixture.decide(vec![of(Severity::Critical, "c", 100)]);
    let critical = leased(&fixture);
    assert!(
        matches!(&critical.content, Content::Incident(about) if about.incident.severity == Severity::Critical)
    );
    finish(&fixture, &critical, End::Sent(String::new()));
    fixture.clock.pass(HOUR / 12);
    let digest = leased(&fixture);
    assert!(matches!(&digest.content, Content::Digest(told) if told.notices == 6));
}

#[test]
fn a_relay_that_cannot_be_used_is_left_alone_for_a_while() {
    let fixture = Fixture::new(policy(&["a@example.org", "b@example.org"]));
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    let mut waited = Vec::new();
    for _ in 0..12 {
        let one = leased(&fixture);
        finish(&fixture, &one, End::Relay("connection refused".into()));
        let Next::Wait(at) = fixture.database.next(RELAY).unwrap() else { panic!("expected to wait") };
        let now = fixture.clock.now();
        waited.push((at - now) / SECOND);
        fixture.clock.pass(at - now);
    }
    assert!(waited[0] <= 5 && waited[11] >= 450 && waited[11] <= 900, "{waited:?}");
    let one = leased(&fixture);
    finish(&fixture, &one, End::Sent(String::new()));
    assert!(fixture.database.outbox(&fixture.tenant, 1).unwrap().breakers.is_empty());
    leased(&fixture);
}

#[test]
fn after_four_days_it_is_given_up_and_stays_visible() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    let one = leased(&fixture);
    finish(&fixture, &one, End::Deferred("452 full".into()));
    fixture.clock.pass(4 * 24 * HOUR);
    let one = leased(&fixture);
    assert!(fixture.database.finish(RELAY, one.notice, &End::Deferred("452 full".into())).unwrap());
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
    let status = fixture.database.outbox(&fixture.tenant, 1).unwrap();
    assert_eq!(status.dead[0].words, "not delivered within four days: 452 full");
}

/// Nobody was there for a week, and the relay is fine: what was never tried goes.
#[test]
fn nothing_is_given_up_before_it_was_tried() {
    let week = 7 * 24 * HOUR;
    let ends = [
        (End::Sent(String::new()), false),
        (End::Deferred("452 full".into()), true),
        (End::Relay("connection refused".into()), true),
        (End::Unsure("the connection broke".into()), true),
    ];
    for (end, is_dead) in ends {
        let fixture = Fixture::new(policy(&["a@example.org"]));
        fixture.decide(vec![of(Severity::Low, "x", 1)]);
        fixture.clock.pass(week);
        let one = leased(&fixture);
        assert_eq!(fixture.database.finish(RELAY, one.notice, &end).unwrap(), is_dead, "{end}");
        let told = fixture.database.told(&fixture.tenant, 1).unwrap();
        assert_eq!(told[0].state, if is_dead { "dead" } else { "sent" }, "{end}");
        // What is queued again has another four days, and its message id.
        if is_dead {
            assert_eq!(fixture.database.retry(&fixture.tenant, None, me()).unwrap(), 1);
            fixture.clock.pass(HOUR);
            let again = leased(&fixture);
            assert_eq!(again.message, one.message);
            assert!(!fixture.database.finish(RELAY, again.notice, &end).unwrap(), "{end}");
        }
    }
}

/// A clock that was a month ahead for a while: whatever waits by it goes when it is right again.
#[test]
fn a_clock_that_was_ahead_holds_no_mail() {
    const MONTH: i64 = 30 * 24 * HOUR;
    let fixture = Fixture::new(policy(&["a@example.org", "b@example.org"]));
    fixture.clock.pass(MONTH);
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    let deferred = leased(&fixture);
    finish(&fixture, &deferred, End::Deferred("451 later".into()));
    let relay = leased(&fixture);
    finish(&fixture, &relay, End::Relay("connection refused".into()));
    fixture.clock.pass(-MONTH);
    fixture.database.reclaim().unwrap();
    let mut told: Vec<String> = Vec::new();
    while let Next::Send(one) = fixture.database.next(RELAY).unwrap() {
        told.push(one.recipient.clone());
        finish(&fixture, &one, End::Sent(String::new()));
    }
    told.sort();
    assert_eq!(told, ["a@example.org", "b@example.org"]);

    // One that was never tried, and one that was to wait for the end of quiet hours a month ahead. A flush frees them, too.
    let routes = Routes(vec![quiet_route(&["q@example.org"]), route(&["a@example.org"])]);
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    fixture.clock.pass(MONTH);
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    fixture.clock.pass(-MONTH);
    assert!(matches!(fixture.database.next(RELAY).unwrap(), Next::Wait(_)));
    assert_eq!(fixture.database.flush(&fixture.tenant, me()).unwrap(), 2);
    leased(&fixture);
    leased(&fixture);

    // A clock that is set back by a moment ends no quiet hours.
    let routes = Routes(vec![quiet_route(&["q@example.org"]), route(&["a@example.org"])]);
    let fixture = Fixture::new(Policy { routes, ..Policy::default() });
    fixture.decide(vec![of(Severity::Low, "x", 1)]);
    fixture.clock.pass(-SECOND);
    fixture.database.reclaim().unwrap();
    assert_eq!(leased(&fixture).recipient, "a@example.org");
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Wait(START + 7 * HOUR));
}

#[test]
fn a_flush_counts_what_can_go_and_is_of_one_tenant() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    for i in 0..12 {
        fixture.decide(vec![of(Severity::Medium, &format!("f{i}"), i)]);
        let one = leased(&fixture);
        finish(&fixture, &one, End::Sent(String::new()));
    }
    // The hour's mails are used up: this cannot go, whoever asks.
    fixture.decide(vec![of(Severity::Medium, "x", 20)]);
    assert_eq!(fixture.database.flush(&fixture.tenant, me()).unwrap(), 0);
    fixture.clock.pass(HOUR / 12);
    assert_eq!(fixture.database.flush(&fixture.tenant, me()).unwrap(), 1);
    // What another tenant's relay has asked to wait with goes on waiting.
    let one = leased(&fixture);
    finish(&fixture, &one, End::Deferred("451 later".into()));
    let other = Tenant::new("other").unwrap();
    assert_eq!(fixture.database.flush(&other, me()).unwrap(), 0);
    assert!(matches!(fixture.database.next(RELAY).unwrap(), Next::Wait(_)));
    assert_eq!(fixture.database.flush(&fixture.tenant, me()).unwrap(), 1);
    leased(&fixture);
}

/// A command answers for what it has queued, and for nobody else's.
#[test]
fn what_waits_of_ones_own_is_known() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let waits = |database: &Database| database.own_waiting(&fixture.tenant, 10).unwrap();
    fixture.decide(vec![of(Severity::Low, "mine", 1)]);
    let options = DatabaseOptions::default();
    let clock = Arc::new(fixture.clock.clone());
    let other = Database::open(&fixture.path(), policy(&["a@example.org"]), clock, options).unwrap();
    let of_other = |decisions| other.commit(&fixture.tenant, Commit { decisions, ..Commit::default() });
    of_other((0..12).map(|i| of(Severity::Low, &format!("f{i}"), 10 + i)).collect()).unwrap();
    fixture.decide(vec![of(Severity::Low, "mine too", 2)]);
    let (count, named) = waits(&fixture.database);
    assert_eq!(
        (count, named.iter().map(|told| told.incident).collect::<Vec<_>>()),
        (2, vec![Some(1), Some(14)])
    );
    assert_eq!(waits(&other).0, 12);
    // All of them as one digest, by somebody else: it waits for both.
    let digest = leased(&fixture);
    assert_eq!(folded(&digest), Some(14));
    finish(&fixture, &digest, End::Deferred("451 later".into()));
    assert_eq!((waits(&fixture.database).0, waits(&other).0), (1, 1));
    fixture.clock.pass(HOUR);
    let again = leased(&fixture);
    finish(&fixture, &again, End::Sent(String::new()));
    assert_eq!((waits(&fixture.database).0, waits(&other).0), (0, 0));
    // A digest of others' notices alone is theirs, whoever makes it.
    let of_other =
        |offset: u64| (0..13).map(|i| of(Severity::Low, &format!("g{i}"), offset + i)).collect::<Vec<_>>();
    other.commit(&fixture.tenant, Commit { decisions: of_other(50), ..Commit::default() }).unwrap();
    finish(&fixture, &leased(&fixture), End::Deferred("451 later".into()));
    assert_eq!((waits(&fixture.database).0, waits(&other).0), (0, 1));
}

#[test]
fn a_silence_holds_back_and_what_is_open_is_told_when_it_ends() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let new = NewSilence {
        rule: Some(pattern("demo/*")),
        fields: vec![("ip".into(), pattern("192.0.2.*"))],
        starts: START,
        ends: START + HOUR,
        reason: "maintenance".into(),
        ..NewSilence::default()
    };
    let id = fixture.database.silence(&fixture.tenant, new, me()).unwrap();
    fixture.decide(vec![of(Severity::Low, "192.0.2.1", 1), of(Severity::Low, "198.51.100.1", 2)]);
    let one = leased(&fixture);
    assert!(matches!(&one.content, Content::Incident(about) if about.incident.id == 2));
    finish(&fixture, &one, End::Sent(String::new()));
    assert_eq!(fixture.database.next(RELAY).unwrap(), Next::Idle);
    let told = fixture.database.told(&fixture.tenant, 1).unwrap();
    assert_eq!((told[0].state.as_str(), told[0].silence), ("silenced", Some(id)));
    assert_eq!(fixture.database.due().unwrap().unsilenced, 0);
    fixture.clock.pass(HOUR);
    assert_eq!(fixture.database.due().unwrap().unsilenced, 1);
    assert_eq!(reason(&leased(&fixture)), Reason::SilenceEnded);
    assert_eq!(fixture.database.due().unwrap().unsilenced, 0);
}
