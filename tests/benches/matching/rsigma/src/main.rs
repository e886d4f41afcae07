//! Which patterns match each line, by RSigma, on one core: `rsigma LOG PATTERNS`, as matching/main.rs prints it.
//!
//! A pattern is a Sigma rule of one keyword: a text that a line contains, in the same case, or a regex. RSigma asks the library
//! `regex`, with Unicode's classes: on lines that are ASCII these are the engine's matches.
#![allow(clippy::unwrap_used, reason = "a bench may fail")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rsigma_eval::Engine;
use rsigma_eval::event::PlainEvent;
use rsigma_parser::parse_sigma_yaml;

/// As often as the engine.
const TIMES: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, patterns] = &arguments[..] else { panic!("usage: rsigma LOG PATTERNS") };
    let log = fs::read_to_string(log).unwrap();
    let begun = processed();
    let engine = engine(patterns);
    let built = processed() - begun;
    // Its events own their text. They are made beforehand, as lines are for the engine.
    let lines = log.strip_suffix('\n').unwrap_or(&log).split('\n');
    let events: Vec<PlainEvent> = lines.map(|line| PlainEvent::new(line.into())).collect();
    let (mut best, mut told) = (f64::MAX, (0, 0));
    for _ in 0..TIMES {
        let begun = processed();
        told = matched(&engine, &events);
        best = best.min(processed() - begun);
    }
    println!("rsigma {:.0} {} {:016x}", log.len() as f64 / 1e6 / best, told.0, told.1);
    println!("build {:.1} ms", built * 1e3);
}

/// An engine with a rule for each of the file's patterns: texts if it is named so.
fn engine(file: &str) -> Engine {
    let is_literal = Path::new(file).file_name().unwrap().to_string_lossy().starts_with("literals");
    let mut rules = String::new();
    for (number, pattern) in fs::read_to_string(file).unwrap().lines().enumerate() {
        // Sigma's own wildcards stand for themselves.
        let escaped = |text: &str| text.replace('\\', r"\\").replace('*', r"\*").replace('?', r"\?");
        let (modifiers, text) = match is_literal {
            true => ("contains|cased", escaped(pattern)),
            false => ("re", pattern.into()),
        };
        let text = text.replace('\'', "''");
        write!(
            rules,
            "---\ntitle: measured\nid: '{number}'\nlogsource: {{category: measured}}\n\
             detection: {{keyword: {{'|{modifiers}': '{text}'}}, condition: keyword}}\n"
        )
        .unwrap();
    }
    let rules = parse_sigma_yaml(&rules).unwrap();
    assert!(rules.errors.is_empty(), "{:?}", rules.errors);
    let mut engine = Engine::new();
    engine.add_collection(&rules).unwrap();
    engine
}

/// Pairs of a line and a rule, and the sum over them that matching/main.rs makes.
fn matched(engine: &Engine, events: &[PlainEvent]) -> (u64, u64) {
    let (mut pairs, mut sum) = (0, 0u64);
    for (line, event) in (1u64..).zip(events) {
        for result in engine.evaluate(event) {
            let pattern: u64 = result.header.rule_id.as_deref().unwrap().parse().unwrap();
            let mixed = (line << 20 | pattern).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (pairs, sum) = (pairs + 1, sum.wrapping_add(mixed ^ mixed >> 29));
        }
    }
    (pairs, sum)
}

/// Seconds that this process has had a core.
fn processed() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
