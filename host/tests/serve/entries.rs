//! Where a file begins when an entry comes, changes its tenant, or the file is moved from one tenant's to another's.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use tripline::commit::Tenant;
use tripline::follow::{FollowSettings, From};
use tripline::line::LineSettings;
use tripline::serve::Follow;

use crate::remembering::configured;
use crate::running::{Running, SECOND, change};

const LINE: &str = "2026-11-18T10:00:00Z app n=1\n";

struct Site {
    folder: TempDir,
    running: Running,
}

impl Site {
    fn new() -> Site {
        let folder = tempfile::tempdir().unwrap();
        for name in ["logs", "plant", "more"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let running = Running::new(folder.path(), 16, Vec::new());
        Site { folder, running }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, lines: usize) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(LINE.repeat(lines).as_bytes()).unwrap();
    }

    fn pack(&self, name: &str, lines: usize) {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(LINE.repeat(lines).as_bytes()).unwrap();
        fs::write(self.path(name), packed.finish().unwrap()).unwrap();
    }

    fn entry(&self, paths: &str, tenant: &str, from: From) -> Follow {
        let settings =
            FollowSettings { lines: LineSettings::default(), from, quiet: SECOND, linger: 60 * SECOND };
        let tenant = Tenant::new(tenant).unwrap();
        Follow { paths: vec![self.path(paths)], tenant, settings, silent_after: None }
    }

    /// Goes on with these entries.
    #[track_caller]
    fn change(&self, follow: &[Follow]) {
        let before = self.running.counted("Changed");
        let change = change(vec![configured()], follow.to_vec(), Vec::new());
        self.running.control.change(change);
        self.running.until("it changes", |running| running.counted("Changed") > before);
    }

    #[track_caller]
    fn says(&self, words: &str) {
        self.running.until(words, |running| {
            running.pass(1);
            running.said(words)
        });
    }

    /// Waits until so many lines of the tenant were judged, and a while: no more are.
    #[track_caller]
    fn counts(&self, tenant: &str, count: u64) {
        self.running.until(&format!("{count} of {tenant}"), |running| {
            running.pass(1);
            running.count_of(tenant, "event") >= count
        });
        assert_eq!(self.running.count_of(tenant, "event"), count, "{tenant}");
    }

    /// The same of both, and it stays so.
    #[track_caller]
    fn counts_all(&self, counts: [(&str, u64); 2]) {
        for (tenant, count) in counts {
            self.counts(tenant, count);
        }
        // Looked at, and read, some times more.
        for _ in 0..4 {
            self.running.pass(2);
            self.running.commit("clock");
        }
        for (tenant, count) in counts {
            assert_eq!(self.running.count_of(tenant, "event"), count, "{tenant}");
        }
    }

    fn move_to(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }
}

fn follows(name: &Path) -> String {
    format!("Follows({name:?})")
}

#[test]
fn an_entry_that_is_added_begins_where_it_says() {
    for (from, old) in [(From::End, 0), (From::Start, 6)] {
        let site = Site::new();
        let first = site.entry("logs/*.log", "default", From::End);
        // By it is seen that the entry was looked at: what comes then came while it was followed.
        site.write("logs/there.log", 0);
        site.change(std::slice::from_ref(&first));
        site.says(&follows(&site.path("logs/there.log")));
        site.write("logs/a.log", 1);
        // It came while its entry was followed.
        site.counts("default", 1);
        site.pack("more/b.log.2.gz", 3);
        site.write("more/b.log.1", 2);
        site.write("more/b.log", 1);
        // So did this, though nobody may have looked before the change.
        site.write("logs/b.log", 1);
        site.change(&[first.clone(), site.entry("more/*.log", "default", from)]);
        site.says(&follows(&site.path("more/b.log")));
        site.counts("default", 2 + old);
        site.write("more/b.log", 1);
        site.counts("default", 3 + old);
        // What comes from then on is new, whatever the entry says of what was there.
        site.write("more/new.log", 2);
        site.counts("default", 5 + old);
        // Named a second time, it is read on.
        site.change(std::slice::from_ref(&first));
        site.write("more/b.log", 1);
        site.write("logs/a.log", 1);
        site.counts("default", 6 + old);
        site.change(&[first, site.entry("more/b.log", "default", from)]);
        site.counts("default", 7 + old);
    }
}

