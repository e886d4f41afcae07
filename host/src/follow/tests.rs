//! Whatever becomes of files, each line of them is seen, by one id; but for what is known to be lost.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;
use tripline_engine::line::{Block, LineSettings};

use super::{FollowSettings, Followed, From};
use crate::check::Keeping;
use crate::commit::{Commit, FilePosition, Tenant};
use crate::incidents::Policy;
use crate::store::{Database, DatabaseOptions};
use crate::wall_clock::SystemClock;

const SECOND: i64 = 1_000_000_000;

#[derive(Clone, Debug)]
enum Step {
    /// Lines are written; with CRLF.
    Write(u8, bool),
    /// A line of so many KiB, or of NULs.
    Long(u16, bool),
    /// Half a line, and its end with the next write.
    Half,
    /// A line that every file begins with, if it is a file's first.
    First,
    /// `app.log` becomes `app.log.1` and so on; its writer may write on to the old one.
    Rename { late: bool },
    /// `app.log` is copied to `app.log.1`, and cut.
    CopyTruncate,
    /// `app.log` is cut.
    Truncate,
    /// `app.log` is deleted; the next write makes it anew.
    Delete,
    /// `app.log.1` is packed.
    Pack,
    /// So many turns of reading.
    Read(u8),
    /// Nothing happens for so many seconds.
    Pause(u8),
    /// What came out is committed.
    Commit,
    /// The follower dies, and another begins where the store says.
    Kill,
    /// The follower dies, and the next steps happen before another begins.
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u8..5, any::<bool>()).prop_map(|(count, crlf)| Step::Write(count, crlf)),
        1 => (1u16..300, any::<bool>()).prop_map(|(size, nul)| Step::Long(size, nul)),
        1 => Just(Step::Half),
        2 => Just(Step::First),
        2 => any::<bool>().prop_map(|late| Step::Rename { late }),
        1 => Just(Step::CopyTruncate),
        1 => Just(Step::Truncate),
        1 => Just(Step::Delete),
        1 => Just(Step::Pack),
        4 => (1u8..4).prop_map(Step::Read),
        2 => (1u8..70).prop_map(Step::Pause),
        3 => Just(Step::Commit),
        2 => Just(Step::Kill),
        1 => Just(Step::Die),
    ]
}

