//! That it arrives, and how often.

use std::collections::BTreeSet;

use mail_parser::MessageParser;

use crate::person::Person;
use crate::relay::{Relay, USER};
use crate::syntax::wrong_field;

/// Whom the server gave each mail, and its id; none twice.
#[track_caller]
fn arrived(relay: &Relay, expected: usize) -> BTreeSet<(String, String)> {
    let mails = relay.mails();
    let of = |mail: &Vec<u8>| {
        assert_eq!(wrong_field(mail), None);
        let parsed = MessageParser::default().parse(mail).unwrap();
        // As the one server calls it, and the other.
        let envelope = parsed.header("Delivered-To").or_else(|| parsed.header("Envelope-To"));
        let to = envelope.unwrap().as_text().unwrap().to_string();
        assert_eq!(to, parsed.to().unwrap().first().unwrap().address().unwrap());
        (to, parsed.message_id().unwrap().to_string())
    };
    let all: BTreeSet<_> = mails.iter().map(of).collect();
    assert_eq!((mails.len(), all.len()), (expected, expected), "{}", relay.log());
    all
}

#[test]
fn each_recipient_once_and_nothing_again() {
    let Some(relay) = Relay::start() else { return };
    let person = Person::of(&relay);
    person.log("payment failed");
    person.log("disk is full");
    let to = ["a@example.org", "b@example.org"];
    person.check(&to, 1);
    let first = arrived(&relay, 4);
    person.check(&to, 0);
    assert_eq!(arrived(&relay, 4), first);
    // Every one over TLS, with a login: RFC 3848 has a word for that. Whose login it was, the one server writes into the mail,
    // the other into its log.
    for mail in relay.mails() {
        let text = String::from_utf8(mail).unwrap().to_ascii_lowercase();
        let is_secure = text.contains("with esmtpsa") && text.contains("tls1.3") | text.contains("tlsv1.3");
        let is_ours = text.contains(&format!("(authenticated sender: {USER}"))
            || relay.log().contains(&format!(" A=plain:{USER} "));
        assert!(is_secure && is_ours, "{text}");
    }
}

#[test]
fn the_wrong_password() {
    let Some(relay) = Relay::start() else { return };
    let person = Person::of(&relay);
    person.log("payment failed");
    person.password("wrong-0815");
    let said = person.check(&["a@example.org"], 4);
    assert!(said.contains("signing in") && said.contains("535"), "{said}");
    assert!(!said.contains("wrong-0815"), "{said}");
    arrived(&relay, 0);
    person.password(crate::relay::PASSWORD);
    let said = person.expect(&["notify", "flush", "--db", "t.db"], 0);
    assert!(said.contains("1 notice is tried now"), "{said}");
    arrived(&relay, 1);
}

#[test]
fn a_stranger_with_the_relays_name() {
    let (Some(relay), Some(stranger)) = (Relay::start(), Relay::start()) else { return };
    let person = Person::of(&relay);
    person.log("payment failed");
    person.trusts(&stranger);
    let said = person.check(&["a@example.org"], 4);
    assert!(said.contains("beginning TLS") && said.contains("certificate"), "{said}");
    arrived(&relay, 0);
    assert!(!relay.log().to_ascii_lowercase().contains("plain"), "{}", relay.log());
}

#[test]
fn nobody_of_that_name() {
    let Some(relay) = Relay::start() else { return };
    let person = Person::of(&relay);
    person.log("payment failed");
    person.log("disk is full");
    let said = person.check(&["nobody@example.org", "a@example.org"], 4);
    assert!(said.contains("nobody of that name"), "{said}");
    assert!(arrived(&relay, 2).iter().all(|(to, _)| to == "a@example.org"));
}

#[test]
fn the_server_is_killed_and_comes_back() {
    let Some(mut relay) = Relay::start() else { return };
    let person = Person::of(&relay);
    let to = ["a@example.org"];
    person.log("payment failed");
    person.check(&to, 1);
    let first = arrived(&relay, 1);
    relay.kill();
    person.log("disk is full");
    person.log("upload refused");
    let said = person.check(&to, 4);
    assert!(said.contains("connecting"), "{said}");
    relay.run();
    person.expect(&["notify", "flush", "--db", "t.db"], 0);
    assert!(arrived(&relay, 3).is_superset(&first));
    person.check(&to, 0);
    arrived(&relay, 3);
}
