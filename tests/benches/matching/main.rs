//! How fast lines are matched, on one core: `tests/measure-matching` runs it, and others beside it, on the same lines and patterns.
//! `log FILE BYTES`, `regexes FILE COUNT` and `literals FILE COUNT` write them, `packs FOLDER PATTERNS` writes packs of them,
//! `match LOG PATTERNS`, `check LOG PATTERNS` and `set LOG PATTERNS` measure. `quiet FILE BYTES` writes a log that nearly no line of
//! matches; `slow`, `captures` and `missing` write regexes that are slow on purpose: most match, with captures, and none. Those are
//! looked for in whole lines, as a line is the message where it has no format, so that the others see the same.
//!
//! Each measure is a line: its name, MB/s, pairs of a line and a pattern that matches it, and a sum over them that depends on
//! each and not on their order.
#![allow(clippy::unwrap_used, reason = "a bench may fail")]

mod made;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, PatternSet};
use serde_json::{Value, json};
use tripline_engine::clock::NoClock;
use tripline_engine::decode::Format;
use tripline_engine::line::{Block, LineSettings, Lines};
use tripline_engine::matcher::{MatchLimits, MatchScratch, Matched, Matcher};
use tripline_engine::pattern::Rarity;
use tripline_engine::{Check, Configured, Pack};
use tripline_tests::sandbox;

/// Patterns of one pack at most.
const OF_PACK: usize = 2_000;
/// Each is measured so often; the best counts, for whatever else the machine does only takes away.
const TIMES: usize = 3;
/// A pack that does nothing with what it is handed.
const QUIET: &str = r#"(module
  (@custom "tripline.manifest" "@manifest")
  (global (export "tripline_abi_1") i32 (i32.const 0))
  (memory (export "memory") 48)
  (func (export "tripline_buffer") (param i32) (result i32) (i32.const 0x100000))
  (func (export "tripline_open") (param i32 i32) (result i64) (i64.const 0))
  (func (export "tripline_check") (param i32 i32) (result i64) (i64.const 0))
  (func (export "tripline_save") (result i64) (i64.const 0x10000000000008))
)"#;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["log", file, bytes] => fs::write(file, made::log(bytes.parse().unwrap(), false)).unwrap(),
        ["quiet", file, bytes] => fs::write(file, made::log(bytes.parse().unwrap(), true)).unwrap(),
        ["regexes", file, count] => write(file, &made::regexes(count.parse().unwrap())),
        ["literals", file, count] => write(file, &made::literals(count.parse().unwrap())),
        ["slow", file, count] => write(file, &made::slow(count.parse().unwrap(), false)),
        ["captures", file, count] => write(file, &made::slow(count.parse().unwrap(), true)),
        ["missing", file, count] => write(file, &made::missing(count.parse().unwrap())),
        ["packs", folder, patterns] => {
            for (number, module) in modules(patterns).into_iter().enumerate() {
                fs::write(Path::new(folder).join(format!("p{number}.wasm")), module).unwrap();
            }
        }
        ["match", log, patterns] => matching(&fs::read(log).unwrap(), patterns),
        ["check", log, patterns] => checking(&fs::read(log).unwrap(), patterns),
        ["set", log, patterns] => set(&fs::read(log).unwrap(), patterns),
        _ => eprintln!("expected `match LOG PATTERNS` or the like: tests/measure-matching says them"),
    }
}

fn write(file: &str, lines: &[String]) {
    fs::write(file, lines.join("\n") + "\n").unwrap();
}

/// The file's patterns: texts if it is named so.
fn read(file: &str) -> (Vec<String>, bool) {
    let is_literal = file_name(file).starts_with("literals");
    (fs::read_to_string(file).unwrap().lines().map(String::from).collect(), is_literal)
}

fn file_name(file: &str) -> String {
    Path::new(file).file_name().unwrap().to_string_lossy().into_owned()
}

/// Whether patterns look at whole lines: those that are slow on purpose.
fn is_whole(file: &str) -> bool {
    let name = file_name(file);
    ["slow", "captures", "missing"].iter().any(|kind| name.starts_with(kind))
}

/// Modules of packs that each pattern wakes, and that do nothing then.
fn modules(file: &str) -> Vec<Vec<u8>> {
    let (patterns, is_literal) = read(file);
    let packs = patterns.chunks(OF_PACK).enumerate();
    packs
        .map(|(number, patterns)| {
            let pattern = |(number, text): (usize, &String)| -> Value {
                let name = format!("p{number}");
                match is_literal {
                    true => json!({ "name": name, "contains": [text] }),
                    false => json!({ "name": name, "regex": text }),
                }
            };
            let names: Vec<String> = (0..patterns.len()).map(|number| format!("p{number}")).collect();
            let manifest = json!({
                "abi": 1, "pack": { "name": format!("measured-{number}"), "version": "1.0.0" },
                "patterns": patterns.iter().enumerate().map(pattern).collect::<Vec<_>>(), "wakes_on": names,
                "rules": [{ "id": "r", "title": "It says nothing", "severity": "low" }],
            });
            let bytes: String = manifest.to_string().bytes().map(|byte| format!("\\{byte:02x}")).collect();
            wat::parse_str(QUIET.replace("@manifest", &bytes)).unwrap()
        })
        .collect()
}

