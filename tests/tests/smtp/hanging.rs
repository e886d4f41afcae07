//! Servers that never end what they began: a sender ends it, and keeps neither threads nor memory for them.

use std::time::Duration;

use tripline::notices::{Smtp, SmtpSettings, Tls, Transport};
use tripline_tests::mail_server::{Act, At, MailServer, Script};

use crate::mail::{check, mail, outcome, settings};

const SHORT: Duration = Duration::from_millis(400);

/// How it ends where the sender's patience does.
fn in_the_end(step: At) -> &'static str {
    if step == At::End { "unsure" } else { "relay, talking" }
}

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

/// A line that never ends is not kept, not even by a thread for which nobody waits any more: the conversation is over.
#[test]
fn lines_without_an_end() {
    for (step, expected) in STEPS {
        check(Script::at(step, Act::Endless("on and on ".repeat(1000))), SHORT, expected);
    }
}

/// Each byte comes in time, the reply never does.
#[test]
fn a_byte_now_and_then() {
    for (step, _) in STEPS {
        check(Script::at(step, Act::Drip("2".into(), 20)), SHORT, in_the_end(step));
    }
}

#[test]
fn many_mails_to_a_server_that_drips() {
    let drip = || Script::at(At::Greeting, Act::Drip("250-\r\n".into(), 5));
    let server = MailServer::plain((0..20).map(|_| drip()).collect());
    let timeout = Duration::from_millis(20);
    let mut smtp = Smtp::new(SmtpSettings { timeout, ..settings(server.port(), Tls::Plaintext) }).unwrap();
    for _ in 0..20 {
        let result = smtp.send(&mail());
        assert!(outcome(&result).starts_with("relay, "), "{result:?}");
        let open = server.when(|_| true).iter().filter(|one| !one.over).count();
        assert!(open <= 9, "{open} connections");
    }
}
