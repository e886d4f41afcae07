//! A check with a store goes on where it stopped: on real files that grow, are rotated, packed, cut and made anew.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod memory;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use jiff::tz::TimeZone;
use memory::Memory;
use tripline::abi::{Batch, DecisionHead, Guest, Open, ReplyWriter};
use tripline::check::{Change, CheckOptions, Keeping, MatchSeen, Observer, Outcome, expand, run};
use tripline::commit::{Store, StoreError, Tenant};
use tripline::sandbox::{Enforced, LoadError, Module, Sandbox};
use tripline::{Configured, Native, Pack};

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

fn check(store: &Arc<Memory>, files: &[PathBuf]) -> Outcome {
    check_until(store, files, u32::MAX)
}

fn check_until(store: &Arc<Memory>, files: &[PathBuf], stops: u32) -> Outcome {
    let outcome = check_in(Arc::new(Native::<Chain>::default()), Some(store), files, stops);
    assert!(outcome.report.faults.is_empty(), "{:?}", outcome.report.faults);
    assert!(outcome.report.incidents.is_empty(), "nothing is folded");
    outcome
}

fn check_in(
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
        store: keeping,
    };
    let stop = AtomicBool::new(false);
    run(options, sandbox, &mut Watch { left: stops, stop: &stop }, &stop).unwrap()
}

/// A check that goes well; how many decisions of it are new.
fn new(store: &Arc<Memory>, files: &[PathBuf]) -> u64 {
    let outcome = check(store, files);
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    assert!(outcome.store_error.is_none() && !outcome.stopped, "{:?}", outcome.store_error);
    outcome.committed.unwrap().occurrences
}

fn lines(from: u32, to: u32) -> String {
    let line =
        |n: u32| format!("Mar  1 {:02}:{:02}:{:02} host app[1]: n={n}\n", n / 3600, n / 60 % 60, n % 60);
    (from..to).map(line).collect()
}

fn json(from: u32, to: u32) -> String {
    let line = |n: u32| {
        let time = format!("2024-03-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60);
        format!("{{\"time\":\"{time}\",\"msg\":\"n={n}\"}}\n")
    };
    (from..to).map(line).collect()
}

fn append(path: &Path, text: &str) {
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn pack(from: &Path, to: &Path) {
    let mut packed = flate2::write::GzEncoder::new(File::create(to).unwrap(), flate2::Compression::fast());
    packed.write_all(&fs::read(from).unwrap()).unwrap();
    packed.finish().unwrap();
    fs::remove_file(from).unwrap();
}

/// What one check of this text decides.
fn whole(text: &str) -> BTreeSet<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    fs::write(&path, text).unwrap();
    let store = Arc::new(Memory::default());
    new(&store, &[path]);
    store.fingerprints()
}

#[test]
fn the_same_file_again_gives_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    fs::write(&path, lines(0, 500)).unwrap();
    let store = Arc::new(Memory::default());
    assert_eq!(new(&store, slice::from_ref(&path)), 500);
    assert!(store.commits() > 3, "barriers between blocks");
    let again = check(&store, &[path]);
    assert_eq!(
        again.committed.as_ref().map(|committed| (committed.occurrences, committed.known)),
        Some((0, 1))
    );
    assert!(again.bytes < 100, "read on at the last event, not from the start: {}", again.bytes);
}

#[test]
fn a_grown_file_gives_what_is_new_wherever_it_was_cut() {
    let text = lines(0, 30);
    let all = whole(&text);
    for cut in (0..text.len()).step_by(7) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let store = Arc::new(Memory::default());
        fs::write(&path, &text[..cut]).unwrap();
        new(&store, slice::from_ref(&path));
        append(&path, &text[cut..]);
        new(&store, slice::from_ref(&path));
        assert!(store.fingerprints().is_superset(&all), "cut at {cut}");
        assert_eq!(new(&store, &[path]), 0, "cut at {cut}");
    }
}

