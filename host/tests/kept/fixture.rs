//! A pack, checks of files that are kept in memory, and lines.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use jiff::tz::TimeZone;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::check::{CheckOptions, Keeping, MatchSeen, Observer, Outcome, expand, run};
use tripline::commit::Tenant;
use tripline::sandbox::Sandbox;
use tripline::{Configured, Native, Pack};

use crate::memory::Memory;

/// Decides on every event; the fingerprint is of all messages so far, in order.
pub(crate) struct Chain(u64);

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "chain", "version": "1.0.0" },
  "patterns": [{ "name": "n", "contains": ["n="] }], "wakes_on": ["n"],
  "rules": [{ "id": "each", "title": "each event", "severity": "low" }]
}"#;

impl Guest for Chain {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        let open = Open::parse(frame).unwrap();
        Ok(Chain(open.state().map_or(7, |state| u64::from_le_bytes(state.try_into().unwrap()))))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let mut writer = ReplyWriter::new();
        for entry in Batch::parse(batch).unwrap().entries() {
            for byte in entry.message().unwrap_or_default() {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
            let fingerprint = format!("{:016x}", self.0);
            let head = DecisionHead {
                rule: 0,
                severity: None,
                fingerprint: Some(fingerprint.as_bytes()),
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
        Some(self.0.to_le_bytes().to_vec())
    }
}

/// Stops the check when it has been told of progress so many times.
struct Watch<'a> {
    left: u32,
    stop: &'a AtomicBool,
}

impl Observer for Watch<'_> {
    fn read(&mut self, _: u64) {
        self.left = self.left.saturating_sub(1);
        self.stop.fetch_or(self.left == 0, Relaxed);
    }

    fn matched(&mut self, _: &MatchSeen<'_>) {}
}

pub(crate) fn check(store: &Arc<Memory>, files: &[PathBuf]) -> Outcome {
    check_until(store, files, u32::MAX)
}

pub(crate) fn check_until(store: &Arc<Memory>, files: &[PathBuf], stops: u32) -> Outcome {
    let outcome = check_in(Arc::new(Native::<Chain>::default()), Some(store), files, stops);
    assert!(outcome.report.faults.is_empty(), "{:?}", outcome.report.faults);
    assert!(outcome.report.incidents.is_empty(), "nothing is folded");
    outcome
}

pub(crate) fn check_in(
    sandbox: Arc<dyn Sandbox>,
    store: Option<&Arc<Memory>>,
    files: &[PathBuf],
    stops: u32,
) -> Outcome {
    let inputs = expand(files);
    assert!(inputs.errors.is_empty(), "{:?}", inputs.errors);
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    let keeping = store.map(|store| Keeping {
        every: Duration::ZERO,
        block_bytes: 2000,
        ..Keeping::new(Arc::clone(store) as _, Tenant::default())
    });
    let options = CheckOptions {
        packs: vec![Configured::new(pack, &serde_json::Map::new()).unwrap()],
        sources: inputs.sources,
        threads: 2,
        year: Some(2024),
        timezone: TimeZone::UTC,
        format: None,
        matches: false,
        stats: false,
        store: keeping,
    };
    let stop = AtomicBool::new(false);
    run(options, sandbox, &mut Watch { left: stops, stop: &stop }, &stop).unwrap()
}

/// A check that goes well; how many decisions of it are new.
pub(crate) fn new(store: &Arc<Memory>, files: &[PathBuf]) -> u64 {
    let outcome = check(store, files);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert!(outcome.store_error.is_none() && !outcome.stopped, "{:?}", outcome.store_error);
    outcome.committed.unwrap().occurrences
}

pub(crate) fn lines(from: u32, to: u32) -> String {
    let line =
        |n: u32| format!("Mar  1 {:02}:{:02}:{:02} host app[1]: n={n}\n", n / 3600, n / 60 % 60, n % 60);
    (from..to).map(line).collect()
}

pub(crate) fn json(from: u32, to: u32) -> String {
    let line = |n: u32| {
        let time = format!("2024-03-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60);
        format!("{{\"time\":\"{time}\",\"msg\":\"n={n}\"}}\n")
    };
    (from..to).map(line).collect()
}

pub(crate) fn append(path: &Path, text: &str) {
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

pub(crate) fn pack(from: &Path, to: &Path) {
    let mut packed = flate2::write::GzEncoder::new(File::create(to).unwrap(), flate2::Compression::fast());
    packed.write_all(&fs::read(from).unwrap()).unwrap();
    packed.finish().unwrap();
    fs::remove_file(from).unwrap();
}

/// What one check of this text decides.
pub(crate) fn whole(text: &str) -> BTreeSet<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    fs::write(&path, text).unwrap();
    let store = Arc::new(Memory::default());
    new(&store, &[path]);
    store.fingerprints()
}

/// What gzip has written when it is in the middle of the line `n=50`, which so far looks like `n=5`.
pub(crate) fn half_packed(from: &Path, to: &Path) {
    let text = fs::read(from).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(&text).unwrap();
    let packed = packed.finish().unwrap();
    let start = packed.len() - 8 - text.len();
    let middle = text.windows(5).position(|part| part == b"n=50\n").unwrap() + 3;
    fs::write(to, &packed[..start + middle]).unwrap();
}
