//! What tenants and their packs use: each tenant's lines cost it alone, and what is counted goes on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use tripline::commit::Tenant;
use tripline::serve::{By, PackCounts, PackSets, PackUsage, TenantUsage};
use tripline::{Configured, Pack};

use crate::load;
use crate::remembering::configured;
use crate::running::{PATIENCE, Running, change, settings};

/// Bytes of an instance's memory.
const MEMORY: u64 = 48 << 16;

/// Does nothing for a batch, …
const IDLE: &str = "";
/// … or for a while: some milliseconds.
const BURN: &str = "(local $left i32) (local.set $left (i32.const 8000000))
    (loop $burn (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $burn (local.get $left)))";

/// A pack of this name that is woken by such a pattern; what it remembers are four bytes.
fn pack(name: &str, pattern: &str, check: &str) -> Configured {
    let hostile = load::folder(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    fs::copy(hostile.join("skeleton.wat"), folder.path().join("skeleton.wat")).unwrap();
    let manifest = format!(
        r#"{{"abi": 1, "pack": {{"name": "{name}", "version": "1.0.0"}}, "patterns": [{{"name": "p", {pattern}}}], "wakes_on": ["p"], "rules": [{{"id": "never", "title": "never", "severity": "low"}}]}}"#
    );
    let text = format!(
        "(module\n;; @manifest {manifest}\n;; @with marker memory buffer open\n\
         (func (export \"tripline_save\") (result i64) (i64.const 0x1000000004))\n\
         (func (export \"tripline_check\") (param i32 i32) (result i64) {check} (i64.const 0)))"
    );
    fs::write(folder.path().join("pack.wat"), text).unwrap();
    let pack = Pack::read(load::module(folder.path(), "pack")).unwrap();
    Configured::new(Arc::new(pack), &Map::new()).unwrap()
}

const LITERAL: &str = r#""contains": ["n="]"#;
const ELSEWHERE: &str = r#""contains": ["is in no line"]"#;
const NO_LITERAL: &str = r#""regex": "(?P<word>[a-z]+)[0-9]""#;

fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

/// What a tenant has used.
#[track_caller]
fn of(running: &Running, name: &str) -> TenantUsage {
    let usage = running.health.accounts().usage(Some(&tenant(name)));
    usage.tenants.into_iter().next().unwrap_or_else(|| panic!("nothing of {name}"))
}

#[track_caller]
fn pack_of(running: &Running, name: &str, pack: &str) -> PackUsage {
    let found = of(running, name).packs.into_iter().find(|one| one.pack.as_deref() == Some(pack));
    found.unwrap_or_else(|| panic!("no {pack} of {name}"))
}

#[track_caller]
fn bring(running: &Running, name: &str, lines: usize) {
    let lines = "2026-11-18T10:27:00Z app: word7 n=1\n".repeat(lines);
    assert_eq!(running.bring_line(name, settings(None), lines).recv_timeout(PATIENCE), Ok(Ok(())));
}

/// Two seconds pass, and the window moves.
#[track_caller]
fn step(running: &Running, window: u64) {
    running.pass(2);
    running.until("the window moves", |running| {
        running.health.accounts().usage(None).window == Duration::from_secs(window)
    });
}

#[test]
fn each_tenant_is_counted_alone_and_lately_is_ten_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    bring(&running, "a", 3);
    bring(&running, "b", 1);
    let (a, b) = (of(&running, "a"), of(&running, "b"));
    assert_eq!([a.counts.lines, b.counts.lines], [3, 1]);
    assert_eq!([a.counts.bytes, b.counts.bytes], [3 * 36, 36]);
    assert!(a.counts.matching > Duration::ZERO && a.judged().matching <= a.counts.matching);
    let judged = |usage: &TenantUsage| {
        let PackCounts { events, matches, decisions, faults, .. } = usage.judged();
        [events, matches, decisions, faults]
    };
    assert_eq!([judged(&a), judged(&b)], [[3, 3, 3, 0], [1, 1, 1, 0]]);
    assert!(a.state() > 8, "eight bytes of its own, and what the host remembers for it");
    assert_eq!(a.lately.lines, 0, "no window yet");
    for window in [2, 4, 6, 8, 10] {
        step(&running, window);
        let a = of(&running, "a");
        assert_eq!((a.lately.lines, a.judged_lately().events), (3, 3), "{window}");
    }
    bring(&running, "a", 2);
    running.pass(2);
    running.until("those are lately", |running| of(running, "a").lately.lines == 2);
    assert_eq!(of(&running, "a").counts.lines, 5, "the first three are over ten seconds old");
    assert_eq!(of(&running, "b").lately.lines, 0);
}

/// A change of packs, as every push of any tenant is one, takes nothing back that was counted.
#[test]
fn what_is_counted_goes_on_over_changes() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    let own =
        |running: &Running| of(running, "a").packs.iter().map(|one| one.pack.clone()).collect::<Vec<_>>();
    bring(&running, "a", 3);
    let before = of(&running, "a").judged();
    let changes = |running: &Running| running.counted("Changed");
    running.control.change(change(vec![configured()], Vec::new(), Vec::new()));
    running.until("it is changed", |running| changes(running) == 1);
    bring(&running, "a", 1);
    let after = of(&running, "a").judged();
    assert_eq!((after.events, after.decisions), (before.events + 1, before.decisions + 1));
    assert!(after.matching > before.matching, "the patterns were compiled anew");
    assert_eq!(running.health.accounts().packs()[0].judging.events, 4);
    // Of a pack that is gone the tenant's sum stays, and nothing else.
    running.control.change(change(Vec::new(), Vec::new(), Vec::new()));
    running.until("it is changed", |running| changes(running) == 2 && own(running).is_empty());
    bring(&running, "a", 1);
    assert_eq!((of(&running, "a").judged(), of(&running, "a").counts.lines), (after, 5));
    assert!(running.health.accounts().packs().is_empty());
}

