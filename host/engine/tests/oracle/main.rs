//! The matcher hands over exactly what trying each pattern alone would: with its matches, entries and captures.
//!
//! The oracle decodes every line and tries every pattern with the `regex` crate or byte by byte; it knows nothing of
//! literals, indices, candidates or memos.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod alone;
mod tried;
mod unions;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tripline_abi::FieldType;
use tripline_engine::clock::NoClock;
use tripline_engine::decode::Format;
use tripline_engine::event::{Event, EventField, Name};
use tripline_engine::line::{Block, LineSettings, Lines};
use tripline_engine::matcher::{
    Begun, Explained, MatchLimits, MatchScratch, Matched, Matcher, PatternExplained,
};
use tripline_engine::pattern::Rarity;
use tripline_engine::{Configured, Pack};

use self::alone::oracle_event;
use self::tried::{line, pack, table};

type Captures = Vec<Option<Vec<u8>>>;
/// (line, pack, [(pattern, entry, captures)]), all texts copied.
type Handed = Vec<(usize, usize, Vec<(u32, Option<u32>, Captures)>)>;

const VALUE_BYTES: usize = 160;

fn configured(manifest: &Value, settings: &Value) -> Configured {
    let pack = Pack::from_manifest(manifest.to_string().as_bytes()).unwrap();
    Configured::new(Arc::new(pack), settings.as_object().unwrap()).unwrap()
}

fn found(
    packs: &[Configured],
    matched: &Matched,
    text: impl Fn(usize) -> Vec<u8>,
    first: usize,
    handed: &mut Handed,
) {
    for i in 0..matched.len() {
        let event = matched.event(i);
        let line = text(event.line());
        for (pack, matches) in event.wakes() {
            let one = |seen: &tripline_engine::matcher::Seen| {
                let field = &packs[pack].pack.manifest().patterns[seen.pattern as usize].field;
                let place = match field {
                    None => event.message(),
                    Some(name) => event.field(&line, name.as_bytes()).map(|field| field.value),
                };
                let value = place.map_or(&[][..], |place| event.text(&line, place));
                let captures = event.captures(seen).iter();
                let captures = captures
                    .map(|c| c.map(|(start, end)| value[start as usize..end as usize].to_vec()))
                    .collect();
                (seen.pattern, seen.entry, captures)
            };
            handed.push((first + event.line(), pack, matches.iter().map(one).collect()));
        }
    }
}

/// Adds what dotted names are in a line that is JSON to serde_json.
fn dotted(packs: &[Configured], line: &[u8], event: &mut Event) {
    let Ok(whole) = serde_json::from_slice::<Value>(line) else { return };
    let mut names: Vec<&str> = packs.iter().flat_map(|one| one.pack.manifest().field_names()).collect();
    names.retain(|name| name.contains('.') && event.field(line, name.as_bytes()).is_none());
    for name in names {
        let pointer = format!("/{}", name.replace('.', "/"));
        let (kind, text) = match whole.pointer(&pointer) {
            None => continue,
            Some(Value::String(text)) => (FieldType::Text, text.clone()),
            Some(Value::Null) => (FieldType::Null, "null".into()),
            Some(other) => (FieldType::Json, other.to_string()),
        };
        let (name, value) = (Name::Place(event.keep(name.as_bytes())), event.keep(text.as_bytes()));
        event.fields.push(EventField { name, kind, value });
    }
}

/// What is told to authors of each line is what packs are handed.
fn explained(
    matcher: &Matcher,
    block: &Block,
    first: usize,
    scratch: &mut MatchScratch,
    explained: &mut Handed,
) {
    for (i, line) in block.lines.iter().enumerate() {
        let Explained { event, packs } = matcher.explain(block, line, scratch);
        for (number, pack) in packs.iter().enumerate().filter(|(_, pack)| pack.woken) {
            let one = |(pattern, told): (usize, &PatternExplained)| {
                let PatternExplained::Matches { value, found, captures } = told else { return None };
                let value = value.map_or(&[][..], |value| event.text(block.text(line), value));
                let text = |place: (u32, u32)| value[place.0 as usize..place.1 as usize].to_vec();
                Some((pattern as u32, found.entry, captures.iter().map(|place| place.map(text)).collect()))
            };
            explained.push((first + i, number, pack.patterns.iter().enumerate().filter_map(one).collect()));
        }
    }
}

