//! The matcher hands over exactly what trying each pattern alone would: with its matches, entries and captures.
//!
//! The oracle decodes every line and tries every pattern with the `regex` crate or byte by byte; it knows nothing of
//! literals, indices, candidates or memos.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tripline_abi::FieldType;
use tripline_abi::manifest::{List, Manifest, PatternKind, WakesOn, regex_builder};
use tripline_engine::clock::NoClock;
use tripline_engine::decode::Format;
use tripline_engine::event::Event;
use tripline_engine::line::{Block, LineSettings, Lines};
use tripline_engine::matcher::{Explained, MatchLimits, MatchScratch, Matched, Matcher, PatternExplained};
use tripline_engine::pattern::Rarity;
use tripline_engine::{Configured, Pack};

type Captures = Vec<Option<Vec<u8>>>;
/// (line, pack, [(pattern, entry, captures)]), all texts copied.
type Handed = Vec<(usize, usize, Vec<(u32, Option<u32>, Captures)>)>;

const VALUE_BYTES: usize = 160;

fn configured(manifest: &Value, settings: &Value) -> Configured {
    let pack = Pack::from_manifest(manifest.to_string().as_bytes()).unwrap();
    Configured::new(Arc::new(pack), settings.as_object().unwrap()).unwrap()
}

fn value<'a>(event: &'a Event, line: &'a [u8], field: &Option<String>) -> Option<&'a [u8]> {
    match field {
        None => event.message.map(|place| event.text(line, place)),
        Some(name) => {
            let field = event.field(line, name.as_bytes())?;
            (field.kind != FieldType::Null).then(|| event.text(line, field.value))
        }
    }
}

fn try_alone(
    configured: &Configured,
    number: usize,
    event: &Event,
    line: &[u8],
) -> Option<(Option<u32>, Captures)> {
    let pattern = &configured.pack.manifest().patterns[number];
    let value = value(event, line, &pattern.field)?;
    let searched = &value[..value.len().min(VALUE_BYTES)];
    let entries = |list: &List| match list {
        List::Given(entries) => entries.clone(),
        List::Setting(name) => {
            let (_, value) = configured.settings.iter().find(|(known, _)| known == name).unwrap();
            let tripline_abi::SettingValue::List(items) = value else { panic!("expected a list") };
            let text = |item: &tripline_abi::SettingValue| match item {
                tripline_abi::SettingValue::Text(text) => text.clone(),
                other => panic!("expected a text, found {other:?}"),
            };
            items.iter().map(text).collect()
        }
    };
    let fold = |bytes: &[u8]| match pattern.case_insensitive {
        true => bytes.to_ascii_lowercase(),
        false => bytes.to_vec(),
    };
    let first = |list: &List, holds: &dyn Fn(&[u8]) -> bool| {
        let entry = entries(list).iter().position(|entry| holds(&fold(entry.as_bytes())))?;
        Some((Some(entry as u32), Vec::new()))
    };
    match &pattern.kind {
        PatternKind::Regex { regex, unicode } => {
            let regex = regex_builder(regex, *unicode, pattern.case_insensitive).build().unwrap();
            let captures = regex.captures(searched)?;
            let named = regex.capture_names().flatten();
            Some((None, named.map(|name| captures.name(name).map(|m| m.as_bytes().to_vec())).collect()))
        }
        PatternKind::Contains(list) => {
            let value = fold(searched);
            first(list, &|entry| entry.is_empty() || value.windows(entry.len()).any(|part| part == entry))
        }
        PatternKind::Equals(list) => first(list, &|entry| fold(value) == entry),
        PatternKind::StartsWith(list) => first(list, &|entry| fold(value).starts_with(entry)),
        PatternKind::EndsWith(list) => first(list, &|entry| fold(value).ends_with(entry)),
    }
}

