//! What tests of scans share.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crossbeam_channel::Receiver;
use serde_json::Value;
use tripline::commit::Tenant;
use tripline::scans::{FindingKind, Host, Progress, ScanStore, Scanned, Watch};
use tripline::store::Database;
use tripline::wall_clock::WallClock;

/// A clock that a test sets.
pub(crate) struct Hand(AtomicI64);

impl Hand {
    pub(crate) fn at(seconds: i64) -> Hand {
        Hand(AtomicI64::new(seconds * 1_000_000_000))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000_000, Relaxed);
    }
}

impl WallClock for Hand {
    fn now(&self) -> i64 {
        self.0.load(Relaxed)
    }

    fn wait(&self, _: i64, _: &Receiver<()>) -> bool {
        true
    }
}

/// Takes what it is told.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) hosts: Vec<Host>,
    pub(crate) progress: Vec<Progress>,
}

impl Watch for Taken {
    fn host(&mut self, host: Host) {
        self.hosts.push(host);
    }

    fn progress(&mut self, progress: &Progress) {
        self.progress.push(progress.clone());
    }
}

/// A file beside the tests.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scans").join(name)
}

/// Compares with a file, or writes it with `UPDATE=1`.
#[track_caller]
pub(crate) fn golden(name: &str, found: &str) {
    let path = path(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == found, "{}: expected\n{expected}\nfound\n{found}", path.display());
}

/// What a run has found, as the store has it.
pub(crate) fn findings(store: &Database, scanned: &Scanned) -> Vec<Value> {
    let lines = store.findings(&Tenant::default(), scanned.origin.run.unwrap(), 0, u32::MAX).unwrap();
    lines.iter().map(|(_, line)| serde_json::from_str(line).unwrap()).collect()
}

/// What a finding is.
pub(crate) fn kind(finding: &Value) -> FindingKind {
    finding["finding"].as_str().unwrap().parse().unwrap()
}
