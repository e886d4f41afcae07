//! What is over is really deleted.

use tripline::commit::Tenant;
use tripline::incidents::{Act, IncidentLimits, Policy, Resolution};
use tripline::incidents::{Effect, NewException, NewSilence};
use tripline::notices::{End, Next, Outbox};
use tripline::security_log::Records;
use tripline::token::{NewToken, Scope, TokenSecret};

use super::timers::{deliver, me};
use crate::fixture::{Fixture, HOUR, SECOND, START, decision, pattern, policy, with};

#[test]
fn resolved_incidents_are_really_deleted() {
    let limits = IncidentLimits { retention: Some(24 * HOUR), ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&["a@example.org"]) });
    let secret = |offset| {
        crate::fixture::with(decision("r", Some("a"), offset), |one| {
            one.evidence[0].text = Some(b"XYZZY-evidence".to_vec());
            one.title = "XYZZY-title".into();
        })
    };
    fixture.decide(vec![secret(1), decision("s", Some("b"), 2)]);
    deliver(&fixture);
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: "XYZZY-comment".into() };
    fixture.database.act(&fixture.tenant, 1, None, resolve, me()).unwrap().unwrap();
    deliver(&fixture);
    fixture.clock.pass(25 * HOUR);
    assert_eq!(fixture.database.due().unwrap().deleted, 1);
    assert!(fixture.database.incident(&fixture.tenant, 1).unwrap().is_none());
    assert!(fixture.database.incident(&fixture.tenant, 2).unwrap().is_some());
    for end in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{end}", fixture.path().display())).unwrap_or_default();
        assert!(!bytes.windows(5).any(|window| window == b"XYZZY"), "found in the file with the end {end:?}");
        // In the index for searches it is in pieces, of small letters.
        assert!(
            !bytes.windows(3).any(|window| window == b"yzz"),
            "a piece is in the file with the end {end:?}"
        );
    }
    // Its number is not given again.
    assert_eq!(fixture.decide(vec![decision("r", Some("a"), 9)]).opened, [3]);
}

