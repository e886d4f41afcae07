//! A folder of logs, those who write, rotate and pack, and the follower; with a model of what may be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tripline_engine::line::{Block, LineSettings};

use super::super::{FollowNote, FollowSettings, Followed, From, Listed, Moment};
use super::failing::Failing;
use crate::check::Keeping;
use crate::commit::{Commit, FilePosition, StoreError, Tenant};
use crate::incidents::Policy;
use crate::store::{Database, DatabaseOptions};
use crate::wall_clock::SystemClock;

pub(super) const SECOND: i64 = 1_000_000_000;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Lines are written; with CRLF.
    Write(u8, bool),
    /// A line of so many KiB; of NULs.
    Long(u16, bool),
    /// So many NULs stand where a line should be.
    Nuls(u16),
    /// Half a line, and its end with the next write.
    Half,
    /// A line that every file begins with, if it is a file's first.
    First,
    /// `app.log` becomes `app.log.1` and so on; its writer may write on to the old one.
    Rename { late: bool },
    /// `app.log` is copied to `app.log.1` …
    Copy,
    /// … and cut: perhaps after more was written, and read.
    Cut,
    /// `app.log` is cut.
    Truncate,
    /// `app.log` is deleted; the next write makes it anew.
    Delete,
    /// `app.log` is deleted and there again at once, where the file system likes on the same inode.
    Recreate,
    /// `app.log` is a link, and is made to lead to a new file.
    Swap,
    /// `app.log.1` is packed; slowly: half of it is there for the next steps.
    Pack { slowly: bool },
    /// So many turns of reading.
    Read(u8),
    /// Nothing happens for so many seconds.
    Pause(u8),
    /// What came out is committed.
    Commit,
    /// After so many calls, the store takes nothing for so many.
    Fail { after: u8, calls: u8, full: bool },
    /// The follower dies, and another begins where the store says.
    Kill,
    /// The follower dies, and the next steps happen before another begins.
    Die,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (1u8..5, any::<bool>()).prop_map(|(count, crlf)| Step::Write(count, crlf)),
        1 => (1u16..1100, any::<bool>()).prop_map(|(size, nul)| Step::Long(size, nul)),
        1 => (1u16..5000).prop_map(Step::Nuls),
        2 => Just(Step::Half),
        4 => Just(Step::First),
        4 => any::<bool>().prop_map(|late| Step::Rename { late }),
        3 => Just(Step::Copy),
        3 => Just(Step::Cut),
        2 => Just(Step::Truncate),
        2 => Just(Step::Delete),
        2 => Just(Step::Recreate),
        2 => Just(Step::Swap),
        3 => any::<bool>().prop_map(|slowly| Step::Pack { slowly }),
        8 => (1u8..4).prop_map(Step::Read),
        4 => (1u8..70).prop_map(Step::Pause),
        6 => Just(Step::Commit),
        4 => (0u8..6, 1u8..4, any::<bool>()).prop_map(|(after, calls, full)| Step::Fail { after, calls, full }),
        4 => Just(Step::Kill),
        2 => Just(Step::Die),
    ]
}

pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) store: Arc<Failing>,
    pub(super) keeping: Keeping,
    pub(super) followed: Option<Followed>,
    pub(super) from: From,
    pub(super) now: i64,
    /// How far the clock that is set is ahead of the steady one.
    pub(super) ahead: i64,
    pub(super) notes: Vec<FollowNote>,
    next: u32,
    targets: u32,
    /// Half a line is at the end of `app.log`.
    half: Option<u32>,
    /// `app.log.1` is being packed.
    packing: bool,
    /// Lines that are in the copy, if `app.log` is to be cut next.
    copied: Option<BTreeSet<u32>>,
    /// Each file begins with the same lines, longer than a head.
    pub(super) alike: bool,
    /// Something was done by which lines may be lost.
    lossy: bool,
    /// So many losses were told when one came about that shows; `None`: each is told.
    untold: Option<usize>,
    /// Lines that were written to `app.log`.
    fresh: BTreeSet<u32>,
    /// Lines in files that have no name any more: only who has them open can read them.
    nameless: BTreeSet<u32>,
    written: BTreeSet<u32>,
    /// Written, and perhaps lost: the file was cut or deleted before they were read.
    lost: BTreeSet<u32>,
    /// By what ids each line was seen, and what was seen by each id.
    seen: BTreeMap<u32, BTreeSet<(u32, u64)>>,
    pub(super) texts: BTreeMap<(u32, u64), BTreeSet<String>>,
    /// By what id each line was judged for good, and by what since the last commit.
    kept: BTreeSet<((u32, u64), String)>,
    fleeting: BTreeSet<((u32, u64), String)>,
    positions: BTreeMap<u32, FilePosition>,
    /// What this follower has given out, and what it gave out again.
    given: BTreeSet<(u32, u64)>,
    again: BTreeSet<(u32, u64)>,
    /// How often a time was given to `app.log`.
    touched: u64,
    /// Bytes of a turn.
    pub(super) turn: usize,
    /// The most memory of a block.
    pub(super) largest: usize,
}

impl World {
    pub(super) fn new() -> World {
        let mut world = World::without_follower(From::Start);
        world.begin();
        world
    }

    pub(super) fn without_follower(from: From) -> World {
        let folder = tempfile::tempdir().unwrap();
        let (path, policy, options) =
            (folder.path().join("t.db"), Policy::default(), DatabaseOptions::default());
        let database = Database::open(&path, policy, Arc::new(SystemClock), options).unwrap();
        let store = Arc::new(Failing::new(database));
        let keeping = Keeping::new(Arc::clone(&store) as _, Tenant::default());
        fs::create_dir_all(folder.path().join("logs")).unwrap();
        fs::create_dir_all(folder.path().join("targets")).unwrap();
        World {
            folder,
            store,
            keeping,
            followed: None,
            from,
            now: 1_795_000_000 * SECOND,
            ahead: 0,
            notes: Vec::new(),
            next: 0,
            targets: 0,
            half: None,
            packing: false,
            copied: None,
            alike: false,
            lossy: false,
            untold: None,
            fresh: BTreeSet::new(),
            nameless: BTreeSet::new(),
            written: BTreeSet::new(),
            lost: BTreeSet::new(),
            seen: BTreeMap::new(),
            texts: BTreeMap::new(),
            kept: BTreeSet::new(),
            fleeting: BTreeSet::new(),
            positions: BTreeMap::new(),
            given: BTreeSet::new(),
            again: BTreeSet::new(),
            touched: 0,
            turn: 8192,
            largest: 0,
        }
    }

