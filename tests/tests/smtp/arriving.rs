//! R4, R5, R6: what arrives, asked of the wire: (recipient, message id) is the only witness.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tempfile::TempDir;
use tripline::abi::Severity;
use tripline::commit::{Commit, Store, Tenant};
use tripline::notices::{
    Accepted, Deliverer, Mail, Outbox, SendError, Sender, Smtp, Templates, Tls, Transport,
};
use tripline::store::Database;
use tripline::wall_clock::{WallClock, never};
use tripline_tests::mail_server::{Act, At, MailServer, Script, Seen};

use crate::fixture::{Fixture, HOUR, Hand, decision, policy, with};
use crate::mail::settings;

/// The real transport; keeps which mails it was unsure of, and which were refused.
struct Watched {
    smtp: Smtp,
    unsure: Arc<Mutex<BTreeMap<String, usize>>>,
    refused: Arc<Mutex<BTreeSet<String>>>,
}

impl Transport for Watched {
    fn send(&mut self, mail: &Mail) -> Result<Accepted, SendError> {
        let result = self.smtp.send(mail);
        match &result {
            Err(SendError::Unsure { .. }) => {
                *self.unsure.lock().unwrap().entry(mail.id.clone()).or_default() += 1;
            }
            Err(SendError::Refused { .. }) => {
                self.refused.lock().unwrap().insert(mail.id.clone());
            }
            _ => {}
        }
        result
    }
}

struct Story {
    _folder: TempDir,
    clock: Hand,
    tenant: Tenant,
    database: Arc<Database>,
    deliverer: Deliverer,
    unsure: Arc<Mutex<BTreeMap<String, usize>>>,
    refused: Arc<Mutex<BTreeSet<String>>>,
}

fn story(port: u16, to: &[&str]) -> Story {
    let fixture = Fixture::new(policy(to));
    let Fixture { folder, clock, tenant, database, .. } = fixture;
    let database = Arc::new(database);
    let (unsure, refused) = (Arc::default(), Arc::default());
    let smtp = settings(port, Tls::Plaintext);
    let watched = Watched {
        smtp: Smtp::new(smtp).unwrap(),
        unsure: Arc::clone(&unsure),
        refused: Arc::clone(&refused),
    };
    let deliverer = Deliverer::new(
        Arc::clone(&database) as Arc<dyn Outbox>,
        Box::new(watched),
        Arc::new(clock.clone()),
        Templates::new(),
        Sender::new("tripline@example.org", "relay"),
    );
    let deliverer = deliverer.unwrap().unwrap();
    Story { _folder: folder, clock, tenant, database, deliverer, unsure, refused }
}

impl Story {
    fn decide(&self, incident: u64, turn: usize) {
        let one = decision("r", Some(&format!("f{incident}")), turn as u64);
        let decisions = vec![with(one, |one| one.severity = Severity::ALL[turn.min(3)])];
        self.database.commit(&self.tenant, Commit { decisions, ..Commit::default() }).unwrap();
    }

    fn deliver(&mut self, hours: i64) {
        self.deliverer.deliver(self.clock.now() + hours * HOUR, &never()).unwrap();
    }

    /// Asks the wire.
    fn judge(&self, seen: &[Seen], incidents: i64) {
        let unsure = self.unsure.lock().unwrap();
        let refused = self.refused.lock().unwrap();
        let mut arrived: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        let taken = seen.iter().flat_map(|one| &one.mails).filter(|mail| mail.taken);
        for (number, body) in taken.enumerate() {
            let [to] = &body.to[..] else { panic!("expected one recipient, found {:?}", body.to) };
            let message = body.message();
            let parsed = mail_parser::MessageParser::default().parse(&message).unwrap();
            let named = parsed.to().unwrap().first().unwrap().address().unwrap();
            assert_eq!(to, &format!("RCPT TO:<{named}>"));
            let id = parsed.message_id().unwrap().to_string();
            arrived.entry((named.to_string(), id)).or_default().push(number);
        }
        let recipients: BTreeMap<&str, &str> = arrived.keys().map(|(to, id)| (&**id, &**to)).collect();
        assert_eq!(recipients.len(), arrived.len(), "one id for one recipient");
        for ((to, id), times) in &arrived {
            let most = 1 + unsure.get(id).copied().unwrap_or_default();
            assert!(times.len() <= most, "{id} went to {to} {} times, {most} allowed", times.len());
        }
        for id in 1..=incidents {
            let mut last: BTreeMap<String, usize> = BTreeMap::new();
            for one in self.database.told(&self.tenant, id).unwrap() {
                let id = format!("{}@example.org", one.message);
                let times = arrived.get(&(one.recipient.clone(), id.clone()));
                match (one.state.as_str(), &one.digest) {
                    ("sent", _) => assert!(times.is_some(), "{id} is sent and did not arrive"),
                    ("dead", _) => assert!(refused.contains(&id), "{id} is dead and was not refused"),
                    ("folded", Some((_, state, sent))) => assert!(sent.is_some() || state == "dead"),
                    (state, _) => panic!("expected {id} to be settled, found {state}"),
                }
                // Order within an incident, at each recipient.
                if let Some(first) = times.map(|times| times[0]) {
                    let before = last.insert(one.recipient, first);
                    assert!(before.is_none_or(|before| before < first), "{id} overtook another");
                }
            }
        }
    }
}

