//! Files that are renamed, packed, copied, cut and made anew.

use std::fs::{self, File};
use std::slice;
use std::sync::Arc;

use tripline::Native;
use tripline::check::Change;

use crate::fixture::{Chain, append, check, check_in, half_packed, lines, new, pack, whole};
use crate::memory::Memory;

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
