//! Where TLS is asked for, nothing that matters is said without it.

use std::time::Duration;

use tripline::notices::{Smtp, SmtpSettings, Tls, Transport};
use tripline_tests::certificates::{Authority, Identity};
use tripline_tests::mail_server::{Act, At, MailServer, Script, Start};

use crate::mail::{mail, outcome, settings, with_login};

/// Sends with a login by a server with this certificate; but for EHLO, STARTTLS and QUIT nothing is in plaintext.
#[track_caller]
fn check(authority: &Authority, identity: &Identity, start: Start, script: Script, expected: &str) {
    let name = format!("{start:?} {script:?}");
    let server = MailServer::tls(identity, start, vec![script]);
    let tls = if start == Start::Implicit { Tls::Implicit } else { Tls::StartTls };
    let trusting =
        SmtpSettings { extra_root: Some(authority.pem.clone().into()), ..settings(server.port(), tls) };
    let result = Smtp::new(with_login(trusting)).unwrap().send(&mail());
    assert_eq!(outcome(&result), expected, "{name}: {result:?}");
    let seen = server.over(1);
    let plain = String::from_utf8_lossy(&seen[0].plain).into_owned();
    let harmless = |line: &str| ["EHLO tripline.example.org", "STARTTLS", "QUIT", ""].contains(&line);
    assert!(plain.split("\r\n").all(harmless), "{name}: {plain:?}");
    let secret = String::from_utf8_lossy(&seen[0].secret).into_owned();
    assert_eq!(secret.contains("Something was seen"), expected == "accepted", "{name}: {secret:?}");
    assert!(seen[0].tls || secret.is_empty(), "{name}");
}

fn good() -> (Authority, Identity) {
    let authority = Authority::new();
    let identity = authority.sign(&["127.0.0.1", "mail.example.org"]);
    (authority, identity)
}

#[test]
fn a_good_server_takes_it() {
    let (authority, identity) = good();
    for start in [Start::Upgrade, Start::Implicit] {
        check(&authority, &identity, start, Script::good(), "accepted");
        check(&authority, &identity, start, Script::good().offering("AUTH_LOGIN"), expected_login(start));
    }
}

/// That offer has no STARTTLS in it.
fn expected_login(start: Start) -> &'static str {
    if start == Start::Implicit { "accepted" } else { "relay, beginning TLS" }
}

#[test]
fn certificates_that_are_not_the_relays() {
    let (authority, identity) = good();
    for (name, wrong) in [
        ("another name", authority.sign(&["elsewhere.example.org"])),
        ("expired", authority.sign_until(&["127.0.0.1"], 2020)),
        ("another authority", Authority::new().sign(&["127.0.0.1"])),
        ("by itself", Identity::alone("127.0.0.1")),
    ] {
        println!("{name}");
        check(&authority, &wrong, Start::Upgrade, Script::good(), "relay, beginning TLS");
        check(&authority, &wrong, Start::Implicit, Script::good(), "relay, connecting");
    }
    // And one that is, but that nobody vouches for here.
    check(&Authority::new(), &identity, Start::Upgrade, Script::good(), "relay, beginning TLS");
}

#[test]
fn servers_that_will_not() {
    let (authority, identity) = good();
    for (script, expected) in [
        (Script::good().offering("AUTH_PLAIN"), "relay, beginning TLS"),
        (Script::good().offering(""), "relay, beginning TLS"),
        (Script::says(At::StartTls, "454 not now"), "relay, beginning TLS, 454"),
        (Script::says(At::StartTls, "502 what is that"), "relay, beginning TLS, 502"),
        (Script::at(At::StartTls, Act::Close), "relay, beginning TLS"),
        (Script::at(At::HelloAgain, Act::Close), "relay, beginning TLS"),
        (Script::says(At::HelloAgain, "550 no"), "relay, beginning TLS, 550"),
        (Script::says(At::Auth, "535 wrong"), "relay, signing in, 535"),
    ] {
        check(&authority, &identity, Start::Upgrade, script, expected);
    }
}

/// Replies that somebody on the way puts behind the one to STARTTLS, to be taken for the server's.
#[test]
fn replies_from_before_tls() {
    let (authority, identity) = good();
    for injected in [
        "250 HELP\r\n",
        "250 HELP\r\n250 ok\r\n",
        "250 AUTH PLAIN\r\n235 welcome\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 kept\r\n",
        "250 AUTH PLAIN LOGIN\r\n",
        "550 no such person\r\n",
        "250-AUTH PLAIN\r\n",
        "\r\n",
        "2",
    ] {
        let script = Script::at(At::StartTls, Act::Say(format!("220 begin\r\n{injected}")));
        check(&authority, &identity, Start::Upgrade, script, "relay, beginning TLS");
    }
}

/// A plain server where TLS is expected from the first byte, and the other way round.
#[test]
fn the_wrong_port() {
    let (authority, identity) = good();
    let root = Some(authority.pem.clone().into_bytes());
    let timeout = Duration::from_millis(400);
    let plain = MailServer::plain(Vec::new());
    let secret = MailServer::tls(&identity, Start::Implicit, Vec::new());
    for (port, tls) in [(plain.port(), Tls::Implicit), (secret.port(), Tls::StartTls)] {
        let settings = SmtpSettings { timeout, extra_root: root.clone(), ..settings(port, tls) };
        let result = Smtp::new(with_login(settings)).unwrap().send(&mail());
        assert_eq!(outcome(&result), "relay, connecting", "{tls:?}: {result:?}");
    }
}
