//! A tenant that brings more lines a second than it may: its files wait, nobody else's do, and it is told once.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::commit::Tenant;
use tripline::follow::{FollowSettings, From};
use tripline::line::LineSettings;
use tripline::quota::{Quota, QuotaKind};
use tripline::sandbox::{Enforced, Instance, LoadError, LogLine, Module, Sandbox, Trap, Usage};
use tripline::serve::{Change, Follow};
use tripline::{Configured, Native, Pack};

use crate::running::{PATIENCE, Running, SECOND, settings};

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

/// Runs natively, and says that each batch has taken a second.
struct Costly(Native<Each>);

struct CostlyModule(Arc<dyn Module>);

struct CostlyInstance(Box<dyn Instance>, Duration);

impl Sandbox for Costly {
    fn load(&self, pack: &Pack) -> Result<Arc<dyn Module>, LoadError> {
        self.0.load(pack).map(|module| Arc::new(CostlyModule(module)) as Arc<dyn Module>)
    }

    fn enforces(&self) -> Enforced {
        self.0.enforces()
    }
}

impl Module for CostlyModule {
    fn instantiate(&self) -> Result<Box<dyn Instance>, Trap> {
        Ok(Box::new(CostlyInstance(self.0.instantiate()?, Duration::ZERO)))
    }
}

impl Instance for CostlyInstance {
    fn open(&mut self, frame: &[u8]) -> Result<Result<(), String>, Trap> {
        self.0.open(frame)
    }

    fn check(&mut self, batch: &[u8], entries: u32, reply: &mut Vec<u8>) -> Result<(), Trap> {
        self.1 += Duration::from_secs(1);
        self.0.check(batch, entries, reply)
    }

    fn save(&mut self, state: &mut Vec<u8>) -> Result<bool, Trap> {
        self.0.save(state)
    }

    fn drain_log(&mut self) -> (Vec<LogLine>, u64) {
        self.0.drain_log()
    }

    fn rule(&mut self) -> Option<u32> {
        self.0.rule()
    }

    fn usage(&self) -> Usage {
        Usage { cpu: self.1, ..self.0.usage() }
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

/// Each commit of one's lines takes a second of a core, of which it may have a hundredth.
#[test]
fn who_takes_more_of_a_core_waits_as_who_brings_more_lines() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::within(folder.path(), Arc::new(Costly(Native::default())), configured());
    let (plant, neighbour) = (Tenant::new("plant").unwrap(), Tenant::new("neighbour").unwrap());
    let quotas = running.intake.quotas().unwrap().clone();
    quotas.put(&plant, Quota::of(QuotaKind::Cpu, 1));
    let bring = |running: &Running, tenant: &Tenant| {
        let line = "2026-11-18T10:27:00Z app: n=1\n".to_string();
        running.bring_line(tenant.as_str(), settings(None), line).recv_timeout(PATIENCE).unwrap()
    };
    assert_eq!(bring(&running, &plant), Ok(()), "what it takes is known afterwards");
    assert!(quotas.wait(&plant).is_some());
    let path = folder.path().join("plant.log");
    fs::write(&path, "2026-11-18T10:27:00Z app: n=1\n".repeat(10)).unwrap();
    let lines = LineSettings { bounded: true, ..LineSettings::default() };
    let follow = FollowSettings { lines, from: From::Start, quiet: SECOND, linger: 60 * SECOND };
    let follow = Follow { paths: vec![path], tenant: plant.clone(), settings: follow, silent_after: None };
    running.control.change(Change { follow: Some(vec![follow]), ..Change::default() });
    running.until("it is followed", |running| {
        running.pass(1);
        running.counted("Follows") == 1
    });
    for _ in 0..20 {
        assert_eq!(bring(&running, &neighbour), Ok(()));
    }
    assert_eq!((running.count_of("neighbour", "each"), running.count_of("plant", "each")), (20, 1));
    assert!(quotas.wait(&plant).is_some() && quotas.wait(&neighbour).is_none());
    running.pass(1);
    running.until("it is told", |running| running.count_of("plant", "over-quota") == 1);
    // A second of a hundredth of a core is a hundred seconds; ten of them may be owed.
    running.pass(100);
    running.until("its file has come", |running| {
        running.pass(1);
        running.count_of("plant", "each") == 11
    });
    assert_eq!(
        (running.count_of("plant", "over-quota"), running.count_of("neighbour", "over-quota")),
        (1, 0)
    );
    // It may have more: at once.
    assert!(quotas.wait(&plant).is_some());
    quotas.put(&plant, Quota::default());
    assert_eq!(bring(&running, &plant), Ok(()));
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}
