//! How fast the store is: `cargo bench -p tripline --bench store`, on a real disk, synced.
//!
//! `TRIPLINE_INCIDENTS=1000000` asks for pages out of so many incidents; 100,000 if it is not set. Memory and size are
//! printed at the end; nothing is asserted about time.

#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::cell::Cell;
use std::fs;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tripline::abi::Severity;
use tripline::commit::{Commit, Store};
use tripline::incidents::{Cursor, Filter, State};

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/store/fixture.rs"]
mod fixture;

use self::fixture::{Fixture, decision, pattern, policy};

/// Incidents that occur again and again.
const INCIDENTS: u64 = 1_000;

/// The next decisions, each an occurrence that is new.
fn next(offset: &Cell<u64>, count: u64) -> Commit {
    let from = offset.replace(offset.get() + count);
    let one = |i: u64| decision("r", Some(&format!("f{}", i % INCIDENTS)), i);
    Commit { decisions: (from..from + count).map(one).collect(), ..Commit::default() }
}

fn commits(bench: &mut Criterion) {
    let fixture = Fixture::new(policy(&["a@example.org"]));
    let offset = Cell::new(0);
    fixture.database.commit(&fixture.tenant, next(&offset, INCIDENTS)).unwrap();
    let mut group = bench.benchmark_group("commit");
    group.measurement_time(Duration::from_secs(10));
    for count in [1, 10, 100, 1_000, 4_096] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} occurrences of 1,000 incidents"), |b| {
            b.iter_batched(
                || next(&offset, count),
                |commit| fixture.database.commit(&fixture.tenant, commit).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
    let bytes = fs::metadata(fixture.path()).map_or(0, |file| file.len());
    println!("after {} occurrences: database {} MB, {}", offset.get(), bytes / 1_000_000, resident());
}

fn pages(bench: &mut Criterion) {
    let incidents: u64 =
        std::env::var("TRIPLINE_INCIDENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let mut policy = policy(&[]);
    policy.limits.open_per_rule = u64::MAX;
    let fixture = Fixture::new(policy);
    for from in (0..incidents).step_by(2_000) {
        let one = |i: u64| decision(&format!("r{}", i % 50), Some(&format!("f{i}")), i);
        let decisions = (from..(from + 2_000).min(incidents)).map(one).collect();
        fixture.database.commit(&fixture.tenant, Commit { decisions, ..Commit::default() }).unwrap();
        fixture.clock.pass(1_000_000);
    }
    let middle = fixture.database.incident(&fixture.tenant, incidents as i64 / 2).unwrap().unwrap();
    let text = |text: &str| Filter { text: Some(text.into()), ..Filter::default() };
    let open = vec![State::Open, State::Acknowledged];
    let filters = [
        ("all", Filter::default(), None),
        ("from the middle", Filter::default(), Some(Cursor { changed: middle.changed, id: middle.id })),
        ("open", Filter { states: open, ..Filter::default() }, None),
        ("resolved, none", Filter { states: vec![State::Resolved], ..Filter::default() }, None),
        ("one rule", Filter { rule: Some(pattern("demo/r7")), ..Filter::default() }, None),
        ("rules by pattern", Filter { rule: Some(pattern("*/r7")), ..Filter::default() }, None),
        ("high, none", Filter { severity: Some(Severity::High), ..Filter::default() }, None),
        ("text that one has", text(&format!("f{}", incidents - 1)), None),
        ("text that some have", text(&format!("f{}", incidents / 2_000)), None),
        ("text that all have", text("seen"), None),
        ("text that none has", text("nowhere"), None),
    ];
    let mut group = bench.benchmark_group(format!("page of {incidents}"));
    for (name, filter, after) in filters {
        group.bench_function(name, |b| {
            b.iter(|| {
                black_box(fixture.database.page(&fixture.tenant, black_box(&filter), after, 50).unwrap())
            });
        });
    }
    group.finish();
    let bytes = fs::metadata(fixture.path()).map_or(0, |file| file.len());
    println!("{incidents} incidents: database {} MB, {}", bytes / 1_000_000, resident());
}

/// What this process had in memory at most.
fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    format!("memory at most {}", line.trim_start_matches("VmHWM:").trim())
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1));
    targets = commits, pages
}
criterion_main!(benches);