#[test]
fn who_is_deleted_is_counted_no_more_but_what_it_cost_is() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::new(folder.path(), 16, Vec::new());
    bring(&running, "a", 3);
    bring(&running, "b", 1);
    running.health.forget(&tenant("a"));
    bring(&running, "a", 1);
    let tenants = running.health.accounts().usage(None).tenants;
    assert_eq!(tenants.iter().map(|one| one.tenant.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(running.health.accounts().packs()[0].judging.events, 4, "it never falls");
}

#[test]
fn a_pack_that_burns_cpu_time_is_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let own = BTreeMap::from([
        (tenant("a"), vec![pack("polite", LITERAL, IDLE)]),
        (tenant("b"), vec![pack("burning", LITERAL, BURN), pack("beside", LITERAL, IDLE)]),
        (tenant("c"), vec![pack("polite", LITERAL, IDLE)]),
    ]);
    let packs = PackSets::new(vec![pack("all", LITERAL, IDLE)], own).unwrap();
    let running = Running::wasm(folder.path(), 16, packs);
    ["a", "b", "c"].iter().for_each(|name| bring(&running, name, 5));
    let mut usage = running.health.accounts().usage(None);
    usage.sort(By::Cpu);
    let first = &usage.tenants[0];
    assert_eq!((first.tenant.as_str(), first.packs[0].pack.as_deref()), ("b", Some("burning")));
    let others = usage.tenants[1..].iter().map(|one| one.judged().cpu).sum::<Duration>();
    assert!(first.packs[0].counts.cpu > others + first.packs[1].counts.cpu, "{usage:?}");
    // As they live, and what they remember.
    assert_eq!(
        usage.tenants.iter().map(TenantUsage::memory).collect::<Vec<_>>(),
        [3, 2, 2].map(|n| n * MEMORY)
    );
    assert!(usage.tenants.iter().flat_map(|one| &one.packs).all(|pack| pack.state > 4), "{usage:?}");
    usage.sort(By::Memory);
    assert_eq!(usage.tenants[0].tenant.as_str(), "b");
    // To itself a tenant's own packs have names, and what everybody has is one.
    let seen = of(&running, "b").for_itself();
    let names: Vec<Option<&str>> = seen.packs.iter().map(|one| one.pack.as_deref()).collect();
    assert_eq!(names, [None, Some("burning"), Some("beside")]);
    assert_eq!((seen.packs[0].counts.events, seen.judged().events), (5, 15));
}

#[test]
fn patterns_without_literals_cost_their_pack_and_its_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let own = BTreeMap::from([
        (tenant("a"), vec![pack("slow", NO_LITERAL, IDLE), pack("beside", ELSEWHERE, IDLE)]),
        (tenant("b"), vec![pack("polite", ELSEWHERE, IDLE)]),
    ]);
    let packs = PackSets::new(vec![pack("all", ELSEWHERE, IDLE)], own).unwrap();
    let running = Running::wasm(folder.path(), 16, packs);
    ["a", "b"].iter().for_each(|name| bring(&running, name, 1_000));
    let slow = pack_of(&running, "a", "slow").counts;
    assert!(slow.matching > Duration::ZERO && slow.events == 1_000, "{slow:?}");
    for (name, pack) in [("a", "all"), ("a", "beside"), ("b", "all"), ("b", "polite")] {
        assert_eq!(pack_of(&running, name, pack).counts, PackCounts::default(), "{pack} of {name}");
    }
    let mut usage = running.health.accounts().usage(None);
    usage.sort(By::Match);
    assert_eq!(usage.tenants[0].tenant.as_str(), "a");
    assert_eq!(usage.tenants[0].packs[0].pack.as_deref(), Some("slow"));
    assert!(usage.tenants[1].counts.matching > Duration::ZERO, "its lines were looked at");
}

#[test]
fn who_rests_has_no_memory_and_keeps_its_state_over_a_restart() {
    fn lives(running: &Running) -> [u64; 2] {
        ["a", "b"].map(|name| of(running, name).memory())
    }
    let folder = tempfile::tempdir().unwrap();
    let begin = |folder: &Path| {
        let packs = PackSets::shared(vec![pack("all", LITERAL, IDLE)]).unwrap();
        Running::wasm(folder, 1, packs)
    };
    let mut running = begin(folder.path());
    bring(&running, "a", 1);
    assert_eq!(of(&running, "a").memory(), MEMORY);
    running.until("a's seat is b's", |running| {
        bring(running, "b", 1);
        lives(running) == [0, MEMORY]
    });
    let states = ["a", "b"].map(|name| of(&running, name).state());
    assert!(states.iter().all(|bytes| *bytes > 4), "{states:?}");
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
    let running = begin(folder.path());
    running
        .until("what is kept is known", |running| running.health.accounts().usage(None).tenants.len() == 2);
    assert_eq!(["a", "b"].map(|name| of(&running, name).state()), states);
    assert_eq!(lives(&running), [0, 0], "nothing has come for it yet");
}