fn oracle_event(packs: &[Configured], number: usize, event: &Event, line: &[u8], handed: &mut Handed) {
    for (pack, configured) in packs.iter().enumerate() {
        let manifest: &Manifest = configured.pack.manifest();
        let service = event.log_source.service.map(|name| event.name(line, name));
        let product = event.log_source.product.map(|name| event.name(line, name));
        let wanted = |wanted: &Option<String>, found: Option<&[u8]>| {
            wanted.is_none() || found.is_none() || found == wanted.as_deref().map(str::as_bytes)
        };
        let kind = if event.log_source.scan { "scan" } else { "log" };
        let takes = manifest.sources.is_empty()
            || manifest.sources.iter().any(|s| {
                let kind = s.kind.as_deref().unwrap_or("log") == kind;
                kind && wanted(&s.service, service) && wanted(&s.product, product)
            });
        if !takes {
            continue;
        }
        let found: Vec<_> =
            (0..manifest.patterns.len()).map(|p| try_alone(configured, p, event, line)).collect();
        let holds = |p: &u32| found[*p as usize].is_some();
        let woken = match &manifest.wakes_on {
            WakesOn::EveryEvent => true,
            WakesOn::Any(wakes) => wakes.iter().any(|w| w.all.iter().all(holds) && !w.none.iter().any(holds)),
        };
        if woken {
            let matches = found.into_iter().enumerate();
            let matches =
                matches.filter_map(|(p, found)| found.map(|(entry, captures)| (p as u32, entry, captures)));
            handed.push((number, pack, matches.collect()));
        }
    }
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
                let value = event.text(&line, place.unwrap());
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
                let value = event.text(block.text(line), *value);
                let text = |place: (u32, u32)| value[place.0 as usize..place.1 as usize].to_vec();
                Some((pattern as u32, found.entry, captures.iter().map(|place| place.map(text)).collect()))
            };
            explained.push((first + i, number, pack.patterns.iter().enumerate().filter_map(one).collect()));
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
    let mut scratch = MatchScratch::default();
    while let Some(block) = lines.next_block() {
        let mut event = Event::default();
        for (i, line) in block.lines.iter().enumerate() {
            block.decoder.decode(block.text(line), line.year, &mut event);
            oracle_event(packs, first + i, &event, block.text(line), &mut expected);
        }
        let matched = matcher.block(&block, false, &NoClock, &mut scratch);
        found(packs, &matched, |line| block.text(&block.lines[line]).to_vec(), first, &mut handed);
        explained(&matcher, &block, first, &mut scratch, &mut told);
        first += block.lines.len();
    }
    assert_eq!(handed, expected, "log:\n{}", log.escape_ascii());
    assert_eq!(told, expected, "log:\n{}", log.escape_ascii());
    expected.len()
}

// ---- what is tried ----

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("error".to_string()),
        Just("Error: x".to_string()),
        Just("fail".to_string()),
        Just("42".to_string()),
        Just("ab".to_string()),
        Just("Failed password".to_string()),
        Just("tab\there".to_string()),
        Just("quote\"d".to_string()),
        "[abAB ]{1,6}",
        Just("é".to_string()),
    ]
}

fn regex() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => word().prop_map(|word| regex_syntax::escape(&word)),
        1 => Just(r"\d+".to_string()),
        1 => Just(r"\S*".to_string()),
        1 => Just(".".to_string()),
        1 => Just(".*".to_string()),
        1 => Just("[ab]".to_string()),
        1 => Just("[Ee]".to_string()),
        1 => Just("^".to_string()),
        1 => Just("$".to_string()),
        1 => Just(r"\b".to_string()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => inner.clone().prop_map(|part| format!("(?:{part})?")),
            1 => inner.clone().prop_map(|part| format!("(?:{part})+")),
            1 => inner.clone().prop_map(|part| format!("(?:{part}){{2,3}}")),
            1 => inner.prop_map(|part| format!("(?i:{part})")),
        ]
    })
}

fn pattern() -> impl Strategy<Value = Value> {
    let list = prop::collection::vec(prop_oneof![9 => word(), 1 => Just(String::new())], 1..12);
    let kind = prop_oneof![
        3 => (regex(), any::<bool>()).prop_map(|(regex, named)| match named {
            true => json!({ "regex": format!("(?P<a>{regex})(?P<b>x)?") }),
            false => json!({ "regex": regex }),
        }),
        1 => regex().prop_map(|regex| json!({ "regex": regex, "unicode": true })),
        1 => list.clone().prop_map(|list| json!({ "contains": list })),
        1 => list.clone().prop_map(|list| json!({ "equals": list })),
        1 => list.clone().prop_map(|list| json!({ "starts_with": list })),
        1 => list.prop_map(|list| json!({ "ends_with": list })),
        1 => Just(json!({ "contains": { "setting": "/words" } })),
        1 => Just(json!({ "equals": { "setting": "/words" } })),
    ];
    let field = prop_oneof![3 => Just(None), 1 => Just(Some("user")), 1 => Just(Some("program")), 1 => Just(Some("level")), 1 => Just(Some("a"))];
    (kind, field, any::<bool>()).prop_map(|(mut kind, field, fold)| {
        kind["case_insensitive"] = json!(fold);
        if let Some(field) = field {
            kind["field"] = json!(field);
        }
        kind
    })
}

