//! What stands on the wire, byte for byte.

use proptest::prelude::*;
use tripline::notices::{Mail, Smtp, Tls, Transport};
use tripline_tests::mail_server::{Body, MailServer, Seen};

use crate::mail::{mail, settings};

fn sent(mail: &Mail) -> Seen {
    let server = MailServer::plain(Vec::new());
    let mut smtp = Smtp::new(settings(server.port(), Tls::Plaintext)).unwrap();
    smtp.send(mail).unwrap();
    let mut seen = server.over(1);
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

/// One mail, one recipient, one end of data: by the standard, and for every server that is lax about it.
#[track_caller]
fn check(text: &str) -> Body {
    let hostile = Mail { text: text.into(), html: format!("<pre>{text}</pre>"), ..mail() };
    let seen = sent(&Mail { subject: text.into(), ..hostile });
    assert_eq!(seen.commands, ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"], "{text:?}");
    let [body] = &seen.mails[..] else { panic!("{text:?}: {seen:?}") };
    assert_eq!(
        (&*body.from, &*body.to[0]),
        ("MAIL FROM:<bounces@example.org>", "RCPT TO:<oncall@example.org>")
    );
    let lines = body.wire.strip_suffix(b"\r\n.\r\n").unwrap();
    for end in ["\n.\n", "\r.\r", "\n.\r", "\r.\n"] {
        let found = lines.windows(3).any(|three| three == end.as_bytes());
        assert!(!found, "{text:?}: {end:?} in {:?}", String::from_utf8_lossy(lines));
    }
    let wire = String::from_utf8(body.wire.clone()).unwrap();
    for line in wire.split("\r\n") {
        assert!(
            !line.contains(['\r', '\n', '\0']) && line.len() <= 998 && line.is_ascii(),
            "{text:?}: {line:?}"
        );
    }
    for name in ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"] {
        let parsed = body.message();
        let parsed = mail_parser::MessageParser::default().parse(&parsed).unwrap().into_owned();
        let count = parsed.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name)).count();
        assert_eq!(count, 1, "{text:?}: {name}");
    }
    body.clone()
}

#[test]
fn dots_and_line_ends() {
    for text in [
        ".",
        "..x",
        ".\n.\n..\n",
        "a\n.\nMAIL FROM:<evil@example.org>\nRCPT TO:<victim@example.org>\nDATA\n",
        "a\r\n.\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n",
        "a\r.\rb\n\r.\n\rc",
        "a\n.\r\nb\r\n.\nc",
        "\r\r\n.\r\r\n",
        "ends with a dot\n.",
        "",
        "\0.\0\r\n",
        "a\r\nBcc: victim@example.org\r\n\r\nbody",
    ] {
        let body = check(text);
        let message = body.message();
        let parsed = mail_parser::MessageParser::default().parse(&message).unwrap();
        let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_string();
        assert_eq!(lines(&parsed.body_text(0).unwrap()), lines(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_in_it(pieces in prop::collection::vec(
        prop::sample::select(vec!["\r", "\n", ".", "..", "\r\n", "a", "=", "DATA", "\0", "é", "-", "--=_tripline", " "]),
        0..40,
    )) {
        check(&pieces.concat());
    }
}
