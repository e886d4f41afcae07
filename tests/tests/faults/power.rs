use std::fs;

use tripline_tests::{Call, Disk, calls};

use crate::fixture::{Folder, can, random, runs, text};

/// Ways in which a cut at one place is tried.
const WAYS: u64 = 3;
const TRACED: &str =
    "trace=open,openat,creat,write,writev,pwrite64,pwritev,ftruncate,fsync,fdatasync,unlink,rename";

/// Records what a check asks of its files.
fn recorded(folder: &Folder) -> Option<Vec<Call>> {
    if !can("strace", runs("strace", &["-o", "/dev/null", "true"])) {
        return None;
    }
    let check = folder.check();
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-y", "-xx", "-s", "16777216", "-e", TRACED, "-o", "trace"]);
    command.arg(check.get_program()).args(check.get_args()).current_dir(&folder.path).env("TZ", "UTC");
    let output = command.output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    let calls = calls(&text(&folder.path, "trace"));
    fs::remove_file(folder.path.join("trace")).unwrap();
    Some(calls)
}

/// The replay, without a cut, is what the program left: else nothing below says anything.
#[track_caller]
fn replays(calls: &[Call], folder: &Folder) {
    let mut disk = Disk::new(&folder.path);
    calls.iter().for_each(|call| {
        disk.apply(call);
    });
    let whole = tempfile::tempdir().unwrap();
    disk.put(whole.path());
    for name in ["t.db", "security.log"] {
        assert!(
            fs::read(whole.path().join(name)).unwrap() == fs::read(folder.path.join(name)).unwrap(),
            "{name} is another one"
        );
    }
}

#[test]
fn whatever_a_power_cut_leaves_the_next_run_goes_on() {
    let (mut random, mut folder) = (random(6), Folder::new());
    folder.grow(3_000, 12, &mut random);
    let Some(calls) = recorded(&folder) else { return };
    replays(&calls, &folder);
    folder.is_whole("recorded");
    let expected = folder.incidents();

    let mut disk = Disk::new(&folder.path);
    let (mut cuts, mut told) = (0, 0);
    for (at, call) in calls.iter().enumerate() {
        let before = disk.clone();
        if !disk.apply(call) {
            continue;
        }
        // Right before it is on disk, and right folder.
        for (disk, way) in (0..WAYS).map(|way| (&before, way)).chain([(&disk, WAYS)]) {
            let what = format!("call {at}, way {way}");
            // At the same place: a source is known by its path.
            folder.forget();
            disk.cut(&folder.path, &mut random);
            cuts += 1;
            folder.is_sound(&what);
            // What the outside world was told is known.
            let lines = text(&folder.path, "security.log");
            let lines = lines.lines().filter(|line| line.ends_with("\"}")).count();
            if lines > 0 {
                told += 1;
                assert_eq!(folder.incidents(), expected, "{what}");
            }
            folder.completes();
            folder.is_whole(&what);
            assert_eq!(folder.incidents(), expected, "{what}");
        }
    }
    assert!(cuts > 20 && told > 0, "{cuts} cuts, {told} after something was told");
}
