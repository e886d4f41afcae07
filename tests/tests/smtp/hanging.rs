//! Servers that never end what they began: a sender ends it, and keeps neither threads nor memory for them.

use std::time::Duration;

use tripline::notices::{Smtp, SmtpSettings, Tls, Transport};
use tripline_tests::mail_server::{Act, At, MailServer, Script};

use crate::mail::{check, mail, outcome, settings};

const SHORT: Duration = Duration::from_millis(400);

const STEPS: [(At, &str); 6] = [
    (At::Greeting, "relay, connecting"),
    (At::Hello, "relay, connecting"),
    (At::Mail, "relay, naming the sender"),
    (At::Rcpt, "relay, naming the recipient"),
    (At::Data, "relay, asking to send"),
    (At::End, "unsure"),
];

#[test]
fn silence() {
    for (step, expected) in STEPS {
        check(Script::at(step, Act::Stall), SHORT, expected);
    }
}

#[test]
fn replies_without_an_end() {
    for (step, expected) in STEPS {
        check(Script::at(step, Act::Endless("250-on and on\r\n".into())), SHORT, expected);
    }
}

/// A line that never ends is not kept.
#[test]
fn lines_without_an_end() {
    for (step, expected) in STEPS {
        check(Script::at(step, Act::Endless("on and on ".repeat(1000))), SHORT, expected);
    }
}

/// Each byte comes in time, the reply never does.
#[test]
fn a_byte_now_and_then() {
    for (step, expected) in STEPS {
        check(Script::at(step, Act::Drip("2".into(), 20)), SHORT, expected);
    }
}

/// Nothing of a conversation that was given up goes on: the server has lost its client when the sender returns.
#[test]
fn many_mails_to_a_server_that_drips() {
    let drip = || Script::at(At::Greeting, Act::Drip("250-\r\n".into(), 5));
    let server = MailServer::plain((0..20).map(|_| drip()).collect());
    let timeout = Duration::from_millis(20);
    let mut smtp = Smtp::new(SmtpSettings { timeout, ..settings(server.port(), Tls::Plaintext) }).unwrap();
    for sent in 1..=20 {
        let result = smtp.send(&mail());
        assert_eq!(outcome(&result), "relay, connecting", "{result:?}");
        server.over(sent);
    }
    // And a good one behind it is not held up.
    let mut patient = Smtp::new(settings(server.port(), Tls::Plaintext)).unwrap();
    assert_eq!(outcome(&patient.send(&mail())), "accepted");
}
