//! What the macro makes of a struct: manifest, captures, settings, state.

use std::net::IpAddr;

use tripline_abi::manifest::{List, PatternKind, WakesOn};
use tripline_sdk::prelude::*;
use tripline_sdk::testing::{Decided, Line, Run};

/// What the pack remembers.
#[derive(Default, State)]
pub struct Everything {
    failures: SlidingCount<16>,
    ticks: u32,
}

#[tripline_sdk::pack {
    name: "everything",
    version: "1.2.3",
    description: "Each thing that an author can write.",
    sources: [{ service: "sshd" }, { kind: scan, product: "nmap" }],
    patterns: {
        failed: {
            regex: r"^Failed (?P<method>\S+) for (?P<user>.*) from (?P<ip>\S+) port (?P<port>\d+)(?: (?P<protocol>ssh\d))?",
        },
        accepted: { regex: r"^Accepted \S+ for (?P<user>.*) from (?P<ip>\S+)" },
        words: { contains: setting(words), case_insensitive: true, field: "msg" },
        root: { field: "user", equals: ["root", "toor"] },
    },
    settings: {
        /// Failed logins from one address
        /// that make an incident.
        threshold: { integer: 3, min: 1, max: 1000 },
        words: { strings: ["denied"], max_items: 3, min_length: 2 },
        ratio: { number: 0.5, min: 0, max: 1 },
        mode: { string: "strict", one_of: ["strict", "loose"] },
        on: { boolean: true },
        ports: { integers: [22, 2222], max: 65535 },
        type: { integer: -1, title: "A keyword" },
    },
    fields: ["user", "http.status"],
    tick: 60,
}]
impl Everything {
    /// Many failed logins.
    ///
    /// From one address.
    #[rule {
        id: "guessing", title: "Guessing", severity: high, tags: ["attack.t1110"], references: ["https://example.org"],
        false_positives: ["a forgotten password"], dedupe_window: 60, resolve_after: 120, status: test,
        on: [failed],
    }]
    fn guessing(&mut self, event: &Event, settings: &Settings, ip: Text, port: u16) -> Option<Decision> {
        let burst = self.failures.hit(event, ip, settings.threshold, 60)?;
        Some(Decision::new(ip).value("failures", burst.total).value("port", port).evidence(&burst.ids))
    }

    #[rule { id: "either", title: "Either", severity: low, on: [accepted, failed] }]
    fn either(&self, user: &str, method: Option<Text>, protocol: Option<&str>, ip: IpAddr) -> Vec<Decision> {
        let decision = Decision::new(user).value("method", method).value("protocol", protocol);
        vec![decision.value("ip", ip).title(Self::title(user))]
    }

    #[rule { id: "words", title: "Words", severity: low, on: [{ all: [words], none: [root] }] }]
    fn words(event: &Event, settings: &Settings) -> Decision {
        let entry = event.matched(pattern::WORDS).and_then(|seen| seen.list_entry()).unwrap_or_default();
        let decision = Decision::new(event.field(field::MSG)).value("word", &settings.words[entry]);
        decision.value("status", event.field(field::HTTP_STATUS)).severity(Severity::Critical)
    }

    #[rule { id: "ticks", title: "Ticks", severity: informational, on: tick }]
    fn ticks(&mut self, event: &Event, settings: &Settings) -> Option<Decision> {
        self.ticks += 1;
        (settings.on && self.ticks == 2).then(|| Decision::for_source().value("time", event.time()))
    }

    fn title(user: &str) -> String {
        format!("{user}, {}", pattern::root::LIST[0])
    }
}

#[test]
fn the_manifest_says_what_the_attribute_says() {
    let run = Run::<Everything>::new().unwrap();
    let manifest = run.manifest();
    assert_eq!(
        (manifest.pack.name.as_str(), manifest.pack.version.to_string()),
        ("everything", "1.2.3".into())
    );
    assert_eq!(manifest.pack.licence, "MIT OR Apache-2.0");
    assert_eq!(manifest.sources[1].kind.as_deref(), Some("scan"));
    assert_eq!(manifest.field_names(), ["user", "http.status", "msg"]);
    assert_eq!(manifest.patterns[0].captures, ["method", "user", "ip", "port", "protocol"]);
    assert_eq!(manifest.patterns[2].kind, PatternKind::Contains(List::Setting("words".into())));
    let WakesOn::Any(wakes) = &manifest.wakes_on else { panic!("{:?}", manifest.wakes_on) };
    let wakes: Vec<_> = wakes.iter().map(|wake| (&wake.all[..], &wake.none[..])).collect();
    assert_eq!(wakes, [(&[0][..], &[][..]), (&[1], &[]), (&[2], &[3])]);
    let rule = &manifest.rules[0];
    assert_eq!(rule.description, "Many failed logins.\nFrom one address.");
    assert_eq!((rule.dedupe_window, rule.resolve_after), (Some(60), Some(120)));
    let settings = &manifest.settings;
    assert_eq!(settings.properties.len(), 7);
    assert_eq!(settings.properties[0].description, "Failed logins from one address that make an incident.");
    assert_eq!((manifest.tick, manifest.raw), (Some(60), false));
}

