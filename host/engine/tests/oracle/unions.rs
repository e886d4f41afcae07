//! Packs of regexes that are looked for together: no literal stands for them.

use proptest::prelude::*;
use serde_json::{Value, json};
use tripline_engine::Configured;
use tripline_engine::decode::Format;
use tripline_engine::line::LineSettings;

use super::tried::{line, pack};
use super::{check, configured};

/// Regexes that no literal stands for, or one of a byte, as a pack brings them that is slow on purpose.
fn union() -> impl Strategy<Value = Value> {
    let class = || {
        prop::sample::select(&[r"\d", r"\w", r"\S", "[ab]", "[a-e]", ".", r"\W", "[^ ]", r"[\x80-\xff]"][..])
    };
    let many = || prop::sample::select(&["", "", "+", "*", "?", "+?", "*?", "{2}", "{1,3}"][..]);
    let part = prop_oneof![
        6 => (class(), many()).prop_map(|(class, many)| format!("{class}{many}")),
        1 => prop::sample::select(&["=", " ", ":", "b", r"\b", "^", "$", ".*", ".*?"][..]).prop_map(String::from),
        1 => (class(), class(), many()).prop_map(|(one, two, many)| format!("(?:{one}{two}|{two}){many}")),
    ];
    let regex = (prop::collection::vec(part, 1..6), prop::option::of((0..5usize, 1..3usize))).prop_map(
        |(mut parts, group)| {
            if let Some((from, count)) = group.filter(|(from, _)| *from < parts.len()) {
                let to = parts.len().min(from + count);
                let group = format!("(?P<a>{})(?P<b>\\d+)?", parts[from..to].concat());
                parts.splice(from..to, [group]);
            }
            parts.concat()
        },
    );
    (prop::collection::vec((regex, any::<bool>(), prop::bool::weighted(0.1)), 1..24), any::<bool>()).prop_map(
        |(regexes, every)| {
            let pattern = |(number, (regex, fold, literal)): (usize, (String, bool, bool))| {
                let regex = if literal { format!("error{regex}") } else { regex };
                json!({ "name": format!("p{number}"), "regex": regex, "case_insensitive": fold })
            };
            let patterns: Vec<Value> = regexes.into_iter().enumerate().map(pattern).collect();
            // Half of them wake it, or those that a literal stands for and the last; one must not match.
            let names: Vec<Value> = (0..patterns.len()).step_by(2).map(|number| json!(format!("p{number}"))).collect();
            let wakes = match every {
                true => json!(names),
                false => json!([{ "all": [format!("p{}", patterns.len() - 1)], "none": ["p0"] }]),
            };
            json!({
                "abi": 1, "pack": { "name": "tried", "version": "1.0.0" }, "patterns": patterns, "wakes_on": wakes,
                "rules": [{ "id": "r", "title": "r", "severity": "low" }],
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 10 } else { 100 }, ..ProptestConfig::default() })]

    #[test]
    fn a_union_hands_over_what_trying_each_pattern_alone_would(
        unions in prop::collection::vec(union(), 1..3),
        other in pack(),
        lines in prop::collection::vec(prop_oneof![2 => line(), 1 => "[ab0-9=: é]{0,200}".prop_map(String::into_bytes)], 0..12),
        block_bytes in prop_oneof![Just(100usize), Just(1 << 20)],
    ) {
        let mut packs: Vec<Configured> = unions.iter().map(|manifest| configured(manifest, &json!({}))).collect();
        packs.insert(1, configured(&other.0, &other.1));
        let log = lines.join(&b'\n');
        check(&packs, &log, &LineSettings { block_bytes, ..LineSettings::default() }, false);
    }
}

/// Counted repetitions of what may begin anywhere: automata that outgrow their memory on these lines, of all and of the halves.
#[test]
fn a_union_that_is_too_large_is_halved_and_says_the_same() {
    let regex = |number: usize| format!("[ab][ab{}].{{{}}}[b{}]", number % 10, 9 + number % 8, number % 7);
    let pattern = |number| json!({ "name": format!("p{number}"), "regex": regex(number) });
    let manifest = json!({
        "abi": 1, "pack": { "name": "tried", "version": "1.0.0" },
        "patterns": (0..150).map(pattern).collect::<Vec<_>>(),
        "wakes_on": (0..150).map(|number| format!("p{number}")).collect::<Vec<_>>(),
        "rules": [{ "id": "r", "title": "r", "severity": "low" }],
    });
    let mut number = 1u64;
    let mut letter = || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b"ab01234cde"[(number >> 33) as usize % 10]
    };
    let log: Vec<u8> = (0..15_000).map(|at| if at % 150 == 149 { b'\n' } else { letter() }).collect();
    let packs = [configured(&manifest, &json!({}))];
    assert!(
        check(&packs, &log, &LineSettings { format: Some(Format::Plain), ..LineSettings::default() }, false)
            > 90
    );
}
