//! One mail, one relay, and what became of it in a few words.

use std::time::Duration;

use jiff::Timestamp;
use tripline::notices::{Accepted, Mail, SendError, Smtp, SmtpSettings, Tls, Transport};
use tripline_tests::mail_server::{MailServer, Script};

/// What nobody may read on the way.
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) fn mail() -> Mail {
    Mail {
        id: "17.1@example.org".into(),
        thread: None,
        from: "Tripline <tripline@example.org>".into(),
        envelope_from: "bounces@example.org".into(),
        to: "oncall@example.org".into(),
        subject: "[tripline #1] Seen".into(),
        text: "Something was seen.\n".into(),
        html: "<p>Something was seen.</p>\n".into(),
        date: Timestamp::UNIX_EPOCH,
        reason: "first".into(),
    }
}

/// A relay that has all the time it needs.
pub(crate) fn settings(port: u16, tls: Tls) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".into(),
        port,
        tls,
        login: None,
        timeout: Duration::from_secs(20),
        hello: Some("tripline.example.org".into()),
        extra_root: None,
    }
}

pub(crate) fn with_login(settings: SmtpSettings) -> SmtpSettings {
    SmtpSettings { login: Some(("tripline".into(), PASSWORD.into())), ..settings }
}

/// The kind, what was being done, and the code.
pub(crate) fn outcome(result: &Result<Accepted, SendError>) -> String {
    match result {
        Ok(_) => "accepted".into(),
        Err(SendError::Relay { doing, code: Some(code), .. }) => format!("relay, {doing}, {code}"),
        Err(SendError::Relay { doing, code: None, .. }) => format!("relay, {doing}"),
        Err(SendError::Deferred { code, .. }) => format!("deferred, {code}"),
        Err(SendError::Refused { code, .. }) => format!("refused, {code}"),
        Err(SendError::Unsure { .. }) => "unsure".into(),
        Err(SendError::Message(error)) => format!("message, {error}"),
    }
}

/// Sends one mail in plaintext to a server with this script; nothing but a body makes it unsure, and only what was
/// taken counts as sent.
#[track_caller]
pub(crate) fn check(script: Script, timeout: Duration, expected: &str) {
    let name = format!("{script:?}");
    let server = MailServer::plain(vec![script]);
    let mut smtp = Smtp::new(SmtpSettings { timeout, ..settings(server.port(), Tls::Plaintext) }).unwrap();
    let result = smtp.send(&mail());
    assert_eq!(outcome(&result), expected, "{name}: {result:?}");
    let words = result.map_or_else(|error| error.to_string(), |accepted| accepted.words);
    assert!(words.len() < 500 && !words.chars().any(char::is_control), "{name}: {words:?}");
    let seen = server.over(1);
    let body = String::from_utf8_lossy(&seen[0].plain).contains("Something was seen");
    let handed = ["accepted", "unsure"].contains(&expected);
    assert!(handed || !body || !seen[0].mails.is_empty(), "{name}: {seen:?}");
    assert!(seen.len() == 1 && (!handed || body), "{name}: {seen:?}");
    assert!(expected != "accepted" || seen[0].mails.iter().all(|mail| mail.taken), "{name}: {seen:?}");
}
