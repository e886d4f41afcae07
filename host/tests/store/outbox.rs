use std::sync::Arc;

use tripline::abi::Severity;
use tripline::commit::{Commit, Store, Tenant};
use tripline::decision::Decision;
use tripline::incidents::Policy;
use tripline::incidents::{Act, Actor, NewSilence, Resolution};
use tripline::notices::{Content, End, Leased, Next, Outbox, QuietHours, Reason, Route, Routes};

use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::WallClock;

use crate::fixture::{Fixture, HOUR, SECOND, START, decision, pattern, policy, route, with};

const RELAY: &str = "relay";

fn me() -> Actor {
    Actor::user(1000, "alice")
}

fn of(severity: Severity, fingerprint: &str, offset: u64) -> Decision {
    with(decision("r", Some(fingerprint), offset), |one| one.severity = severity)
}

#[track_caller]
fn leased(fixture: &Fixture) -> Leased {
    match fixture.database.next(RELAY).unwrap() {
        Next::Send(leased) => *leased,
        other => panic!("expected something to send, found {other:?}"),
    }
}

fn finish(fixture: &Fixture, leased: &Leased, end: End) {
    fixture.database.finish(RELAY, leased.notice, &end).unwrap();
}

/// How many notices a digest is of; `None`: it is none.
fn folded(leased: &Leased) -> Option<u64> {
    match &leased.content {
        Content::Digest(digest) => Some(digest.notices),
        Content::Incident(_) => None,
    }
}

fn reason(leased: &Leased) -> Reason {
    match &leased.content {
        Content::Incident(about) => about.reason.clone(),
        Content::Digest(_) => Reason::Digest,
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

/// A route that is quiet from now on, for seven hours.
fn quiet_route(to: &[&str]) -> Route {
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
