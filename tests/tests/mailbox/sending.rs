//! That it arrives, and how often.

use std::collections::BTreeSet;

use mail_parser::MessageParser;

use crate::exim::Exim;
use crate::person::Person;

/// Whom the server gave each mail, and its id; none twice.
#[track_caller]
fn arrived(exim: &Exim, expected: usize) -> BTreeSet<(String, String)> {
    let mails = exim.mails();
    let of = |mail: &Vec<u8>| {
        let parsed = MessageParser::default().parse(mail).unwrap();
        let to = parsed.header("Envelope-To").unwrap().as_text().unwrap().to_string();
        assert_eq!(to, parsed.to().unwrap().first().unwrap().address().unwrap());
        (to, parsed.message_id().unwrap().to_string())
    };
    let all: BTreeSet<_> = mails.iter().map(of).collect();
    assert_eq!((mails.len(), all.len()), (expected, expected), "{}", exim.log());
    all
}

#[test]
fn each_recipient_once_and_nothing_again() {
    let Some(exim) = Exim::start() else { return };
    let person = Person::of(&exim);
    person.log("payment failed");
    person.log("disk is full");
    let to = ["a@example.org", "b@example.org"];
    person.check(&to, 1);
    let first = arrived(&exim, 4);
    person.check(&to, 0);
    assert_eq!(arrived(&exim, 4), first);
    // Every one over TLS, with a login.
    let log = exim.log();
    assert_eq!(log.matches("P=esmtpsa X=TLS1.3").count(), 4, "{log}");
    assert_eq!(log.matches("A=plain:tripline").count(), 4, "{log}");
}

#[test]
fn the_wrong_password() {
    let Some(exim) = Exim::start() else { return };
    let person = Person::of(&exim);
    person.log("payment failed");
    person.password("wrong-0815");
    let said = person.check(&["a@example.org"], 4);
    assert!(said.contains("signing in") && said.contains("535"), "{said}");
    assert!(!said.contains("wrong-0815"), "{said}");
    arrived(&exim, 0);
    person.password(crate::exim::PASSWORD);
    let said = person.expect(&["notify", "flush", "--db", "t.db"], 0);
    assert!(said.contains("1 notice is tried now"), "{said}");
    arrived(&exim, 1);
}

#[test]
fn a_stranger_with_the_relays_name() {
    let (Some(exim), Some(stranger)) = (Exim::start(), Exim::start()) else { return };
    let person = Person::of(&exim);
    person.log("payment failed");
    person.trusts(&stranger);
    let said = person.check(&["a@example.org"], 4);
    assert!(said.contains("beginning TLS") && said.contains("certificate"), "{said}");
    arrived(&exim, 0);
    assert!(!exim.log().contains("plain"), "{}", exim.log());
}

#[test]
fn nobody_of_that_name() {
    let Some(exim) = Exim::start() else { return };
    let person = Person::of(&exim);
    person.log("payment failed");
    person.log("disk is full");
    let said = person.check(&["nobody@example.org", "a@example.org"], 4);
    assert!(said.contains("nobody of that name"), "{said}");
    assert!(arrived(&exim, 2).iter().all(|(to, _)| to == "a@example.org"));
}

#[test]
fn the_server_is_killed_and_comes_back() {
    let Some(mut exim) = Exim::start() else { return };
    let person = Person::of(&exim);
    let to = ["a@example.org"];
    person.log("payment failed");
    person.check(&to, 1);
    let first = arrived(&exim, 1);
    exim.kill();
    person.log("disk is full");
    person.log("upload refused");
    let said = person.check(&to, 4);
    assert!(said.contains("connecting"), "{said}");
    exim.run();
    person.expect(&["notify", "flush", "--db", "t.db"], 0);
    assert!(arrived(&exim, 3).is_superset(&first));
    person.check(&to, 0);
    arrived(&exim, 3);
}
