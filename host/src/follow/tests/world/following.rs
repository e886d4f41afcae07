//! Who follows: reads, commits, dies and begins again.

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use tripline_engine::line::{Block, LineSettings};

use super::super::super::{FollowSettings, Followed, Listed, Moment, lies_at};
use super::{SECOND, World};
use crate::commit::{Commit, FilePosition, StoreError, Tenant};

impl World {
    /// Begins to follow, if the store takes it.
    pub(in super::super) fn begin(&mut self) {
        self.follow(self.path(""));
    }

    /// Follows another family.
    pub(in super::super) fn follow(&mut self, stem: PathBuf) {
        let lines = LineSettings { block_bytes: 4096, join: false, ..LineSettings::default() };
        let settings = FollowSettings { lines, from: self.from, quiet: SECOND, linger: 60 * SECOND };
        let (given, told) = (self.given_again(), self.told());
        let opened =
            Followed::open(stem, &self.keeping, settings, &self.held, &mut Listed::default(), self.now);
        self.followed = opened.ok();
        let Some(followed) = &mut self.followed else { return };
        self.notes.append(&mut followed.notes());
        self.excuse(given, told);
        if let Some((place, copied)) = self.cut.take()
            && !self.members().iter().any(|path| lies_at(path) == Some(place))
        {
            self.again_copied.extend(copied);
        }
    }

    /// What was seen and not committed is seen again; what is gone until then is lost.
    pub(in super::super) fn die(&mut self) {
        self.followed = None;
        // What nobody has kept, nobody can tell.
        self.untold = None;
        self.positions.clear();
        // Of logs that begin alike, what is not kept may be taken for another; nobody knows of it any more.
        let fleeting = std::mem::take(&mut self.fleeting);
        self.forgotten.extend(fleeting.into_iter().filter(|_| !self.alike));
        self.given.clear();
        self.freed.append(&mut self.unnamed);
        let nameless = std::mem::take(&mut self.nameless);
        self.lost.extend(nameless.into_iter().filter(|id| !self.seen.contains_key(id)));
    }

    /// A turn, as a server's: whether there may be more.
    pub(in super::super) fn read(&mut self) -> bool {
        if self.followed.is_none() {
            self.begin();
        }
        let (given, told) = (self.given_again(), self.told());
        let Some(followed) = self.followed.as_mut() else { return true };
        let mut buffer = vec![0; self.turn];
        let looked = followed.look(&self.keeping, &mut Listed::default(), self.now);
        let moment = Moment { wall: self.now + self.ahead, steady: self.now };
        let more = looked.and_then(|()| followed.read(&mut buffer, &self.keeping, moment));
        self.notes.append(&mut followed.notes());
        match more.is_ok() {
            true => self.excuse(given, told),
            false => self.lossy |= self.told() > told && !given.0.is_empty(),
        }
        let Some(followed) = self.followed.as_mut() else { return true };
        // Whoever is told that the store takes nothing may take what has come out all the same, or later.
        if more.is_err() && self.next.is_multiple_of(2) {
            return true;
        }
        if more.is_ok() {
            self.cut = None;
        }
        let blocks: Vec<Block> = std::iter::from_fn(|| followed.next_block()).collect();
        blocks.iter().for_each(|block| self.see(block));
        let told = self.told();
        self.untold = self.untold.filter(|before| *before == told);
        more.unwrap_or(true)
    }

    fn see(&mut self, block: &Block) {
        for line in &block.lines {
            let text = String::from_utf8_lossy(&block.bytes[line.start as usize..line.end as usize]);
            let id = text.strip_prefix("line ").and_then(|rest| rest.split(' ').next()?.parse().ok());
            // Numbers of files are a tenant's own.
            let of_tenant = if self.keeping.tenant == Tenant::default() { 0 } else { 1 << 30 };
            let at = (line.file + of_tenant, line.offset);
            if !self.given.insert(at) {
                self.again.insert(at);
            }
            if let Some(id) = id {
                self.seen.entry(id).or_default().insert(at);
            }
            let name = id.map_or_else(|| text.to_string(), |id| format!("line {id}"));
            self.fleeting.insert((at, name.clone()));
            self.texts.entry(at).or_default().insert(name);
        }
        self.largest = self.largest.max(block.bytes.capacity());
        let position = position(block);
        self.positions.insert(position.file, position);
    }

    /// Commits what came out, if the store takes it; else it is tried again with what comes out until then.
    pub(in super::super) fn commit(&mut self) -> bool {
        let positions = self.positions.values().cloned().collect();
        let commit = Commit { positions, ..Commit::default() };
        let committed = self.keeping.store.commit(&self.keeping.tenant, commit).is_ok();
        if committed {
            self.kept.append(&mut self.fleeting);
            self.positions.clear();
        }
        committed
    }

    /// The store takes everything again, and all is read.
    pub(in super::super) fn drain(&mut self) {
        self.store.fail(0, 0, StoreError::Busy);
        for _ in 0..3 {
            while self.read() {}
            self.now += 61 * SECOND;
        }
        self.read();
    }

    /// How far a file was read at most, as the store knows.
    pub(in super::super) fn furthest(&self) -> u64 {
        let known =
            self.keeping.store.source(&self.keeping.tenant, &self.path("").to_string_lossy()).unwrap();
        known.files.iter().filter_map(|file| file.position.as_ref()).map(|at| at.offset).max().unwrap_or(0)
    }
}

/// Where reading goes on behind a block.
pub(in super::super) fn position(block: &Block) -> FilePosition {
    let mark = block.after.clone();
    FilePosition {
        file: mark.file,
        offset: mark.offset,
        line: mark.line,
        judged: mark.judged,
        format: mark.format,
        year: mark.year,
        latest: None,
        foot: block.foot.as_ref().map(|foot| Sha256::digest(&foot.bytes).into()),
    }
}
