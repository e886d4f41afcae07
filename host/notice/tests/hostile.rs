//! Whatever a log says: nothing hidden, nothing alive, nothing huge.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use jiff::tz::TimeZone;
use proptest::prelude::*;
use tripline_notice::{
    EvidenceView, IncidentView, Notice, Reason, Rendered, State, Templates, is_hidden, plain,
};

/// Texts with what hurts in them, between anything else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "http://",
            "HTTPS://",
            "http:",
            "evil.example",
            "a@b.example",
            "www.",
            "evil.com",
            "attack.",
            "initial-access",
            "-",
            "</pre>",
            "<script>",
            "<a href=",
            "<img src=",
            "{{7*7}}",
            "{%",
            "\r\n",
            "\n.\r\n",
            "\0",
            "\x1b[2J",
            "\u{202e}",
            "\u{200b}",
            "\u{2028}",
            "=?utf-8?B?eA==?=",
            "\"'",
            "&lt;",
            "xn--",
            ".",
            "://",
            "\t",
            "\\u{202e}",
        ])
        .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn evidence() -> impl Strategy<Value = EvidenceView> {
    let bytes = prop_oneof![
        text().prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..80),
        Just(vec![b'"'; 5000]),
    ];
    (text(), prop::option::of(bytes), any::<bool>()).prop_map(|(place, text, cut)| EvidenceView {
        place,
        text,
        cut,
    })
}

fn incident() -> impl Strategy<Value = IncidentView> {
    let state = prop::sample::select(vec![State::Open, State::Acknowledged, State::Resolved]);
    let texts = prop::collection::vec(text(), 9);
    let lists = (
        prop::collection::vec(text(), 0..4),
        prop::collection::vec((text(), text()), 0..50),
        prop::collection::vec(evidence(), 0..14),
    );
    let numbers = (any::<i64>(), any::<u32>(), any::<u64>(), any::<Option<i64>>(), any::<Option<i64>>());
    (state, texts, lists, numbers).prop_map(|(state, texts, lists, numbers)| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        let (tags, values, evidence) = lists;
        let (id, generation, count, first, last) = numbers;
        IncidentView {
            id,
            generation,
            severity: next(),
            state,
            subject: next(),
            title: next(),
            summary: next(),
            pack: next(),
            rule: next(),
            rule_title: next(),
            rule_description: next(),
            references: tags.clone(),
            tags,
            values,
            count,
            first,
            last,
            assignee: Some(next()),
            resolution: None,
            evidence,
            evidence_dropped: count,
        }
    })
}

/// Whether a mail program may make a link of a word: a label after the first begins with a top-level domain.
fn is_linked(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let top = |label: &str| {
        let letters: String = label.chars().take_while(|character| character.is_alphabetic()).collect();
        letters.chars().count() == 2 || tld::exist_case_insensitive(&letters)
    };
    labels.windows(2).any(|pair| !pair[0].is_empty() && top(pair[1]))
}

#[track_caller]
fn harmless(rendered: &Rendered) {
    let Rendered { subject, text, html } = rendered;
    assert!(!subject.chars().any(is_hidden), "{subject:?}");
    assert!(subject.chars().count() <= 120, "{subject}");
    for part in [text, html] {
        let hidden = part.chars().find(|character| *character != '\n' && is_hidden(*character));
        assert_eq!(hidden, None, "{part}");
        assert!(part.len() <= 512 * 1024, "{} bytes", part.len());
        let lower = part.to_lowercase();
        for alive in ["http:", "https:", "://", "evil.example", "b.example"] {
            assert!(!lower.contains(alive), "{alive} in {part}");
        }
        let mut words =
            part.split(|character: char| !character.is_alphanumeric() && !"._-".contains(character));
        assert_eq!(words.find(|word| is_linked(word)), None, "{part}");
    }
    let lower = html.to_lowercase();
    for tag in ["<a", "<img", "<script", "<link", "<style", "<iframe", "<svg", "url(", "{{", "{%"] {
        let ours = html.matches(tag).count();
        // Braces may stand in a text; tags cannot.
        assert!(
            tag.starts_with('{') || tag == "url(" || (ours == 0 && !lower.contains(tag)),
            "{tag} in {html}"
        );
    }
    assert_eq!(lower.matches("</body>").count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_notice_is_harmless(incident in incident(), tenant in text(), route in text(), from in text()) {
        let reason = Reason::SeverityRose { from };
        let notice = Notice { tenant, reason, route, incident, zone: TimeZone::UTC };
        harmless(&Templates::new().render(&notice).unwrap());
        harmless(&plain(&notice));
    }
}

#[test]
fn a_tag_of_a_strangers_pack_is_no_link() {
    let tags = ["attack.initial-access", "evil.com", "www.initial-access", "https://evil.com", "a.zip-x"];
    let incident = IncidentView { tags: tags.map(String::from).into(), ..Default::default() };
    let (tenant, route) = ("default".into(), "oncall".into());
    let notice = Notice { tenant, reason: Reason::First, route, incident, zone: TimeZone::UTC };
    for rendered in [Templates::new().render(&notice).unwrap(), plain(&notice)] {
        harmless(&rendered);
    }
    let text = Templates::new().render(&notice).unwrap().text;
    let expected = "attack.initial-access, evil[.]com, www[.]initial-access, hxxps[:]//evil[.]com, a[.]zip-x";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_largest_notice_fits() {
    // What grows most: each is six bytes in HTML, or nine after its dots are broken.
    for grows in ["'", "\"", "aa.", "\u{10fffd}", "\0", "@"] {
        let huge = grows.repeat(1 << 20);
        let line = format!("{}\n", grows.repeat(1000)).repeat(100);
        let many = vec![huge.clone(); 100];
        let event = EvidenceView { place: huge.clone(), text: Some(line.clone().into()), cut: true };
        let incident = IncidentView {
            severity: huge.clone(),
            subject: huge.clone(),
            title: huge.clone(),
            summary: line.clone(),
            pack: huge.clone(),
            rule: huge.clone(),
            rule_title: huge.clone(),
            rule_description: line,
            tags: many.clone(),
            references: many,
            values: vec![(huge.clone(), huge.clone()); 100],
            assignee: Some(huge.clone()),
            resolution: Some(huge.clone()),
            evidence: vec![event; 100],
            evidence_dropped: u64::MAX,
            ..Default::default()
        };
        let reason = Reason::SeverityRose { from: huge.clone() };
        let notice = Notice { tenant: huge.clone(), reason, route: huge, incident, zone: TimeZone::UTC };
        harmless(&Templates::new().render(&notice).unwrap());
    }
}
