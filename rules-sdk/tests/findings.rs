//! Rules over what scans find: fields as parameters, settings that are parsed, findings by hand.

use std::net::IpAddr;
use std::str::FromStr;

use tripline_sdk::prelude::*;
use tripline_sdk::testing::{Line, Run};

/// A setting of the pack's own type.
#[derive(Clone, Debug)]
pub(crate) struct Even(u16);

impl FromStr for Even {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: u16 = text.parse().map_err(|_| "expected a number".to_string())?;
        if number.is_multiple_of(2) { Ok(Even(number)) } else { Err("expected an even number".into()) }
    }
}

/// Remembers nothing.
#[derive(Default, State)]
pub struct Ports {}

#[tripline_sdk::pack {
    name: "ports",
    version: "1.0.0",
    sources: [{ kind: scan }],
    patterns: {
        opened: { field: "finding", equals: ["port_opened"] },
        named: { field: "name", regex: r"^(?P<name>[a-z]+)" },
    },
    settings: {
        ports: { strings: ["22", "80"], parse: Even, max_items: 3 },
        most: { string: "1024", parse: Even },
    },
    fields: ["target", "port", "first", "type", "extra"],
}]
impl Ports {
    #[rule { id: "opened", title: "Opened", severity: low, on: [opened] }]
    fn opened(
        settings: &Settings,
        target: IpAddr,
        port: u16,
        first: Option<bool>,
        r#type: Option<Text>,
    ) -> Option<Decision> {
        let known = settings.ports.iter().any(|known| known.0 == port) || port > settings.most.0;
        let decision = Decision::new(target).value("port", port).value("first", first).value("type", r#type);
        (!known).then_some(decision)
    }

    /// `name` is the capture, though there is a field of that name, too.
    #[rule { id: "named", title: "Named", severity: low, on: [named, opened] }]
    fn named(name: Option<Text>, extra: Option<Text>) -> Option<Decision> {
        Some(Decision::new(name?).value("extra", extra))
    }

    #[rule { id: "typed", title: "Typed", severity: low, on: [opened] }]
    fn typed(event: &Event) -> Decision {
        let decision = Decision::new("typed").value("finding", event.is_finding());
        let decision = decision
            .value("port", event.get::<u8>(field::PORT))
            .value("text", event.get::<&str>(field::PORT));
        decision.value("message", event.message()).value("service", event.service())
    }
}

/// A pack that looks at every event.
#[derive(Default, State)]
pub struct Every {}

mod every {
    use super::{Decision, Every, Text};

    #[tripline_sdk::pack { name: "every", version: "1.0.0", fields: ["user"] }]
    impl Every {
        #[rule { id: "every", title: "Every", severity: low, on: every_event }]
        fn every(user: Text) -> Decision {
            Decision::new(user)
        }
    }
}

fn opened() -> Line {
    Line::finding("port_opened").field("target", "192.0.2.7")
}

fn rules(run: &mut Run<Ports>, line: Line) -> Vec<String> {
    run.judge(line).into_iter().map(|decided| decided.rule).collect()
}

#[test]
fn fields_are_parameters_of_their_types() {
    let mut run = Run::<Ports>::new().unwrap();
    let decided = run.judge(opened().number("port", 23).flag("first", true).field("type", "x"));
    assert_eq!((decided[0].rule.as_str(), decided[0].fingerprint.as_str()), ("opened", "192.0.2.7"));
    assert_eq!((decided[0].value("port"), decided[0].value("first")), (Some("23"), Some("true")));
    assert_eq!(decided[0].value("type"), Some("x"), "a field that is a keyword");
    let decided = run.judge(opened().number("port", 23));
    assert_eq!((decided[0].rule.as_str(), decided[0].value("first")), ("opened", None));
    // What is not there, or not of the type, skips the rule, and no other.
    for line in [
        opened(),
        opened().number("port", 65536),
        opened().number("port", -1),
        Line::finding("port_opened").number("port", 23),
    ] {
        assert_eq!(rules(&mut run, line), ["typed"]);
    }
    assert!(rules(&mut run, Line::finding("port_closed").number("port", 23)).is_empty());
}

#[test]
fn a_capture_goes_before_the_field_of_its_name() {
    let mut run = Run::<Ports>::new().unwrap();
    let decided = run.judge(opened().field("name", "gate7").field("extra", "more"));
    assert_eq!((decided[0].rule.as_str(), decided[0].fingerprint.as_str()), ("named", "gate"));
    assert_eq!(decided[0].value("extra"), Some("more"));
}

#[test]
fn an_event_knows_that_a_scan_found_it() {
    let mut run = Run::<Ports>::new().unwrap();
    let decided = run.judge(opened().number("port", 22));
    let [typed] = &decided[..] else { panic!("{decided:?}") };
    assert_eq!((typed.value("finding"), typed.value("port")), (Some("true"), Some("22")));
    assert_eq!((typed.value("text"), typed.value("message")), (Some("22"), Some("")));
    assert_eq!(typed.value("service"), None);
    // The same fields in a log are for other packs.
    let log = Line::new("").field("finding", "port_opened").field("target", "192.0.2.7").number("port", 23);
    assert!(run.judge(log).is_empty());
}

#[test]
fn settings_are_parsed_when_the_pack_is_opened() {
    let mut run =
        Run::<Ports>::new().unwrap().set("ports", ["24", "26"]).unwrap().set("most", "100").unwrap();
    assert_eq!(rules(&mut run, opened().number("port", 23)), ["opened", "typed"]);
    assert_eq!(rules(&mut run, opened().number("port", 24)), ["typed"]);
    assert_eq!(rules(&mut run, opened().number("port", 101)), ["typed"]);
    let refused = |name: &str, value: &str| Run::<Ports>::new().unwrap().set(name, value).err().unwrap();
    assert_eq!(refused("most", "7"), "setting `most`, \"7\": expected an even number");
    let refused = Run::<Ports>::new().unwrap().set("ports", ["22", "x\n"]).err().unwrap();
    assert_eq!(refused, "setting `ports[1]`, \"x\\n\": expected a number");
}

#[test]
fn a_rule_on_every_event_takes_fields() {
    let mut run = Run::<Every>::new().unwrap();
    assert_eq!(run.judge(Line::new("x").field("user", "root"))[0].fingerprint, "root");
    assert!(run.judge("x").is_empty());
    assert_eq!(run.judge(Line::finding("host_new").field("user", "root")).len(), 1, "no sources: both kinds");
}
