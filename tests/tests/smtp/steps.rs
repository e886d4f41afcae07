//! At each step: a refusal for now, one for good, an end, nonsense.

use std::time::Duration;

use tripline::notices::{Smtp, Tls, Transport};
use tripline_tests::mail_server::{Act, At, MailServer, Script};

use crate::mail::{PASSWORD, check, mail, outcome, settings, with_login};

/// The password in Base64, as it goes over the wire.
const ENCODED: &str = "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5";
/// For what ends by itself.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_good_server_takes_it() {
    check(Script::good(), LONG, "accepted");
}

#[test]
fn refusals_with_codes() {
    for (step, reply, expected) in [
        (At::Greeting, "554 go away", "relay, connecting, 554"),
        (At::Greeting, "421 too busy", "relay, connecting, 421"),
        (At::Hello, "550 who are you", "relay, connecting, 550"),
        (At::Hello, "451 not now", "relay, connecting, 451"),
        (At::Mail, "451 not now", "relay, naming the sender, 451"),
        (At::Mail, "530 sign in first", "relay, naming the sender, 530"),
        (At::Rcpt, "450 grey", "deferred, 450"),
        (At::Rcpt, "550 no such person", "refused, 550"),
        (At::Rcpt, "421 bye", "deferred, 421"),
        (At::Data, "451 not now", "deferred, 451"),
        (At::Data, "554 nobody to send it to", "refused, 554"),
        (At::Data, "250 what", "relay, asking to send"),
        (At::End, "452 the disk is full", "deferred, 452"),
        (At::End, "554 looks like spam", "refused, 554"),
        (At::End, "250 kept as 17", "accepted"),
        // It has the mail, and says something that means nothing there.
        (At::End, "354 go on", "unsure"),
    ] {
        check(Script::says(step, reply), LONG, expected);
        // And the same with an end of the connection behind it.
        check(Script::at(step, Act::Leave(format!("{reply}\r\n"))), LONG, expected);
    }
}

#[test]
fn ends_without_a_word() {
    for (step, expected) in [
        (At::Greeting, "relay, connecting"),
        (At::Hello, "relay, connecting"),
        (At::Mail, "relay, naming the sender"),
        (At::Rcpt, "relay, naming the recipient"),
        (At::Data, "relay, asking to send"),
        (At::Body, "unsure"),
        (At::End, "unsure"),
    ] {
        check(Script::at(step, Act::Close), LONG, expected);
    }
    check(Script::at(At::End, Act::Take), LONG, "unsure");
}

#[test]
fn nonsense() {
    let long = format!("250 {}", "x".repeat(100_000));
    let many = "250-on and on\r\n".repeat(20_000);
    for nonsense in ["\u{1}\u{2}\u{3} SSH-2.0-OpenSSH", "", "999 what", "25", "250-a\r\n550 b", &long, &many]
    {
        for (step, expected) in [
            (At::Greeting, "relay, connecting"),
            (At::Hello, "relay, connecting"),
            (At::Mail, "relay, naming the sender"),
            (At::Rcpt, "relay, naming the recipient"),
            (At::Data, "relay, asking to send"),
            (At::End, "unsure"),
        ] {
            // Whoever speaks nonsense does not listen.
            check(Script::at(step, Act::Leave(format!("{nonsense}\r\n"))), LONG, expected);
        }
    }
}

#[test]
fn nobody_listens() {
    let server = MailServer::plain(Vec::new());
    let port = server.port();
    drop(server);
    let mut smtp = Smtp::new(settings(port, Tls::Plaintext)).unwrap();
    let result = smtp.send(&mail());
    assert_eq!(outcome(&result), "relay, connecting", "{result:?}");
}

#[test]
fn signing_in() {
    let refused = Script::says(At::Auth, "535 5.7.8 wrong");
    // A server that says again what it was told.
    let (echo, encoded) = (PASSWORD, ENCODED);
    for (script, expected) in [
        (Script::good(), "accepted"),
        (Script::good().offering("AUTH_LOGIN"), "accepted"),
        (Script::says(At::Auth, &format!("535 not {echo}")), "relay, signing in, 535"),
        (
            Script::says(At::Auth, &format!("535 not {encoded}")).offering("AUTH_LOGIN"),
            "relay, signing in, 535",
        ),
        (Script::says(At::Rcpt, &format!("550 whom {echo} knows")), "refused, 550"),
        (Script::at(At::Mail, Act::Leave(format!("what {encoded}\r\n"))), "relay, naming the sender"),
        (refused.clone(), "relay, signing in, 535"),
        (refused.offering("AUTH_LOGIN"), "relay, signing in, 535"),
        (Script::says(At::Auth, "454 4.7.0 not now"), "relay, signing in, 454"),
        // Neither a yes nor a no.
        (Script::says(At::Auth, "250 ok"), "relay, signing in"),
        (Script::says(At::Auth, "334 bm9uc2Vuc2U="), "relay, signing in"),
        (Script::good().offering("AUTH_GSSAPI_SCRAM-SHA-256_CRAM-MD5"), "relay, signing in"),
        (Script::good().offering(""), "relay, signing in"),
        (Script::at(At::Auth, Act::Close), "relay, signing in"),
    ] {
        let name = format!("{script:?}");
        let server = MailServer::plain(vec![script]);
        let mut smtp = Smtp::new(with_login(settings(server.port(), Tls::Plaintext))).unwrap();
        let result = smtp.send(&mail());
        assert_eq!(outcome(&result), expected, "{name}: {result:?}");
        let words = format!("{result:?}");
        assert!(!words.contains(PASSWORD) && !words.contains(encoded), "{name}: {words}");
        let seen = server.over(1);
        let is_in = !expected.contains("signing in");
        assert_eq!(seen[0].commands.contains(&"MAIL".into()), is_in, "{name}: {seen:?}");
    }
}
