//! The deliverer against a relay that fails in every way, on a clock that is set by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tripline::abi::Severity;
use tripline::commit::{Commit, Store, StoreError};
use tripline::incidents::Policy;
use tripline::notices::{
    Accepted, Deliverer, DelivererLock, End, Mail, Next, Outbox, SendError, Sender, Smtp, SmtpSettings,
    Templates, Throttle, Tls, Transport,
};
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::{WallClock, never};

use crate::fixture::{Fixture, HOUR, Hand, SECOND, decision, policy, with};

/// What the relay does with the next mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Accept,
    Relay,
    Deferred,
    Refused,
    /// It has taken the mail, and nobody hears so.
    Taken,
    /// It has not, and nobody hears either.
    Lost,
}

#[derive(Clone, Default)]
struct Relay {
    script: Arc<Mutex<Vec<Fault>>>,
    /// Time, recipient, message id, incident's thread.
    taken: Arc<Mutex<Vec<(i64, Mail)>>>,
    clock: Hand,
    /// Until when it cannot be reached.
    down: i64,
}

impl Transport for Relay {
    fn send(&mut self, mail: &Mail) -> Result<Accepted, SendError> {
        let words = || "as the script says".to_string();
        let fault = match self.clock.now() < self.down {
            true => Fault::Relay,
            false => self.script.lock().unwrap().pop().unwrap_or(Fault::Accept),
        };
        if matches!(fault, Fault::Accept | Fault::Taken) {
            self.taken.lock().unwrap().push((self.clock.now(), mail.clone()));
        }
        match fault {
            Fault::Accept => Ok(Accepted { words: words() }),
            Fault::Relay => Err(SendError::Relay { doing: "connecting", code: None, words: words() }),
            Fault::Deferred => Err(SendError::Deferred { code: 451, words: words() }),
            Fault::Refused => Err(SendError::Refused { code: 550, words: words() }),
            Fault::Taken | Fault::Lost => Err(SendError::Unsure { words: words() }),
        }
    }
}

fn deliverer(outbox: &Arc<dyn Outbox>, relay: &Relay) -> Deliverer {
    let sender = Sender { zone: TimeZone::UTC, ..Sender::new("tripline@example.org", "relay") };
    let clock = Arc::new(relay.clock.clone());
    Deliverer::new(Arc::clone(outbox), Box::new(relay.clone()), clock, Templates::new(), sender)
        .unwrap()
        .unwrap()
}

#[test]
fn one_delivers_at_a_time() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    let (path, clock) = (fixture.path(), fixture.clock.clone());
    let database = Arc::new(fixture.database);
    let relay = Relay { clock: clock.clone(), ..Relay::default() };
    let mut first = deliverer(&(Arc::clone(&database) as _), &relay);
    let another = |database: &Arc<Database>| {
        let sender = Sender::new("tripline@example.org", "relay");
        let clock = Arc::new(clock.clone());
        let transport = Box::new(relay.clone());
        Deliverer::new(Arc::clone(database) as _, transport, clock, Templates::new(), sender).unwrap()
    };
    assert!(another(&database).is_none());
    // Nor does another process.
    let options = DatabaseOptions::default();
    let other = Database::open(&path, policy(&["a@example.org"]), Arc::new(clock.clone()), options).unwrap();
    let other = Arc::new(other);
    assert!(another(&other).is_none());
    assert_eq!(first.deliver(clock.now(), &never()).unwrap().sent, 1);
    first.let_go();
    drop(another(&database).unwrap());
    assert!(!first.deliver(clock.now(), &never()).unwrap().elsewhere);
    drop(first);
    assert_eq!(another(&other).unwrap().deliver(clock.now(), &never()).unwrap().sent, 0);
}

