//! Machine code in files: taken when it is whole and ours, compiled again when it is not.
#![allow(clippy::unwrap_used)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tripline_engine::Pack;
use tripline_sandbox::{Cache, CacheError, Limits, Loaded, Origin, Wasmtime};

const COUNTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/abi/counter.wat");

fn counter() -> Pack {
    Pack::read(wat::parse_file(COUNTER).unwrap()).unwrap()
}

/// Loads the pack in a new sandbox, and runs it.
fn load(folder: &Path, limits: Limits) -> (Origin, Option<CacheError>) {
    let sandbox = Wasmtime::new(limits).unwrap().with_cache(Cache::open(folder).unwrap());
    let Loaded { module, origin, problem } = sandbox.load_from(&counter()).unwrap();
    module.instantiate().unwrap().check(&[0; 16], 0, &mut Vec::new()).unwrap();
    (origin, problem)
}

#[track_caller]
fn loads(folder: &Path, expected: Origin) {
    let (origin, problem) = load(folder, Limits::default());
    assert_eq!(origin, expected);
    assert!(problem.is_none(), "{problem:?}");
}

fn artifacts(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_pack_is_compiled_once() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("a/b/machine-code");
    loads(&folder, Origin::Compiled);
    loads(&folder, Origin::Cached);
    let [file] = artifacts(&folder).try_into().unwrap();
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_was_taken_longest_ago_makes_room() {
    let root = tempfile::tempdir().unwrap();
    let loads = |numbers: &[u32], most: u64| -> Vec<Origin> {
        let cache = Cache::open(root.path()).unwrap().holding(most);
        let sandbox = Wasmtime::new(Limits::default()).unwrap().with_cache(cache);
        let load = |number: &u32| {
            let text = fs::read_to_string(COUNTER).unwrap();
            let text = text.trim_end().strip_suffix(')').unwrap();
            let module = format!("{text} (@custom \"number\" \"{number}\"))");
            sandbox.load_from(&Pack::read(wat::parse_str(module).unwrap()).unwrap()).unwrap().origin
        };
        numbers.iter().map(load).collect()
    };
    use Origin::{Cached, Compiled};
    assert_eq!(loads(&[1, 2, 3], u64::MAX), [Compiled; 3]);
    let size = fs::metadata(&artifacts(root.path())[0]).unwrap().len();
    // Room for three of about this size: the first was taken again, so that the second goes.
    assert_eq!(loads(&[1, 4], size * 7 / 2), [Cached, Compiled]);
    assert_eq!(artifacts(root.path()).len(), 3);
    assert_eq!(loads(&[1, 4, 3], u64::MAX), [Cached; 3]);
    assert_eq!(loads(&[2], u64::MAX), [Compiled]);
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let sandbox = Wasmtime::new(Limits::default()).unwrap();
    assert_eq!(sandbox.load_from(&counter()).unwrap().origin, Origin::Compiled);
    assert_eq!(sandbox.load_from(&counter()).unwrap().origin, Origin::Compiled);
}

#[test]
fn a_torn_or_changed_file_is_compiled_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    loads(&folder, Origin::Compiled);
    let [file] = artifacts(&folder).try_into().unwrap();
    let whole = fs::read(&file).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for torn in [&whole[..whole.len() / 2], &whole[..16], &[], &changed] {
        fs::write(&file, torn).unwrap();
        loads(&folder, Origin::Compiled);
        loads(&folder, Origin::Cached);
        assert_eq!(fs::read(&file).unwrap(), whole);
    }
}

#[test]
fn limits_that_are_not_in_the_machine_code_do_not_change_its_name() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    loads(&folder, Origin::Compiled);
    assert_eq!(load(&folder, Limits { log_lines: 7, ..Limits::default() }).0, Origin::Cached);
}

#[test]
fn a_folder_that_others_can_write_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    let error = Cache::open(&folder).unwrap_err();
    assert!(matches!(error, CacheError::Writable { mode: 0o777, .. }), "{error}");
}

#[test]
fn a_link_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    loads(&folder, Origin::Compiled);
    let link = root.path().join("link");
    symlink(&folder, &link).unwrap();
    let error = Cache::open(&link).unwrap_err();
    assert!(matches!(error, CacheError::Io { .. } | CacheError::Type { .. }), "{error}");

    let [file] = artifacts(&folder).try_into().unwrap();
    let elsewhere = root.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    let (origin, problem) = load(&folder, Limits::default());
    assert_eq!(origin, Origin::Compiled);
    assert!(matches!(problem, Some(CacheError::Io { .. })), "{problem:?}");
    // The link is gone, replaced by a file of ours.
    loads(&folder, Origin::Cached);
}

#[test]
fn a_file_that_others_can_write_is_not_taken() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    loads(&folder, Origin::Compiled);
    let [file] = artifacts(&folder).try_into().unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    let (origin, problem) = load(&folder, Limits::default());
    assert_eq!(origin, Origin::Compiled);
    assert!(matches!(problem, Some(CacheError::Writable { mode: 0o666, .. })), "{problem:?}");
    loads(&folder, Origin::Cached);
}

#[test]
fn a_folder_that_is_gone_stops_no_pack() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    let cache = Cache::open(&folder).unwrap();
    fs::remove_dir(&folder).unwrap();
    let sandbox = Wasmtime::new(Limits::default()).unwrap().with_cache(cache);
    let Loaded { origin, problem, .. } = sandbox.load_from(&counter()).unwrap();
    assert_eq!(origin, Origin::Compiled);
    assert!(matches!(problem, Some(CacheError::Io { .. })), "{problem:?}");
}

#[test]
fn two_at_once_leave_one_good_file() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(load(&folder, Limits::default()).1.is_none()));
        }
    });
    assert_eq!(artifacts(&folder).len(), 1);
    loads(&folder, Origin::Cached);
}
