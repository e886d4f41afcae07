use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Map, Value};
use tempfile::TempDir;
use tripline::commit::{StoreError, Tenant};
use tripline::security_log::{Head, Known, Place, Record, Records, SecurityLog, Verified, verify};

/// Records in memory, as a database has them.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) records: Mutex<Vec<Record>>,
    pub(crate) head: Mutex<Option<Head>>,
    pub(crate) place: Mutex<Place>,
    /// Whether it forgets what it is told: a crash right before.
    pub(crate) deaf: Mutex<bool>,
}

impl Records for Memory {
    fn head(&self) -> Result<Option<Head>, StoreError> {
        Ok(*self.head.lock().unwrap())
    }

    fn after(&self, seq: i64, most: u32) -> Result<Vec<Record>, StoreError> {
        let records = self.records.lock().unwrap();
        Ok(records.iter().filter(|record| record.seq > seq).take(most as usize).cloned().collect())
    }

    fn place(&self) -> Result<Place, StoreError> {
        Ok(self.place.lock().unwrap().clone())
    }

    fn written(&self, head: &Head, place: &Place) -> Result<(), StoreError> {
        // Where the first line will hang is told before it is written.
        if *self.deaf.lock().unwrap() && head.hash != [0; 32] {
            return Err(StoreError::Closed);
        }
        *self.place.lock().unwrap() = place.clone();
        *self.head.lock().unwrap() = Some(*head);
        Ok(())
    }
}

impl Memory {
    pub(crate) fn add(&self, event: &str) {
        let mut records = self.records.lock().unwrap();
        let seq = records.len() as i64 + 1;
        let mut fields = Map::new();
        fields.insert("text".into(), Value::from("a\n\u{1b}[2J\u{202e}\u{9b}\"}{\"seq\":1"));
        // No field takes the place of what the chain is made of.
        fields.insert("prev".into(), Value::from("x"));
        let (tenant, event) = (Tenant::default(), event.to_string());
        records.push(Record { seq, at: seq * 1_000_000_000, tenant, event, fields });
    }
}

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) memory: Memory,
    pub(crate) path: PathBuf,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("security.log");
        Fixture { folder, memory: Memory::default(), path }
    }

    /// So many records, written.
    pub(crate) fn with(records: usize) -> Fixture {
        let fixture = Fixture::new();
        (0..records).for_each(|_| fixture.memory.add("incident.opened"));
        SecurityLog::open(&fixture.path).unwrap().write_due(&fixture.memory).unwrap();
        fixture
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.path).unwrap().lines().map(String::from).collect()
    }

    pub(crate) fn put(&self, lines: &[String]) {
        fs::write(&self.path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }

    /// A file with these lines alone.
    pub(crate) fn put_only(&self, lines: &[String]) -> PathBuf {
        let path = self.folder.path().join("part.log");
        fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        path
    }

    /// What a database knows of the log.
    pub(crate) fn known(&self) -> Known {
        let head = *self.memory.head.lock().unwrap();
        let due = self.memory.after(head.map_or(0, |head| head.seq), u32::MAX).unwrap();
        Known { head, begins: self.memory.place.lock().unwrap().begins, due }
    }

    pub(crate) fn verify(&self, known: bool) -> Verified {
        let known = Some(self.known()).filter(|_| known);
        verified(vec![open(&self.path)], known.as_ref())
    }
}

pub(crate) fn verified(files: Vec<Box<dyn BufRead>>, known: Option<&Known>) -> Verified {
    let mut verified = verify(files, known).unwrap();
    if let Some(known) = known {
        verified.compare(known, known);
    }
    verified
}

/// A file of the log, packed or not.
pub(crate) fn open(path: &Path) -> Box<dyn BufRead> {
    let file = BufReader::new(File::open(path).unwrap());
    match path.extension().is_some_and(|end| end == "gz") {
        true => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(file))),
        false => Box::new(file),
    }
}
