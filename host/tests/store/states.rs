//! What is stored of what packs remember.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::tz::TimeZone;
use rusqlite::Connection;
use tripline::abi::{Batch, DecisionHead, Guest, ReplyWriter};
use tripline::check::{CheckOptions, Keeping, MatchSeen, Observer, expand, run};
use tripline::commit::{Commit, PackState, Store};
use tripline::incidents::{Policy, Redaction};
use tripline::{Configured, Native, Pack};

use crate::fixture::{Fixture, HOUR};

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "first", "version": "1.0.0" },
  "patterns": [{ "name": "login", "regex": "login (?P<who>\\S+)" }], "wakes_on": ["login"],
  "rules": [{ "id": "second", "title": "every event, shown by the first", "severity": "low" }]
}"#;

/// Shows each batch by the first event there ever was.
struct First(Option<[u8; 16]>);

impl Guest for First {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        let state = tripline::abi::Open::parse(frame).unwrap().state();
        Ok(First(state.map(|state| state.try_into().unwrap())))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let mut writer = ReplyWriter::new();
        for entry in Batch::parse(batch).unwrap().entries() {
            let first = *self.0.get_or_insert(entry.id());
            let head = DecisionHead {
                rule: 0,
                severity: None,
                fingerprint: None,
                title: None,
                summary: None,
                trigger: entry.id(),
            };
            writer.decision(&head, [], &[first]);
        }
        reply.clear();
        writer.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        self.0.map(|id| id.to_vec())
    }
}

struct Silent;

impl Observer for Silent {
    fn read(&mut self, _: u64) {}

    fn matched(&mut self, _: &MatchSeen<'_>) {}
}

#[test]
fn what_is_redacted_is_not_stored_with_a_state_either() {
    let redaction = Redaction::new(&["password=(?<secret>\\S+)".into()]).unwrap();
    let Fixture { folder, database, tenant, .. } = Fixture::new(Policy { redaction, ..Policy::default() });
    let database = Arc::new(database);
    let log = folder.path().join("x.log");
    let check = |text: &str| {
        std::fs::write(&log, text).unwrap();
        let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
        let options = CheckOptions {
            packs: vec![Configured::new(pack, &serde_json::Map::new()).unwrap()],
            sources: expand(std::slice::from_ref(&log)).sources,
            threads: 1,
            year: None,
            timezone: TimeZone::UTC,
            format: None,
            matches: false,
            stats: false,
            store: Some(Keeping::new(Arc::clone(&database) as Arc<dyn Store>, tenant.clone())),
        };
        let outcome =
            run(options, Arc::new(Native::<First>::default()), &mut Silent, &AtomicBool::new(false));
        let outcome = outcome.unwrap();
        assert!(outcome.store_error.is_none() && outcome.report.faults.is_empty());
        outcome.committed.unwrap()
    };
    let one = "2024-03-01T00:00:00Z login ann password=hunter2\n2024-03-01T00:00:01Z login bob with a key\n";
    let two = format!("{one}2024-03-01T00:00:02Z login eve with a key\n2024-03-01T00:00:03Z bye\n");
    check(one);
    let host: Vec<u8> = {
        let db = Connection::open(database.path()).unwrap();
        db.query_row("SELECT host FROM states", [], |row| row.get(0)).unwrap()
    };
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has(&host, "login ann password=[redacted]"), "{}", String::from_utf8_lossy(&host));
    for end in ["t.db", "t.db-wal"] {
        let bytes = std::fs::read(folder.path().join(end)).unwrap_or_default();
        assert!(!has(&bytes, "hunter2"), "{end}");
    }
    // What is left is evidence still.
    let incident = check(&two).grown[0];
    let evidence = database.evidence(&tenant, incident).unwrap();
    assert!(
        evidence.iter().all(|one| has(one.text.as_deref().unwrap_or_default(), "ann password=[redacted]"))
    );
    assert_eq!(database.incident(&tenant, incident).unwrap().unwrap().occurrences, 3);
}

#[test]
fn states_of_packs_that_are_not_used_are_forgotten() {
    let Fixture { folder: _folder, database, tenant, clock, policy } = Fixture::new(Policy::default());
    let state = |pack: &str| PackState {
        pack: pack.into(),
        version: "1.0.0".into(),
        digest: [0; 32],
        settings: [0; 32],
        state: None,
        host: Vec::new(),
    };
    let commit = |states: &[&str], packs: &[&str]| {
        let states = states.iter().copied().map(state).collect();
        let packs = packs.iter().map(|pack| (*pack).into()).collect();
        database.commit(&tenant, Commit { states, packs, ..Commit::default() }).unwrap();
        let states = database.states(&tenant).unwrap();
        states.into_iter().map(|state| state.pack).collect::<Vec<_>>()
    };
    let retention = policy.limits.retention.unwrap();
    assert_eq!(commit(&["quiet", "unused"], &["quiet", "unused"]), ["quiet", "unused"]);
    clock.pass(retention - HOUR);
    assert_eq!(commit(&[], &["quiet"]), ["quiet", "unused"]);
    clock.pass(2 * HOUR);
    assert_eq!(commit(&[], &[]), ["quiet", "unused"], "what a person reports is no use of any pack");
    assert_eq!(commit(&[], &["quiet"]), ["quiet"]);
    clock.pass(retention - HOUR);
    assert_eq!(commit(&[], &["quiet"]), ["quiet"], "used, though it never changed");
}