#[test]
fn a_family_goes_on_through_renaming_and_packing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let family = [folder.path().to_path_buf()];
    let store = Arc::new(Memory::default());
    append(&at("x.log"), &lines(0, 100));
    assert_eq!(new(&store, &family), 100);
    append(&at("x.log"), &lines(100, 150));
    fs::rename(at("x.log"), at("x.log.1")).unwrap();
    append(&at("x.log"), &lines(150, 200));
    assert_eq!(new(&store, &family), 100, "renamed, and new lines in both");
    fs::rename(at("x.log.1"), at("x.log.2")).unwrap();
    pack(&at("x.log.2"), &at("x.log.2.gz"));
    append(&at("x.log"), &lines(200, 220));
    fs::rename(at("x.log"), at("x.log.1")).unwrap();
    append(&at("x.log"), &lines(220, 230));
    assert_eq!(new(&store, &family), 30);
    pack(&at("x.log.1"), &at("x.log.3.gz"));
    fs::rename(at("x.log.2.gz"), at("x.log.4.gz")).unwrap();
    let last = check(&store, &family);
    assert_eq!(last.committed.unwrap().occurrences, 0);
    assert!(last.notes.is_empty(), "{:?}", last.notes);
    assert_eq!(store.fingerprints(), whole(&lines(0, 230)));
    assert_eq!(store.decisions(), 230, "no decision twice");
}

#[test]
fn a_file_that_is_packed_unread_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let family = [folder.path().to_path_buf()];
    let store = Arc::new(Memory::default());
    append(&at("x.log"), &lines(0, 100));
    new(&store, &family);
    append(&at("x.log"), &lines(100, 150));
    pack(&at("x.log"), &at("x.log.1.gz"));
    append(&at("x.log"), &lines(150, 160));
    assert_eq!(new(&store, &family), 60);
    assert_eq!(store.fingerprints(), whole(&lines(0, 160)));
}

#[test]
fn a_copy_takes_over_from_a_file_that_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let family = [folder.path().to_path_buf()];
    let store = Arc::new(Memory::default());
    append(&at("x.log"), &lines(0, 100));
    new(&store, &family);
    append(&at("x.log"), &lines(100, 150));
    fs::copy(at("x.log"), at("x.log.1")).unwrap();
    File::create(at("x.log")).unwrap();
    append(&at("x.log"), &lines(150, 160));
    let outcome = check(&store, &family);
    assert!(outcome.notes.is_empty(), "{:?}", outcome.notes);
    assert_eq!(outcome.committed.unwrap().occurrences, 60);
    assert_eq!(store.fingerprints(), whole(&lines(0, 160)));
}

#[test]
fn a_file_that_was_cut_or_replaced_is_read_from_its_start_and_told() {
    for (text, change) in
        [(lines(150, 160), Change::Replaced), (lines(0, 3), Change::Cut), (String::new(), Change::Cut)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        let store = Arc::new(Memory::default());
        append(&path, &lines(0, 20));
        new(&store, slice::from_ref(&path));
        // Under the same inode.
        File::create(&path).unwrap();
        append(&path, &text);
        let outcome = check(&store, slice::from_ref(&path));
        let notes: Vec<_> = outcome.notes.iter().map(|note| note.change).collect();
        // The known head is of all twenty lines, which three of them do not begin with.
        let change = if text.is_empty() { change } else { Change::Replaced };
        assert_eq!(notes, [change], "{text}");
        assert_eq!(outcome.committed.unwrap().occurrences, text.lines().count() as u64);
        append(&path, &lines(160, 170));
        assert!(check(&store, &[path]).notes.is_empty());
    }
}

#[test]
fn logs_that_begin_alike_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let family = [folder.path().to_path_buf()];
    let store = Arc::new(Memory::default());
    append(&at("x.log.1"), "Mar  1 00:00:00 host app[1]: started\n");
    append(&at("x.log"), "Mar  1 00:00:00 host app[1]: started\n");
    new(&store, &family);
    append(&at("x.log.1"), &lines(0, 10));
    append(&at("x.log"), &lines(10, 15));
    assert_eq!(new(&store, &family), 15, "and a head that has grown is the same head");
    fs::rename(at("x.log.1"), at("x.log.2")).unwrap();
    fs::rename(at("x.log"), at("x.log.1")).unwrap();
    append(&at("x.log"), "Mar  1 00:00:00 host app[1]: started\n");
    append(&at("x.log"), &lines(15, 20));
    assert_eq!(new(&store, &family), 5);
}

