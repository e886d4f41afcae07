use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use rustix::fs::{FlockOperation, flock};
use tripline::security_log::{SecurityLog, SecurityLogError};

use crate::fixture::{Fixture, open, verified};

/// What happens to a log.
#[derive(Clone, Debug)]
enum Step {
    Add,
    Write,
    /// The lines are in the file, the database was not told.
    CrashAfter,
    /// So much of the next line is in the file.
    CrashWithin(usize),
    Rename,
    CopyTruncate,
    /// The youngest rotated file is packed.
    Pack,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Add),
        3 => Just(Step::Write),
        2 => Just(Step::CrashAfter),
        2 => (1usize..400).prop_map(Step::CrashWithin),
        2 => Just(Step::Rename),
        2 => Just(Step::CopyTruncate),
        1 => Just(Step::Pack),
        1 => Just(Step::Restart),
    ]
}

/// A log, and its rotated files with the oldest first.
struct Rotated {
    fixture: Fixture,
    log: Option<SecurityLog>,
    old: Vec<PathBuf>,
}

impl Rotated {
    fn new() -> Rotated {
        let fixture = Fixture::new();
        let log = Some(SecurityLog::open(&fixture.path).unwrap());
        Rotated { fixture, log, old: Vec::new() }
    }

    fn write(&mut self) {
        let log = self.log.get_or_insert_with(|| SecurityLog::open(&self.fixture.path).unwrap());
        log.write_due(&self.fixture.memory).unwrap();
    }

    /// The lines are written, and the program dies before it can say so.
    fn crash(&mut self) {
        *self.fixture.memory.deaf.lock().unwrap() = true;
        let log = self.log.get_or_insert_with(|| SecurityLog::open(&self.fixture.path).unwrap());
        let _ = log.write_due(&self.fixture.memory);
        *self.fixture.memory.deaf.lock().unwrap() = false;
        self.log = None;
    }

    /// The next free name for a rotated file.
    fn aside(&mut self) -> &Path {
        let name = format!("security.log.{}", self.old.len());
        self.old.push(self.fixture.folder.path().join(name));
        self.old.last().unwrap()
    }

    fn step(&mut self, step: &Step) {
        let path = self.fixture.path.clone();
        match step {
            Step::Add => self.fixture.memory.add("incident.opened"),
            Step::Write => self.write(),
            Step::CrashAfter => self.crash(),
            Step::CrashWithin(bytes) => {
                self.write();
                let before = fs::metadata(&path).unwrap().len();
                self.fixture.memory.add("incident.opened");
                self.crash();
                let file = OpenOptions::new().write(true).open(&path).unwrap();
                let after = file.metadata().unwrap().len();
                file.set_len(after.min(before + *bytes as u64)).unwrap();
            }
            Step::Rename if path.exists() => fs::rename(&path, self.aside()).unwrap(),
            Step::CopyTruncate if path.exists() => {
                fs::copy(&path, self.aside()).unwrap();
                OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
            }
            Step::Pack => self.pack(),
            Step::Restart => self.log = None,
            Step::Rename | Step::CopyTruncate => {}
        }
    }

    /// A torn line is packed as it is, and stays: that is another test.
    fn pack(&mut self) {
        let Some(last) = self.old.last_mut() else { return };
        let bytes = fs::read(&*last).unwrap();
        if last.extension().is_some_and(|end| end == "gz") || !bytes.ends_with(b"\n") {
            return;
        }
        let packed = PathBuf::from(format!("{}.gz", last.display()));
        let mut out = GzEncoder::new(File::create(&packed).unwrap(), Compression::fast());
        std::io::Write::write_all(&mut out, &bytes).unwrap();
        out.finish().unwrap();
        fs::remove_file(&*last).unwrap();
        *last = packed;
    }

