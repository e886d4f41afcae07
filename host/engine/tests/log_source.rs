//! What an operator says of the log that a source is goes before what its lines show.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;

use serde_json::{Map, json};
use tripline_engine::clock::NoClock;
use tripline_engine::decode::{Format, GivenLogSource};
use tripline_engine::line::{LineSettings, Lines};
use tripline_engine::matcher::{MatchLimits, MatchScratch, Matched, Matcher};
use tripline_engine::pattern::Rarity;
use tripline_engine::{Configured, Pack};

/// A pack for these sources that wakes on `x=`.
fn matcher(sources: serde_json::Value) -> Matcher {
    let manifest = json!({
        "abi": 1, "pack": { "name": "p", "version": "1.0.0" }, "sources": sources,
        "patterns": [{ "name": "x", "contains": ["x="] }], "wakes_on": ["x"],
        "rules": [{ "id": "r", "title": "r", "severity": "low" }],
    });
    let pack = Arc::new(Pack::from_manifest(manifest.to_string().as_bytes()).unwrap());
    let configured = Configured::new(pack, &Map::new()).unwrap();
    Matcher::new(&[configured], MatchLimits::default(), &Rarity::default()).unwrap()
}

fn matched(sources: &serde_json::Value, given: &GivenLogSource, text: &str) -> (Vec<u8>, Matched) {
    let settings = LineSettings { log_source: given.clone(), join: false, ..LineSettings::default() };
    let mut lines = Lines::new(settings);
    lines.push(text.as_bytes());
    lines.finish();
    let block = lines.next_block().unwrap();
    let matched = matcher(sources.clone()).block(&block, false, &NoClock, &mut MatchScratch::default());
    (block.bytes, matched)
}

fn given(product: Option<&str>, service: Option<&str>, category: Option<&str>) -> GivenLogSource {
    let name = |name: Option<&str>| name.map(String::from);
    GivenLogSource { product: name(product), service: name(service), category: name(category) }
}

const SSHD: &str = "Nov 24 10:00:00 host sshd[7]: x=1\n";
const PLAIN: &str = "x=1\n";
const JSON: &str = "{\"service\":\"shop\",\"message\":\"x=\\u0031\"}\n";

#[test]
fn packs_choose_by_what_is_given() {
    let nothing = GivenLogSource::default();
    for (wanted, given, text, takes) in [
        (json!([{ "service": "sshd" }]), nothing.clone(), SSHD, true),
        (json!([{ "service": "sshd" }]), given(None, Some("ftp"), None), SSHD, false),
        (json!([{ "service": "ftp" }]), given(None, Some("ftp"), None), SSHD, true),
        (json!([{ "service": "ftp" }]), nothing.clone(), SSHD, false),
        // What is not given stays what was found.
        (
            json!([{ "service": "sshd", "product": "windows" }]),
            given(Some("windows"), None, None),
            SSHD,
            true,
        ),
        (json!([{ "service": "sshd", "product": "linux" }]), given(Some("windows"), None, None), SSHD, false),
        // What was unknown fits all, and does not once it is given.
        (json!([{ "category": "webserver" }]), nothing.clone(), PLAIN, true),
        (json!([{ "category": "webserver" }]), given(None, None, Some("proxy")), PLAIN, false),
        (json!([{ "category": "webserver" }]), given(None, None, Some("webserver")), PLAIN, true),
        (json!([{ "service": "shop" }]), nothing.clone(), JSON, true),
        (json!([{ "service": "shop" }]), given(None, Some("till"), None), JSON, false),
        (json!([{ "service": "till" }]), given(None, Some("till"), None), JSON, true),
    ] {
        let (_, matched) = matched(&wanted, &given, text);
        assert_eq!(!matched.is_empty(), takes, "{wanted} {given:?} {text}");
    }
}

#[test]
fn an_event_says_what_is_given_and_what_was_found() {
    for text in [SSHD, JSON, PLAIN] {
        let (_, matched) = matched(&json!([]), &given(Some("bsd"), None, Some("auth")), text);
        let event = matched.event(0);
        let source = event.log_source();
        assert_eq!(source.product, Some(b"bsd".as_slice()), "{text}");
        assert_eq!(source.category, Some(b"auth".as_slice()), "{text}");
        let found = match text {
            SSHD => Some("sshd"),
            JSON => Some("shop"),
            _ => None,
        };
        assert_eq!(source.service, found.map(str::as_bytes), "{text}");
    }
}

/// Also once the format was found, and for a line that fits none.
#[test]
fn it_does_not_depend_on_the_format() {
    let log = given(None, Some("a"), None);
    for format in [None, Some(Format::Rfc3164), Some(Format::Json), Some(Format::Plain)] {
        let settings = LineSettings { format, log_source: log.clone(), ..LineSettings::default() };
        let mut lines = Lines::new(settings);
        lines.push(SSHD.as_bytes());
        lines.finish();
        let block = lines.next_block().unwrap();
        let matcher = matcher(json!([{ "service": "b" }]));
        assert!(
            matcher.block(&block, false, &NoClock, &mut MatchScratch::default()).is_empty(),
            "{format:?}"
        );
    }
}