#[test]
fn sources_that_grow_in_turn_are_one_sequence() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["a.log", "b.log"].map(|name| folder.path().join(name));
    let store = Arc::new(Memory::default());
    let mut text = String::new();
    files.iter().for_each(|file| append(file, ""));
    for turn in 0..12 {
        append(&files[turn as usize % 2], &json(turn * 50, turn * 50 + 50));
        text += &json(turn * 50, turn * 50 + 50);
        assert_eq!(new(&store, &files), 50);
    }
    assert_eq!(store.fingerprints(), whole(&text));
}

#[test]
fn what_a_refused_commit_loses_is_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["a.log", "b.log", "c.log"].map(|name| folder.path().join(name));
    for (at, file) in (0..).zip(&files) {
        // Interleaved in time, with lines that have none.
        let every = |n: u32| {
            json(n * 3 + at, n * 3 + at + 1)
                + if n.is_multiple_of(4) { "{\"msg\":\"n=timeless\"}\n" } else { "" }
        };
        fs::write(file, (0..400).map(every).collect::<String>()).unwrap();
    }
    let store = Arc::new(Memory::default());
    let total = new(&store, &files);
    let all = store.fingerprints();
    let mut times = 0;
    for refused in 1..=store.commits() {
        let store = Arc::new(Memory::default());
        store.refuse(refused);
        let outcome = check(&store, &files);
        if outcome.store_error.is_none() {
            // Barriers lie where time has it: there were fewer this time.
            continue;
        }
        times += 1;
        assert!(matches!(outcome.store_error, Some(StoreError::Full)) && outcome.stopped);
        let before = outcome.committed.unwrap().occurrences;
        assert_eq!(new(&store, &files), total - before, "refused {refused}");
        assert_eq!(store.fingerprints(), all, "refused {refused}");
        assert_eq!(new(&store, &files), 0);
    }
    assert!(times > 0, "no commit was refused");
}

#[test]
fn a_check_that_was_stopped_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    fs::write(&path, lines(0, 2000)).unwrap();
    let mut stopped = 0;
    for stops in 1..20 {
        let store = Arc::new(Memory::default());
        let outcome = check_until(&store, slice::from_ref(&path), stops);
        stopped += u32::from(outcome.stopped && store.decisions() < 2000);
        new(&store, slice::from_ref(&path));
        assert_eq!(store.decisions(), 2000, "stopped at {stops}: each line once");
        assert_eq!(store.fingerprints(), whole(&lines(0, 2000)));
    }
    assert!(stopped > 0, "too late, every time");
}

#[test]
fn a_store_that_cannot_be_read_is_an_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    fs::write(&path, lines(0, 5)).unwrap();
    let store = Arc::new(Memory::default());
    store.refuse(0);
    let outcome = check(&store, &[path]);
    assert!(outcome.store_error.is_some() && outcome.stopped);
    assert_eq!(outcome.report.lines, 0);
}

#[test]
fn two_checks_on_one_store_do_not_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    fs::write(&path, lines(0, 50)).unwrap();
    let store = Arc::new(Memory::default());
    let other = store.checker().unwrap();
    let outcome = check(&store, slice::from_ref(&path));
    assert!(matches!(outcome.store_error, Some(StoreError::Checking)) && outcome.stopped);
    assert_eq!((outcome.report.lines, store.commits()), (0, 0));
    drop(other);
    // The store itself says so if it is asked anything without the lock.
    assert_eq!(new(&store, &[path]), 50);
    drop(store.checker().unwrap());
}

/// Not a pack that fails: what runs it does.
struct Broken;

impl Sandbox for Broken {
    fn load(&self, _: &Pack) -> Result<Arc<dyn Module>, LoadError> {
        panic!("the sandbox is broken")
    }

    fn enforces(&self) -> Enforced {
        Native::<Chain>::default().enforces()
    }
}

#[test]
fn a_thread_that_panics_is_no_clean_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    fs::write(&path, lines(0, 500)).unwrap();
    let store = Arc::new(Memory::default());
    for store in [None, Some(&store)] {
        let run = || check_in(Arc::new(Broken), store, slice::from_ref(&path), u32::MAX);
        let panic = catch_unwind(AssertUnwindSafe(run)).err().expect("a clean run");
        assert_eq!(panic.downcast_ref(), Some(&"the sandbox is broken"));
    }
    assert_eq!(new(&store, &[path]), 500, "no position went over what was not judged");
}

