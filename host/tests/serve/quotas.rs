//! A tenant that brings more lines a second than it may: its files wait, nobody else's do, and it is told once.

use std::fs;
use std::sync::Arc;

use serde_json::Map;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::commit::Tenant;
use tripline::follow::{FollowSettings, From};
use tripline::line::LineSettings;
use tripline::quota::{Quota, QuotaKind};
use tripline::serve::{Change, Follow};
use tripline::{Configured, Pack};

use crate::running::{Running, SECOND};

/// Lines of a file: of so many bytes that it has many turns.
const LINES: u64 = 10_000;

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "each", "version": "1.0.0" },
  "patterns": [{ "name": "n", "contains": ["n="] }], "wakes_on": ["n"],
  "rules": [{ "id": "each", "title": "each event", "severity": "low" }]
}"#;

/// Decides on every event; all are one incident, whose count is how many there were.
struct Each;

impl Guest for Each {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        Open::parse(frame).map(|_| Each).map_err(|error| format!("{error:?}"))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let mut writer = ReplyWriter::new();
        for entry in Batch::parse(batch).unwrap().entries() {
            let (fingerprint, trigger) = (Some(&b"all"[..]), entry.id());
            let head =
                DecisionHead { rule: 0, severity: None, fingerprint, title: None, summary: None, trigger };
            writer.decision(&head, [], &[entry.id()]);
        }
        reply.clear();
        writer.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(Vec::new())
    }
}

fn configured() -> Configured {
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    Configured::new(pack, &Map::new()).unwrap()
}

#[test]
fn its_files_wait_and_nobody_elses_and_it_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::of::<Each>(folder.path(), 16, Vec::new(), Box::new(|_| {}), configured());
    let (plant, neighbour) = (Tenant::new("plant").unwrap(), Tenant::new("neighbour").unwrap());
    let quotas = running.intake.quotas().unwrap().clone();
    quotas.put(&plant, Quota::of(QuotaKind::Lines, 1_000));
    let line = format!("2026-11-18T10:27:00Z app: n=1 {}\n", "x".repeat(400));
    let follow = [&plant, &neighbour].map(|tenant| {
        let path = folder.path().join(format!("{tenant}.log"));
        fs::write(&path, line.repeat(LINES as usize)).unwrap();
        let lines = LineSettings { bounded: true, ..LineSettings::default() };
        let settings = FollowSettings { lines, from: From::Start, quiet: SECOND, linger: 60 * SECOND };
        Follow { paths: vec![path], tenant: tenant.clone(), settings, silent_after: None }
    });
    running.control.change(Change { follow: Some(follow.into()), ..Change::default() });
    running.until("both are followed", |running| {
        running.pass(1);
        running.counted("Follows") == 2
    });
    // The last line may go on until a second has passed.
    let came = |running: &Running, tenant: &Tenant| running.count_of(tenant.as_str(), "each");
    running.until("the neighbour's have come", |running| came(running, &neighbour) >= LINES - 1);
    running.until("the others are as far as they may", |running| came(running, &plant) > 0);
    assert!(quotas.wait(&plant).is_some() && quotas.wait(&neighbour).is_none());
    assert!(came(&running, &plant) < LINES * 3 / 4, "they do not wait");
    running.pass(1);
    running.until("it is told", |running| running.count_of("plant", "over-quota") == 1);
    assert_eq!(running.counted("OverQuota"), 1);
    running.until("all have come", |running| {
        running.pass(1);
        came(running, &plant) == LINES
    });
    assert_eq!(
        (running.count_of("plant", "over-quota"), running.count_of("neighbour", "over-quota")),
        (1, 0)
    );
    assert_eq!(running.counted("OverQuota"), 1);
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}
