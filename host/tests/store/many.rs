//! Many of everything, for a look at speed and size: `cargo test -p tripline --release --test store many -- --ignored
//! --nocapture`. It prints what it measured and asserts nothing about time.

use std::time::Instant;

use tripline::commit::{Commit, Store};
use tripline::incidents::{Cursor, Filter, State};

use crate::fixture::{Fixture, decision, pattern, policy};

#[test]
#[ignore = "takes minutes"]
fn a_million_occurrences_of_a_thousand_incidents() {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let (started, mut slowest) = (Instant::now(), 0.0_f64);
    for batch in 0..1_000_u64 {
        let one = |i: u64| decision("r", Some(&format!("f{}", i % 1_000)), i);
        let decisions = (batch * 1_000..(batch + 1) * 1_000).map(one).collect();
        let begun = Instant::now();
        fixture.database.commit(&fixture.tenant, Commit { decisions, ..Commit::default() }).unwrap();
        slowest = slowest.max(begun.elapsed().as_secs_f64());
    }
    let seconds = started.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(fixture.path()).unwrap().len();
    println!(
        "a million occurrences, 1,000 in a commit: {:.0} a second, slowest commit {slowest:.3} s",
        1e6 / seconds
    );
    println!("database {} MB, {}", bytes / 1_000_000, resident());
}

#[test]
#[ignore = "takes minutes"]
fn a_page_out_of_a_million_incidents() {
    let mut policy = policy(&[]);
    policy.limits.open_per_rule = u64::MAX;
    let fixture = Fixture::new(policy);
    for batch in 0..500_u64 {
        let one = |i: u64| decision(&format!("r{}", i % 50), Some(&format!("f{i}")), i);
        let decisions = (batch * 2_000..(batch + 1) * 2_000).map(one).collect();
        fixture.database.commit(&fixture.tenant, Commit { decisions, ..Commit::default() }).unwrap();
        fixture.clock.pass(1_000_000);
    }
    let middle = fixture.database.incident(&fixture.tenant, 500_000).unwrap().unwrap();
    let filters = [
        ("all", Filter::default(), None),
        ("from the middle", Filter::default(), Some(Cursor { changed: middle.changed, id: middle.id })),
        ("open", Filter { states: vec![State::Open, State::Acknowledged], ..Filter::default() }, None),
        ("resolved", Filter { states: vec![State::Resolved], ..Filter::default() }, None),
        ("one rule", Filter { rule: Some(pattern("demo/r7")), ..Filter::default() }, None),
        ("rules by pattern", Filter { rule: Some(pattern("*/r7")), ..Filter::default() }, None),
        ("severe", Filter { severity: Some(tripline::abi::Severity::High), ..Filter::default() }, None),
        ("text, found", Filter { text: Some("f999999".into()), ..Filter::default() }, None),
        ("text, not found", Filter { text: Some("nowhere".into()), ..Filter::default() }, None),
    ];
    for (name, filter, after) in filters {
        let begun = Instant::now();
        let page = fixture.database.page(&fixture.tenant, &filter, after, 50).unwrap();
        println!(
            "{name:>16}: {:>3} incidents in {:.1} ms",
            page.incidents.len(),
            begun.elapsed().as_secs_f64() * 1e3
        );
    }
    println!("{}", resident());
}

/// What this process has in memory.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    format!("memory at most {}", line.trim_start_matches("VmHWM:").trim())
}