prop_compose! {
    fn pack()(
        patterns in prop::collection::vec(pattern(), 1..6),
        wakes in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(any::<prop::sample::Index>()), prop::option::of(any::<prop::sample::Index>())), 1..5),
        every in prop::bool::weighted(0.1),
        sources in prop_oneof![
            6 => Just(json!([])),
            1 => Just(json!([{ "service": "sshd" }])),
            1 => Just(json!([{ "kind": "scan" }])),
            1 => Just(json!([{ "kind": "log" }])),
            1 => Just(json!([{ "kind": "scan", "product": "nmap" }, { "service": "sshd" }])),
        ],
        words in prop::collection::vec(word(), 0..4),
    ) -> (Value, Value) {
        let count = patterns.len();
        let name = |at: prop::sample::Index| format!("p{}", at.index(count));
        let wakes: Vec<Value> = wakes.into_iter().map(|(one, more, none)| match (more, none) {
            (None, None) => json!(name(one)),
            (more, none) => json!({
                "all": std::iter::once(one).chain(more).map(name).collect::<Vec<_>>(),
                "none": none.into_iter().map(name).collect::<Vec<_>>(),
            }),
        }).collect();
        let patterns: Vec<Value> = patterns.into_iter().enumerate().map(|(i, mut pattern)| {
            pattern["name"] = json!(format!("p{i}"));
            pattern
        }).collect();
        let mut manifest = json!({
            "abi": 1,
            "pack": { "name": "tried", "version": "1.0.0" },
            "patterns": patterns,
            "rules": [{ "id": "r", "title": "r", "severity": "low" }],
            "settings": { "type": "object", "properties": {
                "words": { "type": "array", "items": { "type": "string" }, "default": [] } } },
        });
        if every { manifest["every_event"] = json!(true) } else { manifest["wakes_on"] = json!(wakes) }
        manifest["sources"] = sources;
        (manifest, json!({ "words": words }))
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => word().prop_map(String::into_bytes),
        2 => word().prop_map(|word| word.to_ascii_uppercase().into_bytes()),
        1 => Just(b"\xff".to_vec()),
        1 => Just(b"\0".to_vec()),
        1 => Just(b" 42 ".to_vec()),
        1 => prop::collection::vec(any::<u8>().prop_filter("a line", |b| !b"\r\n".contains(b)), 0..4),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let escaped = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        let plain = serde_json::to_string(&text).unwrap();
        // Half of the letters as \u escapes: the raw bytes say nothing of them.
        plain.replace('e', "\\u0065").replace("A", "\\u0041")
    };
    prop_oneof![
        3 => text(),
        2 => text().prop_map(|text| [b"Dec 10 06:55:48 host sshd[42]: ", &text[..]].concat()),
        1 => text().prop_map(|text| [b"Dec 10 06:55:48 host error: ", &text[..]].concat()),
        2 => (text(), text()).prop_map(move |(message, user)| {
            format!("{{\"message\":{},\"user\":{},\"a\":null}}", escaped(&message), escaped(&user)).into_bytes()
        }),
        1 => text().prop_map(|text| {
            let text = String::from_utf8_lossy(&text).replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
            format!("<34>1 2024-01-01T00:00:00Z host sshd 1 - [x user=\"{text}\"] {text}").into_bytes()
        }),
        1 => "(ERROR|error|fail|42) [ab]{0,3}".prop_map(|text| format!("2024-01-01 00:00:00 {text}").into_bytes()),
        1 => "(\"fail\"|42|\"error\"|true)".prop_map(|level| format!("{{\"l\\u0065vel\":{level}}}").into_bytes()),
        1 => "(\"fail\"|42|\"error\"|true)".prop_map(|level| format!("{{\"level\":{level}}}").into_bytes()),
        1 => (text(), prop::sample::select(&["nmap", "connect", "other", "nm\\u0061p"][..])).prop_map(move |(user, scanner)| {
            format!("{{\"scanner\":\"{scanner}\",\"us\\u0065r\":{},\"a\":42}}", escaped(&user)).into_bytes()
        }),
        1 => text().prop_map(|text| [b"\tat ", &text[..]].concat()),
        1 => Just(Vec::new()),
    ]
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
        format in prop_oneof![3 => Just(None), 1 => Just(Some(Format::Finding))],
    ) {
        let packs: Vec<Configured> = packs.iter().map(|(manifest, settings)| configured(manifest, settings)).collect();
        let log = lines.join(if crlf { &b"\r\n"[..] } else { b"\n" });
        check(&packs, &log, &LineSettings { block_bytes, format, ..LineSettings::default() }, sample);
    }
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