/// What gzip has written when it is in the middle of the line `n=50`, which so far looks like `n=5`.
fn half_packed(from: &Path, to: &Path) {
    let text = fs::read(from).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(&text).unwrap();
    let packed = packed.finish().unwrap();
    let start = packed.len() - 8 - text.len();
    let middle = text.windows(5).position(|part| part == b"n=50\n").unwrap() + 3;
    fs::write(to, &packed[..start + middle]).unwrap();
}

#[test]
fn a_log_that_is_being_packed_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let family = [folder.path().to_path_buf()];
    let store = Arc::new(Memory::default());
    append(&at("x.log.1"), &lines(0, 100));
    assert_eq!(new(&store, &family), 100);
    fs::write(at("x.log.1.gz"), "").unwrap();
    assert_eq!(new(&store, &family), 0, "gzip has begun");
    half_packed(&at("x.log.1"), &at("x.log.1.gz"));
    assert_eq!(new(&store, &family), 0, "gzip is at work");
    let kept = fs::read(at("x.log.1")).unwrap();
    pack(&at("x.log.1"), &at("x.log.1.gz"));
    fs::write(at("x.log.1"), kept).unwrap();
    assert_eq!(new(&store, &family), 0, "both are whole");
    let without = check_in(Arc::new(Native::<Chain>::default()), None, &family, u32::MAX);
    assert_eq!(without.report.lines, 100, "without a store as well");
    fs::remove_file(at("x.log.1")).unwrap();
    assert_eq!(new(&store, &family), 0, "gzip is done");
    append(&at("x.log.1"), &lines(100, 110));
    let other = check_in(Arc::new(Native::<Chain>::default()), None, &family, u32::MAX);
    assert_eq!(other.report.lines, 110, "names alone make no copy");
}

#[test]
fn a_copy_of_a_file_that_is_not_cut_yet_counts_once() {
    for copied in [0, 10, 700, 2000, usize::MAX] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let family = [folder.path().to_path_buf()];
        let store = Arc::new(Memory::default());
        append(&at("x.log"), &lines(0, 100));
        assert_eq!(new(&store, &family), 100);
        append(&at("x.log"), &lines(100, 110));
        let all = fs::read(at("x.log")).unwrap();
        fs::write(at("x.log.1"), &all[..copied.min(all.len())]).unwrap();
        assert_eq!(new(&store, &family), 10, "{copied} bytes are copied");
        fs::write(at("x.log.1"), &all).unwrap();
        append(&at("x.log.1"), &lines(110, 120));
        File::create(at("x.log")).unwrap();
        append(&at("x.log"), &lines(120, 130));
        let outcome = check(&store, &family);
        assert!(outcome.notes.is_empty(), "{:?}", outcome.notes);
        assert_eq!(outcome.committed.unwrap().occurrences, 20);
        assert_eq!(store.fingerprints(), whole(&lines(0, 130)));
    }
}

#[test]
fn half_a_line_before_a_read_error_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (names, rest) in [(&["x.log.1.gz"][..], 0), (&["x.log.1.gz", "x.log"][..], 10)] {
        let family: Vec<PathBuf> = names.iter().map(|name| at(name)).collect();
        let store = Arc::new(Memory::default());
        append(&at("plain"), &lines(0, 100));
        half_packed(&at("plain"), &at("x.log.1.gz"));
        append(&at("x.log"), &lines(100, 110));
        let outcome = check(&store, &family);
        assert_eq!(outcome.errors.len(), 1);
        assert_eq!(outcome.committed.unwrap().occurrences, 50 + u64::from(rest), "whole lines");
        assert_eq!(store.fingerprints(), whole(&(lines(0, 50) + &lines(100, 100 + rest))));
        pack(&at("plain"), &at("x.log.1.gz"));
        let later = new(&store, &family);
        fs::remove_file(at("x.log")).unwrap();
        if rest == 0 {
            assert_eq!(later, 50, "the rest, from a line's start");
            assert_eq!(store.fingerprints(), whole(&lines(0, 100)));
        }
    }
}
