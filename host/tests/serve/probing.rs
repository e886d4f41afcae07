//! A pack that is out is tried again, later each time; and it is out for the tenant whose lines it cannot take.

use std::sync::Arc;

use serde_json::Map;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::commit::Tenant;
use tripline::serve::{Change, PackSets};
use tripline::{Configured, Pack};

use crate::running::{PATIENCE, Running, settings};

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "failing", "version": "1.0.0" },
  "patterns": [{ "name": "n", "contains": ["n="] }], "wakes_on": ["n"],
  "rules": [{ "id": "event", "title": "an event", "severity": "low" }]
}"#;

/// Panics at each event that says `boom`, and decides at each other one.
struct Failing;

impl Guest for Failing {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        Open::parse(frame).map(|_| Failing).map_err(|error| format!("{error:?}"))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let mut writer = ReplyWriter::new();
        for entry in Batch::parse(batch).unwrap().entries() {
            let message = entry.message().unwrap_or_default();
            assert!(!message.windows(4).any(|part| part == b"boom"), "it cannot take this");
            let head = DecisionHead {
                rule: 0,
                severity: None,
                fingerprint: Some(b"all"),
                title: None,
                summary: None,
                trigger: entry.id(),
            };
            writer.decision(&head, [], &[entry.id()]);
        }
        reply.clear();
        writer.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(Vec::new())
    }
}

fn sets() -> PackSets {
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    PackSets::shared(vec![Configured::new(pack, &Map::new()).unwrap()]).unwrap()
}

#[track_caller]
fn bring(running: &Running, tenant: &str, lines: usize, text: &str) {
    let lines = format!("2026-11-18T10:27:00Z app n={text}\n").repeat(lines);
    assert_eq!(running.bring_line(tenant, settings(None), lines).recv_timeout(PATIENCE), Ok(Ok(())));
}

#[test]
fn who_is_out_comes_back_for_a_probe() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::sets::<Failing>(folder.path(), 16, sets());
    let counted = |running: &Running| {
        let of = |tenant, rule| running.count_of(tenant, rule);
        [of("a", "event"), of("a", "pack-quarantined"), of("b", "event"), of("b", "pack-quarantined")]
    };
    bring(&running, "a", 20, "boom");
    bring(&running, "a", 1, "well");
    bring(&running, "b", 1, "well");
    assert_eq!(counted(&running), [0, 1, 1, 0]);
    // A change for somebody else is no probe.
    let before = running.counted("Changed");
    let own = [(Tenant::new("c").unwrap(), Vec::new())].into();
    let packs = running.packs.changed(running.packs.operators().to_vec(), own, true, |_| true).unwrap();
    running.control.change(Change { packs: Some(Arc::new(packs)), ..Change::default() });
    running.until("it is changed", |running| running.counted("Changed") > before);
    running.pass(590);
    bring(&running, "a", 1, "well");
    assert_eq!(counted(&running), [0, 1, 1, 0]);
    running.pass(20);
    bring(&running, "a", 1, "well");
    assert_eq!(counted(&running), [1, 1, 1, 0], "ten minutes have passed");
    bring(&running, "a", 20, "boom");
    running.pass(610);
    bring(&running, "a", 1, "well");
    assert_eq!(counted(&running)[0], 1, "twice as long, the second time");
    running.pass(600);
    bring(&running, "a", 1, "well");
    assert_eq!(counted(&running)[0], 2);
    let faults = running.health.faults(&Tenant::new("a").unwrap(), "failing");
    assert!(faults[0].1.to_string().contains("it cannot take this"), "{faults:?}");
    assert!(running.health.faults(&Tenant::new("b").unwrap(), "failing").is_empty());
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}