    #[track_caller]
    fn check(mut self) {
        self.write();
        self.old.push(self.fixture.path.clone());
        let mut seqs = Vec::new();
        for path in &self.old {
            for line in std::io::BufRead::lines(open(path)) {
                let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
                seqs.push(line["seq"].as_i64().unwrap());
            }
        }
        let records = self.fixture.memory.records.lock().unwrap().len() as i64;
        assert_eq!(seqs, (1..=records).collect::<Vec<_>>());
        let known = self.fixture.known();
        let verified = verified(self.old.iter().map(|path| open(path)).collect(), Some(&known));
        assert_eq!(verified.findings, []);
        // The file that is written now begins with the record that is known to begin it.
        if let Some(first) = std::io::BufRead::lines(open(&self.fixture.path)).next() {
            let first: serde_json::Value = serde_json::from_str(&first.unwrap()).unwrap();
            assert_eq!(known.begins, first["seq"].as_i64());
        }
    }
}

#[track_caller]
fn whole_after(steps: &[Step]) {
    let mut rotated = Rotated::new();
    steps.iter().for_each(|step| rotated.step(step));
    rotated.check();
}

#[test]
fn lines_that_were_rotated_away_after_a_crash_are_not_written_again() {
    for rotation in [Step::Rename, Step::CopyTruncate] {
        for crash in [Step::CrashAfter, Step::CrashWithin(40)] {
            // At the first line of all, and later.
            for before in [vec![], vec![Step::Add, Step::Write]] {
                let crash = [Step::Add, crash.clone(), rotation.clone(), Step::Pack, Step::Add];
                whole_after(&[before, crash.to_vec()].concat());
            }
        }
    }
}

#[test]
fn a_crash_is_found_behind_several_rotations() {
    let crash = [Step::Add, Step::Write, Step::Add, Step::Add, Step::CrashAfter, Step::Rename];
    let again = [Step::CrashAfter, Step::Rename, Step::Restart, Step::CopyTruncate, Step::Add];
    whole_after(&[crash.to_vec(), again.to_vec()].concat());
}

#[test]
fn a_line_that_somebody_adds_takes_the_place_of_no_record() {
    let mut forged = Rotated::new();
    forged.step(&Step::Add);
    forged.write();
    forged.fixture.memory.add("incident.closed");
    forged.crash();
    // The record of that number is another one.
    forged.fixture.memory.records.lock().unwrap().pop();
    forged.step(&Step::Add);
    forged.write();
    let text = fs::read_to_string(&forged.fixture.path).unwrap();
    assert_eq!((text.lines().count(), text.matches("incident.opened").count()), (3, 2));
    assert!(forged.fixture.verify(true).found > 0);
}

#[test]
fn whoever_holds_the_file_that_was_rotated_still_writes_it() {
    let mut first = Rotated::new();
    first.step(&Step::Add);
    first.write();
    first.step(&Step::Rename);
    first.step(&Step::Add);
    let old = File::open(first.old.last().unwrap()).unwrap();
    flock(&old, FlockOperation::LockExclusive).unwrap();
    let mut second = SecurityLog::open(&first.fixture.path).unwrap();
    assert!(matches!(second.write_due(&first.fixture.memory), Err(SecurityLogError::Held { .. })));
    drop((old, second));
    first.check();
}

#[test]
fn what_only_looks_like_a_rotated_file_is_left_alone() {
    let mut rotated = Rotated::new();
    let folder = rotated.fixture.folder.path().to_path_buf();
    fs::create_dir(folder.join("security.log.d")).unwrap();
    fs::write(folder.join("security.log.gz"), [0x1f, 0x8b, 8, 0]).unwrap();
    fs::write(folder.join("security.log-notes"), "{\"seq\":1,\"not ours").unwrap();
    fs::write(folder.join("security.logs"), "").unwrap();
    fs::write(folder.join("security.log.index"), [0; 64]).unwrap();
    std::os::unix::fs::symlink("security.log-notes", folder.join("security.log.9")).unwrap();
    rotated.step(&Step::Add);
    rotated.write();
    assert_eq!(fs::read(folder.join("security.log.index")).unwrap(), [0; 64]);
    assert_eq!(fs::read_to_string(folder.join("security.log-notes")).unwrap(), "{\"seq\":1,\"not ours");
    rotated.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn every_record_stands_once_and_in_order(steps in prop::collection::vec(step(), 1..40)) {
        whole_after(&steps);
    }
}
