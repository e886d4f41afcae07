//! A hint that something has come: whoever waits for the next look need not wait to its end.
//!
//! Looking stays the truth. Where the system tells nothing, or too late, or too much for its queue, a pause is longer, and
//! that is all.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, bounded};
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Waits end no more often than this: a log that is written line by line is not looked at for each of them.
const FOLD: Duration = Duration::from_millis(5);

/// Waits until something has come.
pub(crate) struct Wake {
    /// `None`: the system has none to give.
    watcher: Option<RecommendedWatcher>,
    /// Watched folders, by what lay there: one that was made anew is watched anew.
    folders: BTreeMap<PathBuf, Place>,
    /// Holds one: what comes while it is full is the same hint.
    woken: Receiver<()>,
    waker: Waker,
    /// When a wait ended last.
    ended: Option<Instant>,
}

/// Device, inode, and since when it is there: an inode is given again.
type Place = (u64, u64, Option<SystemTime>);

/// Ends a wait, from wherever.
#[derive(Clone)]
pub(crate) struct Waker(Sender<()>);

impl Waker {
    /// One, and what it wakes.
    pub(crate) fn new() -> (Waker, Receiver<()>) {
        let (waker, woken) = bounded(1);
        (Waker(waker), woken)
    }

    /// Ends the wait that is on, or the next.
    pub(crate) fn wake(&self) {
        // If it is full, it is awake already.
        let _ = self.0.try_send(());
    }
}

impl Wake {
    /// Watches nothing yet; is woken by this, too.
    pub(crate) fn new(waker: &Waker, woken: &Receiver<()>) -> Wake {
        let mut wake = Wake::blind(waker.clone(), woken.clone());
        let waker = waker.clone();
        let changed = move |event: notify::Result<Event>| {
            // What was not understood may have been anything.
            if event.map_or(true, |event| is_change(event.kind)) {
                waker.wake();
            }
        };
        wake.watcher = notify::recommended_watcher(changed).ok();
        wake
    }

    /// One that only wakers wake.
    fn blind(waker: Waker, woken: Receiver<()>) -> Wake {
        Wake { watcher: None, folders: BTreeMap::new(), woken, waker, ended: None }
    }

    /// Watches these folders from now on, and no others. One that is not there is watched by a later call.
    pub(crate) fn watch<'a>(&mut self, folders: impl Iterator<Item = &'a Path>) {
        let Some(watcher) = &mut self.watcher else { return };
        let there: BTreeMap<PathBuf, Place> =
            folders.filter_map(|folder| Some((folder.to_path_buf(), place(folder)?))).collect();
        self.folders.retain(|folder, place| {
            let stays = there.get(folder) == Some(place);
            if !stays {
                // It may be gone, and its watch with it.
                let _ = watcher.unwatch(folder);
            }
            stays
        });
        for (folder, place) in there {
            // Without a watch it is looked at all the same.
            if !self.folders.contains_key(&folder)
                && watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok()
            {
                self.folders.insert(folder, place);
                // What came before it was watched.
                self.waker.wake();
            }
        }
    }

    /// Waits so long at most; whether it ended early, since something has changed or a waker was used since the last call.
    pub(crate) fn wait(&mut self, at_most: Duration) -> bool {
        let is_woken = self.woken.recv_timeout(at_most).is_ok();
        let since = self.ended.map_or(FOLD, |ended| ended.elapsed());
        if is_woken && since < FOLD {
            std::thread::sleep(FOLD - since);
            // All that came meanwhile is seen by the same look.
            let _ = self.woken.try_recv();
        }
        self.ended = Some(Instant::now());
        is_woken
    }
}

fn place(folder: &Path) -> Option<Place> {
    let found = fs::metadata(folder).ok()?;
    Some((found.dev(), found.ino(), found.created().ok()))
}

/// Whether there may be something to read: whoever reads is told of its own opening, too, and would never wait.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::thread;

    use super::*;

    /// How long something may take that must happen.
    const PATIENCE: Duration = Duration::from_secs(60);
    /// How long is waited for what must not happen.
    const SHORT: Duration = Duration::from_millis(200);

    fn watching() -> Wake {
        let (waker, woken) = Waker::new();
        Wake::new(&waker, &woken)
    }

    fn quiet(wake: &mut Wake) -> u32 {
        let mut waits = 0;
        while wake.wait(SHORT) {
            waits += 1;
        }
        waits
    }

    fn append(path: &Path) {
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(b"line\n").unwrap();
    }

    #[test]
    fn what_is_written_ends_a_wait_and_what_is_read_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut wake = watching();
        wake.watch([folder.path()].into_iter());
        let log = folder.path().join("app.log");
        append(&log);
        assert!(wake.wait(PATIENCE));
        quiet(&mut wake);
        fs::read_dir(folder.path()).unwrap().for_each(drop);
        assert_eq!(fs::read(&log).unwrap(), b"line\n");
        assert!(!wake.wait(SHORT), "reading woke it");
        append(&log);
        assert!(wake.wait(PATIENCE));
        quiet(&mut wake);
        fs::rename(&log, folder.path().join("app.log.1")).unwrap();
        assert!(wake.wait(PATIENCE));
    }

    #[test]
    fn bursts_are_folded() {
        let folder = tempfile::tempdir().unwrap();
        let mut wake = watching();
        wake.watch([folder.path()].into_iter());
        quiet(&mut wake);
        let begin = Instant::now();
        let log = folder.path().join("app.log");
        (0..5_000).for_each(|_| append(&log));
        assert_eq!(wake.woken.len(), 1, "one hint waits, however much was written");
        let waits = quiet(&mut wake);
        let most = begin.elapsed().as_millis() / FOLD.as_millis() + 1;
        assert!((1..=most).contains(&waits.into()), "{waits} waits ended early, of {most} at most");
    }

    #[test]
    fn a_waker_ends_the_wait_that_is_on_or_the_next() {
        let (waker, woken) = Waker::new();
        let mut wake = Wake::blind(waker, woken);
        assert!(!wake.wait(Duration::ZERO));
        wake.waker.wake();
        wake.waker.wake();
        assert!(wake.wait(PATIENCE));
        assert!(!wake.wait(Duration::ZERO), "two calls are one hint");
        let waker = wake.waker.clone();
        let other = thread::spawn(move || waker.wake());
        assert!(wake.wait(PATIENCE));
        other.join().unwrap();
    }

    #[test]
    fn folders_come_and_go() {
        let parent = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| parent.path().join(name));
        let mut wake = watching();
        // Neither is there, and one never is.
        wake.watch([one.as_path(), two.as_path()].into_iter());
        fs::create_dir(&one).unwrap();
        append(&one.join("app.log"));
        wake.watch([one.as_path(), two.as_path()].into_iter());
        assert!(wake.wait(PATIENCE), "what came before it was watched is a hint");
        quiet(&mut wake);
        // Made anew, its watch is gone with it.
        fs::remove_dir_all(&one).unwrap();
        fs::create_dir(&one).unwrap();
        wake.watch([one.as_path()].into_iter());
        quiet(&mut wake);
        append(&one.join("app.log"));
        assert!(wake.wait(PATIENCE));
        wake.watch(std::iter::empty());
        quiet(&mut wake);
        append(&one.join("app.log"));
        assert!(!wake.wait(SHORT), "it is not watched any more");
    }
}
