//! Tenants that share a judge's thread: one whose pack is slow delays another by the batch it is in, and no more.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Map;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::commit::Tenant;
use tripline::follow::{FollowSettings, From};
use tripline::line::LineSettings;
use tripline::serve::Follow;
use tripline::{Configured, Pack};

use crate::running::{Hand, PATIENCE, Running, SECOND, Told, change, settings};

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "gated", "version": "1.0.0" },
  "patterns": [{ "name": "n", "contains": ["n="] }], "wakes_on": ["n"],
  "rules": [{ "id": "each", "title": "each batch", "severity": "low" }]
}"#;

/// How many batches with `slow` in them may be judged, and how many were begun.
static GATE: (Mutex<(usize, usize)>, Condvar) = (Mutex::new((0, 0)), Condvar::new());

/// The clock of the server that runs: a batch takes time by that, whatever this machine does meanwhile.
static CLOCK: Mutex<Option<Hand>> = Mutex::new(None);
/// How long a batch takes, with `slow` in it and without.
const TAKES: (i64, i64) = (SECOND / 10, SECOND / 1_000);

/// Takes for a batch with `slow` in it as long as the test wants.
struct Gated;

impl Guest for Gated {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        Open::parse(frame).map(|_| Gated).map_err(|error| format!("{error:?}"))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let batch = Batch::parse(batch).unwrap();
        let first = batch.entries().next().unwrap();
        let message = first.message().unwrap_or_default();
        let is_slow = message.windows(4).any(|part| part == b"slow");
        if is_slow {
            let (gate, changed) = &GATE;
            let mut state = gate.lock().unwrap();
            state.1 += 1;
            changed.notify_all();
            while state.0 == 0 {
                state = changed.wait(state).unwrap();
            }
            state.0 -= 1;
        }
        let clock = CLOCK.lock().unwrap().clone();
        clock.unwrap().pass(if is_slow { TAKES.0 } else { TAKES.1 });
        let mut writer = ReplyWriter::new();
        let head = DecisionHead {
            rule: 0,
            severity: None,
            fingerprint: Some(b"all"),
            title: None,
            summary: None,
            trigger: first.id(),
        };
        writer.decision(&head, [], &[first.id()]);
        reply.clear();
        writer.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(Vec::new())
    }
}

/// The gate is everybody's: one test at a time, which finds it closed.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    *GATE.0.lock().unwrap_or_else(PoisonError::into_inner) = (0, 0);
    alone
}

fn configured() -> Configured {
    named("gated")
}

/// The same under another name.
fn named(name: &str) -> Configured {
    let manifest = MANIFEST.replace("gated", name);
    let pack = Arc::new(Pack::from_manifest(manifest.as_bytes()).unwrap());
    Configured::new(pack, &Map::new()).unwrap()
}

fn running(folder: &Path) -> Running {
    let pack = configured();
    let running = Running::of::<Gated>(folder, 16, Vec::new(), Box::new(|_| {}), pack);
    *CLOCK.lock().unwrap() = Some(running.clock.clone());
    running
}

/// Lines each batch of which is slow.
fn slow(lines: usize) -> String {
    format!("2026-11-18T10:27:00Z app: slow n=1 {}\n", "x".repeat(400)).repeat(lines)
}

/// So many lines of all sources of this kind were fed.
fn fed(running: &Running, kind: &str) -> u64 {
    let sources = running.health.sources(None);
    sources.iter().filter(|source| source.kind == kind).map(|source| source.lines).sum()
}

/// Fills the tenant's room: it is much more than it has.
fn fill(running: &Running) -> Told {
    let told = running.bring_line("slow", settings(None), slow(4_000));
    running.until("all of it is fed", |running| {
        running.pass(1);
        fed(running, "program") == 4_000
    });
    begun(1);
    told
}

/// How many slow batches have to be judged until all of them are told.
#[track_caller]
fn allowed_until(told: &[Told], most: usize) -> usize {
    allowed_from(0, told, most)
}

/// The same, where so many were judged before.
#[track_caller]
fn allowed_from(mut allowed: usize, told: &[Told], most: usize) -> usize {
    for one in told {
        while one.recv_timeout(Duration::from_millis(500)).is_err() {
            allowed += 1;
            // A server that waits at the gate would not end.
            allow(if allowed < most { 1 } else { 1_000_000 });
            assert!(allowed < most, "they wait for too many of the slow tenant's batches");
            begun(allowed + 1);
        }
    }
    allowed
}

