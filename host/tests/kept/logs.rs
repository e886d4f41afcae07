//! A folder of logs that is checked with a pack which decides on every event.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use jiff::tz::TimeZone;
use tempfile::TempDir;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::check::{CheckOptions, Keeping, MatchSeen, Observer, Outcome, expand, run};
use tripline::commit::Tenant;
use tripline::{Configured, Native, Pack};

use crate::memory::Memory;

/// A folder of logs, and a store that knows how far they were read.
pub(crate) struct Logs {
    folder: TempDir,
    pub(crate) store: Arc<Memory>,
}

impl Logs {
    pub(crate) fn new() -> Logs {
        Logs { folder: tempfile::tempdir().unwrap(), store: Arc::new(Memory::default()) }
    }

    /// With a store that knows nothing.
    pub(crate) fn forget(&mut self) {
        self.store = Arc::default();
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        let mut file = File::options().append(true).create(true).open(self.at(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.at(from), self.at(to)).unwrap();
    }

    pub(crate) fn pack(&self, from: &str, to: &str) {
        let to = File::create(self.at(to)).unwrap();
        let mut packed = flate2::write::GzEncoder::new(to, flate2::Compression::fast());
        packed.write_all(&fs::read(self.at(from)).unwrap()).unwrap();
        packed.finish().unwrap();
        fs::remove_file(self.at(from)).unwrap();
    }

    pub(crate) fn check(&self) -> Outcome {
        self.check_until(u32::MAX)
    }

    pub(crate) fn check_until(&self, stops: u32) -> Outcome {
        check_until(&self.store, &[self.folder.path().into()], stops)
    }

    /// A check that goes well; how many decisions of it are new.
    #[track_caller]
    pub(crate) fn new_ones(&self) -> u64 {
        let outcome = self.check();
        assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
        assert!(outcome.store_error.is_none() && !outcome.stopped, "{:?}", outcome.store_error);
        outcome.committed.unwrap().occurrences
    }
}

/// Decides on every event; the fingerprint is of all messages so far, in order.
struct Chain(u64);

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

fn check_until(store: &Arc<Memory>, files: &[PathBuf], stops: u32) -> Outcome {
    let inputs = expand(files);
    assert!(inputs.errors.is_empty(), "{:?}", inputs.errors);
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    let keeping = Keeping {
        every: Duration::ZERO,
        block_bytes: 2000,
        ..Keeping::new(Arc::clone(store) as _, Tenant::default())
    };
    let options = CheckOptions {
        packs: vec![Configured::new(pack, &serde_json::Map::new()).unwrap()],
        sources: inputs.sources,
        threads: 2,
        year: Some(2024),
        timezone: TimeZone::UTC,
        format: None,
        matches: false,
        store: Some(keeping),
    };
    let sandbox = Arc::new(Native::<Chain>::default());
    let stop = AtomicBool::new(false);
    let outcome = run(options, sandbox, &mut Watch { left: stops, stop: &stop }, &stop).unwrap();
    assert!(outcome.report.faults.is_empty(), "{:?}", outcome.report.faults);
    assert!(outcome.report.incidents.is_empty(), "nothing is folded");
    outcome
}