#[test]
fn an_hour_without_a_relay_and_ten_thousand_incidents() {
    let mut policy = policy(&["a@example.org", "b@example.org"]);
    policy.limits.open_per_rule = 20_000;
    let fixture = Fixture::new(policy);
    let (clock, tenant, path) = (fixture.clock.clone(), fixture.tenant.clone(), fixture.path());
    let start = clock.now();
    let database = Arc::new(fixture.database);
    let relay = Relay { clock: clock.clone(), down: start + HOUR, ..Relay::default() };
    let mut deliverer = deliverer(&(Arc::clone(&database) as _), &relay);
    // Ten thousand incidents over the hour; each rises half an hour later.
    for minute in 0..60_u64 {
        let of = |severity, i: u64, turn: u64| {
            with(decision("r", Some(&format!("f{i}")), turn * 100_000 + i), |one| one.severity = severity)
        };
        let some = (minute * 167..(minute + 1) * 167).filter(|i| *i < 10_000);
        let mut decisions: Vec<_> = some.map(|i| of(Severity::Low, i, 0)).collect();
        if let Some(before) = minute.checked_sub(30) {
            decisions.extend((before * 167..before * 167 + 50).map(|i| of(Severity::High, i, 1)));
        }
        database.commit(&tenant, Commit { decisions, ..Commit::default() }).unwrap();
        deliverer.deliver(start + (minute as i64 + 1) * 60 * SECOND - 1, &never()).unwrap();
        clock.wait(start + (minute as i64 + 1) * 60 * SECOND, &never());
    }
    assert!(relay.taken.lock().unwrap().is_empty());
    deliverer.deliver(start + 10 * HOUR, &never()).unwrap();
    let taken = relay.taken.lock().unwrap();
    let mut by_recipient: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (at, mail) in &*taken {
        by_recipient.entry(&mail.to).or_default().push(*at);
        assert!(ids.insert(&mail.id), "{} went twice", mail.id);
    }
    assert_eq!(by_recipient.len(), 2);
    for (recipient, times) in by_recipient {
        let most =
            times.iter().map(|from| times.iter().filter(|at| (*from..*from + HOUR).contains(at)).count());
        assert!(most.max().unwrap() <= 24, "{recipient}: {} mails", times.len());
        assert!(times.len() <= 3, "{recipient}: expected digests, found {} mails", times.len());
        assert!(times[0] <= start + HOUR + HOUR / 4, "{recipient} waited longer than the breaker");
    }
    // In order within each incident: what was told first went first, by itself or within a digest.
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut statement = connection
        .prepare("SELECT n.incident, n.recipient, coalesce(d.message, n.message), n.reason
             FROM notices n LEFT JOIN notices d ON d.id = n.digest WHERE n.incident IS NOT NULL ORDER BY n.id")
        .unwrap();
    let rows = statement.query_map([], |row| {
        let of: (i64, String) = (row.get(0)?, row.get(1)?);
        Ok((of, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
    });
    let carried: BTreeMap<&str, usize> =
        taken.iter().enumerate().map(|(at, (_, mail))| (mail.id.split('@').next().unwrap(), at)).collect();
    let mut last: BTreeMap<(i64, String), usize> = BTreeMap::new();
    let mut rises = 0;
    for row in rows.unwrap() {
        let (of, message, reason) = row.unwrap();
        let at = carried[&message[..]];
        let before = last.insert(of.clone(), at);
        assert_eq!(before.is_some(), reason == "severity-rose", "{of:?}: {reason}");
        assert!(before.is_none_or(|before| before <= at), "{of:?}: {reason} came before what was told first");
        rises += usize::from(before.is_some());
    }
    assert_eq!((last.len(), rises), (2 * 10_000, 2 * 30 * 50));
    // Nothing is left, and nothing was dropped.
    let status = database.outbox(&tenant, 10).unwrap();
    let states: BTreeMap<_, _> = status.states.into_iter().collect();
    let left: Vec<_> = states.keys().filter(|state| !["sent", "folded"].contains(&state.as_str())).collect();
    assert!(left.is_empty(), "{states:?}");
    assert_eq!(states["folded"] + states["sent"] - taken.len() as u64, 2 * (10_000 + 30 * 50));
}

/// An outbox that cannot be told how so many attempts ended.
struct Deaf {
    database: Arc<Database>,
    left: AtomicU32,
    /// What it was asked for and told, in order.
    heard: Mutex<Vec<String>>,
}

impl Deaf {
    fn hears(&self, what: String) {
        self.heard.lock().unwrap().push(what);
    }
}

impl Outbox for Deaf {
    fn deliverer(&self) -> Result<Option<DelivererLock>, StoreError> {
        self.database.deliverer()
    }

    fn reclaim(&self) -> Result<u64, StoreError> {
        let taken = self.database.reclaim()?;
        self.hears(format!("{taken} taken back"));
        Ok(taken)
    }

    fn next(&self, relay: &str) -> Result<Next, StoreError> {
        let next = self.database.next(relay)?;
        if let Next::Send(leased) = &next {
            self.hears(format!("send {}", leased.notice));
        }
        Ok(next)
    }

    fn finish(&self, relay: &str, notice: i64, end: &End) -> Result<bool, StoreError> {
        let left = self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            return Err(StoreError::Full);
        }
        self.hears(format!("end of {notice}"));
        self.database.finish(relay, notice, end)
    }
}

#[test]
fn what_was_sent_does_not_go_again_because_the_outbox_could_not_be_told() {
    for failures in [1, 2, 50] {
        let fixture = Fixture::new(policy(&["a@example.org"]));
        fixture.decide(vec![decision("r", Some("x"), 1), decision("r", Some("y"), 2)]);
        let (clock, tenant) = (fixture.clock.clone(), fixture.tenant.clone());
        let database = Arc::new(fixture.database);
        let relay = Relay { clock: clock.clone(), ..Relay::default() };
        let outbox = Arc::new(Deaf {
            database: Arc::clone(&database),
            left: AtomicU32::new(failures),
            heard: Mutex::default(),
        });
        let mut deliverer = deliverer(&(Arc::clone(&outbox) as _), &relay);
        for _ in 0..failures {
            let failed = deliverer.deliver(clock.now(), &never());
            assert!(matches!(failed, Err(StoreError::Full)), "{failed:?}");
            // Meanwhile nothing goes: it could not be said that it did.
            assert_eq!(relay.taken.lock().unwrap().len(), 1);
        }
        let delivered = deliverer.deliver(clock.now(), &never()).unwrap();
        assert_eq!((delivered.sent, delivered.next), (2, None));
        let heard = outbox.heard.lock().unwrap();
        let expected =
            ["0 taken back", "send 1", "end of 1", "0 taken back", "send 2", "end of 2"].map(String::from);
        assert_eq!(*heard, expected, "{failures} failures");
        let taken = relay.taken.lock().unwrap();
        let ids: BTreeSet<_> = taken.iter().map(|(_, mail)| mail.id.clone()).collect();
        assert_eq!((taken.len(), ids.len()), (2, 2), "{failures} failures");
        assert_eq!(database.outbox(&tenant, 1).unwrap().states, [("sent".to_string(), 2)]);
    }
}

/// A sender that is none is nobody's fault but the sender's: all mails wait until it is mended. A recipient that is none
/// never becomes one.
#[test]
fn a_wrong_sender_holds_mails_and_a_wrong_recipient_is_given_up() {
    let smtp = || {
        let settings = SmtpSettings {
            host: "127.0.0.1".into(),
            port: 1,
            tls: Tls::Plaintext,
            login: None,
            timeout: std::time::Duration::from_secs(1),
            hello: None,
            extra_root: None,
        };
        Box::new(Smtp::new(settings).unwrap())
    };
    let deliver = |to: &str, sender: Sender| {
        let fixture = Fixture::new(policy(&[to]));
        fixture.decide(vec![decision("r", Some("x"), 1)]);
        let (clock, tenant) = (fixture.clock.clone(), fixture.tenant.clone());
        let database = Arc::new(fixture.database);
        let (outbox, watch) = (Arc::clone(&database) as Arc<dyn Outbox>, Arc::new(clock.clone()));
        let deliverer = Deliverer::new(outbox, smtp(), watch, Templates::new(), sender);
        let delivered = deliverer.unwrap().unwrap().deliver(clock.now(), &never()).unwrap();
        (delivered, database.told(&tenant, 1).unwrap().remove(0))
    };
    let good = Sender::new("tripline@example.org", "relay");
    for sender in [
        Sender::new("a..b@x.org", "relay"),
        Sender::new("tripline@host.", "relay"),
        Sender { envelope: "a@x..org".into(), ..good.clone() },
    ] {
        let (delivered, told) = deliver("a@example.org", sender);
        assert!(
            matches!(&delivered.failed[..], [(_, End::Relay(words))] if words.contains("from")),
            "{delivered:?}"
        );
        assert_eq!((delivered.dead, told.state.as_str(), told.attempts), (0, "queued", 0));
    }
    let (delivered, told) = deliver("a..b@example.org", good);
    assert!(matches!(&delivered.given_up[..], [(_, End::Refused(_))]), "{delivered:?}");
    assert_eq!((delivered.dead, told.state.as_str()), (1, "dead"));
}

/// What was given up for its age is counted, and said with the relay's words.
#[test]
fn what_is_given_up_is_counted() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    fixture.decide(vec![decision("r", Some("x"), 1)]);
    let clock = fixture.clock.clone();
    let script = Arc::new(Mutex::new(vec![Fault::Deferred]));
    let relay = Relay { script, clock: clock.clone(), ..Relay::default() };
    clock.pass(5 * 24 * HOUR);
    let mut deliverer = deliverer(&(Arc::new(fixture.database) as _), &relay);
    let delivered = deliverer.deliver(clock.now(), &never()).unwrap();
    assert!(matches!(&delivered.given_up[..], [(_, End::Deferred(_))]), "{delivered:?}");
    assert_eq!((delivered.dead, delivered.failed.len(), delivered.next), (1, 0, None));
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::Accept),
        2 => Just(Fault::Relay),
        2 => Just(Fault::Deferred),
        1 => Just(Fault::Refused),
        1 => Just(Fault::Taken),
        1 => Just(Fault::Lost),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    /// R4 and R5: each notice arrives at least once unless it was refused, and twice only if the relay's last word
    /// was lost, then with the same id.
    #[test]
    fn whatever_the_relay_does(
        script in prop::collection::vec(fault(), 0..30),
        incidents in prop::collection::vec(0..6_u64, 1..10),
    ) {
        let fixture = Fixture::new(policy(&["a@example.org", "b@example.org"]));
        let (clock, tenant) = (fixture.clock.clone(), fixture.tenant.clone());
        let database = Arc::new(fixture.database);
        let unsure = script.iter().filter(|fault| **fault == Fault::Taken).count();
        let refused = script.iter().filter(|fault| **fault == Fault::Refused).count();
        let relay = Relay { script: Arc::new(Mutex::new(script)), clock: clock.clone(), ..Relay::default() };
        let mut deliverer = deliverer(&(Arc::clone(&database) as _), &relay);
        for (turn, incident) in incidents.iter().enumerate() {
            let one = decision("r", Some(&format!("f{incident}")), turn as u64);
            let severity = Severity::ALL[turn.min(3)];
            let decisions = vec![with(one, |one| one.severity = severity)];
            database.commit(&tenant, Commit { decisions, ..Commit::default() }).unwrap();
            deliverer.deliver(clock.now(), &never()).unwrap();
        }
        deliverer.deliver(clock.now() + 24 * HOUR, &never()).unwrap();
        let taken = relay.taken.lock().unwrap();
        let mut arrived: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (_, mail) in &*taken {
            *arrived.entry((&mail.to, &mail.id)).or_default() += 1;
        }
        let twice = arrived.values().filter(|count| **count > 1).count();
        prop_assert!(twice <= unsure, "{twice} mails went twice, {unsure} were unsure");
        let mut dead = 0;
        for id in 1..=6 {
            let told = database.told(&tenant, id).unwrap();
            let mut last: BTreeMap<&str, usize> = BTreeMap::new();
            for one in &told {
                let id = format!("{}@example.org", one.message);
                match (one.state.as_str(), &one.digest) {
                    ("sent", _) => prop_assert!(arrived.contains_key(&(&*one.recipient, &*id))),
                    ("folded", Some((_, state, sent))) => prop_assert!(sent.is_some() || state == "dead"),
                    ("dead", _) => dead += 1,
                    (state, _) => prop_assert!(false, "expected it to be settled, found {state}"),
                }
                // Order within an incident.
                let first = taken.iter().position(|(_, mail)| mail.to == one.recipient && mail.id == id);
                if let Some(first) = first {
                    let before = last.insert(&one.recipient, first);
                    prop_assert!(before.is_none_or(|before| before < first));
                }
            }
        }
        prop_assert!(dead <= refused);
    }

    /// The same where hardly anything may go by itself: a digest neither overtakes nor is overtaken, and what perhaps
    /// arrived is not in one, too.
    #[test]
    fn whatever_the_relay_does_with_digests(
        script in prop::collection::vec(fault(), 0..20),
        steps in prop::collection::vec((0..4_u64, 0..5_usize, 0..40 * 60_i64), 1..20),
    ) {
        let throttle = Throttle { per_hour: 2 };
        let fixture = Fixture::new(Policy { throttle, ..policy(&["a@example.org"]) });
        let (clock, tenant, path) = (fixture.clock.clone(), fixture.tenant.clone(), fixture.path());
        let database = Arc::new(fixture.database);
        let relay = Relay { script: Arc::new(Mutex::new(script)), clock: clock.clone(), ..Relay::default() };
        let mut deliverer = deliverer(&(Arc::clone(&database) as _), &relay);
        for (turn, (incident, severity, seconds)) in steps.iter().enumerate() {
            // One that rises with each step, and some that only begin.
            let known = decision("r", Some(&format!("f{incident}")), turn as u64);
            let new = decision("r", Some(&format!("n{turn}")), turn as u64);
            let decisions = vec![with(known, |one| one.severity = Severity::ALL[*severity]), new];
            database.commit(&tenant, Commit { decisions, ..Commit::default() }).unwrap();
            deliverer.deliver(clock.now() + seconds * SECOND, &never()).unwrap();
        }
        deliverer.deliver(clock.now() + 72 * HOUR, &never()).unwrap();
        let connection = rusqlite::Connection::open(path).unwrap();
        let message = |notice: i64| -> String {
            let sql = "SELECT message FROM notices WHERE id = ?1";
            connection.query_row(sql, [notice], |row| row.get(0)).unwrap()
        };
        let taken = relay.taken.lock().unwrap();
        let first = |message: &str| {
            let id = format!("{message}@example.org");
            taken.iter().position(|(_, mail)| mail.id == id)
        };
        for id in 1..=24 {
            let mut last = 0;
            for one in database.told(&tenant, id).unwrap() {
                let carrier = match (one.state.as_str(), &one.digest) {
                    ("folded", Some((digest, ..))) => {
                        prop_assert!(first(&one.message).is_none(), "notice {} went under two ids", one.notice);
                        message(*digest)
                    }
                    ("sent" | "dead", _) => one.message.clone(),
                    (state, _) => return Err(TestCaseError::fail(format!("expected it settled, found {state}"))),
                };
                if let Some(at) = first(&carrier) {
                    prop_assert!(at >= last, "notice {} of incident {id} was overtaken", one.notice);
                    last = at;
                }
            }
        }
    }
}