/// Lets so many slow batches be judged.
fn allow(count: usize) {
    GATE.0.lock().unwrap().0 += count;
    GATE.1.notify_all();
}

/// Waits until so many slow batches were begun.
fn begun(count: usize) {
    let state = GATE.0.lock().unwrap();
    let (state, waited) = GATE.1.wait_timeout_while(state, PATIENCE, |state| state.1 < count).unwrap();
    assert!(!waited.timed_out(), "{} of {count} batches were begun", state.1);
}

#[test]
fn a_slow_pack_gives_way_after_each_batch_and_nobody_waits_for_its_commit() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut running = running(folder.path());
    // One thread judges both; this is many batches, which come at once.
    let slow = running.bring_line("slow", settings(None), slow(4_000));
    begun(1);
    let quick = running.bring("quick");
    let allowed = allowed_until(&[quick], 20);
    assert!(slow.try_recv().is_err(), "what is not judged is not answered");
    assert!(running.counts("slow").is_empty(), "nor committed");
    assert_eq!(running.counts("quick").values().sum::<u64>(), 1);
    // Another one that comes while it is still slow.
    let again = running.bring("quick");
    allowed_from(allowed, &[again], 20);
    allow(1_000_000);
    assert_eq!(slow.recv_timeout(PATIENCE), Ok(Ok(())));
    let batches = running.counts("slow").values().sum::<u64>();
    assert!(batches > 20, "{batches} batches: too few to tell one from all");
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}

/// However many there are, they wait for some batches together, not each for one.
#[test]
fn many_that_are_quiet_do_not_wait_one_after_the_other_for_one_that_is_slow() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut running = running(folder.path());
    let slow = running.bring_line("slow", settings(None), slow(4_000));
    begun(1);
    let quick: Vec<Told> = (0..50).map(|number| running.bring(&format!("quick-{number}"))).collect();
    allowed_until(&quick, 16);
    assert!(slow.try_recv().is_err() && running.counts("slow").is_empty());
    allow(1_000_000);
    assert_eq!(slow.recv_timeout(PATIENCE), Ok(Ok(())));
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}

/// Events that a tenant's packs were handed, by name.
fn events(running: &Running, tenant: &str) -> Vec<(String, u64)> {
    let usage = running.health.accounts().usage(Some(&Tenant::new(tenant).unwrap()));
    let packs = usage.tenants.into_iter().flat_map(|one| one.packs);
    packs.map(|pack| (pack.pack.unwrap_or_default(), pack.counts.events)).collect()
}

/// Other packs take over at a barrier of their tenant: all that came before is judged by those that it had, however long
/// that takes. Nobody else waits for it, neither for lines nor for packs of their own.
#[test]
fn a_change_of_one_tenants_packs_waits_for_that_tenant_alone() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut running = running(folder.path());
    let first = running.bring_line("slow", settings(None), slow(4_000));
    begun(1);
    let mut sets = Arc::clone(&running.packs);
    let mut change = |tenant: &str| {
        let tenant = Tenant::new(tenant).unwrap();
        sets = Arc::new(sets.with_own(&tenant, vec![named("door")]).unwrap());
        running.control.change_own(&tenant, Arc::clone(&sets));
    };
    change("slow");
    change("other");
    let (quick, other) = (running.bring("quick"), running.bring("other"));
    allowed_until(&[quick, other], 40);
    assert_eq!(running.counted("Changed"), 1, "the other's packs");
    assert_eq!(events(&running, "other"), [("gated".into(), 1), ("door".into(), 1)]);
    let behind = running.bring("slow");
    assert!(first.try_recv().is_err() && behind.try_recv().is_err());
    assert!(running.counts("slow").is_empty(), "it has not come to its barrier");
    allow(1_000_000);
    for told in [first, behind] {
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Ok(())));
    }
    assert_eq!(running.counted("Changed"), 2);
    // What the first one has cost goes on, and the second one has seen nothing of what came before it.
    assert_eq!(events(&running, "slow"), [("gated".into(), 4_001), ("door".into(), 1)]);
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}