/// A turn has no more time than its first line takes.
fn in_turns(matcher: &Matcher, block: &Block, scratch: &mut MatchScratch) -> Matched {
    let mut begun = Begun::default();
    loop {
        match matcher.some(block, begun, Duration::ZERO, &NoClock, scratch) {
            Ok(matched) => return matched,
            Err(left) => begun = left,
        }
    }
}

fn limits() -> MatchLimits {
    MatchLimits { value_bytes: VALUE_BYTES, ..MatchLimits::default() }
}

#[track_caller]
fn check(packs: &[Configured], log: &[u8], settings: &LineSettings, sample: bool) -> usize {
    let mut rarity = Rarity::default();
    if sample {
        rarity.learn(log);
    }
    let matcher = Matcher::new(packs, limits(), &rarity).unwrap();
    let mut lines = Lines::new(settings.clone());
    lines.push(log);
    lines.finish();
    let (mut expected, mut handed, mut told, mut first) = (Handed::new(), Handed::new(), Handed::new(), 0);
    let mut turns = Handed::new();
    let mut scratch = MatchScratch::default();
    while let Some(block) = lines.next_block() {
        let mut event = Event::default();
        for (i, line) in block.lines.iter().enumerate() {
            block.decoder.decode(block.text(line), line.year, &mut event);
            dotted(packs, block.text(line), &mut event);
            oracle_event(packs, first + i, &event, block.text(line), &mut expected);
        }
        let matched = matcher.block(&block, false, &NoClock, &mut scratch);
        found(packs, &matched, |line| block.text(&block.lines[line]).to_vec(), first, &mut handed);
        let matched = in_turns(&matcher, &block, &mut scratch);
        found(packs, &matched, |line| block.text(&block.lines[line]).to_vec(), first, &mut turns);
        explained(&matcher, &block, first, &mut scratch, &mut told);
        first += block.lines.len();
    }
    assert_eq!(handed, expected, "log:\n{}", log.escape_ascii());
    assert_eq!(told, expected, "log:\n{}", log.escape_ascii());
    assert_eq!(turns, expected, "log:\n{}", log.escape_ascii());
    expected.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 400 } else { 4000 }, ..ProptestConfig::default() })]

    #[test]
    fn the_index_hands_over_what_trying_each_pattern_alone_would(
        packs in prop::collection::vec(pack(), 1..4),
        lines in prop::collection::vec(line(), 0..30),
        block_bytes in prop_oneof![Just(1usize), Just(100), Just(1 << 20)],
        sample in any::<bool>(),
        crlf in any::<bool>(),
        format in prop_oneof![
            3 => Just(None),
            1 => prop::sample::select(&[Format::Finding, Format::Records, Format::Journal][..]).prop_map(Some),
            1 => Just(Some(Format::W3c)),
        ],
    ) {
        let packs: Vec<Configured> = packs.iter().map(|(manifest, settings)| configured(manifest, settings)).collect();
        let log = lines.join(if crlf { &b"\r\n"[..] } else { b"\n" });
        check(&packs, &log, &LineSettings { block_bytes, format, ..LineSettings::default() }, sample);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 200 } else { 2000 }, ..ProptestConfig::default() })]

    /// Also where no line has the names of its fields.
    #[test]
    fn columns_are_handed_over_alike(
        packs in prop::collection::vec(pack(), 1..4),
        tables in prop::collection::vec(table(), 1..4),
        block_bytes in prop_oneof![Just(1usize), Just(1 << 20)],
        format in prop::option::of(Just(Format::W3c)),
    ) {
        let packs: Vec<Configured> = packs.iter().map(|(manifest, settings)| configured(manifest, settings)).collect();
        check(&packs, tables.concat().as_bytes(), &LineSettings { block_bytes, format, ..LineSettings::default() }, false);
    }
}

