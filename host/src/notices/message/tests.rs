//! Messages are parsed back, and their headers counted.

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use tripline_notice::{EvidenceView, Reason, Templates, sample};

use super::{AddressField, Mail, MessageError, bytes};

fn mail() -> Mail {
    Mail {
        id: "17.3.abc@tripline.example".into(),
        thread: Some("17.1.abc@tripline.example".into()),
        from: "Tripline <tripline@tripline.example>".into(),
        envelope_from: "bounces@tripline.example".into(),
        to: "ada@people.example".into(),
        subject: "[tripline #17] Password guessing from 203.0.113.7".into(),
        text: "HIGH  Password guessing\n\n> line\n.\n..\nFrom here\n".into(),
        html: "<!DOCTYPE html>\n<p>Password guessing</p>\n".into(),
        date: "2026-07-01T10:00:05Z".parse().unwrap(),
        reason: "first".into(),
    }
}

/// The names of all headers, in lower case, sorted.
const HEADERS: [&str; 12] = [
    "auto-submitted",
    "content-type",
    "date",
    "from",
    "in-reply-to",
    "message-id",
    "mime-version",
    "references",
    "subject",
    "to",
    "x-auto-response-suppress",
    "x-tripline-reason",
];

/// Builds a mail, checks its shape byte by byte and header by header, and hands it over parsed.
#[track_caller]
fn check(mail: &Mail, expected: &[&str], then: impl FnOnce(&Message<'_>)) {
    let bytes = bytes(mail).unwrap();
    let shown = String::from_utf8_lossy(&bytes);
    assert!(bytes.is_ascii() && !bytes.contains(&0), "{shown}");
    let mut rest = bytes.as_slice();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        assert!(end <= 998, "{shown}");
        assert!(!rest[..end].contains(&b'\r') && !rest[..end].contains(&b'\n'), "{shown}");
        rest = &rest[end + 2..];
    }
    let message = MessageParser::default().parse(&bytes).unwrap();
    let mut names: Vec<String> =
        message.headers().iter().map(|header| header.name().to_lowercase()).collect();
    names.sort();
    assert_eq!(names, expected, "{shown}");
    assert_eq!(message.parts.len(), 3, "one alternative with two parts: {shown}");
    assert!(matches!(message.parts[1].body, PartType::Text(_)), "text first: {shown}");
    assert!(matches!(message.parts[2].body, PartType::Html(_)), "then HTML: {shown}");
    assert_eq!(message.attachment_count(), 0);
    then(&message);
}