    pub(super) fn path(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("logs/app.log{end}"))
    }

    /// Begins to follow, if the store takes it.
    pub(super) fn begin(&mut self) {
        self.follow(self.path(""));
    }

    /// Follows another family.
    pub(super) fn follow(&mut self, stem: PathBuf) {
        let lines = LineSettings { block_bytes: 4096, join: false, ..LineSettings::default() };
        let settings = FollowSettings { lines, from: self.from, quiet: SECOND, linger: 60 * SECOND };
        self.followed = Followed::open(stem, &self.keeping, settings, &mut Listed::default(), self.now).ok();
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path("")).unwrap();
        if self.alike && self.length() == 0 {
            file.write_all("=== the log begins ===\n".repeat(60).as_bytes()).unwrap();
        }
        file.write_all(bytes).unwrap();
        self.touch();
    }

    /// What the file system's clock would do, were the steps as far apart as the follower's clock says.
    fn touch(&mut self) {
        self.touched += 1;
        let file = OpenOptions::new().append(true).open(self.path("")).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(self.touched)).unwrap();
    }

    fn length(&self) -> u64 {
        fs::metadata(self.path("")).map_or(0, |found| found.len())
    }

    /// One more line, with text and an end.
    pub(super) fn line(&mut self, filler: &[u8], end: &str) {
        let half = self.half.take();
        let id = half.unwrap_or(self.next);
        let mut bytes = if half.is_some() { b"!".to_vec() } else { format!("line {id} ").into_bytes() };
        bytes.extend_from_slice(filler);
        bytes.extend_from_slice(end.as_bytes());
        self.append(&bytes);
        if half.is_none() {
            self.next += 1;
        }
        self.written.insert(id);
        self.fresh.insert(id);
    }

    /// What is not read by now of `app.log` is gone.
    fn lose(&mut self) {
        self.lossy = true;
        let fresh = std::mem::take(&mut self.fresh);
        self.lost.extend(fresh.into_iter().filter(|id| !self.seen.contains_key(id)));
        self.lost.extend(self.half.take());
    }

    /// `app.log` loses its name: what is not read by now can be read only by who has it open.
    fn unname(&mut self) {
        let found = fs::metadata(self.path("")).unwrap();
        let is_open = |followed: &Followed| followed.has_open(found.dev(), found.ino());
        if !self.followed.as_ref().is_some_and(is_open) {
            return self.lose();
        }
        // Half a line is whole when its file is over.
        if let Some(half) = self.half.take() {
            self.written.insert(half);
            self.nameless.insert(half);
        }
        self.nameless.append(&mut self.fresh);
    }

    /// Whoever has read of `app.log` has to tell that it was cut.
    fn expect_told(&mut self) {
        let is_read = self.fresh.iter().any(|id| self.seen.contains_key(id));
        if is_read && self.followed.is_some() {
            self.untold.get_or_insert(self.told());
        }
    }

    /// Losses that were told.
    fn told(&self) -> usize {
        self.notes.iter().filter(|note| matches!(note, FollowNote::Lost { .. })).count()
    }

    /// `app.log` is cut, of which there is a copy. What came since then is lost, but for what was read.
    fn finish_copy(&mut self) {
        let Some(copied) = self.copied.take() else { return };
        self.fresh.retain(|id| !copied.contains(id));
        self.lose();
        File::create(self.path("")).unwrap();
        self.touch();
    }

    fn shift(&mut self) {
        self.finish_packing();
        // None falls off the end: that would be lost whatever is done.
        for from in (1..50).rev() {
            for end in ["", ".gz"] {
                let _ = fs::rename(
                    self.path(&format!(".{from}{end}")),
                    self.path(&format!(".{}{end}", from + 1)),
                );
            }
        }
    }

    /// All of `app.log.1` is packed and the plain one gone.
    fn finish_packing(&mut self) {
        if std::mem::take(&mut self.packing) {
            fs::write(self.path(".1.gz"), packed(&fs::read(self.path(".1")).unwrap())).unwrap();
            fs::remove_file(self.path(".1")).unwrap();
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        if matches!(
            step,
            Step::Rename { .. }
                | Step::Copy
                | Step::Truncate
                | Step::Delete
                | Step::Recreate
                | Step::Swap
                | Step::Pack { .. }
        ) {
            // Whoever copies a log cuts it before anything else is done with it.
            self.finish_copy();
        }
        if self.alike && self.followed.is_none() && matches!(step, Step::Delete | Step::Recreate | Step::Swap)
        {
            // Of logs that begin alike nobody can tell then that it is no copy that comes next.
            return;
        }
        let is_there = self.path("").exists();
        match *step {
            Step::Write(count, crlf) => {
                (0..count).for_each(|_| self.line(b"x", if crlf { "\r\n" } else { "\n" }));
            }
            Step::Long(size, nul) => {
                let filler = vec![if nul { 0 } else { b'y' }; usize::from(size) * 1024];
                self.line(&filler, "\n");
            }
            Step::Nuls(count) if self.half.is_none() => {
                if self.length() == 0 {
                    // Logs that begin alike for longer than a head are told apart by inode alone.
                    self.line(b"x", "\n");
                }
                let mut nuls = vec![0; usize::from(count)];
                nuls.push(b'\n');
                self.append(&nuls);
            }
            Step::Half if self.half.is_none() => {
                let id = self.next;
                self.next += 1;
                self.append(format!("line {id} half").as_bytes());
                self.half = Some(id);
            }
            Step::Half | Step::Nuls(_) => {}
            Step::First if self.length() == 0 => self.append(b"=== the log begins ===\n"),
            Step::First => {}
            Step::Rename { late } if is_there => {
                self.shift();
                fs::rename(self.path(""), self.path(".1")).unwrap();
                let half = self.half.take();
                if late {
                    // Who writes does not know yet.
                    let id = half.unwrap_or(self.next);
                    let mut file = OpenOptions::new().append(true).open(self.path(".1")).unwrap();
                    if half.is_none() {
                        self.next += 1;
                        writeln!(file, "line {id} late").unwrap();
                    } else {
                        file.write_all(b"!\n").unwrap();
                    }
                    self.written.insert(id);
                }
                // Without its end it is a line all the same.
                self.written.extend(half);
                self.fresh.clear();
            }
            Step::Copy if is_there => {
                // Beside a file that nobody has looked at, a copy may be a file of its own.
                let is_alive = self.followed.is_some();
                if is_alive {
                    if self.length() < 1024 {
                        // What ends within its head is not known again if it has grown, and its follower was killed.
                        self.line(&[b'z'; 1024], "\n");
                    }
                    self.read();
                    let found = fs::metadata(self.path("")).unwrap();
                    let is_open = |followed: &Followed| followed.has_open(found.dev(), found.ino());
                    if !self.followed.as_ref().is_some_and(is_open) {
                        return;
                    }
                }
                self.shift();
                fs::copy(self.path(""), self.path(".1")).unwrap();
                self.copied = Some(self.fresh.clone());
                if !is_alive {
                    self.finish_copy();
                }
            }
            Step::Cut => self.finish_copy(),
            // The same: of logs that begin alike, one that was cut and copied looks like a copy of what was cut.
            Step::Truncate if self.alike => {}
            Step::Truncate if is_there => {
                self.expect_told();
                self.lose();
                File::create(self.path("")).unwrap();
                self.touch();
            }
            Step::Delete if is_there => {
                self.unname();
                fs::remove_file(self.path("")).unwrap();
            }
            Step::Recreate if is_there => {
                self.unname();
                fs::remove_file(self.path("")).unwrap();
                self.line(b"anew", "\n");
            }
            Step::Swap if fs::symlink_metadata(self.path("")).is_ok_and(|found| found.is_file()) => {}
            Step::Swap => {
                if is_there {
                    self.unname();
                }
                self.targets += 1;
                let target = self.folder.path().join(format!("targets/{}", self.targets));
                fs::write(&target, "").unwrap();
                symlink(&target, self.path(".link")).unwrap();
                fs::rename(self.path(".link"), self.path("")).unwrap();
            }
            Step::Pack { slowly } if !self.packing => {
                if let Ok(bytes) = fs::read(self.path(".1")) {
                    let packed = packed(&bytes);
                    fs::write(self.path(".1.gz"), &packed[..packed.len() / 2]).unwrap();
                    self.packing = true;
                    if !slowly {
                        self.finish_packing();
                    }
                }
            }
            Step::Pack { .. } => self.finish_packing(),
            Step::Rename { .. } | Step::Copy | Step::Truncate | Step::Delete | Step::Recreate => {}
            Step::Read(turns) => (0..turns).for_each(|_| _ = self.read()),
            Step::Pause(seconds) => {
                self.now += i64::from(seconds) * SECOND;
                self.read();
            }
            Step::Commit => _ = self.commit(),
            Step::Fail { after, calls, full } => {
                let error = if full { StoreError::Full } else { StoreError::Busy };
                self.store.fail(after.into(), calls.into(), error);
            }
            Step::Kill => {
                self.die();
                self.begin();
            }
            Step::Die => self.die(),
        }
    }

    /// What was seen and not committed is seen again; what is gone until then is lost.
    pub(super) fn die(&mut self) {
        self.followed = None;
        // What nobody has kept, nobody can tell.
        self.untold = None;
        self.positions.clear();
        // Of logs that begin alike, what is not kept may be taken for another; nobody knows of it any more.
        let fleeting = std::mem::take(&mut self.fleeting);
        self.kept.extend(fleeting.into_iter().filter(|_| !self.alike));
        self.given.clear();
        let nameless = std::mem::take(&mut self.nameless);
        self.lost.extend(nameless.into_iter().filter(|id| !self.seen.contains_key(id)));
    }

    /// A turn, as a server's: whether there may be more.
    pub(super) fn read(&mut self) -> bool {
        if self.followed.is_none() {
            self.begin();
        }
        let Some(followed) = self.followed.as_mut() else { return true };
        let mut buffer = vec![0; self.turn];
        let looked = followed.look(&self.keeping, &mut Listed::default(), self.now);
        let moment = Moment { wall: self.now + self.ahead, steady: self.now };
        let more = looked.and_then(|()| followed.read(&mut buffer, &self.keeping, moment));
        self.notes.append(&mut followed.notes());
        // Whoever is told that the store takes nothing may take what has come out all the same, or later.
        if more.is_err() && self.next.is_multiple_of(2) {
            return true;
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
            let at = (line.file, line.offset);
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
        let mark = block.after;
        let position = FilePosition {
            file: mark.file,
            offset: mark.offset,
            line: mark.line,
            judged: mark.judged,
            format: mark.format,
            year: mark.year,
            latest: None,
            foot: block.foot.as_ref().map(|foot| Sha256::digest(&foot.bytes).into()),
        };
        self.positions.insert(mark.file, position);
    }

    /// Commits what came out, if the store takes it; else it is tried again with what comes out until then.
    pub(super) fn commit(&mut self) -> bool {
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
    pub(super) fn drain(&mut self) {
        self.store.fail(0, 0, StoreError::Busy);
        for _ in 0..3 {
            while self.read() {}
            self.now += 61 * SECOND;
        }
        self.read();
    }

    /// How far a file was read at most, as the store knows.
    pub(super) fn furthest(&self) -> u64 {
        let known =
            self.keeping.store.source(&self.keeping.tenant, &self.path("").to_string_lossy()).unwrap();
        known.files.iter().filter_map(|file| file.position.as_ref()).map(|at| at.offset).max().unwrap_or(0)
    }

    /// Lines that were never seen.
    pub(super) fn missing(&self) -> Vec<u32> {
        let is_missing = |id: &&u32| !self.seen.contains_key(id) && !self.lost.contains(id);
        self.written.iter().filter(is_missing).copied().collect()
    }

    /// What is wrong with what was told of losses.
    pub(super) fn mistold(&self) -> Option<String> {
        match self.untold {
            Some(_) => Some("a cut was not told".into()),
            None if !self.lossy && self.told() > 0 => Some(format!("nothing was lost: {:?}", self.notes)),
            None => None,
        }
    }

    /// Lines that were seen by two ids, ids by which two lines were seen, and what one follower gave out twice.
    pub(super) fn mistaken(&self) -> Vec<String> {
        let mut lines: BTreeMap<&str, BTreeSet<(u32, u64)>> = BTreeMap::new();
        let mut texts: BTreeMap<(u32, u64), BTreeSet<&str>> = BTreeMap::new();
        for (at, name) in self.kept.union(&self.fleeting) {
            lines.entry(name).or_default().insert(*at);
            texts.entry(*at).or_default().insert(name);
        }
        let id = |name: &str| name.strip_prefix("line ").and_then(|id| id.parse::<u32>().ok());
        let is_line = |name: &str| id(name).is_some_and(|id| !self.lost.contains(&id));
        let twice = lines.iter().filter(|(name, ids)| ids.len() > 1 && is_line(name));
        let twice = twice.map(|(name, ids)| format!("{name} by {ids:?}"));
        let two = texts.iter().filter(|(_, texts)| texts.len() > 1);
        let again = self.again.iter().map(|at| format!("{at:?} twice: {:?}", self.texts.get(at)));
        twice.chain(two.map(|(at, texts)| format!("{at:?} is {texts:?}"))).chain(again).collect()
    }
}

pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
