//! Packs of a tenant's own that remember more, or need more memory, than it may have: they are out, it is told once, and its
//! neighbour with the same packs does not notice.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Map;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::commit::{PackState, Store, Tenant};
use tripline::quota::{Quota, QuotaKind};
use tripline::sandbox::Trap;
use tripline::serve::PackSets;
use tripline::{Configured, Fault, Pack};

use crate::running::{PATIENCE, Running, settings};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// A pack that this word wakes.
fn manifest(name: &str, word: &str) -> String {
    format!(
        r#"{{"abi": 1, "pack": {{"name": "{name}", "version": "1.0.0"}}, "patterns": [{{"name": "n", "contains": ["{word}"]}}], "wakes_on": ["n"], "rules": [{{"id": "each", "title": "each event", "severity": "low"}}]}}"#
    )
}

fn configured(pack: Pack) -> Configured {
    Configured::new(Arc::new(pack), &Map::new()).unwrap()
}

fn tenants() -> [Tenant; 2] {
    ["plant", "neighbour"].map(|name| Tenant::new(name).unwrap())
}

/// Both tenants have these of their own; what everybody has is woken by nothing.
fn sets(pack: impl Fn(&str, &str) -> Pack, own: &[&str]) -> PackSets {
    let of =
        |tenant: Tenant| (tenant, own.iter().map(|name| configured(pack(name, "n="))).collect::<Vec<_>>());
    PackSets::new(vec![configured(pack("all", "nothing="))], BTreeMap::from(tenants().map(of))).unwrap()
}

/// Brings a line of each tenant, and waits until it is on disk.
fn bring(running: &Running) {
    for tenant in tenants() {
        let line = "2026-11-18T10:27:00Z app: n=1\n".to_string();
        let told = running.bring_line(tenant.as_str(), settings(None), line);
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Ok(())));
    }
}

/// It is told once: the tenant by an incident, the operator by an event; and nobody else is.
#[track_caller]
fn told(running: &Running, kind: QuotaKind) {
    running.pass(1);
    running.until("it is told", |running| running.count_of("plant", "over-quota") == 1);
    let [plant, neighbour] = tenants();
    let quotas = running.intake.quotas().unwrap();
    assert_eq!((quotas.is_over(&plant), quotas.is_over(&neighbour)), (Some(true), None));
    assert!(quotas.all().iter().any(|(tenant, of, over, _)| (tenant, *of, *over) == (&plant, kind, true)));
    for _ in 0..3 {
        bring(running);
        running.pass(1);
    }
    assert_eq!(
        (running.count_of("plant", "over-quota"), running.count_of("neighbour", "over-quota")),
        (1, 0)
    );
    assert_eq!(running.counted("OverQuota"), 1);
}

/// Remembers 32 KiB of each event, and decides on it.
struct Hoarding(Vec<u8>);

impl Guest for Hoarding {
    fn manifest() -> &'static [u8] {
        b"{}"
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        let open = Open::parse(frame).map_err(|error| format!("{error:?}"))?;
        Ok(Hoarding(open.state().unwrap_or_default().to_vec()))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let mut writer = ReplyWriter::new();
        for entry in Batch::parse(batch).unwrap().entries() {
            self.0.resize(self.0.len() + 32 * KIB as usize, b'x');
            let (fingerprint, trigger) = (Some(&b"all"[..]), entry.id());
            let head =
                DecisionHead { rule: 0, severity: None, fingerprint, title: None, summary: None, trigger };
            writer.decision(&head, [], &[entry.id()]);
        }
        reply.clear();
        writer.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }
}

/// Each alone is within the quota, and so they take their seats.
#[test]
fn packs_that_remember_too_much_together_are_out_and_their_tenant_alone_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let pack = |name: &str, word: &str| Pack::from_manifest(manifest(name, word).as_bytes()).unwrap();
    let mut running = Running::sets::<Hoarding>(folder.path(), 16, sets(pack, &["first", "second"]));
    let ([plant, neighbour], most) = (tenants(), 512 * KIB);
    running.intake.quotas().unwrap().put(&plant, Quota::of(QuotaKind::State, most));
    let remembered = |tenant: &Tenant| -> u64 {
        running.database.states(tenant).unwrap().iter().map(PackState::bytes).sum()
    };
    for n in 1..=16 {
        bring(&running);
        assert!(remembered(&plant) <= most, "after {n} lines: {}", remembered(&plant));
    }
    assert!(remembered(&plant) > most / 2, "what was committed of them stays");
    assert!(remembered(&neighbour) >= 16 * 2 * 32 * KIB);
    assert_eq!(running.count_of("neighbour", "each"), 16 * 2);
    let faults = |tenant: &Tenant| ["first", "second"].map(|pack| running.health.faults(tenant, pack).len());
    assert!(faults(&plant).iter().sum::<usize>() > 0, "who has pushed them sees why");
    assert_eq!(faults(&neighbour), [0, 0]);
    told(&running, QuotaKind::State);
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}

/// It needs a MiB more with each batch, and says nothing.
fn hungry(name: &str, word: &str) -> Pack {
    let manifest = manifest(name, word).replace('"', "\\\"");
    let text = format!(
        r#"(module (@custom "tripline.manifest" "{manifest}")
        (global (export "tripline_abi_1") i32 (i32.const 0)) (memory (export "memory") 2)
        (func (export "tripline_buffer") (param i32) (result i32) (i32.const 0))
        (func (export "tripline_open") (param i32 i32) (result i64) (i64.const 0))
        (func (export "tripline_check") (param i32 i32) (result i64)
            (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
            (i64.const 0)))"#
    );
    Pack::read(wat::parse_str(text).unwrap()).unwrap()
}

#[test]
fn a_pack_that_needs_too_much_memory_gets_no_more_and_its_tenant_alone_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::wasm(folder.path(), 16, sets(hungry, &["hungry"]));
    let ([plant, neighbour], most) = (tenants(), 3 * MIB);
    running.intake.quotas().unwrap().put(&plant, Quota::of(QuotaKind::Memory, most));
    for _ in 0..6 {
        bring(&running);
    }
    let faults = running.health.faults(&plant, "hungry");
    assert!(!faults.is_empty(), "who has pushed it sees why");
    for (_, one) in &faults {
        assert!(matches!(one.fault, Fault::Check(Trap::Memory { limit, .. }) if limit == most), "{one:?}");
    }
    assert!(running.health.faults(&neighbour, "hungry").is_empty());
    told(&running, QuotaKind::Memory);
    assert!(running.health.faults(&neighbour, "hungry").is_empty());
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}