/// A level that is no word is looked for by its name, which a row does not have.
#[test]
fn columns_are_found_by_names_that_stand_elsewhere() {
    let manifest = json!({
        "abi": 1, "pack": { "name": "tried", "version": "1.0.0" },
        "patterns": [
            { "name": "p0", "field": "level", "equals": ["3"] },
            { "name": "p1", "field": "x-note", "exists": true },
            { "name": "p2", "field": "cs(User-Agent)", "contains": ["X11; Linux"] },
            { "name": "p3", "field": "uri-decoded", "contains": ["?id=1' or"] },
        ],
        "wakes_on": ["p0", "p1", "p2", "p3"],
        "rules": [{ "id": "r", "title": "r", "severity": "low" }],
    });
    let packs = [configured(&manifest, &json!({}))];
    let log = b"#Fields: level date\n3 2024-01-01\n4 2024-01-01\n#Fields: x-note\n3\n-\n\
        #Fields: cs-uri-query cs(User-Agent) cs-uri-stem\nid=1%27+or+1=1 curl/8 /\n- Mozilla/5.0+(X11;+Linux) /\n";
    assert_eq!(check(&packs, log, &LineSettings::default(), false), 4);
}

#[test]
fn ten_thousand_settings_are_matched_like_ten() {
    let words: Vec<String> = (0..10_000).map(|i| format!("host-{i}.example")).collect();
    let manifest = json!({
        "abi": 1, "pack": { "name": "tried", "version": "1.0.0" },
        "patterns": [
            { "name": "p0", "contains": { "setting": "/words" }, "case_insensitive": true },
            { "name": "p1", "ends_with": { "setting": "/words" } },
            { "name": "p2", "starts_with": { "setting": "/words" } },
            { "name": "p3", "equals": { "setting": "/words" } },
        ],
        "wakes_on": ["p0", "p1", "p2", "p3"],
        "rules": [{ "id": "r", "title": "r", "severity": "low" }],
        "settings": { "type": "object", "properties": {
            "words": { "type": "array", "items": { "type": "string" }, "default": [] } } },
    });
    let packs = [configured(&manifest, &json!({ "words": words }))];
    let log = b"x host-77.example y\nHOST-1234.EXAMPLE\nhost-9999.example\nnothing\nend host-5.example\n";
    assert_eq!(check(&packs, log, &LineSettings::default(), true), 4);
}

/// Where one look compares too many of them, it ends; and one line may be said to have them all.
#[test]
fn literals_that_are_alike_are_matched_like_others() {
    let words: Vec<String> = (0..2_000).map(|i| format!("qzqzqzqz-{i}")).collect();
    let manifest = json!({
        "abi": 1, "pack": { "name": "tried", "version": "1.0.0" },
        "patterns": [
            { "name": "p0", "contains": { "setting": "/words" } },
            { "name": "p1", "contains": ["start"] },
        ],
        "wakes_on": ["p0", "p1"],
        "rules": [{ "id": "r", "title": "r", "severity": "low" }],
        "settings": { "type": "object", "properties": {
            "words": { "type": "array", "items": { "type": "string" }, "default": [] } } },
    });
    let packs = [configured(&manifest, &json!({ "words": words }))];
    let short = "x qzqzqzqz-17 y\n".to_string() + &"x qzqzqzqzqzqzqz y\n".repeat(100);
    let long = "qz".repeat(30_000);
    let log = format!("{short}start {long}\n{long}\n{short}x qzqzqzqz-1999 {long}\n");
    assert_eq!(check(&packs, log.as_bytes(), &LineSettings::default(), false), 4);
}