/// Each ends by itself, so that the clock can be set by hand.
fn script() -> impl Strategy<Value = Script> {
    let bad = [
        Script::at(At::Greeting, Act::Close),
        Script::says(At::Greeting, "421 too busy"),
        Script::says(At::Hello, "554 no"),
        Script::says(At::Mail, "451 not now"),
        Script::says(At::Rcpt, "450 grey"),
        Script::says(At::Rcpt, "550 no such person"),
        Script::at(At::Rcpt, Act::Close),
        Script::says(At::Data, "451 not now"),
        Script::at(At::Data, Act::Close),
        Script::at(At::Body, Act::Close),
        Script::at(At::End, Act::Close),
        Script::at(At::End, Act::Take),
        Script::at(At::End, Act::Leave("25".into())),
        Script::says(At::End, "452 the disk is full"),
        Script::says(At::End, "554 looks like spam"),
    ];
    prop_oneof![1 => Just(Script::good()), 3 => prop::sample::select(bad.to_vec())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn whatever_the_server_does(
        scripts in prop::collection::vec(script(), 0..30),
        incidents in prop::collection::vec(0..4_u64, 1..8),
    ) {
        let server = MailServer::plain(scripts);
        let mut story = story(server.port(), &["a@example.org", "b@example.org"]);
        for (turn, incident) in incidents.iter().enumerate() {
            story.decide(*incident, turn);
            story.deliver(0);
        }
        story.deliver(48);
        story.judge(&server.over(0), 4);
    }
}

/// A recipient that no server knows: only its own notices are dead.
#[test]
fn one_dead_recipient_touches_nobody() {
    // Whoever is asked for first is refused each time: the wire says who that was.
    let refuse = Script::says(At::Rcpt, "550 no such person");
    let server = MailServer::plain(vec![refuse]);
    let mut story = story(server.port(), &["a@example.org", "b@example.org", "c@example.org"]);
    story.decide(1, 0);
    story.deliver(48);
    let seen = server.over(3);
    story.judge(&seen, 1);
    let told = story.database.told(&story.tenant, 1).unwrap();
    let states: Vec<&str> = told.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states.iter().filter(|state| **state == "sent").count(), 2, "{states:?}");
    assert_eq!(states.iter().filter(|state| **state == "dead").count(), 1, "{states:?}");
    assert_eq!(seen.iter().flat_map(|one| &one.mails).count(), 2);
}

/// R6: nobody listens for an hour; then everything arrives, once, without a new beginning.
#[test]
fn the_port_is_closed_and_opens_again() {
    let server = MailServer::plain(Vec::new());
    let port = server.port();
    drop(server);
    let mut story = story(port, &["a@example.org", "b@example.org"]);
    for turn in 0..6 {
        story.decide(turn % 3, turn as usize);
        story.deliver(0);
    }
    story.deliver(1);
    let waiting = story.database.told(&story.tenant, 1).unwrap();
    assert!(waiting.iter().all(|one| one.state != "sent" && one.state != "dead"), "{waiting:?}");
    let server = MailServer::plain_at(port, Vec::new());
    story.deliver(2);
    story.judge(&server.over(1), 3);
    assert!(story.unsure.lock().unwrap().is_empty());
}