/// Whether a text is in the database's file or in its log of changes.
fn is_on_disk(fixture: &Fixture, text: &str) -> bool {
    ["", "-wal"].iter().any(|end| {
        let bytes = std::fs::read(format!("{}{end}", fixture.path().display())).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn what_was_excepted_and_empty_digests_are_really_deleted_too() {
    let limits = IncidentLimits { retention: Some(24 * HOUR), ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&["xyzzy@example.org"]) });
    let new = NewException {
        rule: Some(pattern("demo/noisy")),
        field: None,
        effect: Effect::Except,
        until: None,
        reason: "noise".into(),
    };
    let exception = fixture.database.except(&fixture.tenant, new, me()).unwrap();
    let noisy =
        |offset, title: &str| with(decision("noisy", Some("x"), offset), |one| one.title = title.into());
    fixture.decide(vec![noisy(1, "XYZZY-old")]);
    fixture.decide((0..13).map(|i| decision("r", Some(&format!("f{i}")), 10 + i)).collect());
    let Next::Send(digest) = fixture.database.next("relay").unwrap() else { panic!("expected a digest") };
    fixture.database.finish("relay", digest.notice, &End::Sent(String::new())).unwrap();
    fixture.clock.pass(HOUR);
    fixture.decide(vec![noisy(2, "XYZZY-new")]);
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    for id in 1..=13 {
        fixture.database.act(&fixture.tenant, id, None, resolve.clone(), me()).unwrap().unwrap();
        fixture.clock.pass(1);
    }
    while let Next::Send(leased) = fixture.database.next("relay").unwrap() {
        fixture.database.finish("relay", leased.notice, &End::Sent(String::new())).unwrap();
    }
    fixture.clock.pass(23 * HOUR + SECOND);
    fixture.database.due().unwrap();
    assert!(!is_on_disk(&fixture, "XYZZY-old") && is_on_disk(&fixture, "XYZZY-new"));
    assert!(is_on_disk(&fixture, "xyzzy@example.org"));
    assert_eq!(fixture.database.excepted(&fixture.tenant, exception, 10).unwrap().len(), 1);
    fixture.clock.pass(HOUR);
    fixture.database.due().unwrap();
    assert!(!is_on_disk(&fixture, "XYZZY") && !is_on_disk(&fixture, "xyzzy@example.org"));
    // How often it applied is no personal data.
    assert_eq!(fixture.database.exceptions(&fixture.tenant, false).unwrap()[0].count, 2);
}

/// A clock that jumps ahead deletes nothing until that has held for a day; nor does one that jumps back delete.
#[test]
fn a_clock_that_jumps_deletes_nothing_at_once() {
    const DAY: i64 = 24 * HOUR;
    let limits = IncidentLimits { retention: Some(90 * DAY), ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&[]) });
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    fixture.database.act(&fixture.tenant, 1, None, resolve, me()).unwrap().unwrap();
    let deleted = |fixture: &Fixture| fixture.database.due().unwrap().deleted;
    assert_eq!(deleted(&fixture), 0);
    // A year ahead for some hours, also over a restart, and back.
    fixture.clock.pass(365 * DAY);
    assert_eq!(deleted(&fixture), 0);
    let fixture = fixture.again();
    fixture.clock.pass(23 * HOUR);
    assert_eq!(deleted(&fixture), 0);
    fixture.clock.pass(-365 * DAY);
    assert_eq!(deleted(&fixture), 0);
    // Time that passes is believed, and what is old enough goes.
    for _ in 0..89 {
        fixture.clock.pass(DAY);
        assert_eq!(deleted(&fixture), 0);
    }
    fixture.clock.pass(2 * HOUR);
    assert_eq!(deleted(&fixture), 1);
    // A jump that holds is the time: a server that was off for long.
    fixture.decide(vec![decision("r", Some("b"), 2)]);
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    fixture.database.act(&fixture.tenant, 2, None, resolve, me()).unwrap().unwrap();
    fixture.clock.pass(120 * DAY);
    assert_eq!(deleted(&fixture), 0);
    fixture.clock.pass(DAY);
    assert_eq!(deleted(&fixture), 1);
    // That one was wrong for longer: what comes once it is right again is not old by the next moment's jump.
    fixture.clock.pass(-121 * DAY);
    assert_eq!(deleted(&fixture), 0);
    fixture.decide(vec![decision("r", Some("c"), 3)]);
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    fixture.database.act(&fixture.tenant, 3, None, resolve, me()).unwrap().unwrap();
    fixture.clock.pass(121 * DAY);
    assert_eq!(deleted(&fixture), 0);
}

#[test]
fn what_a_reader_holds_in_the_log_of_changes_is_gone_when_he_is() {
    let limits = IncidentLimits { retention: Some(24 * HOUR), ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&[]) });
    fixture.decide(vec![with(decision("r", Some("a"), 1), |one| one.title = "XYZZY-title".into())]);
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    fixture.database.act(&fixture.tenant, 1, None, resolve, me()).unwrap().unwrap();
    fixture.clock.pass(25 * HOUR);
    // Whoever exports, say: what he sees may not be taken away.
    let reader = rusqlite::Connection::open(fixture.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM incidents").unwrap();
    assert_eq!(fixture.database.due().unwrap().deleted, 1);
    assert!(is_on_disk(&fixture, "XYZZY-title"), "it is held up, or this test shows nothing");
    drop(reader);
    // Nothing more is to be deleted; whoever comes next does what is left, also in another program.
    let fixture = fixture.again();
    assert_eq!(fixture.database.due().unwrap().deleted, 0);
    assert!(!is_on_disk(&fixture, "XYZZY-title"));
}

