//! Files that grow.

use std::fs;
use std::slice;
use std::sync::Arc;

use crate::fixture::{append, check, check_until, json, lines, new, whole};
use crate::memory::Memory;

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