fn packs(file: &str) -> Vec<Configured> {
    let modules = modules(file).into_iter();
    modules
        .map(|module| {
            Configured::new(Arc::new(Pack::read(module).unwrap()), &serde_json::Map::new()).unwrap()
        })
        .collect()
}

fn settings(patterns: &str) -> LineSettings {
    let format = if is_whole(patterns) { Format::Plain } else { Format::Rfc3164 };
    LineSettings { format: Some(format), year: Some(2026), ..LineSettings::default() }
}

fn blocks(log: &[u8], patterns: &str) -> Vec<Block> {
    let mut lines = Lines::new(settings(patterns));
    lines.push(log);
    lines.finish();
    std::iter::from_fn(|| lines.next_block()).collect()
}

/// The engine's matching alone, with decoding of what may match.
fn matching(log: &[u8], patterns: &str) {
    let packs = packs(patterns);
    let mut rarity = Rarity::default();
    rarity.learn(&log[..log.len().min(256 * 1024)]);
    let begun = processed();
    let matcher = Matcher::new(&packs, MatchLimits::default(), &rarity).unwrap();
    let built = processed() - begun;
    let blocks = blocks(log, patterns);
    let mut scratch = MatchScratch::default();
    measure(
        "match",
        log.len(),
        || {
            // What came of a block is gone over and given back before the next is matched, as it is where packs judge it.
            let mut told = (0, 0);
            for block in &blocks {
                tell(block, &matcher.block(block, false, &NoClock, &mut scratch), &mut told);
            }
            told
        },
        |told| told,
    );
    println!("build {:.1} ms", built * 1e3);
}

fn tell(block: &Block, matched: &Matched, told: &mut (u64, u64)) {
    for number in 0..matched.len() {
        let event = matched.event(number);
        let line = block.lines[event.line()].number;
        for (pack, matches) in event.wakes() {
            for seen in matches {
                add(told, line, (pack * OF_PACK) as u64 + u64::from(seen.pattern));
            }
        }
    }
}

/// The engine's whole way: lines, matching with captures, batches, a sandbox that is handed them. What is done once was done
/// for the same lines before: patterns are compiled, the index goes by what is rare, instances live.
fn checking(log: &[u8], file: &str) {
    let (packs, matching) = (packs(file), MatchLimits::default());
    let mut check = Check::with(sandbox(), &packs, 1, settings(file), matching, Default::default()).unwrap();
    let mut feed = || log.chunks(1 << 20).for_each(|piece| check.feed(piece));
    feed();
    measure("check", log.len(), feed, |()| (0, 0));
    let report = check.finish();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    println!("matches {}", report.matches / (TIMES as u64 + 1));
}

/// Line by line, which of them match: what a program does that has the library `regex` and no engine.
fn set(log: &[u8], file: &str) {
    let (patterns, is_literal) = read(file);
    let patterns: Vec<String> = match is_literal {
        true => patterns.iter().map(|text| regex_syntax::escape(text)).collect(),
        false => patterns,
    };
    // Of the others one at most matches a line: there the first is all.
    let kind = if is_whole(file) { MatchKind::All } else { MatchKind::LeftmostFirst };
    let config = Regex::config().nfa_size_limit(None).hybrid_cache_capacity(256 << 20).match_kind(kind);
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let regex =
        Regex::builder().configure(config.utf8_empty(false)).syntax(syntax).build_many(&patterns).unwrap();
    let mut found = PatternSet::new(patterns.len());
    // Where groups are what is slow, it has to find them, too, as the engine does.
    let single = |text: &String| {
        let regex =
            Regex::builder().configure(Regex::config().utf8_empty(false)).syntax(syntax).build(text).unwrap();
        let captures = regex.create_captures();
        (regex, captures)
    };
    let captures = file_name(file).starts_with("captures");
    let mut groups: Vec<_> = patterns.iter().filter(|_| captures).map(single).collect();
    measure(
        "set",
        log.len(),
        || {
            let mut told = (0, 0);
            for (number, line) in log.split(|byte| *byte == b'\n').enumerate() {
                found.clear();
                regex.which_overlapping_matches(&Input::new(line), &mut found);
                for pattern in found.iter() {
                    add(&mut told, number as u64 + 1, pattern.as_u64());
                    if let Some((regex, captures)) = groups.get_mut(pattern.as_usize()) {
                        regex.search_captures(&Input::new(line), captures);
                    }
                }
            }
            told
        },
        |told| told,
    );
}

/// One more pair of a line and a pattern.
fn add(told: &mut (u64, u64), line: u64, pattern: u64) {
    told.0 += 1;
    let mixed = (line << 20 | pattern).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    told.1 = told.1.wrapping_add(mixed ^ mixed >> 29);
}

fn measure<T>(name: &str, bytes: usize, mut run: impl FnMut() -> T, mut pairs: impl FnMut(T) -> (u64, u64)) {
    let mut best = f64::MAX;
    let mut told = None;
    for _ in 0..TIMES {
        let begun = processed();
        let done = run();
        best = best.min(processed() - begun);
        told = Some(pairs(done));
    }
    let (pairs, sum) = told.unwrap();
    println!("{name} {:.0} {pairs} {sum:016x}", bytes as f64 / 1e6 / best);
}

/// Seconds that this process has had a core: what else the machine does is not measured.
fn processed() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
