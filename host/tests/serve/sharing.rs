//! Tenants that share a judge's thread: one whose pack is slow delays another by the batch it is in, and no more.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Map;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::{Configured, Pack};

use crate::running::{PATIENCE, Running, settings};

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "gated", "version": "1.0.0" },
  "patterns": [{ "name": "n", "contains": ["n="] }], "wakes_on": ["n"],
  "rules": [{ "id": "each", "title": "each batch", "severity": "low" }]
}"#;

/// How many batches with `slow` in them may be judged, and how many were begun.
static GATE: (Mutex<(usize, usize)>, Condvar) = (Mutex::new((0, 0)), Condvar::new());

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
        if message.windows(4).any(|part| part == b"slow") {
            let (gate, changed) = &GATE;
            let mut state = gate.lock().unwrap();
            state.1 += 1;
            changed.notify_all();
            while state.0 == 0 {
                state = changed.wait(state).unwrap();
            }
            state.0 -= 1;
        }
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
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    let pack = Configured::new(pack, &Map::new()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::of::<Gated>(folder.path(), 16, Vec::new(), Box::new(|_| {}), pack);
    // One thread judges both; this is many batches, which come at once.
    let line = format!("2026-11-18T10:27:00Z app: slow n=1 {}\n", "x".repeat(400));
    let slow = running.bring_line("slow", settings(None), line.repeat(4_000));
    begun(1);
    let quick = running.bring("quick");
    let mut allowed = 0;
    while quick.recv_timeout(Duration::from_millis(100)).is_err() {
        allowed += 1;
        assert!(allowed < 20, "it waits for all of the slow tenant's batches");
        allow(1);
        begun(allowed + 1);
    }
    assert!(slow.try_recv().is_err(), "what is not judged is not answered");
    assert!(running.counts("slow").is_empty(), "nor committed");
    assert_eq!(running.counts("quick").values().sum::<u64>(), 1);
    // Another one that comes while it is still slow.
    let again = running.bring("quick");
    while again.recv_timeout(Duration::from_millis(100)).is_err() {
        allowed += 1;
        assert!(allowed < 20, "it waits for all of the slow tenant's batches");
        allow(1);
        begun(allowed + 1);
    }
    allow(1_000_000);
    assert_eq!(slow.recv_timeout(PATIENCE), Ok(Ok(())));
    let batches = running.counts("slow").values().sum::<u64>();
    assert!(batches > 20, "{batches} batches: too few to tell one from all");
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}