#[test]
fn defaults_of_settings_are_those_of_the_manifest() {
    let settings = Settings::default();
    assert_eq!((settings.threshold, settings.ratio, settings.on, settings.r#type), (3, 0.5, true, -1));
    assert_eq!((settings.words, settings.mode), (vec!["denied".to_string()], "strict".to_string()));
    assert_eq!(settings.ports, [22, 2222]);
}

#[test]
fn captures_arrive_by_name_and_type() {
    let mut run = Run::<Everything>::new().unwrap();
    let failed = run.judge("Failed password for root from 192.0.2.7 port 22 ssh2");
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].rule.as_str(), failed[0].title.as_str()), ("either", "root, root"));
    assert_eq!((failed[0].value("method"), failed[0].value("protocol")), (Some("password"), Some("ssh2")));
    let accepted = run.judge("Accepted publickey for bo from 2001:db8::1 port 22");
    assert_eq!((accepted[0].value("method"), accepted[0].value("ip")), (None, Some("2001:db8::1")));
    assert!(run.judge("Failed password for a from here port 22").is_empty(), "`here` is no IpAddr");
    assert!(run.judge(b"Failed password for \xff from 192.0.2.7 port 22").is_empty(), "no str");
}

#[test]
fn a_number_that_does_not_fit_skips_the_rule() {
    let mut run = Run::<Everything>::new().unwrap().set("threshold", 1).unwrap();
    let mut rules = |line: &str| run.judge(line).into_iter().map(|d: Decided| d.rule).collect::<Vec<_>>();
    assert_eq!(rules("Failed password for a from 192.0.2.7 port 65535"), ["guessing", "either"]);
    assert_eq!(rules("Failed password for a from 192.0.2.7 port 65536"), ["either"]);
}

#[test]
fn lists_fields_and_ticks() {
    let mut run = Run::<Everything>::new().unwrap().set("words", ["refused", "denied"]).unwrap();
    let line = Line::new("").field("msg", "Access DENIED").field("http.status", "403");
    let decided = run.judge(line.clone());
    assert_eq!((decided[0].value("word"), decided[0].value("status")), (Some("denied"), Some("403")));
    assert_eq!((decided[0].severity, &decided[0].evidence[..]), (Severity::Critical, &[1][..]));
    assert!(run.judge(line.field("user", "toor")).is_empty());
    assert!(run.tick(1).is_empty());
    let decided = run.tick(2);
    assert_eq!((decided[0].rule.as_str(), decided[0].value("time")), ("ticks", Some("2000000000")));
    assert_eq!(decided[0].evidence, [0; 0], "a tick is no evidence");
}

#[test]
fn state_outlives_a_restart() {
    let mut run = Run::<Everything>::new().unwrap();
    let line = "Failed password for root from 192.0.2.7 port 22 ssh2";
    run.judge(Line::new(line).at(1));
    run.judge(Line::new(line).at(2));
    let saved = run.restart().unwrap();
    assert_eq!(run.restart().unwrap(), saved);
    let decided = run.judge(Line::new(line).at(3));
    assert_eq!((decided[0].rule.as_str(), decided[0].value("failures")), ("guessing", Some("3")));
    assert_eq!(decided[0].evidence, [1, 2, 3]);
}

#[test]
fn a_restart_after_every_line_changes_nothing() {
    let mut once = Run::<Everything>::new().unwrap();
    let mut often = Run::<Everything>::new().unwrap();
    for n in 0..50 {
        let line = format!("Failed password for user{} from 192.0.2.{} port 22 ssh2", n % 5, n % 7);
        let line = Line::new(line).at(n * 3);
        assert_eq!(once.judge(line.clone()), often.judge(line), "{n}");
        often.restart().unwrap();
    }
}