#[test]
fn an_entry_whose_tenant_changes_there_and_back_counts_each_line_for_one() {
    for from in [From::End, From::Start] {
        let site = Site::new();
        site.pack("logs/a.log.2.gz", 3);
        site.write("logs/a.log.1", 2);
        site.write("logs/a.log", 1);
        let of = |tenant: &str| [site.entry("logs/*.log", tenant, from)];
        let old = if from == From::Start { 6 } else { 0 };
        site.change(&of("default"));
        site.says(&follows(&site.path("logs/a.log")));
        site.write("logs/a.log", 1);
        site.counts("default", old + 1);
        for round in 1..=3 {
            site.change(&of("plant"));
            site.says("TakenOver");
            site.write("logs/a.log", 1);
            site.counts("plant", 2 * round - 1);
            site.write("logs/a.log", 1);
            site.counts_all([("plant", 2 * round), ("default", old + round)]);
            site.change(&of("default"));
            site.write("logs/a.log", 1);
            site.counts_all([("default", old + 1 + round), ("plant", 2 * round)]);
        }
        assert_eq!(site.running.counted("TakenOver"), 6);
    }
}

#[test]
fn a_file_that_is_moved_to_another_tenant_while_it_is_read_counts_once() {
    for from in [From::End, From::Start] {
        let site = Site::new();
        site.write("logs/a.log", 3);
        site.change(&[
            site.entry("logs/*.log", "default", From::Start),
            site.entry("plant/*.log", "plant", from),
        ]);
        site.counts("default", 3);
        let mut writer = OpenOptions::new().append(true).open(site.path("logs/a.log")).unwrap();
        site.move_to("logs/a.log", "plant/a.log");
        // Whoever has it open does not know yet.
        writer.write_all(LINE.as_bytes()).unwrap();
        site.says("TakenOver");
        writer.write_all(LINE.as_bytes()).unwrap();
        // The first line may have been read before it was seen that the file has moved.
        site.running.until("two more", |running| {
            running.pass(1);
            running.count_of("default", "event") + running.count_of("plant", "event") >= 5
        });
        let [of_default, of_plant] =
            ["default", "plant"].map(|tenant| site.running.count_of(tenant, "event"));
        assert!((of_default, of_plant) == (3, 2) || (of_default, of_plant) == (4, 1));
        // A new one under the old name is the first one's, and so is the moved one once it is back.
        site.write("logs/a.log", 1);
        site.counts("default", of_default + 1);
        site.move_to("plant/a.log", "logs/b.log");
        // What is written before is read by whoever has it open.
        site.running.until("it is taken back", |running| {
            running.pass(1);
            running.counted("TakenOver") == 2
        });
        site.write("logs/b.log", 1);
        site.counts_all([("default", of_default + 2), ("plant", of_plant)]);
    }
}

#[test]
fn a_link_to_another_tenants_file_is_told_and_not_read() {
    let site = Site::new();
    site.write("logs/a.log", 1);
    // The link stands first.
    std::os::unix::fs::symlink(site.path("logs/a.log"), site.path("plant/a.log")).unwrap();
    let entries =
        [site.entry("plant/*.log", "plant", From::Start), site.entry("logs/*.log", "default", From::Start)];
    site.change(&entries);
    site.says("Linked");
    site.write("logs/a.log", 1);
    site.counts_all([("default", 2), ("plant", 0)]);
    assert_eq!(site.running.count_of("plant", "source-disputed"), 1);
    assert_eq!(site.running.count_of("default", "source-disputed"), 0);
    assert_eq!((site.running.counted("Linked"), site.running.counted("TakenOver")), (1, 0));
}
