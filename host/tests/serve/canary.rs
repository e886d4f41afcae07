//! A pack that tells all it has ever seen: of each tenant it has seen that tenant's lines, and no other's.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use serde_json::{Map, Value};
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter, Value as SettingOf};
use tripline::commit::Tenant;
use tripline::incidents::Filter;
use tripline::serve::{Change, PackSets};
use tripline::{Configured, Pack};

use crate::running::{PATIENCE, Running, settings};

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "canary", "version": "1.0.0" },
  "patterns": [{ "name": "n", "contains": ["n="] }], "wakes_on": ["n"],
  "rules": [{ "id": "seen", "title": "it was seen", "severity": "low" }],
  "settings": { "type": "object", "properties": {
    "own": { "type": "string", "default": "", "maxLength": 100, "description": "A secret of the tenant." } } }
}"#;

/// What stands behind each `n=`, and the setting, in its memory and its state.
struct Canary(BTreeSet<String>);

impl Guest for Canary {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        let open = Open::parse(frame).map_err(|error| format!("{error:?}"))?;
        let state = String::from_utf8(open.state().unwrap_or_default().to_vec()).unwrap();
        let mut seen: BTreeSet<String> = state.split_whitespace().map(String::from).collect();
        for setting in open.settings() {
            if let SettingOf::Text(text) = setting.value {
                seen.extend((!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned()));
            }
        }
        Ok(Canary(seen))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let batch = Batch::parse(batch).unwrap();
        let mut writer = ReplyWriter::new();
        for entry in batch.entries() {
            let message = String::from_utf8_lossy(entry.message().unwrap_or_default()).into_owned();
            self.0.extend(message.split("n=").skip(1).map(|rest| rest.trim().to_string()));
            for seen in &self.0 {
                let head = DecisionHead {
                    rule: 0,
                    severity: None,
                    fingerprint: Some(seen.as_bytes()),
                    title: None,
                    summary: None,
                    trigger: entry.id(),
                };
                writer.decision(&head, [], &[entry.id()]);
            }
        }
        reply.clear();
        writer.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(self.0.iter().fold(String::new(), |all, one| all + one + " ").into_bytes())
    }
}

fn canary(own: &str) -> Configured {
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    Configured::new(pack, &Map::from_iter([("own".into(), Value::from(own))])).unwrap()
}

fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

/// What nobody can guess.
fn secret() -> String {
    format!("secret-{:016x}", RandomState::new().hash_one(0))
}

/// What a tenant's packs have told.
fn told(running: &Running, name: &str) -> BTreeSet<String> {
    let page = running.database.page(&tenant(name), &Filter::default(), None, 1_000).unwrap();
    page.incidents
        .iter()
        .map(|one| String::from_utf8_lossy(&one.fingerprint.as_bytes()[1..]).into_owned())
        .collect()
}

/// The same module for two tenants, one of them twice with other settings, one that has none: none is told of another's
/// lines, settings or state, whoever rests, whatever changes, whenever it begins again.
#[test]
fn no_tenants_pack_sees_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let (own_a, own_b) = (secret(), secret());
    let own = |a: &str| {
        BTreeMap::from([
            (tenant("a"), vec![canary(a)]),
            (tenant("b"), vec![canary(&own_b)]),
            (tenant("c"), vec![canary("")]),
            (tenant("d"), vec![canary("")]),
        ])
    };
    let sets = || PackSets::new(Vec::new(), own(&own_a)).unwrap();
    let mut running = Running::sets::<Canary>(folder.path(), 1, sets());
    let names = ["a", "b", "c", "d", "none"];
    let mut secrets: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    secrets.entry("a").or_default().insert(own_a.clone());
    secrets.entry("b").or_default().insert(own_b.clone());
    let mut own_now = own_a.clone();
    for round in 0..4 {
        for name in names {
            let secret = secret();
            let line = format!("2026-11-18T10:27:0{round}Z app n={secret}\n");
            assert_eq!(running.bring_line(name, settings(None), line).recv_timeout(PATIENCE), Ok(Ok(())));
            secrets.entry(name).or_default().insert(secret);
        }
        match round {
            // Another setting of one of them, at a barrier of its own, or of everybody's.
            0 | 1 => {
                own_now = secret();
                secrets.entry("a").or_default().insert(own_now.clone());
                let before = running.counted("Changed");
                let packs = PackSets::new(Vec::new(), own(&own_now)).unwrap();
                match round {
                    0 => running.control.change_own(&tenant("a"), Arc::new(packs)),
                    _ => running.control.change(Change { packs: Some(Arc::new(packs)), ..Change::default() }),
                }
                running.until("it is changed", |running| running.counted("Changed") > before);
            }
            // A restart.
            2 => {
                assert!(running.end().is_ok_and(|ended| ended.is_ok()));
                drop(running);
                let sets = PackSets::new(Vec::new(), own(&own_now)).unwrap();
                running = Running::sets::<Canary>(folder.path(), 1, sets);
            }
            _ => {}
        }
    }
    for name in names {
        let expected = if name == "none" { BTreeSet::new() } else { secrets[name].clone() };
        assert_eq!(told(&running, name), expected, "{name}");
    }
    let events = |name| -> u64 {
        running.health.accounts().own_packs(&tenant(name)).iter().map(|one| one.judging.events).sum()
    };
    assert_eq!([events("a"), events("none")], [1, 0], "since the restart");
    assert!(running.health.accounts().packs().is_empty());
    assert!(running.end().is_ok_and(|ended| ended.is_ok()));
}