#[test]
fn each_header_is_there_once() {
    check(&mail(), &HEADERS, |message| {
        assert_eq!(message.message_id(), Some("17.3.abc@tripline.example"));
        assert_eq!(message.in_reply_to().as_text(), Some("17.1.abc@tripline.example"));
        assert_eq!(message.references().as_text(), Some("17.1.abc@tripline.example"));
        assert_eq!(message.date().unwrap().to_rfc3339(), "2026-07-01T10:00:05Z");
        assert_eq!(message.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
        assert_eq!(message.header("X-Tripline-Reason").unwrap().as_text(), Some("first"));
        assert_eq!(message.to().unwrap().iter().count(), 1);
        assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Tripline"));
        assert_eq!(message.content_type().unwrap().subtype(), Some("alternative"));
        let text = message.body_text(0).unwrap();
        assert_eq!(text.replace("\r\n", "\n"), mail().text);
    });
}

#[test]
fn the_first_mail_of_a_thread_answers_nothing() {
    let alone: Vec<&str> =
        HEADERS.into_iter().filter(|name| !["in-reply-to", "references"].contains(name)).collect();
    check(&Mail { thread: None, ..mail() }, &alone, |_| ());
    check(&Mail { thread: Some(mail().id), ..mail() }, &alone, |_| ());
}

#[test]
fn a_mail_is_the_same_each_time_it_is_tried() {
    assert_eq!(bytes(&mail()).unwrap(), bytes(&mail()).unwrap());
}

#[test]
fn subjects_come_back_as_they_went() {
    for subject in ["Grüße aus 世界", "ä", "a  b", "Ein sehr langes Wort: ", "emoji 🦀 end", "ends with ="]
    {
        let subject = format!("[tripline #17] {}", subject.repeat(4));
        check(&Mail { subject: subject.clone(), ..mail() }, &HEADERS, |message| {
            assert_eq!(message.subject(), Some(subject.trim()));
        });
    }
}

/// What tries to be a header, an end of the mail, a part, or another text than it seems.
const MEAN: [&str; 16] = [
    "a\r\nBcc: x@evil.example",
    "a\nBcc: x@evil.example",
    "a\rBcc: x@evil.example",
    "a\r\n Bcc: x@evil.example",
    "a\r\n\tBcc: x@evil.example",
    "a\r\n\r\nbody",
    "a\r\n.\r\nMAIL FROM:<x@evil.example>",
    "a\n.\nb\n..\n.c",
    "=?utf-8?B?DQpCY2M6IHhAZXZpbC5leGFtcGxl?=",
    "=?utf-8?Q?=0D=0ABcc:_x@evil.example?=",
    "x=?utf-8?q?=E2=80=AEtxt.exe?= y",
    "a\0b",
    "a\u{2028}Bcc: x@evil.example\u{85}c",
    "--=_tripline\r\nContent-Type: text/html\r\n\r\n<script>",
    "\u{202e}gpj.exe\u{200b}",
    "\x1b]0;title\x07",
];

fn corpus() -> Vec<String> {
    let long = ["x".repeat(100_000), "ü".repeat(100_000), "x ".repeat(50_000), "\r\n".repeat(50_000)];
    MEAN.into_iter().map(String::from).chain(long).collect()
}

#[test]
fn nothing_in_a_subject_is_a_header() {
    for mean in corpus() {
        let mail = Mail { subject: mean.clone(), reason: mean, ..mail() };
        check(&mail, &HEADERS, |message| {
            let subject = message.subject().unwrap_or_default();
            assert!(!subject.chars().any(tripline_notice::is_hidden), "{subject:?}");
            assert!(!subject.contains("=?"), "{subject:?}");
        });
    }
}

#[test]
fn nothing_in_a_body_is_a_header_or_a_part() {
    for mean in corpus() {
        check(&Mail { text: mean.clone(), html: mean.clone(), ..mail() }, &HEADERS, |message| {
            let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
            assert_eq!(lines(&message.body_text(0).unwrap()), lines(&mean));
        });
    }
}

#[test]
fn nothing_in_an_incident_is_a_header_or_a_part() {
    let templates = Templates::new();
    for mean in corpus() {
        let mut notice = sample::notice();
        notice.reason = Reason::SeverityRose { from: mean.clone() };
        notice.route = mean.clone();
        notice.tenant = mean.clone();
        notice.incident.subject = mean.clone();
        notice.incident.title = mean.clone();
        notice.incident.summary = mean.clone();
        notice.incident.values = vec![(mean.clone(), mean.clone())];
        notice.incident.evidence =
            vec![EvidenceView { place: mean.clone(), text: Some(mean.into_bytes()), cut: false }];
        let words = templates.render(&notice).unwrap();
        let reason = notice.reason.code().into();
        let mail = Mail { subject: words.subject, text: words.text, html: words.html, reason, ..mail() };
        check(&mail, &HEADERS, |message| {
            assert!(message.subject().unwrap().starts_with("[tripline #17] "));
            assert_eq!(message.header("X-Tripline-Reason").unwrap().as_text(), Some("severity-rose"));
            let html = message.body_html(0).unwrap();
            assert!(!html.contains("<script") && html.matches("</html>").count() == 1);
        });
    }
}

#[test]
fn wrong_addresses_are_refused() {
    for wrong in [
        "",
        "ada",
        "ada@",
        "@people.example",
        "ada@people.example, bob@people.example",
        "ada@people.example\r\nBcc: x@evil.example",
        "ada@people.example>\r\nRCPT TO:<x@evil.example",
        "ada@people.example> SIZE=1",
        "\"Ada\r\nBcc: x@evil.example\" <ada@people.example>",
        "=\u{200b} <ada@people.example>",
        "ädä@people.example",
        "ada@münchen.example",
    ] {
        for (field, mail) in [
            (AddressField::From, Mail { from: wrong.into(), ..mail() }),
            (AddressField::To, Mail { to: wrong.into(), ..mail() }),
            (AddressField::Envelope, Mail { envelope_from: wrong.into(), ..mail() }),
        ] {
            match bytes(&mail) {
                Err(MessageError::Address { field: found, .. }) => assert_eq!(found, field, "{wrong}"),
                Ok(_) if field == AddressField::Envelope && wrong.is_empty() => (),
                other => panic!("{field} {wrong:?}: {:?}", other.map(|_| "a message")),
            }
        }
    }
}

#[test]
fn wrong_ids_are_refused() {
    let long = format!("{}@b", "a".repeat(300));
    for wrong in ["", "a", "a@", "@b", "a@b@c", "a b@c", "<a@b>", "a@b>\r\nBcc: x", "ä@b", &long] {
        let expected = |result: Result<Vec<u8>, MessageError>| {
            assert!(matches!(result, Err(MessageError::Id { .. })), "{wrong}");
        };
        expected(bytes(&Mail { id: wrong.into(), ..mail() }));
        expected(bytes(&Mail { thread: Some(wrong.into()), ..mail() }));
    }
}
