//! A log that is rotated by copying and cutting while it is looked at: what a look sees may be of two moments.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{scope, sleep, yield_now};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::tail::Tail;
use super::super::{FollowNote, Followed, From, Held, Listed, Moment};
use super::world::{World, packed, position};
use crate::check::Keeping;
use crate::commit::{Commit, KnownFile, Tenant};
use crate::files::Present;
use tripline_engine::line::{LineSettings, Mark};

const ROUNDS: u64 = 30;

struct Race {
    folder: PathBuf,
    /// Whoever writes or rotates: a writer that stands still between copy and cut loses nothing.
    turn: Mutex<()>,
    written: AtomicU64,
    is_over: AtomicBool,
}

/// What was seen of it: where each line was, and what was told.
#[derive(Default)]
struct Seen {
    lines: BTreeMap<u64, Vec<(u32, u64)>>,
    notes: Vec<FollowNote>,
}

impl Race {
    fn path(&self, end: &str) -> PathBuf {
        self.folder.join(format!("logs/app.log{end}"))
    }

    fn write(&self, stands_still: bool) {
        while !self.is_over.load(Relaxed) {
            let turn = stands_still.then(|| self.turn.lock().unwrap());
            let mut file = OpenOptions::new().append(true).open(self.path("")).unwrap();
            for _ in 0..20 {
                let id = self.written.fetch_add(1, Relaxed);
                file.write_all(format!("line {id} of a job that failed\n").as_bytes()).unwrap();
            }
            drop(turn);
            sleep(Duration::from_micros(100 + self.written.load(Relaxed) * 7 % 400));
        }
    }

    fn rotate(&self, packs: bool) {
        for round in 0..ROUNDS {
            sleep(Duration::from_micros(5_000 + round * 7_919 % 30_000));
            let end = if packs { ".gz" } else { "" };
            for count in (1..=round).rev() {
                let path = |count| self.path(&format!(".{count}{end}"));
                fs::rename(path(count), path(count + 1)).unwrap();
            }
            let turn = self.turn.lock().unwrap();
            fs::copy(self.path(""), self.path(".1")).unwrap();
            OpenOptions::new().write(true).truncate(true).open(self.path("")).unwrap();
            drop(turn);
            if packs {
                let bytes = packed(&fs::read(self.path(".1")).unwrap());
                let mut file = File::create(self.path(".1.gz")).unwrap();
                let (first, rest) = bytes.split_at(bytes.len() / 2);
                file.write_all(first).unwrap();
                yield_now();
                file.write_all(rest).unwrap();
                fs::remove_file(self.path(".1")).unwrap();
            }
        }
        self.is_over.store(true, Relaxed);
    }

    /// Follows until all is written, and nothing more is found.
    fn follow(&self, mut followed: Followed, keeping: &Keeping) -> Seen {
        let (mut seen, mut idle) = (Seen::default(), 0);
        let mut buffer = vec![0; 64 * 1024];
        while idle < 20 {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
            followed.look(keeping, &mut Listed::default(), now).unwrap();
            let more = followed.read(&mut buffer, keeping, Moment { wall: now, steady: now }).unwrap();
            seen.notes.append(&mut followed.notes());
            let mut commit = Commit::default();
            while let Some(block) = followed.next_block() {
                for line in &block.lines {
                    let text = &block.bytes[line.start as usize..line.end as usize];
                    // A copy of a file that is written to may end in the middle of a line.
                    let text = std::str::from_utf8(text).unwrap().strip_suffix(" of a job that failed");
                    let id = text.and_then(|text| text.strip_prefix("line ")?.parse().ok());
                    if let Some(id) = id {
                        seen.lines.entry(id).or_default().push((line.file, line.offset));
                    }
                }
                let position = position(&block);
                commit.positions.retain(|before| before.file != position.file);
                commit.positions.push(position);
            }
            keeping.store.commit(&keeping.tenant, commit).unwrap();
            if self.is_over.load(Relaxed) && !more {
                idle += 1;
                sleep(Duration::from_millis(10));
            }
        }
        seen
    }
}

/// `stands_still`: nobody writes between copy and cut.
#[track_caller]
fn check(packs: bool, stands_still: bool) {
    let mut world = World::without_follower(From::Start);
    fs::write(world.path(""), "").unwrap();
    world.begin();
    let race = Race {
        folder: world.folder.path().into(),
        turn: Mutex::new(()),
        written: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
    };
    let followed = world.followed.take().unwrap();
    let seen = scope(|scope| {
        scope.spawn(|| race.write(stands_still));
        scope.spawn(|| race.rotate(packs));
        race.follow(followed, &world.keeping)
    });
    let twice: Vec<_> = seen.lines.iter().filter(|(_, places)| places.len() > 1).take(10).collect();
    assert!(twice.is_empty(), "{twice:?}");
    if stands_still {
        let is_missing = |id: &u64| !seen.lines.contains_key(id);
        let missing: Vec<u64> = (0..race.written.load(Relaxed)).filter(is_missing).collect();
        assert!(missing.is_empty(), "{} are missing, from {:?}", missing.len(), missing.first());
        assert!(seen.notes.is_empty(), "{:?}", seen.notes);
    }
}

#[test]
fn a_log_that_is_copied_and_cut_beside_its_follower_is_read_once() {
    check(false, true);
}

#[test]
fn so_is_one_whose_copies_are_packed() {
    check(true, true);
}

/// What comes between copy and cut may be lost.
#[test]
fn of_one_that_is_written_all_the_time_nothing_is_read_twice() {
    check(false, false);
    check(true, false);
}

/// The folder was listed before the copy was packed, and is looked at behind.
#[test]
fn a_copy_that_is_packed_between_listing_and_looking_is_read_once() {
    let mut world = World::new();
    (0..40).for_each(|_| world.line(&[b'x'; 100], "\n"));
    while world.read() {}
    fs::copy(world.path(""), world.path(".1")).unwrap();
    (0..3).for_each(|_| world.line(&[b'x'; 100], "\n"));
    while world.read() {}
    let mut listed = Listed::default();
    listed.members(&world.path("")).unwrap();
    File::create(world.path("")).unwrap();
    fs::write(world.path(".1.gz"), packed(&fs::read(world.path(".1")).unwrap())).unwrap();
    fs::remove_file(world.path(".1")).unwrap();
    world.line(b"x", "\n");
    world.followed.as_mut().unwrap().look(&world.keeping, &mut listed, world.now).unwrap();
    // By the test's clock the folder changed long ago: it is looked at when it changes again.
    fs::write(world.path(".other"), "").unwrap();
    world.drain();
    assert_eq!((world.missing(), world.mistaken()), (vec![], vec![]));
}

/// It was cut behind the reading and before its first bytes were looked at: they are another file's.
#[test]
fn a_file_is_known_by_what_was_read_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    File::create(&path).unwrap();
    let identity = Present::look(&path).unwrap().unwrap().identity(0);
    let claim = Held::default().claim(&Tenant::default(), (identity.device, identity.inode)).unwrap();
    let known = KnownFile { number: 1, identity, path: "app.log".into(), position: None };
    let mark = Mark::start(1);
    let mut tail = Tail::plain(&path, (known, claim), mark, LineSettings::default()).unwrap().unwrap();
    fs::write(&path, "one line of the first\nand another\n").unwrap();
    tail.read(&mut [0; 4096], 0).unwrap();
    fs::write(&path, "one of the second\n").unwrap();
    tail.learn();
    assert!(tail.is_cut().unwrap());
    assert_eq!(tail.head(), b"one line of the first\nand another\n");
    assert_eq!(tail.known().identity.head_length, 34);
}