/// A server that stops before they count ends all the same.
#[test]
fn it_ends_while_a_tenant_goes_over_to_other_packs() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut running = running(folder.path());
    let first = running.bring_line("slow", settings(None), slow(4_000));
    begun(1);
    let tenant = Tenant::new("slow").unwrap();
    let sets = running.packs.with_own(&tenant, vec![named("door")]).unwrap();
    running.control.change_own(&tenant, Arc::new(sets));
    let other = running.bring("other");
    allowed_until(&[other], 40);
    let behind = running.bring("slow");
    running.control.stop();
    allow(1_000_000);
    for told in [first, behind] {
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Ok(())));
    }
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}

/// A turn is some time, not some events: who has many that cost little does not wait for a slow batch for each few of them.
#[test]
fn who_is_cheap_keeps_up_beside_who_is_slow() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut running = running(folder.path());
    // More batches than others may wait for.
    let slow = running.bring_line("slow", settings(None), slow(8_000));
    begun(1);
    let cheap = "2026-11-18T10:27:00Z app: n=1\n".repeat(20_000);
    let cheap = running.bring_line("cheap", settings(None), cheap);
    allowed_until(&[cheap], 40);
    allow(1_000_000);
    assert_eq!(slow.recv_timeout(PATIENCE), Ok(Ok(())));
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}

/// Room that becomes free is for all sources of a tenant.
#[test]
fn a_source_that_floods_does_not_keep_a_file_of_its_tenant_waiting() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let running = running(folder.path());
    let path = folder.path().join("app.log");
    fs::write(&path, "").unwrap();
    let lines = LineSettings { bounded: true, ..LineSettings::default() };
    let how = FollowSettings { lines, from: From::Start, quiet: SECOND, linger: 60 * SECOND };
    let follow = Follow {
        paths: vec![path.clone()],
        tenant: Tenant::new("slow").unwrap(),
        settings: how,
        silent_after: None,
    };
    let packs = vec![configured()];
    running.control.change(change(packs, vec![follow], Vec::new()));
    running.until("it is followed", |running| running.said("Follows"));
    let first = fill(&running);
    let flood: Vec<Told> =
        (0..30).map(|_| running.bring_from("slow", "syslog/flood", settings(None), slow(600))).collect();
    fs::write(&path, "2026-11-18T10:27:00Z app: n=1\n").unwrap();
    let mut allowed = 0;
    while fed(&running, "file") == 0 {
        allowed += 1;
        allow(1);
        begun(allowed + 1);
        running.pass(1);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(fed(&running, "syslog") < 30 * 600, "all of the flood came first");
    allow(1_000_000);
    assert!(flood.iter().chain([&first]).all(|told| told.recv_timeout(PATIENCE) == Ok(Ok(()))));
}

#[test]
fn what_waits_for_room_at_the_end_is_judged_of_each_source() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut running = running(folder.path());
    let first = fill(&running);
    let others: Vec<Told> = (0..10)
        .map(|number| running.bring_from("slow", &format!("http/{number}"), settings(None), slow(600)))
        .collect();
    running.control.stop();
    // So slowly that there is room for some of them only, and never for all.
    while first.try_recv().is_err() {
        allow(1);
        std::thread::sleep(Duration::from_millis(20));
    }
    allow(1_000_000);
    assert!(others.iter().all(|told| told.recv_timeout(PATIENCE) == Ok(Ok(()))));
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}

/// A batch is read in turns: one that is large goes no further than its tenant has room, and what of it is not read yet
/// counts as waiting.
#[test]
fn a_large_batch_is_read_in_turns() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut running = running(folder.path());
    let lines = 60_000;
    let large = running.bring_line("slow", settings(None), slow(lines));
    begun(1);
    let quick = running.bring("quick");
    allowed_until(&[quick], 20);
    for _ in 0..20 {
        running.pass(1);
        std::thread::sleep(Duration::from_millis(5));
    }
    let read = fed(&running, "program");
    // Twelve blocks of a megabyte of more than twice as many, and one line of the other.
    assert!(read > 1 && read < lines as u64 / 2, "{read} of {lines} lines were read at once");
    assert!(running.intake_refuses("slow", 8 << 20), "what is not read yet fills the room");
    allow(1_000_000);
    assert_eq!(large.recv_timeout(PATIENCE), Ok(Ok(())));
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}
