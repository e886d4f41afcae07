//! What fails, and what goes on from there.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::slice;
use std::sync::Arc;

use tripline::commit::{Store, StoreError};
use tripline::sandbox::{Enforced, LoadError, Module, Sandbox};
use tripline::{Native, Pack};

use crate::fixture::{Chain, append, check, check_in, half_packed, json, lines, new, pack, whole};
use crate::memory::Memory;

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
    assert!(matches!(outcome.store_error, Some(StoreError::Checking)) && outcome.stopped && outcome.refused);
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
