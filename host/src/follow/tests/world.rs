//! A folder of logs, those who write, rotate and pack, and the follower; with a model of what may be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::super::{FollowNote, Followed, From, Held};
use super::failing::Failing;
use crate::check::Keeping;
use crate::commit::{FilePosition, StoreError, Tenant};
use crate::incidents::Policy;
use crate::store::{Database, DatabaseOptions};
use crate::wall_clock::SystemClock;

mod following;
mod step;
mod verdict;
mod writing;

pub(super) use self::following::position;
pub(super) use self::step::{Step, step};

pub(super) const SECOND: i64 = 1_000_000_000;

/// Device and inode.
type Place = (u64, u64);

pub(super) struct World {
    pub(super) folder: Arc<TempDir>,
    pub(super) store: Arc<Failing>,
    pub(super) keeping: Keeping,
    pub(super) held: Held,
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
    /// Where such files lie: the follower has them open.
    unnamed: BTreeSet<Place>,
    /// Where they lay, and their follower has died: what comes on their inodes looks as if they were cut.
    freed: BTreeSet<Place>,
    /// Lines of older files beside one that lay there and was told to be cut. Of logs that begin alike, nobody can tell
    /// that these are no copies of what was read.
    doubtful: BTreeSet<u32>,
    /// Where a log was cut since it was looked at, and what its copy has, if more than that had come. Whoever begins now
    /// and does not find the log that was cut cannot tell the copy from a log that was renamed: its lines come again.
    cut: Option<(Place, BTreeSet<u32>)>,
    again_copied: BTreeSet<u32>,
    written: BTreeSet<u32>,
    /// Written, and perhaps lost: the file was cut or deleted before they were read.
    lost: BTreeSet<u32>,
    /// By what ids each line was seen, and what was seen by each id.
    seen: BTreeMap<u32, BTreeSet<(u32, u64)>>,
    pub(super) texts: BTreeMap<(u32, u64), BTreeSet<String>>,
    /// By what id each line was judged for good, and by what since the last commit.
    kept: BTreeSet<((u32, u64), String)>,
    fleeting: BTreeSet<((u32, u64), String)>,
    /// The same, by followers that died before a commit: for their tenant.
    forgotten: BTreeSet<((u32, u64), String)>,
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
        fs::create_dir_all(folder.path().join("logs")).unwrap();
        fs::create_dir_all(folder.path().join("targets")).unwrap();
        World::of(Arc::new(folder), store, Held::default(), Tenant::default(), from)
    }

    /// Another tenant's follower of the same server.
    pub(super) fn beside(world: &World, tenant: Tenant, from: From) -> World {
        let (folder, store) = (Arc::clone(&world.folder), Arc::clone(&world.store));
        World::of(folder, store, world.held.clone(), tenant, from)
    }

    fn of(folder: Arc<TempDir>, store: Arc<Failing>, held: Held, tenant: Tenant, from: From) -> World {
        let keeping = Keeping::new(Arc::clone(&store) as _, tenant);
        World {
            folder,
            store,
            keeping,
            held,
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
            unnamed: BTreeSet::new(),
            freed: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            cut: None,
            again_copied: BTreeSet::new(),
            written: BTreeSet::new(),
            lost: BTreeSet::new(),
            seen: BTreeMap::new(),
            texts: BTreeMap::new(),
            kept: BTreeSet::new(),
            fleeting: BTreeSet::new(),
            forgotten: BTreeSet::new(),
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
            Step::Hand => {
                // A store that does not take it keeps the server where it is.
                while !self.commit() {}
                self.die();
                // What was never committed counts for nobody yet.
                self.forgotten.clear();
                let is_first = self.keeping.tenant == Tenant::default();
                self.keeping.tenant =
                    if is_first { Tenant::new("other").unwrap() } else { Tenant::default() };
                self.begin();
            }
        }
    }
}

pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