#[test]
fn what_a_reader_holds_is_tried_again_by_the_same_program() {
    let limits = IncidentLimits { retention: Some(24 * HOUR), ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&[]) });
    fixture.decide(vec![with(decision("r", Some("a"), 1), |one| one.title = "XYZZY-title".into())]);
    let resolve = Act::Resolve { resolution: Resolution::Expected, comment: String::new() };
    fixture.database.act(&fixture.tenant, 1, None, resolve, me()).unwrap().unwrap();
    fixture.clock.pass(25 * HOUR);
    let reader = rusqlite::Connection::open(fixture.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM incidents").unwrap();
    fixture.database.due().unwrap();
    drop(reader);
    assert_eq!(fixture.database.due().unwrap().deleted, 0);
    assert!(!is_on_disk(&fixture, "XYZZY-title"));
}

#[test]
fn silences_exceptions_and_tokens_that_are_over_are_really_deleted() {
    let limits = IncidentLimits { retention: Some(24 * HOUR), ..IncidentLimits::default() };
    let fixture = Fixture::new(Policy { limits, ..policy(&["a@example.org"]) });
    let (database, tenant) = (&fixture.database, Tenant::default());
    let silence = |rule: &str, hours, reason: &str| {
        let (rule, starts, reason) = (Some(pattern(rule)), START, reason.into());
        let new = NewSilence { rule, starts, ends: starts + hours * HOUR, reason, ..NewSilence::default() };
        database.silence(&tenant, new, me()).unwrap()
    };
    let except = |until: Option<i64>, reason: &str| {
        let field = Some(("ip".into(), tripline::incidents::Place::Text(pattern("192.0.2.9"))));
        let new = NewException { rule: None, field, effect: Effect::Except, until, reason: reason.into() };
        database.except(&tenant, new, me()).unwrap()
    };
    let token = |name: &str, expires| {
        let new = NewToken { tenant: tenant.clone(), name: name.into(), scope: Scope::Reader, expires };
        database.add_token(new, TokenSecret::draw().unwrap().hash(), me(), None).unwrap()
    };
    silence("other/*", 1, "XYZZY-silence");
    silence("other/*", 100, "kept-silence");
    except(Some(START + HOUR), "XYZZY-until");
    let ended = except(None, "XYZZY-ended");
    except(None, "kept-exception");
    assert!(database.end_exception(&tenant, ended, me()).unwrap());
    let revoked = token("XYZZY-revoked", None);
    token("XYZZY-expired", Some(START + HOUR));
    token("kept-token", None);
    assert!(database.revoke_token(&tenant, revoked, me()).unwrap());
    let left = || {
        database.due().unwrap();
        let silences = database.silences(&tenant, true).unwrap().len();
        let exceptions = database.exceptions(&tenant, true).unwrap().len();
        (silences, exceptions, database.tokens(&tenant).unwrap().len())
    };
    fixture.clock.pass(23 * HOUR);
    assert_eq!(left(), (2, 3, 3));
    // One more, which has held a notice back: it is why that was not sent.
    silence("demo/*", 24, "why-silence");
    fixture.decide(vec![decision("r", Some("a"), 1)]);
    // A day behind the last of them; the clock is believed step by step.
    for _ in 0..3 {
        fixture.clock.pass(9 * HOUR);
        left();
    }
    assert_eq!(left(), (2, 1, 1));
    assert!(!is_on_disk(&fixture, "XYZZY"));
    assert!(is_on_disk(&fixture, "kept-silence") && is_on_disk(&fixture, "kept-exception"));
    // Records that nobody has asked for go as well: addresses stand in some.
    assert!(database.after(0, 100).unwrap().iter().all(|record| record.at > START));
    // Numbers are not given again, nor is it the first token.
    assert_eq!(token("next", None), 4);
    let first = NewToken { tenant: tenant.clone(), name: "f".into(), scope: Scope::Operator, expires: None };
    let added = database.add_first_token(first, TokenSecret::draw().unwrap().hash(), me()).unwrap();
    assert_eq!(added, None);
}