#[test]
fn a_literal_that_stands_in_several_places_is_tried_at_each() {
    let patterns = [
        r"ababa(?P<x>\d)",
        r"^ababa",
        r"(?i)ababa(?P<x>b*)7",
        r"(?:ababa|cacaca)(?P<x>[b-d]+)\b",
        r"\bcacaca (?P<x>\S+)",
        r"(?P<x>\d)ababa",
    ];
    let pattern = |(number, regex)| json!({ "name": format!("p{number}"), "regex": regex });
    let contains = json!({ "name": "p6", "contains": ["ababa", "cacaca"], "case_insensitive": true });
    let manifest = json!({
        "abi": 1, "pack": { "name": "tried", "version": "1.0.0" },
        "patterns": patterns.iter().enumerate().map(pattern).chain([contains]).collect::<Vec<_>>(),
        "wakes_on": ["p0", "p1", "p2", "p3", "p4", "p5", "p6"],
        "rules": [{ "id": "r", "title": "r", "severity": "low" }],
    });
    let texts = [
        "ababa1",
        "abababa1",
        "ababababababa9",
        "xababa ababa2",
        "ABABA3 ababa4",
        "ababab7 abababB7",
        "ABABAbb7",
        "cacaca cacacac",
        "xcacaca cacaca y",
        "cacacaca z",
        "1ababa",
        "ababa 2ababa",
        "nothing",
        "ababacacaca d",
    ];
    // Also where the header has it, where the value is cut before or within it, and where decoding changes the value.
    let long = "-".repeat(VALUE_BYTES - 3);
    let mut log = String::new();
    for text in texts {
        log += &format!(
            "Jan 14 06:55:48 ababa1 cacaca[1]: {text}\nJan 14 06:55:48 web1 app: {long}{text} {text}\n"
        );
        log += &format!("{text} {long} {text}\n{{\"message\": \"{text} \\u0061baba5 \\\" {text}\"}}\n");
    }
    for block_bytes in [1, 300, 1 << 20] {
        let settings = LineSettings { block_bytes, ..LineSettings::default() };
        for sample in [false, true] {
            let packs = [configured(&manifest, &json!({}))];
            assert!(check(&packs, log.as_bytes(), &settings, sample) > 30);
        }
    }
}

/// Real logs, where they are at hand: `TRIPLINE_CORPUS` names their folder.
#[test]
fn real_logs_are_matched_alike() {
    let Some(folder) = std::env::var_os("TRIPLINE_CORPUS") else {
        eprintln!("skipped: TRIPLINE_CORPUS names no folder of real logs");
        return;
    };
    let regexes = [
        r"^Failed (?P<method>\S+) for (?:invalid user )?(?P<user>.*) from (?P<ip>\S+) port \d+",
        r"(?i)authentication failure.*rhost=(?P<rhost>\S+)",
        r"\berror\b",
        r"(?P<client>\d+\.\d+\.\d+\.\d+)",
        r"(?:GET|POST) (?P<path>\S+)",
        r"^(?:Invalid|Illegal) user",
        r"state \d$",
    ];
    let patterns: Vec<Value> = regexes
        .iter()
        .enumerate()
        .map(|(i, regex)| json!({ "name": format!("p{i}"), "regex": regex }))
        .collect();
    let wakes: Vec<String> = (0..regexes.len()).filter(|i| *i != 3).map(|i| format!("p{i}")).collect();
    let manifest = json!({
        "abi": 1, "pack": { "name": "tried", "version": "1.0.0" }, "patterns": patterns, "wakes_on": wakes,
        "rules": [{ "id": "r", "title": "r", "severity": "low" }],
    });
    let packs = [configured(&manifest, &json!({}))];
    let mut logs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "log") {
            let handed = check(&packs, &std::fs::read(&path).unwrap(), &LineSettings::default(), true);
            assert!(handed > 0, "{}", path.display());
            logs += 1;
        }
    }
    assert!(logs > 0, "expected *.log files in TRIPLINE_CORPUS");
}
