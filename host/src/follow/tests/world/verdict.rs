//! What has to be seen and told in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::super::super::{FollowNote, lies_at};
use super::{Place, World};

impl World {
    /// Losses that were told.
    pub(super) fn told(&self) -> usize {
        self.notes.iter().filter(|note| matches!(note, FollowNote::Lost { .. })).count()
    }

    /// The family's files, oldest first.
    pub(super) fn members(&self) -> Vec<PathBuf> {
        let old = (1..=51).rev().flat_map(|count| [format!(".{count}.gz"), format!(".{count}")]);
        let all = old.chain([String::new()]).map(|end| self.path(&end));
        all.filter(|path| path.exists()).collect()
    }

    /// Inodes of unnamed files that are given again, and lines in files that are older than one of theirs.
    pub(super) fn given_again(&self) -> (BTreeSet<Place>, BTreeSet<u32>) {
        let (mut places, mut older, mut before) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        if self.freed.is_empty() {
            return (places, older);
        }
        for path in self.members() {
            let found = lies_at(&path).filter(|place| self.freed.contains(place));
            if let Some(place) = found {
                places.insert(place);
                older.clone_from(&before);
            }
            before.extend(ids(&path));
        }
        (places, older)
    }

    /// What was looked at just now: files on inodes of unnamed ones are told to be lost, and need not be; and if that was
    /// told, what is older beside them may be.
    pub(super) fn excuse(&mut self, (places, older): (BTreeSet<Place>, BTreeSet<u32>), told: usize) {
        self.freed.retain(|place| !places.contains(place));
        self.lossy |= !places.is_empty();
        if self.alike && !places.is_empty() && self.told() > told {
            self.doubtful.extend(older);
        }
    }

    /// Lines that were never seen.
    pub(in super::super) fn missing(&self) -> Vec<u32> {
        let is_lost = |id: &u32| self.lost.contains(id) || self.doubtful.contains(id);
        let is_missing = |id: &&u32| !self.seen.contains_key(id) && !is_lost(id);
        self.written.iter().filter(is_missing).copied().collect()
    }

    /// What is wrong with what was told of losses.
    pub(in super::super) fn mistold(&self) -> Option<String> {
        match self.untold {
            Some(_) => Some("a cut was not told".into()),
            None if !self.lossy && self.told() > 0 => Some(format!("nothing was lost: {:?}", self.notes)),
            None => None,
        }
    }

    /// Lines that were seen by two ids, ids by which two lines were seen, and what one follower gave out twice.
    pub(in super::super) fn mistaken(&self) -> Vec<String> {
        let mut lines: BTreeMap<&str, BTreeSet<(u32, u64)>> = BTreeMap::new();
        let mut texts: BTreeMap<(u32, u64), BTreeSet<&str>> = BTreeMap::new();
        for (at, name) in self.kept.iter().chain(&self.forgotten).chain(&self.fleeting) {
            lines.entry(name).or_default().insert(*at);
            texts.entry(*at).or_default().insert(name);
        }
        let id = |name: &str| name.strip_prefix("line ").and_then(|id| id.parse::<u32>().ok());
        let is_line = |name: &str| {
            id(name).is_some_and(|id| !self.lost.contains(&id) && !self.again_copied.contains(&id))
        };
        let twice = lines.iter().filter(|(name, ids)| ids.len() > 1 && is_line(name));
        let twice = twice.map(|(name, ids)| format!("{name} by {ids:?}"));
        let two = texts.iter().filter(|(_, texts)| texts.len() > 1);
        let again = self.again.iter().map(|at| format!("{at:?} twice: {:?}", self.texts.get(at)));
        twice.chain(two.map(|(at, texts)| format!("{at:?} is {texts:?}"))).chain(again).collect()
    }
}

/// Numbers of the lines in a file; of one that is being packed there are none yet.
fn ids(path: &Path) -> Vec<u32> {
    let mut bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|end| end == "gz") {
        bytes.clear();
        let _ = MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut bytes);
    }
    let text = String::from_utf8_lossy(&bytes);
    let id = |line: &str| line.strip_prefix("line ")?.split(' ').next()?.parse().ok();
    text.lines().filter_map(id).collect()
}