struct World {
    folder: TempDir,
    keeping: Keeping,
    followed: Option<Followed>,
    now: i64,
    next: u32,
    /// Half a line is at the end of `app.log`.
    half: Option<u32>,
    /// Lines that were written to `app.log` and may not have been read.
    fresh: BTreeSet<u32>,
    written: BTreeSet<u32>,
    /// Written, and perhaps lost: the file was cut or deleted before they were read.
    lost: BTreeSet<u32>,
    /// By what ids each line was seen.
    seen: BTreeMap<u32, BTreeSet<(u32, u64)>>,
    positions: BTreeMap<u32, FilePosition>,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let (path, policy, options) =
            (folder.path().join("t.db"), Policy::default(), DatabaseOptions::default());
        let database = Database::open(&path, policy, Arc::new(SystemClock), options).unwrap();
        let keeping = Keeping::new(Arc::new(database), Tenant::default());
        let mut world = World {
            folder,
            keeping,
            followed: None,
            now: 1_795_000_000 * SECOND,
            next: 0,
            half: None,
            fresh: BTreeSet::new(),
            written: BTreeSet::new(),
            lost: BTreeSet::new(),
            seen: BTreeMap::new(),
            positions: BTreeMap::new(),
        };
        world.begin();
        world
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("logs/app.log{end}"))
    }

    fn begin(&mut self) {
        fs::create_dir_all(self.folder.path().join("logs")).unwrap();
        let lines = LineSettings { block_bytes: 4096, join: false, ..LineSettings::default() };
        let settings = FollowSettings { lines, from: From::Start, quiet: SECOND, linger: 60 * SECOND };
        self.positions.clear();
        self.followed = Some(Followed::open(self.path(""), &self.keeping, settings, self.now).unwrap());
    }

    fn append(&mut self, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path("")).unwrap();
        file.write_all(bytes).unwrap();
    }

    /// One more line, with text and an end.
    fn line(&mut self, filler: &[u8], end: &str) {
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

    /// What is not read by now of `app.log` may be gone.
    fn lose(&mut self) {
        self.lost.extend(self.fresh.iter().filter(|id| !self.seen.contains_key(id)));
        self.lost.extend(self.half.take());
    }

    fn shift(&self) {
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

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Write(count, crlf) => {
                (0..count).for_each(|_| self.line(b"x", if crlf { "\r\n" } else { "\n" }));
            }
            Step::Long(size, nul) => {
                let filler = vec![if nul { 0 } else { b'y' }; usize::from(size) * 1024];
                self.line(&filler, "\n");
            }
            Step::Half if self.half.is_none() => {
                let id = self.next;
                self.next += 1;
                self.append(format!("line {id} half").as_bytes());
                self.half = Some(id);
            }
            Step::Half => {}
            Step::First => {
                if fs::metadata(self.path("")).map_or(0, |found| found.len()) == 0 {
                    self.append(b"=== the log begins ===\n");
                }
            }
            Step::Rename { late } => {
                if !self.path("").exists() {
                    return;
                }
                self.shift();
                fs::rename(self.path(""), self.path(".1")).unwrap();
                if late || self.half.is_some() {
                    // Who writes does not know yet.
                    let id = self.half.take().unwrap_or(self.next);
                    let mut file = OpenOptions::new().append(true).open(self.path(".1")).unwrap();
                    if id == self.next {
                        self.next += 1;
                        writeln!(file, "line {id} late").unwrap();
                    } else {
                        file.write_all(b"!\n").unwrap();
                    }
                    self.written.insert(id);
                }
                self.fresh.clear();
            }
            Step::CopyTruncate => {
                if !self.path("").exists() {
                    return;
                }
                self.shift();
                fs::copy(self.path(""), self.path(".1")).unwrap();
                File::create(self.path("")).unwrap();
                // Its end is written to the file's new beginning.
                self.lost.extend(self.half.take());
                self.fresh.clear();
            }
            Step::Truncate => {
                if self.path("").exists() {
                    self.lose();
                    File::create(self.path("")).unwrap();
                    self.fresh.clear();
                }
            }
            Step::Delete => {
                if self.path("").exists() {
                    self.lose();
                    fs::remove_file(self.path("")).unwrap();
                    self.fresh.clear();
                }
            }
            Step::Pack => {
                let (from, to) = (self.path(".1"), self.path(".1.gz"));
                if let Ok(bytes) = fs::read(&from) {
                    let mut packed = GzEncoder::new(File::create(&to).unwrap(), Compression::fast());
                    packed.write_all(&bytes).unwrap();
                    packed.finish().unwrap();
                    fs::remove_file(from).unwrap();
                }
            }
            Step::Read(turns) => (0..turns).for_each(|_| _ = self.read()),
            Step::Pause(seconds) => {
                self.now += i64::from(seconds) * SECOND;
                self.read();
            }
            Step::Commit => self.commit(),
            Step::Kill => {
                self.die();
                self.begin();
            }
            Step::Die => self.die(),
        }
    }

    fn die(&mut self) {
        // What was seen and not committed is seen again; what is gone until then is lost.
        self.followed = None;
    }

    fn read(&mut self) -> bool {
        if self.followed.is_none() {
            self.begin();
        }
        let followed = self.followed.as_mut().unwrap();
        let mut buffer = vec![0; 8192];
        followed.look(&self.keeping, self.now).unwrap();
        let more = followed.read(&mut buffer, &self.keeping, self.now).unwrap();
        let blocks: Vec<Block> = std::iter::from_fn(|| followed.next_block()).collect();
        for block in blocks {
            for line in &block.lines {
                let text = String::from_utf8_lossy(&block.bytes[line.start as usize..line.end as usize]);
                if let Some(id) =
                    text.strip_prefix("line ").and_then(|rest| rest.split(' ').next()?.parse().ok())
                {
                    self.seen.entry(id).or_default().insert((line.file, line.offset));
                }
            }
            let mark = block.after;
            self.positions.insert(
                mark.file,
                FilePosition {
                    file: mark.file,
                    offset: mark.offset,
                    line: mark.line,
                    judged: mark.judged,
                    format: mark.format,
                    year: mark.year,
                    latest: None,
                },
            );
        }
        more
    }

    fn commit(&mut self) {
        let positions = std::mem::take(&mut self.positions).into_values().collect();
        let commit = Commit { positions, ..Commit::default() };
        self.keeping.store.commit(&self.keeping.tenant, commit).unwrap();
    }

    fn drain(&mut self) {
        for _ in 0..3 {
            while self.read() {}
            self.now += 61 * SECOND;
        }
        self.read();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn each_line_is_seen_by_one_id(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.drain();
        let missing: Vec<&u32> =
            world.written.iter().filter(|id| !world.seen.contains_key(id) && !world.lost.contains(id)).collect();
        prop_assert!(missing.is_empty(), "never seen: {missing:?}");
        let twice: Vec<_> = world.seen.iter().filter(|(id, ids)| ids.len() > 1 && !world.lost.contains(id)).collect();
        prop_assert!(twice.is_empty(), "seen by two ids: {twice:?}");
    }
}
