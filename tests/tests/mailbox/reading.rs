//! What a mail program makes of it.

use std::collections::BTreeMap;

use mail_parser::{Message, MessageParser, PartType};

use crate::person::Person;
use crate::relay::Relay;
use crate::syntax::wrong_field;

/// Each once, whatever the log says; and nothing that the log wrote.
#[track_caller]
fn check(mail: &Message<'_>) {
    let count =
        |name: &str| mail.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name)).count();
    let names =
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];
    for name in names.into_iter().chain(["In-Reply-To", "References"]) {
        assert_eq!(count(name), 1, "{name} in {:?}", mail.headers());
    }
    for name in ["Bcc", "Cc", "Reply-To", "X-Evil"] {
        assert_eq!(count(name), 0, "{name} in {:?}", mail.headers());
    }
    assert_eq!(mail.from().unwrap().first().unwrap().address(), Some("tripline@example.org"));
    assert_eq!(mail.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
    let leaves: Vec<&str> = mail
        .parts
        .iter()
        .filter_map(|part| match part.body {
            PartType::Text(_) => Some("text"),
            PartType::Html(_) => Some("html"),
            PartType::Multipart(_) => None,
            _ => Some("something else"),
        })
        .collect();
    assert_eq!(leaves, ["text", "html"]);
    let html = mail.body_html(0).unwrap().to_ascii_lowercase();
    for live in ["<script", "<img", "<a ", "href=", "http://", "https://"] {
        assert!(!html.contains(live), "{live} in {html}");
    }
}

#[test]
fn hostile_lines() {
    let Some(relay) = Relay::start() else { return };
    let person = Person::of(&relay);
    for line in [
        "<script>alert(1)</script><img src=http://evil.example.org/x.png>",
        "a\rBcc: victim@example.org\rX-Evil: 1",
        "=?utf-8?q?=0D=0ABcc:_victim@example.org?= https://evil.example.org/",
        ".",
        "\u{202e}moc.live \u{1b}[2J\u{7} a\0b",
        "käse 世界 🦀",
    ] {
        person.log(line);
    }
    person.check(&["a@example.org"], 1);
    let mails = relay.mails();
    assert!(mails.len() >= 5, "{} mails: {}", mails.len(), relay.log());
    let mut texts = String::new();
    for mail in &mails {
        assert_eq!(wrong_field(mail), None);
        let mail = MessageParser::default().parse(mail).unwrap();
        check(&mail);
        let subject = mail.subject().unwrap();
        assert!(subject.starts_with("[tripline #") && !subject.chars().any(char::is_control), "{subject:?}");
        texts.push_str(&mail.body_text(0).unwrap());
    }
    assert!(texts.contains("käse 世界 🦀") && texts.contains("alert(1)"), "{texts}");
    assert!(!texts.contains(['\u{202e}', '\u{1b}', '\u{7}', '\0']), "{texts:?}");
}

/// An incident's mails are one thread with one subject; another incident's are another.
#[test]
fn threads() {
    let Some(relay) = Relay::start() else { return };
    let person = Person::of(&relay);
    person.log("payment failed");
    person.log("disk is full");
    let to = ["a@example.org"];
    person.check(&to, 1);
    for id in ["1", "2"] {
        let resolve = ["incident", "resolve", id, "--as", "expected", "--db", "t.db", "--mail-to", to[0]];
        person.expect(&resolve, 0);
    }
    let mails = relay.mails();
    let mut threads: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in &mails {
        let mail = MessageParser::default().parse(mail).unwrap();
        check(&mail);
        let root = mail.references().as_text().unwrap().to_string();
        assert_eq!(mail.in_reply_to().as_text(), Some(&*root));
        threads.entry(root).or_default().push(mail.subject().unwrap().to_string());
    }
    assert_eq!(threads.len(), 2, "{threads:?}");
    for subjects in threads.values() {
        assert!(subjects.len() == 2 && subjects[0] == subjects[1], "{subjects:?}");
    }
}
