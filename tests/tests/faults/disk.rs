use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::fixture::{Folder, can, errors, myself, random, runs, stopped, text};

const INSIDE: &str = "TRIPLINE_TEST_SMALL_DISK";
const SIZE: usize = 16 * 1024 * 1024;

/// A small disk of its own for this test: it is mounted where no other process sees it, and gone with this one.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    fn mount() -> SmallDisk {
        let path = tempfile::tempdir().unwrap().keep().canonicalize().unwrap();
        let size = format!("size={SIZE}");
        assert!(runs("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", path.to_str().unwrap()]));
        SmallDisk { path }
    }

    /// Leaves so many bytes.
    fn fill(&self, free: usize) {
        let mut ballast = File::create(self.path.join("ballast")).unwrap();
        let page = [1; 4096];
        while ballast.write_all(&page).is_ok() {}
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(free as u64)).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.path.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        runs("umount", &["-l", self.path.to_str().unwrap()]);
        let _ = fs::remove_dir(&self.path);
    }
}

/// Runs one of the tests below where mounting a disk is allowed and seen by nobody else.
fn inside(test: &str) {
    let try_mount = "mount -t tmpfs -o size=64k tmpfs /mnt";
    if !can("root, to mount a small disk", runs("unshare", &["-m", "sh", "-c", try_mount])) {
        return;
    }
    let output = Command::new("unshare").arg("-m").args(myself(test)).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{:?}",
        output.stderr.escape_ascii().to_string()
    );
}

#[test]
fn a_full_disk_for_the_database_takes_nothing_half() {
    inside("disk::database");
}

#[test]
fn a_full_disk_for_security_log_tears_no_line_for_good() {
    inside("disk::security_log");
}

#[test]
#[ignore = "run by the test above, where it may mount a disk"]
fn database() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let mut folder = Folder::new();
    folder.grow(10_000, 40, &mut random(4));
    let calm = folder.copy();
    calm.completes();
    let (mut at_once, mut midway, mut never, mut unsettled) = (0, 0, 0, 0);
    // Room for nothing, for the tables, for some of the log of changes, for that but not for the database itself.
    for free in [0, 32, 128, 256].into_iter().chain((320..1024).step_by(48)).chain([2048]) {
        let what = format!("{free} KiB");
        let disk = SmallDisk::mount();
        let folder = folder.copy_to(&disk.path);
        disk.fill(free * 1024);
        let output = folder.check().output().unwrap();
        match output.status.code() {
            Some(2) => at_once += 1,
            Some(3) => midway += 1,
            // There was room for the database, and none for security.log.
            Some(4) => assert!(errors(&output).contains("its records wait in the database"), "{output:?}"),
            _ => never += 1,
        }
        if matches!(output.status.code(), Some(2 | 3)) {
            stopped(&output, &[2, 3], "expected room for the database, found none");
        }
        // All was committed, and the log of changes found no room in the database itself.
        let changes = fs::metadata(folder.path.join("t.db-wal")).is_ok_and(|changes| changes.len() > 0);
        unsettled += u32::from(changes && output.status.code() != Some(2));
        disk.make_room();
        folder.is_sound(&what);
        folder.completes();
        folder.is_whole(&what);
        assert_eq!(folder.incidents(), calm.incidents(), "{what}");
    }
    let each = [at_once, midway, never, unsettled];
    assert!(each.iter().all(|times| *times > 0), "{each:?}");
}

#[test]
#[ignore = "run by the test above, where it may mount a disk"]
fn security_log() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let mut folder = Folder::new();
    folder.grow(2_000, 40, &mut random(5));
    for free in [0, 4096, 8192] {
        let disk = SmallDisk::mount();
        let folder = folder.copy();
        let log = disk.path.join("security.log");
        std::os::unix::fs::symlink(&disk.path, folder.path.join("disk")).unwrap();
        disk.fill(free);
        let check = |code: &[i32]| {
            let mut command = folder.command(&["check", "app.log", "--only", "app-errors", "--db", "t.db"]);
            let output = command.args(["--security-log", "disk/security.log"]).output().unwrap();
            assert!(output.status.code().is_some_and(|found| code.contains(&found)), "{free}: {output:?}");
        };
        check(&[4]);
        let torn = text(&disk.path, "security.log");
        assert!(free == 0 || !torn.is_empty() && !torn.ends_with('\n'), "{free}: {torn}");
        check(&[4]);
        disk.make_room();
        check(&[0, 1]);
        fs::copy(&log, folder.path.join("security.log")).unwrap();
        folder.is_whole(&format!("{free} bytes"));
    }
}
