//! Whole mails, as they were looked at and found good. `UPDATE=1` writes them anew.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;

use tripline_notice::{
    Confirmation, Digest, EvidenceView, IncidentLine, Notice, Reason, Rendered, RuleCount, State, Templates,
    confirmation, plain, plain_digest, sample,
};

#[track_caller]
fn check(name: &str, rendered: &Rendered) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let text = format!("Subject: {}\n\n{}", rendered.subject, rendered.text);
    for (ending, found) in [("txt", &text), ("html", &rendered.html)] {
        let path = folder.join(format!("{name}.{ending}"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(*found == expected, "{name}.{ending}\n--- expected\n{expected}\n--- found\n{found}");
    }
}

fn render(notice: &Notice) -> Rendered {
    Templates::new().render(notice).unwrap()
}

fn first() -> Notice {
    Notice { reason: Reason::First, route: "high to oncall".into(), ..sample::notice() }
}

#[test]
fn first_notice() {
    check("first", &render(&first()));
}

#[test]
fn severity_rose() {
    let mut notice = first();
    notice.reason = Reason::SeverityRose { from: "high".into() };
    notice.incident.severity = "critical".into();
    notice.incident.state = State::Acknowledged;
    notice.incident.title = "Password guessing from 203.0.113.7 succeeded".into();
    check("severity-rose", &render(&notice));
}

#[test]
fn resolved() {
    let mut notice = first();
    notice.reason = Reason::Resolved;
    notice.incident.state = State::Resolved;
    notice.incident.resolution = Some("true positive, without impact".into());
    notice.incident.generation = 2;
    check("resolved", &render(&notice));
}

/// Numbers are given for each tenant: what a mail says to run must not be about another one's incident.
#[test]
fn of_a_tenant() {
    let mut notice = first();
    notice.tenant = "plant".into();
    check("tenant", &render(&notice));
    let said = render(&notice);
    let plain = plain(&notice);
    for text in [&said.text, &said.html, &plain.text] {
        let commands: Vec<&str> = text.lines().filter(|line| line.contains("tripline incident")).collect();
        assert!(
            !commands.is_empty() && commands.iter().all(|line| line.ends_with("17 --tenant plant")),
            "{text}"
        );
    }
    let digest = Digest { tenant: "plant".into(), ..digest() };
    let said = Templates::new().render_digest(&digest).unwrap();
    check("tenant-digest", &said);
    assert_eq!(
        (&*plain.subject, &*said.subject),
        ("[tripline plant#17] Password guessing from 203.0.113.7", "[tripline plant] 37 incidents",)
    );
    for text in [&said.text, &said.html, &plain_digest(&digest).text] {
        let commands: Vec<&str> = text.lines().filter(|line| line.contains("tripline incident")).collect();
        assert!(
            !commands.is_empty() && commands.iter().all(|line| line.ends_with("--tenant plant")),
            "{text}"
        );
    }
}

#[test]
fn bare() {
    let mut notice = first();
    notice.incident = tripline_notice::IncidentView {
        id: 1,
        severity: "low".into(),
        pack: "app".into(),
        rule: "error".into(),
        count: 1,
        ..Default::default()
    };
    check("bare", &render(&notice));
}

#[test]
fn a_stack_trace() {
    let mut notice = first();
    let frames: Vec<_> = (1..30).map(|i| format!("    at shop.Cart.step{i}(Cart.java:{i})")).collect();
    notice.incident.severity = "medium".into();
    notice.incident.title = "NullPointerException in shop.Cart".into();
    notice.incident.evidence = vec![EvidenceView {
        place: "shop.log:90211".into(),
        text: Some(format!("java.lang.NullPointerException: total\n{}", frames.join("\n")).into()),
        cut: true,
    }];
    check("stack-trace", &render(&notice));
}

#[test]
fn hostile() {
    let mut notice = first();
    let mean = "</pre><script>alert(1)</script>{{7*7}}{% for x in y %}\r\nBcc: x@evil.example\n> forged";
    notice.tenant = mean.into();
    notice.route = mean.into();
    let incident = &mut notice.incident;
    incident.subject = mean.into();
    incident.title = "\u{202e}gpj.exe \x1b[31mred\0".into();
    incident.summary = format!("http://evil.example/?{mean}\u{2028}next");
    incident.values = vec![("<b>name".into(), mean.into()), ("\u{200b}".into(), "x".repeat(1 << 20))];
    incident.tags = vec!["<img src=http://evil.example/a.png>".into()];
    incident.references = vec!["javascript:alert(1)".into(), "HtTpS://evil.example".into()];
    incident.rule_description = "one\n\n-- \ntwo".into();
    incident.assignee = Some("a@evil.example".into());
    incident.evidence = vec![
        EvidenceView {
            place: "a\n.log:1".into(),
            text: Some(b"\xff\xfe\n.\r\n..\r\nQUIT".into()),
            cut: false,
        },
        EvidenceView { place: "b.log:1".into(), text: Some(vec![b'<'; 1 << 20]), cut: true },
        EvidenceView { place: "c.log:1".into(), text: None, cut: false },
    ];
    check("hostile", &render(&notice));
    check("hostile-plain", &plain(&notice));
}

fn asked() -> Confirmation {
    let named = 1_782_900_005_000_000_000;
    Confirmation {
        tenant: "plant".into(),
        author: "ops".into(),
        named,
        token: format!("tlc_{}", "A".repeat(43)),
        expires: named + 7 * 86_400_000_000_000,
        zone: jiff::tz::TimeZone::UTC,
    }
}

#[test]
fn whether_somebody_wants_to_be_told() {
    check("confirm", &confirmation(&asked()));
}

/// Nothing that a name says is markup, a link, another line or hidden; and there is no link to open by itself.
#[test]
fn a_name_says_nothing_else_in_what_is_asked() {
    let mean = "</p><script>alert(1)</script> {command} {{7*7}}\r\nBcc: x@evil.example http://evil.example \u{202e}x";
    let asked = Confirmation { tenant: mean.into(), author: mean.into(), ..asked() };
    let said = confirmation(&asked);
    check("confirm-hostile", &said);
    assert_eq!(said.subject, "[tripline] Is this address to be told of incidents?");
    assert!(!said.html.contains("<script") && !said.html.contains("</p> {"), "{}", said.html);
    assert_eq!(said.text.matches("tlc_").count(), 1);
    assert_eq!(said.html.matches("tlc_").count(), 1);
    for text in [&said.text, &said.html] {
        for never in ["http://", "https://", "href", "@evil", "\r", "\u{202e}"] {
            assert!(!text.contains(never), "{never}: {text}");
        }
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
    }
}

fn digest() -> Digest {
    let first = 1_782_900_005_000_000_000;
    let one = |id, severity: &str, title: &str, count| IncidentLine {
        id,
        severity: severity.into(),
        title: title.into(),
        count,
        last: Some(first + id * 60_000_000_000),
        reason: "first".into(),
    };
    Digest {
        tenant: "default".into(),
        route: "all to oncall".into(),
        count: 37,
        by_rule: vec![
            RuleCount {
                rule: "sshd/login-after-guessing".into(),
                severity: "critical".into(),
                incidents: 1,
                occurrences: 1,
            },
            RuleCount {
                rule: "sshd/password-guessing".into(),
                severity: "high".into(),
                incidents: 36,
                occurrences: 4811,
            },
        ],
        worst: vec![
            one(17, "critical", "Login after guessing from 203.0.113.7", 1),
            one(18, "high", "Password guessing from 198.51.100.23", 2044),
            one(21, "high", "Password guessing from 2001:db8::77 <script>", 312),
        ],
        left_out: 34,
        from: first,
        to: first + 3_600_000_000_000,
        zone: jiff::tz::TimeZone::UTC,
    }
}

#[test]
fn a_digest() {
    check("digest", &Templates::new().render_digest(&digest()).unwrap());
    check("digest-plain", &plain_digest(&digest()));
}
