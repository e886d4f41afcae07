//! A folder as a disk keeps it: what was synced is there after a power cut, what was not may be, in any part.
//!
//! ```text
//!   names     t.db ──► file 0        a new or removed name is there once the folder is synced
//!             t.db-wal ──► file 1
//!   file      synced bytes  +  pending writes       after a cut: any of them, sector by sector
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Call, Random};

/// What a disk writes at once.
const SECTOR: u64 = 512;

/// The files of one folder.
#[derive(Clone, Default)]
pub struct Disk {
    folder: String,
    files: Vec<File>,
    /// As the program sees it …
    names: BTreeMap<String, usize>,
    /// … and as the disk has it.
    synced: BTreeMap<String, usize>,
}

#[derive(Clone, Default)]
struct File {
    /// As the program sees it.
    bytes: Vec<u8>,
    synced: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

impl Disk {
    /// An empty folder.
    pub fn new(folder: &Path) -> Disk {
        Disk { folder: folder.display().to_string(), ..Disk::default() }
    }

    /// Does what a program did; answers whether something is on disk now that was not.
    pub fn apply(&mut self, call: &Call) -> bool {
        match call {
            Call::Sync(path) if *path == self.folder => {
                self.synced.clone_from(&self.names);
                return true;
            }
            Call::Open(path) => {
                let Some(name) = self.name(path) else { return false };
                if !self.names.contains_key(&name) {
                    self.names.insert(name, self.files.len());
                    self.files.push(File::default());
                }
            }
            Call::Unlink(path) => {
                self.name(path).map(|name| self.names.remove(&name));
            }
            Call::Write(path, at, bytes) => {
                let Some(file) = self.file(path) else { return false };
                file.change(Change::Write(at.unwrap_or(file.bytes.len() as u64), bytes.clone()));
            }
            Call::Truncate(path, length) => {
                let Some(file) = self.file(path) else { return false };
                file.change(Change::Truncate(*length));
            }
            Call::Sync(path) => {
                let Some(file) = self.file(path) else { return false };
                file.pending.clear();
                file.synced.clone_from(&file.bytes);
                return true;
            }
        }
        false
    }

    /// Puts into a folder what a power cut now may leave: of what was not synced nothing, all, or any part.
    pub fn cut(&self, into: &Path, random: &mut Random) {
        let (names, keep) = match random.below(4) {
            0 => (&self.synced, 0),
            1 => (&self.names, 4),
            2 => (&self.synced, 2),
            _ => (&self.names, 2),
        };
        for (name, file) in names {
            fs::write(into.join(name), self.files[*file].cut(random, keep)).expect("room");
        }
    }

    /// Puts into a folder what the program saw in the end.
    pub fn put(&self, into: &Path) {
        for (name, file) in &self.names {
            fs::write(into.join(name), &self.files[*file].bytes).expect("room");
        }
    }

    /// The name within the folder; locks and what is shared in memory are gone with the power.
    fn name(&self, path: &str) -> Option<String> {
        let name = path.strip_prefix(&self.folder)?.strip_prefix('/')?;
        let gone = name.ends_with("-shm") || name.ends_with("-users") || name.ends_with("-deliverer");
        (!gone).then(|| name.to_string())
    }

    fn file(&mut self, path: &str) -> Option<&mut File> {
        let name = self.name(path)?;
        self.files.get_mut(*self.names.get(&name)?)
    }
}

impl File {
    fn change(&mut self, change: Change) {
        change.to(&mut self.bytes);
        self.pending.push(change);
    }

    /// Of four sectors so many that were written arrive.
    fn cut(&self, random: &mut Random, keep: u64) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for change in &self.pending {
            match change {
                Change::Write(at, written) => {
                    let mut at = *at;
                    let mut rest = &written[..];
                    while !rest.is_empty() {
                        let length = ((SECTOR - at % SECTOR) as usize).min(rest.len());
                        let (sector, behind) = rest.split_at(length);
                        if random.below(4) < keep {
                            Change::Write(at, sector.to_vec()).to(&mut bytes);
                        }
                        (at, rest) = (at + length as u64, behind);
                    }
                }
                Change::Truncate(_) if random.below(4) < keep => change.to(&mut bytes),
                Change::Truncate(_) => {}
            }
        }
        bytes
    }
}

impl Change {
    fn to(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(at, written) => {
                let (at, end) = (*at as usize, *at as usize + written.len());
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[at..end].copy_from_slice(written);
            }
            Change::Truncate(length) => bytes.resize(*length as usize, 0),
        }
    }
}
